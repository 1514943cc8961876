"""Reading for calendars: what keeps, or kept, somebody's time, light enough for a whole week or a whole practice."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.sql import Statement
from kikao.sessions import rules

SHOWN = (*sorted(rules.HOLDING), rules.COMPLETED, rules.NO_SHOW)
LINK_BEFORE = timedelta(hours=24)


class Entry(msgspec.Struct, frozen=True):
    """One session on a calendar. `against`: the rules that a booking by hand went against."""

    id: UUID
    reference: str
    psychologist_id: UUID
    psychologist_name: str
    client_name: str
    session_type: str
    mode: str
    status: str
    starts_at: datetime
    ends_at: datetime
    occupied_until: datetime
    against: tuple[str, ...]
    lacks_link: bool


_ENTRIES = Statement("""
select s.id, s.reference, s.psychologist_id, p.name as psychologist_name, c.name as client_name, s.session_type,
       s.mode, s.status, s.starts_at, s.ends_at, s.occupied_until, s.against,
       s.mode = 'Online' and s.sealed_link is null and coalesce(d.meeting_link, '') = '' as lacks_link
from sessions.session s
join accounts.people c on c.id = s.client_id
join accounts.people p on p.id = s.psychologist_id
join directory.practising d on d.id = s.psychologist_id
where s.starts_at > :from_at::timestamptz - interval '8 hours' -- for the index by start: nothing occupies more
  and s.occupied_until > :from_at::timestamptz and s.starts_at < :to_at::timestamptz
  and (:psychologist_id::uuid is null or s.psychologist_id = :psychologist_id::uuid)
  and s.sent_at is not null and s.status = any (:statuses::text[])
  and (s.hold_until is null or s.hold_until > :now::timestamptz)
order by s.starts_at, s.id
""")


async def entries(
    conn: Conn, from_at: datetime, to_at: datetime, now: datetime, *, psychologist_id: UUID | None
) -> list[Entry]:
    """What takes time in this span, by its start, all of it: what is left out would be offered as free. None:
    everybody's, for desk and admin. Overdue holds are over."""
    rows = await _ENTRIES.rows(
        conn, from_at=from_at, to_at=to_at, psychologist_id=psychologist_id, statuses=list(SHOWN), now=now
    )
    return [
        Entry(row["id"], row["reference"], row["psychologist_id"], row["psychologist_name"], row["client_name"],
              row["session_type"], row["mode"], row["status"], row["starts_at"], row["ends_at"],
              row["occupied_until"], tuple(row["against"]), row["lacks_link"])
        for row in rows
    ]  # fmt: skip


class ToDo(msgspec.Struct, frozen=True):
    """What waits for this psychologist: requests, sessions that are over by the clock and not said to be, and
    online sessions within a day that have no link."""

    requests: int
    unsaid: tuple[tuple[str, datetime], ...]
    without_link: tuple[tuple[str, datetime], ...]


_TO_DO = Statement("""
select s.reference, s.starts_at,
       case when s.status = 'Pending Approval' then 'request'
            when s.status = any (:on::text[]) and s.ends_at <= :now::timestamptz then 'unsaid'
            when s.status = 'Confirmed' and s.mode = 'Online' and s.sealed_link is null
             and coalesce(d.meeting_link, '') = '' and s.starts_at <= :soon::timestamptz then 'link' end as what
from sessions.session s join directory.practising d on d.id = s.psychologist_id
where s.psychologist_id = :psychologist_id::uuid and s.sent_at is not null and s.occupied is not null
  and (s.hold_until is null or s.hold_until > :now::timestamptz)
order by s.starts_at
""")


async def to_do(conn: Conn, actor: Actor, now: datetime) -> ToDo:
    rows = await _TO_DO.rows(
        conn, psychologist_id=actor.person_id, now=now, soon=now + LINK_BEFORE,
        on=[rules.CONFIRMED, rules.IN_PROGRESS],
    )
    of = {what: tuple((row["reference"], row["starts_at"]) for row in rows if row["what"] == what)
          for what in ("unsaid", "link")}  # fmt: skip
    return ToDo(sum(row["what"] == "request" for row in rows), of["unsaid"], of["link"])
