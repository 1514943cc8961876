"""What other rooms tell this one by wire: money was decided, a person became reachable."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from uuid import UUID

import asyncpg

from kikao.accounts.wires import Verified
from kikao.core import practice
from kikao.core.actor import THE_SYSTEM, Actor
from kikao.core.db import Conn, Row
from kikao.core.errors import NotFound
from kikao.core.ids import SYSTEM
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.notifications.actions import post
from kikao.payments.wires import Decided, Seen
from kikao.sessions import rules
from kikao.sessions.actions import expire, session_row, tell
from kikao.sessions.checking import ask_again
from kikao.sessions.queries import visible


async def payment_decided(conn: Conn, decided: Decided) -> bool:
    """The charge of a session is settled: → Confirmed. False: the money has no session any more."""
    row = await session_row(conn, decided.purpose_id)
    if row is None:
        return False
    if row["status"] in rules.MUST_BE_SETTLED:
        return True
    if row["status"] in rules.WAITING and row["hold_until"] <= decided.at:
        await expire(conn, row["id"], decided.at)
        row = await session_row(conn, decided.purpose_id)
        assert row is not None
    if row["status"] in (rules.APPROVED, rules.PAYMENT_SUBMITTED):
        await _confirm(conn, row, decided.at)
        return True
    return await _be_paid_late(conn, row, decided.at)


async def payment_seen(conn: Conn, actor: Actor, session_id: UUID, now: datetime) -> Seen | None:
    """What this actor may know of what a charge is for; None when the session is not theirs to see."""
    try:
        session = await visible(conn, actor, session_id, now)
    except NotFound:
        return None
    return Seen(session.status, bool(session.parties & {rules.CLIENT, rules.DESK}))


async def claim_rejected(conn: Conn, session_id: UUID, charge_id: UUID, now: datetime) -> None:
    """M-Pesa has proved that the code which was typed here paid for something else: payable again."""
    async with conn.transaction():
        row = await conn.fetchrow("select requested_by from sessions.session where id = $1", session_id)
        if row is None:
            return
        session = await visible(conn, THE_SYSTEM, session_id, now)
        if await ask_again(conn, session, now, await practice.load(conn, now)):
            await record(conn, THE_SYSTEM, "reject the code", "session", session_id, now, charge=charge_id)
            await tell(conn, "code rejected", session_id, row["requested_by"], now)


async def _be_paid_late(conn: Conn, row: Row, now: datetime) -> bool:
    """Takes its time again when that is possible; if not, the client is told, with other times to choose from."""
    taken = await _take_again(conn, row, now)
    if not taken:
        await record(conn, THE_SYSTEM, "be paid too late", "session", row["id"], now)
        await tell(conn, "paid too late", row["id"], row["requested_by"], now)
    return taken


async def _take_again(conn: Conn, row: Row, now: datetime) -> bool:
    """Expired after it had been approved, ahead, and free: → Confirmed."""
    was_approved = row["status"] == rules.EXPIRED and row["expired_from"] in (rules.APPROVED, rules.PAYMENT_SUBMITTED)
    if not was_approved or row["starts_at"] <= now:
        return False
    for rival in await _overdue_rivals(conn, row, now):
        await expire(conn, rival, now)
    try:
        async with conn.transaction():
            await _confirm(conn, row, now)
    except asyncpg.ExclusionViolationError:
        return False
    return True


async def _overdue_rivals(conn: Conn, row: Row, now: datetime) -> list[UUID]:
    rows = await conn.fetch(
        """
        select id from sessions.session
        where hold_until <= $1 and id <> $2
          and ((psychologist_id = $3 and occupied && tstzrange($5, $6))
               or (client_id = $4 and during && tstzrange($5, $6)))
        """,
        now, row["id"], row["psychologist_id"], row["client_id"], row["starts_at"], row["occupied_until"],
    )
    return [rival["id"] for rival in rows]


async def _confirm(conn: Conn, row: Row, now: datetime) -> None:
    await conn.execute(
        """
        update sessions.session
        set status = 'Confirmed', hold_until = null, due_at = null, open_no = null, expired_from = null,
            ended_at = null, ended_by = null, confirmed_at = $2, confirmed_by = $3, updated_at = $2
        where id = $1
        """,
        row["id"], now, SYSTEM,
    )
    late = row["status"] == rules.EXPIRED
    await record(conn, THE_SYSTEM, "be paid late" if late else "be paid", "session", row["id"], now)
    await tell(conn, "paid", row["id"], row["requested_by"], now)
    await post(conn, "paid", row["id"], row["psychologist_id"], now)


async def release(conn: Conn, verified: Verified) -> None:
    """A contact was proved: what this person asked for reaches its psychologist, with the full time to answer.

    Where the contact turned out to belong to an account that signs in already, the requests move to it.
    """
    person = verified.instead_of or verified.person_id
    rows = await conn.fetch(
        """
        select id, starts_at, psychologist_id from sessions.session
        where client_id = $1 and status = 'Pending Approval' and sent_at is null and hold_until > $2
        """,
        person, verified.at,
    )
    if not rows:
        return
    if verified.instead_of is not None:
        await _expire_overdue_of(conn, verified.person_id, verified.at)
    numbers = (await practice.load(conn, verified.at)).of(rules.Numbers)
    for row in rows:
        await _send(conn, row, verified, numbers)


async def _expire_overdue_of(conn: Conn, person_id: UUID, now: datetime) -> None:
    rows = await conn.fetch("select id from sessions.session where client_id = $1 and hold_until <= $2", person_id, now)
    for row in rows:
        await expire(conn, row["id"], now)


# The person who takes over must be one whom the booking statement would have taken, and needs a seat of their own
# among the few unpaid ones: none is a violation of `counted_while_waiting`.
_SEND = Statement("""
update sessions.session s
set sent_at = :now, hold_until = :hold_until, due_at = :hold_until, updated_at = :now,
    client_id = :person_id::uuid, requested_by = :account_id,
    open_no = case when s.client_id = :person_id::uuid then s.open_no else (
        select min(n) from generate_series(1, case
            when exists (select from sessions.session p
                         where p.client_id = :person_id::uuid and p.confirmed_at is not null and p.price > 0)
            then :open_when_known::integer else :open_at_first::integer end) n
        where n not in (select o.open_no from sessions.session o
                        where o.client_id = :person_id::uuid and o.open_no is not null)) end
