"""The verbs of a session. Each tells its whole story: look, judge, change, record, tell."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core import practice
from kikao.core.actor import THE_SYSTEM, Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Row
from kikao.core.errors import BY_CONSTRAINT, STANDS, Invalid, NotPossible, Refusal
from kikao.core.i18n import later
from kikao.core.ids import SYSTEM
from kikao.core.money import share
from kikao.core.practice import Snapshot
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.notifications.actions import post
from kikao.payments import charges as payments
from kikao.sessions import earned, rules
from kikao.sessions.earned import MONEY_BACK_WITHIN
from kikao.sessions.queries import Session
from kikao.sessions.rules import CANCELLED, CONFIRMED, DECLINED, PENDING_APPROVAL
from kikao.sessions.sql import RECIPIENT
from kikao.sessions.terms import whole_back_until

LONGEST_TEXT = 500


class SlotTaken(Refusal):
    """Somebody else has the time. `alternatives`: up to three nearest free times that suit the caller too."""

    code, detail = "slot_taken", "Somebody else has just taken this time."


class OwnOverlap(Refusal):
    code, detail = "own_overlap", "You already have a session at that time."


class TooManyOpen(Refusal):
    code = "too_many_open"
    detail = "You have as many unpaid sessions as can be kept at once. Pay or cancel one of them first."


BY_CONSTRAINT["no_two_at_one_time_for_a_psychologist"] = SlotTaken
BY_CONSTRAINT["no_two_at_one_time_for_a_client"] = OwnOverlap
BY_CONSTRAINT["few_open_at_once"] = TooManyOpen
BY_CONSTRAINT["few_asked_at_once"] = TooManyOpen
STANDS.update({
    rules.PENDING_APPROVAL: later("The session is not answered yet."),
    rules.APPROVED: later("The session is accepted and not paid yet."),
    rules.PAYMENT_SUBMITTED: later("A payment code for the session is being checked."),
    rules.CONFIRMED: later("The session is confirmed."),
    rules.IN_PROGRESS: later("The session is under way."),
    rules.COMPLETED: later("The session is over."),
    rules.DECLINED: later("The session was declined."),
    rules.CANCELLED: later("The session was cancelled."),
    rules.EXPIRED: later("The session's time ran out, and it is no longer kept."),
    rules.NO_SHOW: later("The session did not take place."),
})


class Reason(msgspec.Struct, frozen=True):
    """Free words of a person, checked; blank where none were needed."""

    text: str


def read_reason(typed: str | None, *, needed: bool) -> Reason:
    text = (typed or "").strip()
    if needed and not text:
        raise Invalid.field("reason", "missing", "Please say why, in a few words.")
    if len(text) > LONGEST_TEXT:
        raise Invalid.field("reason", "too_long", "A reason can have 500 characters at most.")
    return Reason(text)


_WHO_IS_TOLD = Statement(f"select {RECIPIENT} as id from sessions.session s where s.id = :id::uuid")


async def who_is_told(conn: Conn, session_id: UUID, now: datetime) -> UUID:
    """The person who requested it, while they may act for its client; where they are away, another who may; else the
    client."""
    found: UUID = (await _WHO_IS_TOLD.one(conn, id=session_id, now=now))["id"]
    return found


async def tell(
    conn: Conn, kind: str, session_id: UUID, now: datetime, *, version: int = 1, due_at: datetime | None = None
) -> None:
    """A message to `who_is_told` of the session."""
    told = await who_is_told(conn, session_id, now)
    await post(conn, kind, session_id, told, now, version=version, due_at=due_at)


async def tell_psychologist(conn: Conn, actor: Actor, kind: str, session: Session, now: datetime) -> None:
    """A message to its psychologist, unless it is what they did themselves."""
    if actor.person_id != session.psychologist_id:
        await post(conn, kind, session.id, session.psychologist_id, now)


async def times_done(conn: Conn, session_id: UUID, *verbs: str) -> int:
    """How often these verbs have been done to a session, this time included: each time is told by its own message."""
    count: int = await conn.fetchval(
        "select count(*) from journal.line where noun_id = $1 and verb = any ($2)", session_id, list(verbs)
    )
    return max(count, 1)


def sealed(vault: Vault, reason: Reason, session_id: UUID) -> bytes | None:
    return vault.seal(reason.text, "sessions.session", "sealed_reason", session_id) if reason.text else None


# Nobody accepts what lies after the last day of a licence, nor while they are not listed.
_ANSWERABLE = """
where id = :id::uuid and status = 'Pending Approval' and hold_until > :now::timestamptz and sent_at is not null
  and exists (select from directory.listed l join availability.timetable t on t.psychologist_id = l.id
              where l.id = session.psychologist_id
                and (session.starts_at at time zone t.time_zone)::date <= l.licensed_until)
