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
