"""Taking a psychologist off the list, with all that follows in the rooms below."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.directory import actions
from kikao.sessions.leaving import psychologist_left


async def disable(conn: Conn, actor: Actor, vault: Vault, psychologist_id: UUID, now: datetime) -> None:
    """No longer listed, signed out at once, open requests ended with their messages. Confirmed sessions stay and
    wait for an admin's decision. Raises NotFound."""
    await actions.disable(conn, actor, psychologist_id, now)
    await psychologist_left(conn, actor, vault, psychologist_id, now)
