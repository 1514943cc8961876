"""Asking a phone to pay: the attempt, its ringing, and its end by the clock.

The room above pays, opens and closes charges through here as well (see charges.py).
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.crypto import hash_token
from kikao.core.db import Conn, Row
from kikao.core.errors import Invalid, NotFound, NotPossible, TooOften
from kikao.core.ids import new_id
from kikao.core.phone import can_be_prompted, read_phone
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.notifications.actions import post
from kikao.payments import codes, rules
from kikao.payments.charges import (
    Charge,
    close_charge,
    done,
    give_back,
    hold_charge,
    open_charge,
    waive,
)  # fmt: skip
from kikao.payments.errors import AlreadyPaid, PromptOpen
from kikao.payments.rules import Numbers, Try
from kikao.payments.telling import PAYER

__all__ = [
    "Attempt", "ask_to_pay", "begin_ringing", "close_charge", "close_overdue", "done", "give_back", "hold_charge",
    "note_answer", "open_charge", "waive",
]  # fmt: skip


class Attempt(msgspec.Struct, frozen=True):
    """One try, just made; `amount` in KES, `expires_at`: by then decided, or unknown."""

    id: UUID
    charge_id: UUID
    state: str
    amount: int
    expires_at: datetime


# Asking -------------------------------------------------------------------------------------------


async def ask_to_pay(
    conn: Conn, actor: Actor, charge_id: UUID, phone: str, now: datetime, numbers: Numbers
) -> Attempt:
    """Have `phone` (any Kenyan form) rung for what is missing of this charge. The worker rings.

    Raises Invalid, NotFound, NotPossible, AlreadyPaid, PromptOpen (with `attemptId`), TooOften.
    """
    number = _readable(phone)
    await close_overdue(conn, charge_id, number, now, numbers)
    charge = await hold_charge(conn, charge_id)
    _must_be_payable(charge, now)
    await _may_follow(conn, charge, now, numbers)
    await _not_too_often(conn, charge_id, number, now, numbers)
    attempt = Attempt(
        new_id(), charge_id, rules.CREATED, charge.missing, now + timedelta(seconds=numbers.prompt_seconds)
    )
    made = await _MAKE.first(
        conn, id=attempt.id, charge_id=charge_id, phone=number, amount=attempt.amount,
        started_by=actor.account_id, at=now, expires_at=attempt.expires_at,
    )  # fmt: skip
    if made is None:
        raise await _prompt_open(conn, charge_id)
    await record(
        conn, actor, "ask to pay", "charge", charge_id, now, attempt=attempt.id, amount=attempt.amount
    )
    return attempt


_MAKE = Statement("""
insert into payments.attempt (id, charge_id, phone, amount, state, started_by, created_at, expires_at, due_at)
values (:id, :charge_id, :phone, :amount, 'created', :started_by, :at, :expires_at, :at)
on conflict do nothing returning id
""")


def _readable(phone: str) -> str:
    number = read_phone(phone)
    if number is None:
        raise Invalid.field("phoneNumber", "not_a_phone", "This is not a phone number. Example: 0700 000 012.")
    if not can_be_prompted(number):
        raise Invalid.field("phoneNumber", "not_kenyan", "M-Pesa reaches Kenyan mobile numbers only.")
    return number


def _must_be_payable(charge: Charge, now: datetime) -> None:
    if charge.missing == 0:
        raise AlreadyPaid
    if charge.closed_at or charge.open_until is None or charge.open_until <= now:
        raise NotPossible("This cannot be paid now: the time for it is over, or it has not begun.")


_LAST = """
select id, state, result_code, created_at, expires_at, decided_at, checked_at from payments.attempt
where charge_id = $1 order by created_at desc, id desc limit 1
"""


def as_try(row: Row) -> Try:
    return Try(
        row["state"], row["result_code"], row["created_at"], row["expires_at"], row["decided_at"], row["checked_at"]
    )


async def _may_follow(conn: Conn, charge: Charge, now: datetime, numbers: Numbers) -> None:
    row = await conn.fetchrow(_LAST, charge.id)
    if row is None:
        return
    last = as_try(row)
    moment = rules.retry_at(last, numbers)
    if moment is None or moment <= now:
        return
    if last.state in rules.OPEN | rules.INDEFINITE:
        raise PromptOpen(attemptId=row["id"])
    raise TooOften(retryAfter=rules.seconds_until(moment, now))


_MADE = """
select charge_id = $1 as same_charge, phone = $2 as same_phone, created_at from payments.attempt
where (charge_id = $1 or phone = $2) and created_at > $3 and state <> 'not_sent'
"""


async def _not_too_often(conn: Conn, charge_id: UUID, phone: str, now: datetime, numbers: Numbers) -> None:
    rows = await conn.fetch(_MADE, charge_id, phone, now - timedelta(days=1))
    for column in ("same_charge", "same_phone"):
        moment = rules.too_often_until([row["created_at"] for row in rows if row[column]], now, numbers)
        if moment is not None:
            raise TooOften(
                "This phone, or this payment, was asked several times already. Please wait a while, or pay by Paybill.",
                retryAfter=rules.seconds_until(moment, now),
            )


async def _prompt_open(conn: Conn, charge_id: UUID) -> PromptOpen:
    # The phone may be busy with somebody else's charge, of which nothing is said.
    mine = await conn.fetchval("select id from payments.attempt where charge_id = $1 and open", charge_id)
    return PromptOpen(attemptId=mine) if mine else PromptOpen()


# The end by the clock -----------------------------------------------------------------------------

_OVERDUE = """
select id, state, created_at, expires_at from payments.attempt
where open and (charge_id = $1 or phone = $2) order by id for update skip locked
"""


async def close_overdue(conn: Conn, charge_id: UUID, phone: str, now: datetime, numbers: Numbers) -> None:
    """End open attempts of this charge or phone whose time is over, worker or not. What somebody else has
    locked is being decided at this moment."""
    for row in await conn.fetch(_OVERDUE, charge_id, phone):
        new = rules.state_now(row["state"], row["created_at"], row["expires_at"], now, numbers)
        if new != row["state"]:
            await end_by_clock(conn, row["id"], row["state"], new, now)


async def end_by_clock(conn: Conn, attempt_id: UUID, old: str, new: str, now: datetime) -> None:
    """A held attempt becomes not_sent, submit_unknown or unknown. Only the last of them can still be looked up."""
    await conn.execute(
        "update payments.attempt set state = $3, decided_at = $4, "
        "due_at = case when $3 = 'unknown' then due_at end where id = $1 and state = $2",
        attempt_id, old, new, now,
    )  # fmt: skip
    await wake_parked(conn, attempt_id, now)


async def wake_parked(conn: Conn, attempt_id: UUID, now: datetime) -> None:
    """Letters that waited for more to be known of their attempt are read again."""
    await conn.execute(
        "update payments.letter set due_at = $2, tries = 0 where attempt_id = $1 and outcome = 'parked'",
        attempt_id, now,
    )  # fmt: skip


# Ringing ------------------------------------------------------------------------------------------


class Ringing(msgspec.Struct, frozen=True):
    """What the worker hands to the provider. `token` is the secret end of the callback's address: it exists here
    and at M-Pesa, the database has its hash. After `not_after` nothing may be sent."""

    attempt_id: UUID
    phone: str
    amount: int
    reference: str
    token: str
    not_after: datetime


_TO_RING = """
select a.id, a.state, a.phone, a.amount, a.created_at, a.expires_at, c.reference,
       c.closed_at is not null or c.settled as over
