"""How a database gets to the schema of this release: Alembic, running plain SQL files in order.

Revisions are numbered files in `migrations/versions` of this repository; the newest is the one with the
highest number.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

import kikao

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

    from kikao.core.db import Conn

FOLDER = Path(kikao.__file__).parents[2] / "migrations"


class MigrationFailed(Exception):
    """One sentence for the operator."""


@cache
def newest() -> str:
    """The revision that this release needs. Raises MigrationFailed when the files are not there."""
    names = sorted(path.name for path in (FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))
    if not names:
        raise MigrationFailed(f"There are no migrations in {FOLDER}.")
    return names[-1][:4]


async def is_current(conn: Conn) -> bool:
    """Whether the database has exactly the schema of this release; one cheap read."""
    try:
        return bool(await conn.fetchval("select version_num from public.alembic_version") == newest())
    except asyncpg.UndefinedTableError:
        return False


def upgrade(url: str, to: str = "head") -> None:
    """Bring the database at `url` (postgresql://…) up to a revision. Of two at once the second waits."""
    _run("upgrade", url, to)


def downgrade(url: str, to: str) -> None:
    """Take the database back to a revision; `base` leaves nothing of Kikao in it."""
    _run("downgrade", url, to)


def current(url: str) -> str | None:
    """The revision of the database, None before the first."""
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    try:
        with create_engine(for_sqlalchemy(url), poolclass=NullPool).connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise MigrationFailed(_sentence(error)) from error


def run_file(connection: Connection, path: Path) -> None:
    """Run the statements of one file as they stand, in the transaction of the migration.

    Past SQLAlchemy, which takes colons for parameters, and past psycopg's reading of percent signs.
    """
    import psycopg

    raw = connection.connection.driver_connection
    assert raw is not None
    try:
        raw.execute(path.read_bytes())
    except psycopg.Error as error:
        raise MigrationFailed(f"{path.name} failed. {_sentence(error)}") from error


def for_sqlalchemy(url: str) -> str:
    return "postgresql+psycopg://" + url.partition("://")[2]


def _config(url: str) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = for_sqlalchemy(url)
    return config


def _run(direction: str, url: str, to: str) -> None:
    # Half a second and 30 MB that the web programs, which only ask is_current, need not pay.
    from alembic import command
    from alembic.util import CommandError
    from sqlalchemy.exc import DBAPIError

    newest()
    try:
        getattr(command, direction)(_config(url), to)
    except DBAPIError as error:
        raise MigrationFailed(_sentence(error)) from error
    except CommandError as error:
        raise MigrationFailed(f"The migrations cannot be run: {error}.") from error


def _sentence(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return f"The database refused: {str(cause).strip().splitlines()[0]}."
