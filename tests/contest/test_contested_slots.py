"""One time, fifty people: exactly one gets it, over HTTP, in two processes, and the rest are told at once."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from bench import crowd, wire

from contest.arena import PATH, body, overlaps, told, two_processes, written
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.practice import EMPTY
from kikao.sessions import booking
from kikao.sessions.actions import SlotTaken
from support import waiting
from support.sizes import size

pytestmark = pytest.mark.slow

SLOTS, CLIENTS = 20, 50
CONNECTIONS = 100  # all rivals for a time at once, and those for the next
DROP = "alter table sessions.session drop constraint no_two_at_one_time_for_a_psychologist"
# Who has written a session waits here before it is committed, for as long as the test holds the lock.
GATE = """
create function sessions.wait_at_the_gate() returns trigger language plpgsql
as $$ begin perform pg_advisory_xact_lock_shared(1); return null; end $$;
create trigger gate after insert on sessions.session for each row execute function sessions.wait_at_the_gate();
"""
TWO_WON = """
select count(*) >= 2 from pg_stat_activity where datname = current_database() and wait_event = 'advisory'
"""


def contest(psychologist: int, monday: datetime, first_client: int) -> list[bytes]:
    """Fifty requests for the first time, fifty for the second, and so on; nobody asks twice."""
    return [
        wire.post(PATH, body(psychologist, crowd.start_of(number // CLIENTS, monday)),
                  crowd.token(first_client + number))
        for number in range(SLOTS * CLIENTS)
    ]


def judge(shots: list[wire.Shot]) -> None:
    assert len(shots) == SLOTS * CLIENTS
    for slot in range(SLOTS):
        rivals = shots[slot * CLIENTS : (slot + 1) * CLIENTS]
        assert sorted(shot.status for shot in rivals) == [201] + [409] * (CLIENTS - 1), f"slot {slot}"
        for loser in (shot for shot in rivals if shot.status == 409):
            problem = told(loser)
            assert problem["code"] == "slot_taken"
            assert 1 <= len(problem["alternatives"]) <= 3
            assert all(datetime.fromisoformat(one["start"]).tzinfo for one in problem["alternatives"])


async def test_one_of_fifty_wins_each_of_twenty_slots(db: Database, url: str, now: datetime) -> None:
    rounds, monday = size("contest rounds"), crowd.first_monday(now)
    clients = rounds * SLOTS * CLIENTS
    async with two_processes(db, url, now, psychologists=rounds, clients=clients) as port:
        for number in range(rounds):
            asked = contest(number + 1, monday, number * SLOTS * CLIENTS + 1)
            judge(await wire.fire(port, asked, CONNECTIONS, seconds=100, keep=True))
            async with db.connection() as conn:
                assert await overlaps(conn) == 0
                assert await written(conn) == ((number + 1) * SLOTS,) * 4


async def test_without_the_constraint_a_slot_has_several_winners(db: Database, url: str, now: datetime) -> None:
    """Not by chance: nobody's booking is committed before two have won the first time."""
    async with two_processes(db, url, now, psychologists=1, clients=SLOTS * CLIENTS) as port:
        async with db.connection() as conn:
            await conn.execute(DROP)
        asked = contest(1, crowd.first_monday(now), 1)
        async with db.connection() as gate:
            await gate.execute(GATE)
            await gate.execute("select pg_advisory_lock(1)")
            firing = asyncio.create_task(wire.fire(port, asked, CLIENTS, seconds=100, keep=True))
            await waiting.until(gate, TWO_WON)  # both the first time: nobody has asked for another yet
            await gate.execute("select pg_advisory_unlock(1)")
        shots = await firing
        with pytest.raises(AssertionError, match="slot 0"):
            judge(shots)
        async with db.connection() as conn:
            assert await overlaps(conn) > 0


async def test_three_hundred_at_once_for_thirty_new_slots(db: Database, url: str, now: datetime) -> None:
    """A flash sale: everybody is answered, ten for each slot, and nothing breaks. How fast: `make bench`."""
    async with two_processes(db, url, now, psychologists=30, clients=300) as port:
        monday = crowd.first_monday(now)
        asked = [wire.post(PATH, body(number % 30 + 1, monday), crowd.token(number + 1)) for number in range(300)]
        shots = await wire.fire(port, asked, 300, seconds=60, keep=True)
    assert len(shots) == 300
    for slot in range(30):
        assert sorted(shot.status for shot in shots[slot::30]) == [201] + [409] * 9, f"slot {slot}"
    async with db.connection() as conn:
        assert await overlaps(conn) == 0
        assert await written(conn) == (30,) * 4


# The same without chance: a rival decides while the winner has not committed yet. ------------------


async def _ask(conn: Conn, client: int, start: datetime, now: datetime) -> None:
    asked = booking.Request(
        psychologist_id=crowd.crowd_id(crowd.PSYCHOLOGIST, 1), session_type="Individual", starts_at=start,
        client_id=crowd.crowd_id(crowd.CLIENT, client), asker_id=crowd.crowd_id(crowd.CLIENT, client), proved=True,
    )  # fmt: skip
    await booking.request(conn, asked, now, EMPTY, Vault([b"k" * 32]))


async def _both_decide_before_either_commits(db: Database, now: datetime) -> int:
    """How many of two get one time when neither can see the other's row."""
    start = crowd.first_monday(now)

    async def rival() -> int:
        try:
            async with db.transaction() as conn:
                await _ask(conn, 2, start, now)
        except SlotTaken:
            return 0
        return 1

    async with db.transaction() as conn:
        await _ask(conn, 1, start, now)
        second = asyncio.create_task(rival())
        async with db.connection() as watch:
            await waiting.until(watch, or_=second.done)  # the guard makes it wait for us; without one it is through
    return 1 + await second


async def test_the_constraint_sees_what_the_decision_cannot(db: Database, now: datetime) -> None:
    async with db.connection() as conn:
        await crowd.seed(conn, now, psychologists=1, clients=2)
    assert await _both_decide_before_either_commits(db, now) == 1


async def test_without_it_both_would_have_the_time(db: Database, now: datetime) -> None:
    async with db.connection() as conn:
        await crowd.seed(conn, now, psychologists=1, clients=2)
        await conn.execute(DROP)
    assert await _both_decide_before_either_commits(db, now) == 2
