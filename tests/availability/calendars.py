"""A psychologist's calendar in a test, what the database offers for it, and what an independent clock says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
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
        "insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes)"
        " values ($1, $2, $3, $4, $5, $6)",
        [(new_id(), who.person_id, h.weekday, h.from_minute, h.until_minute, list(h.modes)) for h in week],
    )
    await conn.executemany(
        "insert into availability.exception (id, psychologist_id, on_date, from_minute, until_minute, kind, modes,"
        " created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, now(), $2)",
        [(new_id(), who.person_id, e.on_date, e.from_minute, e.until_minute, e.kind, list(e.modes))
         for e in exceptions],
    )


async def offered(
    conn: Conn, who: Member, lower: datetime, upper: datetime, *, now: datetime, numbers: Numbers, minutes: int = 60,
    last_day: date | None = None, client_id: UUID | None = None,
) -> list[datetime]:
    found = await free(
        conn, [Wanted(who.person_id, minutes, last_day)], lower, upper, now=now, numbers=numbers, client_id=client_id)
    return [slot.start for slot in found]


async def book(
    conn: Conn, who: Member, client: Member, start: datetime, *, now: datetime, numbers: Numbers
) -> str:
    """What the booking statement says to this start, in a transaction that is rolled back: `booked`, or why not."""
    asked = booking.Request(
        psychologist_id=who.person_id, session_type="Individual", starts_at=start, client_id=client.person_id,
        account_id=client.account_id, proved=True,
    )
    tried = conn.transaction()
    await tried.start()
    try:
        await booking.request(conn, asked, now, practice(numbers), VAULT)
        return "booked"
    except Invalid as refused:
        return refused.fields[0].code
    except Refusal as refused:
        return refused.code
    finally:
        await tried.rollback()


# the oracle: a clock on a wall, minute by minute --------------------------------------------------


def is_open(local: datetime, week: Sequence[Hours], exceptions: Sequence[Exceptional] = ()) -> bool:
    minute = local.hour * 60 + local.minute
    here = [e for e in exceptions if e.on_date == local.date() and e.from_minute <= minute < e.until_minute]
    if any(e.kind == "extra" for e in here):
        return True
    if any(e.kind == "off" for e in here):
        return False
    return any(h.weekday == local.isoweekday() and h.from_minute <= minute < h.until_minute for h in week)


def starts(
    zone: ZoneInfo, week: Sequence[Hours], lower: datetime, upper: datetime, *, minutes: int, step: int,
    exceptions: Sequence[Exceptional] = (),
) -> Iterator[datetime]:
    """Every start from `lower` to before `upper` at which the wall clock stands on the step and that lies, to its last
    minute, within the hours. Goes through real minutes, so a skipped wall time never comes and a repeated one does."""
    first = lower.astimezone(UTC)
    count = int((upper - lower) / MINUTE) + minutes
    local = [(first + n * MINUTE).astimezone(zone) for n in range(count)]
    opened = [is_open(at, week, exceptions) for at in local]
    run = 0  # open minutes from here on
    runs = [0] * count
    for n in range(count - 1, -1, -1):
        run = run + 1 if opened[n] else 0
        runs[n] = run
    for n in range(count - minutes):
        at = local[n]
        if at.second == 0 and (at.hour * 60 + at.minute) % step == 0 and runs[n] >= minutes:
            yield first + n * MINUTE
