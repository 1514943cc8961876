"""Booking what M-Pesa says has arrived: one credit a receipt, one receipt an attempt."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.actor import THE_SYSTEM
from kikao.core.db import Conn, Row
from kikao.core.ids import SYSTEM, new_id
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.payments import claims, duties, ledger, rules
from kikao.payments.charges import Money, credit, hold_charge
from kikao.payments.rules import Evidence, Numbers, Verdict


class Arrival(msgspec.Struct, frozen=True):
    """What is to be booked: the attempt that asked (`asked` KES), the evidence, and what the rules made of it."""

    attempt_id: UUID
    charge_id: UUID
    asked: int
    evidence: Evidence
    verdict: Verdict
    at: datetime

    @property
    def in_suspense(self) -> bool:
        """More than was asked for fits nothing; a person decides."""
        return self.verdict.amount > self.asked


async def take(conn: Conn, arrival: Arrival, receipt: Row | None, numbers: Numbers) -> bool:
    """Book an arrival for a held attempt. False when its number is evidence of something else already, and then
    nothing was written."""
    # Before the receipt: its foreign key shares a lock on the charge, and two that share one cannot both have it.
    await hold_charge(conn, arrival.charge_id)
    number = arrival.evidence.receipt
    if receipt is None:
        booked = await _first(conn, arrival, numbers)
    else:
        booked = number in (None, receipt["number"]) or await _number(conn, receipt["id"], arrival)
        if booked and arrival.verdict.do == rules.CORRECT:
            await _correct(conn, arrival, receipt, numbers)
    if booked and number:
        await claims.proved_by_receipt(conn, number, arrival.charge_id, arrival.at)
    return booked


# The first word -----------------------------------------------------------------------------------

_MAKE = Statement("""
insert into payments.receipt (id, channel, number, attempt_id, charge_id, amount, method, paid_at, received_at)
values (:id, 'mpesa', :number, :attempt_id, :charge_id, :amount, :method, :paid_at, :at)
on conflict do nothing returning id
""")


async def _first(conn: Conn, arrival: Arrival, numbers: Numbers) -> bool:
    receipt_id = await _make(conn, arrival)
    if receipt_id is None:
        vouched = await _vouched(conn, arrival.evidence.receipt)
        if vouched is None:
            return False
        if vouched["charge_id"] == arrival.charge_id and not arrival.in_suspense:
            await _replace_vouched(conn, arrival, vouched)
            return True
        await _set_aside(conn, arrival, vouched)
        receipt_id = await _make(conn, arrival)
        assert receipt_id is not None, "the number was just set free, and the attempt is held"
    await _arrive(conn, arrival, receipt_id, numbers)
    return True


async def _make(conn: Conn, arrival: Arrival) -> UUID | None:
    made = await _MAKE.first(
        conn, id=new_id(), number=arrival.evidence.receipt, attempt_id=arrival.attempt_id,
        charge_id=None if arrival.in_suspense else arrival.charge_id, amount=arrival.verdict.amount,
        method=arrival.evidence.source, paid_at=arrival.evidence.paid_at, at=arrival.at,
    )  # fmt: skip
    return made["id"] if made else None


async def _arrive(conn: Conn, arrival: Arrival, receipt_id: UUID, numbers: Numbers) -> None:
    amount, at = arrival.verdict.amount, arrival.at
    if arrival.in_suspense:
        await ledger.move(conn, ledger.UTILITY, ledger.SUSPENSE, amount, ledger.ARRIVED, receipt_id, at)
        await record(
            conn, THE_SYSTEM, "receive in suspense", "charge", arrival.charge_id, at,
            amount=amount, receipt=receipt_id,
        )  # fmt: skip
        return
    charge = await hold_charge(conn, arrival.charge_id)
    await credit(conn, charge, Money(ledger.UTILITY, amount, receipt_id), at, numbers)


# A person has vouched for this number before M-Pesa spoke -----------------------------------------


async def _vouched(conn: Conn, number: str | None) -> Row | None:
    return await conn.fetchrow(
        "select id, charge_id, amount from payments.receipt "
        "where channel = 'mpesa' and number = $1 and method = 'person' for update",
        number,
    )


async def _replace_vouched(conn: Conn, arrival: Arrival, vouched: Row) -> None:
    """The same payment, for the same charge: M-Pesa's money takes the place of the desk's word."""
    await conn.execute(
        "update payments.receipt set attempt_id = $2, method = $3, by_account = null, paid_at = $4 where id = $1",
        vouched["id"], arrival.attempt_id, arrival.evidence.source, arrival.evidence.paid_at,
    )  # fmt: skip
    amount = arrival.verdict.amount
    await ledger.move(conn, ledger.UTILITY, ledger.DESK, amount, ledger.ARRIVED, vouched["id"], arrival.at)
    await record(
        conn, THE_SYSTEM, "confirm", "charge", arrival.charge_id, arrival.at, amount=amount, receipt=vouched["id"]
    )


async def _set_aside(conn: Conn, arrival: Arrival, vouched: Row) -> None:
    """It was vouched for on another charge, and M-Pesa says that it is this one's. That charge keeps what the desk
    vouched for, without the number; the ledger shows it as the desk's; somebody should look."""
    await conn.execute(
        "update payments.receipt set number = number || '/' || $2 where id = $1",
        vouched["id"], str(vouched["id"])[-6:].upper(),
    )  # fmt: skip
    await record(
        conn, THE_SYSTEM, "receipt belongs elsewhere", "charge", vouched["charge_id"], arrival.at,
        receipt=vouched["id"], attempt=arrival.attempt_id,
    )  # fmt: skip


