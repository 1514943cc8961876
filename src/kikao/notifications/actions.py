"""Posting a message: a row, born in the transaction of the fact that it tells."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.core.db import Conn
from kikao.core.ids import new_id

_POST = """
insert into notifications.outbox (id, kind, about, recipient, version, created_at, due_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict on constraint message_once do nothing
"""


async def post(
    conn: Conn, kind: str, about: UUID, recipient: UUID, now: datetime, *,
    due_at: datetime | None = None, version: int = 1,
) -> None:
    """Once for each kind, thing, recipient and version; a second call changes nothing.

    The text is made when it is sent, and only if it is still true then.
    """
    await conn.execute(_POST, new_id(), kind, about, recipient, version, now, due_at or now)
