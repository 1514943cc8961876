"""Why somebody did something, in their own words: sealed, and opened for those for whom it was written only."""

from __future__ import annotations

from datetime import datetime

import msgspec

from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.ids import new_id
from kikao.journal.actions import record
from kikao.sessions import rules
from kikao.sessions.actions import Reason
from kikao.sessions.queries import Session


class Said(msgspec.Struct, frozen=True):
    verb: str
    text: str
    at: datetime


async def keep_reason(
    conn: Conn, actor: Actor, verb: str, session: Session, reason: Reason, now: datetime, vault: Vault
) -> None:
    if not reason.text:
        return
    reason_id = new_id()
    await conn.execute(
        """
        insert into sessions.reason (id, session_id, verb, sealed_text, at, by_account) values ($1, $2, $3, $4, $5, $6)
        """,
        reason_id, session.id, verb, vault.seal(reason.text, "sessions.reason", "sealed_text", reason_id), now,
        actor.account_id,
    )  # fmt: skip


async def open_reasons(conn: Conn, actor: Actor, session: Session, vault: Vault, now: datetime) -> list[Said]:
    """Client and psychologist read all but objections: these are for an admin, who decides, and for who wrote them.
    Opening them stands in the journal."""
    rows = await conn.fetch(
        """
        select id, verb, sealed_text, at from sessions.reason
        where session_id = $1 and case when verb = 'object' then $2 or by_account = $4 else $3 end order by at, id
        """,
        session.id, rules.ADMIN in session.parties, bool(session.parties & {rules.CLIENT, rules.PSYCHOLOGIST}),
        actor.account_id,
    )
    if rows:
        await record(conn, actor, "open the reason", "session", session.id, now)
    return [
        Said(row["verb"], vault.open(row["sealed_text"], "sessions.reason", "sealed_text", row["id"]), row["at"])
        for row in rows
    ]
