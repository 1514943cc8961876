"""The schema.sql of the rooms, which people read, and the migrations, by which a database gets there, are one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import asyncpg
import pytest
from tools import first_migration

from kikao.core import migrate
from kikao.core.db import Conn
from kikao.core.embedded import wheel_binaries
from support import server

pytestmark = pytest.mark.database

ADVICE = "run `make migrations` and look at the difference"


def dump(url: str) -> list[str]:
    """The schema as sorted statements; the columns of a table are sorted too, since their order is history."""
    done = subprocess.run(
        [wheel_binaries() / "pg_dump", "--schema-only", "--no-owner", "--no-privileges", "--restrict-key=x",
         "--exclude-table=public.alembic_version", url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    text = re.sub(r"^(--.*|\\(?:un)?restrict .*)\n", "", done.stdout, flags=re.MULTILINE)
    return sorted(_sorted_columns(part.strip()) for part in text.split("\n\n") if part.strip())


def _sorted_columns(statement: str) -> str:
    if not statement.startswith("CREATE TABLE"):
        return statement
    first, *lines, last = statement.split("\n")
    return "\n".join([first, *sorted(line.rstrip(",") for line in lines), last])


async def lay(url: str, change: str = "select 1") -> str:
    """Run the rooms' own files, in the order in which they stand on each other, and then a change."""
    conn = await asyncpg.connect(url)
    try:
        for room in first_migration.ROOMS:
            await conn.execute(first_migration.schema_file(room).read_text())
        await conn.execute(change)
    finally:
        await conn.close()
    return url


@pytest.fixture
def empty_url() -> Iterator[str]:
    name = server.current().empty()
    yield server.current().url(name)
    server.current().drop(name)


async def test_the_rooms_files_and_the_migrations_make_the_same_database(url: str, empty_url: str) -> None:
    assert dump(await lay(empty_url)) == dump(url), ADVICE


@pytest.mark.parametrize(
    "change",
    [
        "alter table sessions.session drop constraint no_two_at_one_time_for_a_client",
        "alter table payments.charge alter column amount drop not null",
        "alter table accounts.person add column nickname text",
        "create index one_more on journal.entry (verb)",
        "create or replace view accounts.roles as select account_id, role from accounts.role where role <> 'admin'",
        "drop trigger setting_is_never_changed on core.setting",
    ],
)
async def test_a_difference_is_noticed(url: str, empty_url: str, change: str) -> None:
    assert dump(await lay(empty_url, change)) != dump(url)


async def test_the_order_of_columns_is_no_difference(url: str, empty_url: str) -> None:
    moved = "alter table core.heartbeat drop column clock_offset_ms, add column clock_offset_ms integer not null"
    assert dump(await lay(empty_url, moved)) == dump(url)


def test_every_room_with_a_schema_is_migrated() -> None:
    rooms = {path.parent.name for path in first_migration.schema_file("core").parents[1].glob("*/schema.sql")}
    assert rooms == set(first_migration.ROOMS)


def test_going_down_leaves_nothing(empty_url: str) -> None:
    before = dump(empty_url)
    migrate.upgrade(empty_url)
    migrate.downgrade(empty_url, "base")
    assert dump(empty_url) == before
    assert migrate.current(empty_url) is None
    migrate.upgrade(empty_url)
    assert migrate.current(empty_url) == migrate.newest()


async def test_readiness_knows_whether_migrations_are_current(conn: Conn, empty_url: str) -> None:
    assert await migrate.is_current(conn)
    await conn.execute("update public.alembic_version set version_num = '0000'")
    assert not await migrate.is_current(conn)
    never = await asyncpg.connect(empty_url)
    assert not await migrate.is_current(never)
    await never.close()


def test_the_newest_file_is_alembics_head() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.newest()]


def test_a_database_that_is_not_there_gets_a_sentence() -> None:
    with pytest.raises(migrate.MigrationFailed, match="does not exist"):
        migrate.upgrade(server.current().url("nowhere"))
