"""A session put into any status by plain SQL, through the real constraints, with a charge that fits."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kikao.core.db import Conn
from kikao.core.ids import SYSTEM, new_id, new_reference
from kikao.core.sql import Statement
from kikao.payments import charges, ledger
from kikao.payments.charges import Money
from kikao.payments.rules import Numbers
from kikao.sessions import rules
from support.cast import Cast, Member

PRICE = 2500
HOLD = timedelta(hours=6)

_CHARGE = Statement("""
insert into payments.charge (id, purpose, purpose_id, reference, payer_account, amount, link_hash, created_at,
                             waived, closed_at, open_until)
values (:id, 'session', :session_id, :reference, :payer, :amount, :link, :now, :waived, :closed_at, :open_until)
""")
_SESSION = Statement("""
insert into sessions.session (
    id, reference, psychologist_id, client_id, requested_by, meeting_id, session_type, mode,
    starts_at, ends_at, minutes, buffer_minutes, occupied_until, first_starts_at, session_rate, price, terms_id,
    status, hold_until, due_at, sent_at, open_no, asker_no, charge_id, created_at, updated_at,
    approved_at, approved_by, confirmed_at, confirmed_by, started_at, started_by, ended_at, ended_by,
    expired_from, absent)
values (:id, :reference, :psychologist, :client, :requested_by, :id, 'Individual', 'Online',
    :start, :end, 60, :buffer, :occupied_until, :start, :price, :price, :terms,
    :status, :hold_until, :due_at, :now, :open_no, :asker_no, :charge_id, :now, :now,
    :approved_at, :approved_by, :confirmed_at, :confirmed_by, :started_at, :started_by, :ended_at, :ended_by,
    :expired_from, :absent)
""")


async def stage(
    conn: Conn, cast: Cast, status: str, start: datetime, now: datetime, *,
    client: Member | None = None, psychologist: Member | None = None, expired_from: str = rules.APPROVED,
    hold: timedelta = HOLD, open_no: int = 1, price: int = PRICE, buffer: int = 15,
) -> UUID:
    """One session in `status`; whatever must be settled is waived, so that no money has moved."""
    client, psychologist = client or cast.amina, psychologist or cast.otieno
    session_id, charge_id, reference = new_id(), new_id(), new_reference()
    waiting, ended = status in rules.WAITING, status in rules.ENDED
    settled = status in rules.MUST_BE_SETTLED
    approved = status not in (rules.PENDING_APPROVAL, rules.DECLINED) and not (
        status == rules.EXPIRED and expired_from == rules.PENDING_APPROVAL)
    open_until = now + hold if status in (rules.APPROVED, rules.PAYMENT_SUBMITTED) else None
    by = psychologist.account_id
    await _CHARGE.run(
        conn, id=charge_id, session_id=session_id, reference=reference, amount=price,
        payer=client.account_id if client.has_account else None,
        link=charge_id.bytes, now=now, waived=price if settled else 0, closed_at=now if ended and not settled else None,
        open_until=open_until,
    )
    end = start + timedelta(minutes=60)
    await _SESSION.run(
        conn, id=session_id, reference=reference, psychologist=psychologist.person_id, client=client.person_id,
        requested_by=client.person_id, start=start, end=end, buffer=buffer,
        occupied_until=end + timedelta(minutes=buffer), price=price, terms=cast.terms_id, status=status,
        hold_until=now + hold if waiting else None, now=now, open_no=open_no if waiting else None,
        due_at=now + hold if waiting else end if status in (rules.CONFIRMED, rules.IN_PROGRESS) else None,
        asker_no=open_no, charge_id=charge_id,
        approved_at=now if approved else None, approved_by=by if approved else None,
        confirmed_at=now if settled else None, confirmed_by=SYSTEM if settled else None,
        started_at=now if status == rules.IN_PROGRESS else None, started_by=by if status == rules.IN_PROGRESS else None,
        ended_at=now if ended else None, ended_by=SYSTEM if ended else None,
        expired_from=expired_from if status == rules.EXPIRED else None,
        absent="client" if status == rules.NO_SHOW else None,
    )
    return session_id


_RECEIPT = """
insert into payments.receipt (id, channel, number, charge_id, amount, method, by_account, received_at)
values ($1, 'bank', $2, $3, $4, 'person', $5, $6)
"""


async def money_arrives(conn: Conn, session_id: UUID, amount: int, now: datetime) -> None:
    """Money for a session's charge, by payments' own verb: settles it, tells sessions, or makes a duty."""
    charge_id = await conn.fetchval("select charge_id from sessions.session where id = $1", session_id)
    receipt_id = new_id()
    charge = await charges.hold_charge(conn, charge_id)
    await conn.execute(_RECEIPT, receipt_id, f"SLIP{receipt_id.hex[-8:]}".upper(), charge_id, amount, SYSTEM, now)
    money = Money(ledger.DESK, amount, receipt_id)
    await charges.credit(conn, charge, money, now, Numbers())
