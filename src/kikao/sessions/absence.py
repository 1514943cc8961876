"""Who did not come, who says that it was not so, and what is put right afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg

from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn, savepoint
from kikao.core.errors import Forbidden, Invalid, NotPossible
from kikao.core.practice import Snapshot
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.notifications.actions import post
from kikao.payments import charges
from kikao.sessions import earned, rules
from kikao.sessions.actions import (
    Reason,
    SlotTaken,
    TooManyOpen,
    expire,
    read_reason,
    session_row,
    status_of,
    tell,
    times_done,
)
from kikao.sessions.evidence import SEAT, overdue_rivals
from kikao.sessions.queries import Session, done_already
from kikao.sessions.reasons import keep_reason
from kikao.sessions.rules import ADMIN, CLIENT, COMPLETED, DECLINED, DESK, NO_SHOW, PSYCHOLOGIST

_NOTHING = Reason("")

_MISS = Statement("""
update sessions.session
set status = 'No Show', absent = :absent::text, due_at = null, ended_at = :now::timestamptz, ended_by = :by::uuid,
    updated_at = :now::timestamptz
where id = :id::uuid and status in ('Confirmed', 'In Progress')
""")
_OBJECT = Statement("""
update sessions.session
set objected_at = :now::timestamptz, objected_by = :by::uuid, due_at = null, updated_at = :now::timestamptz
where id = :id::uuid and status = :status::text and absent is not distinct from :absent::text and objected_at is null
""")
_DECIDE = Statement("""
update sessions.session
set absent = :absent::text, decided_at = :now::timestamptz, decided_by = :by::uuid, updated_at = :now::timestamptz
where id = :id::uuid and status = :status::text and absent is not distinct from :was::text
  and objected_at is not null and decided_at is null
""")
_CORRECT = Statement("""
update sessions.session
set status = :to::text, absent = :absent::text, corrected_at = :now::timestamptz, corrected_by = :by::uuid,
    decided_at = case when objected_at is not null then coalesce(decided_at, :now::timestamptz) end,
    decided_by = case when objected_at is not null then coalesce(decided_by, :by::uuid) end,
    due_at = null, updated_at = :now::timestamptz
where id = :id::uuid and status = :status::text and absent is not distinct from :was::text
  and (objected_at is not null and decided_at is null) = :to_decide::boolean
