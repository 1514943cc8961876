"""Rate limits: counters in PostgreSQL, shared by all workers, one upsert each."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime, timedelta

import msgspec

from kikao.core.db import Conn
from kikao.core.errors import TooOften

# Up to here each one is kept by its time.
FEW = 100


class Limit(msgspec.Struct, frozen=True):
    """At most `most` in any `window`, counted by what `name` says and a subject.

    Limits of many stop machines: they count by the clock, and let twice as many through around a full hour.
    """

    name: str
    most: int
    window: timedelta


def _window(now: datetime, window: timedelta) -> datetime:
    seconds = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def key_of(limit: Limit, subject: str) -> bytes:
    return hashlib.sha256(f"{limit.name}\0{subject}".encode()).digest()


async def count(conn: Conn, limit: Limit, subject: str, now: datetime) -> None:
    """Count one more; raises TooOften (with `retryAfter` seconds) when it is one too many.

    Call it outside the transaction of the verb where a refused try counts too.
    """
    counting = _count_few if limit.most <= FEW else _count_many
    again = await counting(conn, limit, key_of(limit, subject), now)
    if again is not None:
        raise TooOften(retryAfter=max(1, math.ceil((again - now).total_seconds())))


async def _count_few(conn: Conn, limit: Limit, key: bytes, now: datetime) -> datetime | None:
    """When there is room again. One that is too many is not kept, so it puts nothing off."""
    kept = await conn.fetchval(
        """
        insert into core.recent as r (subject, times, newest) values ($1, array[$2::timestamptz], $2)
        on conflict (subject) do update
        set times = array(select t from unnest(r.times) t where t > $2 - $3::interval order by t) || $2, newest = $2
        where (select count(*) from unnest(r.times) t where t > $2 - $3::interval) < $4
        returning true
        """,
        key, now, limit.window, limit.most,
    )
    if kept:
        return None
    times: list[datetime] = await conn.fetchval("select times from core.recent where subject = $1", key)
    return sorted(times)[-limit.most:][0] + limit.window  # fewer, where a rival came between and dropped old ones


async def _count_many(conn: Conn, limit: Limit, key: bytes, now: datetime) -> datetime | None:
    start = _window(now, limit.window)
    hits = await conn.fetchval(
        """
        insert into core.counter (subject, window_start, hits) values ($1, $2, 1)
        on conflict (subject, window_start) do update set hits = core.counter.hits + 1 returning hits
        """,
        key, start,
    )
    return start + limit.window if hits > limit.most else None


async def spent(conn: Conn, limit: Limit, subject: str) -> bool:
    """Whether the next one, of a limit of few that was counted just now, is one too many."""
    return bool(await conn.fetchval(
        "select cardinality(times) >= $2 from core.recent where subject = $1", key_of(limit, subject), limit.most
    ))


async def start_again(conn: Conn, limit: Limit, subject: str) -> None:
    """What was counted of a limit of few is forgotten, as after the right password."""
    await conn.execute("delete from core.recent where subject = $1", key_of(limit, subject))


async def forget_old(conn: Conn, now: datetime) -> None:
    await conn.execute("delete from core.counter where window_start < $1", now - timedelta(days=2))
    await conn.execute("delete from core.recent where newest < $1", now - timedelta(days=2))
