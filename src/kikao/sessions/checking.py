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
from kikao.payments.rules import Numbers as PaymentNumbers
from kikao.sessions import rules
from kikao.sessions.actions import Reason, status_of, tell, tell_psychologist
from kikao.sessions.queries import Session

_SUBMIT = Statement("""
update sessions.session
set status = 'Payment Submitted', hold_until = :until::timestamptz, due_at = :until::timestamptz,
    updated_at = :now::timestamptz
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
    """Approved → Payment Submitted: the time is kept while somebody checks, 48 h at most, never past the start."""
    rules.step("submit a payment code", session.status, session.parties)
    claim = await claims.submit(conn, actor, session.charge_id, typed, now)
    if claim is None:  # M-Pesa has told us of this very payment: nothing is left to check
        return
    hours = practice.of(rules.Numbers).code_check_hours
    until = min(now + timedelta(hours=hours), session.starts_at)
    if not await _SUBMIT.run(conn, id=session.id, now=now, until=until):
        raise NotPossible(sessionStatus=await status_of(conn, session.id, now))
    await record(conn, actor, "submit a payment code", "session", session.id, now)


async def reject_code(
    conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, practice: Snapshot, vault: Vault
) -> None:
    """Payment Submitted → Approved, payable again. The reason is sealed with the code."""
    rules.step("reject the code", session.status, session.parties)
    await claims.reject(conn, actor, session.charge_id, (vault, reason.text), now)
    if not await ask_again(conn, session, now, practice):
        raise NotPossible(sessionStatus=await status_of(conn, session.id, now))
    await record(conn, actor, "reject the code", "session", session.id, now)
    await tell(conn, "code rejected", session.id, session.requested_by, now, version=await _round(conn, session))


async def _round(conn: Conn, session: Session) -> int:
    """Which of the person's codes this was: each gets its own answer."""
    count: int = await conn.fetchval(
        "select count(*) from journal.line where noun_id = $1 and verb = 'submit a payment code'", session.id
    )
    return max(count, 1)


async def ask_again(conn: Conn, session: Session, now: datetime, practice: Snapshot) -> bool:
    """Payable again from now on; the charge is held already."""
    numbers = practice.of(rules.Numbers)
    until = rules.pay_until(now, session.starts_at, numbers)
    changed = await _TAKE_BACK.run(conn, id=session.id, now=now, until=rules.hold_for_payment(until, numbers))
    if changed:
        await charges.open_charge(conn, session.charge_id, until)
    return bool(changed)


async def verify(
    conn: Conn, actor: Actor, session: Session, method: str, number: str, amount: int, now: datetime,
    practice: Snapshot,
) -> None:
    """Somebody of the practice has seen the money; Confirmed when nothing is left to pay (payments tells so)."""
    rules.step("verify", session.status, session.parties)
    await charges.hold_charge(conn, session.charge_id)
    status = await status_of(conn, session.id, now)  # somebody may have been quicker
    rules.step("verify", status, session.parties)
    await record(conn, actor, "verify", "session", session.id, now, method=method, amount=amount)
    charge = await claims.vouch(
        conn, actor, session.charge_id, method, number, amount, now, practice.of(PaymentNumbers)
    )
    if charge.missing and status == rules.PAYMENT_SUBMITTED:
        await ask_again(conn, session, now, practice)


async def waive(conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, vault: Vault) -> None:
    """Nothing more is owed → Confirmed. What had been paid stays paid."""
    rules.step("waive", session.status, session.parties)
    await charges.waive(conn, actor, session.charge_id, now)
    changed = await _WAIVED.run(
        conn, id=session.id, now=now, by=actor.account_id,
        sealed=vault.seal(reason.text, "sessions.session", "sealed_reason", session.id),
    )
    if not changed:
        raise NotPossible(sessionStatus=await status_of(conn, session.id, now))
    await record(conn, actor, "waive", "session", session.id, now)
    await tell(conn, "confirmed", session.id, session.requested_by, now)
    await tell_psychologist(conn, actor, "confirmed", session, now)


_WAIVED = Statement("""
update sessions.session
set status = 'Confirmed', hold_until = null, due_at = ends_at, open_no = null, sealed_reason = :sealed::bytea,
    confirmed_at = :now::timestamptz, confirmed_by = :by::uuid, updated_at = :now::timestamptz
where id = :id::uuid and status in ('Approved', 'Payment Submitted') and hold_until > :now::timestamptz
""")
