"""Types, rates and their limits."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated

import msgspec

from kikao.availability.rules import MODES
from kikao.core.errors import Invalid
from kikao.core.i18n import later

SESSION_TYPES = (later("Individual"), later("Couples"), later("Family"), later("Group"))
# In addresses: no word that tells what a page is about.
TYPE_CODES = {"i": "Individual", "c": "Couples", "f": "Family", "g": "Group"}
MODE_CODES = {"o": "Online", "i": "In Person", "t": "Phone"}

Amount = Annotated[int, msgspec.Meta(ge=0, le=250_000)]
Minutes = Annotated[int, msgspec.Meta(ge=15, le=240)]


class Numbers(msgspec.Struct, frozen=True):
    """What counts where a psychologist has set no rate: KES and minutes of each type."""

    individual_amount: Amount = 2000
    individual_minutes: Minutes = 60
    couples_amount: Amount = 3500
    couples_minutes: Minutes = 75
    family_amount: Amount = 4500
    family_minutes: Minutes = 90
    group_amount: Amount = 1500
    group_minutes: Minutes = 90

    def default(self, session_type: str) -> tuple[int, int]:
        """KES and minutes."""
        name = session_type.lower()
        return getattr(self, f"{name}_amount"), getattr(self, f"{name}_minutes")


def check_session_type(session_type: str) -> None:
    if session_type not in SESSION_TYPES:
        raise Invalid.field("sessionType", "unknown_type", "There is no such session type.")


def check_mode(mode: str) -> None:
    if mode not in MODES:
        raise Invalid.field("mode", "unknown_mode", "Sessions are Online, In Person or Phone.")


def check_rate(amount: int, minutes: int) -> None:
    if not 0 <= amount <= 250_000:
        raise Invalid.field("amount", "out_of_range", "A rate is a whole number from 0 to 250,000 shillings.")
    if not 15 <= minutes <= 240:
        raise Invalid.field("minutes", "out_of_range", "A session lasts from 15 to 240 minutes.")


def mode_code(mode: str) -> str:
    return next(code for code, name in MODE_CODES.items() if name == mode)


def code_of(session_type: str) -> str:
    return next(code for code, name in TYPE_CODES.items() if name == session_type)


# a psychologist's own profile ---------------------------------------------------------------------

SEES = (later("children"), later("adolescents"), later("adults"), later("older adults"))
LONGEST = {
    "title": 80, "board": 120, "registration_number": 40, "licence_number": 40, "bio": 2000, "gender": 40,
    "meeting_link": 500,
}
NEEDED = ("title", "board", "registration_number")
MOST_WORDS = 20
ASKS_FIRST = "asks first"
TAKES = (ASKS_FIRST, "known clients at once", "everyone at once")
# What an admin has checked. Whoever changes one of them is checked again.
CHECKED = ("title", "board", "registration_number", "licence_number", "licence_until")


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def check_text(name: str, text: str | None) -> None:
    """Raises Invalid for a text of a profile that is too long, or missing where it is needed."""
    if name in NEEDED and not text:
        raise Invalid.field(camel(name), "missing", "Please fill this in.")
    if text is not None and len(text) > LONGEST[name]:
        raise Invalid.field(camel(name), "too_long", "This is too long.")
    if name == "meeting_link" and text and not re.fullmatch(r"https://[^\s/]+\.[^\s]+", text):
        raise Invalid.field("meetingLink", "not_https", "A link to meet begins with https://.")


def check_takes(takes: str) -> None:
    if takes not in TAKES:
        raise Invalid.field("takes", "unknown_word", "One of these words is not known here.")


def check_last_day(until: date | None) -> None:
    if until is not None and not date(2000, 1, 1) <= until <= date(2100, 1, 1):
        raise Invalid.field("licenceUntil", "out_of_range", "This day cannot be the last of a licence.")


def check_words(name: str, words: tuple[str, ...]) -> None:
    """Raises Invalid for a list of a profile: unknown words where they are given, too many or too long ones."""
    known = {"session_types": SESSION_TYPES, "modes": MODES, "sees": SEES}.get(name)
    if known is not None and not (words and set(words) <= set(known)):
        raise Invalid.field(camel(name), "unknown_word", "One of these words is not known here.")
    if name == "languages" and not all(re.fullmatch(r"[a-z]{2,3}", word) for word in words):
        raise Invalid.field("languages", "unknown_word", "Languages are codes like en, sw or luo.")
    if len(words) > MOST_WORDS or len(set(words)) != len(words) or not all(1 <= len(word) <= 60 for word in words):
        raise Invalid.field(camel(name), "wrong_list", "This list is too long, or has a word twice.")


def needed_to_be_listed(
    *, has_licence: bool, said_yes: bool, has_emergency_line: bool
) -> list[str]:
    """What is still missing before somebody can be listed; empty: nothing."""
    wanted = (("licence", has_licence), ("public_yes", said_yes), ("emergency_line", has_emergency_line))
    return [name for name, there in wanted if not there]


GRACE = timedelta(days=31)


def check_grace(licence_until: date | None, until: date, reason: str) -> str:
    """The reason, tidied: why slots may lie past the licence's last day, a month at most. Raises Invalid."""
    if licence_until is None:
        raise Invalid.field("until", "no_licence", "The licence's last day is not known yet.")
    if not licence_until < until <= licence_until + GRACE:
        raise Invalid.field(
            "until", "out_of_range", "Please choose a day from {first} to {last}.",
            first=licence_until + timedelta(days=1), last=licence_until + GRACE,
        )
    why = reason.strip()
    if not 1 <= len(why) <= 300:
        raise Invalid.field("reason", "missing", "Please say why, in a few words.")
    return why
