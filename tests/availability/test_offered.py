"""What is offered can be booked, and what is not offered is refused: random calendars, against a clock on a wall."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from availability.calendars import MINUTE, book, offered, set_calendar, starts
from kikao.availability.rules import Exceptional, Hours, Numbers
from kikao.core.ids import new_id
from sessions.staging import stage
from support.alone import Alone
from support.sizes import FULL

BEGINS = datetime(2026, 10, 22, 6, 0, tzinfo=UTC)  # clocks change in New York and London in the days that follow
DAYS = 12
EXAMPLES = 400 if FULL else 60
ZONES = ("Africa/Nairobi", "America/New_York", "Europe/London", "Asia/Kathmandu")


class Busy(msgspec.Struct, frozen=True):
    """A session that is there already: `whose` time it takes, how far ahead, its status and its own buffer."""

    whose: str
    ahead: int
    status: str
    buffer: int
    overdue: bool


class Case(msgspec.Struct, frozen=True):
    zone: str
    week: list[Hours]
    exceptions: list[Exceptional]
    busy: list[Busy]
    numbers: Numbers
    own: bool
    minutes: int
    last_day: date
    wait: int


quarter = st.integers(0, 95).map(lambda n: n * 15)


@st.composite
def weeks(draw: st.DrawFn) -> list[Hours]:
    found = []
    for weekday in range(1, 8):
        edges = draw(st.lists(st.one_of(quarter, st.integers(0, 1440)), max_size=4, unique=True).map(sorted))
        found += [Hours(weekday, low, high) for low, high in zip(edges[::2], edges[1::2], strict=False)]
    return found


exceptions = st.builds(
    lambda day, kind, edges: Exceptional(BEGINS.date() + timedelta(days=day), kind, min(edges), max(edges)),
    st.integers(0, DAYS), st.sampled_from(("off", "extra")),
    st.tuples(quarter, st.one_of(quarter, st.just(1440))).filter(lambda edges: edges[0] != edges[1]),
)  # fmt: skip
busy = st.builds(
    Busy, whose=st.sampled_from(("theirs", "theirs", "own")), ahead=st.integers(1, DAYS * 96),
    status=st.sampled_from(("Confirmed", "Approved", "Cancelled")), buffer=st.sampled_from((0, 15, 45)),
    overdue=st.booleans(),
)  # fmt: skip
numbers = st.builds(
    Numbers, buffer_minutes=st.sampled_from((0, 5, 15, 60)), notice_minutes=st.sampled_from((0, 1, 90, 720, 3000)),
    horizon_days=st.integers(1, DAYS), step_minutes=st.sampled_from((5, 7, 15, 30, 45, 60, 240)),
)  # fmt: skip
cases = st.builds(
    Case, zone=st.sampled_from(ZONES), week=weeks(), exceptions=st.lists(exceptions, max_size=3),
    busy=st.lists(busy, max_size=5), numbers=numbers, own=st.booleans(), minutes=st.sampled_from((15, 50, 60, 90, 240)),
    last_day=st.integers(0, DAYS).map(lambda day: BEGINS.date() + timedelta(days=day)), wait=st.integers(0, 3000),
)  # fmt: skip


async def lay(world: Alone, case: Case, now: datetime) -> list[tuple[Busy, datetime]]:
    """The case in the database; the sessions that found a place."""
    cast, conn = world.cast, world.conn
    await set_calendar(conn, cast.otieno, case.zone, case.week, case.exceptions)
    await conn.execute("update directory.psychologist set licence_until = $1", case.last_day)
    await conn.execute(
        "insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)"
        " values ($1, $2, 'Individual', 1000, $3, $4, $2)", new_id(), cast.otieno.person_id, case.minutes, BEGINS)
    if case.own:  # the psychologist's own numbers, where the practice would have others
        await conn.execute(
            "update availability.calendar set (buffer_minutes, notice_minutes, horizon_days, step_minutes)"
            " = ($2, $3, $4, $5) where psychologist_id = $1", cast.otieno.person_id,
            *msgspec.structs.astuple(case.numbers))
    placed = []
    for number, one in enumerate(case.busy, start=1):
        start = BEGINS + one.ahead * 15 * MINUTE
        try:
            async with conn.transaction():
                await stage(
                    conn, cast, one.status, start, now - timedelta(hours=9) if one.overdue else now,
                    client=cast.amina if one.whose == "own" else cast.baraka, open_no=10 + number,
                    psychologist=cast.wanjiru if one.whose == "own" else cast.otieno, buffer=one.buffer)
            placed.append((one, start))
        except asyncpg.ExclusionViolationError:
            continue
    return placed


def expected(case: Case, placed: list[tuple[Busy, datetime]], now: datetime) -> Iterator[datetime]:
    """By the wall clock and plain comparisons."""
    zone = ZoneInfo(case.zone)
    length, buffer = case.minutes * MINUTE, case.numbers.buffer_minutes * MINUTE
    earliest = now + case.numbers.notice_minutes * MINUTE
    latest = now + timedelta(days=case.numbers.horizon_days)
    for start in starts(
        zone, case.week, BEGINS, BEGINS + timedelta(days=DAYS), minutes=case.minutes, step=case.numbers.step_minutes,
        exceptions=case.exceptions,
    ):
        fits = now < start and earliest <= start <= latest and start.astimezone(zone).date() <= case.last_day
        if fits and not any(_meet(one, at, start, length, buffer) for one, at in placed):
            yield start


def _meet(one: Busy, at: datetime, start: datetime, length: timedelta, buffer: timedelta) -> bool:
    if one.status == "Cancelled" or (one.status == "Approved" and one.overdue):
        return False
    end = at + timedelta(hours=1)
    if one.whose == "own":
        return at < start + length and start < end
    return at < start + length + buffer and start < end + one.buffer * MINUTE


async def try_case(world: Alone, case: Case, tries: list[int]) -> tuple[int, int]:
    now = BEGINS + case.wait * MINUTE
    placed = await lay(world, case, now)
    practice = Numbers() if case.own else case.numbers
    found = await offered(
        world.conn, world.cast.otieno, BEGINS, BEGINS + timedelta(days=DAYS), now=now, numbers=practice,
        minutes=case.minutes, last_day=case.last_day, client_id=world.cast.amina.person_id)
    assert found == list(expected(case, placed, now))
    for number in tries:
        near = found[number % len(found)] if found else now
        # One that is offered, one beside it, and one anywhere.
        anywhere = BEGINS + (number * 7919 % (DAYS * 288)) * 5 * MINUTE
        for start in (near, near + (1 + number % 90) * MINUTE, anywhere):
            said = await book(world.conn, world.cast.otieno, world.cast.amina, start, now=now, numbers=practice)
            assert (said == "booked") == (start in found), (start, said)
    return len(found), len(tries)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_random_calendars(capsys: pytest.CaptureFixture[str]) -> None:
    world = Alone(BEGINS)
    seen = [0, 0, 0]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))
    @given(case=cases, tries=st.lists(st.integers(0, 10_000), min_size=3, max_size=3))
    def check(case: Case, tries: list[int]) -> None:
        world.begin()
        try:
            slots, tried = world.run(try_case(world, case, tries))
        finally:
            world.undo()
        seen[0] += bool(slots)
        seen[1] += slots
        seen[2] += 3 * tried

    try:
        check()
    finally:
        world.close()
    with capsys.disabled():
        print(f"\n  {seen[0]} calendars with {seen[1]:,} free times, {seen[2]:,} tried at the statement")
    assert seen[0] > EXAMPLES / 4
