"""Fixtures for everybody. A test that asks for none of the database's starts no database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import settings

from kikao.core import db as database
from kikao.core.clock import utc_now
from kikao.core.db import Conn, Database
from support import server, sizes
from support.cast import Cast, seed_cast


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Under which sizes and on which PostgreSQL this run is a proof of anything."""
    if (version := server.version()) is not None:
        terminalreporter.write_line(f"PostgreSQL {version}")
    passed = {str(terminalreporter.config.rootpath / one.fspath) for one in terminalreporter.stats.get("passed", [])}
    for what, number in sorted(set().union(*(sizes.used[file] for file in passed & set(sizes.used)))):
        terminalreporter.write_line(f"{what}: {number:,}")


# What takes longest, longest first: of two processes, none is left with one of these when the other has nothing to do.
LONGEST = (
    "browser/test_faces.py", "notifications/test_lives.py", "browser/test_faces_too.py", "faults/test_kills.py",
    "payments/test_faults.py", "sessions/test_machine.py", "notifications/test_histories.py", "browser/test_desk.py",
    "faults/test_dying_web.py", "api/test_described.py", "availability/test_offered.py",
    "browser/test_practice_pages.py", "api/test_small_traps.py", "browser/test_by_any_means.py",
    "path/test_telling_words.py", "browser/test_walk.py", "api/test_malformed.py",
)  # fmt: skip
_TURN = {Path(__file__).parent / name: turn for turn, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    assert all(path.is_file() for path in _TURN), "a file that takes long has another name now"
    items.sort(key=lambda item: _TURN.get(item.path, len(_TURN)))


# The same examples in every run of `make test`, so that a change is judged by what it changed; `make proof` looks
# for new ones.
settings.register_profile("kikao", deadline=None, database=None, derandomize=not sizes.FULL)
settings.load_profile("kikao")


@pytest.fixture
def now() -> datetime:
    """The instant of this test."""
    return utc_now()


@pytest.fixture(scope="session", autouse=True)
def _server_of_this_run() -> Iterator[None]:
    yield
    server.close()


@pytest.fixture
def url() -> Iterator[str]:
    """The address of a database of this test's own, with the schema of this release."""
    current = server.current()
    name = current.clone()
    yield current.url(name)
    current.drop(name)


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """A pool on the database of this test."""
    opened = await database.connect(url)
    yield opened
    opened.pool.terminate()


@pytest.fixture
async def conn(db: Database) -> AsyncIterator[Conn]:
    """One connection; each statement commits by itself."""
    async with db.connection() as opened:
        yield opened


@pytest.fixture
async def cast(db: Database, now: datetime) -> Cast:
    """The people of the practice, in the database of this test."""
    async with db.connection() as conn:
        return await seed_cast(conn, now)
