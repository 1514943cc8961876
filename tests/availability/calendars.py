"""A psychologist's calendar in a test, what the database offers for it, and what an independent clock says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kikao.availability.queries import Wanted, free
from kikao.availability.rules import Exceptional, Hours, Numbers
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import Invalid, Refusal
from kikao.core.ids import new_id
from kikao.core.practice import Snapshot
from kikao.sessions import booking
from support.cast import Member

VAULT = Vault([b"k" * 32])
MINUTE = timedelta(minutes=1)
# Nothing but the hours decides: no notice, the furthest horizon, no buffer.
OPEN_NUMBERS = Numbers(buffer_minutes=0, notice_minutes=0, horizon_days=365, step_minutes=30)


def practice(numbers: Numbers) -> Snapshot:
    return Snapshot(1, {f"availability.{name}": value for name, value in msgspec.structs.asdict(numbers).items()})


async def set_calendar(
    conn: Conn, who: Member, zone: str, week: Sequence[Hours], exceptions: Sequence[Exceptional] = (),
) -> None:
    """By plain SQL, in place of what was there."""
    for table in ("hours", "exception"):
        await conn.execute(f"delete from availability.{table} where psychologist_id = $1", who.person_id)
    await conn.execute(
        "update availability.calendar set time_zone = $2 where psychologist_id = $1", who.person_id, zone)
    await conn.execute("update directory.psychologist set licence_until = '2099-12-31'")
    await conn.executemany(
        "insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes, place_id)"
        " values ($1, $2, $3, $4, $5, $6, $7)",
        [(new_id(), who.person_id, h.weekday, h.from_minute, h.until_minute, list(h.modes), h.place_id)
         for h in week],
    )
    await conn.executemany(
        "insert into availability.exception (id, psychologist_id, on_date, from_minute, until_minute, kind, modes,"
        " place_id, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, now(), $2)",
        [(new_id(), who.person_id, e.on_date, e.from_minute, e.until_minute, e.kind, list(e.modes), e.place_id)
         for e in exceptions],
    )


async def offered(
    conn: Conn, who: Member, lower: datetime, upper: datetime, *, now: datetime, numbers: Numbers, minutes: int = 60,
) -> list[datetime]:
    """Online."""
    found = await free(
        conn, [Wanted(who.person_id, minutes)], lower, upper, now=now, numbers=numbers, modes=("Online",))
    return [slot.start for slot in found]


async def add_place(conn: Conn, name: str) -> UUID:
    place_id = new_id()
    await conn.execute(
        "insert into availability.place (id, name, address, created_at) values ($1, $2, '1 Long Road', now())",
        place_id, name)
    return place_id


async def book(
    conn: Conn, who: Member, client: Member, start: datetime, *, now: datetime, numbers: Numbers, mode: str = "Online",
    place_id: UUID | None = None,
) -> str:
    """What the booking statement says to this start, in a transaction that is rolled back: `booked`, or why not.

    In person, `booked at` and the place that the session keeps.
    """
    asked = booking.Request(
        psychologist_id=who.person_id, session_type="Individual", starts_at=start, client_id=client.person_id,
        asker_id=client.person_id, proved=True, mode=mode, place_id=place_id,
    )
    tried = conn.transaction()
    await tried.start()
    try:
        booked = await booking.request(conn, asked, now, practice(numbers), VAULT)
        there = await conn.fetchval("select place_id from sessions.session where id = $1", booked.session_id)
        return f"booked at {there}" if there else "booked"
    except Invalid as refused:
        return refused.fields[0].code
    except Refusal as refused:
        return refused.code
    finally:
        await tried.rollback()


# the oracle: a clock on a wall, minute by minute --------------------------------------------------


def is_open(
    local: datetime, week: Sequence[Hours], exceptions: Sequence[Exceptional], mode: str, place_id: UUID | None
) -> bool:
    minute = local.hour * 60 + local.minute
    here = [e for e in exceptions if e.on_date == local.date() and e.from_minute <= minute < e.until_minute]
    for extra in here:
        if extra.kind == "extra" and mode in extra.modes:
            return mode != "In Person" or extra.place_id == place_id
    if any(e.kind == "off" for e in here):
        return False
    return any(
        h.weekday == local.isoweekday() and h.from_minute <= minute < h.until_minute and mode in h.modes
        and (mode != "In Person" or h.place_id == place_id)
        for h in week)


def starts(
    zone: ZoneInfo, week: Sequence[Hours], lower: datetime, upper: datetime, *, minutes: int, step: int,
    exceptions: Sequence[Exceptional] = (), mode: str = "Online", place_id: UUID | None = None,
) -> Iterator[datetime]:
    """Every start from `lower` to before `upper` at which the wall clock stands on the step and that lies, to its last
    minute, within the hours. Goes through real minutes, so a skipped wall time never comes and a repeated one does."""
    first = lower.astimezone(UTC)
    count = int((upper - lower) / MINUTE) + minutes
    local = [(first + n * MINUTE).astimezone(zone) for n in range(count)]
    opened = [is_open(at, week, exceptions, mode, place_id) for at in local]
    run = 0  # open minutes from here on
    runs = [0] * count
    for n in range(count - 1, -1, -1):
        run = run + 1 if opened[n] else 0
        runs[n] = run
    for n in range(count - minutes):
        at = local[n]
        if at.second == 0 and (at.hour * 60 + at.minute) % step == 0 and runs[n] >= minutes:
            yield first + n * MINUTE
