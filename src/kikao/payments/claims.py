"""Codes that somebody typed in, and money that a person vouches for: cash, slips, codes that were checked.

A claim never stands in the way of evidence: M-Pesa's word settles its own charge, whoever typed the code first.
"""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, NotPossible, TooOften
from kikao.core.ids import SYSTEM, new_id
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.payments import ledger
from kikao.payments.charges import Charge, Money, credit, hold_charge
from kikao.payments.errors import AlreadyPaid, ClaimTaken, ReceiptTaken
from kikao.payments.rules import Numbers
from kikao.payments.wires import claim_rejected, still_missing

MOST = 2  # typed codes a charge
CHANNELS = ("mpesa", "cash", "bank", "card")
_CODE = re.compile(r"[A-Z0-9]{10}")
_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9 ./-]{0,39}")


def read_code(typed: str) -> str | None:
    """The code of an M-Pesa message as typed; None when it cannot be one."""
    code = re.sub(r"[\s-]", "", typed).upper()
    return code if _CODE.fullmatch(code) else None


async def submit(conn: Conn, actor: Actor, charge_id: UUID, typed: str, now: datetime) -> UUID | None:
    """Keep a typed code for somebody to check. None when M-Pesa has told us of this very payment already.

    Raises Invalid, AlreadyPaid, ClaimTaken, TooOften (two codes a charge), NotFound.
    """
    code = read_code(typed)
    if code is None:
        raise Invalid.field("transactionCode", "not_a_code", "The code in M-Pesa's message has 10 letters and figures.")
    charge = await hold_charge(conn, charge_id)
    if charge.missing == 0:
        raise AlreadyPaid
    if charge.closed_at:
        raise NotPossible("This can no longer be paid.")
    known = await conn.fetchrow(
        "select charge_id from payments.receipt where channel = 'mpesa' and number = $1", code
    )
    if known is not None:
        if known["charge_id"] == charge_id:
            return None
        raise ClaimTaken
    if await conn.fetchval("select count(*) from payments.claim where charge_id = $1", charge_id) >= MOST:
        raise TooOften("Two codes were handed in for this already. Please ask the practice.", retryAfter=86_400)
    return await _submit(conn, actor, charge_id, code, now)


async def _submit(conn: Conn, actor: Actor, charge_id: UUID, code: str, now: datetime) -> UUID:
    claim_id = await conn.fetchval(
        "insert into payments.claim (id, charge_id, code, state, made_at, made_by) "
        "values ($1, $2, $3, 'open', $4, $5) on conflict do nothing returning id",
        new_id(), charge_id, code, now, actor.account_id or UUID(int=2**128 - 1),
    )  # fmt: skip
    if claim_id is None:
        raise ClaimTaken
    await record(conn, actor, "submit a code", "charge", charge_id, now, claim=claim_id)
    return claim_id  # type: ignore[no-any-return]


async def reject(
    conn: Conn, actor: Actor, charge_id: UUID, sealed: tuple[Vault, str] | None, now: datetime
) -> UUID:
    """The open code of a charge is not good; `sealed` is the vault and the reason. Raises NotFound."""
    await hold_charge(conn, charge_id)
    claim_id = await conn.fetchval(
        "update payments.claim set state = 'rejected', decided_at = $2, decided_by = $3 "
        "where charge_id = $1 and state = 'open' returning id",
        charge_id, now, actor.account_id,
    )  # fmt: skip
    if claim_id is None:
        raise NotFound
    if sealed is not None:
        vault, reason = sealed
        await conn.execute(
            "update payments.claim set sealed_reason = $2 where id = $1",
            claim_id, vault.seal(reason, "payments.claim", "sealed_reason", claim_id),
        )  # fmt: skip
    await record(conn, actor, "reject the code", "charge", charge_id, now, claim=claim_id)
    return claim_id  # type: ignore[no-any-return]


_VOUCH = Statement("""
insert into payments.receipt (id, channel, number, charge_id, amount, method, by_account, paid_at, received_at)
values (:id, :channel, :number, :charge_id, :amount, 'person', :by, :at, :at)
on conflict do nothing returning id
""")


