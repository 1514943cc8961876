"""What payments tells upwards. The room above hangs its functions in here; kikao/wiring.py shows which.

A purpose is a word of the room that made the charge. Payments do not know what it means.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn


class Decided(msgspec.Struct, frozen=True):
    """A charge is settled. `amount` is what this receipt brought, in KES; 0 where money came that buys nothing and goes
    back: before it was asked for, or for a purpose that has ended."""

    purpose_id: UUID
    charge_id: UUID
    reference: str
    receipt_id: UUID
    amount: int
    at: datetime


class Seen(msgspec.Struct, frozen=True):
    """What an actor may do with a purpose: its state as a word, and whether they may pay it (or let it be paid)."""

    status: str
    may_pay: bool


# Called in the transaction that settled the charge, with the attempt and the charge locked. Answers whether the
# purpose took the money; when not, the money is owed back.
decided: dict[str, Callable[[Conn, Decided], Awaitable[bool]]] = {}

# Answers what this actor may see of a purpose at this time; None when they may not see it at all.
seen: dict[str, Callable[[Conn, Actor, UUID, datetime], Awaitable[Seen | None]]] = {}

# Where its payer finds what a purpose is about: a path with `{reference}` in it.
page_of: dict[str, str] = {}

# In the payer's own words, for a list of their own payments: what each purpose that is theirs to see was for.
told_of: dict[str, Callable[[Conn, Actor, Sequence[UUID], datetime], Awaitable[dict[UUID, str]]]] = {}

# Whether nothing is written about a purpose any more: whom it was for has died, and a person says what there is to say.
unwritten: dict[str, Callable[[Conn, UUID], Awaitable[bool]]] = {}

# Told when M-Pesa has named the payment of a code, and something of its own charge is still missing: nothing is left to
# check, and it is to be paid. The charge is held.
still_missing: dict[str, Callable[[Conn, UUID, datetime], Awaitable[None]]] = {}

# Told when M-Pesa has proved that a code which was typed for this purpose belongs to another one. The charge
# is held.
claim_rejected: dict[str, Callable[[Conn, UUID, UUID, datetime], Awaitable[None]]] = {}
