"""Rate limits: a few in any hour, whatever the clock says; many stop machines."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kikao.core import limits
from kikao.core.db import Conn, Database
from kikao.core.errors import TooOften
from kikao.core.limits import Limit

HOUR = timedelta(hours=1)
THREE = Limit("test/few", 3, HOUR)
FULL_HOUR = datetime(2026, 11, 24, 9, tzinfo=UTC)


async def lets(db: Database, limit: Limit, at: datetime, who: str = "one") -> int | None:
    """None where it is let through, else the seconds to wait."""
    async with db.connection() as conn:
        try:
            await limits.count(conn, limit, who, at)
        except TooOften as refusal:
            return int(refusal.facts["retryAfter"])
    return None


@pytest.mark.parametrize("window", [HOUR, timedelta(days=1)])
async def test_three_in_any_window_also_around_a_full_one(db: Database, window: timedelta) -> None:
    edge = FULL_HOUR.replace(hour=0)
    limit = Limit("test/few", 3, window)
    before, after = edge - timedelta(seconds=20), edge + timedelta(seconds=20)
    assert [await lets(db, limit, before) for _ in range(4)] == [None, None, None, window.total_seconds()]
    assert await lets(db, limit, after) == window.total_seconds() - 40
    assert await lets(db, limit, after, "another") is None
    assert await lets(db, limit, before + window - timedelta(seconds=1)) == 1
    assert [await lets(db, limit, before + window) for _ in range(4)][:3] == [None] * 3


async def test_random_times_never_leave_more_than_three_in_an_hour(db: Database) -> None:
    dice, at, passed = random.Random(20_261_126), FULL_HOUR, [FULL_HOUR - timedelta(days=9)]
    for _ in range(250):
        at += timedelta(seconds=dice.choice((0, 1, 30, 600, 1200, 1800)))
        recent = [one for one in passed if one > at - HOUR]
        waits = await lets(db, THREE, at)
        assert (waits is None) == (len(recent) < 3)
        if waits is None:
            passed.append(at)
        else:
            assert at + timedelta(seconds=waits) == recent[-3] + HOUR
    assert len(passed) > 30


async def test_a_key_stays_one_small_row(db: Database) -> None:
    for minutes in range(0, 600, 7):
        await lets(db, THREE, FULL_HOUR + timedelta(minutes=minutes))
    async with db.connection() as conn:
        rows = await conn.fetch("select cardinality(times) as n from core.recent")
        assert [row["n"] for row in rows] == [3]
        await limits.forget_old(conn, FULL_HOUR + timedelta(days=3))
        assert await conn.fetchval("select count(*) from core.recent") == 0


async def test_many_count_by_the_clock_in_one_row_a_window(db: Database) -> None:
    many = Limit("test/many", 1000, HOUR)
    async with db.connection() as conn:
        await conn.execute(
            "insert into core.counter (subject, window_start, hits) values ($1, $2, 999)",
            limits.key_of(many, "one"), FULL_HOUR,
        )
    assert await lets(db, many, FULL_HOUR + timedelta(minutes=1)) is None
    assert await lets(db, many, FULL_HOUR + timedelta(minutes=1)) == 59 * 60
    assert await lets(db, many, FULL_HOUR + HOUR) is None


async def test_whoever_waits_as_long_as_is_said_is_let_through(db: Database) -> None:
    """A part of a second counts as a whole one."""
    one = Limit("test/one", 1, HOUR)
    assert await lets(db, one, FULL_HOUR + timedelta(microseconds=500)) is None
    waits = await lets(db, one, FULL_HOUR + timedelta(milliseconds=900))
    assert waits == 3600
    assert await lets(db, one, FULL_HOUR + timedelta(milliseconds=900, seconds=waits)) is None


class RivalBetween:
    """A connection on which somebody comes between two statements."""

    def __init__(self, conn: Conn, come: Callable[[], Awaitable[object]]) -> None:
        self.conn, self.come = conn, come

    async def fetchval(self, statement: str, *values: Any) -> Any:
        if statement.startswith("select times"):
            await self.come()
        return await self.conn.fetchval(statement, *values)


async def test_a_rival_who_drops_old_tries_meanwhile_is_no_error(db: Database) -> None:
    for _ in range(3):
        await lets(db, THREE, FULL_HOUR)
    async with db.connection() as conn:
        between: Any = RivalBetween(conn, lambda: lets(db, THREE, FULL_HOUR + HOUR))
        with pytest.raises(TooOften):
            await limits.count(between, THREE, "one", FULL_HOUR + timedelta(minutes=59))
        assert await conn.fetchval("select cardinality(times) from core.recent") == 1
