"""What may be said, to whom, and by which way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from kikao.core.ids import read_reference
from kikao.core.phone import Contact

# Why a row was dropped. Everything else that stands there is the reason of a channel.
NO_LONGER_TRUE = "no longer true"
NO_CONTACT = "no contact"
WITHHELD = {state: f"reader is {state}" for state in ("blocked", "deceased", "erased")}
NOBODYS_FAULT = (NO_LONGER_TRUE, *WITHHELD.values())  # not for the desk: nobody has to be rung

SPOKEN = "a person says it"  # true, and not for a machine to write: it stands on the list of whom the desk rings
BY_TELEPHONE = "told by telephone"  # what was stuck, and somebody told it

# A way that is down for a moment is worth waiting for: after these tries (3 s) the other one is taken.
TRIES_BY_ONE_WAY = 3
# When a way stays down, as long as it takes and as long as the message stays true.
PATIENCE = timedelta(minutes=5)


def preferred(proved: Iterable[Contact]) -> tuple[Contact, ...]:
    """Of contacts in the order in which they are wanted, one a kind: the chosen one, else the one signed up with."""
    ways: dict[str, Contact] = {}
    for contact in proved:
        ways.setdefault(contact.kind, contact)
    return tuple(ways.values())


def withheld(state: str, *, code: bool) -> str | None:
    """Why somebody in this state is not told; None when they are. A blocked person still gets codes."""
    if state == "blocked" and code:
        return None
    return WITHHELD.get(state)


# when ---------------------------------------------------------------------------------------------

Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class Numbers(msgspec.Struct, frozen=True):
    """The practice's numbers for messages. Hours of the day are the reader's; equal ones: no quiet hours."""

    quiet_from_hour: Hour = 21
    quiet_until_hour: Hour = 7
    first_reminder_hours: Annotated[int, msgspec.Meta(ge=2, le=168)] = 27
    last_reminder_minutes: Annotated[int, msgspec.Meta(ge=15, le=720)] = 60
    tomorrow_at_hour: Hour = 18


class Timing(msgspec.Struct, frozen=True):
    """What decides whether a message may wait for the morning. `lapses_at`: after it, it is worth nothing;
    `starts_at`: of the session that it changes; `caused_at`: when its reader last did something about it."""

    lapses_at: datetime | None = None
    starts_at: datetime | None = None
    caused_at: datetime | None = None


JUST_DONE = timedelta(minutes=30)
SOON = timedelta(hours=12)
AFTER_THE_NIGHT = timedelta(hours=1)  # what lapses this soon after the night is told in it
BEFORE_THE_NIGHT = timedelta(minutes=30)


def is_quiet(at: datetime, zone: str, numbers: Numbers) -> bool:
    """Whether it is night for a reader in this zone."""
    hour, begin, end = at.astimezone(ZoneInfo(zone)).hour, numbers.quiet_from_hour, numbers.quiet_until_hour
    return begin <= hour < end if begin <= end else hour >= begin or hour < end


def _morning(at: datetime, zone: str, numbers: Numbers) -> datetime:
    """The end of the night that `at` lies in."""
    local = at.astimezone(ZoneInfo(zone))
    end = datetime.combine(local.date(), time(numbers.quiet_until_hour), local.tzinfo)
    if end.astimezone(at.tzinfo) <= at:
        end = datetime.combine(local.date() + timedelta(days=1), time(numbers.quiet_until_hour), local.tzinfo)
    return end.astimezone(at.tzinfo)


def _evening(at: datetime, zone: str, numbers: Numbers) -> datetime:
    """Half an hour before the night that `at` lies in began."""
    local = at.astimezone(ZoneInfo(zone))
    begin = datetime.combine(local.date(), time(numbers.quiet_from_hour), local.tzinfo)
    if begin.astimezone(at.tzinfo) > at:
        begin = datetime.combine(local.date() - timedelta(days=1), time(numbers.quiet_from_hour), local.tzinfo)
    return begin.astimezone(at.tzinfo) - BEFORE_THE_NIGHT


def goes_at(now: datetime, zone: str, timing: Timing, numbers: Numbers) -> datetime:
    """`now`, or the end of the reader's night: what they caused themselves, what would lapse before they are up,
    and what changes a session that begins soon is told at night too."""
    if not is_quiet(now, zone, numbers):
        return now
    morning = _morning(now, zone, numbers)
    caused = timing.caused_at is not None and now - timing.caused_at <= JUST_DONE
    lapses = timing.lapses_at is not None and timing.lapses_at < morning + AFTER_THE_NIGHT
    near = timing.starts_at is not None and timedelta() <= timing.starts_at - now <= SOON
    return now if caused or lapses or near else morning


def reminder_at(starts_at: datetime, before: timedelta, zone: str, numbers: Numbers) -> datetime:
    """When somebody is reminded. What would come at night comes at its end if that is an hour before the start, by
    the clock (the day before, for a reminder that comes a day ahead); else half an hour before that night."""
    at = starts_at - before
    if not is_quiet(at, zone, numbers):
        return at
    morning = _morning(at, zone, numbers)
    if starts_at - timedelta(days=before.days) > morning + AFTER_THE_NIGHT:
        return morning
    return _evening(at, zone, numbers)


def half_way(since: datetime, until: datetime) -> datetime:
    return since + (until - since) / 2


# telling words ------------------------------------------------------------------------------------

# Found wherever they stand, also inside a host's name. English, then Swahili.
_ANYWHERE = (
    "therap", "psych", "counsel", "clinic", "suicid", "depress", "trauma", "rehab", "mentalhealth",
    "saikoloji", "nasaha", "matibabu", "mtibabu", "kliniki", "mfadhaiko", "sonona", "kujiua", "nasihi",
)  # fmt: skip
# Found where a word begins: inside others they are harmless (fundamental, wakili).
_BEGINNINGS = (
    "mental", "addict", "anxi", "diagnos", "disorder", "health", "heal", "patient", "bereave", "griev", "psy",
    "treatment", "wellness", "wellbeing", "illness", "marriage", "marital", "abus",
    "tiba", "mshauri", "washauri", "ushauri", "afya", "akili", "daktari", "madaktari", "mgonjwa", "wagonjwa",
    "ugonjwa", "kiwewe", "uraibu", "wazimu", "kichaa", "unyogovu", "msongo", "hospitali", "talaka",
    "wasiwasi", "huzuni", "ulevi", "mganga", "waganga", "msiba", "kufiwa",
)  # fmt: skip
# Telling as whole words only: titles, and the types of what is booked.
_WORDS = (
    "dr", "doctor", "doctors", "grief", "stress", "mind", "individual", "couple", "couples", "couple's",
    "family", "families", "group", "groups", "child", "children",
    "dkt", "familia", "wanandoa", "ndoa", "kikundi", "vikundi", "mtoto", "watoto",
)  # fmt: skip
# `session` (kikao) is not telling: it is the neutral word of this house, as at a gym or a photographer's.

_LETTER = r"[^\W\d_]"
_REFERENCE = re.compile(r"(?<!\w)[2-9A-HJKMNP-Z]{8}(?!\w)")


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<!{_LETTER})(?:{either})(?!{_LETTER})")


_TELLING = re.compile(
    rf"{_LETTER}*(?:{'|'.join(_ANYWHERE)}){_LETTER}*"
    rf"|(?<!{_LETTER})(?:{'|'.join(_BEGINNINGS)}){_LETTER}*"
    rf"|{_pattern(_WORDS).pattern}"
)


def telling_words(text: str, people: Iterable[str] = (), places: Iterable[str] = ()) -> list[str]:
    """The words, in lower case, that would tell a stranger what this is about, in English or Swahili.
    Any part of the name of one of `people` (psychologists) is telling too, and `places` as they stand."""
    plain = _plain(_REFERENCE.sub(_unless_reference, text))
    names = [part for name in people for part in _plain(name).split() if len(part) > 2]
    names += [_plain(place) for place in places]
    return _TELLING.findall(plain) + (_pattern(names).findall(plain) if names else [])


def _unless_reference(found: re.Match[str]) -> str:
    """A reference says nothing, whatever its random letters happen to spell."""
    return " " if read_reference(found[0]) else found[0]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
