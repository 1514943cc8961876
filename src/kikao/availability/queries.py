"""Free times, as somebody may see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from kikao.availability import sql
from kikao.availability.rules import Numbers
from kikao.core.db import Conn
from kikao.core.sql import Statement


class Slot(msgspec.Struct, frozen=True, gc=False):
    """A time that can be booked now. `start` is aware, in UTC."""

    psychologist_id: UUID
    start: datetime
    mode: str


class Wanted(msgspec.Struct, frozen=True):
    """Whose times are looked for: how long a session is there, and the last day of the licence."""

    psychologist_id: UUID
    minutes: int
    last_day: date | None = None


# Times that are taken: sessions that hold, unless their hold has run out by now.
TAKEN = """
taken as (
    select b.psychologist_id, range_agg(b.occupied) as busy
    from asked a join sessions.busy b
      on b.psychologist_id = a.psychologist_id
     and b.occupied && tstzrange(a.lower, a.upper + make_interval(mins => a.minutes + a.buffer))
    where b.hold_until is null or b.hold_until > :now::timestamptz
    group by b.psychologist_id
),
own as (
    select range_agg(b.during) as busy from sessions.busy b
    where b.client_id = :client_id::uuid and (b.hold_until is null or b.hold_until > :now::timestamptz)
)
"""

_SLOTS = f"""
with asked as materialized (
    select w.psychologist_id, :mode::text as mode, w.minutes, w.last_day,
           greatest(:lower::timestamptz, :now::timestamptz) as lower, :upper::timestamptz as upper,
           {sql.CALENDAR_NUMBERS}
    from unnest(:psychologists::uuid[], :minutes::integer[], :last_days::date[]) w (psychologist_id, minutes, last_day)
    join availability.calendar c on c.psychologist_id = w.psychologist_id
),
{sql.OPEN_TIME},
{TAKEN},
candidate as (
    select distinct w.psychologist_id, (local - w.shift) at time zone 'UTC' as start_at
    from wall w
    join asked a on a.psychologist_id = w.psychologist_id
    cross join lateral generate_series(
        w.day + make_interval(
            mins => (ceil(extract(epoch from lower(w.wall) - w.day) / 60 / a.step) * a.step)::integer),
        upper(w.wall) - interval '1 microsecond',
        make_interval(mins => a.step)) local
    where w.source <> 'off' and not isempty(w.wall)
)
select c.psychologist_id, %s
from candidate c
join asked a on a.psychologist_id = c.psychologist_id
join open_time o on o.psychologist_id = c.psychologist_id
left join taken t on t.psychologist_id = c.psychologist_id
cross join own
where c.start_at >= a.lower and c.start_at < a.upper
  and ({sql.REFUSED}) is null
  and (t.busy is null or not t.busy && tstzrange(c.start_at, c.start_at + make_interval(mins => a.minutes + a.buffer)))
  and (own.busy is null or not own.busy && tstzrange(c.start_at, c.start_at + make_interval(mins => a.minutes)))
%s
"""

_ALL = Statement(_SLOTS % ("c.start_at", "order by c.start_at, c.psychologist_id"))
_NEXT = Statement(_SLOTS % ("min(c.start_at) as start_at", "group by c.psychologist_id"))


def _values(
    wanted: Sequence[Wanted], lower: datetime, upper: datetime, now: datetime, numbers: Numbers,
    mode: str, client_id: UUID | None,
) -> dict[str, object]:
    return {
        "psychologists": [w.psychologist_id for w in wanted],
        "minutes": [w.minutes for w in wanted],
        "last_days": [w.last_day for w in wanted],
        "lower": lower, "upper": upper, "now": now, "mode": mode, "client_id": client_id,
        **msgspec.structs.asdict(numbers),
    }


async def free(
    conn: Conn, wanted: Sequence[Wanted], lower: datetime, upper: datetime, *,
    now: datetime, numbers: Numbers, mode: str = "Online", client_id: UUID | None = None,
) -> list[Slot]:
    """Every start from `lower` to before `upper` that can be booked now, in order; one query for everybody.

    `client_id`: leave out what overlaps this person's own sessions.
    """
    rows = await _ALL.rows(conn, **_values(wanted, lower, upper, now, numbers, mode, client_id))
    return [Slot(row["psychologist_id"], row["start_at"], mode) for row in rows]


async def next_free(
    conn: Conn, wanted: Sequence[Wanted], lower: datetime, upper: datetime, *,
    now: datetime, numbers: Numbers, mode: str = "Online",
) -> dict[UUID, datetime]:
    """The first such start of each psychologist; who has none is missing. One query."""
    rows = await _NEXT.rows(conn, **_values(wanted, lower, upper, now, numbers, mode, None))
    return {row["psychologist_id"]: row["start_at"] for row in rows}
