"""What other rooms tell this one by wire: money was decided, a person became reachable."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import asyncpg

from kikao.accounts.wires import Verified
from kikao.core import i18n, practice
from kikao.core.actor import THE_SYSTEM, Actor
from kikao.core.db import Conn, Row, savepoint
from kikao.core.errors import NotFound
from kikao.core.i18n import gettext as _
from kikao.core.ids import SYSTEM
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.notifications.actions import post
from kikao.payments import charges as payments
from kikao.payments.telling import payer
from kikao.payments.wires import Decided, Seen
from kikao.sessions import rules
from kikao.sessions.actions import expire, session_row, tell, times_done, who_is_told
from kikao.sessions.checking import ask_again, refused
from kikao.sessions.queries import visible
from kikao.sessions.retaking import could_be_booked
from kikao.sessions.seen import CLIENT
from kikao.sessions.sql import TAKEN_AT_ONCE


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
    if decided.amount and row["status"] in (rules.APPROVED, rules.PAYMENT_SUBMITTED):
        await _confirm(conn, row, decided.at)
        return True
    return await _be_paid_late(conn, row, decided.at, buys=decided.amount > 0)


async def payment_seen(conn: Conn, actor: Actor, session_id: UUID, now: datetime) -> Seen | None:
    """What this actor may know of what a charge is for; None when the session is not theirs to see."""
    try:
        session = await visible(conn, actor, session_id, now)
    except NotFound:
        return None
    return Seen(session.status, bool(session.parties & {rules.CLIENT, rules.DESK}))


_TOLD_OF = Statement(f"""
select s.id, s.starts_at, p.name, case when s.client_id <> :person_id::uuid then c.name end as for_whom
from sessions.session s
join accounts.people c on c.id = s.client_id
join accounts.people p on p.id = s.psychologist_id
where s.id = any (:ids::uuid[]) and {CLIENT}
""")


async def told_of(conn: Conn, actor: Actor, ids: Sequence[UUID], now: datetime) -> dict[UUID, str]:
    """When and with whom, of those of these sessions that are this client's own."""
    told = {}
    for row in await _TOLD_OF.rows(conn, ids=list(ids), person_id=actor.person_id, now=now):
        text = _("%(when)s with %(name)s, for %(who)s") if row["for_whom"] else _("%(when)s with %(name)s")
        when = i18n.day_and_clock(row["starts_at"], actor.time_zone)
        told[row["id"]] = text % {"when": when, "name": row["name"], "who": row["for_whom"]}
    return told


async def claim_rejected(conn: Conn, session_id: UUID, charge_id: UUID, now: datetime) -> None:
    """M-Pesa has proved that the code which was typed here paid for something else: payable again; of what waits no
    more, the client is told. The charge is held already."""
    with suppress(NotFound):
        session = await visible(conn, THE_SYSTEM, session_id, now)
        late = session.status not in rules.WAITING
        await refused(conn, THE_SYSTEM, session, now, await practice.load(conn, now), late=late)


async def still_missing(conn: Conn, session_id: UUID, now: datetime) -> None:
    """M-Pesa has named the payment of the code which was typed here, and it was a part: nothing is left to check."""
    with suppress(NotFound):
        session = await visible(conn, THE_SYSTEM, session_id, now)
        if await ask_again(conn, session, now, await practice.load(conn, now)):
            await record(conn, THE_SYSTEM, "verify", "session", session_id, now)


async def _be_paid_late(conn: Conn, row: Row, now: datetime, *, buys: bool) -> bool:
    """Takes its time again when that is possible; if not, the client is told each time, with other times to choose
    from. Nothing is bought by a part, nor once a part went back: of that whoever pays is told by the duty itself."""
    taken = buys and await _take_again(conn, row, now)
    if not taken:
        await record(conn, THE_SYSTEM, "be paid too late", "session", row["id"], now)
        times = await times_done(conn, row["id"], "be paid too late")
        if not buys and await payer(conn, row["charge_id"]) == await who_is_told(conn, row["id"], now):
            return False
        await tell(conn, "paid too late", row["id"], now, version=times)
    return taken