async def vouch(
    conn: Conn, actor: Actor, charge_id: UUID, method: str, number: str, amount: int, now: datetime, numbers: Numbers,
    *, late: bool = False,
) -> Charge:
    """Somebody of the practice has seen the money: by `method` (mpesa, cash, bank, card), with the number of its
    slip or message, `amount` KES. Answers the charge as it is then; when that settles it, its purpose was told.

    `late`: also where nothing is missing any more; then all of it is owed back. A typed code is verified by its own
    number only: what somebody else paid, or paid in cash, says nothing of it.

    Raises Invalid, AlreadyPaid, ReceiptTaken, NotFound.
    """
    shown = _checked(method, number, amount)
    charge = await hold_charge(conn, charge_id)
    if charge.missing == 0 and not late:
        raise AlreadyPaid
    if method == "mpesa":
        await _verified(conn, actor, charge_id, shown, now)
    if method == "mpesa" and charge.missing == 0 and await _named(conn, actor, charge_id, shown, amount, now):
        return charge
    receipt_id = new_id()
    made = await _VOUCH.first(
        conn, id=receipt_id, channel=method, number=shown, charge_id=charge_id, amount=amount,
        by=actor.account_id, at=now,
    )  # fmt: skip
    if made is None:
        raise ReceiptTaken
    await record(conn, actor, "vouch", "charge", charge_id, now, amount=amount, receipt=receipt_id, method=method)
    money = Money(ledger.DESK, amount, receipt_id, "vouched", "verified")
    await credit(conn, charge, money, now, numbers)
    return await hold_charge(conn, charge_id)


async def _verified(conn: Conn, actor: Actor, charge_id: UUID, number: str, now: datetime) -> None:
    await conn.execute(
        "update payments.claim set state = 'verified', decided_at = $3, decided_by = $4 "
        "where charge_id = $1 and code = $2 and state = 'open'",
        charge_id, number, now, actor.account_id,
    )  # fmt: skip


async def _named(conn: Conn, actor: Actor, charge_id: UUID, number: str, amount: int, now: datetime) -> bool:
    """Money that M-Pesa told of by a look-up, and of which nobody knows the number, has it now: it is the same money,
    and is not credited again."""
    receipt_id = await conn.fetchval(
        """
        update payments.receipt set number = $2 where id = (
            select id from payments.receipt
            where charge_id = $1 and channel = 'mpesa' and number is null and amount = $3
            order by received_at, id limit 1)
          and not exists (select from payments.receipt where channel = 'mpesa' and number = $2)
        returning id
        """,
        charge_id, number, amount,
    )  # fmt: skip
    if receipt_id is None:
        return False
    await record(conn, actor, "name the receipt", "charge", charge_id, now, receipt=receipt_id)
    return True


def _checked(method: str, number: str, amount: int) -> str:
    if method not in CHANNELS:
        raise Invalid.field("method", "unknown_method", "The method is mpesa, cash, bank or card.")
    shown = re.sub(r"\s+", " ", number).strip().upper()
    code = read_code(shown) if method == "mpesa" else None
    if method == "mpesa" and code is None:
        raise Invalid.field("number", "not_a_code", "The code in M-Pesa's message has 10 letters and figures.")
    if not _NUMBER.fullmatch(shown):
        raise Invalid.field("number", "unusable", "Please give the number of the slip or message, up to 40 characters.")
    if not 1 <= amount <= 250_000:
        raise Invalid.field("amount", "out_of_range", "The amount is a whole number from 1 to 250,000 shillings.")
    return code or shown


_CHARGES_OF_CODE = Statement("select charge_id from payments.claim where code = :code and state = 'open' order by 1")


async def proved_by_receipt(conn: Conn, number: str, charge_id: UUID, now: datetime) -> None:
    """M-Pesa has named this payment: the open code of its own charge is verified, the same code elsewhere is
    rejected, and the room above is told. The charge is held."""
    for typed in await _CHARGES_OF_CODE.rows(conn, code=number):
        await hold_charge(conn, typed["charge_id"])  # before its claim, as everybody who answers for a code
    rows = await conn.fetch(
        """
        update payments.claim k
        set state = case when k.charge_id = $2 then 'verified' else 'rejected' end, decided_at = $3, decided_by = $4
        from payments.charge c where k.code = $1 and k.state = 'open' and c.id = k.charge_id
        returning k.id, k.charge_id, k.state, c.purpose, c.purpose_id
        """,
        number, charge_id, now, SYSTEM,
    )  # fmt: skip
    for row in rows:
        tell = claim_rejected.get(row["purpose"])
        if row["state"] == "rejected" and tell is not None:
            await tell(conn, row["purpose_id"], row["charge_id"], now)
        ask = still_missing.get(row["purpose"])
        if row["state"] == "verified" and ask is not None and (await hold_charge(conn, charge_id)).missing:
            await ask(conn, row["purpose_id"], now)
