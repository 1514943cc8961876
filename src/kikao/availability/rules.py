"""Hours and free times: what can be decided from values alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kikao.core.errors import FieldError, Invalid, all_of, refused
from kikao.core.i18n import later
from kikao.notifications.rules import telling_words

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


OUT_OF_BOUNDS = {
    "buffer_minutes": later("Between 0 and 240 minutes can be kept free after a session."),
    "notice_minutes": later("The shortest notice can be 0 to 720 hours, which is 30 days."),
    "horizon_days": later("People can book 1 to 365 days ahead."),
    "step_minutes": later("Between 5 and 240 minutes can lie from one start to the next."),
}


def read_own(values: Mapping[str, Any]) -> OwnNumbers:
    """Raises Invalid, by the names of OwnNumbers, for all that lie outside their bounds at once."""
    wrong = []
    for name, value in values.items():
        try:
            msgspec.convert({name: value}, OwnNumbers)
        except msgspec.ValidationError:
            wrong.append(FieldError(name, "out_of_range", OUT_OF_BOUNDS[name]))
    if wrong:
        raise Invalid(wrong[0].detail, fields=wrong)
    return msgspec.convert(values, OwnNumbers)


class TravelNumbers(msgspec.Struct, frozen=True):
    """What the practice keeps free between hours at two different places; 0: nothing."""

    travel_minutes: Annotated[int, msgspec.Meta(ge=0, le=480)] = 60


IN_PERSON = later("In Person")
MODES = (later("Online"), IN_PERSON, later("Phone"))
MOST_STRETCHES = 70
AHEAD = timedelta(days=2 * 366)


class Hours(msgspec.Struct, frozen=True):
    """One stretch of a week: `weekday` 1 (Monday) to 7, minutes past local midnight."""

    weekday: int
    from_minute: int
    until_minute: int
    modes: tuple[str, ...] = ("Online",)
    place_id: UUID | None = None


class Exceptional(msgspec.Struct, frozen=True):
    """A local day, or a part of one, that differs from the week: `off` or `extra`."""

    on_date: date
    kind: str
    from_minute: int = 0
    until_minute: int = 1440
    modes: tuple[str, ...] = ("Online",)
    place_id: UUID | None = None


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


def check_modes(modes: tuple[str, ...], place_id: UUID | None, before: str = "", *, off: bool = False) -> None:
    """`before` stands before the names of the fields; what is off has no place. Raises Invalid."""
    if not modes or len(set(modes)) != len(modes) or not set(modes) <= set(MODES):
        raise Invalid.field(f"{before}modes", "unknown_mode", "Please choose online, in person or phone, or several.")
    if IN_PERSON in modes and place_id is None and not off:
        raise Invalid.field(f"{before}placeId", "missing", "Times in person need a place.")
    if (off or IN_PERSON not in modes) and place_id is not None:
        raise Invalid.field(f"{before}placeId", "not_in_person", "Only times in person have a place.")


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
    check_modes(wanted.modes, wanted.place_id, off=wanted.kind == "off")


def check_week(week: list[Hours]) -> None:
    """Raises Invalid where a stretch is empty or two of one day overlap; the table refuses the same."""
    if len(week) > MOST_STRETCHES:
        raise Invalid.field("hours", "too_many", "These are too many stretches for one week.")
    for number, hours in enumerate(week):
        check_modes(hours.modes, hours.place_id, f"hours[{number}].")
        if not 1 <= hours.weekday <= 7:
            raise Invalid.field(f"hours[{number}].weekday", "not_a_weekday", "Week-days are 1 (Monday) to 7.")
        if not 0 <= hours.from_minute < hours.until_minute <= 1440:
            raise Invalid.field(f"hours[{number}].to", "ends_before_it_begins", "These hours end before they begin.")
    ordered = sorted(week, key=lambda hours: (hours.weekday, hours.from_minute))
    for earlier, after in pairwise(ordered):
        if earlier.weekday == after.weekday and after.from_minute < earlier.until_minute:
            raise Invalid.field("hours", "overlap", "Two stretches of one day overlap.")


# the way between two places ------------------------------------------------------------------------

A_DAY, A_WEEK = 1440, 10_080
_NO_TIME = "Between hours at two different places there has to be time for the way."


class _There(msgspec.Struct, frozen=True):
    """Somebody is at a place, in minutes from some midnight; `field` is what to put right."""

    begin: int
    end: int
    place_id: UUID
    field: str


def _check_way(found: list[_There], minutes: int) -> None:
    """Raises Invalid where two places are closer in time than the way between them takes."""
    for one in found:
        for other in found:
            if one.place_id != other.place_id and one.begin <= other.begin < one.end + minutes:
                raise Invalid.field(other.field, "travel_time", _NO_TIME)


def check_travel(week: list[Hours], days: list[Exceptional], minutes: int) -> None:
    """Raises Invalid where the hours of a week, or of a day that differs, leave no time to go from place to place."""
    here = [
        _There(begin := (hours.weekday - 1) * A_DAY + hours.from_minute, begin + hours.until_minute - hours.from_minute,
               hours.place_id, f"hours[{number}].from")
        for number, hours in enumerate(week) if hours.place_id is not None
    ]
    # Sunday night is followed by Monday morning.
    again = [msgspec.structs.replace(one, begin=one.begin + A_WEEK, end=one.end + A_WEEK) for one in here]
    _check_way([*here, *again], minutes)
    for day in sorted({day.on_date for day in days if day.place_id is not None}):
        _check_way(
            [there for ahead in (-1, 0, 1) for there in _on_day(day + timedelta(days=ahead), ahead, week, days)],
            minutes,
        )


def _on_day(day: date, ahead: int, week: list[Hours], days: list[Exceptional]) -> list[_There]:
    """Where somebody is on one day, by the week less what is off, and by what is extra."""
    differ = [one for one in days if one.on_date == day]
    found = []
    for hours in week:
        if hours.weekday == day.isoweekday() and hours.place_id is not None:
            parts = [(hours.from_minute, hours.until_minute)]
            for off in differ:
                if off.kind == "off":
                    parts = [part for old in parts for part in _without(old, off.from_minute, off.until_minute)]
            found += [(begin, end, hours.place_id) for begin, end in parts]
    found += [(one.from_minute, one.until_minute, one.place_id) for one in differ if one.place_id is not None]
    return [_There(begin + ahead * A_DAY, end + ahead * A_DAY, place, "from") for begin, end, place in found]


def _without(part: tuple[int, int], begin: int, end: int) -> list[tuple[int, int]]:
    first, last = part
    return [(low, high) for low, high in ((first, min(last, begin)), (max(first, end), last)) if low < high]


def check_place(name: str, address: str) -> None:
    """Raises Invalid. Whoever sees the name over a shoulder must not learn from it what is done there."""
    if refusal := all_of(refused(lambda: _check_name(name)), refused(lambda: _check_address(address))):
        raise refusal


def _check_name(name: str) -> None:
    if not name:
        raise Invalid.field("name", "wrong_length", "Please give the place a name.")
    if len(name) > 60:
        raise Invalid.field("name", "wrong_length", "A name has at most 60 characters.")
    if telling_words(name):
        raise Invalid.field("name", "telling_word", "This name says what is done there. Please choose a neutral one.")


def _check_address(address: str) -> None:
    if not address:
        raise Invalid.field("address", "wrong_length", "Please give the place its address.")
    if len(address) > 200:
        raise Invalid.field("address", "wrong_length", "An address has at most 200 characters.")


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
