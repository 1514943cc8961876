"""Paying as JSON, and the letterbox for M-Pesa's callbacks."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import ServerSentEvent
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from kikao.core import logs
from kikao.core.actor import Actor
from kikao.core.addresses import within
from kikao.core.clock import utc_now
from kikao.core.db import Conn
from kikao.core.errors import Forbidden, Invalid, NotFound, NotSignedIn
from kikao.core.idempotency import Answer
from kikao.core.money import CURRENCY
from kikao.core.web import ANYONE, Json, Kit, Req, Shown, must_be_id, need, network, once, only, read
from kikao.payments import actions, letters, office_api, queries, stream_api
from kikao.payments.bodies import LARGEST
from kikao.payments.queries import Bill
from kikao.payments.rules import Numbers
from kikao.payments.stream_api import AttemptShown, told
from kikao.payments.wires import Seen, seen

_TOKEN = re.compile(r"[0-9a-f]{32}")
log = logs.get("payments")


class InitiateBody(Json):
    """`sessionId`, or `chargeId` where there are several; neither with the header X-Pay-Token."""

    phone_number: str
    session_id: str | None = None
    charge_id: str | None = None


class Asked(Shown):
    attempt_id: UUID
    state: str
    amount: int
    expires_at: datetime
    currency: str = CURRENCY


class StatusShown(Shown):
    payment_status: str
    session_status: str | None
    attempt: AttemptShown | None
    receipt: str | None


# Who ----------------------------------------------------------------------------------------------


async def _by_token(conn: Conn, request: Req) -> Bill | None:
    """The charge that a pay token names. Raises NotFound for a token that names none."""
    token = request.headers.get("x-pay-token")
    if token is None:
        return None
    bill = await queries.bill_by_link(conn, token)
    if bill is None:
        raise NotFound
    return bill


async def _seen(conn: Conn, actor: Actor, bill: Bill, now: datetime) -> Seen:
    """What this actor may see of what the bill is for. Raises NotFound when that is nothing."""
    ask = seen.get(bill.purpose)
    payer = actor.account_id is not None and actor.account_id == bill.payer_account
    if ask is None:
        found = Seen("", payer or actor.has("desk")) if payer or actor.has("desk", "finance", "admin") else None
    else:
        found = await ask(conn, actor, bill.purpose_id, now)
    if found is None:
        raise NotFound
    return found


async def _bill_to_pay(conn: Conn, request: Req, actor: Actor, data: InitiateBody, now: datetime) -> Bill:
    linked = await _by_token(conn, request)
    if linked is not None:
        return linked
    if not actor.signed_in:
        raise NotSignedIn
    chosen = await _chosen(conn, data)
    may = await _seen(conn, actor, chosen, now)
    if not may.may_pay:
        raise Forbidden
    return chosen


async def _chosen(conn: Conn, data: InitiateBody) -> Bill:
    if data.charge_id is not None:
        found = await queries.bill(conn, must_be_id(data.charge_id))
        if found is None:
            raise NotFound
        return found
    if data.session_id is None:
        raise Invalid.field("sessionId", "missing", "Please say what is to be paid.")
    bills = await queries.bills(conn, must_be_id(data.session_id))
    if not bills:
        raise NotFound
    if len(bills) > 1:
        raise Invalid.field("chargeId", "missing", "There are several amounts to pay. Please say which.")
    return bills[0]


# Asking and watching ------------------------------------------------------------------------------


@post("/api/mpesa/initiate", status_code=202, opt=ANYONE)
async def initiate(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[InitiateBody],
) -> Response[Any]:
    async with kit.db.connection() as conn:
        bill = await _bill_to_pay(conn, request, actor, data, now)

    async def verb(conn: Conn) -> Answer:
        numbers = (await kit.numbers(conn, actor, now)).of(Numbers)
        made = await actions.ask_to_pay(conn, actor, bill.id, data.phone_number, now, numbers)
        return Answer(
            202, Asked(attempt_id=made.id, state=made.state, amount=made.amount, expires_at=made.expires_at)
        )

    # Strangers with pay links are all nobody: their keys belong to the charge instead.
    keyholder = actor if actor.signed_in else Actor(account_id=bill.id)
    return await once(request, kit, keyholder, now, verb)


@read("/api/mpesa/status/{session_id:str}")
async def status(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str],
) -> StatusShown:
    need(actor)
    async with kit.db.connection() as conn:
        numbers = (await kit.numbers(conn, actor, now)).of(Numbers)
        bills = await queries.bills(conn, must_be_id(session_id))
        if not bills:
            raise NotFound
        visible = await _seen(conn, actor, bills[0], now)
        shown = await queries.latest_attempt(conn, bills[0].id, now, numbers)
        receipts = await queries.receipts(conn, bills[0].id)
    return StatusShown(
        payment_status=bills[0].payment_status, session_status=visible.status or None,
        attempt=told(shown) if shown else None,
        receipt=next((one.number for one in receipts if one.number), None),
    )


async def _visible_attempt(
    conn: Conn, token: str | None, actor: Actor, attempt_id: UUID, now: datetime, numbers: Numbers
) -> queries.Shown:
    if token is None and not actor.signed_in:
        raise NotSignedIn
    shown = await stream_api.seen_by(conn, stream_api.Viewer(actor, token), attempt_id, now, numbers)
    if shown is None:
        raise NotFound
    return shown


@read("/api/mpesa/attempts/{attempt_id:str}", opt=ANYONE)
async def one_attempt(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    attempt_id: FromPath[str],
) -> AttemptShown:
    async with kit.db.connection() as conn:
        numbers = (await kit.numbers(conn, actor, now)).of(Numbers)
        token = request.headers.get("x-pay-token")
        return told(await _visible_attempt(conn, token, actor, must_be_id(attempt_id), now, numbers))


@read("/api/mpesa/events/{attempt_id:str}", opt=ANYONE)
async def events(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    attempt_id: FromPath[str],
) -> ServerSentEvent:
    """The attempt whenever it changes, until nothing more will or the viewer may not see it, or for 150 s."""
    wanted, token = must_be_id(attempt_id), request.headers.get("x-pay-token")
    async with kit.db.connection() as conn:
        numbers = (await kit.numbers(conn, actor, now)).of(Numbers)
        await _visible_attempt(conn, token, actor, wanted, now, numbers)
    return stream_api.open_stream(request, kit, stream_api.Viewer(actor, token), wanted, numbers)


@post("/api/mpesa/test-connection", status_code=200, opt=only("admin"))
async def test_connection(request: Req, actor: NamedDependency[Actor]) -> dict[str, Any]:
    need(actor, "admin")
    async with request.app.state.provider() as provider:
        found = await provider.test_connection()
    return {"ok": found.ok, "code": found.code or None, "detail": found.text or None}


# The letterbox ------------------------------------------------------------------------------------


_ACCEPTED = ASGIResponse(body=b'{"ResultCode":0,"ResultDesc":"Accepted"}')


@post("/callbacks/{token:str}", status_code=200, request_max_body_size=LARGEST, include_in_schema=False)
async def callback(request: Req) -> ASGIApp:
    """Store the letter and answer; a worker reads it. Nothing here depends on what it says.

    M-Pesa may call it hundreds of times a second: it asks for nothing to be provided, and its answer is ready.
    """
    body, token = await request.body(), str(request.path_params["token"])
    if not _TOKEN.fullmatch(token):
        raise NotFound
    kit, address = request.app.state.kit, network(request)
    async with kit.db.connection() as conn:
        stored = await letters.store_letter(conn, kit.vault, token, body, address, utc_now())
    if stored is None:
        raise NotFound
    expected = request.app.state.settings.mpesa.callback_sources
    if expected and not within(address, expected):
        log.warning("callback_from_elsewhere", letter=str(stored))
    return _ACCEPTED


api: list[Any] = [initiate, status, one_attempt, events, test_connection, *office_api.handlers]
callbacks: list[Any] = [callback]
