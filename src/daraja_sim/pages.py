"""The pages: a control room and a handset. Forms use the verbs of the HTTP API; none needs JavaScript."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import jinja2
from aiohttp import web

from daraja_sim import api, numbers
from daraja_sim.api import BadCall
from daraja_sim.faults import KINDS, SHAPES
from daraja_sim.ledger import UTILITY
from daraja_sim.phones import ANSWERS
from daraja_sim.settings import MODES
from daraja_sim.world import WORLD

HERE = Path(__file__).parent
ROWS = 20
Verb = Callable[[web.Request], Awaitable[web.Response]]
SIGNALS = {"off": "off", "airplane": "airplane", "not_registered": "no M-PESA"}
PHONE_VERBS: dict[str, Verb] = {
    "pin": api.enter_pin,
    "cancel": api.cancel,
    "pay-anyway": api.pay_anyway,
    "mode": api.set_mode,
    "wallet": api.set_wallet,
    "lock-pin": api.lock_pin,
}
VERBS: dict[str, Verb] = {
    "clock": api.move_clock,
    "faults": api.add_fault,
    "clear-faults": api.remove_faults,
    "tokens": api.expire_tokens,
    "reset": api.reset,
}
templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters["ksh"] = lambda amount: f"KSh\u00a0{amount:,}"


def add_routes(app: web.Application) -> None:
    add = app.router.add_route
    add("GET", "/", home)
    add("POST", "/do/{verb}", do)
    add("GET", "/phone", find_phone)
    add("GET", "/phone/{number}", phone)
    add("POST", "/phone/{number}/{verb}", do_phone)
    add("GET", "/favicon.ico", favicon)
    app.router.add_static("/static", HERE / "static")


def _page(request: web.Request, name: str, **facts: object) -> web.Response:
    text = templates.get_template(name).render(said=request.query.get("said", "")[:200], **facts)
    # data: is the browser's own arrow in selects and number fields
    policy = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'"
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def home(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    return _page(
        request,
        "home.html",
        settings=world.settings,
        seed=world.seed,
        now=f"{world.clock.local():%d %b %Y %H:%M:%S}",
        frozen=world.clock.frozen,
        phones=[world.phones.state(phone) for phone in world.phones],
        kinds=KINDS,
        shapes=SHAPES,
        faults=world.faults.listed(),
        pushes=world.prompts.pushes.listed()[:ROWS],
        callbacks=world.callbacks.listed()[: -ROWS - 1 : -1],
        utility=world.ledger.balance(UTILITY),
    )


async def phone(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    asked = request.match_info["number"]
    number = numbers.normalise(asked)
    if number is not None and number != asked:
        raise web.HTTPSeeOther(f"/phone/{number}")
    if number is None:
        raise web.HTTPSeeOther("/?said=" + quote("That is not a Kenyan mobile number."))
    here = world.phones.get(number)
    return _page(
        request,
        "phone.html",
        phone=world.phones.state(here),
        signal=SIGNALS.get(here.mode, "on"),
        pin=here.pin,
        modes=MODES,
        answers=ANSWERS,
    )


async def find_phone(request: web.Request) -> web.Response:
    raise web.HTTPSeeOther("/phone/" + quote(request.query.get("number", "").strip() or "-", safe=""))


async def do(request: web.Request) -> web.Response:
    return await _do(request, VERBS, "/")


async def do_phone(request: web.Request) -> web.Response:
    return await _do(request, PHONE_VERBS, "/phone/" + quote(request.match_info["number"], safe=""))


async def _do(request: web.Request, verbs: dict[str, Verb], back: str) -> web.Response:
    """Do what a form asks for and show the page again, with the reason when it cannot be done."""
    verb = verbs.get(request.match_info["verb"])
    if verb is None:
        raise web.HTTPNotFound
    try:
        await verb(request)
    except BadCall as bad:
        back += "?said=" + quote(bad.detail)
    raise web.HTTPSeeOther(back)


async def favicon(_: web.Request) -> web.FileResponse:
    return web.FileResponse(HERE / "static" / "icon.svg")
