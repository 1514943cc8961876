"""What an account is: its people, contacts, roles and consent. Each verb runs in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from kikao.accounts import rules
from kikao.core import clock, i18n
from kikao.core.actor import THE_SYSTEM, Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, Refusal
from kikao.core.ids import new_id
from kikao.core.phone import Contact
from kikao.journal import actions as journal

CONSENT_TEXTS = (("en", 1), ("sw", 1))  # language and version of consent_<language>.txt


class LoginTaken(Refusal):
    code, detail = "login_taken", "This already signs somebody in."


class LastAdmin(Refusal):
    code = "last_admin"
    detail = "This is the last admin who can sign in. Make somebody else an admin first."


class OutdatedConsent(Refusal):
    """The text that was agreed to is not the newest one of its language."""

    status, code = 422, "outdated_consent"
    detail = "The text about what is kept has changed. Please read it again."


class Made(msgspec.Struct, frozen=True):
    account_id: UUID
    person_id: UUID


# consent ------------------------------------------------------------------------------------------


async def ensure_consent_texts(conn: Conn, now: datetime) -> None:
    """Put the texts of this release into the table; does nothing when they are there."""
    for language, version in CONSENT_TEXTS:
        text = Path(__file__).with_name(f"consent_{language}.txt").read_text().strip()
        await conn.execute(
            """
            insert into accounts.consent_text (id, language, version, text, from_at) values ($1, $2, $3, $4, $5)
            on conflict on constraint consent_text_once do nothing
            """,
            new_id(), language, version, text, now,
        )


async def check_consent_text(conn: Conn, text_id: UUID) -> None:
    """Raises OutdatedConsent, also for a text that does not exist."""
    newest = await conn.fetchval(
        """
        select true from accounts.consent_text t where t.id = $1
        and not exists (select from accounts.consent_text n where n.language = t.language and n.version > t.version)
        """,
        text_id,
    )
    if not newest:
        raise OutdatedConsent


async def give_consent(
    conn: Conn, by: Actor, text_id: UUID, person_id: UUID, now: datetime, *, how: str = "page",
    given_by: UUID | None = None,
) -> None:
    """`by` agrees to a text, for a person; or notes that `given_by`, a person, does. Raises OutdatedConsent."""
    await check_consent_text(conn, text_id)
    await conn.execute(
        """
        insert into accounts.consent (id, text_id, person_id, given_by, how, given_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        new_id(), text_id, person_id, given_by or by.person_id, how, now,
    )
    await journal.record(conn, by, "give_consent", "person", person_id, now, text=text_id, how=how,
                         who=given_by or by.person_id)


# accounts -----------------------------------------------------------------------------------------


async def create_account(
    conn: Conn, by: Actor, *, name: str, contacts: Sequence[Contact], password_hash: str, roles: Collection[str],
    now: datetime, time_zone: str, own_name: str | None = None, language: str = "en",
) -> Made:
    """An account that can sign in at once, its contacts taken as proved by whoever makes it.

    Those who work here need an e-mail. Raises Invalid, LoginTaken.
    """
    if not rules.STAFF.isdisjoint(roles) and not any(contact.kind == "email" for contact in contacts):
        raise Invalid.field("email", "missing", "Those who work here need an e-mail address.")
    made = Made(new_id(), new_id())
    await conn.execute(
        "insert into accounts.person (id, name, language, time_zone, created_at) values ($1, $2, $3, $4, $5)",
        made.person_id, rules.called(name), language, time_zone, now,
    )
    await conn.execute(
        """
        insert into accounts.account (id, person_id, password_hash, created_at, proved_at)
        values ($1, $2, $3, $4, $4)
        """,
        made.account_id, made.person_id, password_hash, now,
    )
    for contact in contacts:
        await prove_contact(conn, made.person_id, contact, now)
        await _take_login(conn, made.account_id, contact.value, now)
    if own_name is not None:
        await _take_login(conn, made.account_id, rules.own_name(own_name), now)
    await journal.record(conn, by, "create", "account", made.account_id, now)
    for role in sorted(roles):
        await grant_role(conn, by, made.account_id, role, now)
    return made


async def create_admin(
    conn: Conn, *, name: str, email: str, password_hash: str, now: datetime, time_zone: str
) -> Made:
    """The operator's first account. Raises Invalid, LoginTaken."""
    contact = rules.contact(email, "email")
    if contact.kind != "email":
        raise Invalid.field("email", "not_an_email", "Please give an e-mail address.")
    return await create_account(
        conn, THE_SYSTEM, name=name, contacts=[contact], password_hash=password_hash, roles={"admin"}, now=now,
        time_zone=time_zone,
    )


async def prove_contact(conn: Conn, person_id: UUID, contact: Contact, now: datetime) -> UUID | None:
    """Its id; None where it was proved before."""
    proved: UUID | None = await conn.fetchval(
        """
        insert into accounts.contact_point (id, person_id, kind, value, proved_at, created_at)
        values ($1, $2, $3, $4, $5, $5)
        on conflict on constraint contact_once_a_person
        do update set proved_at = excluded.proved_at where accounts.contact_point.proved_at is null
        returning id
        """,
        new_id(), person_id, contact.kind, contact.value, now,
    )
    return proved


