"""Posting a message: a row, born in the transaction of the fact that it tells."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import NotFound
from kikao.core.ids import new_id
from kikao.core.jobs import MOST_TRIES
from kikao.journal.actions import record
from kikao.notifications.queries import UNTOLD
from kikao.notifications.rules import BY_TELEPHONE, NOBODYS_FAULT, WITHHELD

_POST = """
insert into notifications.outbox (id, kind, about, recipient, version, created_at, due_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict on constraint message_once do nothing
"""


async def post(
    conn: Conn, kind: str, about: UUID, recipient: UUID, now: datetime, *,
    due_at: datetime | None = None, version: int = 1,
) -> None:
    """Once for each kind, thing, recipient and version; a second call changes nothing.

    The text is made when it is sent, and only if it is still true then.
    """
    await conn.execute(_POST, new_id(), kind, about, recipient, version, now, due_at or now)


async def note_sent(conn: Conn, row_id: UUID, channel: str, now: datetime) -> None:
    """`channel` is `email` or `sms`: the one that took it. A second note changes nothing."""
    await conn.execute(
        """
        update notifications.outbox set sent_at = $3, channel = $2, due_at = null
        where id = $1 and due_at is not null
        """,
        row_id, channel, now,
    )  # fmt: skip


async def drop(conn: Conn, row_id: UUID, why: str, now: datetime) -> None:
    """`why` is one of the words of rules, or a channel's reason; never an address or a text."""
    await conn.execute(
        """
        update notifications.outbox set dropped_at = $3, dropped_why = $2, due_at = null
        where id = $1 and due_at is not null
        """,
        row_id, why, now,
    )  # fmt: skip


async def wait_on(conn: Conn, row_id: UUID, tries: int, until: datetime) -> None:
    """Not before `until`, and as if it had been tried `tries` times."""
    await conn.execute(
        "update notifications.outbox set tries = $2, due_at = $3 where id = $1 and due_at is not null",
        row_id, tries, until,
    )  # fmt: skip


async def forget_old(conn: Conn, before: datetime) -> int:
    """Delete what was sent or dropped before then, unless somebody still has to be rung."""
    tag = await conn.execute(
        f"""
        delete from notifications.outbox
        where coalesce(sent_at, dropped_at) < $2 and id not in (select id from ({UNTOLD}) u)
        """,
        list(WITHHELD), before,
    )
    return int(tag.rsplit(" ", 1)[-1])


_TELL = """
update notifications.outbox
set told_at = $2, told_by = $3, dropped_at = coalesce(dropped_at, $2), dropped_why = coalesce(dropped_why, $4),
    due_at = null
where id = $1 and told_at is null and (dropped_why <> all ($5) or (due_at is not null and tries >= $6))
returning id
"""


async def told_by_telephone(conn: Conn, actor: Actor, row_id: UUID, now: datetime) -> None:
    """Somebody has rung whom no message could reach; it is sent no more. Twice changes nothing. Raises NotFound."""
    values = (row_id, now, actor.account_id, BY_TELEPHONE, list(NOBODYS_FAULT), MOST_TRIES)
    if await conn.fetchval(_TELL, *values):
        await record(conn, actor, "tell by telephone", "message", row_id, now)
    elif not await conn.fetchval("select true from notifications.outbox where id = $1 and told_at is not null", row_id):
        raise NotFound


async def note_way(conn: Conn, channel: str, failing: str | None, now: datetime) -> None:
    """How a way out did just now. `failing` is why it would have failed for anybody; None: it works."""
    if failing is None:
        await conn.execute("delete from notifications.way where channel = $1", channel)
        return
    await conn.execute(
        """
        insert into notifications.way (channel, failing_since, reason) values ($1, $2, $3)
        on conflict (channel) do update set reason = excluded.reason
        """,
        channel, now, failing,
    )  # fmt: skip
