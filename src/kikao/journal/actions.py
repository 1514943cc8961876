"""Who did what, about what, when."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.ids import new_id

# Somebody who is not signed in, known by a link only.
UNKNOWN = UUID(int=2**128 - 1)

_RECORD = """
insert into journal.entry (id, at, by_account, verb, noun, noun_id, facts) values ($1, $2, $3, $4, $5, $6, $7)
"""


async def record(
    conn: Conn, actor: Actor, verb: str, noun: str, noun_id: UUID, now: datetime, **facts: Any
) -> None:
    """One line, in the transaction of what it tells. `facts` are ids, states and amounts, never words of people."""
    by = actor.account_id or UNKNOWN
    await conn.execute(_RECORD, new_id(), now, by, verb, noun, noun_id, facts or None)


_FORGET = """
delete from journal.entry where id in (
    select id from journal.entry where at < $1 and noun_id <> all ($2) limit $3)
"""
AT_ONCE = 5000


async def forget(conn: Conn, before: datetime, keep: Collection[UUID]) -> int:
    """Delete at most 5000 lines that are older, but those about one of `keep`. How many."""
    tag = await conn.execute(_FORGET, before, list(keep), AT_ONCE)
    return int(tag.rsplit(" ", 1)[-1])
