"""Numbers and forms of accounts: what decides without looking anywhere."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from kikao.core.errors import Invalid, NotPossible
from kikao.core.i18n import later
from kikao.core.phone import Contact, can_be_prompted, read_contact, read_phone

LONGEST_NAME = 80
STAFF = frozenset({"psychologist", "desk", "finance", "admin"})
# Most power first: the role that programs show when they can show only one.
RANK = ("admin", "finance", "desk", "psychologist", "client")
_OWN_NAME = re.compile(r"(?=.*[a-z])[a-z0-9._-]{3,40}")


class Numbers(msgspec.Struct, frozen=True):
    """Practice settings of this room."""

    code_minutes: Annotated[int, Meta(ge=2, le=60)] = 10
    code_tries: Annotated[int, Meta(ge=1, le=10)] = 5
    codes_an_hour: Annotated[int, Meta(ge=1, le=20)] = 3
    codes_a_day: Annotated[int, Meta(ge=1, le=100)] = 10
    reset_minutes: Annotated[int, Meta(ge=10, le=1440)] = 60
    invitation_hours: Annotated[int, Meta(ge=1, le=168)] = 72
    wrong_tries: Annotated[int, Meta(ge=3, le=20)] = 5
    pause_minutes: Annotated[int, Meta(ge=1, le=1440)] = 15
    idle_minutes: Annotated[int, Meta(ge=5, le=720)] = 30
    browser_hours: Annotated[int, Meta(ge=1, le=72)] = 24
    own_phone_days: Annotated[int, Meta(ge=1, le=90)] = 30
    staff_hours: Annotated[int, Meta(ge=1, le=24)] = 12
    token_days: Annotated[int, Meta(ge=1, le=90)] = 30
    forget_days: Annotated[int, Meta(ge=1, le=30)] = 7


class Span(msgspec.Struct, frozen=True):
    """How long a sign-in lasts: until `until`, and no longer than `idle_minutes` without a request."""

    until: datetime
    idle_minutes: int | None


def span(kind: str, own_phone: bool, roles: Collection[str], numbers: Numbers, now: datetime) -> Span:
    """Those who work here have a day's work, whether a browser signs in or a program."""
    if not STAFF.isdisjoint(roles):
        return Span(now + timedelta(hours=numbers.staff_hours), None)
    if kind == "api":
        return Span(now + timedelta(days=numbers.token_days), None)
    if own_phone:
        return Span(now + timedelta(days=numbers.own_phone_days), None)
    return Span(now + timedelta(hours=numbers.browser_hours), numbers.idle_minutes)


def ranked(roles: Collection[str]) -> tuple[str, ...]:
    return tuple(role for role in RANK if role in roles)


# how a person stands ------------------------------------------------------------------------------

ACTIVE, BLOCKED, DECEASED, ERASED = "active", "blocked", "deceased", "erased"
# To which state from which: what was a mistake can be set right, but what was erased is gone.
STATES: dict[str, frozenset[str]] = {
    ACTIVE: frozenset({BLOCKED, DECEASED}),
    BLOCKED: frozenset({ACTIVE, DECEASED}),
    DECEASED: frozenset({ACTIVE, BLOCKED}),
    ERASED: frozenset({ACTIVE, BLOCKED, DECEASED}),
}
# Who stands where somebody is forgotten, and the row that is kept of them needs a person.
FORGOTTEN = UUID(int=1)
LONGEST_REASON = 500


def check_state(was: str, state: str, reason: str) -> str:
    """The reason, tidied. Raises Invalid, NotPossible."""
    if state not in STATES:
        raise Invalid.field("state", "unknown", "There is no such state.")
    text = reason.strip()
    if not text:
        raise Invalid.field("reason", "missing", "Please say why, in a few words.")
    if len(text) > LONGEST_REASON:
        raise Invalid.field("reason", "too_long", "A reason can have 500 characters at most.")
    if was not in STATES[state]:
        raise NotPossible("This person is {state}: that cannot become another state in this way.", state=was)
    return text


