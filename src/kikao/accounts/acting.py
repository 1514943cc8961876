"""Acting for somebody who has no account of their own: a child, somebody one cares for.

Whoever acts is a person, with an account or without: they agree for them, book and pay, or desk does each step.
For a child that ends on its eighteenth birthday, whatever is stored: the
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
    code, detail = "too_many_people", "Nobody can act for more people than this. Please ring the practice."


class ActedFor(msgspec.Struct, frozen=True):
    """Somebody who is acted for. `ends_at`: a child's coming of age; None when no day is known.

    `agreed`: whether the consent of whoever acts stands.
    """

    person_id: UUID
    name: str
    birth_date: date | None
    relation: str
    since: datetime
    ends_at: datetime | None
    agreed: bool


async def people_of(conn: Conn, by_person: UUID, now: datetime) -> list[ActedFor]:
    """For whom this person may act now, by name."""
    rows = await conn.fetch(
        """
        select f.person_id, p.name, p.birth_date, f.relation, f.since, nullif(f.ends_at, 'infinity') as ends_at,
               exists (select from accounts.valid_consent v
                       where v.person_id = f.person_id and v.given_by = f.by_person) as agreed
        from accounts.may_act_for f join accounts.person p on p.id = f.person_id
        where f.by_person = $1 and f.ends_at > $2 order by p.name, p.id
        """,
        by_person, now,
    )
    return [ActedFor(*row.values()) for row in rows]


async def one_of(conn: Conn, by_person: UUID, person_id: UUID, now: datetime) -> ActedFor:
    """Raises NotFound for whomever this person does not act for, or no more."""
    for person in await people_of(conn, by_person, now):
        if person.person_id == person_id:
            return person
    raise NotFound


async def add_person(
    conn: Conn, actor: Actor, *, name: str, birth_date: date | None, relation: str, consent_text_id: UUID,
    now: datetime, by_person: UUID | None = None, how: str = "page",
) -> UUID:
    """Somebody to act for, and the consent for them of whoever acts: the actor, or `by_person`, whom the actor heard.

    Who is typed in once more, by name and birthday, is whom they act for already.
    Raises Invalid, OutdatedConsent, TooManyPeople.
    """
    acts = by_person or actor.person_id
    assert acts is not None
    called = rules.called(name)
    born = rules.check_acting(birth_date, relation, now.date())
    await _hold(conn, acts)
    known = await one_called(conn, acts, called, born, now)
    if known is None and len(await people_of(conn, acts, now)) >= MOST_PEOPLE:
        raise TooManyPeople
    person_id = known.person_id if known else new_id()
    if known is None:
        await conn.execute(
            """
            insert into accounts.person (id, name, birth_date, language, time_zone, created_at)
            select $1, $2, $3, language, time_zone, $4 from accounts.person where id = $5
            """,
            person_id, called, born, now, acts,
        )
        await conn.execute(
            "insert into accounts.acts_for (by_person, person_id, relation, since) values ($1, $2, $3, $4)",
            acts, person_id, relation, now,
        )
        await journal.record(conn, actor, "act_for", "person", person_id, now, relation=relation, who=acts)
    await agree_for(conn, actor, person_id, consent_text_id, now, by_person=acts, how=how)
    return person_id


async def _hold(conn: Conn, by_person: UUID) -> None:
    """So that two at once count each other, and see each other's child."""
    await conn.execute("select from accounts.person where id = $1 for no key update", by_person)


async def agree_for(
    conn: Conn, actor: Actor, person_id: UUID, consent_text_id: UUID, now: datetime, *,
    by_person: UUID | None = None, how: str = "page",
) -> None:
    """The consent of whoever acts for somebody, unless it stands: the actor's, or of `by_person`, whom the actor heard.
    Raises NotFound, OutdatedConsent."""
    acts = by_person or actor.person_id
    assert acts is not None
    if not (await one_of(conn, acts, person_id, now)).agreed:
        await give_consent(conn, actor, consent_text_id, person_id, now, how=how, given_by=acts)


async def end_acting(conn: Conn, actor: Actor, person_id: UUID, now: datetime) -> None:
    """From now on the actor sees and does nothing for this person any more. Raises NotFound."""
    changed = await conn.fetchval(
        """
        update accounts.acts_for set until = $3
        where by_person = $1 and person_id = $2 and (until is null or until > $3) returning true
        """,
        actor.person_id, person_id, now,
    )
    if not changed:
        raise NotFound
    await journal.record(conn, actor, "end_acting", "person", person_id, now)


async def one_called(conn: Conn, by_person: UUID, name: str, born: date | None, now: datetime) -> ActedFor | None:
    """Whom this person acts for already under this name and birthday: the same child, typed in once more."""
    for one in await people_of(conn, by_person, now):
        if one.name.casefold() == name.casefold() and one.birth_date == born:
            return one
    return None


async def hand_over(conn: Conn, newcomer: UUID, known_as: UUID, now: datetime) -> dict[UUID, UUID]:
    """A sign-up turned out to be somebody who is here: whom it acted for, and its consent for them, go over.

    Whom they act for already is not made twice: gives who they are, by the row that came with the sign-up, which stays
    behind and is forgotten with it.
    """
    await _hold(conn, known_as)
    same: dict[UUID, UUID] = {}
    for new in await people_of(conn, newcomer, now):
        known = await one_called(conn, known_as, new.name, new.birth_date, now)
        if known is not None:
            same[new.person_id] = known.person_id
            if not known.agreed:
                await _consent_goes_over(conn, newcomer, new.person_id, known_as, known.person_id)
    rows = await conn.fetch(
        """
        update accounts.acts_for set by_person = $2 where by_person = $1 and person_id <> all ($3) returning person_id
        """,
        newcomer, known_as, list(same),
    )
    for row in rows:
        await _consent_goes_over(conn, newcomer, row["person_id"], known_as, row["person_id"])
    return same


async def _consent_goes_over(conn: Conn, newcomer: UUID, new: UUID, known_as: UUID, known: UUID) -> None:
    await conn.execute(
        "update accounts.consent set given_by = $3, person_id = $4 where given_by = $1 and person_id = $2",
        newcomer, new, known_as, known,
    )


async def noted_before(conn: Conn, newcomer: UUID, now: datetime) -> UUID | None:
    """The one whom desk has noted down and who signs up now; None, too, where two fit.

    A number is not a person, nor is one with a name: they have a contact that this newcomer has proved, have no
    account, and act for the child that the newcomer brings, by its name and birthday.
    """
    rows = await conn.fetch(
        """
        select p.id from accounts.people p
        where p.account_id is null and p.state = 'active'
          and p.id in (select theirs.person_id from accounts.contact_point mine
                       join accounts.contact_point theirs on theirs.value = mine.value
                       where mine.person_id = $1 and mine.proved_at is not null)
          and exists (
              select from accounts.acts_for mine join accounts.person one on one.id = mine.person_id
              join accounts.may_act_for theirs on theirs.by_person = p.id and theirs.ends_at > $2
              join accounts.person other on other.id = theirs.person_id
              where mine.by_person = $1 and lower(one.name) = lower(other.name) and one.birth_date = other.birth_date)
        """,
        newcomer, now,
    )
    return rows[0]["id"] if len(rows) == 1 else None
