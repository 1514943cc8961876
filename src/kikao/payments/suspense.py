"""Money that fits nothing: a person says whose it is, or that it goes back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kikao.core.actor import Actor
from kikao.core.db import Conn, Row
from kikao.core.errors import NotFound
from kikao.core.ids import new_id
from kikao.journal.actions import record
from kikao.payments import ledger
from kikao.payments.charges import Money, credit, hold_charge
from kikao.payments.rules import Numbers
from kikao.payments.telling import COMES_BACK, tell_payer


async def _hold(conn: Conn, receipt_id: UUID) -> Row:
    """A receipt that still lies in suspense, locked. Raises NotFound."""
    row = await conn.fetchrow(
        "select id, amount from payments.receipt where id = $1 and charge_id is null for update", receipt_id
    )
    returned = "select true from payments.duty where receipt_id = $1 and why = 'suspense'"
    if row is None or await conn.fetchval(returned, receipt_id):
        raise NotFound
    return row


async def place(
    conn: Conn, actor: Actor, receipt_id: UUID, charge_id: UUID, now: datetime, numbers: Numbers
) -> None:
    """It belongs to this charge: what the charge lacks counts, the rest is owed back. Raises NotFound."""
    charge = await hold_charge(conn, charge_id)
    receipt = await _hold(conn, receipt_id)
    await conn.execute("update payments.receipt set charge_id = $2 where id = $1", receipt_id, charge_id)
    await record(conn, actor, "place", "charge", charge_id, now, receipt=receipt_id, amount=receipt["amount"])
    money = Money(ledger.SUSPENSE, receipt["amount"], receipt_id, "placed")
    await credit(conn, charge, money, now, numbers)


async def send_back(conn: Conn, actor: Actor, receipt_id: UUID, now: datetime, numbers: Numbers) -> UUID:
    """It is nobody's here: a duty to give it back. Raises NotFound."""
    receipt = await _hold(conn, receipt_id)
    duty_id, until = new_id(), now + timedelta(hours=numbers.give_back_hours)
    await conn.execute(
        "insert into payments.duty (id, receipt_id, amount, why, created_at, until_at) "
        "values ($1, $2, $3, 'suspense', $4, $5)",
        duty_id, receipt_id, receipt["amount"], now, until,
    )  # fmt: skip
    target = ledger.of_duty(None)
    await ledger.move(conn, ledger.SUSPENSE, target, receipt["amount"], "suspense", receipt_id, now)
    await record(conn, actor, "owe back", "receipt", receipt_id, now, amount=receipt["amount"], duty=duty_id)
    await tell_payer(conn, COMES_BACK, duty_id, now)
    return duty_id
