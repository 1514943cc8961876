"""The endpoints of Daraja itself: token, push, query, and what it says about everything else."""

import base64
from typing import Any

from aiohttp import web

from daraja_sim import answers, checks
from daraja_sim.answers import LOCKED, Refused, bad
from daraja_sim.gateway import TOKEN_SHAPES, check_bearer, through
from daraja_sim.tokens import LIFE_SECONDS
from daraja_sim.world import WORLD, World

TOKEN_PATH = "/oauth/v1/generate"  # noqa: S105, a path
PUSH_PATH = "/mpesa/stkpush/v1/processrequest"
QUERY_PATH = "/mpesa/stkpushquery/v1/query"
QUERY_KINDS = frozenset({"pending_500", "pending_4999", "wrong_fail"})
ACCEPTED = "Success. Request accepted for processing"
# Three s: so the live service writes it.
QUERY_ACCEPTED = "The service request has been accepted successsfully"
PENDING = "The transaction is being processed"
STILL_PENDING = "The transaction is still under processing"


def add_routes(app: web.Application) -> None:
    app.router.add_route("*", TOKEN_PATH, token)
    app.router.add_route("*", PUSH_PATH, push)
    app.router.add_route("*", QUERY_PATH, query)
    for start in ("/oauth/", "/mpesa/", "/standingorder/", "/pulltransactions/", "/v1/"):
        app.router.add_route("*", start + "{rest:.*}", elsewhere)


async def token(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]

    async def work() -> web.Response:
        if request.method != "GET":
            raise Refused(405, "405.001", "Method Not Allowed")
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic" or not credentials:
            raise Refused(400, "400.008.01", "Invalid Authentication passed")
        if request.query.get("grant_type") != "client_credentials":
            raise Refused(400, "400.008.02", "Invalid grant type passed")
        try:
            pair = base64.b64decode(credentials, validate=True).decode()
        except ValueError:
            pair = ""
        if pair != f"{world.settings.consumer_key}:{world.settings.consumer_secret}":
            return answers.empty()
        short = world.faults.take("oauth", frozenset({"short_token"}))
        new = world.tokens.issue(short.seconds if short else LIFE_SECONDS)
        return answers.ok({"access_token": new, "expires_in": str(LIFE_SECONDS)})

    return await through(request, "oauth", work)


async def push(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]

    async def work() -> web.Response:
        check_bearer(request, world)
        body = checks.parse(await request.read(), request.content_type)
        checks.merchant(body, world.settings, world.clock.local())
        ask = checks.push(body, world.settings)
        phone = world.phones.get(ask.phone)
        if phone.mode == "not_registered":
            raise bad("PhoneNumber")
        if phone.push is not None:
            raise Refused(500, "500.001.1001", LOCKED)
        made = world.prompts.open(ask)
        return answers.ok(
            {
                "MerchantRequestID": made.merchant_request_id,
                "CheckoutRequestID": made.checkout_request_id,
                "ResponseCode": "0",
                "ResponseDescription": ACCEPTED,
                "CustomerMessage": ACCEPTED,
            }
        )

    return await through(request, "push", work)


async def query(request: web.Request) -> web.StreamResponse:
    world = request.app[WORLD]

    async def work() -> web.Response:
        check_bearer(request, world)
        now = world.clock.now()
        if now - world.last_query < world.settings.query_gap_seconds:
            return answers.spike_arrest()
        world.last_query = now
        body = checks.parse(await request.read(), request.content_type)
        checks.merchant(body, world.settings, world.clock.local())
        return answers.ok(_query(world, checks.text(body, "CheckoutRequestID")))

    return await through(request, "query", work)


def _query(world: World, checkout_request_id: str) -> dict[str, Any]:
    push = world.prompts.pushes.get(checkout_request_id)
    forgotten = world.clock.now() - world.settings.result_hours * 3600
    if push is None or (push.state == "final" and push.finished_at < forgotten):
        raise bad("CheckoutRequestID")
    fault = world.faults.take("query", QUERY_KINDS, push.phone, push.amount)
    kind = fault.kind if fault else ""
    code = push.result.code if push.result else "4999"
    description = push.result.description if push.result else STILL_PENDING
    if kind == "wrong_fail" and fault is not None:
        code, description = fault.code, fault.description or "Request cancelled by user"
    elif kind == "pending_4999":
        code, description = "4999", STILL_PENDING
    elif kind == "pending_500" or (code == "4999" and not kind and world.settings.query_pending == "500"):
        raise Refused(500, "500.001.1001", PENDING)
    return {
        "ResponseCode": "0",
        "ResponseDescription": QUERY_ACCEPTED,
        "MerchantRequestID": push.merchant_request_id,
        "CheckoutRequestID": push.checkout_request_id,
        "ResultCode": code,
        "ResultDesc": description,
    }


async def elsewhere(request: web.Request) -> web.StreamResponse:
    """A product that this simulator does not play: the app lacks it; any other path: not found."""
    world = request.app[WORLD]

    async def work() -> web.Response:
        if not any(request.path.startswith(start) for start in TOKEN_SHAPES):
            raise Refused(404, "404.001.01", "Resource not found")
        check_bearer(request, world)
        return answers.gateway_fault(
            401,
            "Invalid API call as no apiproduct match found",
            "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound",
        )

    return await through(request, "elsewhere", work)