async def offer_login(conn: Conn, account_id: UUID, name: str, now: datetime) -> bool:
    """Whether `name` now signs this account in; false when it signs in another one."""
    owner = await conn.fetchval(
        """
        insert into accounts.login (name, account_id, since) values ($1, $2, $3)
        on conflict (name) do update set since = accounts.login.since returning account_id
        """,
        name, account_id, now,
    )
    return bool(owner == account_id)


async def _take_login(conn: Conn, account_id: UUID, name: str, now: datetime) -> None:
    if not await offer_login(conn, account_id, name, now):
        raise LoginTaken


async def grant_role(conn: Conn, by: Actor, account_id: UUID, role: str, now: datetime) -> None:
    """Those who work here sign in anew: theirs is a shorter day."""
    made = await conn.fetchval(
        """
        insert into accounts.role (account_id, role, granted_at, granted_by) values ($1, $2, $3, $4)
        on conflict do nothing returning true
        """,
        account_id, role, now, by.account_id,
    )
    if made:
        await journal.record(conn, by, "grant_role", "account", account_id, now, role=role)
        if role in rules.STAFF:
            await end_sign_ins(conn, account_id, now, but=by.sign_in_id)


async def revoke_role(conn: Conn, by: Actor, account_id: UUID, role: str, now: datetime) -> None:
    """Effective at the next request of whoever is signed in: roles are read each time. Raises LastAdmin."""
    if role == "admin":
        await keep_an_admin(conn, account_id)
    gone = await conn.fetchval(
        "delete from accounts.role where account_id = $1 and role = $2 returning true", account_id, role
    )
    if gone:
        await journal.record(conn, by, "revoke_role", "account", account_id, now, role=role)


async def hold_admins(conn: Conn) -> frozenset[UUID]:
    """The accounts that can sign in as one, held with role and person: whoever removes another at the same instant
    waits, and then sees what was done."""
    rows = await conn.fetch(
        """
        select r.account_id from accounts.role r
        join accounts.account a on a.id = r.account_id and a.disabled_at is null and a.proved_at is not null
        join accounts.person p on p.id = a.person_id and p.state = 'active'
        where r.role = 'admin' order by r.account_id for no key update of r, a, p
        """
    )
    return frozenset(row["account_id"] for row in rows)


def check_admin_left(admins: frozenset[UUID], account_id: UUID | None) -> None:
    """Raises LastAdmin when this is the only one."""
    if admins and admins <= {account_id}:
        raise LastAdmin


async def keep_an_admin(conn: Conn, account_id: UUID) -> None:
    """Raises LastAdmin when nobody else could sign in as one."""
    check_admin_left(await hold_admins(conn), account_id)


async def disable(conn: Conn, by: Actor, account_id: UUID, now: datetime) -> None:
    """Signed out everywhere, at once, and cannot sign in. A second call changes nothing. Raises NotFound, LastAdmin."""
    await keep_an_admin(conn, account_id)
    known = await conn.fetchval("select true from accounts.account where id = $1 for update", account_id)
    if not known:
        raise NotFound
    changed = await conn.fetchval(
        """
        update accounts.account set disabled_at = $2, disabled_by = $3
        where id = $1 and disabled_at is null returning true
        """,
        account_id, now, by.account_id,
    )
    if changed:
        await end_sign_ins(conn, account_id, now)
        await journal.record(conn, by, "disable", "account", account_id, now)


async def enable(conn: Conn, by: Actor, account_id: UUID, now: datetime) -> None:
    changed = await conn.fetchval(
        """
        update accounts.account set disabled_at = null, disabled_by = null
        where id = $1 and disabled_at is not null returning true
        """,
        account_id,
    )
    if changed:
        await journal.record(conn, by, "enable", "account", account_id, now)


async def end_sign_ins(conn: Conn, account_id: UUID, now: datetime, *, but: UUID | None = None) -> int:
    """End all sign-ins of an account, except perhaps one; how many those were."""
    rows = await conn.fetch(
        """
        update accounts.sign_in set ended_at = $2
        where account_id = $1 and ended_at is null and id is distinct from $3 returning id
        """,
        account_id, now, but,
    )
    return len(rows)


def check_language(code: str) -> str:
    """Raises Invalid for one that there is no catalogue of."""
    if not i18n.is_spoken(code):
        raise Invalid.field("language", "unknown", "This language is not there yet.")
    return code


async def set_reading(conn: Conn, by: Actor, language: str, time_zone: str, now: datetime) -> None:
    """The language and zone that somebody reads in; the same again changes nothing. Raises Invalid."""
    check_language(language)
    if not clock.is_zone(time_zone):
        raise Invalid.field("time_zone", "unknown", "Please choose a time zone from the list.")
    changed = await conn.fetchval(
        """
        update accounts.person set language = $2, time_zone = $3
        where id = $1 and (language, time_zone) is distinct from ($2, $3) returning id
        """,
        by.person_id, language, time_zone,
    )
    if changed:
        await journal.record(conn, by, "set_reading", "person", changed, now, language=language, zone=time_zone)
