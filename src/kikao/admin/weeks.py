"""How the last weeks went, for the pictures: a handful of statements, however many weeks and psychologists."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kikao.admin import reports
from kikao.availability.queries import open_hours
from kikao.core.db import Conn

WEEKS = 12
WEEK = timedelta(days=7)


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions by the week in which they begin, money by the week in which it moved. Minutes and shillings.

    `booked` and `open` are of those who are listed now, so that one is a part of the other; what never reached its
    psychologist is no session. `answer`: half of the requests were answered sooner; None when none was. `accepted` and
    `paid` count sessions.
    """

    monday: date
    completed: int = 0
    absent: int = 0
    ended: int = 0
    expired: int = 0
    ahead: int = 0
    booked: int = 0
    open: int = 0
    answer: float | None = None
    accepted: int = 0
    paid: int = 0
    came: int = 0
    went: int = 0


_SESSIONS = """
select date_trunc('week', starts_at at time zone $3)::date as monday,
       count(*) filter (where status = 'Completed') as completed,
       count(*) filter (where status = 'No Show') as absent,
       count(*) filter (where status in ('Cancelled', 'Declined')) as ended,
       count(*) filter (where status = 'Expired' or hold_until <= $4) as expired,
       count(*) filter (where hold_until > $4 or status in ('Confirmed', 'In Progress')) as ahead,
       coalesce(sum(minutes) filter (where psychologist_id = any ($5)
           and status in ('Confirmed', 'In Progress', 'Completed', 'No Show')), 0) as booked,
       (percentile_cont(0.5) within group (order by extract(epoch from coalesce(approved_at, ended_at) - sent_at))
        filter (where coalesce(approved_at, ended_at) > sent_at
                and (approved_at is not null or status = 'Declined')))::float / 60 as answer,
       count(*) filter (where approved_at is not null) as accepted,
       count(*) filter (where approved_at is not null and confirmed_at is not null) as paid
from sessions.outcome where starts_at >= $1 and starts_at < $2 and sent_at is not null group by 1
"""
_MONEY = """
select monday, sum(came)::bigint as came, sum(went)::bigint as went from (
    select date_trunc('week', received_at at time zone $3)::date as monday, amount as came, 0 as went
    from payments.money_in where received_at >= $1 and received_at < $2
    union all
    select date_trunc('week', done_at at time zone $3)::date, 0, amount
    from payments.owed_back where done_at >= $1 and done_at < $2
    union all
    select date_trunc('week', noted_at at time zone $3)::date, 0, amount
    from payments.went_by_itself where noted_at >= $1 and noted_at < $2
) moved group by 1
"""


def mondays(now: datetime, zone: str) -> list[date]:
    """The last weeks, this one included, the oldest first."""
    today = now.astimezone(ZoneInfo(zone)).date()
    this = today - timedelta(days=today.weekday())
    return [this - WEEK * back for back in range(WEEKS - 1, -1, -1)]


async def weeks(conn: Conn, now: datetime, zone: str) -> list[Week]:
    found = mondays(now, zone)
    begin, end = _midnight(found[0], zone), _midnight(found[-1] + WEEK, zone)
    here = list(await reports.at_work(conn))
    rows = [*await conn.fetch(_SESSIONS, begin, end, zone, now, here), *await conn.fetch(_MONEY, begin, end, zone)]
    opened = await open_hours(conn, here, begin, end)
    minutes = _by_week(opened, zone)
    every = {monday: Week(monday=monday, open=minutes.get(monday, 0)) for monday in found}
    for row in rows:
        every[row["monday"]] = msgspec.structs.replace(every[row["monday"]], **dict(row))
    return list(every.values())


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def _by_week(opened: dict[UUID, list[tuple[datetime, datetime]]], zone: str) -> dict[date, int]:
    """Open minutes, by the week in which a stretch begins."""
    found: dict[date, int] = {}
    for stretches in opened.values():
        for since, until in stretches:
            day = since.astimezone(ZoneInfo(zone)).date()
            monday = day - timedelta(days=day.weekday())
            found[monday] = found.get(monday, 0) + int((until - since).total_seconds() // 60)
    return found


def share(part: int, whole: int) -> int | None:
    """In percent; None of nothing."""
    return round(100 * part / whole) if whole else None