""")


async def _refused(conn: Conn, session: Session, now: datetime) -> NotPossible:
    return NotPossible(sessionStatus=await status_of(conn, session.id, now))


def read_why(session: Session, typed: str) -> Reason:
    """The reason of a correction, once it is known that the viewer may make one at all."""
    if not any(line.by & session.parties for line in rules.STEPS["correct"]):
        raise Forbidden
    return read_reason(typed, needed=True)


def read_who(typed: str, session: Session) -> str:
    """Who did not come; when nothing is said, the side that the viewer is not on."""
    who = typed or (PSYCHOLOGIST if CLIENT in session.parties else CLIENT)
    if who not in (CLIENT, PSYCHOLOGIST):
        raise Invalid.field("who", "unknown_side", "Please say who did not come: client or psychologist.")
    return who


async def no_show(
    conn: Conn, actor: Actor, session: Session, who: str, now: datetime, settings: Snapshot, vault: Vault
) -> None:
    """→ No Show. When the other side has said so of this one already, both have spoken: that is an objection."""
    numbers = settings.of(rules.Numbers)
    may_say = {PSYCHOLOGIST, DESK} if who == CLIENT else {CLIENT}
    if not rules.speaks_for(session.parties) & may_say:
        raise Forbidden
    if session.absent == who and await done_already(conn, session.id, "mark a no-show", actor):
        return
    if _both_say_so(session, who):
        if await done_already(conn, session.id, "object", actor):
            return
        await object_to(conn, actor, session, _NOTHING, now, settings, vault)
        return
    rules.step("mark a no-show", session.status, session.parties)
    if not rules.may_be_missed(session.starts_at, now, numbers):
        raise NotPossible("Please wait a little: this can be said from 15 minutes after the start.",
                          sessionStatus=session.status)
    await charges.hold_charge(conn, session.charge_id)
    if not await _MISS.run(conn, id=session.id, now=now, by=actor.account_id, absent=who):
        raise await _refused(conn, session, now)
    await record(conn, actor, "mark a no-show", "session", session.id, now, absent=who)
    await earned.plan(conn, actor, session, who, now, by_clock=False)
    await _tell_the_absent(conn, session, who, now)


def _both_say_so(session: Session, who: str) -> bool:
    other_said = session.status == NO_SHOW and session.absent not in (None, who)
    called_over = session.status == COMPLETED and who == PSYCHOLOGIST
    return (other_said or called_over) and bool(
        rules.speaks_for(session.parties) & rules.sides(session.absent, session.status))


async def _tell_the_absent(conn: Conn, session: Session, who: str, now: datetime) -> None:
    if who == CLIENT:
        await tell(conn, "no-show", session.id, now)
    else:
        await post(conn, "no-show", session.id, session.psychologist_id, now)


async def object_to(
    conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, settings: Snapshot, vault: Vault
) -> None:
    """The other side says that it was not so, once and within 24 h. Its money waits until an admin has decided."""
    rules.step("object", session.status, session.parties)
    if not rules.speaks_for(session.parties) & rules.sides(session.absent, session.status):
        raise Forbidden
    hours = settings.of(rules.Numbers).object_hours
    if session.objected_at is not None:
        raise NotPossible("There was an objection already.", sessionStatus=session.status)
    if session.said_at is None or now >= session.said_at + timedelta(hours=hours):
        raise NotPossible("It is too late to object here. Please ring the practice.", sessionStatus=session.status)
    await charges.hold_charge(conn, session.charge_id)
    if not await _OBJECT.run(
        conn, id=session.id, now=now, by=actor.account_id, status=session.status, absent=session.absent
    ):
        raise await _refused(conn, session, now)
    await keep_reason(conn, actor, "object", session, reason, now, vault)
    await record(conn, actor, "object", "session", session.id, now)


async def decide(
    conn: Conn, actor: Actor, session: Session, who: str, reason: Reason, now: datetime, vault: Vault
) -> None:
    """An admin answers an objection: it stays as it was said (`who` blank), or the other side of a no-show was the one
    that did not come. That it took place after all, or did not, is a correction."""
    rules.step("decide", session.status, session.parties)
    if not session.to_decide:
        raise NotPossible("There is no objection to decide.", sessionStatus=session.status)
    absent = who or session.absent
    if absent is not None and (session.status != NO_SHOW or absent not in (CLIENT, PSYCHOLOGIST)):
        raise Invalid.field("who", "unknown_side", "Please say who did not come: client or psychologist.")
    charge = await charges.hold_charge(conn, session.charge_id)
    if absent != session.absent and _has_moved(charge):
        raise _money_has_moved(session)
    if not await _DECIDE.run(
        conn, id=session.id, now=now, by=actor.account_id, status=session.status, absent=absent, was=session.absent
    ):
        raise await _refused(conn, session, now)
    await keep_reason(conn, actor, "decide", session, reason, now, vault)
    await record(conn, actor, "decide", "session", session.id, now, absent=absent)
    await earned.plan(conn, actor, session, absent, now, by_clock=False)
    await _tell_both(conn, session, now)


def _money_has_moved(session: Session) -> NotPossible:
    return NotPossible("Its money has moved already.", sessionStatus=session.status)


async def _tell_both(conn: Conn, session: Session, now: datetime, *, by_psychologist: bool = False) -> None:
    times = await times_done(conn, session.id, "correct", "decide")
    await tell(conn, "corrected", session.id, now, version=times)
    if not by_psychologist:
        await post(conn, "corrected", session.id, session.psychologist_id, now, version=times)


# Putting right ------------------------------------------------------------------------------------


async def correct(
    conn: Conn, actor: Actor, session: Session, to: str, who: str, reason: Reason, now: datetime, settings: Snapshot,
    vault: Vault,
) -> None:
    """Declined → Pending Approval; No Show ↔ Completed. `to` blank: where the table leads. `who` did not come; blank:
    the client. What the same person has put right so already stays as it is."""
    if to in ("", session.status) and await done_already(conn, session.id, "correct", actor):
        return
    line = rules.step("correct", session.status, session.parties)
    if to not in ("", line.to):
        raise NotPossible(sessionStatus=session.status)
    if session.status == DECLINED:
        await _take_back(conn, actor, session, reason, now, settings, vault)
        return
    absent = (read_who(who, session) if who else CLIENT) if line.to == NO_SHOW else None
    charge = await charges.hold_charge(conn, session.charge_id)
    mine = _judge(session, absent, now, settings.of(rules.Numbers), moved=_has_moved(charge))
    if not await _CORRECT.run(
        conn, id=session.id, now=now, by=actor.account_id, status=session.status, to=line.to, absent=absent,
        was=session.absent, to_decide=session.to_decide,
    ):
        raise await _refused(conn, session, now)
    await keep_reason(conn, actor, "correct", session, reason, now, vault)
    await record(conn, actor, "correct", "session", session.id, now, to=line.to, absent=absent)
    await earned.plan(conn, actor, session, absent, now, by_clock=False)
    await _tell_both(conn, session, now, by_psychologist=mine)


def _judge(session: Session, absent: str | None, now: datetime, numbers: rules.Numbers, *, moved: bool) -> bool:
    """Whether its psychologist puts it right, which moves no money, or an admin, until money has moved."""
    against_them = PSYCHOLOGIST in (session.absent, absent)
    assert session.ended_at is not None
    in_time = now < session.ended_at + timedelta(hours=numbers.correct_hours)
    if PSYCHOLOGIST in session.parties and not against_them and not session.to_decide and in_time:
        return True
    if ADMIN not in session.parties:
        if against_them:
            raise Forbidden
        if session.to_decide:
            raise NotPossible("There is an objection: somebody of the practice decides.", sessionStatus=session.status)
        raise NotPossible("It is too late to put this right: 48 hours have passed.", sessionStatus=session.status)
    if moved:
        raise _money_has_moved(session)
    return False


def _has_moved(charge: charges.Charge) -> bool:
    return bool(charge.earned or charge.given_back)


_OPEN_NO = SEAT.format(paid="client_id = s.client_id", number="open_no", taken="client_id = s.client_id")
_ASKER_NO = SEAT.format(
    paid="requested_by = s.requested_by", number="asker_no", taken="asker_waiting = s.requested_by"
)
_TAKE_BACK = Statement(f"""
update sessions.session s
set status = 'Pending Approval', hold_until = :hold, due_at = :hold, ended_at = null, ended_by = null,
    sealed_reason = null, updated_at = :now, open_no = {_OPEN_NO}, asker_no = {_ASKER_NO}