where s.id = :id and s.status = 'Pending Approval' and s.sent_at is null and s.hold_until > :now
  and exists (select from accounts.people where id = :person_id::uuid and state = 'active')
  and not exists (select from directory.closed r
                  where r.psychologist_id = s.psychologist_id and r.client_id = :person_id::uuid)
""")


async def _send(conn: Conn, row: Row, verified: Verified, numbers: rules.Numbers) -> None:
    hold = rules.request_hold(verified.at, row["starts_at"], numbers, proved=True)
    sent = 0
    # What the constraints refuse: taken at that time, enough open, or their own psychologist.
    with suppress(asyncpg.ExclusionViolationError, asyncpg.UniqueViolationError, asyncpg.CheckViolationError):
        async with conn.transaction():
            sent = await _SEND.run(
                conn, id=row["id"], now=verified.at, hold_until=hold, person_id=verified.person_id,
                account_id=verified.account_id, open_at_first=numbers.open_at_first,
                open_when_known=numbers.open_when_known,
            )
    if not sent:  # the hold lapses by itself
        await record(conn, THE_SYSTEM, "send refused", "session", row["id"], verified.at)
        return
    await record(conn, THE_SYSTEM, "send", "session", row["id"], verified.at)
    await post(conn, "requested", row["id"], row["psychologist_id"], verified.at)
