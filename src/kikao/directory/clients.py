"""What one psychologist and one client have agreed: read and changed by this psychologist, shown to nobody else."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn, Row
from kikao.core.errors import Invalid, NotFound
from kikao.core.ids import new_id
from kikao.core.sql import Statement
from kikao.directory import rules
from kikao.journal.actions import record


class Agreed(msgspec.Struct, frozen=True):
    """A rate of their own: KES and minutes."""

    session_type: str
    amount: int
    minutes: int


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose request has reached this psychologist.

    `known`: one completed session together, or known before there was Kikao (`known_since`). `at_once`: None where it
    follows what counts for everybody.
    """

    person_id: UUID
    name: str
    completed: int
    last_at: datetime | None
    known: bool
    known_since: datetime | None
    at_once: bool | None
    closed_at: datetime | None
    agreed: tuple[Agreed, ...]


_CLIENTS = Statement("""
with met as (
    select k.client_id, count(*) filter (where k.status = 'Completed') as completed,
           max(k.starts_at) filter (where k.status = 'Completed') as last_at
    from sessions.known k
    where k.psychologist_id = :psychologist_id::uuid and k.sent_at is not null
      and (:client_id::uuid is null or k.client_id = :client_id::uuid)
    group by k.client_id
)
select m.client_id as person_id, p.name, m.completed, m.last_at,
       m.completed > 0 or r.known_since is not null as known, r.known_since, r.at_once, r.closed_at,
       (select coalesce(jsonb_agg(jsonb_build_array(a.session_type, a.amount, a.minutes) order by a.session_type), '[]')
        from (select distinct on (session_type) session_type, amount, minutes from directory.agreed_rate
              where psychologist_id = :psychologist_id::uuid and client_id = m.client_id
                and from_at <= :now::timestamptz
              order by session_type, from_at desc) a where a.amount is not null) as agreed
from met m join accounts.people p on p.id = m.client_id
left join directory.relation r on r.psychologist_id = :psychologist_id::uuid and r.client_id = m.client_id
where p.state <> 'erased' and (:after_name::text is null or (p.name, p.id) > (:after_name::text, :after_id::uuid))
order by p.name, p.id limit :most::integer
""")


def _client(row: Row) -> Client:
    return Client(**{**dict(row.items()), "agreed": tuple(Agreed(*one) for one in row["agreed"])})


async def clients_of(
    conn: Conn, psychologist_id: UUID, now: datetime, *, after: tuple[str, UUID] | None = None, most: int = 20
) -> list[Client]:
    """By name; one more than `most`."""
    after_name, after_id = after or (None, None)
    rows = await _CLIENTS.rows(
        conn, psychologist_id=psychologist_id, client_id=None, now=now, after_name=after_name, after_id=after_id,
        most=most + 1,
    )
    return [_client(row) for row in rows]


async def client_of(conn: Conn, psychologist_id: UUID, client_id: UUID, now: datetime) -> Client:
    """Raises NotFound for somebody who never reached this psychologist."""
    row = await _CLIENTS.first(
        conn, psychologist_id=psychologist_id, client_id=client_id, now=now, after_name=None, after_id=None, most=1
    )
    if row is None:
        raise NotFound("There is no such client of yours.")
    return _client(row)


# verbs --------------------------------------------------------------------------------------------


async def _relation(conn: Conn, actor: Actor, client_id: UUID, now: datetime) -> Client:
    """The client as they stand, with the row of the relation held."""
    assert actor.person_id is not None, "the edge lets in psychologists only"
    await client_of(conn, actor.person_id, client_id, now)
    await conn.execute(
        """
        insert into directory.relation (psychologist_id, client_id) values ($1, $2)
        on conflict (psychologist_id, client_id) do nothing
        """,
        actor.person_id, client_id,
    )
    await conn.execute(
        "select from directory.relation where psychologist_id = $1 and client_id = $2 for update",
        actor.person_id, client_id,
    )
    return await client_of(conn, actor.person_id, client_id, now)


async def take_at_once(conn: Conn, actor: Actor, client_id: UUID, at_once: bool | None, now: datetime) -> None:
    """Yes, no, or (None) as everybody else. Raises NotFound."""
    before = await _relation(conn, actor, client_id, now)
    if before.at_once == at_once:
        return
    await conn.execute(
        "update directory.relation set at_once = $3 where psychologist_id = $1 and client_id = $2",
        actor.person_id, client_id, at_once,
    )
    await record(conn, actor, "take at once", "relation", client_id, now, atOnce=at_once)


async def know(conn: Conn, actor: Actor, client_id: UUID, known: bool, now: datetime) -> None:
    """Somebody whom this psychologist knew before there was Kikao. Raises NotFound."""
    before = await _relation(conn, actor, client_id, now)
    if (before.known_since is not None) == known:
        return
    await conn.execute(
        "update directory.relation set known_since = $3 where psychologist_id = $1 and client_id = $2",
        actor.person_id, client_id, now if known else None,
    )
    await record(conn, actor, "know", "relation", client_id, now, known=known)


async def close(conn: Conn, actor: Actor, client_id: UUID, now: datetime) -> None:
    """No new sessions together. The client is not told: times are simply taken. Raises NotFound."""
    if (await _relation(conn, actor, client_id, now)).closed_at is not None:
        return
    await conn.execute(
        "update directory.relation set closed_at = $3, closed_by = $4 where psychologist_id = $1 and client_id = $2",
        actor.person_id, client_id, now, actor.account_id,
    )
    await record(conn, actor, "close", "relation", client_id, now)


async def reopen(conn: Conn, actor: Actor, client_id: UUID, now: datetime) -> None:
    """Raises NotFound."""
    if (await _relation(conn, actor, client_id, now)).closed_at is None:
        return
    await conn.execute(
        """
        update directory.relation set closed_at = null, closed_by = null
        where psychologist_id = $1 and client_id = $2
        """,
        actor.person_id, client_id,
    )
    await record(conn, actor, "reopen", "relation", client_id, now)


class Rate(msgspec.Struct, frozen=True):
    """What is to count from now on; without an amount: the public rate again."""

    session_type: str
    amount: int | None
    minutes: int | None = None


async def agree_rate(conn: Conn, actor: Actor, client_id: UUID, rate: Rate, now: datetime) -> None:
    """A rate of their own; those before it stay, and so do sessions that were asked for. Raises NotFound, Invalid."""
    rules.check_session_type(rate.session_type)
    if (rate.amount is None) != (rate.minutes is None):
        raise Invalid.field("minutes", "one_of_both", "Please give shillings and minutes, or neither.")
    if rate.amount is not None and rate.minutes is not None:
        rules.check_rate(rate.amount, rate.minutes)
    before = await _relation(conn, actor, client_id, now)
    current = next((one for one in before.agreed if one.session_type == rate.session_type), None)
    if (current.amount, current.minutes) == (rate.amount, rate.minutes) if current else rate.amount is None:
        return
    rate_id = new_id()
    await conn.execute(
        """
        insert into directory.agreed_rate
            (id, psychologist_id, client_id, session_type, amount, minutes, from_at, set_by)
        select $1, $2, $3, $4, $5, $6, greatest($7, max(from_at) + interval '1 microsecond'), $8
        from directory.agreed_rate where psychologist_id = $2 and client_id = $3 and session_type = $4
        """,
        rate_id, actor.person_id, client_id, rate.session_type, rate.amount, rate.minutes, now, actor.account_id,
    )
    await record(
        conn, actor, "agree rate", "relation", client_id, now, rate=rate_id, type=rate.session_type, amount=rate.amount
    )
