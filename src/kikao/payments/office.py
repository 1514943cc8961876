"""What finance and admin see of money: payments with their evidence, duties, suspense, strays, what is stuck.

Phones are masked. Whoever calls these notes the look in the journal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from kikao.core.db import Conn
from kikao.core.jobs import MOST_TRIES
from kikao.core.phone import masked
from kikao.core.sql import Statement

T = TypeVar("T", bound=msgspec.Struct)
Cursor = tuple[datetime, UUID]


class Filter(msgspec.Struct, frozen=True):
    """What is looked for; None leaves it open. `digits`: the last ones of a phone, at least three. `accounts`: any of
    those who owed it. `since` and `until` bound when the try was made or the money came."""

    reference: str | None = None
    receipt: str | None = None
    digits: str | None = None
    accounts: tuple[UUID, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


_WHERE = """
    (:reference::text is null or {c}.reference = upper(:reference::text))
and (:accounts::uuid[] is null or {c}.payer_account = any (:accounts::uuid[]))
and (:since::timestamptz is null or {at} >= :since::timestamptz)
and (:until::timestamptz is null or {at} < :until::timestamptz)
and (:at::timestamptz is null or ({at}, {id}) < (:at::timestamptz, :id::uuid))
"""


async def _page(
    conn: Conn, statement: Statement, kind: type[T], limit: int, after: Cursor | None, **values: Any
) -> tuple[list[T], Cursor | None]:
    """One page, newest first, and where the next begins. The last two columns are the cursor's."""
    at, last_id = after or (None, None)
    rows = await statement.rows(conn, at=at, id=last_id, most=limit + 1, **values)
    names = kind.__struct_fields__
    found = [kind(**{name: row[name] for name in names}) for row in rows[:limit]]
    more = (rows[limit - 1]["cursor_at"], rows[limit - 1]["cursor_id"]) if len(rows) > limit else None
    return found, more


def _given(wanted: Filter) -> dict[str, Any]:
    return {
        "reference": wanted.reference, "accounts": wanted.accounts, "since": wanted.since, "until": wanted.until,
    }  # fmt: skip


# Payments -----------------------------------------------------------------------------------------


class Payment(msgspec.Struct, frozen=True):
    """One try or one receipt of a charge; `phone` is masked, None where nobody's phone was asked."""

    id: UUID
    charge_id: UUID
    purpose: str
    purpose_id: UUID
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


_PAYMENTS = Statement(f"""
with line as (
    select a.id, a.charge_id, a.phone, a.amount, a.state, a.result_code as code, a.alarm, r.number as receipt,
           r.channel, r.method, r.amount as received, a.created_at as at
    from payments.attempt a left join payments.receipt r on r.attempt_id = a.id
    union all
    select r.id, r.charge_id, null, r.amount, 'vouched', null, null, r.number, r.channel, r.method, r.amount,
           r.received_at
    from payments.receipt r where r.attempt_id is null
)
select l.*, c.purpose, c.purpose_id, c.reference, l.at as cursor_at, l.id as cursor_id
from line l join payments.charge c on c.id = l.charge_id
where {_WHERE.format(c="c", at="l.at", id="l.id")}
  and (:receipt::text is null or l.receipt = upper(:receipt::text))
  and (:digits::text is null or right(l.phone, length(:digits::text)) = :digits::text)
order by l.at desc, l.id desc limit :most
""")


async def payments(
    conn: Conn, wanted: Filter, *, limit: int, after: Cursor | None = None
) -> tuple[list[Payment], Cursor | None]:
    found, more = await _page(
        conn, _PAYMENTS, Payment, limit, after, receipt=wanted.receipt, digits=wanted.digits, **_given(wanted)
    )
    return [msgspec.structs.replace(one, phone=masked(one.phone) if one.phone else None) for one in found], more


class Move(msgspec.Struct, frozen=True):
    """One step of a shilling's way: kinds of account."""

    come_from: str
    to: str
    amount: int
    why: str
    at: datetime


_MOVES = """
select f.kind as come_from, t.kind as to, m.amount, m.why, m.at
from payments.move m join payments.ledger_account f on f.id = m.from_account
join payments.ledger_account t on t.id = m.to_account
where f.owner = $1 or t.owner = $1
   or m.receipt_id in (select id from payments.receipt where charge_id = $1)
order by m.at, m.id
"""


async def moves(conn: Conn, charge_id: UUID) -> list[Move]:
    """Every move that touched a charge, oldest first."""
    return [Move(*row.values()) for row in await conn.fetch(_MOVES, charge_id)]


# Duties and suspense ------------------------------------------------------------------------------


class Duty(msgspec.Struct, frozen=True):
    """Money that has to go back, by `until_at`; `phone`, masked, is the number that paid, if one did. `channel`: how
    the money came that the receipt is of."""

    id: UUID
    charge_id: UUID | None
    purpose_id: UUID | None
    reference: str | None
    receipt: str | None
    phone: str | None
    amount: int
    why: str
    created_at: datetime
    until_at: datetime
    done_at: datetime | None
    channel: str | None = None


