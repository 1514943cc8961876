"""The demo's practice is alive, obeys every rule, and is made once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from kikao.admin import checkup
from kikao.core import db
from kikao.core.db import Conn
from kikao.core.practice import EMPTY
from kikao.demo import environment, people, place, seed
from kikao.directory import queries as directory
from kikao.payments import ledger
from support import server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a database that was filled twice."""
    here = place.Place(tmp_path_factory.mktemp("demo"), 8000)
    place.prepare(here)
    own = place.secrets_of(here)
    name = server.current().clone()
    url = server.current().url(name)
    assert await seed.is_empty(url)
    for _ in range(2):
        await seed.fill(url, environment.of_programs({}, here, own, url), own.password)
    yield url
    server.current().drop(name)


@pytest.fixture
async def seeded(filled: str) -> AsyncIterator[Conn]:
    database = await db.connect(filled, size=1)
    async with database.connection() as conn:
        yield conn
    database.pool.terminate()


async def test_eight_psychologists_are_listed_and_have_free_times(seeded: Conn, now: datetime) -> None:
    choices = await directory.choices(seeded, now)
    assert len(choices.languages) > 3
    for psychologist in people.PSYCHOLOGISTS:
        slug = await seeded.fetchval(
            """
            select d.slug from directory.practising d join accounts.people p on p.id = d.id where p.name = $1
            """,
            psychologist.person.name,
        )
        profile = await directory.one(seeded, slug, now, EMPTY)
        assert profile.rates


async def test_there_is_a_past_and_a_future(seeded: Conn, now: datetime) -> None:
    rows = await seeded.fetch("select status, count(*) as n from sessions.session group by 1")
    counts = {row["status"]: row["n"] for row in rows}
    assert counts["Completed"] > 50
    assert counts["Confirmed"] > 8
    assert counts["Pending Approval"] == 2
    assert counts["Approved"] == 2
    assert {"Declined", "Cancelled", "Expired", "No Show"} <= set(counts)
    early = await seeded.fetchval(
        "select count(*) from sessions.session where status = 'Confirmed' and starts_at < $1", now
    )
    assert early == 0


async def test_every_shilling_is_accounted_for(seeded: Conn) -> None:
    balances = await ledger.balances(seeded)
    assert sum(balances.values()) == 0
    kept = await seeded.fetchval("select sum(paid - given_back - earned) from payments.charge")
    assert balances["charge"] == kept


async def test_only_todays_messages_will_go_out(seeded: Conn, now: datetime) -> None:
    due = await seeded.fetch("select due_at from notifications.outbox where due_at is not null")
    assert 1 <= len(due) <= 12
    assert all(row["due_at"] > now - timedelta(minutes=2) for row in due)  # what is older makes /ready say it is late
    old = await seeded.fetchval(
        "select count(*) from notifications.outbox where due_at is not null and created_at < $1",
        now - timedelta(hours=7),
    )
    assert old == 0


async def test_nothing_that_a_practice_must_have_is_missing(seeded: Conn, now: datetime) -> None:
    assert [str(finding) for finding in await checkup.of_database(seeded, now)] == []


async def test_its_names_tell_nothing(seeded: Conn) -> None:
    names = {"trading": environment.TRADING_NAME, "receiver": environment.RECEIVER_NAME}
    outside = checkup.Outside(
        names=names, base_url="http://127.0.0.1:8000", callback_url="http://127.0.0.1:8000",
    )  # fmt: skip
    assert checkup.of_outside(outside, await checkup.psychologists(seeded)) == []


def test_numbers_of_the_demo_are_nobodys() -> None:
    assert all(account.login.endswith("@example.test") for account in seed.ACCOUNTS)
