"""What happens to sessions by the clock."""

from __future__ import annotations

from uuid import UUID

from kikao.core.clock import utc_now
from kikao.core.db import Database
from kikao.core.jobs import Queue
from kikao.sessions.actions import expire


def queues(db: Database) -> list[Queue]:
    async def lapse(session_id: UUID) -> None:
        async with db.transaction() as conn:
            await expire(conn, session_id, utc_now())

    return [Queue("holds", "sessions.session", lapse)]