where s.id = :id and s.status = 'Declined' and s.ended_at > :since
  and exists (select from accounts.people where id = s.client_id and state = 'active')
""")


async def _take_back(
    conn: Conn, actor: Actor, session: Session, reason: Reason, now: datetime, settings: Snapshot, vault: Vault
) -> None:
    """Declined by mistake: a request again, with a new hold, if nobody has the time meanwhile. No message
    went out yet."""
    numbers = settings.of(rules.Numbers)
    wait = timedelta(minutes=numbers.correct_answer_minutes)
    if session.ended_at is None or now >= session.ended_at + wait or now >= session.starts_at:
        raise NotPossible("It is too late to take this back.", sessionStatus=session.status)
    if not await charges.reopen_charge(conn, session.charge_id):
        raise _money_has_moved(session)
    row = await session_row(conn, session.id)
    assert row is not None
    for rival in await overdue_rivals(conn, row, now):
        await expire(conn, rival, now)
    hold = rules.request_hold(now, session.starts_at, numbers, proved=True)
    try:
        async with savepoint(conn):
            changed = await _TAKE_BACK.run(
                conn, id=session.id, now=now, hold=hold, since=now - wait,
                open_at_first=numbers.open_at_first, open_when_known=numbers.open_when_known,
            )
    except asyncpg.ExclusionViolationError as taken:
        raise SlotTaken from taken
    except (asyncpg.CheckViolationError, asyncpg.UniqueViolationError) as full:
        raise TooManyOpen from full
    if not changed:
        raise await _refused(conn, session, now)
    await keep_reason(conn, actor, "correct", session, reason, now, vault)
    await record(conn, actor, "correct", "session", session.id, now, to=rules.PENDING_APPROVAL)


async def give_back_more(
    conn: Conn, actor: Actor, session: Session, total: int, reason: Reason, now: datetime, vault: Vault
) -> None:
    """`total` KES come back in all: more than the terms say, never less, and nothing that somebody has earned."""
    rules.step("give back more", session.status, session.parties)
    charge = await charges.hold_charge(conn, session.charge_id)
    if total == charge.given_back:  # said twice
        return
    if not charge.given_back < total <= charge.given_back + charge.kept:
        raise Invalid.field(
            "amount", "out_of_range", "It can be more than what comes back already, and no more than what is kept."
        )
    await charges.give_back(
        conn, charge.id, total - charge.given_back, "goodwill", now, now + earned.MONEY_BACK_WITHIN, actor
    )
    await keep_reason(conn, actor, "give back more", session, reason, now, vault)
    await record(conn, actor, "give back more", "session", session.id, now, back=total)
