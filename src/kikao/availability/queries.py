"""Free times, as somebody may see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import msgspec

from kikao.availability import sql
from kikao.availability.rules import MODES, Exceptional, Hours, Numbers, OwnNumbers
from kikao.core.db import Conn, Row, one
from kikao.core.errors import NotFound
from kikao.core.sql import Statement


class Slot(msgspec.Struct, frozen=True, gc=False):
    """A time that can be booked now. `start` is aware, in UTC; `place_id` where the mode is In Person."""

    psychologist_id: UUID
    start: datetime
    mode: str
    place_id: UUID | None = None


class Run(msgspec.Struct, frozen=True, gc=False):
    """Times that can be booked now, `step` minutes apart. `first` is aware; `shift`: the psychologist's own offset."""

    psychologist_id: UUID
    mode: str
    place_id: UUID | None
    first: datetime
    count: int
    step: int
    shift: timedelta

    def starts(self, zone: timezone) -> Iterator[datetime]:
        """In a zone of one offset."""
        start, step = self.first.astimezone(zone), timedelta(minutes=self.step)
        for _number in range(self.count):
            yield start
            start += step


class Wanted(msgspec.Struct, frozen=True):
    """Whose times are looked for: how long a session is there, and the last day of the licence."""

    psychologist_id: UUID
    minutes: int
    last_day: date | None = None


# Starts that are taken: a session that holds, unless its hold has run out by now, bars all that would reach into it.
_BARRED = """
barred as materialized (
    select x.psychologist_id, range_agg(tstzrange(x.from_at, x.until, '()')) as barred
    from (
        select a.psychologist_id, upper(b.occupied) as until,
               lower(b.occupied) - make_interval(mins => a.minutes + a.buffer) as from_at
        from asked a join sessions.busy b
          on b.psychologist_id = a.psychologist_id
         and b.occupied && tstzrange(a.lower, a.upper + make_interval(mins => a.minutes + a.buffer))
         -- Said again for the index by start, which is far quicker: nothing occupies more than eight hours.
         and b.starts_at > a.lower - interval '8 hours'
         and b.starts_at < a.upper + make_interval(mins => a.minutes + a.buffer)
        where b.hold_until is null or b.hold_until > :now::timestamptz
        union all
        select a.psychologist_id, upper(b.during), lower(b.during) - make_interval(mins => a.minutes)
        from asked a cross join sessions.busy b
        where b.client_id = :client_id::uuid and (b.hold_until is null or b.hold_until > :now::timestamptz)
    ) x
    group by x.psychologist_id
)
"""

_ASKED = f"""
asked as materialized (
    select w.psychologist_id, :modes::text[] as modes, w.minutes, w.last_day,
           greatest(:lower::timestamptz, :now::timestamptz) as lower, :upper::timestamptz as upper,
           {sql.CALENDAR_NUMBERS}
    from unnest(:psychologists::uuid[], :minutes::integer[], :last_days::date[]) w (psychologist_id, minutes, last_day)
    join availability.calendar c on c.psychologist_id = w.psychologist_id
)
"""
_WHOSE = """
from asked a
join open_time o on o.psychologist_id = a.psychologist_id
left join barred b on b.psychologist_id = a.psychologist_id
"""
_ALL = Statement(f"""
with {_ASKED}, {sql.OPEN_TIME}, {_BARRED}
select a.psychologist_id, o.mode, o.place_id, r.first_at, r.starts, a.step, r.shift
{_WHOSE}
cross join lateral unnest(o.hours) stretch
cross join lateral ({sql.RUNS}) r
order by r.first_at
""")
# One stretch after the other, each with its first start, until there is one: most have one in the first.
_NEXT = Statement(f"""
with {_ASKED}, {sql.OPEN_TIME}, {_BARRED}
select a.psychologist_id, min(f.first_at) as start_at
{_WHOSE}
cross join lateral (
    select m.first_at
    from unnest(o.hours) with ordinality s (stretch, number)
    cross join lateral (select min(first_at) as first_at from ({sql.RUNS}) r) m
    where m.first_at is not null
    order by s.number limit 1
) f
where :place_id::uuid is null or o.place_id = :place_id::uuid
group by a.psychologist_id
""")


def _values(
    wanted: Sequence[Wanted], lower: datetime, upper: datetime, now: datetime, numbers: Numbers,
    modes: Sequence[str], client_id: UUID | None,
) -> dict[str, object]:
    return {
        "psychologists": [w.psychologist_id for w in wanted],
        "minutes": [w.minutes for w in wanted],
        "last_days": [w.last_day for w in wanted],
        "lower": lower, "upper": upper, "now": now, "modes": list(modes), "client_id": client_id,
        **msgspec.structs.asdict(numbers),
    }


