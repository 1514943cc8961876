"""What other rooms tell this one of a person: how they stand now, and that there is no consent any more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.accounts.wires import Stands, Withdrawn
from kikao.core.actor import THE_SYSTEM, Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Row
from kikao.core.errors import Refusal
from kikao.payments.forgetting import forget_phones
from kikao.sessions import rules
from kikao.sessions.actions import cancel, decline, expire, read_reason, tell
from kikao.sessions.queries import visible


class StillAhead(Refusal):
    code = "session_ahead"
    detail = "There is a confirmed session ahead. Cancel it first, so that everybody concerned is told."


async def stands(conn: Conn, fact: Stands) -> None:
    """Who is not active any more waits for nothing. Erased: also the words that were kept with their sessions."""
    if fact.state == "active":
        return
    await _end_what_waits(conn, fact.by, fact.vault, fact.person_id, fact.at)
    await _pass_on(conn, fact.person_id, fact.at)
    if fact.state == "erased":
        await _refuse_while_ahead(conn, fact)
        await forget_phones(conn, fact.person_id, fact.account_id)
        await conn.execute(
            """
            update sessions.session
            set sealed_note = null, sealed_reason = null, sealed_link = null, country = null, against = '{}',
                sealed_against = null
            where client_id = $1
              and num_nonnulls(sealed_note, sealed_reason, sealed_link, country, sealed_against) > 0
            """,
            fact.person_id,
        )
        await conn.execute(
            "delete from sessions.reason where session_id in (select id from sessions.session where client_id = $1)",
            fact.person_id,
        )


async def nothing_is_written(conn: Conn, session_id: UUID) -> bool:
    """Of money for somebody who has died, or whose name is gone, nobody reads in a message: the desk rings."""
    return bool(await conn.fetchval(
        """
        select exists (select from sessions.session s join accounts.people c on c.id = s.client_id
                       where s.id = $1 and c.state in ('deceased', 'erased'))
        """,
        session_id,
    ))


async def _pass_on(conn: Conn, person_id: UUID, now: datetime) -> None:
    """What was on its way to them about somebody else's session goes to whoever is told now."""
    rows = await conn.fetch(
        """
        select m.kind, m.about, m.version, m.due_at from notifications.message m
        join sessions.session s on s.id = m.about
        where m.recipient = $1 and m.due_at is not null and $1 not in (s.client_id, s.psychologist_id)
        """,
        person_id,
    )
    for row in rows:
        await tell(conn, row["kind"], row["about"], now, version=row["version"], due_at=row["due_at"])


async def withdrawn(conn: Conn, fact: Withdrawn) -> None:
    """All that waits for this person; while somebody else's consent stands, only what this one asked for."""
    rows = await conn.fetch(
        """
        select id, hold_until <= $3 as overdue from sessions.session
        where client_id = $1 and ($2::uuid is null or requested_by = $2) and status = any ($4) order by id
        """,
        fact.person_id, fact.of_person, fact.at, list(rules.WAITING),
    )
    await _end(conn, fact.by, fact.vault, fact.person_id, rows, fact.at)


async def _refuse_while_ahead(conn: Conn, fact: Stands) -> None:
    ahead = await conn.fetchval(
        """
        select exists (select from sessions.session
                       where (client_id = $1 or (requested_by = $1 and due_at is not null)) -- each by an index
                         and status in ('Confirmed', 'In Progress'))
        """,
        fact.person_id,
    )
    if ahead:
        raise StillAhead


async def _end_what_waits(conn: Conn, by: Actor, vault: Vault, person_id: UUID, now: datetime) -> None:
    """By the verb *cancel*: what was paid in part goes back whole, and the psychologist is told."""
    rows = await conn.fetch(
        """
        select id, hold_until <= $2 as overdue from sessions.session
        where (client_id = $1 or asker_waiting = $1) and status = any ($3) order by id
        """,
        person_id, now, list(rules.WAITING),
    )
    await _end(conn, by, vault, person_id, rows, now)


async def _end(conn: Conn, by: Actor, vault: Vault, person_id: UUID, rows: list[Row], now: datetime) -> None:
    for row in rows:
        if row["overdue"]:
            await expire(conn, row["id"], now)
            continue
        # Seen as what the practice or the client's side may do, whoever of them spoke; once it has begun, the practice.
        session = await visible(conn, THE_SYSTEM, row["id"], now)
        of_practice = by.has("desk", "admin") and by.person_id != person_id
        party = rules.DESK if of_practice or session.starts_at <= now else rules.CLIENT
        session = msgspec.structs.replace(session, parties=frozenset({party}))
        await cancel(conn, by, session, read_reason(None, needed=False), now, vault)


async def psychologist_left(conn: Conn, by: Actor, vault: Vault, psychologist_id: UUID, now: datetime) -> int:
    """Nobody answers any more: each open request is declined, what was accepted and not yet paid is cancelled with
    all its money back, and everybody concerned is told. A Confirmed session stays: an admin decides. How many ended."""
    rows = await conn.fetch(
        """
        select id, hold_until <= $2 as overdue from sessions.session
        where psychologist_id = $1 and status = any ($3) order by id
        """,
        psychologist_id, now, list(rules.WAITING),
    )
    nothing = read_reason(None, needed=False)
    for row in rows:
        if row["overdue"]:
            await expire(conn, row["id"], now)
            continue
        session = await visible(conn, THE_SYSTEM, row["id"], now)
        session = msgspec.structs.replace(session, parties=frozenset({rules.ADMIN}))
        if session.status == rules.PENDING_APPROVAL:
            await decline(conn, by, session, nothing, now, vault)
        else:
            await cancel(conn, by, session, nothing, now, vault)
    return len(rows)
