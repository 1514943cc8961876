"""Hours and free times: what can be decided from values alone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from kikao.core.errors import Invalid

LONGEST_SPAN_DAYS = 62


class Numbers(msgspec.Struct, frozen=True):
    """The practice's numbers; each psychologist may set their own (null in `availability.calendar`)."""

    buffer_minutes: Annotated[int, msgspec.Meta(ge=0, le=240)] = 15
    notice_minutes: Annotated[int, msgspec.Meta(ge=0, le=43_200)] = 720
    horizon_days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 60
    step_minutes: Annotated[int, msgspec.Meta(ge=5, le=240)] = 30


class OwnNumbers(msgspec.Struct, frozen=True):
    """A psychologist's own ones, in the order of the calendar's columns; None: the practice's number counts."""

    buffer_minutes: Annotated[int, msgspec.Meta(ge=0, le=240)] | None = None
    notice_minutes: Annotated[int, msgspec.Meta(ge=0, le=43_200)] | None = None
    horizon_days: Annotated[int, msgspec.Meta(ge=1, le=365)] | None = None
    step_minutes: Annotated[int, msgspec.Meta(ge=5, le=240)] | None = None


# `In Person` needs a place, and nobody can enter places yet.
MODES_NOW = ("Online", "Phone")
MOST_STRETCHES = 70
AHEAD = timedelta(days=2 * 366)


class Hours(msgspec.Struct, frozen=True):
    """One stretch of a week: `weekday` 1 (Monday) to 7, minutes past local midnight."""

    weekday: int
    from_minute: int
    until_minute: int
    modes: tuple[str, ...] = ("Online",)


class Exceptional(msgspec.Struct, frozen=True):
    """A local day, or a part of one, that differs from the week: `off` or `extra`."""

    on_date: date
    kind: str
    from_minute: int = 0
    until_minute: int = 1440
    modes: tuple[str, ...] = ("Online",)


def read_clock(text: str, field: str) -> int:
    """`09:30` as minutes past midnight; `24:00` is the end of the day. Raises Invalid."""
    hours, colon, minutes = text.partition(":")
    if colon and hours.isdecimal() and minutes.isdecimal() and len(hours) in (1, 2) and len(minutes) == 2:
        value = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and value <= 1440:
            return value
    raise Invalid.field(field, "not_a_time", "Please write a time of day like 09:30.")


def clock_text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def check_modes(modes: tuple[str, ...], field: str) -> None:
    if not modes or len(set(modes)) != len(modes) or not set(modes) <= set(MODES_NOW):
        raise Invalid.field(field, "unknown_mode", "Times can be Online or Phone, or both.")


def check_exception(wanted: Exceptional, today: date) -> None:
    """Raises Invalid; `today` is the psychologist's."""
    if wanted.kind not in ("off", "extra"):
        raise Invalid.field("kind", "unknown_kind", "A day differs by being off, or extra.")
    if wanted.on_date < today:
        raise Invalid.field("date", "in_the_past", "This day lies in the past.")
    if wanted.on_date > today + AHEAD:
        raise Invalid.field("date", "beyond_horizon", "This day lies more than two years ahead.")
    if not 0 <= wanted.from_minute < wanted.until_minute <= 1440:
        raise Invalid.field("to", "ends_before_it_begins", "This ends before it begins.")
    check_modes(wanted.modes, "modes")


def check_week(week: list[Hours]) -> None:
    """Raises Invalid where a stretch is empty or two of one day overlap; the table refuses the same."""
    if len(week) > MOST_STRETCHES:
        raise Invalid.field("hours", "too_many", "These are too many stretches for one week.")
    for number, hours in enumerate(week):
        check_modes(hours.modes, f"hours[{number}].modes")
        if not 1 <= hours.weekday <= 7:
            raise Invalid.field(f"hours[{number}].weekday", "not_a_weekday", "Week-days are 1 (Monday) to 7.")
        if not 0 <= hours.from_minute < hours.until_minute <= 1440:
            raise Invalid.field(f"hours[{number}].to", "ends_before_it_begins", "These hours end before they begin.")
    ordered = sorted(week, key=lambda hours: (hours.weekday, hours.from_minute))
    for earlier, later in pairwise(ordered):
        if earlier.weekday == later.weekday and later.from_minute < earlier.until_minute:
            raise Invalid.field("hours", "overlap", "Two stretches of one day overlap.")


def window(from_day: date, to_day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants from the start of one local day to the end of another."""
    begin = datetime.combine(from_day, time(), zone)
    end = datetime.combine(to_day + timedelta(days=1), time(), zone)
    return begin, end


def read_days(from_day: date | None, to_day: date | None, today: date) -> tuple[date, date]:
    """The days asked for, both included; by default two weeks from today. Raises Invalid."""
    first = from_day or today
    if abs(first - today) > AHEAD:
        raise Invalid.field("from", "out_of_range", "Only days within two years can be asked for.")
    last = to_day or first + timedelta(days=13)
    if last < first:
        raise Invalid.field("to", "before_from", "The last day lies before the first.")
    if (last - first).days >= LONGEST_SPAN_DAYS:
        raise Invalid.field("to", "too_long", "At most 62 days can be asked for at once.")
    return first, last
