"""What this room forgets by the clock. Each can run again at any time."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from kikao.accounts.rules import Numbers
from kikao.accounts.wires import Forgotten, tell_forgotten
from kikao.core import limits
from kikao.core.db import Conn, Database, savepoint

DAY = timedelta(days=1)
AT_ONCE = 5000


async def forget(db: Database, now: datetime, numbers: Numbers) -> int:
    """Sign-ups and contacts never proved, codes, sign-ins that are over, old counters. How many sign-ups went."""
    before = now - timedelta(days=numbers.forget_days)
    gone = await _forget_sign_ups(db, before)
    async with db.connection() as conn:
        await _forget_codes(conn, before, now)
        await conn.execute(
            "delete from accounts.sign_in where coalesce(ended_at, expires_at) < $1", now - DAY
        )
        await limits.forget_old(conn, now)
    return gone


async def _forget_sign_ups(db: Database, before: datetime) -> int:
    """One a transaction. Its requests go by wire; one that something else refers to stays."""
    async with db.connection() as conn:
        rows = await conn.fetch(
            """
            select id, person_id from accounts.account
            where proved_at is null and created_at < $1 order by created_at limit $2
            """,
            before, AT_ONCE,
        )
    gone = 0
    for row in rows:
        try:
            async with db.transaction() as conn:
                gone += await _forget_one(conn, row["id"], row["person_id"])
        except asyncpg.ForeignKeyViolationError:
            continue
    return gone


async def _forget_one(conn: Conn, account_id: UUID, person_id: UUID) -> int:
    unproved = await conn.fetchval(
        "select true from accounts.account where id = $1 and proved_at is null for update", account_id
    )
    if not unproved:
        return 0
    await tell_forgotten(conn, Forgotten(person_id, account_id))
    children = await conn.fetch("delete from accounts.acts_for where by_person = $1 returning person_id", person_id)
    await conn.execute("delete from accounts.account where id = $1", account_id)
    await conn.execute("delete from accounts.person where id = $1", person_id)
    await _forget_those_they_acted_for(conn, [row["person_id"] for row in children])
    return 1


async def _forget_those_they_acted_for(conn: Conn, people: list[UUID]) -> None:
    """A child that came with the sign-up, unless somebody else acts for it or something else is kept of it."""
    for person_id in people:
        with suppress(asyncpg.ForeignKeyViolationError):
            async with savepoint(conn):
                await conn.execute(
                    """
                    delete from accounts.person p where id = $1
                    and not exists (select from accounts.account where person_id = p.id)
                    and not exists (select from accounts.acts_for where person_id = p.id)
                    and not exists (select from accounts.consent where person_id = p.id)
                    """,
                    person_id,
                )


async def _forget_codes(conn: Conn, before: datetime, now: datetime) -> None:
    """An unproved contact goes with the code that would have proved it; desk's own entries have no code."""
    with suppress(asyncpg.ForeignKeyViolationError):  # somebody pays from it
        await conn.execute(
            """
            delete from accounts.contact_point c using accounts.verification v, accounts.account a
            where v.contact_id = c.id and a.id = v.account_id and a.proved_at is not null
              and v.purpose in ('sign_up', 'contact') and c.proved_at is null and v.created_at < $1
              and not exists (select from accounts.verification n where n.contact_id = c.id and n.created_at >= $1)
            """,
            before,
        )
    await conn.execute(
        """
        delete from accounts.verification v
        where (used_at < $2 or expires_at < $1 or (purpose = 'reset' and expires_at < $2))
        """,
        before, now - DAY,
    )
