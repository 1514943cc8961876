"""What an admin sees of people: found by a name, a contact or what they sign in with; one of them with everything
that is kept here. The callers see to it that only an admin asks, and that each look stands in the journal."""

from __future__ import annotations

import re
from datetime import date, datetime
from uuid import UUID

import msgspec

from kikao.accounts.rules import ranked
from kikao.core.actor import Actor
from kikao.core.db import Conn, Row
from kikao.core.errors import Invalid, NotFound
from kikao.core.phone import masked, read_contact
from kikao.journal.actions import record

MOST = 50


class Found(msgspec.Struct, frozen=True):
    """One line of a search; contacts are masked."""

    person_id: UUID
    name: str
    state: str
    roles: tuple[str, ...]
    has_account: bool
    disabled: bool
    contacts: tuple[str, ...]


_FOUND = """
select p.id, p.name, p.state, a.id is not null as has_account, a.disabled_at is not null as disabled,
       array(select role from accounts.role r where r.account_id = a.id) as roles,
       array(select c.value from accounts.contact_point c where c.person_id = p.id
             order by c.proved_at nulls last, c.created_at, c.id) as contacts
from accounts.person p left join accounts.account a on a.person_id = p.id
"""


async def search(conn: Conn, typed: str) -> list[Found]:
    """By two letters of a name, three figures of a phone, or a whole e-mail or sign-in name. Raises Invalid."""
    text = " ".join(typed.split())
    digits = re.sub(r"[\s+-]", "", text)
    if digits.isdecimal() and digits.isascii():
        return await _by_digits(conn, digits)
    if len(text) < 2:
        raise Invalid.field("who", "too_short", "Please give two letters or three figures at least.")
    contact = read_contact(text)
    escaped = re.sub(r"([%_\\])", r"\\\1", text)
    rows = await conn.fetch(
        f"""
        {_FOUND} where p.name ilike $1
           or exists (select from accounts.contact_point c where c.person_id = p.id and c.value = $2)
           or exists (select from accounts.login l where l.account_id = a.id and l.name = $2)
        order by p.name, p.id limit {MOST}
        """,
        f"%{escaped}%", contact.value if contact else text.lower(),
    )
    return [_found(row) for row in rows]


async def _by_digits(conn: Conn, digits: str) -> list[Found]:
    """`0700 000 001` is the end of `+254700000001`."""
    if len(digits) < 3:
        raise Invalid.field("who", "too_short", "Please give two letters or three figures at least.")
    end = digits.removeprefix("254").removeprefix("0") if len(digits) >= 9 else digits
    rows = await conn.fetch(
        f"""
        {_FOUND} where exists (select from accounts.contact_point c
                               where c.person_id = p.id and c.kind = 'phone' and c.value like '%' || $1)
        order by p.name, p.id limit {MOST}
        """,
        end,
    )
    return [_found(row) for row in rows]


async def by_ids(conn: Conn, people: list[UUID]) -> list[Found]:
    rows = await conn.fetch(f"{_FOUND} where p.id = any ($1) order by p.name, p.id", people)
    return [_found(row) for row in rows]


def _found(row: Row) -> Found:
    return Found(
        row["id"], row["name"], row["state"], ranked(row["roles"]), row["has_account"], row["disabled"],
        tuple(masked(value) for value in row["contacts"]),
    )


# one of them --------------------------------------------------------------------------------------


class Contact(msgspec.Struct, frozen=True):
    """`value` is masked unless somebody asked for it."""

    kind: str
    value: str
    proved_at: datetime | None


class Role(msgspec.Struct, frozen=True):
    role: str
    granted_at: datetime
    granted_by: UUID


class Consent(msgspec.Struct, frozen=True):
    language: str
    version: int
    how: str
    given_at: datetime
    given_by: str
    withdrawn_at: datetime | None


