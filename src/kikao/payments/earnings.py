"""What is earned: kept of a charge, less the practice's share. Promised first; theirs once it was moved.

Nothing is passed on before its time, while a duty of the charge is open, or while somebody has to decide who bears
what M-Pesa took back. What was moved is never changed.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.core.actor import THE_SYSTEM, Actor
from kikao.core.db import Conn
from kikao.core.ids import SYSTEM, new_id
from kikao.core.money import share
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.payments import ledger
from kikao.payments.charges import Charge, hold_charge
from kikao.payments.reversals import is_undecided

_PROMISE = Statement("""
insert into payments.earning (id, charge_id, payee, percent, payable_at, promised_at, promised_by)
values (:id, :charge_id, :payee, :percent, :payable_at, :now, :by)
on conflict (charge_id) do update
set payee = excluded.payee, percent = excluded.percent, payable_at = excluded.payable_at,
    promised_at = excluded.promised_at, promised_by = excluded.promised_by
where earning.moved_at is null
""")
_MOVED = Statement("""
update payments.earning
set moved_at = :now, moved_by = :by, amount = :amount::integer, share = :share::integer where id = :id
""")
_OPEN_DUTY = "select exists (select from payments.duty where charge_id = $1 and done_at is null)"


async def promise(
    conn: Conn, actor: Actor, charge_id: UUID, payee: UUID, percent: int, payable_at: datetime, now: datetime
) -> bool:
    """What is kept of this charge will be the payee's, but for `percent` of it; a new promise replaces the one before.
    False when there is nothing (more) to earn."""
    charge = await hold_charge(conn, charge_id)
    if charge.kept <= 0:
        await forget(conn, charge_id)
        return False
    await _PROMISE.run(
        conn, id=new_id(), charge_id=charge_id, payee=payee, percent=percent, payable_at=payable_at, now=now,
        by=actor.account_id,
    )  # fmt: skip
    return True


async def forget(conn: Conn, charge_id: UUID) -> None:
    """Nothing will be earned; what was moved stays."""
    await conn.execute("delete from payments.earning where charge_id = $1 and moved_at is null", charge_id)


async def pass_on(conn: Conn, charge_id: UUID, now: datetime) -> datetime | None:
    """Move what was promised, when it is time and neither a duty nor a decision is open. Answers when it is payable
    while it still waits, None when nothing waits any more."""
    charge = await hold_charge(conn, charge_id)
    row = await conn.fetchrow(
        "select id, payee, percent, payable_at from payments.earning where charge_id = $1 and moved_at is null",
        charge_id,
    )
    if row is None:
        return None
    if row["payable_at"] > now or await conn.fetchval(_OPEN_DUTY, charge_id) or await is_undecided(conn, charge_id):
        return row["payable_at"]  # type: ignore[no-any-return]
    if charge.kept <= 0:
        await forget(conn, charge_id)
        return None
    theirs = await _move(conn, charge, row["payee"], row["percent"], now)
    await _MOVED.run(conn, id=row["id"], now=now, by=SYSTEM, amount=theirs, share=charge.kept - theirs)
    await record(
        conn, THE_SYSTEM, "earn", "charge", charge_id, now, amount=theirs, share=charge.kept - theirs
    )
    return None


async def _move(conn: Conn, charge: Charge, payee: UUID, percent: int, now: datetime) -> int:
    """Both parts leave the charge's account; answers the payee's, in KES."""
    ours = share(charge.kept, percent)
    theirs = charge.kept - ours
    for target, amount in ((ledger.of_payee(payee), theirs), (ledger.SHARE, ours)):
        if amount:
            await ledger.move(conn, ledger.of_charge(charge.id), target, amount, "earned", None, now)
    await conn.execute("update payments.charge set earned = earned + $2 where id = $1", charge.id, charge.kept)
    return theirs
