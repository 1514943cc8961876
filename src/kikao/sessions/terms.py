"""The terms in force: what a cancellation gives back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.db import Conn
from kikao.core.ids import new_id
from kikao.sessions.rules import Tier, check_tiers


async def current_tiers(conn: Conn, now: datetime) -> tuple[Tier, ...]:
    tiers = await conn.fetchval(
        "select tiers from sessions.terms where from_at <= $1 order by from_at desc limit 1", now
    )
    return tuple(msgspec.convert(tiers or [], list[Tier]))


async def set_terms(conn: Conn, tiers: tuple[Tier, ...], by: UUID, reason: str, now: datetime) -> None:
    """New terms follow; sessions keep those they were requested under. Raises Invalid when they do not fall."""
    check_tiers(tiers)
    await conn.execute(
        "insert into sessions.terms (id, tiers, from_at, set_by, reason) values ($1, $2, $3, $4, $5)",
        new_id(), msgspec.to_builtins(list(tiers)), now, by, reason,
    )
