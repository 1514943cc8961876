"""What happens to sessions by the clock."""

from __future__ import annotations

from uuid import UUID

from kikao.core.clock import utc_now
from kikao.core.db import Conn, Database
from kikao.core.jobs import Queue
from kikao.sessions.closing import by_the_clock


def queues(db: Database) -> list[Queue]:
    async def look(session_id: UUID) -> None:
        async def verb(conn: Conn) -> None:
            await by_the_clock(conn, session_id, utc_now())

        await db.again(verb)

    return [Queue("sessions", "sessions.session", look)]
