"""Changing when a psychologist can be met: the week, and days that differ from it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.availability import queries
from kikao.availability.rules import Exceptional, Hours, OwnNumbers, check_exception, check_week
from kikao.core.actor import Actor
from kikao.core.clock import is_zone
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, Refusal
from kikao.core.ids import new_id
from kikao.journal.actions import record

MOST_EXCEPTIONS = 400  # ahead; more than a year of single days


class SessionsOutside(Refusal):
    """`sessions`: the references of those that would lie outside."""

    code = "sessions_outside"
    detail = "Sessions that are kept already would lie outside these times. Cancel them first, or keep them."


async def open_calendar(conn: Conn, psychologist_id: UUID, *, time_zone: str | None = None) -> None:
    """Make a psychologist's calendar where there is none, and hold it until the transaction ends."""
    await conn.execute(
        """
        insert into availability.calendar (psychologist_id, time_zone) values ($1, coalesce($2, 'Africa/Nairobi'))
        on conflict (psychologist_id) do nothing
        """,
        psychologist_id, time_zone,
    )
    await conn.execute("select from availability.calendar where psychologist_id = $1 for update", psychologist_id)


async def set_hours(conn: Conn, actor: Actor, week: list[Hours], now: datetime, *, keep: bool = False) -> None:
    """This psychologist's whole week. Raises Invalid, or SessionsOutside unless `keep`; then nothing was changed."""
    check_week(week)
    psychologist_id = _own(actor)
    await open_calendar(conn, psychologist_id)
    if sorted(week, key=_by_time) == sorted(await queries.week(conn, psychologist_id), key=_by_time):
        return
    before = await queries.outside(conn, psychologist_id, now)
    await conn.execute("delete from availability.hours where psychologist_id = $1", psychologist_id)
    await conn.executemany(
        """
        insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes)
        values ($1, $2, $3, $4, $5, $6)
        """,
        [(new_id(), psychologist_id, h.weekday, h.from_minute, h.until_minute, list(h.modes)) for h in week],
    )
    left = await _left_outside(conn, psychologist_id, before, now, keep=keep)
    await record(conn, actor, "set hours", "psychologist", psychologist_id, now, stretches=len(week), outside=left)


async def add_exception(
    conn: Conn, actor: Actor, wanted: Exceptional, now: datetime, *, keep: bool = False
) -> UUID:
    """A day, or a part of one, that differs from the week. Raises Invalid, or SessionsOutside unless `keep`."""
    psychologist_id = _own(actor)
    await open_calendar(conn, psychologist_id)
    check_exception(wanted, await queries.today(conn, psychologist_id, now))
    if await queries.count_exceptions(conn, psychologist_id, now) >= MOST_EXCEPTIONS:
        raise Invalid.field("date", "too_many", "There are too many days that differ. Change the week instead.")
    before = await queries.outside(conn, psychologist_id, now)
    exception_id = new_id()
    await conn.execute(
        """
        insert into availability.exception (
            id, psychologist_id, on_date, from_minute, until_minute, kind, modes, created_at, created_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        exception_id, psychologist_id, wanted.on_date, wanted.from_minute, wanted.until_minute, wanted.kind,
        list(wanted.modes), now, actor.account_id,
    )
    left = await _left_outside(conn, psychologist_id, before, now, keep=keep)
    await record(
        conn, actor, "add a day", "psychologist", psychologist_id, now,
        exception=exception_id, kind=wanted.kind, date=wanted.on_date, outside=left,
    )
    return exception_id


async def remove_exception(
    conn: Conn, actor: Actor, exception_id: UUID, now: datetime, *, keep: bool = False
) -> None:
    """Raises NotFound when it is not this psychologist's, SessionsOutside unless `keep`."""
    psychologist_id = _own(actor)
    await open_calendar(conn, psychologist_id)
    before = await queries.outside(conn, psychologist_id, now)
    gone = await conn.fetchval(
        "delete from availability.exception where id = $1 and psychologist_id = $2 returning true",
        exception_id, psychologist_id,
    )
    if not gone:
        raise NotFound
    left = await _left_outside(conn, psychologist_id, before, now, keep=keep)
    await record(
        conn, actor, "remove a day", "psychologist", psychologist_id, now, exception=exception_id, outside=left
    )


async def set_numbers(
    conn: Conn, actor: Actor, time_zone: str, own: OwnNumbers, now: datetime, *, keep: bool = False
) -> None:
    """This psychologist's zone and numbers; None: the practice's counts. Raises Invalid, SessionsOutside."""
    if not is_zone(time_zone):
        raise Invalid.field("timeZone", "unknown", "There is no such time zone.")
    psychologist_id = _own(actor)
    await open_calendar(conn, psychologist_id)
    before = await queries.outside(conn, psychologist_id, now)
    changed = await conn.fetchval(
        """
        update availability.calendar
        set time_zone = $2, buffer_minutes = $3, notice_minutes = $4, horizon_days = $5, step_minutes = $6
        where psychologist_id = $1
          and (time_zone, buffer_minutes, notice_minutes, horizon_days, step_minutes)
              is distinct from ($2, $3, $4, $5, $6)
        returning true
        """,
        psychologist_id, time_zone, *msgspec.structs.astuple(own),
    )
    if changed:
        left = await _left_outside(conn, psychologist_id, before, now, keep=keep)
        await record(conn, actor, "set calendar", "psychologist", psychologist_id, now, outside=left)


async def _left_outside(
    conn: Conn, psychologist_id: UUID, before: list[str], now: datetime, *, keep: bool
) -> int:
    """How many sessions this change leaves outside; those that were booked outside already do not count."""
    left = [one for one in await queries.outside(conn, psychologist_id, now) if one not in before]
    if left and not keep:
        raise SessionsOutside(sessions=left)
    return len(left)


def _own(actor: Actor) -> UUID:
    assert actor.person_id is not None, "the edge lets in psychologists only"
    return actor.person_id


def _by_time(hours: Hours) -> tuple[int, int, int]:
    return hours.weekday, hours.from_minute, hours.until_minute
