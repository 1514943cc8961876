"""How a duty ends: the row and its move in the books, whoever ended it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.core.db import Conn, Row
from kikao.core.ids import new_id
from kikao.payments import ledger
from kikao.payments.ledger import Account


async def end(conn: Conn, duty_id: UUID, by: UUID | None, target: Account, why: str, now: datetime) -> Row | None:
    """Its money has gone to `target`. Gives charge_id, receipt_id, amount; None for what is not open."""
    row = await conn.fetchrow(
        """
        update payments.duty set done_at = $2, done_by = $3 where id = $1 and done_at is null
        returning charge_id, receipt_id, amount
        """,
        duty_id, now, by,
    )
    if row is not None:
        await ledger.move(conn, ledger.of_duty(row["charge_id"]), target, row["amount"], why, row["receipt_id"], now)
    return row


async def part(conn: Conn, duty_id: UUID, amount: int) -> UUID:
    """A duty of its own for `amount` KES of an open one, which keeps the rest; the whole of it stays as it is."""
    new = await conn.fetchval(
        """
        with rest as (
            update payments.duty set amount = amount - $2 where id = $1 and done_at is null and amount > $2 returning *
        )
        insert into payments.duty (id, charge_id, receipt_id, amount, why, created_at, until_at)
        select $3, charge_id, receipt_id, $2, why, created_at, until_at from rest returning id
        """,
        duty_id, amount, new_id(),
    )
    return new or duty_id
