"""Money that had come and that M-Pesa took back: a person notes it, an admin decides who bears it.

The ledger follows at once: `reversed` goes below nothing by what nobody has made good. The charge stays as it is, since
what was bought with the money stays bought; its payee is passed on nothing before the decision.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import NotFound
from kikao.core.ids import SYSTEM, new_id
from kikao.journal.actions import record
from kikao.payments import duties, ledger
from kikao.payments.telling import GIVEN_BACK, tell_payer


class Reversal(msgspec.Struct, frozen=True):
    """`left` KES are made good by nobody yet; `earned` KES of its charge were passed on already."""

    id: UUID
    charge_id: UUID
    reference: str
    receipt: str | None
    amount: int
    left: int
    earned: int
    noted_at: datetime


async def undecided(conn: Conn) -> list[Reversal]:
    """The oldest first."""
    rows = await conn.fetch(
        """
        select v.id, v.charge_id, c.reference, r.number, v.amount, v.amount - v.made_good, c.earned, v.noted_at
        from payments.reversal v join payments.charge c on c.id = v.charge_id
        join payments.receipt r on r.id = v.receipt_id
        where v.decided_at is null order by v.noted_at, v.id
        """
    )
    return [Reversal(*row.values()) for row in rows]


class Came(msgspec.Struct, frozen=True):
    """A receipt of M-Pesa; `taken_back_at`: when it was noted that the money is gone again."""

    receipt_id: UUID
    number: str | None
    amount: int
    taken_back_at: datetime | None


async def came(conn: Conn, charge_id: UUID) -> list[Came]:
    """What M-Pesa brought for a charge, the oldest first."""
    rows = await conn.fetch(
        """
        select r.id, r.number, r.amount, v.noted_at
        from payments.receipt r left join payments.reversal v on v.receipt_id = r.id
        where r.charge_id = $1 and r.channel = 'mpesa' order by r.received_at, r.id
        """,
        charge_id,
    )
    return [Came(*row.values()) for row in rows]


async def note(conn: Conn, actor: Actor, charge_id: UUID, receipt_id: UUID, now: datetime) -> None:
    """M-Pesa took this receipt's money back. Noting it twice changes nothing. Raises NotFound."""
    await conn.execute("select from payments.charge where id = $1 for update", charge_id)
    receipt = await conn.fetchrow(
        "select amount, method from payments.receipt where id = $1 and charge_id = $2 and channel = 'mpesa'",
        receipt_id, charge_id,
    )  # fmt: skip
    if receipt is None:
        raise NotFound
    reversal_id = await conn.fetchval(
        """
        insert into payments.reversal (id, receipt_id, charge_id, amount, noted_at, noted_by)
        values ($1, $2, $3, $4, $5, $6) on conflict on constraint one_reversal_a_receipt do nothing returning id
        """,
        new_id(), receipt_id, charge_id, receipt["amount"], now, actor.account_id,
    )
    if reversal_id is None:
        return
    target = ledger.DESK if receipt["method"] == "person" else ledger.UTILITY
    source = ledger.of_reversed(charge_id)
    await ledger.move(conn, source, target, receipt["amount"], "taken back", receipt_id, now)
    await record(conn, actor, "note a reversal", "charge", charge_id, now, amount=receipt["amount"], receipt=receipt_id)
    await _duties_are_done(conn, actor, charge_id, reversal_id, receipt["amount"], now)


async def _duties_are_done(
    conn: Conn, actor: Actor, charge_id: UUID, reversal_id: UUID, left: int, now: datetime
) -> None:
    """What had to go back anyway is back by this; of a duty that is larger the rest stays."""
    rows = await conn.fetch(
        """
        select id, amount from payments.duty where charge_id = $1 and done_at is null order by created_at, id for update
        """,
        charge_id,
    )
    for row in rows:
        back = min(row["amount"], left)
        if not back:
            return
        left -= back
        duty_id = await duties.part(conn, row["id"], back)
        await duties.end(conn, duty_id, actor.account_id, ledger.of_reversed(charge_id), "went back already", now)
        await _make_good(conn, reversal_id, back, SYSTEM, None, now)
        await record(conn, actor, "give back", "charge", charge_id, now, amount=back, duty=duty_id)
        await tell_payer(conn, GIVEN_BACK, duty_id, now)


async def is_undecided(conn: Conn, charge_id: UUID) -> bool:
    return bool(await conn.fetchval(
        "select exists (select from payments.reversal where charge_id = $1 and decided_at is null)", charge_id
    ))


async def went_back_already(conn: Conn, charge_id: UUID, amount: int, now: datetime) -> int:
    """Of `amount` KES that now have to go back: how much M-Pesa has taken back itself, which is made good with it."""
    rows = await conn.fetch(
        """
        select id, amount - made_good as left from payments.reversal
        where charge_id = $1 and decided_at is null order by noted_at, id for update
        """,
        charge_id,
    )
    back = 0
    for row in rows:
        part = min(row["left"], amount - back)
        if part > 0:
            back += part
            await _make_good(conn, row["id"], part, SYSTEM, None, now)
    if back:
        source, target = ledger.of_charge(charge_id), ledger.of_reversed(charge_id)
        await ledger.move(conn, source, target, back, "went back already", None, now)
    return back


async def check_known(conn: Conn, reversal_id: UUID) -> None:
    """Raises NotFound."""
    if not await conn.fetchval("select true from payments.reversal where id = $1", reversal_id):
        raise NotFound


async def bear(conn: Conn, actor: Actor, reversal_id: UUID, reason: str, vault: Vault, now: datetime) -> None:
    """The practice bears it, out of its share; what was paid for stays paid. Twice changes nothing. Raises NotFound."""
    row = await conn.fetchrow(
        """
        select v.charge_id, v.amount - v.made_good as left
        from payments.reversal v join payments.charge c on c.id = v.charge_id where v.id = $1 for update of c, v
        """,
        reversal_id,
    )
    if row is None:
        raise NotFound
    if not row["left"]:
        return
    sealed = vault.seal(reason, "payments.reversal", "sealed_reason", reversal_id)
    assert actor.account_id is not None
    await _make_good(conn, reversal_id, row["left"], actor.account_id, sealed, now)
    target = ledger.of_reversed(row["charge_id"])
    await ledger.move(conn, ledger.SHARE, target, row["left"], "borne", None, now)
    await record(conn, actor, "bear a reversal", "charge", row["charge_id"], now, amount=row["left"])


async def _make_good(
    conn: Conn, reversal_id: UUID, amount: int, by: UUID, sealed: bytes | None, now: datetime
) -> None:
    await conn.execute(
        """
        update payments.reversal
        set made_good = made_good + $2, sealed_reason = $4,
            decided_at = case when made_good + $2 = amount then $5::timestamptz end,
            decided_by = case when made_good + $2 = amount then $3::uuid end
        where id = $1
        """,
        reversal_id, amount, by, sealed, now,
    )