async def _take_again(conn: Conn, row: Row, now: datetime) -> bool:
    """Expired after it had been approved, ahead, still to be booked, and free: → Confirmed."""
    was_approved = row["status"] == rules.EXPIRED and row["expired_from"] in (rules.APPROVED, rules.PAYMENT_SUBMITTED)
    if not was_approved or row["starts_at"] <= now:
        return False
    if not await could_be_booked(conn, row["id"], now):
        return False
    for rival in await overdue_rivals(conn, row, now):
        await expire(conn, rival, now)
    try:
        async with savepoint(conn):
            await _confirm(conn, row, now)
    except asyncpg.ExclusionViolationError:
        return False
    return True


async def overdue_rivals(conn: Conn, row: Row, now: datetime) -> list[UUID]:
    """Holds that have passed and still stand in the way of this row's time."""
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
        set status = 'Confirmed', hold_until = null, due_at = ends_at, open_no = null, expired_from = null,
            ended_at = null, ended_by = null, confirmed_at = $2, confirmed_by = $3, paid_at = $2, updated_at = $2
        where id = $1
        """,
        row["id"], now, SYSTEM,
    )
    late = row["status"] == rules.EXPIRED
    await record(conn, THE_SYSTEM, "be paid late" if late else "be paid", "session", row["id"], now)
    await tell(conn, "paid", row["id"], now)
    await post(conn, "paid", row["id"], row["psychologist_id"], now)


async def release(conn: Conn, verified: Verified) -> None:
    """A contact was proved: what this person asked for reaches its psychologist, with the full time to answer.

    Where the contact turned out to belong to an account that signs in already, the requests move to it.
    """
    person = verified.instead_of or verified.person_id
    rows = await conn.fetch(
        """
        select id, starts_at, psychologist_id, charge_id, client_id from sessions.session
        where asker_waiting = $1
          and status = 'Pending Approval' and sent_at is null and hold_until > $2
        """,
        person, verified.at,
    )
    if verified.instead_of is not None:
        await _pays_from_now_on(conn, verified, rows)
    if not rows:
        return
    if verified.instead_of is not None:
        await _expire_overdue_of(conn, verified)
    numbers = (await practice.load(conn, verified.at)).of(rules.Numbers)
    for row in rows:
        await _send(conn, row, verified, numbers)


async def _pays_from_now_on(conn: Conn, who: Verified, asked: list[Row]) -> None:
    """What was asked for anew is theirs to pay, and what desk has booked for those whom they act for."""
    booked = await conn.fetch(
        """
        select charge_id from sessions.session
        where requested_by = $1 and client_id = any (array(
            select $1::uuid union all select person_id from accounts.may_act_for where by_person = $1))
        """,
        who.person_id,
    )
    charges = [row["charge_id"] for row in (*asked, *booked)]
    await payments.is_paid_by(conn, charges, who.account_id, instead_of=who.instead_of)


async def _expire_overdue_of(conn: Conn, who: Verified) -> None:
    rows = await conn.fetch(
        "select id from sessions.session where (client_id = any ($1) or asker_waiting = $2) and hold_until <= $3",
        [who.person_id, *who.same.values()], who.person_id, who.at,
    )
    for row in rows:
        await expire(conn, row["id"], who.at)


# The person who takes over must be one whom the booking statement would have taken, and needs seats of their own
# among the few unpaid ones: none is a violation of `counted_while_waiting`.
SEAT = """
(select min(n) from generate_series(1, case
    when exists (select from sessions.session p
                 where p.{paid} and p.paid_at is not null)
    then :open_when_known::integer else :open_at_first::integer end) n
 where n not in (select o.{number} from sessions.session o where o.{taken} and o.{number} is not null))
"""
_OPEN_NO = SEAT.format(paid="client_id = c.id", number="open_no", taken="client_id = c.id")
_ASKER_NO = SEAT.format(
    paid="requested_by = :person_id::uuid", number="asker_no", taken="asker_waiting = :person_id::uuid"
)
_SEND = Statement(f"""
update sessions.session s
set sent_at = :now, hold_until = :hold_until, due_at = :hold_until, updated_at = :now,
    client_id = c.id, requested_by = :person_id::uuid,
    open_no = case when s.client_id = c.id then s.open_no else {_OPEN_NO} end,
    asker_no = case when s.requested_by = :person_id::uuid then s.asker_no else {_ASKER_NO} end
from accounts.people c
where s.id = :id and s.status = 'Pending Approval' and s.sent_at is null and s.hold_until > :now
  and c.id = :client_id::uuid
  and c.state = 'active'
  and exists (select from accounts.people where id = :person_id::uuid and state = 'active')
  and not exists (select from directory.closed r where r.psychologist_id = s.psychologist_id and r.client_id = c.id)
