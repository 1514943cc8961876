"""The verbs around the meeting itself: kept longer, begun, over, broken off; and where it is."""

from __future__ import annotations

from datetime import datetime

from kikao.core.actor import Actor
from kikao.core.addresses import parts_of
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import Forbidden, Invalid, NotPossible
from kikao.core.practice import Snapshot
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.notifications.actions import post
from kikao.payments import charges, earnings
from kikao.sessions import earned, rules
from kikao.sessions.actions import Reason, end, sealed, status_of, tell
from kikao.sessions.queries import Session
from kikao.sessions.reasons import keep_reason
from kikao.sessions.rules import CANCELLED, CONFIRMED, IN_PROGRESS

LONGEST_LINK = 500

_EXTEND = Statement("""
update sessions.session
set hold_until = :until::timestamptz, due_at = :until::timestamptz, extended_at = :now::timestamptz,
    extended_by = :by::uuid, updated_at = :now::timestamptz
where id = :id::uuid and status = :status::text and hold_until > :now::timestamptz and extended_at is null
""")
_START = Statement("""
update sessions.session
set status = 'In Progress', started_at = coalesce(started_at, :now::timestamptz),
    started_by = coalesce(started_by, :by::uuid), updated_at = :now::timestamptz
where id = :id::uuid and status in ('Confirmed', 'In Progress')
""")
_COMPLETE = Statement("""
update sessions.session
set status = 'Completed', due_at = null, ended_at = :now::timestamptz, ended_by = :by::uuid,
    updated_at = :now::timestamptz
where id = :id::uuid and (status = 'In Progress' or (status = 'Confirmed' and starts_at <= :now::timestamptz))
""")


async def _refused(conn: Conn, session: Session, now: datetime) -> NotPossible:
    return NotPossible(sessionStatus=await status_of(conn, session.id, now))


async def extend(
    conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, settings: Snapshot, vault: Vault
) -> None:
    """The wait goes on, once: until later, and where it waits for money, the charge with it."""
    rules.step("extend", session.status, session.parties)
    if session.extended_at is not None:
        raise NotPossible("It has been kept longer once already.", sessionStatus=session.status)
    assert session.hold_until is not None
    await charges.hold_charge(conn, session.charge_id)
    numbers = settings.of(rules.Numbers)
    was = session.pay_until or session.hold_until
    until = rules.extended(was, session.starts_at, numbers)
    if until <= was:
        raise NotPossible("It cannot be kept any longer: it ends at the start.", sessionStatus=session.status)
    hold = until if session.pay_until is None else rules.hold_for_payment(until, numbers)
    if not await _EXTEND.run(
        conn, id=session.id, status=session.status, now=now, by=actor.account_id, until=hold
    ):
        raise await _refused(conn, session, now)
    if session.pay_until is not None:
        await charges.open_charge(conn, session.charge_id, until)
    await keep_reason(conn, actor, "extend", session, reason, now, vault)
    await record(conn, actor, "extend", "session", session.id, now)
    await tell(conn, "extended", session.id, now)


async def start(conn: Conn, actor: Actor, session: Session, now: datetime, settings: Snapshot) -> None:
    """→ In Progress, from a while before to a while after the start; who comes later does the same."""
    rules.step("start", session.status, session.parties)
    if not rules.may_start(session.starts_at, now, settings.of(rules.Numbers)):
        raise NotPossible("It can be begun from shortly before its time until a while after.",
                          sessionStatus=session.status)
    await charges.hold_charge(conn, session.charge_id)
    if not await _START.run(conn, id=session.id, now=now, by=actor.account_id):
        raise await _refused(conn, session, now)
    await record(conn, actor, "start", "session", session.id, now)


async def end_call(conn: Conn, actor: Actor, session: Session, now: datetime) -> None:
    """Somebody has left. The session stays In Progress until it is completed."""
    if not session.parties & {rules.CLIENT, rules.PSYCHOLOGIST}:
        raise Forbidden
    if session.status != IN_PROGRESS:
        raise NotPossible(sessionStatus=session.status)
    await record(conn, actor, "end the call", "session", session.id, now)


async def complete(conn: Conn, actor: Actor, session: Session, now: datetime) -> None:
    """Its psychologist says that it took place → Completed."""
    rules.step("complete", session.status, session.parties)
    if session.status == CONFIRMED and now < session.starts_at:
        raise NotPossible("It has not begun yet.", sessionStatus=session.status)
    await charges.hold_charge(conn, session.charge_id)
    if not await _COMPLETE.run(conn, id=session.id, now=now, by=actor.account_id):
        raise await _refused(conn, session, now)
    await record(conn, actor, "complete", "session", session.id, now)
    await earned.plan(conn, actor, session, None, now, by_clock=False)


async def break_off(
    conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, vault: Vault
) -> None:
    """In Progress → Cancelled: all of it goes back, and nothing is earned."""
    rules.step("break off", session.status, session.parties)
    charge = await charges.hold_charge(conn, session.charge_id)
    await end(conn, actor, session, CANCELLED, frozenset({IN_PROGRESS}), now, sealed(vault, reason, session.id))
    await earnings.forget(conn, session.charge_id)
    await charges.give_back(
        conn, session.charge_id, charge.kept, "broken off", now, now + earned.MONEY_BACK_WITHIN, actor,
        told_elsewhere=True,
    )
    await record(conn, actor, "break off", "session", session.id, now, back=charge.kept)
    await tell(conn, "broken off", session.id, now)
    await post(conn, "broken off", session.id, session.psychologist_id, now)


def read_link(typed: str) -> str | None:
    """An https address; None for a blank, by which the standing link counts again."""
    link = typed.strip()
    if not link:
        return None
    parts = parts_of(link) if link.isascii() and link.isprintable() and " " not in link else None
    if parts is None or parts.scheme != "https" or not parts.hostname or len(link) > LONGEST_LINK:
        raise Invalid.field("meetingLink", "not_https", "Please give a link that begins with https://.")
    return link


async def set_link(
    conn: Conn, actor: Actor, session: Session, link: str | None, now: datetime, vault: Vault
) -> None:
    """A link of this session's own, in place of its psychologist's standing one; shown from Confirmed on."""
    if rules.PSYCHOLOGIST not in session.parties:
        raise Forbidden
    await charges.hold_charge(conn, session.charge_id)
    row = await conn.fetchrow("select sealed_link from sessions.session where id = $1", session.id)
    stored = row["sealed_link"] if row else None
    before = vault.open(stored, "sessions.session", "sealed_link", session.id) if stored else None
    if session.status not in rules.HOLDING:
        raise NotPossible(sessionStatus=session.status)
    if link == before:
        return
    await conn.execute(
        "update sessions.session set sealed_link = $2 where id = $1", session.id,
        vault.seal(link, "sessions.session", "sealed_link", session.id) if link else None,
    )  # fmt: skip
    await record(conn, actor, "set the link", "session", session.id, now)