class Acting(msgspec.Struct, frozen=True):
    """Somebody who acts or acted for this person, or for whom this person does; for a child until it is of age."""

    person_id: UUID
    name: str
    relation: str
    since: datetime
    until: datetime | None


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One person with everything that this room keeps, apart from what is sealed."""

    person_id: UUID
    name: str
    birth_date: date | None
    state: str
    language: str
    time_zone: str
    created_at: datetime
    account_id: UUID | None
    proved_at: datetime | None
    disabled_at: datetime | None
    disabled_by: UUID | None
    locked_until: datetime | None
    signed_in: int
    contacts: tuple[Contact, ...]
    roles: tuple[Role, ...]
    consents: tuple[Consent, ...]
    acts_for: tuple[Acting, ...]
    acted_by: tuple[Acting, ...]


async def file(conn: Conn, person_id: UUID, now: datetime) -> File:
    """Raises NotFound."""
    row = await conn.fetchrow(
        """
        select p.id as person_id, p.name, p.birth_date, p.state, p.language, p.time_zone, p.created_at,
               a.id as account_id, a.proved_at, a.disabled_at, a.disabled_by, a.locked_until,
               (select count(*) from accounts.sign_in s
                where s.account_id = a.id and s.ended_at is null and s.expires_at > $2
                  and (s.idle_minutes is null or s.seen_at > $2 - make_interval(mins => s.idle_minutes))) as signed_in
        from accounts.person p left join accounts.account a on a.person_id = p.id where p.id = $1
        """,
        person_id, now,
    )
    if row is None:
        raise NotFound
    account_id: UUID | None = row["account_id"]
    return File(
        **dict(row), contacts=await _contacts(conn, person_id), roles=await _roles(conn, account_id),
        consents=await _consents(conn, person_id),
        acts_for=await _acting(conn, "f.person_id", "f.by_person", person_id),
        acted_by=await _acting(conn, "f.by_person", "f.person_id", person_id),
    )


async def _contacts(conn: Conn, person_id: UUID, *, whole: bool = False) -> tuple[Contact, ...]:
    rows = await conn.fetch(
        """
        select kind, value, proved_at from accounts.contact_point
        where person_id = $1 order by proved_at nulls last, created_at, id
        """,
        person_id,
    )
    return tuple(
        Contact(row["kind"], row["value"] if whole else masked(row["value"]), row["proved_at"]) for row in rows
    )


async def open_contacts(conn: Conn, actor: Actor, person_id: UUID, now: datetime) -> tuple[Contact, ...]:
    """In full, for somebody who asked; that they did stands in the journal."""
    await record(conn, actor, "open the contacts", "person", person_id, now)
    return await _contacts(conn, person_id, whole=True)


async def _roles(conn: Conn, account_id: UUID | None) -> tuple[Role, ...]:
    rows = await conn.fetch(
        "select role, granted_at, granted_by from accounts.role where account_id = $1 order by granted_at, role",
        account_id,
    )
    return tuple(Role(*row.values()) for row in rows)


async def _consents(conn: Conn, person_id: UUID) -> tuple[Consent, ...]:
    rows = await conn.fetch(
        """
        select t.language, t.version, c.how, c.given_at, g.name as given_by, c.withdrawn_at
        from accounts.consent c
        join accounts.consent_text t on t.id = c.text_id
        join accounts.person g on g.id = c.given_by
        where c.person_id = $1 order by c.given_at desc, c.id
        """,
        person_id,
    )
    return tuple(Consent(*row.values()) for row in rows)


async def _acting(conn: Conn, other: str, one: str, person_id: UUID) -> tuple[Acting, ...]:
    rows = await conn.fetch(
        f"""
        select p.id, p.name, f.relation, f.since, nullif(f.ends_at, 'infinity') as until
        from accounts.may_act_for f join accounts.person p on p.id = {other} where {one} = $1 order by p.name, p.id
        """,
        person_id,
    )
    return tuple(Acting(*row.values()) for row in rows)
