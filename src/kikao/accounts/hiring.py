"""Those who work here: an account by invitation, roles given and taken. There is always an admin."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from kikao.accounts import actions, rules
from kikao.accounts.actions import Made
from kikao.accounts.codes import Asked, ask
from kikao.accounts.rules import Numbers
from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, all_of, refused
from kikao.core.phone import Contact, read_contact
from kikao.journal.actions import record


async def hire(
    conn: Conn, by: Actor, vault: Vault, *, name: str, email: str, roles: Collection[str], password_hash: str,
    now: datetime, numbers: Numbers, time_zone: str,
) -> Made:
    """An account whose password nobody knows, and a message by which its owner chooses one.

    Raises Invalid with every field that cannot be used, LoginTaken.
    """
    contact = read_contact(email)
    wrong = all_of(
        refused(lambda: rules.called(name)),
        None if contact and contact.kind == "email" else Invalid.field(
            "email", "not_an_email", "Please give an e-mail address."),
        None if roles and set(roles) <= rules.STAFF else Invalid.field(
            "roles", "missing", "Please tick at least one."),
    )
    if wrong or contact is None:
        raise wrong or Invalid
    made = await actions.create_account(
        conn, by, name=name, contacts=[contact], password_hash=password_hash, roles=roles, now=now,
        time_zone=time_zone,
    )
    await invite(conn, by, vault, made.account_id, now, numbers)
    return made


async def invite(
    conn: Conn, by: Actor, vault: Vault, account_id: UUID, now: datetime, numbers: Numbers
) -> None:
    """A message to the first proved e-mail, with a code that sets a password. Raises NotFound, Invalid."""
    email = await _email(conn, account_id)
    if email is None:
        raise Invalid.field(
            "email", "missing", "There is no confirmed e-mail address here, and this code goes by e-mail only."
        )
    asked = Asked(purpose="reset", to=Contact("email", email), account_id=account_id)
    await ask(conn, vault, asked, numbers.invitation_hours * 60, now, kind="invitation")
    await record(conn, by, "invite", "account", account_id, now)


async def _email(conn: Conn, account_id: UUID) -> str | None:
    email: str | None = await conn.fetchval(
        """
        select c.value from accounts.account a
        join accounts.contact_point c on c.person_id = a.person_id and c.kind = 'email' and c.proved_at is not null
        where a.id = $1 and a.disabled_at is null order by c.created_at, c.id limit 1
        """,
        account_id,
    )
    return email


async def give_role(conn: Conn, by: Actor, account_id: UUID, role: str, now: datetime) -> None:
    """Those who work here need a proved e-mail, and sign in anew: theirs is a shorter day. Raises NotFound, Invalid."""
    if role not in rules.STAFF:
        raise Invalid.field("role", "unknown", "There is no such role.")
    if not await conn.fetchval("select true from accounts.account where id = $1 for update", account_id):
        raise NotFound
    if await _email(conn, account_id) is None:
        raise Invalid.field("email", "missing", "Those who work here need a confirmed e-mail address.")
    await actions.grant_role(conn, by, account_id, role, now)


async def take_role(conn: Conn, by: Actor, account_id: UUID, role: str, now: datetime) -> None:
    """Signed out at once. Raises LastAdmin; a role that somebody has not is taken already."""
    has = await conn.fetchval("select true from accounts.role where account_id = $1 and role = $2", account_id, role)
    if has:
        await actions.revoke_role(conn, by, account_id, role, now)
        await actions.end_sign_ins(conn, account_id, now, but=by.sign_in_id)
