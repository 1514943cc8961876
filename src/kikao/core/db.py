"""PostgreSQL: one pool, one way to open a transaction, one place where driver errors get their names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import msgspec

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Conn = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
    Row = asyncpg.Record
else:  # asyncpg's classes are generic in the stubs only
    Conn = asyncpg.Connection
    Pool = asyncpg.Pool
    Row = asyncpg.Record

T = TypeVar("T")

# Read by core.outgoing: nobody talks to another company's computer while this is set.
transaction_open: ContextVar[bool] = ContextVar("transaction_open", default=False)

# What a statement may cost; a stuck statement must not hold a person's page (milliseconds).
LIMITS = {
    "lock_timeout": "2000",
    "statement_timeout": "5000",
    "idle_in_transaction_session_timeout": "10000",
    "timezone": "UTC",
    # Our statements are long and their parameters do not change the plan: planning them anew costs 5 ms each.
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    # The default is a spinning disk's: with it small tables are read whole instead of by index.
    "random_page_cost": "1.1",
    "application_name": "kikao",
}

# Deadlock and serialisation failure: nothing was done, so the same verb may run again.
RETRIED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)


class Undone(Exception):
    """Nothing of the transaction was saved: a database error within it was caught."""


class Database:
    """A pool of connections to one database.

    `run` is for a single statement, `transaction` for several that belong together.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Conn]:
        """A connection without a transaction: each statement commits by itself."""
        async with self.pool.acquire() as conn:
            yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        """A transaction that commits when the block ends and rolls back when it raises.

        A database error that was caught turns the commit into a rollback, which PostgreSQL says in its answer only.
        Raises Undone then, so nothing is ever reported as saved that was not. Parts that may fail: `savepoint`.
        """
        async with self.pool.acquire() as conn:
            token = transaction_open.set(True)
            try:
                await conn.execute("begin")
                async with _undone_by_an_error(conn, "rollback"):
                    yield conn
                if await conn.execute("commit") != "COMMIT":
                    raise Undone
            finally:
                transaction_open.reset(token)

    async def again(self, verb: Callable[[Conn], Awaitable[T]]) -> T:
        """Run `verb` in a transaction; at most three times when the database says it was a deadlock."""
        for attempt in (1, 2):
            try:
                async with self.transaction() as conn:
                    return await verb(conn)
            except RETRIED:
                await asyncio.sleep(0.02 * attempt)
        async with self.transaction() as conn:
            return await verb(conn)

    async def close(self) -> None:
        await self.pool.close()


@asynccontextmanager
async def savepoint(conn: Conn) -> AsyncIterator[None]:
    """A part of a transaction that is undone by itself when it raises."""
    await conn.execute("savepoint part")
    async with _undone_by_an_error(conn, "rollback to savepoint part; release savepoint part"):
        yield
    await conn.execute("release savepoint part")


@asynccontextmanager
async def _undone_by_an_error(conn: Conn, undo: str) -> AsyncIterator[None]:
    try:
        yield
    except (Exception, asyncio.CancelledError):
        if not conn.is_closed():
            await conn.execute(undo)
        raise


async def _prepare(conn: Conn) -> None:
    await conn.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
    )


async def _reset(conn: Conn) -> None:
    """What a connection is freed of before the next one gets it.

    Nobody here sets, listens, locks or declares anything that outlives a transaction, so there is nothing to ask
    the server for; the usual reset is a statement of its own after every use. An open transaction is ended.
    """
    if conn.is_in_transaction():
        await conn.reset()


async def connect(url: str, *, size: int = 10) -> Database:
    """Open a pool. `url` is a PostgreSQL address; raises OSError or asyncpg.PostgresError when it cannot."""
    pool: Any = await asyncpg.create_pool(
        url, min_size=1, max_size=size, init=_prepare, reset=_reset, server_settings=LIMITS, command_timeout=10,
        # Plans are kept as long as the connection, and however long the statement: planning one takes up to 50 ms.
        # And there is room for many: with the usual hundred, pages that few open would put out a booking's plan.
        max_cached_statement_lifetime=0, max_cacheable_statement_size=0, statement_cache_size=500,
    )
    return Database(pool)


def one(row: Row | None) -> Row:
    """The row of a statement that always gives one."""
    if row is None:
        raise LookupError("the statement gave no row")
    return row