""")


async def _send(conn: Conn, row: Row, verified: Verified, numbers: rules.Numbers) -> None:
    hold = rules.request_hold(verified.at, row["starts_at"], numbers, proved=True)
    whose = row["client_id"]
    client_id = verified.person_id if whose == verified.instead_of else verified.same.get(whose, whose)
    await payments.hold_charge(conn, row["charge_id"])
    sent = 0
    # What the constraints refuse: taken at that time, enough open, or their own psychologist.
    with suppress(asyncpg.ExclusionViolationError, asyncpg.UniqueViolationError, asyncpg.CheckViolationError):
        async with savepoint(conn):
            sent = await _SEND.run(
                conn, id=row["id"], now=verified.at, hold_until=hold, person_id=verified.person_id,
                client_id=client_id, open_at_first=numbers.open_at_first,
                open_when_known=numbers.open_when_known,
            )
    if not sent:  # the hold lapses by itself
        await record(conn, THE_SYSTEM, "send refused", "session", row["id"], verified.at)
        if verified.instead_of is not None:
            await _ends_unsent(conn, row, client_id, verified)
        return
    await record(conn, THE_SYSTEM, "send", "session", row["id"], verified.at)
    if not await _take_at_once(conn, row["id"], verified.at, numbers):
        await post(conn, "requested", row["id"], row["psychologist_id"], verified.at)


async def _ends_unsent(conn: Conn, row: Row, client_id: UUID, verified: Verified) -> None:
    """It is of whoever came in by it all the same, so that they can read what became of it."""
    ended = await conn.fetchval(
        """
        update sessions.session
        set client_id = $2, requested_by = $3, status = 'Expired', expired_from = status, hold_until = null,
            due_at = null, open_no = null, ended_at = $4, ended_by = $5, updated_at = $4
        where id = $1 and psychologist_id <> $2 returning expired_from
        """,
        row["id"], client_id, verified.person_id, verified.at, SYSTEM,
    )
    if ended is not None:
        await payments.close_charge(conn, row["charge_id"], verified.at)
        await record(conn, THE_SYSTEM, "expire", "session", row["id"], verified.at, was=ended)


_AT_ONCE = Statement(f"""
select s.starts_at, s.charge_id, s.price, s.psychologist_id,
       not exists (select from sessions.session p
                   where (p.client_id = s.client_id or p.requested_by = s.requested_by)
                     and p.paid_at is not null) as first_time
from sessions.session s join directory.listed l on l.id = s.psychologist_id
cross join lateral (select s.psychologist_id, s.client_id, l.takes) w
where s.id = :id::uuid and {TAKEN_AT_ONCE}
""")
_TAKE = Statement("""
update sessions.session
set status = case when :free::boolean then 'Confirmed' else 'Approved' end,
    hold_until = :hold_until::timestamptz, due_at = coalesce(:hold_until::timestamptz, ends_at),
    open_no = case when not :free::boolean then open_no end,
    approved_at = :now::timestamptz, approved_by = :by::uuid, updated_at = :now::timestamptz,
    confirmed_at = case when :free::boolean then :now::timestamptz end,
    confirmed_by = case when :free::boolean then :by::uuid end
where id = :id::uuid and status = 'Pending Approval'
""")


async def _take_at_once(conn: Conn, session_id: UUID, now: datetime, numbers: rules.Numbers) -> bool:
    """Where the psychologist takes this client at once: → Approved (Confirmed when nothing is owed)."""
    row = await _AT_ONCE.first(conn, id=session_id)
    if row is None:
        return False
    free = row["price"] == 0
    until = (rules.first_pay_until if row["first_time"] else rules.pay_until)(now, row["starts_at"], numbers)
    hold = None if free else rules.hold_for_payment(until, numbers)
    await _TAKE.run(conn, id=session_id, now=now, by=SYSTEM, free=free, hold_until=hold)
    if not free:
        await payments.open_charge(conn, row["charge_id"], until)
    await record(conn, THE_SYSTEM, "approve", "session", session_id, now, atOnce=True)
    await tell(conn, "confirmed" if free else "accepted", session_id, now)
    await post(conn, "confirmed" if free else "taken", session_id, row["psychologist_id"], now)
    return True
