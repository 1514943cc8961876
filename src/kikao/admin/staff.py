"""What an admin does to an account, with all that follows in the rooms above it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.accounts import actions, hiring, standing
from kikao.accounts.rules import ACTIVE
from kikao.admin import listing
from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import Forbidden


async def set_state(
    conn: Conn, actor: Actor, vault: Vault, person_id: UUID, state: str, reason: str, now: datetime
) -> None:
    """How somebody stands; a psychologist who is not active leaves the list. Raises as `standing.set_state` does."""
    await standing.set_state(conn, actor, vault, person_id, state, reason, now)
    if state != ACTIVE and await _practises(conn, person_id):
        await listing.disable(conn, actor, vault, person_id, now)


async def take_role(
    conn: Conn, actor: Actor, vault: Vault, person: tuple[UUID, UUID], role: str, now: datetime
) -> None:
    """Somebody (person, account) is this no longer; a psychologist leaves the list. Raises LastAdmin."""
    person_id, account_id = person
    if role == "psychologist" and await _practises(conn, person_id):
        await listing.disable(conn, actor, vault, person_id, now)
    await hiring.take_role(conn, actor, account_id, role, now)


async def disable_account(conn: Conn, actor: Actor, vault: Vault, person: tuple[UUID, UUID], now: datetime) -> None:
    """Signed out at once and cannot sign in; a psychologist leaves the list. Not oneself: Forbidden.

    Raises LastAdmin.
    """
    person_id, account_id = person
    if account_id == actor.account_id:
        raise Forbidden("Nobody disables their own account.")
    await actions.disable(conn, actor, account_id, now)
    if await _practises(conn, person_id):
        await listing.disable(conn, actor, vault, person_id, now)


async def _practises(conn: Conn, person_id: UUID) -> bool:
    return bool(
        await conn.fetchval(
            "select exists (select from directory.practising where id = $1 and status <> 'disabled')", person_id
        )
    )
