"""Contacts of somebody signed in: which one messages go to, which one signs in, taking one away.

Adding and proving one is in signing_up.py. Each verb runs in the caller's transaction, and asks for the password that
was typed just now, but where messages go first: that gives nobody a way in.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from kikao.accounts import actions, rules
from kikao.accounts.rules import Numbers
from kikao.accounts.signing_in import Certain
from kikao.accounts.signing_up import add_contact
from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Row, savepoint
from kikao.core.errors import NotFound, NotPossible
from kikao.core.phone import masked
from kikao.journal import actions as journal


class LastContact(NotPossible):
    code = "last_contact"
    detail = "{contact} is the only one that is confirmed. Add and confirm another one first."


class LastSignIn(NotPossible):
    code = "last_sign_in"
    detail = "{contact} is the only one that you sign in with. Let another one sign you in first."


class EmailNeeded(NotPossible):
    code = "email_needed"
    detail = "Those who work here need a confirmed e-mail address."


async def _own(conn: Conn, actor: Actor, contact_id: UUID, *, proved: bool = True) -> Row:
    """The contact, the person's row held so that two removals at once are judged one by one. Raises NotFound."""
    await conn.execute("select from accounts.person where id = $1 for no key update", actor.person_id)
    row = await conn.fetchrow(
        """
        select id, kind, value, proved_at from accounts.contact_point
        where id = $1 and person_id = $2 and (proved_at is not null or not $3)
        """,
        contact_id, actor.person_id, proved,
    )
    if row is None:
        raise NotFound
    return row


async def check_own(conn: Conn, actor: Actor, contact_id: UUID) -> None:
    """Raises NotFound for another's, before a password is asked for."""
    if not await conn.fetchval(
        "select true from accounts.contact_point where id = $1 and person_id = $2", contact_id, actor.person_id
    ):
        raise NotFound


async def ask_again(
    conn: Conn, vault: Vault, sure: Certain, actor: Actor, contact_id: UUID, now: datetime, *, network: str,
    numbers: Numbers,
) -> UUID:
    """A code to a contact that was never proved; the id of what waits for it. Raises NotFound, Invalid, TooOften."""
    row = await _own(conn, actor, contact_id, proved=False)
    if row["proved_at"] is not None:
        raise NotFound
    return await add_contact(conn, vault, sure, actor, row["value"], now, network=network, numbers=numbers)


async def choose(conn: Conn, actor: Actor, contact_id: UUID, now: datetime) -> None:
    """Messages go here first from now on; by another way only when this one fails. Raises NotFound."""
    row = await _own(conn, actor, contact_id)
    await conn.execute("update accounts.contact_point set chosen_at = $2 where id = $1", row["id"], now)
    await journal.record(conn, actor, "choose_contact", "person", _person(actor), now, contact=row["id"])


async def sign_in_with(conn: Conn, sure: Certain, actor: Actor, contact_id: UUID, now: datetime) -> None:
    """Raises NotFound, LoginTaken."""
    row = await _own(conn, actor, contact_id)
    assert actor.account_id == sure.account_id
    if not await actions.offer_login(conn, actor.account_id, row["value"], now):
        raise actions.LoginTaken
    await journal.record(conn, actor, "sign_in_with", "account", actor.account_id, now, contact=row["id"])


async def not_sign_in_with(conn: Conn, sure: Certain, actor: Actor, contact_id: UUID, now: datetime) -> None:
    """Raises NotFound, LastSignIn."""
    row = await _own(conn, actor, contact_id)
    assert actor.account_id == sure.account_id
    if await _give_up_login(conn, actor.account_id, row["value"]):
        await journal.record(conn, actor, "not_sign_in_with", "account", actor.account_id, now, contact=row["id"])


async def _give_up_login(conn: Conn, account_id: UUID, name: str) -> bool:
    gone = await conn.fetchval(
        "delete from accounts.login where name = $1 and account_id = $2 returning true", name, account_id
    )
    left = await conn.fetchval("select exists (select from accounts.login where account_id = $1)", account_id)
    if gone and not left:
        raise LastSignIn(contact=masked(name))
    return bool(gone)


async def remove(conn: Conn, sure: Certain, actor: Actor, contact_id: UUID, now: datetime) -> None:
    """Nothing is sent there any more and it signs nobody in. Raises NotFound, LastContact, LastSignIn, EmailNeeded."""
    row = await _own(conn, actor, contact_id, proved=False)
    assert actor.account_id == sure.account_id
    others = await conn.fetch(
        "select kind from accounts.contact_point where person_id = $1 and id <> $2 and proved_at is not null",
        actor.person_id, row["id"],
    )
    if row["proved_at"] is not None:
        if not others:
            raise LastContact(contact=masked(row["value"]))
        if not rules.STAFF.isdisjoint(actor.roles) and all(one["kind"] != "email" for one in others):
            raise EmailNeeded
        await _give_up_login(conn, actor.account_id, row["value"])
    await drop_contact(conn, row["id"])
    await journal.record(conn, actor, "remove_contact", "person", _person(actor), now, contact=row["id"])


async def drop_contact(conn: Conn, contact_id: UUID) -> None:
    """One that a charge names as its payer stays as a row, without its value."""
    try:
        async with savepoint(conn):
            await conn.execute("delete from accounts.contact_point where id = $1", contact_id)
    except asyncpg.ForeignKeyViolationError:
        await conn.execute("delete from accounts.verification where contact_id = $1", contact_id)
        await conn.execute(
            "update accounts.contact_point set value = $2, proved_at = null, chosen_at = null where id = $1",
            contact_id, f"{GONE}{contact_id}",
        )


GONE = "gone:"


def _person(actor: Actor) -> UUID:
    assert actor.person_id is not None
    return actor.person_id
