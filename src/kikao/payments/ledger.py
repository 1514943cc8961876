"""Every shilling's way. A move goes from one account to another, so the ledger balances by construction.

`utility` is what M-Pesa holds for us and `desk` what people vouch for: money comes from there, so their balance is
the negative of what came. `charge` is what was paid for one charge, `suspense` what fits nothing, `duty` what has to
go back, `earned` what is a payee's, `share` what the practice keeps of that,
`reversed` what M-Pesa took back and nobody has made good, as a negative.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

import msgspec

from kikao.core.db import Conn
from kikao.core.ids import SYSTEM, new_id
from kikao.core.sql import Statement

_NAMESPACE = UUID("6b696b61-6f00-5000-8000-6c6564676572")


class Account(msgspec.Struct, frozen=True):
    """`owner` is a charge, a person who earned, or the practice itself."""

    kind: str
    owner: UUID = SYSTEM

    @property
    def id(self) -> UUID:
        # Made from what it is, so that nobody has to look it up first.
        return uuid5(_NAMESPACE, f"{self.kind}:{self.owner}")


UTILITY, DESK, SUSPENSE = Account("utility"), Account("desk"), Account("suspense")
SHARE = Account("share")
ARRIVED = "arrived"


def of_charge(charge_id: UUID) -> Account:
    return Account("charge", charge_id)


def of_payee(person_id: UUID) -> Account:
    return Account("earned", person_id)


def of_duty(charge_id: UUID | None) -> Account:
    return Account("duty", charge_id or SYSTEM)


def of_reversed(charge_id: UUID) -> Account:
    return Account("reversed", charge_id)


_ACCOUNTS = Statement("""
insert into payments.ledger_account (id, kind, owner)
values (:from_id, :from_kind, :from_owner), (:to_id, :to_kind, :to_owner)
on conflict do nothing
""")
_MOVE = Statement("""
insert into payments.move (id, from_account, to_account, amount, receipt_id, why, at)
values (:id, :from_id, :to_id, :amount, :receipt_id, :why, :at)
""")


async def move(
    conn: Conn, source: Account, target: Account, amount: int, why: str, receipt_id: UUID | None, now: datetime
) -> None:
    """Whole shillings, more than 0. A receipt arrives once: a second `arrived` breaks a constraint."""
    await _ACCOUNTS.run(
        conn,
        from_id=source.id, from_kind=source.kind, from_owner=source.owner,
        to_id=target.id, to_kind=target.kind, to_owner=target.owner,
    )  # fmt: skip
    await _MOVE.run(
        conn, id=new_id(), from_id=source.id, to_id=target.id, amount=amount, receipt_id=receipt_id, why=why, at=now
    )


_BALANCE = """
select coalesce(sum(case when to_account = $1 then amount else -amount end), 0)::bigint
from payments.move where to_account = $1 or from_account = $1
"""


async def balance(conn: Conn, account: Account) -> int:
    """KES in this account."""
    return int(await conn.fetchval(_BALANCE, account.id))


_BALANCES = """
select a.kind, sum(case when m.to_account = a.id then m.amount else -m.amount end)::bigint as amount
from payments.ledger_account a join payments.move m on a.id in (m.to_account, m.from_account)
group by a.kind
"""


async def balances(conn: Conn) -> dict[str, int]:
    """KES by kind of account; together 0."""
    return {row["kind"]: int(row["amount"]) for row in await conn.fetch(_BALANCES)}