from payments.attempt a join payments.charge c on c.id = a.charge_id
where a.id = $1 and a.state in ('created', 'submitting') for update of a
"""


async def begin_ringing(conn: Conn, attempt_id: UUID, now: datetime, numbers: Numbers) -> Ringing | None:
    """created → submitting, once. None when there is nothing to ring: found in submitting again, nobody knows
    whether the phone has rung (submit_unknown, never a second push); too long in the queue, or for what has ended
    meanwhile or is paid, it never will."""
    row = await conn.fetchrow(_TO_RING, attempt_id)
    if row is None:
        return None
    if row["state"] == rules.SUBMITTING:
        await end_by_clock(conn, attempt_id, rules.SUBMITTING, rules.SUBMIT_UNKNOWN, now)
        return None
    latest = rules.overdue_at(rules.CREATED, row["created_at"], row["expires_at"], numbers)
    if latest <= now or row["over"]:
        await end_by_clock(conn, attempt_id, rules.CREATED, rules.NOT_SENT, now)
        return None
    token = secrets.token_hex(16)
    await conn.execute(
        "update payments.attempt set state = 'submitting', rung_at = $2, token_hash = $3, due_at = $4 where id = $1",
        attempt_id, now, hash_token(token), row["expires_at"],
    )  # fmt: skip
    reference = rules.neutral(row["reference"], rules.LONGEST_REFERENCE)
    return Ringing(attempt_id, row["phone"], row["amount"], reference, token, latest)


_TO_NOTE = """
select id, state, rung_at, expires_at, charge_id from payments.attempt
where id = $1 and state in ('submitting', 'submit_unknown') and checkout_request_id is null for update
"""
_ACCEPTED = Statement("""
update payments.attempt
set state = :state, merchant_request_id = :merchant, checkout_request_id = :checkout, due_at = :due_at,
    tries = 0, taken_until = null
where id = :id
""")
_DECIDED = Statement("""
update payments.attempt
set state = :state, result_code = :code, result_text = :text, decided_at = :at, due_at = null
where id = :id
""")


async def note_answer(conn: Conn, attempt_id: UUID, answer: codes.Push, now: datetime, numbers: Numbers) -> None:
    """What M-Pesa answered to the push, noted once. An answer that comes after the attempt was given up
    (submit_unknown) does not open it again: another prompt may be on its way."""
    row = await conn.fetchrow(_TO_NOTE, attempt_id)
    if row is None:
        return
    if answer.kind == codes.ACCEPTED:
        state = rules.ACCEPTED if row["state"] == rules.SUBMITTING else rules.UNKNOWN
        due_at = rules.next_due(state, row["rung_at"], row["expires_at"], now, numbers)
        await _ACCEPTED.run(
            conn, id=attempt_id, state=state, merchant=answer.merchant_request_id,
            checkout=answer.checkout_request_id, due_at=due_at,
        )  # fmt: skip
    else:
        refused = answer.kind == codes.REFUSED
        late = refused and answer.code == "too_late"
        state = rules.NOT_SENT if late else rules.REFUSED if refused else rules.SUBMIT_UNKNOWN
        await _DECIDED.run(
            conn, id=attempt_id, state=state, code=answer.code or None, text=answer.text or None, at=now
        )
        if state == rules.REFUSED:
            await tell_of_failure(conn, attempt_id, now)
    await wake_parked(conn, attempt_id, now)


_PAYER = f"select {PAYER} from payments.attempt a join payments.charge c on c.id = a.charge_id where a.id = $1"


async def tell_of_failure(conn: Conn, attempt_id: UUID, now: datetime) -> None:
    person_id = await conn.fetchval(_PAYER, attempt_id)
    if person_id is not None:
        await post(conn, "payment failed", attempt_id, person_id, now)


async def must_exist(conn: Conn, charge_id: UUID) -> None:
    if not await conn.fetchval("select true from payments.charge where id = $1", charge_id):
        raise NotFound