async def runs(
    conn: Conn, wanted: Sequence[Wanted], lower: datetime, upper: datetime, *,
    now: datetime, numbers: Numbers, modes: Sequence[str] = MODES, client_id: UUID | None = None,
) -> list[Run]:
    """Every start from `lower` to before `upper` that can be booked now, as runs in order; one query for everybody.

    What can be booked in two modes comes twice. `client_id`: leave out what overlaps this person's own sessions.
    """
    rows = await _ALL.rows(conn, **_values(wanted, lower, upper, now, numbers, modes, client_id))
    return [Run(*row) for row in rows]


async def free(
    conn: Conn, wanted: Sequence[Wanted], lower: datetime, upper: datetime, *,
    now: datetime, numbers: Numbers, modes: Sequence[str] = MODES, client_id: UUID | None = None,
) -> list[Slot]:
    """The same, one by one, in order."""
    found = await runs(conn, wanted, lower, upper, now=now, numbers=numbers, modes=modes, client_id=client_id)
    slots = [Slot(run.psychologist_id, start, run.mode, run.place_id) for run in found for start in run.starts(UTC)]
    return sorted(slots, key=lambda slot: (slot.start, slot.psychologist_id, slot.mode))


async def next_free(
    conn: Conn, wanted: Sequence[Wanted], lower: datetime, upper: datetime, *,
    now: datetime, numbers: Numbers, modes: Sequence[str] = MODES, place_id: UUID | None = None,
) -> dict[UUID, datetime]:
    """The first such start of each psychologist, in any of these modes, at this place; who has none is missing. One
    query."""
    rows = await _NEXT.rows(
        conn, **_values(wanted, lower, upper, now, numbers, modes, None), place_id=place_id)
    return {row["psychologist_id"]: row["start_at"] for row in rows}


# one's own calendar -------------------------------------------------------------------------------


async def week(conn: Conn, psychologist_id: UUID) -> list[Hours]:
    """The weekly hours, Monday first."""
    rows = await conn.fetch(
        """
        select weekday, from_minute, until_minute, modes, place_id from availability.hours
        where psychologist_id = $1 order by weekday, from_minute
        """,
        psychologist_id,
    )
    return [
        Hours(row["weekday"], row["from_minute"], row["until_minute"], tuple(row["modes"]), row["place_id"])
        for row in rows
    ]


class Listed(msgspec.Struct, frozen=True):
    id: UUID
    day: Exceptional


async def exceptions(
    conn: Conn, psychologist_id: UUID, now: datetime, *, after: tuple[date, UUID] | None = None, most: int = 20
) -> list[Listed]:
    """Days that differ, from today on, the nearest first; one more than `most`."""
    after_day, after_id = after or (None, None)
    rows = await conn.fetch(
        """
        select id, on_date, kind, from_minute, until_minute, modes, place_id from availability.exception
        where psychologist_id = $1 and on_date >= $2 and ($3::date is null or (on_date, id) > ($3, $4::uuid))
        order by on_date, id limit $5
        """,
        psychologist_id, await today(conn, psychologist_id, now), after_day, after_id, most + 1,
    )
    return [_listed(row) for row in rows]


async def exception(conn: Conn, exception_id: UUID) -> Listed:
    return _listed(one(await conn.fetchrow(
        """
        select id, on_date, kind, from_minute, until_minute, modes, place_id from availability.exception where id = $1
        """,
        exception_id,
    )))


def _listed(row: Row) -> Listed:
    day = Exceptional(
        row["on_date"], row["kind"], row["from_minute"], row["until_minute"], tuple(row["modes"]), row["place_id"]
    )
    return Listed(row["id"], day)


async def days(conn: Conn, psychologist_id: UUID, now: datetime) -> list[Exceptional]:
    """All days from today on that differ."""
    rows = await conn.fetch(
        """
        select id, on_date, kind, from_minute, until_minute, modes, place_id from availability.exception
        where psychologist_id = $1 and on_date >= $2 order by on_date, id
        """,
        psychologist_id, await today(conn, psychologist_id, now),
    )
    return [_listed(row).day for row in rows]


async def count_exceptions(conn: Conn, psychologist_id: UUID, now: datetime) -> int:
    return int(await conn.fetchval(
        "select count(*) from availability.exception where psychologist_id = $1 and on_date >= $2",
        psychologist_id, await today(conn, psychologist_id, now),
    ))


class Calendar(msgspec.Struct, frozen=True):
    time_zone: str
    own: OwnNumbers


async def calendar(conn: Conn, psychologist_id: UUID) -> Calendar:
    """The usual one where a psychologist has none yet."""
    row = await conn.fetchrow(
        """
        select time_zone, buffer_minutes, notice_minutes, horizon_days, step_minutes from availability.calendar
        where psychologist_id = $1
        """,
        psychologist_id,
    )
    return Calendar(row[0], OwnNumbers(*row[1:])) if row else Calendar("Africa/Nairobi", OwnNumbers())


