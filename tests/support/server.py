"""The PostgreSQL of one test run, and databases cloned from a migrated template.

`KIKAO_TEST_DATABASE_URL` names a server to use instead (its user must be allowed to create databases);
`KIKAO_TEST_PG_BIN` names the binaries of another PostgreSQL.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit, urlunsplit

import psycopg

from kikao.core import db, migrate
from kikao.core.embedded import Cluster, EmbeddedFailed

SHARED_MEMORY = Path("/dev/shm")
ENOUGH = 300 * 1024 * 1024
PREFIX = "kikao-test-"


class Server:
    """Where tests get their databases from."""

    def __init__(self, url: str, cluster: Cluster | None = None) -> None:
        self._url = url
        self._cluster = cluster
        self._template = f"kikao_template_{token_hex(4)}"
        self._admin = psycopg.connect(url, autocommit=True)
        self.version = self._admin.info.server_version // 10_000
        self._run(f'create database "{self._template}"')
        migrate.upgrade(self.url(self._template))

    def url(self, database: str) -> str:
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{database}"))

    def empty(self) -> str:
        """The name of a new database without any schema."""
        name = f"kikao_{token_hex(6)}"
        self._run(f'create database "{name}"')
        return name

    def clone(self) -> str:
        """The name of a new database with the schema of this release: about 20 ms."""
        name = f"kikao_{token_hex(6)}"
        self._run(f'create database "{name}" template "{self._template}" strategy file_copy')
        return name

    def drop(self, name: str) -> None:
        self._run(f'drop database if exists "{name}" with (force)')

    def close(self) -> None:
        self.drop(self._template)
        self._admin.close()
        if self._cluster is not None:
            self._cluster.stop()
            shutil.rmtree(self._cluster.folder, ignore_errors=True)

    def _run(self, statement: str) -> None:
        self._admin.execute(statement.encode())


def start() -> Server:
    if given := os.environ.get("KIKAO_TEST_DATABASE_URL"):
        return Server(given)
    binaries = os.environ.get("KIKAO_TEST_PG_BIN")
    home = _home()
    _sweep(home)
    cluster = Cluster(home / f"{PREFIX}{os.getpid()}", binaries=Path(binaries) if binaries else None, durable=False)
    cluster.start()
    try:
        return Server(cluster.url("postgres"), cluster)
    except BaseException:
        cluster.stop()
        shutil.rmtree(cluster.folder, ignore_errors=True)
        raise


def _home() -> Path:
    """Memory when there is enough of it: making files on a disk is twenty times slower."""
    if os.access(SHARED_MEMORY, os.W_OK) and shutil.disk_usage(SHARED_MEMORY).free > ENOUGH:
        return SHARED_MEMORY
    return Path(tempfile.gettempdir())


def _sweep(home: Path) -> None:
    """Remove what test runs that were killed left behind."""
    for folder in home.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX)
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            orphan = Cluster(folder)
            if os.access(folder, os.W_OK) and orphan.answers():
                orphan.start()  # adopts a server whose starter is dead
                orphan.stop()
            shutil.rmtree(folder, ignore_errors=True)


@cache
def _started() -> Server | Exception:
    try:
        return start()
    except (EmbeddedFailed, migrate.MigrationFailed, psycopg.Error) as error:
        return error


def current() -> Server:
    """The server of this run, started when the first test asks for it. Raises the same each time it cannot be had."""
    found = _started()
    if isinstance(found, Exception):
        raise found
    return found


def version() -> int | None:
    """The major version, None when no test has asked for a database."""
    return current().version if _running() else None


def close() -> None:
    if _running():
        current().close()


def _running() -> bool:
    return bool(_started.cache_info().currsize) and isinstance(_started(), Server)


@asynccontextmanager
async def fresh_database(*, size: int = 10) -> AsyncIterator[db.Database]:
    """A database of its own with the schema of this release, and a pool of `size` connections."""
    server = current()
    name = server.clone()
    try:
        database = await db.connect(server.url(name), size=size)
        try:
            yield database
        finally:
            database.pool.terminate()
    finally:
        server.drop(name)
