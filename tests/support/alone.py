"""A database for tests that hypothesis drives: one loop, one connection, and every example rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime
from typing import Any

import asyncpg

from kikao.core import db as database
from kikao.core.db import Conn
from support import server
from support.cast import Cast, seed_cast


class Alone:
    """Made once a test; `begin` before an example, `undo` after it."""

    def __init__(self, now: datetime) -> None:
        self.loop = asyncio.new_event_loop()
        self.name = server.current().clone()
        self.conn: Conn = self.run(asyncpg.connect(
            server.current().url(self.name), server_settings=database.LIMITS,
            # As the pool's: a plan is made once, however long the statement.
            statement_cache_size=1000, max_cached_statement_lifetime=0, max_cacheable_statement_size=0,
        ))
        self.run(database._prepare(self.conn))
        self.cast: Cast = self.run(seed_cast(self.conn, now))
        self._outer: Any = None

    def run(self, done: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(done)

    def begin(self) -> None:
        self._outer = self.conn.transaction()
        self.run(self._outer.start())

    def undo(self) -> None:
        self.run(self._outer.rollback())

    def close(self) -> None:
        self.run(self.conn.close())
        self.loop.close()
        server.current().drop(self.name)