async def today(conn: Conn, psychologist_id: UUID, now: datetime) -> date:
    """In the psychologist's zone, by the database's own idea of zones."""
    zone = (await calendar(conn, psychologist_id)).time_zone
    found: date = await conn.fetchval("select ($1::timestamptz at time zone $2::text)::date", now, zone)
    return found


# Sessions that are kept and do not lie within the open time of their mode and place. The window begins a day early,
# for one that is going on.
_OUTSIDE = Statement(f"""
with asked as materialized (
    select c.psychologist_id, c.time_zone, :modes::text[] as modes, 0 as minutes,
           :now::timestamptz - interval '1 day' as lower, :upper::timestamptz as upper
    from availability.calendar c where c.psychologist_id = :psychologist_id::uuid
),
{sql.OPEN_TIME}
select b.reference, lower(b.during) as start
from sessions.busy b
where b.psychologist_id = :psychologist_id::uuid and upper(b.during) > :now::timestamptz
  and (b.hold_until is null or b.hold_until > :now::timestamptz)
  and not exists (
      select from open_time o
      where o.mode = b.mode and o.place_id is not distinct from b.place_id and b.during <@ o.hours)
order by lower(b.during)
""")


class Kept(msgspec.Struct, frozen=True):
    """A session that is booked already. `start` is aware."""

    reference: str
    start: datetime


async def outside(conn: Conn, psychologist_id: UUID, now: datetime) -> list[Kept]:
    """Sessions that are kept and lie outside this psychologist's hours as they are, the next one first."""
    last = await conn.fetchval(
        """
        select max(upper(during)) from sessions.busy
        where psychologist_id = $1 and upper(during) > $2 and (hold_until is null or hold_until > $2)
        """,
        psychologist_id, now,
    )
    if last is None:
        return []
    rows = await _OUTSIDE.rows(
        conn, psychologist_id=psychologist_id, modes=list(MODES), now=now, upper=last + timedelta(days=1)
    )
    return [Kept(row["reference"], row["start"]) for row in rows]


# Open hours as they stand, whoever is booked in them: what a calendar shows behind the sessions. Merged over modes.
_OPEN = Statement(f"""
with asked as materialized (
    select c.psychologist_id, c.time_zone, :modes::text[] as modes, 0 as minutes,
           :lower::timestamptz as lower, :upper::timestamptz as upper
    from availability.calendar c where c.psychologist_id = any (:psychologists::uuid[])
),
{sql.OPEN_TIME}
select o.psychologist_id, lower(stretch) as from_at, upper(stretch) as to_at
from (select psychologist_id, range_agg(hours) as hours from open_time group by psychologist_id) o
cross join lateral unnest(o.hours) stretch
where stretch && tstzrange(:lower::timestamptz, :upper::timestamptz)
order by 1, 2
""")


async def open_hours(
    conn: Conn, psychologists: Sequence[UUID], lower: datetime, upper: datetime
) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """The stretches in which each of them can be met in some mode; who has none is missing."""
    rows = await _OPEN.rows(conn, psychologists=list(psychologists), lower=lower, upper=upper, modes=list(MODES))
    found: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for row in rows:
        found.setdefault(row["psychologist_id"], []).append((row["from_at"], row["to_at"]))
    return found


# places -------------------------------------------------------------------------------------------


class Place(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    address: str


async def places(conn: Conn) -> list[Place]:
    """Those that can be chosen, by name."""
    rows = await conn.fetch("select id, name, address from availability.place where closed_at is null order by name")
    return [Place(*row.values()) for row in rows]


async def place(conn: Conn, place_id: UUID) -> Place:
    """Closed ones, too. Raises NotFound."""
    row = await conn.fetchrow("select id, name, address from availability.place where id = $1", place_id)
    if row is None:
        raise NotFound
    return Place(*row.values())


async def who_is_where(conn: Conn, now: datetime) -> dict[UUID, list[UUID]]:
    """By place: whose week, or a day that is not over, has hours there; what keeps a place from being closed."""
    rows = await conn.fetch(
        """
        select place_id, array_agg(distinct psychologist_id) as psychologists
        from (select place_id, psychologist_id from availability.hours
              union all
              select place_id, psychologist_id from availability.exception where on_date >= $1::date - 1) h
        where place_id is not null group by place_id
        """,
        now.date(),
    )
    return {row["place_id"]: list(row["psychologists"]) for row in rows}


async def names(conn: Conn, psychologists: Sequence[UUID]) -> list[str]:
    rows = await conn.fetch("select name from accounts.people where id = any ($1) order by name", list(psychologists))
    return [row["name"] for row in rows]


async def places_of(conn: Conn, slots: Sequence[Slot | Run]) -> dict[UUID, Place]:
    """The places of these times; asks the database only where there are some."""
    wanted = {slot.place_id for slot in slots if slot.place_id is not None}
    if not wanted:
        return {}
    rows = await conn.fetch("select id, name, address from availability.place where id = any ($1)", list(wanted))
    return {row["id"]: Place(*row.values()) for row in rows}
