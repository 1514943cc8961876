"""Rate limits: counters in PostgreSQL, shared by all workers, one upsert each."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec

from kikao.core.db import Conn
from kikao.core.errors import TooOften


class Limit(msgspec.Struct, frozen=True):
    """At most `most` in each `window`, counted by what `name` says and a subject."""

    name: str
    most: int
    window: timedelta


def _window(now: datetime, window: timedelta) -> datetime:
    seconds = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


async def count(conn: Conn, limit: Limit, subject: str, now: datetime) -> None:
    """Count one more; raises TooOften (with `retryAfter` seconds) when it is one too many.

    Call it outside the transaction of the verb: a refused try counts too.
    """
    start = _window(now, limit.window)
    key = hashlib.sha256(f"{limit.name}\0{subject}".encode()).digest()
    hits = await conn.fetchval(
        """
        insert into core.counter (subject, window_start, hits) values ($1, $2, 1)
        on conflict (subject, window_start) do update set hits = core.counter.hits + 1 returning hits
        """,
        key, start,
    )
    if hits > limit.most:
        raise TooOften(retryAfter=max(1, int((start + limit.window - now).total_seconds())))


async def forget_old(conn: Conn, now: datetime) -> None:
    await conn.execute("delete from core.counter where window_start < $1", now - timedelta(days=2))
