"""People without an account, as desk makes and reaches them: a caller, a walk-in, their child.

Consent is given by voice or on paper and noted by whoever heard it. A contact gets a code and nothing else until the
caller has read that code out: then messages go there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from kikao.accounts import acting, codes, rules
from kikao.accounts.actions import give_consent
from kikao.accounts.rules import Numbers
from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.errors import Forbidden, Invalid, NotFound, NotPossible
from kikao.core.ids import new_id
from kikao.core.phone import Contact, masked
from kikao.journal import actions as journal

HEARD = ("voice", "paper")


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """`how` they agreed to which text. A child has `parent_id`, whoever acts for it and agreed for it."""

    name: str
    consent_text_id: UUID
    how: str
    time_zone: str
    contacts: Sequence[Contact] = ()
    birth_date: date | None = None
    parent_id: UUID | None = None
    relation: str = "parent"


def _desk(actor: Actor) -> None:
    if not actor.has("desk", "admin"):
        raise Forbidden


async def make_person(conn: Conn, actor: Actor, who: Newcomer, now: datetime) -> UUID:
    """Somebody who can be booked for, without an account. Raises Forbidden, Invalid, NotFound, OutdatedConsent, and
    TooManyPeople for a child."""
    _desk(actor)
    _check_how(who.how)
    if who.parent_id is None:
        person_id = await _grown_up(conn, actor, who, now)
    else:
        if not await can_act(conn, who.parent_id, now):
            raise NotFound("There is no such person who can act for a child.")
        person_id = await acting.add_person(
            conn, actor, name=who.name, birth_date=who.birth_date, relation=who.relation,
            consent_text_id=who.consent_text_id, now=now, by_person=who.parent_id, how=who.how,
        )
    for contact in who.contacts:
        await add_contact(conn, actor, person_id, contact, now)
    return person_id


async def _grown_up(conn: Conn, actor: Actor, who: Newcomer, now: datetime) -> UUID:
    if who.birth_date is not None and rules.of_age_on(who.birth_date) > now.date():
        raise Invalid.field("parentId", "missing", "A child needs somebody who acts for it: note them down first.")
    person_id = new_id()
    await conn.execute(
        "insert into accounts.person (id, name, birth_date, time_zone, created_at) values ($1, $2, $3, $4, $5)",
        person_id, rules.called(who.name), who.birth_date, who.time_zone, now,
    )
    await journal.record(conn, actor, "make_person", "person", person_id, now)
    await give_consent(conn, actor, who.consent_text_id, person_id, now, how=who.how, given_by=person_id)
    return person_id


def _check_how(how: str) -> None:
    if how not in HEARD:
        raise Invalid.field("how", "unknown_word", "Consent is heard by voice, or given on paper.")


async def can_act(conn: Conn, person_id: UUID, now: datetime) -> bool:
    """Whether this person can act for others: grown up, and able to sign in where they have an account."""
    fits = await conn.fetchval(
        """
        select exists (select from accounts.people where id = $1 and state = 'active'
                       and (account_id is null or can_sign_in) and coalesce(of_age_at <= $2, true))
        """,
        person_id, now,
    )
    return bool(fits)


async def add_contact(conn: Conn, actor: Actor, person_id: UUID, contact: Contact, now: datetime) -> UUID:
    """Of somebody without an account; not proved. The same one again changes nothing. Raises Forbidden, NotFound."""
    _desk(actor)
    await _without_account(conn, person_id)
    added: UUID | None = await conn.fetchval(
        """
        insert into accounts.contact_point (id, person_id, kind, value, created_at) values ($1, $2, $3, $4, $5)
        on conflict on constraint contact_once_a_person do nothing returning id
        """,
        new_id(), person_id, contact.kind, contact.value, now,
    )
    if added is not None:
        await journal.record(conn, actor, "add_contact", "person", person_id, now)
        return added
    known: UUID = await conn.fetchval(
        "select id from accounts.contact_point where person_id = $1 and kind = $2 and value = $3",
        person_id, contact.kind, contact.value,
    )
    return known


async def _without_account(conn: Conn, person_id: UUID) -> None:
    has_account = await conn.fetchval(
        "select account_id is not null from accounts.people where id = $1 and state = 'active'", person_id
    )
    if has_account is None:
        raise NotFound
    if has_account:
        raise NotPossible("Whoever has an account looks after their contacts themselves.")


class Reach(msgspec.Struct, frozen=True):
    """A contact, masked for whoever reads it; `value` is for verbs."""

    id: UUID
    kind: str
    masked: str
    proved: bool
    value: str


async def reach(conn: Conn, people: Sequence[UUID]) -> list[Reach]:
    """How these people are reached: proved contacts first."""
    rows = await conn.fetch(
        """
        select id, kind, value, proved_at is not null as proved from accounts.contact_point where person_id = any ($1)
        order by proved_at nulls last, created_at, id
        """,
        list(people),
    )
    return [Reach(row["id"], row["kind"], masked(row["value"]), row["proved"], row["value"]) for row in rows]


async def hear_consent(conn: Conn, actor: Actor, person_id: UUID, text_id: UUID, how: str, now: datetime) -> None:
    """Of somebody who is here already; for a child, of whoever acts for it.

    Raises Forbidden, Invalid, NotFound, OutdatedConsent.
    """
    _desk(actor)
    _check_how(how)
    row = await conn.fetchrow(
        """
        select coalesce(p.of_age_at > $2, false) as child,
               (select f.by_person from accounts.may_act_for f where f.person_id = p.id and f.ends_at > $2
                order by f.since, f.by_person limit 1) as acts
        from accounts.people p where p.id = $1 and p.state = 'active'
        """,
        person_id, now,
    )
    if row is None:
        raise NotFound
    if row["child"] and row["acts"] is None:
        raise Invalid.field("parentId", "missing", "A child needs somebody who acts for it: note them down first.")
    given_by = row["acts"] if row["child"] else person_id
    await give_consent(conn, actor, text_id, person_id, now, how=how, given_by=given_by)


async def send_code(
    conn: Conn, vault: Vault, actor: Actor, contact_id: UUID, now: datetime, numbers: Numbers
) -> UUID:
    """A code to the caller's contact, to be read out. Raises Forbidden, NotFound, NotPossible, TooOften."""
    _desk(actor)
    row = await conn.fetchrow(
        "select person_id, kind, value from accounts.contact_point where id = $1", contact_id
    )
    if row is None:
        raise NotFound
    await _without_account(conn, row["person_id"])
    to = Contact(row["kind"], row["value"])
    await codes.count_code(conn, to, numbers, now)
    asked = codes.Asked(purpose="contact", to=to, contact_id=contact_id)
    sent = await codes.ask(conn, vault, asked, numbers.code_minutes, now)
    await journal.record(conn, actor, "send_code", "person", row["person_id"], now, contact=contact_id)
    return sent


async def read_out(
    db: Database, vault: Vault, actor: Actor, verification_id: UUID, code: str, now: datetime,
    numbers: Numbers,
) -> None:
    """The caller has read the code out: the contact is proved. A try is counted before it is judged.

    Raises Forbidden, Invalid, CodeRefused.
    """
    _desk(actor)
    async with db.connection() as conn:
        await codes.try_code(conn, vault, verification_id, ("contact",), code, now, numbers)
    async with db.transaction() as conn:
        person_id = await conn.fetchval(
            """
            with used as (
                update accounts.verification set used_at = $2
                where id = $1 and account_id is null and used_at is null returning contact_id
            )
            update accounts.contact_point c set proved_at = coalesce(c.proved_at, $2)
            from used where c.id = used.contact_id returning c.person_id
            """,
            verification_id, now,
        )
        if person_id is None:
            raise codes.CodeRefused
        await journal.record(conn, actor, "prove_contact", "person", person_id, now)
