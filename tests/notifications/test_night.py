"""Quiet hours and reminders, by the reader's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kikao.notifications.rules import Numbers, Timing, goes_at, half_way, is_quiet, reminder_at

NUMBERS = Numbers()
ZONES = st.sampled_from(sorted(available_timezones()))
TIMES = st.integers(0, 4 * 366 * 24 * 3600).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
HOURS = st.builds(Numbers, quiet_from_hour=st.integers(20, 23), quiet_until_hour=st.integers(5, 9))
SPANS = st.timedeltas(timedelta(days=-3), timedelta(days=3))
NIGHT = timedelta(hours=14)  # longer than any of these
NAIROBI = "Africa/Nairobi"


def at(text: str) -> datetime:
    """An hour of Nairobi's, in November 2026: `24 21:30`."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(NAIROBI)).astimezone(UTC)


@given(TIMES, ZONES, HOURS)
def test_what_can_wait_never_goes_at_night_and_never_waits_longer_than_one(
    now: datetime, zone: str, numbers: Numbers
) -> None:
    gone = goes_at(now, zone, Timing(), numbers)
    assert not is_quiet(gone, zone, numbers)
    assert now <= gone < now + NIGHT
    if is_quiet(now, zone, numbers):
        assert (gone - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).hour != gone.astimezone(ZoneInfo(zone)).hour
        assert gone.astimezone(ZoneInfo(zone)).hour == numbers.quiet_until_hour
    else:
        assert gone == now


@given(TIMES, ZONES, HOURS, SPANS)
def test_what_cannot_wait_goes_at_once(now: datetime, zone: str, numbers: Numbers, span: timedelta) -> None:
    morning = goes_at(now, zone, Timing(), numbers)
    lapses, starts, caused = now + span, now + span, now - abs(span)
    near = timedelta() <= span <= timedelta(hours=12)  # what begins soon; what is past waits for the morning
    assert goes_at(now, zone, Timing(lapses_at=lapses), numbers) == (
        now if lapses < morning + timedelta(hours=1) else morning)
    assert goes_at(now, zone, Timing(starts_at=starts), numbers) == (now if near else morning)
    assert goes_at(now, zone, Timing(caused_at=caused), numbers) == (
        now if abs(span) <= timedelta(minutes=30) else morning)


@pytest.mark.parametrize(
    ("now", "timing", "gone"),
    [
        ("24 20:59", Timing(), "24 20:59"),
        ("24 21:00", Timing(), "25 07:00"),
        ("25 06:59", Timing(), "25 07:00"),
        ("25 07:00", Timing(), "25 07:00"),
        ("24 23:00", Timing(lapses_at=at("25 07:59")), "24 23:00"),
        ("24 23:00", Timing(lapses_at=at("25 08:00")), "25 07:00"),
        ("24 23:00", Timing(starts_at=at("25 11:00")), "24 23:00"),
        ("24 23:00", Timing(starts_at=at("25 11:01")), "25 07:00"),
        ("24 23:00", Timing(caused_at=at("24 22:30")), "24 23:00"),
        ("24 23:00", Timing(caused_at=at("24 22:29")), "25 07:00"),
    ],
)
def test_a_night_in_nairobi(now: str, timing: Timing, gone: str) -> None:
    assert goes_at(at(now), NAIROBI, timing, NUMBERS) == at(gone)


def test_equal_hours_are_no_night() -> None:
    awake = Numbers(quiet_from_hour=7, quiet_until_hour=7)
    assert not any(is_quiet(at(f"24 {hour:02d}:00"), NAIROBI, awake) for hour in range(24))


@pytest.mark.parametrize(
    ("start", "a_day_ahead", "an_hour_ahead"),
    [
        ("26 14:00", "25 11:00", "26 13:00"),
        ("26 10:00", "25 07:00", "26 09:00"),
        ("26 09:30", "25 07:00", "26 08:30"),  # 06:30 is night, and the start is after 08:00
        ("26 08:00", "24 20:30", "26 07:00"),
        ("26 07:30", "24 20:30", "25 20:30"),
        ("26 00:30", "24 20:30", "25 20:30"),
        ("26 23:00", "25 20:00", "26 20:30"),
    ],
)
def test_a_reminder_that_falls_into_the_night(start: str, a_day_ahead: str, an_hour_ahead: str) -> None:
    assert reminder_at(at(start), timedelta(hours=27), NAIROBI, NUMBERS) == at(a_day_ahead)
    assert reminder_at(at(start), timedelta(hours=1), NAIROBI, NUMBERS) == at(an_hour_ahead)


@given(TIMES, ZONES, HOURS, st.sampled_from([timedelta(hours=27), timedelta(hours=1), timedelta(minutes=15)]))
def test_a_reminder_comes_by_day_and_in_time(
    start: datetime, zone: str, numbers: Numbers, before: timedelta
) -> None:
    gone = reminder_at(start, before, zone, numbers)
    assert not is_quiet(gone, zone, numbers)
    assert start - before - NIGHT < gone <= start - timedelta(days=before.days) - min(before, timedelta(hours=1)) or (
        gone == start - before)
    assert gone < start


@given(TIMES, SPANS)
def test_half_way_is_in_the_middle(since: datetime, span: timedelta) -> None:
    half = half_way(since, since + span)
    assert abs((half - since) - (since + span - half)) <= timedelta(microseconds=1)
