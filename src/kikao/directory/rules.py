"""Types, rates and their limits."""

from __future__ import annotations

from typing import Annotated

import msgspec

from kikao.core.errors import Invalid

SESSION_TYPES = ("Individual", "Couples", "Family", "Group")
# In addresses: no word that tells what a page is about.
TYPE_CODES = {"i": "Individual", "c": "Couples", "f": "Family", "g": "Group"}
MODES = ("Online", "In Person", "Phone")

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


def code_of(session_type: str) -> str:
    return next(code for code, name in TYPE_CODES.items() if name == session_type)
