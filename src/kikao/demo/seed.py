"""Fills an empty database with a small practice, by the rooms' own verbs where they have them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from kikao import wiring
from kikao.accounts.actions import Made, create_account, give_consent
from kikao.accounts.queries import consent_text
from kikao.admin import first_rows
from kikao.availability.actions import add_place
from kikao.core import settings
from kikao.core.actor import THE_SYSTEM, Actor
from kikao.core.clock import utc_now
from kikao.core.crypto import Vault, hash_password
from kikao.core.db import Conn, connect
from kikao.core.ids import SYSTEM, new_id, new_slug
from kikao.core.phone import Contact
from kikao.core.practice import put
from kikao.demo import history, people
from kikao.demo.people import Person, Psychologist
from kikao.notifications.rules import Numbers

OPENED = timedelta(days=420)  # so long ago began the practice


class Account(msgspec.Struct, frozen=True):
    """A line of the demo's screen."""

    login: str
    name: str
    role: str


ACCOUNTS = tuple(Account(person.email, person.name, person.role) for person in people.SHOWN)


async def is_empty(database_url: str) -> bool:
    conn = await asyncpg.connect(database_url)
    try:
        return not await conn.fetchval("select exists (select from accounts.people)")
    finally:
        await conn.close()


async def fill(database_url: str, told: Mapping[str, str], password: str) -> None:
    """All or nothing; does nothing when somebody is there already."""
    if not await is_empty(database_url):
        return
    wiring.wire()
    vault = Vault(settings.read(told).keys)
    password_hash = await hash_password(password)
    now = utc_now()
    db = await connect(database_url, size=1)
    try:
        async with db.transaction() as conn:
            actors = await _practice(conn, password_hash, now - OPENED)
            await history.write(conn, actors, vault, now)
    finally:
        await db.close()


async def _practice(conn: Conn, password_hash: str, at: datetime) -> dict[Person, Actor]:
    await first_rows.put(conn, at)
    # Whoever tries the demo at night wants to see what it sends.
    no_night = Numbers().quiet_until_hour
    await put(conn, Numbers, "quiet_from_hour", no_night, by=SYSTEM, reason="a demo is tried at any hour", now=at)
    actors = {
        person: await _account(conn, person, password_hash, at)
        for person in (*people.STAFF, *(p.person for p in people.PSYCHOLOGISTS), *people.CLIENTS)
    }
    text = await consent_text(conn, "en")
    for person in people.CLIENTS:
        actor = actors[person]
        assert actor.person_id is not None
        await give_consent(conn, actor, text.id, actor.person_id, at)
    for room in people.ROOMS:
        await add_place(conn, actors[people.NJERI], *room, at)
    for listed in people.PSYCHOLOGISTS:
        await _list(conn, listed, actors[listed.person], actors[people.NJERI], at)
    await _people_without_account(conn, actors, at)
    await _emergency_lines(conn, actors[people.NJERI], at)
    return actors


async def _account(conn: Conn, person: Person, password_hash: str, at: datetime) -> Actor:
    contacts = [Contact("email", person.email), Contact("phone", person.phone)]
    made: Made = await create_account(
        conn, THE_SYSTEM, name=person.name, contacts=contacts, password_hash=password_hash, roles={person.role},
        now=at, time_zone="Africa/Nairobi",
    )
    return Actor(
        account_id=made.account_id, person_id=made.person_id, name=person.name, roles=frozenset({person.role})
    )


async def _list(conn: Conn, listed: Psychologist, actor: Actor, checker: Actor, at: datetime) -> None:
    number = listed.person.number
    await conn.execute(
        """
        insert into directory.psychologist (
            id, slug, status, title, board, registration_number, licence_number, licence_until, checked_at, checked_by,
            public_yes_at, bio, gender, specialities, languages, sees, session_types, modes, meeting_link, created_at,
            desk_may_answer)
        values ($1, $2, 'listed', $3, 'Counsellors and Psychologists Board', $4, $5, $6, $7, $8,
            $7, $9, $10, $11, $12, $13, $14, $15, $16, $7, $17)
        """,
        actor.person_id, new_slug(), listed.title,
        f"DEMO/{number:04d}", f"DEMO/L/{number:04d}", (at + OPENED + timedelta(days=240)).date(),
        at, checker.account_id, listed.bio, listed.gender, list(listed.specialities), list(listed.languages),
        list(listed.sees), [rate[0] for rate in listed.rates], list(listed.all_modes), f"https://meet.example/{number}",
        listed.desk_may_answer,
    )  # fmt: skip
    await conn.executemany(
        """
        insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        [(new_id(), actor.person_id, *rate, at, actor.account_id) for rate in listed.rates],
    )
    await _open_calendar(conn, listed, actor.person_id)


async def _open_calendar(conn: Conn, listed: Psychologist, psychologist_id: UUID | None) -> None:
    await conn.execute(
        "insert into availability.calendar (psychologist_id, time_zone) values ($1, $2)",
        psychologist_id, listed.time_zone,
    )  # fmt: skip
    await conn.executemany(
        """
        insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes, place_id)
        values ($1, $2, $3, $4, $5, $6, case when 'In Person' = any ($6) then
            (select id from availability.place where name = $7) end)
        """,
        [(new_id(), psychologist_id, day, *minutes, list(listed.met(day)), listed.room)
         for days, minutes in listed.hours for day in days],
    )


async def _people_without_account(conn: Conn, actors: Mapping[Person, Actor], at: datetime) -> None:
    """A child, for whom his mother acts, and an old man who rings."""
    child, old_man = new_id(), new_id()
    await conn.executemany(
        "insert into accounts.person (id, name, birth_date, created_at) values ($1, $2, $3, $4)",
        [(child, people.ZURI.name, at.date() - timedelta(days=2000), at), (old_man, people.KAMAU.name, None, at)],
    )
    await conn.execute(
        "insert into accounts.acts_for (by_person, person_id, relation, since) values ($1, $2, 'parent', $3)",
        actors[people.HALIMA].person_id, child, at,
    )  # fmt: skip
    await conn.execute(
        """
        insert into accounts.contact_point (id, person_id, kind, value, proved_at, created_at)
        values ($1, $2, 'phone', $3, $4, $4)
        """,
        new_id(), old_man, people.KAMAU.phone, at,
    )  # fmt: skip


async def _emergency_lines(conn: Conn, by: Actor, at: datetime) -> None:
    await conn.executemany(
        """
        insert into directory.emergency_line
            (id, name, number, for_whom, hours, for_whom_sw, hours_sw, position, invented, rung_at, rung_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, true, $9, $10)
        """,
        [(new_id(), *line, place, at, by.account_id) for place, line in enumerate(people.EMERGENCY, start=1)],
    )

