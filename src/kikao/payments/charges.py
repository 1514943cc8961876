"""What is owed: holding, opening, closing a charge, taking money in, owing it back.

Lock order everywhere: attempt, charge, purpose, the rest. Whoever changes a charge holds it first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core.actor import THE_SYSTEM, Actor
from kikao.core.db import Conn, Row
from kikao.core.errors import NotFound
from kikao.core.ids import new_id
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.payments import duties, ledger, reversals
from kikao.payments.errors import OtherAmount
from kikao.payments.ledger import Account
from kikao.payments.rules import Numbers
from kikao.payments.telling import COMES_BACK, GIVEN_BACK, is_unwritten, tell_payer
from kikao.payments.wires import Decided, decided


class Charge(msgspec.Struct, frozen=True):
    """A charge as it stands; amounts in KES. `missing` is what is still owed, `open_until` until when it may be
    paid (None: it is not asked for), `closed_at` when its purpose ended."""

    id: UUID
    purpose: str
    purpose_id: UUID
    reference: str
    payer_account: UUID | None
    amount: int
    paid: int
    verified: int
    covered: int
    waived: int
    given_back: int
    taken_back: int
    earned: int
    settled: bool
    open_until: datetime | None
    closed_at: datetime | None

    @property
    def received(self) -> int:
        return self.paid + self.verified + self.covered - self.taken_back

    @property
    def missing(self) -> int:
        return max(self.amount - self.received - self.waived, 0)

    @property
    def asked_for(self) -> bool:
        """Whether it could ever be paid: not while its purpose waits for an answer."""
        return self.open_until is not None or self.closed_at is not None or not self.missing

    @property
    def kept(self) -> int:
        """What came, did not go back and was not passed on."""
        return self.received - self.given_back - self.earned


_COLUMNS = """
id, purpose, purpose_id, reference, payer_account, amount, paid, verified, covered, waived, given_back, taken_back,
earned, settled, open_until, closed_at
"""
_HOLD = Statement(f"select {_COLUMNS} from payments.charge where id = :id for update")


def as_charge(row: Row) -> Charge:
    return Charge(**dict(row.items()))


async def hold_charge(conn: Conn, charge_id: UUID) -> Charge:
    """The charge, locked until the transaction ends. Raises NotFound."""
    row = await _HOLD.first(conn, id=charge_id)
    if row is None:
        raise NotFound
    return as_charge(row)


async def open_charge(conn: Conn, charge_id: UUID, until: datetime) -> None:
    """From now on it may be paid, until then. Opening again moves the end."""
    await hold_charge(conn, charge_id)
    await conn.execute(
        "update payments.charge set open_until = $2, closed_at = null where id = $1", charge_id, until
    )


async def close_charge(
    conn: Conn, charge_id: UUID, now: datetime, numbers: Numbers | None = None, *, told_elsewhere: bool = False
) -> int:
    """Its purpose has ended: nothing more is asked for, and what still comes is owed back.

    What a charge that never was settled has received so far is owed back too, since it bought nothing; a settled
    one keeps its money until `give_back` says otherwise. Answers how many KES were made a duty here.
    `told_elsewhere`: the message of its purpose names the money.
    """
    charge = await hold_charge(conn, charge_id)
    await conn.execute(
        "update payments.charge set open_until = null, closed_at = coalesce(closed_at, $2) where id = $1",
        charge_id, now,
    )  # fmt: skip
    if charge.settled or charge.kept <= 0:
        return 0
    until = _until(now, numbers)
    await give_back(conn, charge_id, charge.kept, "cancelled", now, until, told_elsewhere=told_elsewhere)
    return charge.kept


async def reopen_charge(conn: Conn, charge_id: UUID) -> bool:
    """Its purpose lives again, as before it ended. False when money has come meanwhile: that was owed back."""
    charge = await hold_charge(conn, charge_id)
    if charge.received or charge.given_back:
        return False
    await conn.execute("update payments.charge set closed_at = null where id = $1", charge_id)
    return True


async def is_paid_by(conn: Conn, charges: list[UUID], account_id: UUID, *, instead_of: UUID | None) -> None:
    """This account pays what nobody was known to pay, or the sign-up of that person, which signs nobody in."""
    await conn.execute(
        """
        update payments.charge set payer_account = $2
        where id = any ($1)
          and (payer_account is null or payer_account = (select account_id from accounts.people where id = $3))
        """,
        charges, account_id, instead_of,
    )


async def is_rung_at(conn: Conn, charge_id: UUID, contact_id: UUID) -> None:
    """Where no account pays, whoever has this contact does, and is told of the money."""
    await conn.execute(
        "update payments.charge set payer_contact = $2 where id = $1 and payer_account is null", charge_id, contact_id
    )


async def waive(conn: Conn, actor: Actor, charge_id: UUID, now: datetime) -> int:
    """Nothing more is owed. Answers how many KES were waived."""
    charge = await hold_charge(conn, charge_id)
    if charge.missing:
        await conn.execute(
            "update payments.charge set waived = waived + $2 where id = $1", charge_id, charge.missing
        )
        await record(conn, actor, "waive", "charge", charge_id, now, amount=charge.missing)
        await _settle_chain(conn, charge_id)
    return charge.missing


async def give_back(
    conn: Conn, charge_id: UUID, amount: int, why: str, now: datetime, until: datetime, actor: Actor = THE_SYSTEM,
    *, told_elsewhere: bool = False,
) -> UUID | None:
    """Owe `amount` KES of what was paid, at most what is still kept; a duty, to be done by `until`. None when there
    is nothing to give, or M-Pesa has taken all of it back already. `why`: a word of the constraint `duty_why`."""
    charge = await hold_charge(conn, charge_id)
    amount = min(amount, charge.kept)
    if amount <= 0:
        return None
    await conn.execute(
        "update payments.charge set given_back = given_back + $2 where id = $1", charge_id, amount
    )
    receipt_id = await conn.fetchval(
        "select id from payments.receipt where charge_id = $1 order by received_at desc limit 1", charge_id
    )
    return await owe(conn, charge_id, receipt_id, amount, why, now, until, actor, told_elsewhere=told_elsewhere)


_OWE = Statement("""
insert into payments.duty (id, charge_id, receipt_id, amount, why, created_at, until_at)
values (:id, :charge_id, :receipt_id, :amount, :why, :at, :until)
""")


async def owe(
    conn: Conn, charge_id: UUID, receipt_id: UUID | None, amount: int, why: str, now: datetime, until: datetime,
    actor: Actor = THE_SYSTEM, *, told_elsewhere: bool = False,
) -> UUID | None:
    """A duty for money that lies in the charge's account, and its move there; whoever paid is told. None when M-Pesa
    has taken all of it back already: what it took and nobody has made good is not given back once more."""
    back = await reversals.went_back_already(conn, charge_id, amount, now)
    if back:
        await record(conn, actor, "give back", "charge", charge_id, now, amount=back, why=why)
    amount -= back
    if not amount:
        return None
    duty_id = new_id()
    await _OWE.run(
        conn, id=duty_id, charge_id=charge_id, receipt_id=receipt_id, amount=amount, why=why, at=now, until=until
    )
    source, target = ledger.of_charge(charge_id), ledger.of_duty(charge_id)
    await ledger.move(conn, source, target, amount, why, receipt_id, now)
    await record(conn, actor, "owe back", "charge", charge_id, now, amount=amount, why=why, duty=duty_id)
    # Of a session whose client has died no message goes out: then this one is said by telephone.
    if not told_elsewhere or await is_unwritten(conn, charge_id):
        await tell_payer(conn, COMES_BACK, duty_id, now)
    return duty_id


async def done(conn: Conn, actor: Actor, duty_id: UUID, now: datetime, seen: int | None = None) -> None:
    """Somebody has given the money back. Doing it twice changes nothing. `seen`: the amount that their page showed, in
    KES. Raises NotFound, OtherAmount."""
    amount = await conn.fetchval(
        "select amount from payments.duty where id = $1 and done_at is null for update", duty_id
    )
    if amount is not None and seen not in (None, amount):
        raise OtherAmount(amount=amount)
    row = await duties.end(conn, duty_id, actor.account_id, ledger.UTILITY, "given back", now)
    if row is None:
        if await conn.fetchval("select true from payments.duty where id = $1", duty_id):
            return
        raise NotFound
    noun_id = row["charge_id"] or duty_id
    await record(conn, actor, "give back", "charge", noun_id, now, amount=row["amount"], duty=duty_id)
    await tell_payer(conn, GIVEN_BACK, duty_id, now)


# Money that comes ---------------------------------------------------------------------------------


class Money(msgspec.Struct, frozen=True):
    """One arrival: from which account, how much, by which receipt. `column` of the charge: paid or verified."""

    source: Account
    amount: int
    receipt_id: UUID
    why: str = ledger.ARRIVED
    column: str = "paid"


async def credit(conn: Conn, charge: Charge, money: Money, now: datetime, numbers: Numbers) -> None:
    """Put money to a held charge: what it lacks counts, what is too much is owed back, and when that settles it,
    the purpose is told in the same transaction."""
    account = ledger.of_charge(charge.id)
    await ledger.move(conn, money.source, account, money.amount, money.why, money.receipt_id, now)
    await record(
        conn, THE_SYSTEM, "receive", "charge", charge.id, now, amount=money.amount, receipt=money.receipt_id
    )
    # Once something went back, the columns no longer say what a purpose could be bought for; and nothing is bought
    # before it is asked for.
    bought = charge.asked_for and not (charge.closed_at and charge.given_back)
    counted = min(money.amount, charge.missing) if bought else 0
    if counted:
        await conn.execute(
            f"update payments.charge set {_COUNTED[money.column]} where id = $1", charge.id, counted
        )
    over = money.amount - counted
    if over:
        why = "too much" if counted or not charge.asked_for else "late" if charge.closed_at else "twice"
        await owe(conn, charge.id, money.receipt_id, over, why, now, _until(now, numbers))
    told = counted > 0 and await _tell(conn, charge, money, counted, now, numbers)
    # A purpose that nobody has answered in time ends now; and of money for one that ended, its own side is told, too.
    if not told and (charge.closed_at or not charge.asked_for):
        await decided[charge.purpose](conn, _told(charge, money, 0, now))


_COUNTED = {"paid": "paid = paid + $2", "verified": "verified = verified + $2", "covered": "covered = covered + $2"}


def _told(charge: Charge, money: Money, counted: int, now: datetime) -> Decided:
    return Decided(charge.purpose_id, charge.id, charge.reference, money.receipt_id, counted, now)


async def _tell(conn: Conn, charge: Charge, money: Money, counted: int, now: datetime, numbers: Numbers) -> bool:
    """What follows from money that counts; whether its purpose was told."""
    settled = await _settle_chain(conn, charge.id)
    taken = False
    if settled:
        taken = await decided[charge.purpose](conn, _told(charge, money, counted, now))
    if settled and taken:
        await conn.execute(
            "update payments.charge set open_until = null, closed_at = null where id = $1", charge.id
        )
    elif settled or charge.closed_at:
        # Its purpose is gone, or did not want it any more (and said so): all of it is owed back.
        held = await hold_charge(conn, charge.id)
        if held.kept > 0:
            until = _until(now, numbers)
            await give_back(conn, charge.id, held.kept, "late", now, until, told_elsewhere=settled)
        await conn.execute(
            "update payments.charge set open_until = null, closed_at = coalesce(closed_at, $2) where id = $1",
            charge.id, now,
        )  # fmt: skip
    return settled


async def _settle_chain(conn: Conn, charge_id: UUID) -> bool:
    """Carry "settled" up to the first charge of its purpose; whether that one is settled now."""
    settled = bool(await conn.fetchval("select settled from payments.charge where id = $1", charge_id))
    while settled:
        above = await conn.fetchrow(
            "update payments.charge set next_settled = true where next_id = $1 returning id, settled", charge_id
        )
        if above is None:
            return True
        charge_id, settled = above["id"], above["settled"]
    return False


def _until(now: datetime, numbers: Numbers | None) -> datetime:
    return now + timedelta(hours=(numbers or Numbers()).give_back_hours)
