"""What the other side said or did about sessions of one's own, and should not be found out by a message alone: who is
said not to have come, and what was confirmed and is cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.sql import Statement
from kikao.sessions import rules
from kikao.sessions.rules import Numbers
from kikao.sessions.seen import CLIENT

NEWS = timedelta(days=3)  # so long a cancellation stands first


class Said(msgspec.Struct, frozen=True):
    """`object_until`: who is said not to have come may object so long; None: it was cancelled."""

    reference: str
    starts_at: datetime
    psychologist_id: UUID
    psychologist_name: str
    psychologist_slug: str
    client_id: UUID
    client_name: str
    object_until: datetime | None


# Whatever begins later than a month ago: nobody speaks about what is older.
_SAID = """
select s.reference, s.starts_at, s.psychologist_id, p.name as psychologist_name, d.slug, s.client_id,
       c.name as client_name,
       case when s.status = 'No Show' then coalesce(s.corrected_at, s.ended_at) + :hours::interval end as object_until
from (select s.* from sessions.session s where {whose} and s.starts_at > :now::timestamptz - interval '30 days'
      offset 0) s
join accounts.people c on c.id = s.client_id
join accounts.people p on p.id = s.psychologist_id
join directory.practising d on d.id = s.psychologist_id
where (s.status = 'No Show' and s.absent = '{side}' and s.objected_at is null
       and coalesce(s.corrected_at, s.ended_at) + :hours::interval > :now::timestamptz)
   or (s.status = 'Cancelled' and s.confirmed_at is not null and s.ended_at > :now::timestamptz - :news::interval
       and exists (select from journal.line l where l.noun_id = s.id and l.verb in ('cancel', 'break off')
                   and {by_the_other}))
order by s.starts_at, s.id
"""
_TO_CLIENT = Statement(_SAID.format(
    whose=CLIENT, side=rules.CLIENT, by_the_other="(l.verb = 'break off' or (l.facts ->> 'byPractice')::boolean)"
    " and c.state not in ('deceased', 'erased')"))  # of whom nobody is asked to choose another time
_TO_PSYCHOLOGIST = Statement(_SAID.format(
    whose="s.psychologist_id = :person_id::uuid and s.sent_at is not null", side=rules.PSYCHOLOGIST,
    by_the_other="l.by_account is distinct from :account_id::uuid"))


async def to_client(conn: Conn, actor: Actor, now: datetime, numbers: Numbers) -> list[Said]:
    """Of one's own sessions and those of whom one acts for, by their start."""
    rows = await _TO_CLIENT.rows(
        conn, person_id=actor.person_id, now=now, news=NEWS, hours=timedelta(hours=numbers.object_hours))
    return [Said(*row.values()) for row in rows]


async def to_psychologist(conn: Conn, actor: Actor, now: datetime, numbers: Numbers) -> list[Said]:
    rows = await _TO_PSYCHOLOGIST.rows(
        conn, person_id=actor.person_id, account_id=actor.account_id, now=now, news=NEWS,
        hours=timedelta(hours=numbers.object_hours))
    return [Said(*row.values()) for row in rows]


async def to_anybody(conn: Conn, actor: Actor, now: datetime, numbers: Numbers) -> list[Said]:
    """As a psychologist, where one is, and as a client."""
    theirs = await to_psychologist(conn, actor, now, numbers) if actor.has("psychologist") else []
    return [*theirs, *await to_client(conn, actor, now, numbers)]
