"""Looking up what became of a prompt: when it is due, and what follows from the answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kikao.core.db import Conn
from kikao.payments import codes, rules
from kikao.payments.actions import end_by_clock
from kikao.payments.codes import Look
from kikao.payments.rules import Evidence, Numbers
from kikao.payments.settling import settle

BUSY_SECONDS = 15

_TO_LOOK_UP = """
select state, checkout_request_id, created_at, expires_at, rung_at from payments.attempt
where id = $1 and due_at is not null and state not in ('created', 'submitting') for update
"""


async def begin_look_up(conn: Conn, attempt_id: UUID, now: datetime, numbers: Numbers) -> str | None:
    """The id to ask M-Pesa about; None when there is nothing to ask, and then the attempt is not due any more.

    A prompt that was open for its whole time becomes unknown here.
    """
    row = await conn.fetchrow(_TO_LOOK_UP, attempt_id)
    if row is None:
        return None
    new = rules.state_now(row["state"], row["created_at"], row["expires_at"], now, numbers)
    if new != row["state"]:
        await end_by_clock(conn, attempt_id, row["state"], new, now)
    if row["checkout_request_id"] is None:
        await conn.execute("update payments.attempt set due_at = null where id = $1", attempt_id)
        return None
    return str(row["checkout_request_id"])


_LOOKED = """
update payments.attempt
set looked_up = least(looked_up + 1, 32000), due_at = $2, checked_at = case when $3 then $4 else checked_at end
where id = $1
"""


async def note_look_up(
    conn: Conn, attempt_id: UUID, checkout_request_id: str, look: Look, now: datetime, numbers: Numbers
) -> None:
    """Settle what M-Pesa answered; without an answer, come back by the schedule."""
    row = await conn.fetchrow(
        "select state, rung_at, created_at, expires_at from payments.attempt where id = $1 for update", attempt_id
    )
    if row is None:
        return
    rung = row["rung_at"] or row["created_at"]
    again = rules.next_due(row["state"], rung, row["expires_at"], now, numbers)
    if look.kind == codes.BUSY:
        soon = now + timedelta(seconds=BUSY_SECONDS)
        again = min(again, soon) if again else soon
    await conn.execute(_LOOKED, attempt_id, again, look.kind != codes.BUSY, now)
    if look.kind == codes.RESULT:
        evidence = Evidence(rules.QUERY, look.code, look.text, look.merchant_request_id, checkout_request_id)
        await settle(conn, attempt_id, evidence, now, numbers)