_DUTIES = Statement(f"""
select d.id, d.charge_id, c.purpose_id, c.reference, r.number as receipt, a.phone, d.amount, d.why, d.created_at,
       d.until_at, d.done_at, r.channel, d.created_at as cursor_at, d.id as cursor_id
from payments.duty d left join payments.charge c on c.id = d.charge_id
left join payments.receipt r on r.id = d.receipt_id left join payments.attempt a on a.id = r.attempt_id
where {_WHERE.format(c="c", at="d.created_at", id="d.id")} and (:open_only::boolean is false or d.done_at is null)
order by d.created_at desc, d.id desc limit :most
""")


async def duties(
    conn: Conn, wanted: Filter, *, limit: int, after: Cursor | None = None, open_only: bool = True
) -> tuple[list[Duty], Cursor | None]:
    found, more = await _page(conn, _DUTIES, Duty, limit, after, open_only=open_only, **_given(wanted))
    return [msgspec.structs.replace(one, phone=masked(one.phone) if one.phone else None) for one in found], more


class Suspense(msgspec.Struct, frozen=True):
    """Money that fits nothing: `asked` KES were asked for by this attempt, of this phone, which is masked."""

    id: UUID
    number: str | None
    amount: int
    asked: int | None
    reference: str | None
    received_at: datetime
    charge_id: UUID | None = None
    phone: str | None = None


async def suspense(conn: Conn) -> list[Suspense]:
    rows = await conn.fetch(
        """
        select r.id, r.number, r.amount, a.amount as asked, c.reference, r.received_at, a.charge_id, a.phone
        from payments.receipt r left join payments.attempt a on a.id = r.attempt_id
        left join payments.charge c on c.id = a.charge_id
        where r.charge_id is null
          and not exists (select from payments.duty d where d.receipt_id = r.id and d.why = 'suspense')
        order by r.received_at
        """
    )
    found = [Suspense(*row.values()) for row in rows]
    return [msgspec.structs.replace(one, phone=masked(one.phone) if one.phone else None) for one in found]


# What is odd --------------------------------------------------------------------------------------


class Contradiction(msgspec.Struct, frozen=True):
    """A try about which M-Pesa says two things; `state` is what stands."""

    id: UUID
    charge_id: UUID
    reference: str
    state: str
    alarm: str
    at: datetime


async def contradictions(conn: Conn, *, most: int = 100) -> list[Contradiction]:
    rows = await conn.fetch(
        """
        select a.id, a.charge_id, c.reference, a.state, a.alarm, coalesce(a.checked_at, a.decided_at, a.created_at)
        from payments.attempt a join payments.charge c on c.id = a.charge_id
        where a.alarm is not null order by a.created_at desc, a.id desc limit $1
        """,
        most,
    )
    return [Contradiction(*row.values()) for row in rows]


class Stray(msgspec.Struct, frozen=True):
    """A letter that does not fit: it moved nothing or contradicts, waits for more, or could not be read."""

    id: UUID
    charge_id: UUID | None
    reference: str | None
    outcome: str | None
    why: str | None
    received_at: datetime


# Of letters: what is listed as odd, and counted as odd.
ODD = "(outcome in ('stray', 'parked') or why is not null)"
_STRAYS = Statement(f"""
select l.id, a.charge_id, c.reference, l.outcome, l.why, l.received_at, l.received_at as cursor_at, l.id as cursor_id
from payments.letter l left join payments.attempt a on a.id = l.attempt_id
left join payments.charge c on c.id = a.charge_id
where {ODD}
  and {_WHERE.format(c="c", at="l.received_at", id="l.id")}
order by l.received_at desc, l.id desc limit :most
""")


async def strays(
    conn: Conn, wanted: Filter, *, limit: int, after: Cursor | None = None
) -> tuple[list[Stray], Cursor | None]:
    return await _page(conn, _STRAYS, Stray, limit, after, **_given(wanted))


class Stuck(msgspec.Struct, frozen=True):
    """A due row that eight tries did not settle; `kind` is attempt or letter, `error` the class of the last one."""

    kind: str
    id: UUID
    charge_id: UUID | None
    reference: str | None
    due_at: datetime
    error: str | None


_STUCK = """
with stuck as (
    select 'attempt' as kind, id, charge_id, due_at, last_error from payments.attempt
    where due_at <= $1 and tries >= $2
    union all
    select 'letter', l.id, a.charge_id, l.due_at, l.last_error
    from payments.letter l left join payments.attempt a on a.id = l.attempt_id
    where l.due_at <= $1 and l.tries >= $2
)
select s.kind, s.id, s.charge_id, c.reference, s.due_at, s.last_error
from stuck s left join payments.charge c on c.id = s.charge_id order by s.due_at
"""


async def stuck(conn: Conn, now: datetime) -> list[Stuck]:
    return [Stuck(*row.values()) for row in await conn.fetch(_STUCK, now, MOST_TRIES)]


async def try_again(conn: Conn, kind: str, row_id: UUID, now: datetime) -> None:
    """Somebody has mended what stopped a stuck row. Ringing is never tried again: it would be late."""
    table = {"attempt": "payments.attempt", "letter": "payments.letter"}[kind]
    await conn.execute(
        f"update {table} set tries = 0, taken_until = null, due_at = $2 where id = $1 and due_at is not null",
        row_id, now,
    )  # fmt: skip
