"""The way of a Daraja request: the faults that tests have set, then the bearer token, then the handler."""

import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from daraja_sim import answers, checks
from daraja_sim.answers import Refused
from daraja_sim.faults import REQUEST_KINDS, Fault
from daraja_sim.world import WORLD, World

Work = Callable[[], Awaitable[web.Response]]
SHAPE_STK = (404, "404.001.03", "Invalid Access Token")
SHAPE_B2C = (401, "401.002.01", "Error Occurred - Invalid Access Token - ")
SHAPE_C2B = (400, "400.003.01", "Invalid Access Token")
SHAPE_OTHER = (401, "401.003.01", "Error Occurred - Invalid Access Token")
TOKEN_SHAPES = {
    "/mpesa/stkpush/": SHAPE_STK,
    "/mpesa/stkpushquery/": SHAPE_STK,
    "/mpesa/reversal/": SHAPE_STK,
    "/mpesa/b2c/": SHAPE_B2C,
    "/mpesa/accountbalance/": SHAPE_B2C,
    "/mpesa/c2b/": SHAPE_C2B,
    "/mpesa/transactionstatus/": SHAPE_C2B,
    "/mpesa/qrcode/": SHAPE_OTHER,
    "/mpesa/b2b/": SHAPE_OTHER,
    "/standingorder/": SHAPE_OTHER,
    "/pulltransactions/": SHAPE_OTHER,
}


def check_bearer(request: web.Request, world: World) -> None:
    """Raises Refused, in the shape of the product that the path names."""
    header = request.headers.get("Authorization", "")
    if request.method == "GET" or not header.startswith("Bearer "):
        raise Refused(404, "404.001.04", "Invalid Authentication Header")
    if request.method != "POST":
        raise Refused(405, "405.001", "Method Not Allowed")
    token = header.removeprefix("Bearer ").strip()
    if not world.tokens.valid(token):
        shape = next((s for start, s in TOKEN_SHAPES.items() if request.path.startswith(start)), SHAPE_OTHER)
        status, code, message = shape
        raise Refused(status, code, message + token if message.endswith("- ") else message)


async def through(request: web.Request, on: str, work: Work) -> web.StreamResponse:
    """Run the work of an endpoint under the fault that fits this request, and note the request."""
    world = request.app[WORLD]
    phone, amount = await _subject(request, world)
    fault = world.faults.take(on, REQUEST_KINDS, phone, amount)
    line: dict[str, Any] = {
        "at": world.clock.local().isoformat(timespec="milliseconds"),
        "endpoint": on,
        "method": request.method,
        "path": request.path,
        "phone": phone,
        "fault": fault.kind if fault else "",
        "status": None,  # stays so when the connection ended without an answer
    }
    world.requests.append(line)

    async def worked() -> web.Response:
        try:
            return await work()
        except Refused as refusal:
            return answers.envelope(world.chance, refusal)

    answer = await (worked() if fault is None else _under(fault, request, world, worked))
    if answer is None:
        return _reset(request)
    line["status"] = answer.status
    return answer


async def _under(fault: Fault, request: web.Request, world: World, work: Work) -> web.Response | None:
    """The answer under a fault; None for a connection that ends without one."""
    real = await work() if fault.when == "after" else None
    if fault.kind == "latency":
        await world.clock.sleep(fault.seconds)
        return real if real is not None else await work()
    if fault.kind == "hang":
        await world.closing.wait()
        return None
    return None if fault.kind == "reset" else answers.canned(world.chance, fault.kind)


def _reset(request: web.Request) -> web.Response:
    """End the connection with a TCP reset, as a broken network does."""
    if request.transport is not None:
        plug = request.transport.get_extra_info("socket")
        if plug is not None:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()


async def _subject(request: web.Request, world: World) -> tuple[str, int]:
    """The phone and amount that a request is about, as far as it says: faults are aimed by them."""
    try:
        body = json.loads(await request.read() or b"null")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return "", 0
    push = world.prompts.pushes.get(str(body.get("CheckoutRequestID", "")))
    if push is not None:
        return push.phone, push.amount
    amount = checks.text(body, "Amount")
    whole = re.fullmatch(r"\d{1,9}", amount, re.ASCII) is not None
    return checks.text(body, "PhoneNumber"), int(amount) if whole else 0
