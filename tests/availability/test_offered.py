"""What is offered can be booked, and what is not offered is refused: random calendars, against a clock on a wall."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from availability.calendars import MINUTE, book, set_calendar, starts
from kikao.availability.queries import Wanted, free
from kikao.availability.rules import MODES, Exceptional, Hours, Numbers
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


Offer = tuple[datetime, str, UUID | None]
PLACES = (UUID(int=1), UUID(int=2))
WAYS: tuple[tuple[str, UUID | None], ...] = (
    ("Online", None), *(("In Person", place_id) for place_id in PLACES), ("Phone", None))
modes = st.lists(st.sampled_from(MODES), min_size=1, unique=True).map(tuple)


def met(draw: st.DrawFn) -> tuple[tuple[str, ...], UUID | None]:
    """Modes, and a place where one of them is In Person."""
    found = draw(modes)
    return found, draw(st.sampled_from(PLACES)) if "In Person" in found else None


quarter = st.integers(0, 95).map(lambda n: n * 15)


@st.composite
def weeks(draw: st.DrawFn) -> list[Hours]:
    found = []
    for weekday in range(1, 8):
        edges = draw(st.lists(st.one_of(quarter, st.integers(0, 1440)), max_size=4, unique=True).map(sorted))
        found += [Hours(weekday, low, high, *met(draw)) for low, high in zip(edges[::2], edges[1::2], strict=False)]
    return found


edges = st.tuples(quarter, st.one_of(quarter, st.just(1440))).filter(lambda found: found[0] != found[1])


@st.composite
def differing(draw: st.DrawFn) -> list[Exceptional]:
    """Days that differ; no two extra ones at different places at once, which the table refuses."""
    found: list[Exceptional] = []
    for _number in range(draw(st.integers(0, 4))):
        day, kind, (low, high) = draw(st.integers(0, DAYS)), draw(st.sampled_from(("off", "extra"))), draw(edges)
        how, place_id = met(draw) if kind == "extra" else (("Online",), None)
        one = Exceptional(BEGINS.date() + timedelta(days=day), kind, min(low, high), max(low, high), how, place_id)
        if not any(_elsewhere(one, other) for other in found):
            found.append(one)
    return found


def _elsewhere(one: Exceptional, other: Exceptional) -> bool:
    return (one.on_date == other.on_date and None not in (one.place_id, other.place_id)
            and one.place_id != other.place_id
            and one.from_minute < other.until_minute and other.from_minute < one.until_minute)


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
    Case, zone=st.sampled_from(ZONES), week=weeks(), exceptions=differing(),
    busy=st.lists(busy, max_size=5), numbers=numbers, own=st.booleans(), minutes=st.sampled_from((15, 50, 60, 90, 240)),
    last_day=st.integers(0, DAYS).map(lambda day: BEGINS.date() + timedelta(days=day)), wait=st.integers(0, 3000),
)  # fmt: skip


async def lay(world: Alone, case: Case, now: datetime) -> list[tuple[Busy, datetime]]:
    """The case in the database; the sessions that found a place."""
    cast, conn = world.cast, world.conn
    await conn.executemany(
        "insert into availability.place (id, name, address, created_at) values ($1, $2, '1 Long Road', now())",
        [(place_id, f"Room {number}") for number, place_id in enumerate(PLACES)])
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


def expected(
    case: Case, placed: list[tuple[Busy, datetime]], now: datetime, mode: str, place_id: UUID | None
) -> Iterator[Offer]:
    """By the wall clock and plain comparisons."""
    zone = ZoneInfo(case.zone)
    length, buffer = case.minutes * MINUTE, case.numbers.buffer_minutes * MINUTE
    earliest = now + case.numbers.notice_minutes * MINUTE
    latest = now + timedelta(days=case.numbers.horizon_days)
    for start in starts(
        zone, case.week, BEGINS, BEGINS + timedelta(days=DAYS), minutes=case.minutes, step=case.numbers.step_minutes,
        exceptions=case.exceptions, mode=mode, place_id=place_id,
    ):
        fits = now < start and earliest <= start <= latest and start.astimezone(zone).date() <= case.last_day
        if fits and not any(_meet(one, at, start, length, buffer) for one, at in placed):
            yield start, mode, place_id


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
    slots = await free(
        world.conn, [Wanted(world.cast.otieno.person_id, case.minutes, case.last_day)], BEGINS,
        BEGINS + timedelta(days=DAYS), now=now, numbers=practice, client_id=world.cast.amina.person_id)
    found = [(slot.start, slot.mode, slot.place_id) for slot in slots]
    wanted = [offer for mode, place_id in WAYS for offer in expected(case, placed, now, mode, place_id)]
    assert found == sorted(wanted, key=lambda offer: offer[:2])
    by_start = {offer[:2]: offer[2] for offer in found}
    assert len(by_start) == len(found), "nobody is at two places at once"
    for number in tries:
        near, near_mode, _place = found[number % len(found)] if found else (now, "Online", None)
        # One that is offered, one beside it, and one anywhere.
        anywhere = BEGINS + (number * 7919 % (DAYS * 288)) * 5 * MINUTE
        for start, mode in (
            (near, near_mode), (near + (1 + number % 90) * MINUTE, near_mode), (near, MODES[number % 3]),
            (anywhere, MODES[number % 3]),
        ):
            said = await book(
                world.conn, world.cast.otieno, world.cast.amina, start, now=now, numbers=practice, mode=mode)
            place_id = by_start.get((start, mode))
            booked = f"booked at {place_id}" if place_id else "booked"
            assert (said == booked) == ((start, mode) in by_start), (start, mode, said)
            if place_id:
                said = await book(
                    world.conn, world.cast.otieno, world.cast.amina, start, now=now, numbers=practice, mode=mode,
                    place_id=PLACES[1 - PLACES.index(place_id)])
                assert said == "outside_hours", "it was offered at the other place"
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
        seen[2] += 4 * tried

    try:
        check()
    finally:
        world.close()
    with capsys.disabled():
        print(f"\n  {seen[0]} calendars with {seen[1]:,} free times, {seen[2]:,} tried at the statement")
    assert seen[0] > EXAMPLES / 4
