"""Due rows: a job is the fact that causes it.

A table whose rows can be due has `due_at`, `tries`, `taken_until`, `last_error`. `drain` takes due rows with a
lease, works outside any transaction, and either the work has moved `due_at` or the row backs off; after eight
tries it stays where it is, *stuck*, for a person to see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core import logs
from kikao.core.clock import utc_now
from kikao.core.db import Conn, Database

LEASE = timedelta(seconds=60)
MOST_TRIES = 8
POLL_SECONDS = 0.25
log = logs.get("jobs")


class Queue(msgspec.Struct, frozen=True):
    """One kind of due rows. `work` gets the row's id, is called outside a transaction, and must move or clear
    the row's `due_at` in a transaction of its own; it may be called again for the same row at any time."""

    name: str
    table: str
    work: Callable[[UUID], Awaitable[None]]
    at_once: int = 4
    where: str = "true"


class Waiting(msgspec.Struct, frozen=True):
    """How a queue stands: rows due now, rows that eight tries did not settle, the oldest due time."""

    name: str
    due: int
    stuck: int
    oldest: datetime | None


def backoff(tries: int) -> timedelta:
    """1, 2, 4 … 128 seconds, then stuck."""
    return timedelta(seconds=2 ** min(max(tries - 1, 0), 7))


async def _take(conn: Conn, queue: Queue, now: datetime) -> list[tuple[UUID, int]]:
    # A CTE, not `where id in (…)`: a plan may read a subselect anew for each row, pass over what this very statement
    # has changed, and so take more than was asked for.
    rows = await conn.fetch(
        f"""
        with due as materialized (
            select id from {queue.table}
            where due_at <= $1 and (taken_until is null or taken_until <= $1) and tries < $3 and {queue.where}
            order by due_at limit $4 for update skip locked)
        update {queue.table} taken set taken_until = $2, tries = taken.tries + 1
        from due where taken.id = due.id
        returning taken.id, taken.tries
        """,
        now, now + LEASE, MOST_TRIES, queue.at_once,
    )
    return [(row["id"], row["tries"]) for row in rows]


async def _finish(db: Database, queue: Queue, row_id: UUID) -> None:
    # A row whose due_at did not move has not been settled: its tries go on counting towards stuck.
    async with db.connection() as conn:
        await conn.execute(
            f"""
            update {queue.table}
            set taken_until = null, last_error = null,
                tries = case when due_at is null or due_at > $2 then 0 else tries end
            where id = $1
            """,
            row_id, utc_now(),
        )


async def _back_off(db: Database, queue: Queue, row_id: UUID, tries: int, error: BaseException) -> None:
    # The class only: messages of errors can hold a phone number.
    log.warning("job_failed", queue=queue.name, row=str(row_id), tries=tries, error=type(error).__name__)
    async with db.connection() as conn:
        # A channel's reason code says more than its class, and holds nothing personal either.
        why = getattr(error, "reason_code", None) or type(error).__name__
        await conn.execute(
            f"""
            update {queue.table} set taken_until = null, last_error = $2,
                   due_at = case when due_at is null then null else greatest(due_at, $3) end
            where id = $1
            """,
            row_id, why, utc_now() + backoff(tries),
        )


async def _work(db: Database, queue: Queue, row_id: UUID, tries: int) -> None:
    try:
        await queue.work(row_id)
    except Exception as error:  # noqa: BLE001  whatever it is, the row backs off and the worker lives on
        await _back_off(db, queue, row_id, tries, error)
    else:
        await _finish(db, queue, row_id)


async def drain(db: Database, queue: Queue, *, now: datetime | None = None) -> int:
    """Take what is due once, work on it, and say how many rows that were."""
    async with db.connection() as conn:
        taken = await _take(conn, queue, now or utc_now())
    await asyncio.gather(*(_work(db, queue, row_id, tries) for row_id, tries in taken))
    return len(taken)


async def run(db: Database, queues: Sequence[Queue], stop: asyncio.Event) -> None:
    """Drain all queues until `stop`; a full batch is followed at once by the next."""
    await asyncio.gather(*(_run_one(db, queue, stop) for queue in queues))


async def _run_one(db: Database, queue: Queue, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            taken = await drain(db, queue)
        except Exception as error:  # noqa: BLE001  the database may be away for a while
            log.warning("queue_failed", queue=queue.name, error=type(error).__name__)
            taken = 0
            await _pause(stop, 1.0)
        if taken < queue.at_once:
            await _pause(stop, POLL_SECONDS)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def waiting(conn: Conn, name: str, table: str, now: datetime) -> Waiting:
    row = await conn.fetchrow(
        f"""
        select count(*) filter (where tries < $2) as due, count(*) filter (where tries >= $2) as stuck,
               min(due_at) as oldest
        from {table} where due_at <= $1
        """,
        now, MOST_TRIES,
    )
    assert row is not None
    return Waiting(name, row["due"], row["stuck"], row["oldest"])
