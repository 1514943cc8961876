"""Money: whole Kenyan shillings, an integer with a unit. No floats anywhere near."""

from __future__ import annotations

from decimal import Decimal
from typing import NewType

Kes = NewType("Kes", int)
CURRENCY = "KES"
UNIT = "KSh"  # what people call it


def shown(amount: int) -> str:
    """`2500` → `KSh 2,500`."""
    return f"{UNIT} {amount:,}"


def share(amount: int, percent: int) -> Kes:
    """`percent` of an amount, rounded to the shilling, half up."""
    return Kes((amount * percent + 50) // 100)


def whole(value: Decimal) -> Kes | None:
    """A provider's decimal as whole shillings; None when it is not whole."""
    return Kes(int(value)) if value == value.to_integral_value() else None
