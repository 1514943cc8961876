"""What the practice can see at a glance. Reads other rooms' views only."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core.db import Conn


class Figures(msgspec.Struct, frozen=True):
    """What waits for somebody, and how today looks."""

    to_answer: int
    to_pay: int
    today: int
    duties: int
    duties_amount: int
    suspense: int
    strays: int
    stuck: int
    waiting_psychologists: int


_FIGURES = """
select
    (select count(*) from sessions.overview
     where status = 'Pending Approval' and hold_until > $1 and sent_at is not null),
    (select count(*) from sessions.overview where status = 'Approved' and hold_until > $1),
    (select count(*) from sessions.overview
     where starts_at >= $2 and starts_at < $3 and status in ('Confirmed', 'In Progress')),
    (select count(*) from payments.owed_back where done_at is null),
    (select coalesce(sum(amount), 0) from payments.owed_back where done_at is null),
    (select count(*) from payments.money_in where charge_id is null),
    (select count(*) from payments.letter_log where outcome = 'stray'),
    (select count(*) from notifications.message where due_at <= $1 and tries >= 8)
        + (select count(*) from payments.letter_log where due_at <= $1 and tries >= 8),
    (select count(*) from directory.practising where status = 'waiting')
"""


async def figures(conn: Conn, now: datetime, today: tuple[datetime, datetime]) -> Figures:
    row = await conn.fetchrow(_FIGURES, now, *today)
    assert row is not None
    return Figures(*row.values())


class Due(msgspec.Struct, frozen=True):
    """Money that has to be given back."""

    id: UUID
    reference: str | None
    amount: int
    why: str
    created_at: datetime
    until: datetime
    done_at: datetime | None


async def duties(conn: Conn, *, most: int = 100) -> list[Due]:
    """Open ones first, the most urgent at the top."""
    rows = await conn.fetch(
        """
        select d.id, c.reference, d.amount, d.why, d.created_at, d.until_at, d.done_at
        from payments.owed_back d left join payments.charge_state c on c.id = d.charge_id
        order by d.done_at is not null, d.until_at limit $1
        """,
        most,
    )
    return [Due(*row.values()) for row in rows]


class Arrival(msgspec.Struct, frozen=True):
    """One payment as it came in. No name and no phone: the reference leads to them."""

    number: str | None
    channel: str
    reference: str | None
    amount: int
    received_at: datetime
    method: str


async def arrivals(conn: Conn, *, most: int = 100) -> list[Arrival]:
    rows = await conn.fetch(
        """
        select r.number, r.channel, c.reference, r.amount, r.received_at, r.method
        from payments.money_in r left join payments.charge_state c on c.id = r.charge_id
        order by r.received_at desc limit $1
        """,
        most,
    )
    return [Arrival(*row.values()) for row in rows]


class Listed(msgspec.Struct, frozen=True):
    """A psychologist as the practice sees them, with what still stands against a listing."""

    id: UUID
    name: str
    status: str
    title: str
    registration_number: str
    licence_until: date | None
    checked_at: datetime | None
    public_yes_at: datetime | None


async def psychologists(conn: Conn, status: str | None) -> list[Listed]:
    rows = await conn.fetch(
        """
        select d.id, p.name, d.status, d.title, d.registration_number, d.licence_until, d.checked_at, d.public_yes_at
        from directory.practising d join accounts.people p on p.id = d.id
        where $1::text is null or d.status = $1 order by p.name, d.id
        """,
        status,
    )
    return [Listed(*row.values()) for row in rows]


def local_day(now: datetime, midnight: datetime) -> tuple[datetime, datetime]:
    """From one local midnight to the next."""
    return midnight, midnight + timedelta(days=1)
