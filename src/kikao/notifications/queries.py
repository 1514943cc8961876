"""What was told, what waits, who could not be reached; and who reads a message. Ids only, no text: there is
none to keep. The callers see to it that only desk and admin ask."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from kikao.core import i18n
from kikao.core.clock import EAST_AFRICA
from kikao.core.db import Conn, Row, one
from kikao.core.jobs import MOST_TRIES
from kikao.core.phone import Contact
from kikao.notifications import rules
from kikao.notifications.kinds import Post, Reader


class Message(msgspec.Struct, frozen=True):
    """A row of the outbox as people are shown it."""

    id: UUID
    kind: str
    about: UUID
    recipient: UUID
    version: int
    created_at: datetime
    due_at: datetime | None
    tries: int
    last_error: str | None
    sent_at: datetime | None
    channel: str | None
    dropped_at: datetime | None
    dropped_why: str | None
    told_at: datetime | None

    @property
    def stuck(self) -> bool:
        return self.due_at is not None and self.tries >= MOST_TRIES


class Standing(msgspec.Struct, frozen=True):
    """How the outbox stands: due and not yet gone, of these put off by a failure, stuck, the oldest of all."""

    due: int
    put_off: int
    stuck: int
    oldest: datetime | None


_MESSAGES = f"select {', '.join(Message.__struct_fields__)} from notifications.message"


def _messages(rows: list[Row]) -> list[Message]:
    return [Message(*row.values()) for row in rows]


async def waiting(conn: Conn, now: datetime) -> Standing:
    row = one(
        await conn.fetchrow(
            """
            select count(*) filter (where due_at <= $1 and tries < $2) as due,
                   count(*) filter (where last_error is not null and tries < $2) as put_off,
                   count(*) filter (where tries >= $2) as stuck,
                   min(created_at) filter (where due_at <= $1 or last_error is not null) as oldest
            from notifications.outbox where due_at is not null
            """,
            now, MOST_TRIES,
        )
    )  # fmt: skip
    return Standing(*row.values())


async def stuck(conn: Conn, *, most: int = 100) -> list[Message]:
    """What eight tries did not settle: a fault of ours, never of a reader or of a gateway."""
    return _messages(
        await conn.fetch(
            f"{_MESSAGES} where due_at is not null and tries >= $1 order by created_at limit $2",
            MOST_TRIES, most,
        )
    )  # fmt: skip


# What could not be told, and what is stuck, until somebody has told it; $1: of whom nobody is told anything. The
# reasons stand in the index as well.
UNTOLD = f"""
select m.* from (
    select *, dropped_at as at from notifications.outbox
    where dropped_at is not null and told_at is null
      and dropped_why not in ({", ".join(f"'{why}'" for why in rules.NOBODYS_FAULT)})
    union all
    select *, created_at from notifications.outbox where due_at is not null and tries >= {MOST_TRIES}
) m
where exists (
    select from accounts.people p
    where p.id = coalesce((select person_id from accounts.contact where id = m.recipient), m.recipient)
      and p.state <> all ($1))
"""


async def unreachable(
    conn: Conn, *, most: int = 50, after: tuple[datetime, UUID] | None = None
) -> tuple[list[Message], tuple[datetime, UUID] | None]:
    """What was true and could not be told, and what is stuck, newest first, and where the list goes on: somebody has
    to ring these people, until they are told. Nobody is rung about whom there is nothing to tell any more."""
    after_at, after_id = after or (None, None)
    rows = await conn.fetch(
        f"""
        select {", ".join(Message.__struct_fields__)}, at from ({UNTOLD}) u
        where $2::timestamptz is null or (at, id) < ($2, $3::uuid) order by at desc, id desc limit $4
        """,
        list(rules.WITHHELD), after_at, after_id, most + 1,
    )  # fmt: skip
    more = (rows[most - 1]["at"], rows[most - 1]["id"]) if len(rows) > most else None
    return [Message(*list(row.values())[:-1]) for row in rows[:most]], more


async def count_unreachable(conn: Conn) -> int:
    """How long that list is."""
    return int(await conn.fetchval(f"select count(*) from ({UNTOLD}) u", list(rules.WITHHELD)))


async def messages_about(conn: Conn, about: UUID) -> list[Message]:
    """Oldest first."""
    return _messages(await conn.fetch(f"{_MESSAGES} where about = $1 order by created_at, id", about))


# for sending --------------------------------------------------------------------------------------


async def due_post(conn: Conn, row_id: UUID) -> tuple[Post, int] | None:
    """The row and its tries; None when it was sent or dropped meanwhile."""
    row = await conn.fetchrow(
        """
        select id, kind, about, recipient, version, created_at, tries
        from notifications.outbox where id = $1 and due_at is not null
        """,
        row_id,
    )
    if row is None:
        return None
    return Post(**{name: row[name] for name in Post.__struct_fields__}), row["tries"]


async def reader(conn: Conn, recipient: UUID) -> Reader | None:
    """A person, or whoever a contact belongs to. Contacts that are not proved are left out."""
    rows = await conn.fetch(
        """
        select p.id, p.state, p.language, p.time_zone, c.kind, c.value
        from accounts.people p left join accounts.contact c on c.person_id = p.id and c.proved_at is not null
        where p.id = coalesce((select person_id from accounts.contact where id = $1), $1)
        order by c.chosen_at desc nulls last, c.proved_at, c.kind, c.id
        """,
        recipient,
    )
    if not rows:
        return None
    first = rows[0]
    return Reader(
        person_id=first["id"],
        state=first["state"],
        language=first["language"] if i18n.is_spoken(first["language"]) else i18n.ENGLISH,
        time_zone=_zone(first["time_zone"]),
        contacts=rules.preferred(Contact(row["kind"], row["value"]) for row in rows if row["kind"]),
    )


def _zone(name: str) -> str:
    # PostgreSQL takes abbreviations as well, and its list can be newer than ours.
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return EAST_AFRICA.key
