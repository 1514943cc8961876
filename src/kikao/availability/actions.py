"""Changing when and where a psychologist can be met: the week, days that differ from it, places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from asyncpg import UniqueViolationError

from kikao.availability import queries
from kikao.availability.queries import Kept
from kikao.availability.rules import (
    Exceptional,
    Hours,
    OwnNumbers,
    TravelNumbers,
    check_exception,
    check_place,
    check_travel,
    check_week,
)
from kikao.core.actor import Actor
from kikao.core.clock import is_zone
from kikao.core.db import Conn, savepoint
from kikao.core.errors import BY_CONSTRAINT, Invalid, NotFound, Refusal
from kikao.core.ids import new_id
from kikao.journal.actions import record

MOST_EXCEPTIONS = 400  # ahead; more than a year of single days


class SessionsOutside(Refusal):
    """`sessions`: the references of those that would lie outside; `kept`: the same with their starts."""

    code = "sessions_outside"
    detail = "Sessions that are booked already would be outside these times. Cancel them first, or keep them."

    def __init__(self, kept: Sequence[Kept] = ()) -> None:
        super().__init__(sessions=[one.reference for one in kept])
        self.kept = kept


class PlaceInUse(Refusal):
    """`place` and `people`: its name, and theirs."""

    code, detail = "place_in_use", "There are hours of {people} at {place}. They have to be moved first."


class PlaceTwice(Refusal):
    code, detail = "place_twice", "There is a place of this name already."


BY_CONSTRAINT["place_name_once"] = PlaceTwice


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


async def set_hours(
    conn: Conn, actor: Actor, week: list[Hours], now: datetime, *, travel: TravelNumbers, keep: bool = False
) -> None:
    """This psychologist's whole week. Raises Invalid, or SessionsOutside unless `keep`; then nothing was changed."""
    check_week(week)
    psychologist_id = _own(actor)
    await open_calendar(conn, psychologist_id)
    await _hold_places(conn, {f"hours[{n}].placeId": hours.place_id for n, hours in enumerate(week) if hours.place_id})
    check_travel(week, await queries.days(conn, psychologist_id, now), travel.travel_minutes)
    if sorted(week, key=_by_time) == sorted(await queries.week(conn, psychologist_id), key=_by_time):
        return
    before = await queries.outside(conn, psychologist_id, now)
    await conn.execute("delete from availability.hours where psychologist_id = $1", psychologist_id)
    await conn.executemany(
        """
        insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes, place_id)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        [(new_id(), psychologist_id, h.weekday, h.from_minute, h.until_minute, list(h.modes), h.place_id)
         for h in week],
    )
    left = await _left_outside(conn, psychologist_id, before, now, keep=keep)
    await record(conn, actor, "set hours", "psychologist", psychologist_id, now, stretches=len(week), outside=left)


async def add_exception(
    conn: Conn, actor: Actor, wanted: Exceptional, now: datetime, *, travel: TravelNumbers, keep: bool = False
) -> UUID:
    """A day, or a part of one, that differs from the week. Raises Invalid, or SessionsOutside unless `keep`."""
    psychologist_id = _own(actor)
    await open_calendar(conn, psychologist_id)
    check_exception(wanted, await queries.today(conn, psychologist_id, now))
    if await queries.count_exceptions(conn, psychologist_id, now) >= MOST_EXCEPTIONS:
        raise Invalid.field("date", "too_many", "There are too many days that differ. Change the week instead.")
    await _hold_places(conn, {"placeId": wanted.place_id} if wanted.place_id else {})
    await _check_days(conn, psychologist_id, now, travel, more=[wanted])
    before = await queries.outside(conn, psychologist_id, now)
    exception_id = new_id()
    await conn.execute(
        """
        insert into availability.exception (
            id, psychologist_id, on_date, from_minute, until_minute, kind, modes, place_id, created_at, created_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        exception_id, psychologist_id, wanted.on_date, wanted.from_minute, wanted.until_minute, wanted.kind,
        list(wanted.modes), wanted.place_id, now, actor.account_id,
    )
    left = await _left_outside(conn, psychologist_id, before, now, keep=keep)
    await record(
        conn, actor, "add a day", "psychologist", psychologist_id, now,
        exception=exception_id, kind=wanted.kind, date=wanted.on_date, outside=left,
    )
    return exception_id


async def remove_exception(
    conn: Conn, actor: Actor, exception_id: UUID, now: datetime, *, travel: TravelNumbers, keep: bool = False
) -> None:
    """Raises NotFound when it is not this psychologist's, Invalid, SessionsOutside unless `keep`."""
    psychologist_id = _own(actor)
    await open_calendar(conn, psychologist_id)
    before = await queries.outside(conn, psychologist_id, now)
    gone = await conn.fetchval(
        "delete from availability.exception where id = $1 and psychologist_id = $2 returning true",
        exception_id, psychologist_id,
    )
    if not gone:
        raise NotFound
    await _check_days(conn, psychologist_id, now, travel)
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
    conn: Conn, psychologist_id: UUID, before: list[Kept], now: datetime, *, keep: bool
) -> int:
    """How many sessions this change leaves outside; those that were booked outside already do not count."""
    left = [one for one in await queries.outside(conn, psychologist_id, now) if one not in before]
    if left and not keep:
        raise SessionsOutside(left)
    return len(left)


