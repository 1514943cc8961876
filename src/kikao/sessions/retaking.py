"""Whether a time that lapsed may be taken again for money that came late.

What protects people is asked as it is asked of a new request: listed and within the licence, consent, who is active,
who sees whom no more, and the calendar. What only keeps order (notice, horizon, grid) is not: it was accepted once.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.accounts.sql import AGREED
from kikao.availability.sql import AGAINST, AT_PLACE, BINDING, OPEN_TIME
from kikao.core.db import Conn
from kikao.core.sql import Statement

# Of what a booking by hand went against, only the hours are asked here: those of then are still so, or were never.
_ASKED = """
asked as materialized (
    select s.psychologist_id, l.licensed_until as last_day, array[s.mode] as modes, s.starts_at as lower,
           s.ends_at as upper, s.minutes::integer as minutes, s.buffer_minutes::integer as buffer, 1 as step,
           c.time_zone, '-infinity'::timestamptz as earliest, 'infinity'::timestamptz as latest, s.against
    from sessions.session s
    join directory.listed l on l.id = s.psychologist_id
    join availability.timetable c on c.psychologist_id = s.psychologist_id
    where s.id = :session_id::uuid
)
"""
_STILL = Statement(f"""
with {_ASKED}, {OPEN_TIME}, {AT_PLACE}
select exists (
    select from asked a left join at_place o on true cross join (select a.lower as start_at from asked a) s
    where {BINDING} is null and {AGAINST} <@ a.against
)
and (:place_id::uuid is null
     or exists (select from availability.places where id = :place_id::uuid and closed_at is null))
and {AGREED}
and not exists (
    select from accounts.consent_taken_back where person_id = :client_id::uuid and given_by = :asker_id::uuid)
and not exists (
    select from accounts.people where id in (:client_id::uuid, :asker_id::uuid) and state <> 'active')
and not exists (
    select from directory.closed c join sessions.session s on s.psychologist_id = c.psychologist_id
    where s.id = :session_id::uuid and c.client_id = :client_id::uuid)
""")


async def could_be_booked(conn: Conn, session_id: UUID, now: datetime) -> bool:
    """Whether this very session could still be booked, if its time is free."""
    of = await conn.fetchrow(
        "select client_id, coalesce(requested_by, client_id) as asker_id, place_id from sessions.session where id = $1",
        session_id,
    )
    assert of is not None
    return bool(await _STILL.value(conn, session_id=session_id, now=now, **dict(of.items())))
