"""What the operator is told to do for a backup: dump, and restore into an empty database. Counts and hashes agree."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from kikao.core.crypto import Secret, Vault, read_key
from kikao.core.db import Conn
from kikao.core.embedded import Cluster, wheel_binaries
from kikao.demo import environment, place, seed
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


GUARDS = """
select conrelid::regclass::text, conname::text, pg_get_constraintdef(oid) from pg_constraint
where connamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
union all
select tgrelid::regclass::text, tgname::text, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
order by 1, 2
"""


def carry(from_: str, to: str) -> None:
    """As docs/running.md has it: dump here, restore there."""
    dumped = subprocess.run(
        [wheel_binaries() / "pg_dump", "--format=custom", "--no-owner", from_], capture_output=True, check=True
    )
    subprocess.run(
        [wheel_binaries() / "pg_restore", "--no-owner", "--exit-on-error", f"--dbname={to}"],
        input=dumped.stdout, check=True,
    )  # fmt: skip


async def test_a_backup_brings_everything_back(conn: Conn, cast: Cast, url: str, elsewhere: str) -> None:
    before = await contents(conn)
    carry(url, elsewhere)
    restored: Conn = await asyncpg.connect(elsewhere)
    try:
        assert await contents(restored) == before
        assert sum(rows for rows, _ in before.values()) > 20
    finally:
        await restored.close()


# a whole practice, on a clean machine -------------------------------------------------------------

NOTE = "Please speak slowly."


async def write_a_note(url: str, vault: Vault) -> None:
    conn: Conn = await asyncpg.connect(url)
    session_id = await conn.fetchval("select id from sessions.session where status = 'Confirmed' limit 1")
    sealed = vault.seal(NOTE, "sessions.session", "sealed_note", session_id)
    await conn.execute("update sessions.session set sealed_note = $2 where id = $1", session_id, sealed)
    await conn.close()


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[tuple[str, Vault]]:
    """The practice of the demo: sessions of every status, charges, receipts, moves, claims, sealed notes; its keys."""
    here = place.Place(tmp_path / "demo", 8000)
    place.prepare(here)
    own = place.secrets_of(here)
    name = server.current().clone()
    url = server.current().url(name)
    await seed.fill(url, environment.of_programs({}, here, own, url), own.password)
    vault = Vault([read_key(Secret(own.key))])
    await write_a_note(url, vault)
    yield url, vault
    server.current().drop(name)


@pytest.fixture
def another_machine() -> Iterator[Cluster]:
    """A PostgreSQL that has never seen anything of ours."""
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="kikao-other-")), durable=False)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(cluster.folder)


@pytest.mark.slow
async def test_a_whole_practice_is_restored_on_a_clean_machine(
    practice: tuple[str, Vault], another_machine: Cluster
) -> None:
    url, vault = practice
    here: Conn = await asyncpg.connect(url)
    try:
        before, guards = await contents(here), await here.fetch(GUARDS)
        for table in ("sessions.session", "payments.charge", "payments.receipt", "payments.move", "journal.entry"):
            assert before[table][0] > 5, f"a backup of no {table} proves nothing"
    finally:
        await here.close()
    another_machine.create_database("kikao")
    carry(url, another_machine.url("kikao"))
    there: Conn = await asyncpg.connect(another_machine.url("kikao"))
    try:
        assert await contents(there) == before
        assert await there.fetch(GUARDS) == guards
        sealed = await there.fetch("select id, sealed_note from sessions.session where sealed_note is not null")
        notes = [vault.open(row["sealed_note"], "sessions.session", "sealed_note", row["id"]) for row in sealed]
        assert NOTE in notes
        await there.execute("update sessions.session set mode = 'Phone' where mode = 'Online'")
        assert await contents(there) != before, "a word that differs would be seen"
    finally:
        await there.close()
