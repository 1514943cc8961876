"""What can never be true of the stored sessions, asked in SQL, from the plain columns that people read.

Other tests ask these after every step. Here each question is shown to find what it looks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from kikao.core.db import Conn, Database
from kikao.sessions.rules import APPROVED, CONFIRMED, PENDING_APPROVAL
from sessions.conftest import Desk

pytestmark = pytest.mark.database

_HOLDS = "('Pending Approval', 'Approved', 'Payment Submitted', 'Confirmed', 'In Progress')"
# Not by the generated ranges that the constraints use: from the columns themselves.
OVERLAPPING = f"""
select a.id from sessions.session a join sessions.session b on a.id < b.id
where a.status in {_HOLDS} and b.status in {_HOLDS}
  and ((a.psychologist_id = b.psychologist_id and a.meeting_id <> b.meeting_id
        and a.starts_at < b.ends_at + make_interval(mins => b.buffer_minutes)
        and b.starts_at < a.ends_at + make_interval(mins => a.buffer_minutes))
       or (a.client_id = b.client_id and a.starts_at < b.ends_at and b.starts_at < a.ends_at))
"""
UNPAID = """
select s.id from sessions.session s join payments.charge c on c.id = s.charge_id
where s.status in ('Confirmed', 'In Progress', 'Completed', 'No Show')
  and c.paid + c.verified + c.covered + c.waived - c.taken_back < s.price
"""
# Two until something was paid here, then five.
TOO_MANY_OPEN = """
select client_id from sessions.session s
where status in ('Pending Approval', 'Approved', 'Payment Submitted') group by client_id
having count(*) > case when bool_or(booked_by is not null) or exists (
    select from sessions.session p join payments.charge c on c.id = p.charge_id
    where p.client_id = s.client_id and p.confirmed_at is not null
      and c.paid + c.verified + c.covered > 0) then 5 else 2 end
"""
TOO_MANY_ASKED = """
select requested_by from sessions.session s
where status in ('Pending Approval', 'Approved', 'Payment Submitted') and requested_by is not null group by requested_by
having count(*) > case when bool_or(booked_by is not null) or exists (
    select from sessions.session p join payments.charge c on c.id = p.charge_id
    where p.requested_by = s.requested_by and p.confirmed_at is not null
      and c.paid + c.verified + c.covered > 0) then 5 else 2 end
"""
HALF_SAID = """
select id from sessions.session
where (status in ('Pending Approval', 'Approved', 'Payment Submitted')) <> (hold_until is not null)
   or (hold_until is not null and due_at is distinct from hold_until)
   or (status in ('Confirmed', 'In Progress') and due_at is null)
   or (status in ('Declined', 'Expired') and due_at is not null)
   or (approved_at is null) <> (approved_by is null) or (confirmed_at is null) <> (confirmed_by is null)
   or (started_at is null) <> (started_by is null) or (ended_at is null) <> (ended_by is null)
   or hold_until > starts_at + interval '5 minutes' or hold_until <= created_at
"""
# What a charge says it kept is what lies in its account, and what is owed lies in the duties' accounts.
LEDGER = """
select c.id from payments.charge c
left join payments.ledger_account a on a.kind = 'charge' and a.owner = c.id
left join payments.move m on a.id in (m.to_account, m.from_account)
group by c.id
having c.paid + c.verified + c.covered - c.given_back - c.taken_back - c.earned
       <> coalesce(sum(case when m.to_account = a.id then m.amount else -m.amount end), 0)
"""
# Money that bought nothing is owed back: a session that ended unsettled, or that expired or was declined, keeps none.
KEPT_FOR_NOTHING = """
select s.id from sessions.session s join payments.charge c on c.id = s.charge_id
where s.status in ('Expired', 'Declined') and c.paid + c.verified + c.covered - c.given_back - c.taken_back <> 0
"""
# What is owed back lies in the duties' accounts, what is earned in those of who earned it and of the practice.
DUTIES = """
select 1 where (select coalesce(sum(amount), 0) from payments.duty where done_at is null) <> (
    select coalesce(sum(case when m.to_account = a.id then m.amount else -m.amount end), 0)
    from payments.ledger_account a join payments.move m on a.id in (m.to_account, m.from_account) where a.kind = 'duty')
"""
EARNINGS = """
select c.id from payments.charge c left join payments.earning e on e.charge_id = c.id
where c.earned <> coalesce(e.amount + e.share, 0)
union all
select s.id from payments.earning e join sessions.session s on s.charge_id = e.charge_id
where e.amount <> coalesce((select sum(m.amount) from payments.move m
    join payments.ledger_account f on f.id = m.from_account join payments.ledger_account t on t.id = m.to_account
    where f.owner = e.charge_id and t.kind = 'earned' and t.owner = e.payee), 0)
