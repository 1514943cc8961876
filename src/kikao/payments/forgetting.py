"""What is forgotten of money, and when: seven years after the last of it. What is not settled is not forgotten.

Each runs in the caller's transaction; the ledger's table refuses to lose a younger move, whoever asks.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.core.db import Conn

_CHARGES = "select id from payments.charge where purpose_id = $1"
_ATTEMPTS = f"select id from payments.attempt where charge_id in ({_CHARGES})"
_RECEIPTS = f"select id from payments.receipt where charge_id in ({_CHARGES}) or attempt_id in ({_ATTEMPTS})"
_ACCOUNTS = f"select id from payments.ledger_account where owner in ({_CHARGES})"

_STILL_KEPT = f"""
select exists (select from payments.charge where purpose_id = $1 and greatest(created_at, closed_at) >= $2)
    or exists (select from payments.receipt where id in ({_RECEIPTS}) and received_at >= $2)
    or exists (select from payments.move
               where at >= $2 and (receipt_id in ({_RECEIPTS}) or from_account in ({_ACCOUNTS})
                                   or to_account in ({_ACCOUNTS})))
    or exists (select from payments.duty
               where (charge_id in ({_CHARGES}) or receipt_id in ({_RECEIPTS}))
                 and (done_at is null or done_at >= $2))
    or exists (select from payments.reversal
               where charge_id in ({_CHARGES}) and (decided_at is null or decided_at >= $2))
    or exists (select from payments.letter where attempt_id in ({_ATTEMPTS}) and read_at is null)
    or exists (select from payments.earning
               where charge_id in ({_CHARGES}) and (moved_at is null or moved_at >= $2))
"""

# Each after all that refer to it.
_DROP = (
    f"delete from payments.earning where charge_id in ({_CHARGES})",
    f"delete from payments.reversal where charge_id in ({_CHARGES})",
    f"delete from payments.duty where charge_id in ({_CHARGES}) or receipt_id in ({_RECEIPTS})",
    f"delete from payments.move where receipt_id in ({_RECEIPTS}) or from_account in ({_ACCOUNTS})"
    f" or to_account in ({_ACCOUNTS})",
    f"delete from payments.claim where charge_id in ({_CHARGES})",
    f"delete from payments.letter where attempt_id in ({_ATTEMPTS})",
    f"delete from payments.receipt where id in ({_RECEIPTS})",
    f"delete from payments.attempt where charge_id in ({_CHARGES})",
    f"delete from payments.ledger_account where owner in ({_CHARGES})",
    "delete from payments.charge where purpose_id = $1",
)


async def still_kept(conn: Conn, purpose_id: UUID, before: datetime) -> bool:
    """Whether anything of its money is younger, is owed still, or waits to be read."""
    return bool(await conn.fetchval(_STILL_KEPT, purpose_id, before))


async def drop(conn: Conn, purpose_id: UUID) -> None:
    """Everything that was ever asked for and paid for one purpose, when nothing refers to it any more."""
    for statement in _DROP:
        await conn.execute(statement, purpose_id)


async def forget_payer(conn: Conn, purpose_id: UUID) -> None:
    """What nothing ever came for: without who was to pay it, without tries and the phones that they rang."""
    await conn.execute(f"delete from payments.claim where charge_id in ({_CHARGES})", purpose_id)
    await conn.execute(f"delete from payments.letter where attempt_id in ({_ATTEMPTS})", purpose_id)
    await conn.execute(f"delete from payments.attempt where charge_id in ({_CHARGES})", purpose_id)
    await conn.execute(
        "update payments.charge set payer_account = null, payer_contact = null where purpose_id = $1", purpose_id
    )


async def forget_phones(conn: Conn, person_id: UUID, account_id: UUID | None) -> None:
    """Of tries that brought nothing, by phones of this person or for what their account was to pay: the number. A
    number that paid stays as long as the payment does, and so does one of which M-Pesa has not said the last word."""
    await conn.execute(
        """
        update payments.attempt a set phone = null
        where state in ('refused', 'not_sent', 'failed') and alarm is null
          and (phone in (select value from accounts.contact where person_id = $1 and kind = 'phone')
               or charge_id in (select id from payments.charge where payer_account = $2))
          and not exists (select from payments.receipt where attempt_id = a.id)
          and not exists (select from payments.letter where attempt_id = a.id and read_at is null)
        """,
        person_id, account_id,
    )


_OLD_STRAYS = """
select r.id from payments.receipt r
where r.charge_id is null and r.received_at < $1
  and exists (select from payments.duty d where d.receipt_id = r.id and d.done_at < $1)
  and not exists (select from payments.duty d where d.receipt_id = r.id and (d.done_at is null or d.done_at >= $1))
  and not exists (select from payments.move m where m.receipt_id = r.id and m.at >= $1)
"""


async def forget_strays(conn: Conn, before: datetime) -> int:
    """Money that belonged to nothing and went back long ago. How many receipts."""
    found = [row["id"] for row in await conn.fetch(_OLD_STRAYS, before)]
    for statement in (
        "delete from payments.duty where receipt_id = any ($1)",
        "delete from payments.move where receipt_id = any ($1)",
        "delete from payments.receipt where id = any ($1)",
    ):
        await conn.execute(statement, found)
    return len(found)