# A later word -------------------------------------------------------------------------------------


async def _number(conn: Conn, receipt_id: UUID, arrival: Arrival) -> bool:
    """The number of a receipt that came without one, or with that of a wrong word."""
    number = arrival.evidence.receipt
    holder = await conn.fetchrow(
        "select id, charge_id, method from payments.receipt where channel = 'mpesa' and number = $1 for update", number
    )
    if holder is not None and holder["method"] != "person":
        return False
    if holder is not None:
        await _set_aside(conn, arrival, holder)
    await conn.execute(
        "update payments.receipt set number = $2, paid_at = coalesce($3, paid_at), method = $4 where id = $1",
        receipt_id, number, arrival.evidence.paid_at, arrival.evidence.source,
    )  # fmt: skip
    return True


async def _correct(conn: Conn, arrival: Arrival, receipt: Row, numbers: Numbers) -> None:
    """A first word named another amount; now M-Pesa agrees with what was asked. What lay in suspense goes back
    where it came from; what was part paid stays, and the rest is added."""
    lacking = arrival.asked - receipt["amount"]
    if receipt["charge_id"] is None:
        await _out_of_suspense(conn, receipt, arrival.at)
        lacking = arrival.asked
    if lacking <= 0:
        return  # somebody has placed it already, and what was too much is owed back
    await conn.execute(
        "update payments.receipt set amount = $2, charge_id = $3 where id = $1",
        receipt["id"], arrival.asked, arrival.charge_id,
    )  # fmt: skip
    charge = await hold_charge(conn, arrival.charge_id)
    await credit(conn, charge, Money(ledger.UTILITY, lacking, receipt["id"], "corrected"), arrival.at, numbers)


async def _out_of_suspense(conn: Conn, receipt: Row, now: datetime) -> None:
    """Money that was never there: it leaves suspense, or the duty that somebody made of it. A duty that was done
    already stays, and so does its loss in the books."""
    duty_id = await conn.fetchval(
        "select id from payments.duty where receipt_id = $1 and why = 'suspense' for update", receipt["id"]
    )
    if duty_id is None:
        await ledger.move(
            conn, ledger.SUSPENSE, ledger.UTILITY, receipt["amount"], "corrected", receipt["id"], now)
    else:
        await duties.end(conn, duty_id, SYSTEM, ledger.UTILITY, "corrected", now)