async def _check_days(
    conn: Conn, psychologist_id: UUID, now: datetime, travel: TravelNumbers, more: list[Exceptional] | None = None
) -> None:
    days = await queries.days(conn, psychologist_id, now)
    check_travel(await queries.week(conn, psychologist_id), [*days, *(more or [])], travel.travel_minutes)


async def _hold_places(conn: Conn, wanted: dict[str, UUID | None]) -> None:
    """By field; held against closing until the transaction ends. Raises Invalid for one that is closed or unknown."""
    rows = await conn.fetch(
        "select id from availability.place where id = any ($1) and closed_at is null for share", list(wanted.values())
    )
    there = {row["id"] for row in rows}
    for field, place_id in wanted.items():
        if place_id not in there:
            raise Invalid.field(field, "unknown_place", "There is no such place.")


# places, by an admin ------------------------------------------------------------------------------


async def add_place(conn: Conn, actor: Actor, name: str, address: str, now: datetime) -> UUID:
    """Raises Invalid, PlaceTwice."""
    name, address = name.strip(), address.strip()
    check_place(name, address)
    place_id = new_id()
    made = await conn.fetchval(
        """
        insert into availability.place (id, name, address, created_at) values ($1, $2, $3, $4)
        on conflict do nothing returning true
        """,
        place_id, name, address, now,
    )
    if not made:
        raise PlaceTwice
    await record(conn, actor, "add a place", "place", place_id, now)
    return place_id


async def correct_place(
    conn: Conn, actor: Actor, place_id: UUID, name: str, address: str, now: datetime
) -> None:
    """The same place, better said: sessions there stay there and show it as it is said now. A closed one, too.

    Raises NotFound, Invalid, PlaceTwice.
    """
    name, address = name.strip(), address.strip()
    check_place(name, address)
    row = await conn.fetchrow("select name, address from availability.place where id = $1 for update", place_id)
    if row is None:
        raise NotFound
    if (row["name"], row["address"]) == (name, address):
        return
    try:
        async with savepoint(conn):
            await conn.execute(
                "update availability.place set name = $2, address = $3 where id = $1", place_id, name, address
            )
    except UniqueViolationError as error:
        raise PlaceTwice from error
    await record(conn, actor, "correct a place", "place", place_id, now)


async def close_place(conn: Conn, actor: Actor, place_id: UUID, now: datetime) -> None:
    """Nobody can choose it any more; sessions there stay. Raises NotFound, PlaceInUse."""
    row = await conn.fetchrow("select name, closed_at from availability.place where id = $1 for update", place_id)
    if row is None:
        raise NotFound
    if row["closed_at"] is not None:
        return
    if there := (await queries.who_is_where(conn, now)).get(place_id):
        raise PlaceInUse(place=row["name"], people=", ".join(await queries.names(conn, there)))
    await conn.execute("update availability.place set closed_at = $2 where id = $1", place_id, now)
    await record(conn, actor, "close a place", "place", place_id, now)


def _own(actor: Actor) -> UUID:
    assert actor.person_id is not None, "the edge lets in psychologists only"
    return actor.person_id


def _by_time(hours: Hours) -> tuple[int, int, int]:
    return hours.weekday, hours.from_minute, hours.until_minute
