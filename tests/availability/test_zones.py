"""Free times in every zone, around every change of its clocks for two years."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from availability.calendars import MINUTE, OPEN_NUMBERS, book, offered, set_calendar, starts
from kikao.availability.rules import Hours
from kikao.core.db import Conn, Database
from support.cast import Cast
from support.sizes import FULL, size

FROM = datetime(2026, 11, 1, tzinfo=UTC)
YEARS = 2
SEED = 20_261_126  # of `make test`; `make proof` draws another each time
HOUR = timedelta(hours=1)
# Where clocks do something odd; always among those that are tried.
ODD = (
    "Africa/Nairobi", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu",
    "Pacific/Chatham", "America/St_Johns", "Antarctica/Troll", "Pacific/Kiritimati", "Africa/Cairo", "America/Havana",
    "Asia/Gaza", "Pacific/Apia", "Europe/Dublin",
)  # fmt: skip
# Night and day, so that every change falls into the hours or onto their edge.
WEEK = [
    Hours(1, 0, 1440), Hours(2, 8 * 60, 12 * 60), Hours(2, 13 * 60, 17 * 60), Hours(3, 9 * 60 + 15, 16 * 60),
    Hours(4, 22 * 60, 1440), Hours(5, 0, 2 * 60 + 30), Hours(6, 60, 4 * 60), Hours(7, 0, 3 * 60),
]  # fmt: skip


def changes(zone: ZoneInfo) -> Iterator[datetime]:
    """The instants at which this zone's offset changes, by Python's tables."""
    at, end = FROM, FROM + timedelta(days=365 * YEARS)
    while at < end:
        following = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            low, high = at, following
            while high - low > MINUTE:
                middle = low + (high - low) // 2
                middle = middle.replace(second=0, microsecond=0)
                same = middle.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high
        at = following


async def agree(conn: Conn, name: str) -> bool:
    """Whether PostgreSQL has this zone and the same clock as Python, each day and on both sides of each change."""
    zone = ZoneInfo(name)
    at = [FROM + timedelta(days=day) for day in range(365 * YEARS)]
    at += [moment for change in changes(zone) for moment in (change - MINUTE, change)]
    known = await conn.fetchval("select exists (select from pg_timezone_names where name = $1)", name)
    if not known:
        return False
    rows = await conn.fetchval(
        "select array_agg((t at time zone $2) - (t at time zone 'UTC') order by n)"
        " from unnest($1::timestamptz[]) with ordinality u (t, n)", at, name)
    return list(rows) == [moment.astimezone(zone).utcoffset() for moment in at]


async def zones(conn: Conn) -> tuple[int, list[str]]:
    """The seed, and the zones of this run."""
    seed = random.SystemRandom().randrange(1_000_000) if FULL else SEED
    names = sorted(available_timezones() - {"localtime", "Factory"})
    if not FULL:
        rest = [name for name in names if name not in ODD]
        random.Random(seed).shuffle(rest)
        names = [name for name in ODD if name in names] + rest
    agreed: list[str] = []
    for name in names:
        if len(agreed) < size("zones") and await agree(conn, name):
            agreed.append(name)
    return seed, agreed


def windows(zone: ZoneInfo, chance: random.Random) -> list[tuple[datetime, datetime]]:
    """A day and a half on each side of each change; a week somewhere for a zone that has none."""
    around = [(change - 36 * HOUR, change + 36 * HOUR) for change in changes(zone)]
    somewhere = FROM + timedelta(days=chance.randrange(365 * YEARS - 8))
    return around or [(somewhere, somewhere + timedelta(days=7))]


@pytest.fixture
def now() -> datetime:
    """When the practice began: before the times of this file, in whatever year it is read."""
    return FROM


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_every_zone(db: Database, cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    """What is offered is what a clock on the wall allows, and the booking statement agrees."""
    async with db.connection() as conn:
        seed, names = await zones(conn)
        chance = random.Random(seed)
        slots = booked = 0
        for name in names:
            zone = ZoneInfo(name)
            await set_calendar(conn, cast.otieno, name, WEEK)
            for lower, upper in windows(zone, chance):
                now = lower - 2 * HOUR
                found = await offered(conn, cast.otieno, lower, upper, now=now, numbers=OPEN_NUMBERS)
                wanted = list(starts(zone, WEEK, lower, upper, minutes=60, step=30))
                assert found == wanted, (name, seed, lower, sorted(set(found) ^ set(wanted)))
                slots += len(found)
                booked += await _try_some(conn, cast, lower, upper, found, chance)
    with capsys.disabled():
        print(f"\n  {len(names)} zones by seed {seed}: {slots:,} times offered, {booked:,} tried at the statement")


async def _try_some(
    conn: Conn, cast: Cast, lower: datetime, upper: datetime, found: list[datetime], chance: random.Random
) -> int:
    """A few that are offered can be booked; a few on the same grid that are not are refused."""
    now = lower - 2 * HOUR
    quarters = [lower + n * 15 * MINUTE for n in range(int((upper - lower) / (15 * MINUTE)))]
    others = sorted(set(quarters) - set(found))
    good = chance.sample(found, min(4, len(found)))
    bad = chance.sample(others, min(3, len(others)))
    for start in good:
        assert await book(conn, cast.otieno, cast.amina, start, now=now, numbers=OPEN_NUMBERS) == "booked", start
    for start in bad:
        said = await book(conn, cast.otieno, cast.amina, start, now=now, numbers=OPEN_NUMBERS)
        assert said in ("off_grid", "outside_hours"), start
    return len(good) + len(bad)


LONDON = "Europe/London"
NIGHT = [Hours(7, 0, 5 * 60)]  # Sundays until five in the morning


async def _on(conn: Conn, cast: Cast, day: datetime, minutes: int = 30) -> list[str]:
    """What is offered on this London day, as wall times with their offset."""
    zone = ZoneInfo(LONDON)
    await set_calendar(conn, cast.otieno, LONDON, NIGHT)
    found = await offered(
        conn, cast.otieno, day, day + 24 * HOUR, now=day - HOUR, numbers=OPEN_NUMBERS, minutes=minutes)
    return [at.astimezone(zone).strftime("%H:%M%z") for at in found]


async def test_a_skipped_hour_does_not_exist(conn: Conn, cast: Cast) -> None:
    found = await _on(conn, cast, datetime(2027, 3, 28, tzinfo=UTC))
    assert found == ["00:00+0000", "00:30+0000", "02:00+0100", "02:30+0100", "03:00+0100", "03:30+0100", "04:00+0100",
                     "04:30+0100"]


async def test_a_repeated_hour_is_offered_twice_with_its_offset(conn: Conn, cast: Cast) -> None:
    found = await _on(conn, cast, datetime(2027, 10, 30, 23, tzinfo=UTC))
    assert found == ["00:00+0100", "00:30+0100", "01:00+0100", "01:30+0100", "01:00+0000", "01:30+0000", "02:00+0000",
                     "02:30+0000", "03:00+0000", "03:30+0000", "04:00+0000", "04:30+0000"]


async def test_a_session_goes_on_across_a_change(conn: Conn, cast: Cast) -> None:
    """Ninety real minutes from 00:30 end at 03:00 by the wall; the hours are open all the while."""
    found = await _on(conn, cast, datetime(2027, 3, 28, tzinfo=UTC), minutes=90)
    assert found[:2] == ["00:00+0000", "00:30+0000"]
    assert found[-1] == "03:30+0100"


async def test_the_end_of_the_window_cuts_no_session_off(conn: Conn, cast: Cast) -> None:
    """A session that begins before the window ends may end on the next day of UTC."""
    await set_calendar(conn, cast.otieno, "Africa/Lagos", [Hours(day, 0, 1440) for day in range(1, 8)])
    lower = datetime(2027, 1, 10, 20, tzinfo=UTC)
    upper = datetime(2027, 1, 10, 23, 59, tzinfo=UTC)
    found = await offered(conn, cast.otieno, lower, upper, now=lower - HOUR, numbers=OPEN_NUMBERS, minutes=240)
    assert found[-1] == datetime(2027, 1, 10, 23, 30, tzinfo=UTC)
    assert len(found) == 8


async def test_a_start_at_this_very_moment_is_over(conn: Conn, cast: Cast) -> None:
    """It does not lie ahead: it would be held until now, which is not held at all."""
    await set_calendar(conn, cast.otieno, "Africa/Nairobi", [Hours(day, 0, 1440) for day in range(1, 8)])
    now = datetime(2027, 1, 10, 20, tzinfo=UTC)
    found = await offered(conn, cast.otieno, now, now + HOUR, now=now, numbers=OPEN_NUMBERS)
    assert found == [now + HOUR / 2]
    assert await book(conn, cast.otieno, cast.amina, now, now=now, numbers=OPEN_NUMBERS) == "in_the_past"
