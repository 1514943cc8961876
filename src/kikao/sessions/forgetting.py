"""What is forgotten of sessions, and when. One row a transaction; each can run again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from kikao.accounts import standing
from kikao.accounts.rules import FORGOTTEN
from kikao.accounts.wires import Forgotten
from kikao.core.db import Conn, Database
from kikao.core.ids import SYSTEM
from kikao.journal import actions as journal
from kikao.payments import forgetting as payments

NOTE_KEPT = timedelta(days=30)  # of a request that came to nothing
PERSON_KEPT = timedelta(days=366)  # twelve months, whichever they are
YEARS_KEPT = timedelta(days=7 * 365 + 2)  # never less than seven years
AT_ONCE = 1000

# It ended and had never been Confirmed.
_NOTHING = "status in ('Declined', 'Cancelled', 'Expired') and confirmed_at is null"
_NO_MONEY = """
not exists (select from payments.charge_state m where m.purpose_id = s.id and (m.received <> 0 or m.given_back <> 0))
and not exists (select from payments.money_in r join payments.charge_state m on m.id = r.charge_id
                where m.purpose_id = s.id)
"""


async def forget(db: Database, now: datetime) -> None:
    """By the table *Keeping*."""
    await _each(db, _OLD_NOTES, now - NOTE_KEPT, _drop_words)

    async def without_the_person(conn: Conn, session_id: UUID) -> None:
        await standing.ensure_forgotten_person(conn, now)
        await _without_the_person(conn, session_id)

    await _each(db, _OLD_REQUESTS, now - PERSON_KEPT, without_the_person)
    before = now - YEARS_KEPT

    async def drop(conn: Conn, session_id: UUID) -> None:
        if not await payments.still_kept(conn, session_id, before):
            await _drop(conn, session_id)

    await _each(db, _OLD_SESSIONS, before, drop)
    await _forget_records(db, before)


_REASONS = "delete from sessions.reason where session_id = $1"
_OLD_NOTES = f"""
select id from sessions.session
where {_NOTHING} and ended_at < $1
  and (num_nonnulls(sealed_note, sealed_reason, sealed_against) > 0 or id in (select session_id from sessions.reason))
order by ended_at limit $2
"""
_OLD_REQUESTS = f"""
select id from sessions.session s
where {_NOTHING} and ended_at < $1 and client_id <> '{FORGOTTEN}' and {_NO_MONEY}
order by ended_at limit $2
"""
_OLD_SESSIONS = "select id from sessions.session where greatest(ended_at, ends_at) < $1 order by ended_at limit $2"


async def _each(
    db: Database, statement: str, before: datetime, verb: Callable[[Conn, UUID], Awaitable[None]]
) -> None:
    """What something else still refers to stays for now."""
    async with db.connection() as conn:
        found = [row["id"] for row in await conn.fetch(statement, before, AT_ONCE)]
    for session_id in found:
        try:
            async with db.transaction() as conn:
                await verb(conn, session_id)
        except asyncpg.ForeignKeyViolationError:
            continue


async def _drop_words(conn: Conn, session_id: UUID) -> None:
    await conn.execute(
        """
        update sessions.session set sealed_note = null, sealed_reason = null, against = '{}', sealed_against = null
        where id = $1
        """,
        session_id,
    )
    await conn.execute(_REASONS, session_id)


async def _without_the_person(conn: Conn, session_id: UUID) -> None:
    """What is left says that somebody once asked, when, and what came of it."""
    await conn.execute(
        """
        update sessions.session
        set client_id = $2, requested_by = null, booked_by = coalesce(booked_by, $3), country = null,
            sealed_note = null, sealed_reason = null, against = '{}', sealed_against = null
        where id = $1
        """,
        session_id, FORGOTTEN, SYSTEM,
    )
    await conn.execute(_REASONS, session_id)
    await payments.forget_payer(conn, session_id)


async def _drop(conn: Conn, session_id: UUID) -> None:
    await conn.execute(_REASONS, session_id)
    await conn.execute("delete from sessions.session where id = $1", session_id)
    await payments.drop(conn, session_id)


async def sign_up_forgotten(conn: Conn, fact: Forgotten) -> None:
    """The requests of a sign-up that nobody proved: they reached nobody."""
    rows = await conn.fetch(
        f"""
        select s.id from sessions.session s
        where (s.requested_by = $1 or s.client_id = $1) and s.sent_at is null and {_NOTHING} and {_NO_MONEY}
        """,
        fact.person_id,
    )
    for row in rows:
        await _drop(conn, row["id"])


async def _forget_records(db: Database, before: datetime) -> None:
    """Consents and journal, but of whom there was a session since, and what is about a session that is kept."""
    async with db.transaction() as conn:
        seen = await conn.fetch(
            """
            select s.client_id as id from sessions.session s where s.starts_at >= $1
            union select p.account_id from sessions.session s
            join accounts.people p on p.id in (s.client_id, s.requested_by)
            where s.starts_at >= $1 and p.account_id is not null
            union select s.requested_by from sessions.session s where s.starts_at >= $1 and s.requested_by is not null
            union select s.id from sessions.session s where s.starts_at < $1
            union select s.charge_id from sessions.session s where s.starts_at < $1
            """,
            before,
        )
        keep = [row["id"] for row in seen]
        await standing.forget_consents(conn, before, keep)
        await payments.forget_strays(conn, before)
        while await journal.forget(conn, before, keep) == journal.AT_ONCE:
            pass
