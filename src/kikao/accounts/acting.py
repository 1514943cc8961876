"""Acting for somebody who has no account of their own: a child, somebody one cares for.

Whoever acts agrees for them, books and pays. For a child that ends on its eighteenth birthday, whatever is stored: the
view `may_act_for` works it out.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from kikao.accounts import rules
from kikao.accounts.actions import give_consent
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import NotFound, Refusal
from kikao.core.ids import new_id
from kikao.journal import actions as journal

MOST_PEOPLE = 12


class TooManyPeople(Refusal):
    code, detail = "too_many_people", "You act for as many people as one account can. Please ring the practice."


class ActedFor(msgspec.Struct, frozen=True):
    """Somebody whom an account acts for. `ends_at`: a child's coming of age; None when no day is known.

    `agreed`: whether this account's consent for them stands.
    """

    person_id: UUID
    name: str
    birth_date: date | None
    relation: str
    since: datetime
    ends_at: datetime | None
    agreed: bool


async def people_of(conn: Conn, account_id: UUID, now: datetime) -> list[ActedFor]:
    """Whom this account may act for now, by name."""
    rows = await conn.fetch(
        """
        select f.person_id, p.name, p.birth_date, f.relation, f.since, nullif(f.ends_at, 'infinity') as ends_at,
               exists (select from accounts.valid_consent v
                       where v.person_id = f.person_id and v.given_by = f.account_id) as agreed
        from accounts.may_act_for f join accounts.person p on p.id = f.person_id
        where f.account_id = $1 and f.ends_at > $2 order by p.name, p.id
        """,
        account_id, now,
    )
    return [ActedFor(*row.values()) for row in rows]


async def one_of(conn: Conn, account_id: UUID, person_id: UUID, now: datetime) -> ActedFor:
    """Raises NotFound for whomever this account does not act for, or no more."""
    for person in await people_of(conn, account_id, now):
        if person.person_id == person_id:
            return person
    raise NotFound


async def add_person(
    conn: Conn, actor: Actor, *, name: str, birth_date: date | None, relation: str, consent_text_id: UUID, now: datetime
) -> UUID:
    """Somebody to act for, and the actor's consent for them. Who is typed in once more, by name and birthday, is whom
    one acts for already. Raises Invalid, OutdatedConsent, TooManyPeople."""
    called = rules.called(name)
    born = rules.check_acting(birth_date, relation, now.date())
    # Held, so that two at once count each other.
    await conn.execute("select from accounts.account where id = $1 for update", actor.account_id)
    assert actor.account_id is not None
    known = await one_called(conn, actor.account_id, called, born, now)
    if known is not None:
        await agree_for(conn, actor, known.person_id, consent_text_id, now)
        return known.person_id
    if len(await people_of(conn, actor.account_id, now)) >= MOST_PEOPLE:
        raise TooManyPeople
    person_id = new_id()
    await conn.execute(
        """
        insert into accounts.person (id, name, birth_date, language, time_zone, created_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        person_id, called, born, actor.language, actor.time_zone, now,
    )
    await conn.execute(
        "insert into accounts.acts_for (account_id, person_id, relation, since) values ($1, $2, $3, $4)",
        actor.account_id, person_id, relation, now,
    )
    await journal.record(conn, actor, "act_for", "person", person_id, now, relation=relation)
    await give_consent(conn, actor, consent_text_id, person_id, now)
    return person_id


async def agree_for(conn: Conn, actor: Actor, person_id: UUID, consent_text_id: UUID, now: datetime) -> None:
    """The actor's consent for somebody they act for, unless it stands. Raises NotFound, OutdatedConsent."""
    assert actor.account_id is not None
    if not (await one_of(conn, actor.account_id, person_id, now)).agreed:
        await give_consent(conn, actor, consent_text_id, person_id, now)


async def end_acting(conn: Conn, actor: Actor, person_id: UUID, now: datetime) -> None:
    """From now on the actor sees and does nothing for this person any more. Raises NotFound."""
    changed = await conn.fetchval(
        """
        update accounts.acts_for set until = $3
        where account_id = $1 and person_id = $2 and (until is null or until > $3) returning true
        """,
        actor.account_id, person_id, now,
    )
    if not changed:
        raise NotFound
    await journal.record(conn, actor, "end_acting", "person", person_id, now)


async def one_called(conn: Conn, account_id: UUID, name: str, born: date | None, now: datetime) -> ActedFor | None:
    """Whom this account acts for already under this name and birthday: the same child, typed in once more."""
    for one in await people_of(conn, account_id, now):
        if one.name.casefold() == name.casefold() and one.birth_date == born:
            return one
    return None


async def hand_over(conn: Conn, old_account: UUID, account_id: UUID, now: datetime) -> dict[UUID, UUID]:
    """A sign-up turned out to be somebody who has an account: whom it acted for, and its consent for them, go over.

    Whom that account acts for already is not made twice: gives who they are, by the row that came with the sign-up,
    which stays behind and is forgotten with it.
    """
    # Held, so that two at once see each other's child.
    await conn.execute("select from accounts.account where id = $1 for update", account_id)
    same: dict[UUID, UUID] = {}
    for new in await people_of(conn, old_account, now):
        known = await one_called(conn, account_id, new.name, new.birth_date, now)
        if known is not None:
            same[new.person_id] = known.person_id
            if not known.agreed:
                await _consent_goes_over(conn, old_account, new.person_id, account_id, known.person_id)
    rows = await conn.fetch(
        """
        update accounts.acts_for set account_id = $2 where account_id = $1 and person_id <> all ($3) returning person_id
        """,
        old_account, account_id, list(same),
    )
    for row in rows:
        await _consent_goes_over(conn, old_account, row["person_id"], account_id, row["person_id"])
    return same


async def _consent_goes_over(conn: Conn, old_account: UUID, new: UUID, account_id: UUID, known: UUID) -> None:
    await conn.execute(
        "update accounts.consent set given_by = $3, person_id = $4 where given_by = $1 and person_id = $2",
        old_account, new, account_id, known,
    )
