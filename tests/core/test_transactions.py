"""What a transaction says to have saved is saved, and a part of it fails by itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from kikao.core.db import Conn, Database, Undone, savepoint

BY = "01900000-0000-7000-9000-000000000001"


async def put(conn: Conn, name: str) -> None:
    await conn.execute(
        "insert into core.setting (name, value, from_at, set_at, set_by, reason)"
        " values ($1, '1', now(), now(), $2, 'because')", name, BY)


async def caught(conn: Conn) -> None:
    with suppress(asyncpg.DivisionByZeroError):
        await conn.execute("select 1 / 0")


async def kept(db: Database) -> set[str]:
    async with db.connection() as conn:
        return {row["name"] for row in await conn.fetch("select name from core.setting")}


async def test_an_error_that_was_caught_is_not_reported_as_saved(db: Database) -> None:
    async def verb(*, fails: bool) -> None:
        async with db.transaction() as conn:
            await put(conn, "failed" if fails else "fine")
            if fails:
                await caught(conn)

    await verb(fails=False)
    with pytest.raises(Undone):
        await verb(fails=True)
    assert await kept(db) == {"fine"}


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError])
async def test_what_raises_saves_nothing_and_leaves_a_clean_connection(
    db: Database, error: type[BaseException]
) -> None:
    async def verb() -> None:
        async with db.transaction() as conn:
            await put(conn, "a")
            raise error

    with pytest.raises(error):
        await verb()
    async with db.connection() as conn:
        assert not conn.is_in_transaction()
    assert await kept(db) == set()


async def test_a_part_fails_by_itself(db: Database) -> None:
    async with db.transaction() as conn:
        await put(conn, "a")
        with suppress(asyncpg.DivisionByZeroError):
            async with savepoint(conn):
                await put(conn, "b")
                with suppress(RuntimeError):
                    async with savepoint(conn):
                        await put(conn, "c")
                        raise RuntimeError
                await conn.execute("select 1 / 0")
        async with savepoint(conn):
            await put(conn, "d")
    assert await kept(db) == {"a", "d"}


async def test_an_error_that_was_caught_within_a_part_is_one_of_the_part(db: Database) -> None:
    async def verb() -> None:
        async with db.transaction() as conn, savepoint(conn):
            await caught(conn)

    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        await verb()
    assert await kept(db) == set()
