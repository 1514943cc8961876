"""Who is told, in the same transaction, that somebody can be reached. kikao/wiring.py fills the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.db import Conn


class Verified(msgspec.Struct, frozen=True):
    """This person's contact was proved. `instead_of` is a sign-up that turned out to be this same person:
    what it asked for is theirs now."""

    person_id: UUID
    account_id: UUID
    at: datetime
    instead_of: UUID | None = None


verified: list[Callable[[Conn, Verified], Awaitable[None]]] = []


async def tell_verified(conn: Conn, fact: Verified) -> None:
    for wire in verified:
        await wire(conn, fact)
