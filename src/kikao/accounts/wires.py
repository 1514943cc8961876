"""Who is told, in the same transaction, what happened to a person. kikao/wiring.py fills the lists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn


class Verified(msgspec.Struct, frozen=True):
    """This person's contact was proved. `instead_of` is a sign-up that turned out to be this same person:
    what it asked for is theirs now. `same`: people who came with it and whom they act for already, by other ids."""

    person_id: UUID
    account_id: UUID
    at: datetime
    instead_of: UUID | None = None
    same: dict[UUID, UUID] = {}


verified: list[Callable[[Conn, Verified], Awaitable[None]]] = []


async def tell_verified(conn: Conn, fact: Verified) -> None:
    for wire in verified:
        await wire(conn, fact)


class Stands(msgspec.Struct, frozen=True):
    """This person's state is another one now. Whoever is told may raise a Refusal: then it is not."""

    person_id: UUID
    account_id: UUID | None
    state: str
    by: Actor
    vault: Vault
    at: datetime


class Withdrawn(msgspec.Struct, frozen=True):
    """There is no consent for this person any more. Or, with `of_person`, that one's is gone and somebody else's
    stands: what they asked for waits for nothing, what others asked for goes on."""

    person_id: UUID
    by: Actor
    vault: Vault
    at: datetime
    of_person: UUID | None = None


class Forgotten(msgspec.Struct, frozen=True):
    """This sign-up was never proved and goes now, with all that it asked for."""

    person_id: UUID
    account_id: UUID


stands: list[Callable[[Conn, Stands], Awaitable[None]]] = []
withdrawn: list[Callable[[Conn, Withdrawn], Awaitable[None]]] = []

forgotten: list[Callable[[Conn, Forgotten], Awaitable[None]]] = []


async def tell_stands(conn: Conn, fact: Stands) -> None:
    for wire in stands:
        await wire(conn, fact)


async def tell_withdrawn(conn: Conn, fact: Withdrawn) -> None:
    for wire in withdrawn:
        await wire(conn, fact)


async def tell_forgotten(conn: Conn, fact: Forgotten) -> None:
    for wire in forgotten:
        await wire(conn, fact)