def may_set_state(by: Collection[str], of: Collection[str], state: str) -> bool:
    """Desk for clients, admin for everybody; only an admin erases."""
    if "admin" in by:
        return True
    return "desk" in by and state != ERASED and STAFF.isdisjoint(of)


# what people type ---------------------------------------------------------------------------------


def called(typed: str, field: str = "name") -> str:
    """A name to be called by. Raises Invalid."""
    name = " ".join(typed.split())
    if not name:
        raise Invalid.field(field, "missing", "Please give a name.")
    if len(name) > LONGEST_NAME:
        raise Invalid.field(field, "too_long", "A name can have 80 characters at most.")
    if not name.isprintable():
        raise Invalid.field(field, "unusable_text", "This name has characters that cannot be used.")
    return name


_NO_CONTACT = later("Please give a mobile phone number, like 0700 000 001, or an e-mail address.")
_NOT_A = {
    "phone": later("Please give a mobile phone number, like 0700 000 001."),
    "email": later("Please give a whole e-mail address, with its @."),
}


def contact(typed: str, field: str = "contact") -> Contact:
    """A phone number or an e-mail address that a code can be sent to. Raises Invalid."""
    found = read_contact(typed)
    if found is None:
        raise Invalid.field(field, "not_a_contact", _NOT_A.get(field, _NO_CONTACT))
    check_reach(found, field)
    return found


def check_reach(found: Contact, field: str = "contact") -> None:
    """Codes go to Kenyan numbers only. Raises Invalid for others."""
    if found.kind == "phone" and not can_be_prompted(found.value):
        raise Invalid.field(
            field, "email_needed",
            "We cannot send codes to phone numbers outside Kenya. Please give an e-mail address instead.",
        )


def login_name(typed: str) -> str:
    """What stands in the table for what somebody signs in with: a contact in its one form, or a name."""
    found = read_contact(typed)
    return found.value if found else typed.strip().lower()[:254]


def own_name(typed: str, field: str = "login") -> str:
    """A sign-in name of one's own choosing. Raises Invalid."""
    name = typed.strip().lower()
    if not _OWN_NAME.fullmatch(name) or read_phone(name) is not None:
        raise Invalid.field(
            field, "not_a_name",
            "This cannot be a sign-in name: 3 to 40 letters, digits, dots, hyphens or underscores, no spaces, at least "
            "one letter.",
        )
    return name


def code_digits(typed: str) -> str:
    """Six digits, however they were spaced; empty when it cannot be a code."""
    digits = re.sub(r"[\s-]", "", typed)
    return digits if len(digits) == 6 and digits.isascii() and digits.isdecimal() else ""


# acting for somebody ------------------------------------------------------------------------------

RELATIONS = ("parent", "guardian", "carer")
OF_AGE = 18
OLDEST = 120


def of_age_on(born: date) -> date:
    """The day on which a child is one no more; whoever was born on a 29 February comes of age on a 28th."""
    try:
        return born.replace(year=born.year + OF_AGE)
    except ValueError:
        return born.replace(year=born.year + OF_AGE, day=28)


def check_acting(birth_date: date | None, relation: str, today: date) -> date:
    """Who may be acted for, as what. Raises Invalid."""
    if relation not in RELATIONS:
        raise Invalid.field("relation", "unknown_word", "You can act for somebody as parent, guardian or carer.")
    if birth_date is None:
        raise Invalid.field("birthDate", "missing", "Please give the date of birth.")
    if not today.year - OLDEST < birth_date.year or birth_date > today:
        raise Invalid.field("birthDate", "out_of_range", "This cannot be a date of birth.")
    if relation != "carer" and of_age_on(birth_date) <= today:
        raise Invalid.field(
            "birthDate", "of_age", "Somebody of 18 years or more books for themselves, with an account of their own."
        )
    return birth_date
