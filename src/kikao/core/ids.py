"""Identifiers: UUIDv7 for rows, references for people."""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # 31 characters, a prime: what the check character needs
LENGTH = 8
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_SAYS_NOTHING = "23456789bcfghjkmnpqrstvwxz"  # without d: "dr" and "dkt" are titles
_EIGHTH = 4  # 8 × 4 ≡ 1 mod 31

# An id without a person behind it: the system itself acted.
SYSTEM = UUID(int=0)


def new_id() -> UUID:
    """A UUIDv7: sorted by time of making, unguessable enough for a row, never a secret."""
    return uuid7()


def check_character(first_seven: str) -> str:
    """The character that makes Σ i·vᵢ ≡ 0 mod 31 over all eight."""
    total = sum(place * _VALUE[character] for place, character in enumerate(first_seven, start=1))
    return ALPHABET[(-total * _EIGHTH) % len(ALPHABET)]


def new_reference() -> str:
    number, first = secrets.randbelow(len(ALPHABET) ** (LENGTH - 1)), ""  # asked once: each time is a system call
    for _ in range(LENGTH - 1):
        number, place = divmod(number, len(ALPHABET))
        first += ALPHABET[place]
    return first + check_character(first)


def new_slug() -> str:
    """A person's part of an address: figures and consonants, so never a word and never a name."""
    return "".join(secrets.choice(_SAYS_NOTHING) for _ in range(LENGTH))


def read_reference(typed: str) -> str | None:
    """What a person typed, in any case, with spaces or hyphens; None when it cannot be a reference."""
    text = re.sub(r"[\s-]", "", typed).upper()
    if len(text) != LENGTH or any(character not in _VALUE for character in text):
        return None
    return text if check_character(text[:-1]) == text[-1] else None


def read_id(typed: str) -> UUID | None:
    try:
        return UUID(typed) if len(typed) == 36 else None
    except ValueError:
        return None