"""
# Whoever did not come, or broke off, has earned nothing of it.
EARNED_FOR_NOTHING = """
select e.id from payments.earning e join payments.duty d using (charge_id)
where e.moved_at is not null and d.why in ('not come', 'broken off')
"""
QUESTIONS = {
    "overlapping": OVERLAPPING, "unpaid but confirmed": UNPAID, "too many open": TOO_MANY_OPEN,
    "too many asked": TOO_MANY_ASKED,
    "half said": HALF_SAID, "ledger": LEDGER, "kept for nothing": KEPT_FOR_NOTHING,
    "duties": DUTIES, "earnings": EARNINGS, "earned for nothing": EARNED_FOR_NOTHING,
}  # fmt: skip
ALL = f"""
select {", ".join(f'(select count(*) from ({text}) q) as "{name}"' for name, text in QUESTIONS.items())}, (
    select coalesce(sum(case when m.to_account = a.id then m.amount else -m.amount end), 0)
    from payments.ledger_account a join payments.move m on a.id in (m.to_account, m.from_account)) as balance
"""


async def wrong(conn: Conn) -> dict[str, int]:
    """Every question that finds something, and how much; a sound database gives {}."""
    counted = await conn.fetchrow(ALL)
    assert counted is not None
    return found(counted.values())


def found(counted: Iterable[int]) -> dict[str, int]:
    return {name: number for name, number in zip([*QUESTIONS, "balance"], counted, strict=True) if number}


async def _asked(db: Database, question: str) -> int:
    async with db.connection() as conn:
        return len(await conn.fetch(question))


async def overlapping(db: Database) -> int:
    return await _asked(db, OVERLAPPING)


async def unpaid_but_confirmed(db: Database) -> int:
    return await _asked(db, UNPAID)


async def too_many_open(db: Database) -> int:
    return await _asked(db, TOO_MANY_OPEN)


async def too_many_asked(db: Database) -> int:
    return await _asked(db, TOO_MANY_ASKED)


async def test_a_sound_database_has_nothing_wrong(desk: Desk) -> None:
    await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.stage(CONFIRMED, desk.start + timedelta(days=1))
    async with desk.db.connection() as conn:
        assert await wrong(conn) == {}


_EARNED = """
insert into payments.earning (id, charge_id, payee, percent, payable_at, promised_at, promised_by, moved_at, moved_by,
                              amount, share)
select id, id, (select id from accounts.person limit 1), 0, now(), now(), id, now(), id, 5, 0 from payments.charge
"""
_OWED = """
insert into payments.duty (id, charge_id, amount, why, created_at, until_at)
select id, id, 5, 'not come', now(), now() from payments.charge
"""
DAMAGE = {
    "overlapping": "update sessions.session set starts_at = starts_at, client_id = (select client_id from"
                   " sessions.session where status = 'Approved'), psychologist_id = (select psychologist_id from"
                   " sessions.session where status = 'Approved')",
    "unpaid but confirmed": "update payments.charge set waived = 0",
    "half said": "update sessions.session set due_at = null where status = 'Approved'",
    "ledger": "update payments.charge set paid = paid + 1 where waived = 0",
    "kept for nothing": "update payments.charge set paid = 5 where closed_at is not null",
    "duties": _OWED, "earnings": _EARNED, "earned for nothing": f"with owed as ({_OWED}) {_EARNED}",
}  # fmt: skip


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name not in ("too many open", "too many asked")])
async def test_each_question_finds_what_it_looks_for(desk: Desk, question: str) -> None:
    await desk.stage(APPROVED)
    await desk.stage(CONFIRMED, client=desk.cast.baraka, psychologist=desk.cast.wanjiru)
    await desk.stage("Expired", desk.start + timedelta(days=2))
    async with desk.db.connection() as conn:
        for name in ("no_two_at_one_time_for_a_psychologist", "no_two_at_one_time_for_a_client",
                     "settled_before_confirmed"):
            await conn.execute(f"alter table sessions.session drop constraint {name}")
        assert await wrong(conn) == {}
        await conn.execute(DAMAGE[question])
        assert question in await wrong(conn)


async def test_three_open_ones_are_found(desk: Desk) -> None:
    for day in range(3):
        await desk.stage(PENDING_APPROVAL, desk.start + timedelta(days=day), open_no=day + 1)
    assert await too_many_open(desk.db) == 1
    assert await too_many_asked(desk.db) == 1
