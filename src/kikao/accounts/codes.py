"""Codes that are sent to a contact. The code itself is made when its message is composed (notices.py)."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.accounts import rules
from kikao.accounts.rules import Numbers
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import FieldError, Invalid, NotFound, Refusal
from kikao.core.ids import new_id
from kikao.core.limits import Limit, count
from kikao.core.phone import Contact
from kikao.notifications import actions as notifications

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Many people share one network address: these stop machines, not a crowded waiting room.
ASKING_BY_NETWORK = Limit("accounts.ask/network", 1000, HOUR)
TYPING_BY_NETWORK = Limit("accounts.type/network", 3000, HOUR)


class CodeRefused(Refusal):
    """Wrong, expired, used, tried too often, or of another sign-up: one answer for all of them."""

    status, code = 422, "code_refused"
    detail = "This code does not work, or no longer. Look at it again, or ask for a new one."

    def __init__(self) -> None:
        super().__init__(fields=[FieldError("code", self.code, self.detail)])


async def count_code(conn: Conn, contact: Contact, numbers: Numbers, now: datetime) -> None:
    """One more code to one contact, whatever it is for. Raises TooOften."""
    await count(conn, Limit("accounts.code/hour", numbers.codes_an_hour, HOUR), contact.value, now)
    await count(conn, Limit("accounts.code/day", numbers.codes_a_day, DAY), contact.value, now)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Where a code goes and for whom. Without account and contact nothing is sent: nobody is known there."""

    purpose: str
    to: Contact
    contact_id: UUID | None = None
    account_id: UUID | None = None


async def ask(
    conn: Conn, vault: Vault, asked: Asked, minutes: int, now: datetime, *, kind: str | None = None
) -> UUID:
    """The row of a code and the message that will carry it: of this kind, or of the one that its purpose has."""
    verification_id = new_id()
    channel = "email" if asked.to.kind == "email" else "sms"
    await conn.execute(
        """
        insert into accounts.verification (
            id, purpose, contact_id, account_id, sealed_to, channel, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        verification_id, asked.purpose, asked.contact_id, asked.account_id,
        vault.seal(asked.to.value, "accounts.verification", "sealed_to", verification_id), channel,
        now, now + timedelta(minutes=minutes),
    )
    usual = "reset" if asked.purpose == "reset" else "code"
    await notifications.post(conn, kind or usual, verification_id, verification_id, now)
    return verification_id


async def resend(conn: Conn, verification_id: UUID, now: datetime, numbers: Numbers) -> datetime:
    """A new code to the same contact; the old one stops working. Gives when the new one does.

    Raises NotFound for a code that was used or never asked for, TooOften.
    """
    row = await conn.fetchrow(
        """
        select v.sends, c.kind, c.value from accounts.verification v
        join accounts.contact_point c on c.id = v.contact_id
        where v.id = $1 and v.purpose in ('sign_up', 'contact') and v.used_at is null for update of v
        """,
        verification_id,
    )
    if row is None:
        raise NotFound
    await count_code(conn, Contact(row["kind"], row["value"]), numbers, now)
    expires_at = now + timedelta(minutes=numbers.code_minutes)
    await conn.execute(
        """
        update accounts.verification set sealed_code = null, tries = 0, sends = sends + 1, expires_at = $2
        where id = $1
        """,
        verification_id, expires_at,
    )
    await notifications.post(conn, "code", verification_id, verification_id, now, version=row["sends"] + 1)
    return expires_at


async def try_code(
    conn: Conn, vault: Vault, verification_id: UUID, purposes: tuple[str, ...], typed: str, now: datetime,
    numbers: Numbers,
) -> None:
    """Count a try, then compare. Raises CodeRefused.

    A single statement that must commit by itself: called inside a transaction, the refusal would roll the count
    back, and somebody could guess for ever.
    """
    digits = rules.code_digits(typed)
    if not digits:
        raise Invalid.field("code", "not_a_code", "A code has 6 figures.")
    sealed = await conn.fetchval(
        """
        update accounts.verification set tries = tries + 1
        where id = $1 and purpose = any($2) and used_at is null and sealed_code is not null
          and expires_at > $3 and tries < $4
        returning sealed_code
        """,
        verification_id, purposes, now, numbers.code_tries,
    )
    if sealed is None:
        raise CodeRefused
    code = vault.open(sealed, "accounts.verification", "sealed_code", verification_id)
    if not hmac.compare_digest(code, digits):
        raise CodeRefused
