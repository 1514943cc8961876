"""The control API: all that a customer, a network and a test can do, over HTTP and JSON."""

import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from daraja_sim import faults, numbers
from daraja_sim.ledger import wallet
from daraja_sim.phones import ANSWERS, Phone
from daraja_sim.prompts import NoPrompt
from daraja_sim.results import Result
from daraja_sim.settings import MODES
from daraja_sim.world import WORLD, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LONGEST_STEP = 400 * 24 * 3600.0  # seconds; a typing error must not end the calendar


class BadCall(Exception):
    """A call of the control API that cannot be done: HTTP status, name, explanation."""

    def __init__(self, status: int, error: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.error, self.detail = status, error, detail


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadCall as bad:
        return web.json_response({"error": bad.error, "detail": bad.detail}, status=bad.status)


def add_routes(app: web.Application) -> None:
    add = app.router.add_route
    add("GET", "/health", health)
    add("GET", "/api/phones", list_phones)
    add("GET", "/api/phones/{number}", show_phone)
    add("POST", "/api/phones/{number}/pin", enter_pin)
    add("POST", "/api/phones/{number}/cancel", cancel)
    add("POST", "/api/phones/{number}/pay-anyway", pay_anyway)
    add("POST", "/api/phones/{number}/mode", set_mode)
    add("POST", "/api/phones/{number}/wallet", set_wallet)
    add("POST", "/api/phones/{number}/lock-pin", lock_pin)
    add("POST", "/api/defaults", set_defaults)
    add("GET", "/api/pushes", list_pushes)
    add("GET", "/api/callbacks", list_callbacks)
    add("GET", "/api/requests", list_requests)
    add("GET", "/api/ledger", show_ledger)
    add("GET", "/api/clock", show_clock)
    add("POST", "/api/clock", move_clock)
    add("GET", "/api/faults", list_faults)
    add("POST", "/api/faults", add_fault)
    add("DELETE", "/api/faults", remove_faults)
    add("DELETE", "/api/faults/{id}", remove_faults)
    add("POST", "/api/tokens/expire", expire_tokens)
    add("POST", "/api/reset", reset)


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object of a call, or the form of a page; empty when nothing was sent. Raises BadCall."""
    if request.content_type == "application/x-www-form-urlencoded":
        return _from_form({name: str(value) for name, value in (await request.post()).items()})
    raw = await request.read()
    try:
        body = json.loads(raw) if raw.strip() else {}
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise BadCall(400, "bad_json", "send a JSON object")
    return body


def _from_form(form: dict[str, str]) -> dict[str, Any]:
    """A form knows only text: give numbers and flags their types, and leave out what was left empty."""
    body: dict[str, Any] = {}
    for name, value in form.items():
        if name in ("delaySeconds", "advanceSeconds", "balance"):
            try:
                body[name] = float(value) if "." in value else int(value)
            except ValueError:
                raise BadCall(400, "bad_number", f"{name} must be a number") from None
        elif name in ("locked", "frozen"):
            body[name] = value == "true"
        elif name == "what":
            body["on"], _, body["kind"] = value.partition(" ")
        elif value:
            body[name] = value
    return body


def phone_of(request: web.Request) -> Phone:
    number = numbers.normalise(request.match_info["number"])
    if number is None:
        raise BadCall(404, "no_such_number", "a Kenyan mobile number is 2547... or 2541..., 12 digits")
    return request.app[WORLD].phones.get(number)


def number_in(body: dict[str, Any], name: str, default: float) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise BadCall(400, "bad_number", f"{name} must be a number")
    if not 0 <= value <= LONGEST_STEP:
        raise BadCall(400, "bad_number", f"{name} must be 0 to {LONGEST_STEP:.0f}")
    return float(value)


async def health(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    return web.json_response({"status": "ok", "simulated": True, "seed": world.seed})


async def list_phones(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    return web.json_response({"phones": [world.phones.state(phone) for phone in world.phones]})


async def show_phone(request: web.Request) -> web.Response:
    return web.json_response(request.app[WORLD].phones.state(phone_of(request)))


def _outcome(world: World, phone: Phone, outcome: Result) -> web.Response:
    said = {"code": outcome.code, "description": outcome.description}
    return web.json_response({"result": said, **world.phones.state(phone)})


def _answered(request: web.Request, answer: Callable[[Phone], Result]) -> web.Response:
    phone = phone_of(request)
    try:
        outcome = answer(phone)
    except NoPrompt as why:
        raise BadCall(409, "no_prompt", str(why)) from None
    return _outcome(request.app[WORLD], phone, outcome)


async def enter_pin(request: web.Request) -> web.Response:
    pin = str((await body_of(request)).get("pin", ""))
    return _answered(request, lambda phone: request.app[WORLD].prompts.enter_pin(phone, pin))


async def cancel(request: web.Request) -> web.Response:
    return _answered(request, request.app[WORLD].prompts.cancel)


async def pay_anyway(request: web.Request) -> web.Response:
    pin = (await body_of(request)).get("pin")
    prompts = request.app[WORLD].prompts
    return _answered(request, lambda phone: prompts.pay_anyway(phone, phone.pin if pin is None else str(pin)))


async def set_mode(request: web.Request) -> web.Response:
    body, phone, world = await body_of(request), phone_of(request), request.app[WORLD]
    mode, answer = body.get("mode"), body.get("answer", "pay")
    if mode not in MODES:
        raise BadCall(400, "bad_mode", f"mode must be one of {', '.join(MODES)}")
    if answer not in ANSWERS:
        raise BadCall(400, "bad_answer", f"answer must be one of {', '.join(ANSWERS)}")
    world.prompts.set_mode(phone, mode, number_in(body, "delaySeconds", 0), answer)
    return web.json_response(world.phones.state(phone))


async def set_wallet(request: web.Request) -> web.Response:
    body, phone, world = await body_of(request), phone_of(request), request.app[WORLD]
    balance = body.get("balance")
    if isinstance(balance, bool) or not isinstance(balance, int) or not 0 <= balance <= 10**9:
        raise BadCall(400, "bad_balance", "balance must be whole KSh, at least 0")
    world.ledger.set_balance(wallet(phone.number), balance, world.clock.now())
    return web.json_response(world.phones.state(phone))


async def lock_pin(request: web.Request) -> web.Response:
    body, phone, world = await body_of(request), phone_of(request), request.app[WORLD]
    locked = body.get("locked", True)
    if not isinstance(locked, bool):
        raise BadCall(400, "bad_flag", "locked must be true or false")
    phone.pin_locked, phone.wrong_pins = locked, 0
    return web.json_response(world.phones.state(phone))


async def set_defaults(request: web.Request) -> web.Response:
    body, phones = await body_of(request), request.app[WORLD].phones
    if body.get("mode") not in MODES:
        raise BadCall(400, "bad_mode", f"mode must be one of {', '.join(MODES)}")
    delay = number_in(body, "delaySeconds", 0)
    phones.default_mode, phones.default_delay = body["mode"], delay
    return web.json_response({"mode": phones.default_mode, "delaySeconds": delay})


async def list_pushes(request: web.Request) -> web.Response:
    return web.json_response({"pushes": request.app[WORLD].prompts.pushes.listed()})


async def list_callbacks(request: web.Request) -> web.Response:
    wanted = request.query.get("checkoutRequestId")
    rows = request.app[WORLD].callbacks.listed()
    return web.json_response({"callbacks": [row for row in rows if wanted in (None, row["checkoutRequestId"])]})


async def list_requests(request: web.Request) -> web.Response:
    return web.json_response({"requests": list(request.app[WORLD].requests)})


async def show_ledger(request: web.Request) -> web.Response:
    ledger = request.app[WORLD].ledger
    balances = ledger.balances()
    entries = [
        {
            "at": request.app[WORLD].clock.local(entry.at).isoformat(timespec="seconds"),
            "from": entry.source,
            "to": entry.target,
            "amount": entry.amount,
            "kind": entry.kind,
            "receipt": entry.receipt or None,
            "reference": entry.reference or None,
        }
        for entry in ledger.entries
    ]
    return web.json_response({"accounts": balances, "sum": sum(balances.values()), "entries": entries})


def _clock(world: World) -> web.Response:
    now = world.clock.local().isoformat(timespec="milliseconds")
    moved = round(world.clock.moved_by, 3)
    return web.json_response({"now": now, "movedBySeconds": moved, "frozen": world.clock.frozen})


async def show_clock(request: web.Request) -> web.Response:
    return _clock(request.app[WORLD])


async def move_clock(request: web.Request) -> web.Response:
    """Move time forward, and answer once everything due has fired; `frozen` stops or starts it."""
    body, world = await body_of(request), request.app[WORLD]
    frozen = body.get("frozen", world.clock.frozen)
    if not isinstance(frozen, bool):
        raise BadCall(400, "bad_flag", "frozen must be true or false")
    seconds = number_in(body, "advanceSeconds", 0)
    world.clock.freeze(frozen)
    await world.clock.advance(seconds)
    return _clock(world)


async def list_faults(request: web.Request) -> web.Response:
    return web.json_response({"faults": request.app[WORLD].faults.listed()})


async def add_fault(request: web.Request) -> web.Response:
    body = await body_of(request)
    if body.get("phone"):
        body["phone"] = numbers.normalise(str(body["phone"])) or str(body["phone"])
    try:
        fault = request.app[WORLD].faults.add(faults.parse(body))
    except faults.FaultRefused as why:
        raise BadCall(400, "bad_fault", str(why)) from None
    return web.json_response({"id": fault.id}, status=201)


async def remove_faults(request: web.Request) -> web.Response:
    number = request.match_info.get("id")
    if number is not None and not (number.isascii() and number.isdigit()):
        raise BadCall(404, "no_such_fault", "a fault's id is a number")
    gone = request.app[WORLD].faults.remove(None if number is None else int(number))
    return web.json_response({"removed": gone})


async def expire_tokens(request: web.Request) -> web.Response:
    return web.json_response({"ended": request.app[WORLD].tokens.end_all()})


async def reset(request: web.Request) -> web.Response:
    request.app[WORLD].clear()
    return web.json_response({"status": "ok"})
