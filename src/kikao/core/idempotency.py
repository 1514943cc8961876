"""One effect for one key: the key's row is written in the transaction of the effect."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from kikao.core.db import Conn, Database
from kikao.core.errors import InProgress, Invalid, KeyReused, NotFound

KEPT = timedelta(hours=24)
WAIT_MS = 5000


class Key(msgspec.Struct, frozen=True):
    """An Idempotency-Key as one account sent it to one method and path, with a hash of the body."""

    account_id: UUID
    method: str
    path: str
    key: str
    body_hash: bytes


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: Any


def make_key(account_id: UUID, method: str, path: str, key: str, body: bytes) -> Key:
    if not 1 <= len(key) <= 255 or "\0" in key:
        raise Invalid.field("Idempotency-Key", "too_long", "An Idempotency-Key has 1 to 255 characters.")
    return Key(account_id, method, path, key, hashlib.sha256(body).digest())


async def once(db: Database, key: Key, now: datetime, verb: Callable[[Conn], Awaitable[Answer]]) -> Answer:
    """Run `verb` in a transaction, or give the answer that it gave before.

    What `verb` raises rolls everything back and frees the key. Raises KeyReused for another body under the same
    key, InProgress when the first caller needs longer than five seconds.
    """
    return await db.again(lambda conn: _once(conn, key, now, verb))


async def _once(conn: Conn, key: Key, now: datetime, verb: Callable[[Conn], Awaitable[Answer]]) -> Answer:
    # The insert waits for a rival with the same key; the verb itself keeps the pool's shorter limits.
    await conn.execute(f"set local lock_timeout = {WAIT_MS}; set local statement_timeout = {WAIT_MS + 1000}")
    try:
        kept = await _claim(conn, key, now)
    except asyncpg.LockNotAvailableError as error:  # the rival's, and nothing that the verb itself waits for
        raise InProgress from error
    if kept is not None:
        return kept
    await conn.execute("set local lock_timeout = 2000; set local statement_timeout = 5000")
    answer = await verb(conn)
    await conn.execute(
        "update core.idempotency set status = $5, answer = $6 where (account_id, key, method, path) = ($1, $2, $3, $4)",
        key.account_id, key.key, key.method, key.path, answer.status, msgspec.to_builtins(answer.body),
    )
    return answer


async def _claim(conn: Conn, key: Key, now: datetime) -> Answer | None:
    made = await conn.fetchval(
        """
        insert into core.idempotency (account_id, method, path, key, body_hash, created_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (account_id, key, method, path) do update
        set body_hash = excluded.body_hash, created_at = excluded.created_at, status = null, answer = null
        where core.idempotency.created_at < $7
        returning true
        """,
        key.account_id, key.method, key.path, key.key, key.body_hash, now, now - KEPT,
    )
    if made:
        return None
    row = await conn.fetchrow(
        """
        select body_hash, status, answer from core.idempotency
        where (account_id, key, method, path) = ($1, $2, $3, $4)
        """,
        key.account_id, key.key, key.method, key.path,
    )
    if row is None:  # deleted for its age between the two statements
        return await _claim(conn, key, now)
    if row["body_hash"] != key.body_hash:
        raise KeyReused
    if row["status"] is None:
        raise NotFound  # it told of somebody who was erased since
    return Answer(row["status"], row["answer"])


async def forget_answers(conn: Conn, account_id: UUID | None, person_id: UUID) -> None:
    """Empty what was answered to somebody, or tells of them. The keys stay used: nothing is done twice."""
    await conn.execute(
        "update core.idempotency set status = null, answer = null where account_id = $1 and answer is not null",
        account_id,
    )
    await conn.execute(  # the answers of a day, each looked into: seldom, and by no index
        """
        update core.idempotency set status = null, answer = null
        where answer is not null and position($1 in answer::text) > 0
        """,
        str(person_id),
    )


async def forget_old(conn: Conn, now: datetime) -> None:
    await conn.execute("delete from core.idempotency where created_at < $1", now - KEPT)
