"""What the clock has to tell: read from the sessions as they stand, and posted when its moment has come.

Nothing is planned ahead, so nothing has to be called back: a session that was cancelled, paid or moved is simply not
found any more. A row of the outbox is posted once (about, kind, recipient, version), by however many workers, and a
worker that was away posts what is still worth telling when it is back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kikao.core.db import Conn, Database
from kikao.core.practice import load
from kikao.core.sql import Statement
from kikao.notifications.actions import post
from kikao.notifications.rules import Numbers, half_way, reminder_at
from kikao.sessions.reminding import (
    ANSWER_SOON,
    ANSWER_WITHIN,
    REMINDER,
    SOON,
    STILL_TO_ANSWER,
    TOMORROW,
    UNPAID,
    day_number,
)
from kikao.sessions.sql import RECIPIENT

# How much earlier than its hour a reminder can come because of the night.
A_NIGHT = timedelta(hours=24)
# In every zone, tomorrow is over within these.
TWO_DAYS = timedelta(hours=54)


class Planned(msgspec.Struct, frozen=True):
    """A message whose moment has come."""

    kind: str
    about: UUID
    recipient: UUID
    version: int = 1


async def post_due(db: Database, now: datetime) -> None:
    """Post what has become due since the last look. Each row by itself: it may be there already."""
    async with db.connection() as conn:
        for planned in await due(conn, now):
            await post(conn, planned.kind, planned.about, planned.recipient, now, version=planned.version)


async def due(conn: Conn, now: datetime) -> list[Planned]:
    """What is worth telling now and was not posted yet."""
    numbers = (await load(conn, now)).of(Numbers)
    found = [
        *await _nudges(conn, now), *await _unpaid(conn, now), *await _reminders(conn, now, numbers),
        *await _tomorrow(conn, now, numbers),
    ]
    rows = await conn.fetch(
        """
        select m.about, m.kind, m.recipient, m.version from notifications.message m
        where m.about = any ($1) and m.kind = any ($2)
        """,
        [one.about for one in found], [one.kind for one in found],
    )
    posted = {Planned(row["kind"], row["about"], row["recipient"], row["version"]) for row in rows}
    return [one for one in found if one not in posted]


async def _nudges(conn: Conn, now: datetime) -> list[Planned]:
    """Half-way through the wait for an answer, and two hours before its end where that is later."""
    rows = await conn.fetch(
        """
        select id, psychologist_id, updated_at, hold_until,
               -- A wait that was made longer, or began again, is told of by messages of its own.
               1 + (extended_at is not null)::integer
                 + (select count(*) from journal.line where noun_id = s.id and verb = 'correct')::integer as version
        from sessions.session s
        where status = 'Pending Approval' and sent_at is not null and hold_until > $1
          and due_at > $1 -- for the index: what waits is due when its hold ends
        """,
        now,
    )
    return [
        Planned(kind, row["id"], row["psychologist_id"], row["version"])
        for row in rows for kind, at in nudges(row["updated_at"], row["hold_until"]) if at <= now
    ]


def nudges(since: datetime, until: datetime) -> Iterator[tuple[str, datetime]]:
    half, last = half_way(since, until), until - ANSWER_WITHIN
    yield STILL_TO_ANSWER, half
    if last > half:
        yield ANSWER_SOON, last


_UNPAID = Statement(f"""
select s.id, {RECIPIENT} as recipient, s.updated_at, c.open_until
from sessions.session s join payments.charge_state c on c.id = s.charge_id
where s.status = 'Approved' and s.hold_until > :now::timestamptz and s.due_at > :now::timestamptz
  and c.open_until > :now::timestamptz and c.missing > 0
  and not exists (select from payments.open_attempt a where a.charge_id = c.id)
""")


async def _unpaid(conn: Conn, now: datetime) -> list[Planned]:
    """Once a session, half-way through the time to pay."""
    rows = await _UNPAID.rows(conn, now=now)
    return [
        Planned(UNPAID, row["id"], row["recipient"])
        for row in rows if half_way(row["updated_at"], row["open_until"]) <= now
    ]


_AHEAD = Statement(f"""
with ahead as (
    select s.id, s.starts_at, s.confirmed_at, s.updated_at, s.moved, {RECIPIENT} as recipient
    from sessions.session s join directory.practising d on d.id = s.psychologist_id and not d.gone
    where s.status = 'Confirmed' and s.starts_at > :now::timestamptz and s.starts_at <= :until::timestamptz
)
select a.*, p.time_zone from ahead a join accounts.people p on p.id = a.recipient
""")


async def _reminders(conn: Conn, now: datetime, numbers: Numbers) -> list[Planned]:
    """A day ahead and shortly before. What was past already when the time was booked or moved is left out."""
    ahead = (
        (REMINDER, timedelta(hours=numbers.first_reminder_hours)),
        (SOON, timedelta(minutes=numbers.last_reminder_minutes)),
    )
    farthest = max(before for _, before in ahead)
    found = []
    for row in await _AHEAD.rows(conn, now=now, until=now + farthest + A_NIGHT):
        settled_at = row["updated_at"] if row["moved"] else row["confirmed_at"]
        for kind, before in ahead:
            at = reminder_at(row["starts_at"], before, row["time_zone"], numbers)
            if settled_at <= at <= now:
                found.append(Planned(kind, row["id"], row["recipient"], 1 + row["moved"]))
    return found


async def _tomorrow(conn: Conn, now: datetime, numbers: Numbers) -> list[Planned]:
    """In the evening of each psychologist's own zone, what was confirmed by then for the next day."""
    rows = await conn.fetch(
        """
        select s.psychologist_id, s.starts_at, s.confirmed_at, p.time_zone
        from sessions.session s join accounts.people p on p.id = s.psychologist_id
        join directory.practising d on d.id = s.psychologist_id and not d.gone
        where s.status = 'Confirmed' and s.starts_at > $1 and s.starts_at < $2
        """,
        now, now + TWO_DAYS,
    )
    lists = set()
    for row in rows:
        zone = ZoneInfo(row["time_zone"])
        day = row["starts_at"].astimezone(zone).date()
        evening = datetime.combine(day - timedelta(days=1), time(numbers.tomorrow_at_hour), zone)
        if row["confirmed_at"] < evening <= now:
            lists.add(Planned(TOMORROW, row["psychologist_id"], row["psychologist_id"], day_number(day)))
    return list(lists)
