"""Telling whoever paid that money comes back, and that it is back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.core.db import Conn
from kikao.notifications.actions import post
from kikao.payments.wires import unwritten

# The person who pays a charge `c`, by account or by the contact that was rung; null where nobody is known to.
PAYER = """
coalesce((select p.id from accounts.people p where p.account_id = c.payer_account),
         (select k.person_id from accounts.contact k where k.id = c.payer_contact))
"""
COMES_BACK, GIVEN_BACK = "money comes back", "money given back"


async def payer(conn: Conn, charge_id: UUID) -> UUID | None:
    """Who pays this charge, where that is known: whom money that goes back is told to."""
    found: UUID | None = await conn.fetchval(f"select {PAYER} from payments.charge c where c.id = $1", charge_id)
    return found


async def tell_payer(conn: Conn, kind: str, duty_id: UUID, now: datetime) -> None:
    """Once a duty. Money of which nobody knows who paid it is told to nobody."""
    person_id = await conn.fetchval(
        f"""
        select {PAYER} from payments.duty d
        left join payments.receipt r on r.id = d.receipt_id
        left join payments.attempt a on a.id = r.attempt_id
        join payments.charge c on c.id = coalesce(d.charge_id, a.charge_id)
        where d.id = $1
        """,
        duty_id,
    )
    if person_id is not None:
        await post(conn, kind, duty_id, person_id, now)


async def is_unwritten(conn: Conn, charge_id: UUID) -> bool:
    """Whether whom it was for has died: then nothing of it is written to anybody, and a person says it."""
    row = await conn.fetchrow("select purpose, purpose_id from payments.charge where id = $1", charge_id)
    asked = unwritten.get(row["purpose"]) if row else None
    return row is not None and asked is not None and await asked(conn, row["purpose_id"])
