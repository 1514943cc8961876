"""What may be said, to whom, and by which way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import timedelta

from kikao.core.phone import Contact

# Why a row was dropped. Everything else that stands there is the reason of a channel.
NO_LONGER_TRUE = "no longer true"
NO_CONTACT = "no contact"
WITHHELD = {state: f"reader is {state}" for state in ("blocked", "deceased", "erased")}
NOBODYS_FAULT = (NO_LONGER_TRUE, *WITHHELD.values())  # not for the desk: nobody has to be rung

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


# telling words ------------------------------------------------------------------------------------

# Found wherever they stand, also inside a host's name. English, then Swahili.
_ANYWHERE = (
    "therap", "psych", "counsel", "clinic", "suicid", "depress", "trauma", "rehab", "mentalhealth",
    "saikoloji", "nasaha", "matibabu", "mtibabu", "kliniki", "mfadhaiko", "sonona", "kujiua",
)  # fmt: skip
# Found where a word begins: inside others they are harmless (fundamental, wakili).
_BEGINNINGS = (
    "mental", "addict", "anxi", "diagnos", "disorder", "health", "heal", "patient", "bereave", "griev", "psy",
    "treatment", "wellness", "wellbeing", "illness", "marriage", "marital", "abus",
    "tiba", "mshauri", "washauri", "ushauri", "afya", "akili", "daktari", "madaktari", "mgonjwa", "wagonjwa",
    "ugonjwa", "kiwewe", "uraibu", "wazimu", "kichaa", "unyogovu", "msongo", "hospitali", "talaka",
)  # fmt: skip
# Telling as whole words only: titles, and the types of what is booked.
_WORDS = (
    "dr", "doctor", "doctors", "grief", "stress", "mind", "individual", "couple", "couples", "couple's",
    "family", "families", "group", "groups", "child", "children",
    "dkt", "familia", "wanandoa", "ndoa", "kikundi", "vikundi", "mtoto", "watoto",
)  # fmt: skip
# `session` (kikao) is not telling: it is the neutral word of this house, as at a gym or a photographer's.

_LETTER = r"[^\W\d_]"


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
    plain = _plain(text)
    names = [part for name in people for part in _plain(name).split() if len(part) > 2]
    names += [_plain(place) for place in places]
    return _TELLING.findall(plain) + (_pattern(names).findall(plain) if names else [])


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
