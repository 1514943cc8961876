"""Many at one time for one time: at the statement, each over a connection of their own."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from kikao.core.db import Database
from kikao.core.errors import Refusal
from kikao.core.ids import new_id
from kikao.core.practice import EMPTY
from kikao.sessions import booking
from sessions.conftest import VAULT
from sessions.test_invariants import wrong
from support.cast import seed_cast, workday
from support.server import fresh_database

pytestmark = pytest.mark.database
EACH = 20


async def crowd(db: Database, number: int, text_id: UUID, now: datetime) -> list[tuple[UUID, UUID]]:
    """People with an account and consent: person and account of each."""
    made = [(new_id(), new_id()) for _ in range(number)]
    async with db.transaction() as conn:
        await conn.executemany(
            "insert into accounts.person (id, name, created_at) values ($1, 'Somebody', $2)",
            [(person, now) for person, _ in made])
        await conn.executemany(
            "insert into accounts.account (id, person_id, password_hash, created_at, proved_at)"
            " values ($1, $2, 'none', $3, $3)", [(account, person, now) for person, account in made])
        await conn.executemany(
            "insert into accounts.consent (id, text_id, person_id, given_by, how, given_at)"
            " values ($1, $2, $3, $4, 'page', $5)",
            [(new_id(), text_id, person, person, now) for person, _ in made])
    return made


async def _ask(db: Database, asked: booking.Request, now: datetime, begin: asyncio.Event) -> str:
    """Without any retry around it: a deadlock would be seen here."""
    await begin.wait()
    try:
        async with db.transaction() as conn:
            await booking.request(conn, asked, now, EMPTY, VAULT)
    except Refusal as refused:
        return refused.code
    return "booked"


async def contest(db: Database, starts: list[datetime], who: UUID, people: list[tuple[UUID, UUID]], now: datetime) -> (
    list[Counter[str]]
):
    """Everybody at once; what happened to each time."""
    begin = asyncio.Event()
    tasks: list[tuple[int, asyncio.Task[str]]] = []
    for number, (person, _) in enumerate(people):
        place = number % len(starts)
        asked = booking.Request(
            psychologist_id=who, session_type="Individual", starts_at=starts[place], client_id=person,
            asker_id=person, proved=True)
        tasks.append((place, asyncio.create_task(_ask(db, asked, now, begin))))
    begin.set()
    found = [Counter[str]() for _ in starts]
    for place, task in tasks:
        found[place][await task] += 1
    return found


async def test_one_wins_each_time_and_nobody_waits_for_a_deadlock(now: datetime) -> None:
    async with fresh_database(size=EACH) as db:
        async with db.connection() as conn:
            cast = await seed_cast(conn, now)
        starts = [workday(now, hour=hour) for hour in (9, 11, 13)]
        people = await crowd(db, EACH * len(starts), cast.consent_text_id, now)
        for result in await contest(db, starts, cast.otieno.person_id, people, now):
            assert result == {"booked": 1, "slot_taken": EACH - 1}
        async with db.connection() as conn:
            assert await wrong(conn) == {}


async def test_times_that_only_overlap_are_one_time(now: datetime) -> None:
    """Half an hour apart: the winners do not overlap, buffer and all, and nobody is told anything but "taken"."""
    async with fresh_database(size=EACH) as db:
        async with db.connection() as conn:
            cast = await seed_cast(conn, now)
        starts = [workday(now, hour=10) + timedelta(minutes=30 * step) for step in range(5)]
        people = await crowd(db, 2 * EACH, cast.consent_text_id, now)
        results = await contest(db, starts, cast.otieno.person_id, people, now)
        assert set().union(*results) == {"booked", "slot_taken"}
        assert 1 <= sum(result["booked"] for result in results) <= 2
        async with db.connection() as conn:
            assert await wrong(conn) == {}


async def test_one_person_at_once_gets_two_and_no_more(now: datetime) -> None:
    """A limit that counts is a constraint: eight at once, two seats."""
    async with fresh_database(size=EACH) as db:
        async with db.connection() as conn:
            cast = await seed_cast(conn, now)
        starts = [workday(now, hour=hour, ahead=ahead) for ahead in (3, 7) for hour in (9, 11, 13, 15)]
        person = (cast.amina.person_id, cast.amina.account_id)
        results = await contest(db, starts, cast.otieno.person_id, [person] * len(starts), now)
        total = sum(results, Counter[str]())
        assert total["booked"] == 2
        assert set(total) <= {"booked", "too_many_open"}, total
        async with db.connection() as conn:
            assert await wrong(conn) == {}
