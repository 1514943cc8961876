"""Payments and duties as JSON, for finance and admin. Each look is noted in the journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar.di import NamedDependency
from litestar.params import FromQuery

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.ids import SYSTEM, read_reference
from kikao.core.money import CURRENCY
from kikao.core.paging import bound, make_cursor, place, read_cursor
from kikao.core.web import Kit, Req, Shown, need, read
from kikao.journal.actions import record
from kikao.payments import office
from kikao.payments.office import Filter


class PaymentShown(Shown):
    """`phone` is masked; `state` is that of the attempt, or `vouched`."""

    id: UUID
    charge_id: UUID
    reference: str
    phone: str | None
    amount: int
    state: str
    code: str | None
    alarm: str | None
    receipt: str | None
    channel: str | None
    method: str | None
    received: int | None
    at: datetime
    currency: str = CURRENCY


class DutyShown(Shown):
    id: UUID
    charge_id: UUID | None
    reference: str | None
    receipt: str | None
    phone: str | None
    amount: int
    why: str
    created_at: datetime
    until_at: datetime
    done_at: datetime | None
    currency: str = CURRENCY


class PaymentList(Shown):
    payments: list[PaymentShown]
    next: str | None


class DutyList(Shown):
    duties: list[DutyShown]
    next: str | None


def _as(kind: type[Any], row: msgspec.Struct) -> Any:
    return kind(**{name: getattr(row, name) for name in kind.__struct_fields__ if name != "currency"})


def _limit(limit: int) -> int:
    if not 1 <= limit <= 100:
        raise Invalid.field("limit", "out_of_range", "A list can be 1 to 100 long.")
    return limit


def wanted(
    reference: str | None, receipt: str | None, digits: str | None, since: datetime | None, until: datetime | None
) -> Filter:
    """A search as it was typed. Raises Invalid."""
    if digits is not None and not (digits.isascii() and digits.isdecimal() and 3 <= len(digits) <= 9):
        raise Invalid.field("phone", "too_few", "Please give the last 3 to 9 figures of the phone.")
    if any(moment is not None and moment.tzinfo is None for moment in (since, until)):
        raise Invalid.field("since", "no_offset", "Please give the time with its offset.")
    shown = (read_reference(reference) or reference.strip().upper()) if reference else None
    return Filter(shown, receipt.strip() if receipt else None, digits, None, since, until)


async def note_look(conn: Conn, actor: Actor, what: str, now: datetime) -> None:
    await record(conn, actor, "look", what, SYSTEM, now)


@read("/api/admin/payments")
async def list_payments(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromQuery[str | None] = None, receipt: FromQuery[str | None] = None,
    phone: FromQuery[str | None] = None, since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None, limit: FromQuery[int] = 20, cursor: FromQuery[str | None] = None,
) -> PaymentList:
    need(actor, "finance", "admin")
    search = wanted(reference, receipt, phone, since, until)
    async with kit.db.transaction() as conn:
        rows, more = await office.payments(conn, search, limit=_limit(limit), after=read_cursor(place(request, cursor)))
        await note_look(conn, actor, "payments", now)
    return PaymentList(payments=[_as(PaymentShown, row) for row in rows], next=bound(request, make_cursor(more)))


@read("/api/admin/duties")
async def list_duties(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromQuery[str | None] = None, done: FromQuery[bool] = False, limit: FromQuery[int] = 20,
    cursor: FromQuery[str | None] = None,
) -> DutyList:
    """Open ones; with `done`, all."""
    need(actor, "finance", "admin")
    search = wanted(reference, None, None, None, None)
    async with kit.db.transaction() as conn:
        rows, more = await office.duties(
            conn, search, limit=_limit(limit), after=read_cursor(place(request, cursor)), open_only=not done
        )
        await note_look(conn, actor, "duties", now)
    return DutyList(duties=[_as(DutyShown, row) for row in rows], next=bound(request, make_cursor(more)))


handlers: list[Any] = [list_payments, list_duties]
