"""Money that a person has to look at: a typed code, cash, a slip; and what an admin waives."""

from __future__ import annotations

from datetime import datetime, timedelta

from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import NotPossible
from kikao.core.practice import Snapshot
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.payments import charges, claims
from kikao.payments.queries import open_claim
from kikao.payments.rules import Numbers as PaymentNumbers
from kikao.sessions import rules
from kikao.sessions.actions import Reason, expire, status_of, tell, tell_psychologist
from kikao.sessions.queries import Session

_SUBMIT = Statement("""
update sessions.session
set status = 'Payment Submitted', hold_until = greatest(hold_until, :until::timestamptz),
    due_at = greatest(hold_until, :until::timestamptz), updated_at = :now::timestamptz
where id = :id::uuid and status = 'Approved' and hold_until > :now::timestamptz
""")
_TAKE_BACK = Statement("""
update sessions.session
set status = 'Approved', hold_until = :until::timestamptz, due_at = :until::timestamptz, updated_at = :now::timestamptz
where id = :id::uuid and status = 'Payment Submitted' and hold_until > :now::timestamptz
""")


async def submit_code(
    conn: Conn, actor: Actor, session: Session, typed: str, now: datetime, practice: Snapshot
) -> None:
    """Approved → Payment Submitted: the time is kept while somebody checks: 48 h from now, never past
    the start, and no less than it was kept before."""
    rules.step("submit a payment code", session.status, session.parties)
    claim = await claims.submit(conn, actor, session.charge_id, typed, now)
    if claim is None:  # M-Pesa has told us of this very payment: nothing is left to check
        return
    hours = practice.of(rules.Numbers).code_check_hours
    until = min(now + timedelta(hours=hours), session.starts_at)
    if not await _SUBMIT.run(conn, id=session.id, now=now, until=until):
        raise NotPossible(sessionStatus=await status_of(conn, session.id, now))
    await record(conn, actor, "submit a payment code", "session", session.id, now)


async def answers_late(conn: Conn, verb: str, session: Session, now: datetime) -> bool:
    """Whether this is about a code that is open still though its session does not wait for it any more: it ended, or
    something else has settled it. Else the table of verbs decides. Raises Forbidden, NotPossible."""
    status = await status_of(conn, session.id, now)  # somebody may have been quicker
    if may_answer_late(status, session.parties) and await open_claim(conn, session.charge_id):
        return True
    rules.step(verb, status, session.parties)
    return False


def may_answer_late(status: str, parties: frozenset[str]) -> bool:
    return status not in rules.WAITING and bool(parties & rules.CHECKING)


async def reject_code(
    conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, practice: Snapshot, vault: Vault
) -> None:
    """Payment Submitted → Approved, payable again. The reason is sealed with the code. Of a session that does not wait
    any more nothing changes but the code: whoever it belongs to can type it."""
    await charges.hold_charge(conn, session.charge_id)
    late = await answers_late(conn, "reject the code", session, now)
    await claims.reject(conn, actor, session.charge_id, (vault, reason.text), now)
    if not await refused(conn, actor, session, now, practice, late=late):
        raise NotPossible(sessionStatus=await status_of(conn, session.id, now))


async def refused(conn: Conn, actor: Actor, session: Session, now: datetime, practice: Snapshot, *, late: bool) -> bool:
    """What follows once a code was refused, by a person or by M-Pesa. False: it did not wait for the code."""
    if not late and not await ask_again(conn, session, now, practice):
        return False
    await record(conn, actor, "check late" if late else "reject the code", "session", session.id, now)
    await tell(conn, "code rejected", session.id, now, version=await _round(conn, session))
    return True


async def _round(conn: Conn, session: Session) -> int:
    """Which of the person's codes this was: each gets its own answer."""
    count: int = await conn.fetchval(
        "select count(*) from journal.line where noun_id = $1 and verb = 'submit a payment code'", session.id
    )
    return max(count, 1)


async def ask_again(conn: Conn, session: Session, now: datetime, practice: Snapshot) -> bool:
    """Payable again from now on, and never for less time than was promised before; the charge is held already."""
    numbers = practice.of(rules.Numbers)
    row = await conn.fetchrow(
        """
        select s.hold_until, m.open_until from sessions.session s
        join payments.charge_state m on m.id = s.charge_id where s.id = $1
        """,
        session.id,
    )
    kept, promised = row.values() if row else (None, None)
    until = rules.pay_again_until(now, session.starts_at, kept, promised, numbers)
    changed = await _TAKE_BACK.run(conn, id=session.id, now=now, until=rules.hold_for_payment(until, numbers))
    if changed:
        await charges.open_charge(conn, session.charge_id, until)
    return bool(changed)


async def verify(
    conn: Conn, actor: Actor, session: Session, method: str, number: str, amount: int, now: datetime,
    practice: Snapshot,
) -> None:
    """Somebody of the practice has seen the money; Confirmed when nothing is left to pay (payments tells so). What a
    typed code brought to a session that does not wait any more is money that comes late, or twice."""
    await charges.hold_charge(conn, session.charge_id)
    late = await answers_late(conn, "verify", session, now)
    if late:
        await expire(conn, session.id, now)  # where its hold has passed, and no worker was there
    await record(
        conn, actor, "check late" if late else "verify", "session", session.id, now, method=method, amount=amount
    )
    charge = await claims.vouch(
        conn, actor, session.charge_id, method, number, amount, now, practice.of(PaymentNumbers), late=late
    )
    if charge.missing and not late and await open_claim(conn, session.charge_id) is None:
        await ask_again(conn, session, now, practice)  # nothing is left to check


async def waive(conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, vault: Vault) -> None:
    """Nothing more is owed → Confirmed. What had been paid stays paid."""
    rules.step("waive", session.status, session.parties)
    await charges.waive(conn, actor, session.charge_id, now)
    came = (await charges.hold_charge(conn, session.charge_id)).received > 0
    changed = await _WAIVED.run(
        conn, id=session.id, now=now, by=actor.account_id, came=came,
        sealed=vault.seal(reason.text, "sessions.session", "sealed_reason", session.id),
    )
    if not changed:
        raise NotPossible(sessionStatus=await status_of(conn, session.id, now))
    await record(conn, actor, "waive", "session", session.id, now)
    await tell(conn, "confirmed", session.id, now)
    await tell_psychologist(conn, actor, "confirmed", session, now)


_WAIVED = Statement("""
update sessions.session
set status = 'Confirmed', hold_until = null, due_at = ends_at, open_no = null, sealed_reason = :sealed::bytea,
    confirmed_at = :now::timestamptz, confirmed_by = :by::uuid,
    paid_at = case when :came::boolean then :now::timestamptz end, updated_at = :now::timestamptz
where id = :id::uuid and status in ('Approved', 'Payment Submitted') and hold_until > :now::timestamptz
""")
