"""Codes that somebody typed and nobody has answered: those whose time is kept meanwhile, and all the others."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.db import Conn

Cursor = tuple[datetime, UUID]


class Typed(msgspec.Struct, frozen=True):
    """A code that waits to be answered, how its session stands, and until when its time is kept for it; `missing` KES
    are still owed."""

    id: UUID
    reference: str
    code: str
    missing: int
    made_at: datetime
    status: str | None
    hold_until: datetime | None


_TYPED = """
select k.id, c.reference, k.code, c.missing, k.made_at,
       case when s.hold_until <= $1 then 'Expired' else s.status end as status,
       case when s.hold_until > $1 then s.hold_until end as hold_until
from payments.open_claim k
join payments.charge_state c on c.id = k.charge_id
left join sessions.overview s on s.charge_id = k.charge_id
where coalesce(s.status = 'Payment Submitted' and s.hold_until > $1, false) = $2
  and ($3::timestamptz is null or (k.made_at, k.id) > ($3, $4::uuid))
order by k.made_at, k.id limit $5
"""


async def typed(
    conn: Conn, now: datetime, *, kept: bool, limit: int, after: Cursor | None = None
) -> tuple[list[Typed], Cursor | None]:
    """The oldest first, and where the next page begins. `kept`: those whose time is kept while somebody looks."""
    at, last_id = after or (None, None)
    rows = [Typed(*row.values()) for row in await conn.fetch(_TYPED, now, kept, at, last_id, limit + 1)]
    found = rows[:limit]
    return found, (found[-1].made_at, found[-1].id) if len(rows) > limit else None
