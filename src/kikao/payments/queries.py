"""What somebody may see of paying: a bill, an attempt, a receipt. Never a payer's phone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn, Row
from kikao.core.phone import can_be_prompted
from kikao.payments import rules
from kikao.payments.links import link_hash
from kikao.payments.rules import Numbers, Try


class Bill(msgspec.Struct, frozen=True):
    """One charge as its payer sees it; amounts in KES. `open_until`: until when it can be paid, if at all."""

    id: UUID
    purpose: str
    purpose_id: UUID
    reference: str
    payer_account: UUID | None
    amount: int
    missing: int
    received: int
    given_back: int
    payment_status: str
    open_until: datetime | None
    closed_at: datetime | None

    def payable(self, now: datetime) -> bool:
        return bool(self.missing and self.closed_at is None and self.open_until and self.open_until > now)


async def own_phone(conn: Conn, actor: Actor, bill: Bill) -> str:
    """The payer's own number, when it is the payer who looks and a prompt can reach it; else nothing."""
    if actor.account_id is None or actor.account_id != bill.payer_account:
        return ""
    numbers = await conn.fetch(
        """
        select value from accounts.contact
        where person_id = $1 and kind = 'phone' and proved_at is not null
        order by chosen_at desc nulls last, proved_at
        """,
        actor.person_id,
    )
    return next((_as_dialled(row["value"]) for row in numbers if can_be_prompted(row["value"])), "")


def _as_dialled(phone: str) -> str:
    """`+254700000012` → `0700 000 012`."""
    return f"0{phone[4:7]} {phone[7:10]} {phone[10:]}"


_BILL = """
select s.id, s.purpose, s.purpose_id, s.reference, s.payer_account, s.amount, s.missing, s.received, s.given_back,
       s.payment_status, s.open_until, s.closed_at
from payments.charge_state s
"""


def _bill(row: Row | None) -> Bill | None:
    return Bill(*row.values()) if row else None


async def bill(conn: Conn, charge_id: UUID) -> Bill | None:
    return _bill(await conn.fetchrow(f"{_BILL} where s.id = $1", charge_id))


async def bill_by_link(conn: Conn, token: str) -> Bill | None:
    """The charge of a pay link; None for any other text."""
    found = await conn.fetchval("select id from payments.charge where link_hash = $1", link_hash(token))
    return await bill(conn, found) if found else None


async def bills(conn: Conn, purpose_id: UUID) -> list[Bill]:
    """All charges of one purpose, the first made first."""
    rows = await conn.fetch(f"{_BILL} where s.purpose_id = $1 order by s.id", purpose_id)
    return [Bill(*row.values()) for row in rows]


class Paid(msgspec.Struct, frozen=True):
    """One charge of somebody's own: what came and when last, what went back and what still has to, by when."""

    bill: Bill
    created_at: datetime
    came_at: datetime | None
    done_back: int
    owed_back: int
    owed_until: datetime | None


async def own(
    conn: Conn, actor: Actor, *, before: tuple[datetime, UUID] | None = None, most: int = 20
) -> list[Paid]:
    """What this account pays or has paid, the newest first; one more than `most`. Charges that nothing was ever asked
    for, and that nothing came for, are left out."""
    before_at, before_id = before or (None, None)
    rows = await conn.fetch(
        """
        select s.id, s.purpose, s.purpose_id, s.reference, s.payer_account, s.amount, s.missing, s.received,
               s.given_back, s.payment_status, s.open_until, s.closed_at,
               c.created_at, r.came_at, coalesce(d.done, 0) as done, coalesce(d.owed, 0) as owed, d.owed_until
        from payments.charge c join payments.charge_state s on s.id = c.id
        left join lateral (
            select max(coalesce(paid_at, received_at)) as came_at from payments.receipt where charge_id = c.id
        ) r on true
        left join lateral (
            select sum(amount) filter (where done_at is not null) as done,
                   sum(amount) filter (where done_at is null) as owed,
                   min(until_at) filter (where done_at is null) as owed_until
            from payments.duty where charge_id = c.id
        ) d on true
        where c.payer_account = $1 and (s.received > 0 or s.open_until is not null)
          and ($2::timestamptz is null or (c.created_at, c.id) < ($2, $3::uuid))
        order by c.created_at desc, c.id desc limit $4
        """,
        actor.account_id, before_at, before_id, most + 1,
    )
    return [_paid(list(row.values())) for row in rows]


