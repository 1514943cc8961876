"""What the clock does to a session: its hold lapses, it is completed when nobody said otherwise, its money moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kikao.core import practice
from kikao.core.actor import THE_SYSTEM
from kikao.core.db import Conn
from kikao.core.ids import SYSTEM
from kikao.journal.actions import record
from kikao.payments import charges
from kikao.sessions import earned, rules
from kikao.sessions.actions import expire
from kikao.sessions.queries import visible


async def by_the_clock(conn: Conn, session_id: UUID, now: datetime) -> None:
    """A session is due. Every verb looks for itself whether it is time."""
    status = await conn.fetchval("select status from sessions.session where id = $1", session_id)
    if status in rules.WAITING:
        await expire(conn, session_id, now)
    elif status in (rules.CONFIRMED, rules.IN_PROGRESS):
        await complete_by_clock(conn, session_id, now)
    elif status is not None:
        await earned.settle(conn, session_id, now)


async def complete_by_clock(conn: Conn, session_id: UUID, now: datetime) -> bool:
    """24 h after its end, when nobody said otherwise → Completed. Before that: it is looked at again then."""
    session = await visible(conn, THE_SYSTEM, session_id, now)
    await charges.hold_charge(conn, session.charge_id)
    at = rules.completes_at(session.ends_at, (await practice.load(conn, now)).of(rules.Numbers))
    if now < at:
        await conn.execute(
            "update sessions.session set due_at = $2 where id = $1 and status in ('Confirmed', 'In Progress')",
            session_id, at,
        )  # fmt: skip
        return False
    if await conn.fetchval("select gone from directory.practising where id = $1", session.psychologist_id):
        # Whoever has left met nobody, as far as anybody knows: it waits for an admin, and is looked at again.
        await conn.execute(
            "update sessions.session set due_at = $2 where id = $1 and status in ('Confirmed', 'In Progress')",
            session_id, now + timedelta(days=1),
        )  # fmt: skip
        return False
    completed = await conn.fetchval(
        """
        update sessions.session set status = 'Completed', due_at = null, ended_at = $2, ended_by = $3, updated_at = $2
        where id = $1 and status in ('Confirmed', 'In Progress') and ends_at = $4 returning true
        """,
        session_id, now, SYSTEM, session.ends_at,
    )
    if not completed:  # somebody was quicker
        return False
    await record(conn, THE_SYSTEM, "complete", "session", session_id, now)
    await earned.plan(conn, THE_SYSTEM, session, None, now, by_clock=True)
    return True
