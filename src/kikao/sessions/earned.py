"""What the end of a session does to its money, and when: nothing moves while somebody may still object."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kikao.core import practice
from kikao.core.actor import Actor
from kikao.core.db import Conn, Row
from kikao.payments import charges, earnings
from kikao.payments.rules import Numbers as PaymentNumbers
from kikao.sessions import rules
from kikao.sessions.queries import Session

MONEY_BACK_WITHIN = timedelta(days=3)
DUTY_CHECKED_EVERY = timedelta(hours=1)


async def plan(
    conn: Conn, actor: Actor, session: Session, absent: str | None, now: datetime, *, by_clock: bool
) -> None:
    """The session is due when its money moves: to its psychologist, or back when they did not come. A plan replaces
    the one before; what has been passed on stays. Its charge is held before the session, as everywhere."""
    charge = await charges.hold_charge(conn, session.charge_id)
    settings = await practice.load(conn, now)
    at = rules.payable_at(now, settings.of(rules.Numbers), by_clock=by_clock)
    if absent == rules.PSYCHOLOGIST:
        await earnings.forget(conn, session.charge_id)
        waits = charge.kept > 0
    else:
        percent = settings.of(PaymentNumbers).practice_share_percent
        waits = await earnings.promise(
            conn, actor, session.charge_id, session.psychologist_id, percent, at, now
        )
    await conn.execute("update sessions.session set due_at = $2 where id = $1", session.id, at if waits else None)


async def settle(conn: Conn, session_id: UUID, now: datetime) -> bool:
    """The money of a session that has ended moves as planned. False: it is not time, or an objection is open."""
    charge_id = await conn.fetchval("select charge_id from sessions.session where id = $1", session_id)
    if charge_id is None:
        return False
    charge = await charges.hold_charge(conn, charge_id)
    row = await conn.fetchrow(
        """
        select id, status, absent from sessions.session
        where id = $1 and due_at <= $2 and status in ('Completed', 'No Show', 'Cancelled')
          and (objected_at is null or decided_at is not null) for update
        """,
        session_id, now,
    )
    if row is None:
        return False
    again = await _move(conn, row, charge, now)
    await conn.execute("update sessions.session set due_at = $2 where id = $1", session_id, again)
    return True


async def _move(conn: Conn, row: Row, charge: charges.Charge, now: datetime) -> datetime | None:
    """Answers when to look again."""
    if row["absent"] == rules.PSYCHOLOGIST:
        await charges.give_back(conn, charge.id, charge.kept, "not come", now, now + MONEY_BACK_WITHIN)
        return None
    payable_at = await earnings.pass_on(conn, charge.id, now)
    return None if payable_at is None else max(payable_at, now + DUTY_CHECKED_EVERY)
