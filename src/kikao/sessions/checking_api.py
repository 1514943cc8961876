"""Typed codes, cash, slips and waiving as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.idempotency import Answer
from kikao.core.web import Form, Json, Kit, Req, Shown, need, of, once
from kikao.sessions import checking, doors, queries
from kikao.sessions.api import ReasonBody, Verb, press
from kikao.sessions.doors import Press
from kikao.sessions.queries import Session


class CodeBody(Json):
    transaction_code: str


class MoneyBody(Json):
    """`method`: mpesa, cash, bank or card; `number`: of the message or slip; `amount`: whole KES."""

    method: str
    number: str
    amount: int


class MoneyShown(Shown):
    """What those who look after money are shown of a session."""

    reference: str
    status: str
    payment_status: str
    missing: int
    currency: str = "KES"


async def do_money(
    request: Req, kit: Kit, actor: Actor, now: datetime, session_id: str, verb: Verb, *, done: str | None
) -> Response[Any]:
    """Like `do_verb`, for finance as well: nothing but the money is looked at and shown."""
    need(actor)

    async def run(conn: Conn) -> Answer:
        session = await queries.visible(conn, actor, session_id, now, for_money=True)
        if done is None or not await queries.done_already(conn, session.id, done, actor):
            await verb(conn, session)
        after = await queries.visible(conn, actor, session.id, now, for_money=True)
        return Answer(200, MoneyShown(
            reference=after.reference, status=after.status, payment_status=after.payment_status, missing=after.missing,
        ))

    return await once(request, kit, actor, now, run)


async def _seen(conn: Conn, actor: Actor, session_id: str, now: datetime) -> Session:
    return await queries.visible(conn, actor, session_id, now, for_money=True)


@post("/api/sessions/{session_id:str}/submit-payment", status_code=200, opt=of(_seen))
async def submit_payment(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[CodeBody],
) -> Response[Any]:
    return await press(
        request, kit, actor, now, session_id, doors.submit_code, "submit a payment code",
        transaction_code=data.transaction_code,
    )


@put("/api/sessions/{session_id:str}/verify-payment", opt=of(_seen))
async def verify_payment(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[MoneyBody],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session) -> None:
        numbers = await kit.numbers(conn, actor, now)
        await checking.verify(conn, actor, session, data.method, data.number, data.amount, now, numbers)

    # Never "done already": a second part of the money is a second verb.
    return await do_money(request, kit, actor, now, session_id, verb, done=None)


@put("/api/sessions/{session_id:str}/reject-payment", opt=of(_seen))
async def reject_payment(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[ReasonBody],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session) -> None:
        await doors.reject_code(Press(conn, actor, session, now, kit, Form({"reason": data.reason})))

    return await do_money(request, kit, actor, now, session_id, verb, done="reject the code")


@post("/api/sessions/{session_id:str}/waive", status_code=200, opt=of(_seen))
async def waive(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[ReasonBody],
) -> Response[Any]:
    return await press(
        request, kit, actor, now, session_id, doors.waive, "waive", reason=data.reason
    )


api: list[Any] = [submit_payment, verify_payment, reject_payment, waive]
