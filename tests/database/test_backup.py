"""What the operator is told to do for a backup: dump, and restore into an empty database. Counts and hashes agree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import asyncpg
import pytest

from kikao.core.db import Conn
from kikao.core.embedded import wheel_binaries
from support import server
from support.cast import Cast

TABLES = """
select format('%I.%I', schemaname, tablename) from pg_tables
where schemaname not in ('pg_catalog', 'information_schema') order by 1
"""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    name = server.current().empty()
    yield server.current().url(name)
    server.current().drop(name)


async def contents(conn: Conn) -> dict[str, tuple[int, str]]:
    """Of each table: how many rows, and one hash of them all."""
    found = {}
    for [table] in await conn.fetch(TABLES):
        row = await conn.fetchrow(
            f"select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {table} t"
        )
        assert row is not None
        found[table] = (row[0], row[1])
    return found


async def test_a_backup_brings_everything_back(conn: Conn, cast: Cast, url: str, elsewhere: str) -> None:
    before = await contents(conn)
    dumped = subprocess.run(
        [wheel_binaries() / "pg_dump", "--format=custom", "--no-owner", url], capture_output=True, check=True
    )
    subprocess.run(
        [wheel_binaries() / "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={elsewhere}"],
        input=dumped.stdout, check=True,
    )  # fmt: skip
    restored: Conn = await asyncpg.connect(elsewhere)
    try:
        assert await contents(restored) == before
        assert sum(rows for rows, _ in before.values()) > 20
    finally:
        await restored.close()
