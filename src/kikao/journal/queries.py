"""What happened to one thing, oldest first. Whoever may see the thing may read this."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kikao.core.db import Conn


class Line(msgspec.Struct, frozen=True):
    at: datetime
    by_account: UUID
    verb: str
    facts: dict[str, Any]


async def history(conn: Conn, noun_id: UUID) -> list[Line]:
    rows = await conn.fetch(
        "select at, by_account, verb, facts from journal.entry where noun_id = $1 order by at, id", noun_id
    )
    return [Line(row["at"], row["by_account"], row["verb"], row["facts"] or {}) for row in rows]


class Entry(msgspec.Struct, frozen=True):
    """A line with what it is about."""

    id: UUID
    at: datetime
    by_account: UUID
    verb: str
    noun: str
    noun_id: UUID
    facts: dict[str, Any]


async def about(
    conn: Conn, nouns: list[UUID], by: UUID | None, *, most: int, before: tuple[datetime, UUID] | None = None
) -> list[Entry]:
    """What happened to any of these, and what one account did, the newest first; one more than `most`."""
    at, last_id = before or (None, None)
    rows = await conn.fetch(
        """
        select id, at, by_account, verb, noun, noun_id, facts from journal.entry
        where (noun_id = any ($1) or by_account = $2)
          and ($3::timestamptz is null or (at, id) < ($3::timestamptz, $4::uuid))
        order by at desc, id desc limit $5
        """,
        nouns, by, at, last_id, most + 1,
    )
    return [
        Entry(row["id"], row["at"], row["by_account"], row["verb"], row["noun"], row["noun_id"], row["facts"] or {})
        for row in rows
    ]