def _paid(values: list[Any]) -> Paid:
    bill_has = len(Bill.__struct_fields__)
    return Paid(Bill(*values[:bill_has]), *values[bill_has:])


# Attempts -----------------------------------------------------------------------------------------


class Shown(msgspec.Struct, frozen=True):
    """An attempt as it stands now; an overdue one is shown as over. `message` is a msgid, `retry_after` seconds
    until another prompt may follow (0: now; None: never, or not for this one)."""

    id: UUID
    charge_id: UUID
    state: str
    amount: int
    code: str | None
    message: str
    can_retry: bool
    retry_after: int | None
    created_at: datetime
    expires_at: datetime
    started_by: UUID | None

    @property
    def over(self) -> bool:
        """Whether nothing more is expected to change by itself."""
        return self.state not in rules.OPEN | rules.INDEFINITE and (self.can_retry or self.retry_after is None)


_ATTEMPT = """
select a.id, a.charge_id, a.state, a.amount, a.result_code, a.created_at, a.expires_at, a.decided_at, a.checked_at,
       a.started_by, s.missing > 0 and s.closed_at is null and s.open_until > $2 as payable
from payments.attempt a join payments.charge_state s on s.id = a.charge_id
"""


def _shown(row: Row | None, now: datetime, numbers: Numbers) -> Shown | None:
    if row is None:
        return None
    state = rules.state_now(row["state"], row["created_at"], row["expires_at"], now, numbers)
    last = Try(
        state, row["result_code"], row["created_at"], row["expires_at"], row["decided_at"], row["checked_at"]
    )
    moment = rules.retry_at(last, numbers) if row["payable"] else None
    free = moment is not None and moment <= now
    return Shown(
        id=row["id"], charge_id=row["charge_id"], state=state, amount=row["amount"], code=row["result_code"],
        message=rules.told(state, row["result_code"]), can_retry=free,
        retry_after=None if moment is None else 0 if free else rules.seconds_until(moment, now),
        created_at=row["created_at"], expires_at=row["expires_at"], started_by=row["started_by"],
    )


async def attempt(conn: Conn, attempt_id: UUID, now: datetime, numbers: Numbers) -> Shown | None:
    return _shown(await conn.fetchrow(f"{_ATTEMPT} where a.id = $1", attempt_id, now), now, numbers)


async def latest_attempt(conn: Conn, charge_id: UUID, now: datetime, numbers: Numbers) -> Shown | None:
    last = f"{_ATTEMPT} where a.charge_id = $1 order by a.created_at desc, a.id desc limit 1"
    return _shown(await conn.fetchrow(last, charge_id, now), now, numbers)


async def tried_last(conn: Conn, charge_id: UUID) -> str:
    """The number of the last try, to try once more. Nobody is shown it."""
    found = await conn.fetchval(
        "select phone from payments.attempt where charge_id = $1 order by created_at desc, id desc limit 1", charge_id
    )
    return str(found or "")


def may_see(actor: Actor, shown: Shown) -> bool:
    """Who started it, desk, admin. (A pay link names its charge by itself.)"""
    return actor.signed_in and (shown.started_by == actor.account_id or actor.has("desk", "admin"))


# Receipts -----------------------------------------------------------------------------------------


class OpenClaim(msgspec.Struct, frozen=True):
    """A code that somebody typed in, waiting to be checked."""

    code: str
    made_at: datetime


async def open_claim(conn: Conn, charge_id: UUID) -> OpenClaim | None:
    row = await conn.fetchrow(
        "select code, made_at from payments.claim where charge_id = $1 and state = 'open'", charge_id
    )
    return OpenClaim(*row.values()) if row else None


class Receipt(msgspec.Struct, frozen=True):
    """Evidence of money: `number` may still be to come; `method` is callback, query or person."""

    channel: str
    number: str | None
    amount: int
    method: str
    at: datetime


async def receipts(conn: Conn, charge_id: UUID) -> list[Receipt]:
    rows = await conn.fetch(
        """
        select channel, number, amount, method, coalesce(paid_at, received_at) as at from payments.receipt
        where charge_id = $1 order by received_at, id
        """,
        charge_id,
    )
    return [Receipt(*row.values()) for row in rows]