"""
_APPROVE = Statement(f"""
update sessions.session
set status = 'Approved', hold_until = :hold_until::timestamptz, due_at = :hold_until::timestamptz,
    approved_at = :now::timestamptz, approved_by = :by::uuid, updated_at = :now::timestamptz
{_ANSWERABLE}
""")
_APPROVE_FREE = Statement(f"""
update sessions.session
set status = 'Confirmed', hold_until = null, due_at = ends_at, open_no = null,
    approved_at = :now::timestamptz, approved_by = :by::uuid, updated_at = :now::timestamptz,
    confirmed_at = :now::timestamptz, confirmed_by = :by::uuid
{_ANSWERABLE}
""")


async def approve(conn: Conn, actor: Actor, session: Session, now: datetime, settings: Snapshot) -> None:
    """Pending Approval → Approved, payable until a while before the start; Confirmed when nothing is owed."""
    rules.step("approve", session.status, session.parties)
    charge = await payments.hold_charge(conn, session.charge_id)
    numbers = settings.of(rules.Numbers)
    until = rules.pay_until(now, session.starts_at, numbers)
    free = not charge.missing and not charge.given_back  # what went back has bought nothing
    hold = rules.hold_for_payment(until, numbers)
    changed = await (_APPROVE_FREE.run(conn, id=session.id, now=now, by=actor.account_id) if free else
                     _APPROVE.run(conn, id=session.id, now=now, by=actor.account_id, hold_until=hold))
    if not changed:
        status = await status_of(conn, session.id, now)
        if status == PENDING_APPROVAL and session.sent_at is not None:
            raise NotPossible("Its psychologist is not listed for that day at present. Please ring the practice.",
                              sessionStatus=status)
        raise NotPossible(sessionStatus=status)
    if not free:
        await payments.open_charge(conn, session.charge_id, until)
    await record(conn, actor, "approve", "session", session.id, now)
    await tell(conn, "confirmed" if free else "accepted", session.id, now)
    if free:
        await tell_psychologist(conn, actor, "confirmed", session, now)


async def decline(
    conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, vault: Vault
) -> None:
    """Pending Approval → Declined; the time is free at once."""
    rules.step("decline", session.status, session.parties)
    await payments.hold_charge(conn, session.charge_id)
    await end(conn, actor, session, DECLINED, frozenset({PENDING_APPROVAL}), now, sealed(vault, reason, session.id))
    await record(conn, actor, "decline", "session", session.id, now)
    # Whoever declined by mistake has a few minutes to take it back before anybody is told.
    wait = timedelta(minutes=(await practice.load(conn, now)).of(rules.Numbers).correct_answer_minutes)
    times = await times_done(conn, session.id, "decline")
    await tell(conn, "declined", session.id, now, version=times, due_at=now + wait)


async def cancel(
    conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, vault: Vault
) -> int:
    """→ Cancelled by the client until the start, by the others until the end; later by an admin, where its psychologist
    has left. Answers the shillings that come back."""
    rules.step("cancel", session.status, session.parties)
    by_practice = acts_for_practice(session)
    over = now >= (session.ends_at if by_practice else session.starts_at)
    if over and rules.LEFT_TO_ADMIN not in session.parties:
        raise NotPossible(
            "It is too late to cancel: the session has begun.", sessionStatus=session.status
        )
    session = await _with_its_money(conn, session)
    back = comes_back(session, now, await whole_back_until(conn, session, now))
    # What was paid in part bought nothing: closing its charge gives all of it back.
    closed = await end(
        conn, actor, session, CANCELLED, rules.WAITING | {CONFIRMED}, now, sealed(vault, reason, session.id)
    )
    if back and not closed:
        await payments.give_back(
            conn, session.charge_id, back, "cancelled", now, now + MONEY_BACK_WITHIN, actor, told_elsewhere=True
        )
    back = closed or back
    if session.received > back:  # what the terms keep is earned
        await earned.plan(conn, actor, session, None, now, by_clock=False)
    await record(conn, actor, "cancel", "session", session.id, now, back=back, byPractice=by_practice)
    await tell(conn, "cancelled", session.id, now)
    if session.sent_at is not None:
        await post(conn, "cancelled", session.id, session.psychologist_id, now)
    return back


async def _with_its_money(conn: Conn, session: Session) -> Session:
    """Its charge is held, and what came while somebody made up their mind counts."""
    charge = await payments.hold_charge(conn, session.charge_id)
    confirmed_at = await conn.fetchval("select confirmed_at from sessions.session where id = $1", session.id)
    return msgspec.structs.replace(
        session, received=charge.received, given_back=charge.given_back, confirmed_at=confirmed_at
    )


def acts_for_practice(session: Session) -> bool:
    """Whether the viewer's cancellation is the practice's: a client who also works here cancels as a client."""
    return rules.CLIENT not in session.parties


def comes_back(session: Session, now: datetime, whole_until: datetime | None) -> int:
    """What a cancellation by this viewer would give back now, in shillings; `whole_until`: see `whole_back_until`."""
    if acts_for_practice(session):
        return session.received
    counted = rules.counted_from(session.starts_at, session.first_starts_at)
    percent = rules.percent_back(session.tiers, counted, now, whole_until=whole_until)
    return share(session.received, percent)


async def expire(conn: Conn, session_id: UUID, now: datetime) -> bool:
    """A hold that has passed → Expired. False when there was nothing to expire (somebody was quicker)."""
    row = await conn.fetchrow("select charge_id from sessions.session where id = $1", session_id)
    if row is None:
        return False
    await payments.hold_charge(conn, row["charge_id"])
    ended = await conn.fetchrow(
        """
        update sessions.session
        set status = 'Expired', expired_from = status, hold_until = null, due_at = null, open_no = null,
            ended_at = $2, ended_by = $3, updated_at = $2
        where id = $1 and status in ('Pending Approval', 'Approved', 'Payment Submitted') and hold_until <= $2
        returning psychologist_id, sent_at, expired_from, charge_id
        """,
        session_id, now, SYSTEM,
    )
    if ended is None:
        return False
    await payments.close_charge(conn, ended["charge_id"], now)
    await record(conn, THE_SYSTEM, "expire", "session", session_id, now, was=ended["expired_from"])
    if ended["sent_at"] is not None:  # a request that never reached anybody is nobody's news
        await tell(conn, "expired", session_id, now)
        await post(conn, "expired", session_id, ended["psychologist_id"], now)
    return True


async def end(
    conn: Conn, actor: Actor, session: Session, status: str, come_from: frozenset[str], now: datetime,
    sealed_reason: bytes | None,
) -> int:
    """The change that all endings by a person share; answers what its charge gave back by being closed.

    The hold must not have passed: then it is over already.
    """
    row = await conn.fetchrow(
        """
        update sessions.session
        set status = $3, hold_until = null, due_at = null, open_no = null, sealed_reason = $6,
            ended_at = $2, ended_by = $4, updated_at = $2
        where id = $1 and status = any ($5) and (hold_until is null or hold_until > $2)
        returning id
        """,
        session.id, now, status, actor.account_id, list(come_from), sealed_reason,
    )
    if row is None:
        raise NotPossible(sessionStatus=await status_of(conn, session.id, now))
    return await payments.close_charge(conn, session.charge_id, now, told_elsewhere=status == CANCELLED)


async def status_of(conn: Conn, session_id: UUID, now: datetime) -> str:
    row = await conn.fetchrow("select status, hold_until from sessions.session where id = $1", session_id)
    assert row is not None
    return rules.status_now(row["status"], row["hold_until"], now)


async def open_note(conn: Conn, actor: Actor, session: Session, vault: Vault, now: datetime) -> str | None:
    """The request's note, for its client and its psychologist only; each opening stands in the journal.

    Of those who act for the client, only whoever wrote it.
    """
    wrote_it = actor.person_id in (session.requested_by, session.client_id)
    is_client = rules.CLIENT in session.parties and wrote_it
    if not session.has_note or not (is_client or rules.PSYCHOLOGIST in session.parties):
        return None
    sealed = await conn.fetchval("select sealed_note from sessions.session where id = $1", session.id)
    await record(conn, actor, "open the note", "session", session.id, now)
    return vault.open(sealed, "sessions.session", "sealed_note", session.id)


async def open_reason(conn: Conn, actor: Actor, session: Session, vault: Vault, now: datetime) -> str | None:
    """Why it was declined or cancelled, for its client and its psychologist."""
    if not session.parties & {rules.CLIENT, rules.PSYCHOLOGIST}:
        return None
    sealed = await conn.fetchval("select sealed_reason from sessions.session where id = $1", session.id)
    if sealed is None:
        return None
    await record(conn, actor, "open the reason", "session", session.id, now)
    return vault.open(sealed, "sessions.session", "sealed_reason", session.id)


async def session_row(conn: Conn, session_id: UUID) -> Row | None:
    return await conn.fetchrow(
        """
        select id, status, hold_until, starts_at, occupied_until, psychologist_id, client_id, requested_by,
               expired_from, charge_id
        from sessions.session where id = $1 for update
        """,
        session_id,
    )

