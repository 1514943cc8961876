"""A psychologist's own profile and rates, and what an admin sees of those who wait to be listed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from kikao.core.db import Conn, Row
from kikao.core.errors import NotFound
from kikao.core.practice import Snapshot
from kikao.core.sql import Statement
from kikao.directory.rules import SESSION_TYPES, Numbers


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a psychologist enters, and how it stands."""

    id: UUID
    name: str
    slug: str
    status: str
    title: str
    board: str
    registration_number: str
    licence_number: str | None
    licence_until: date | None
    licence_grace_until: date | None
    checked_at: datetime | None
    public_yes_at: datetime | None
    bio: str
    gender: str | None
    specialities: tuple[str, ...]
    languages: tuple[str, ...]
    sees: tuple[str, ...]
    session_types: tuple[str, ...]
    modes: tuple[str, ...]
    takes: str
    desk_may_answer: bool
    meeting_link: str | None
    created_at: datetime


_COLUMNS = """
p.id, n.name, p.slug, p.status, p.title, p.board, p.registration_number, p.licence_number, p.licence_until,
p.licence_grace_until, p.checked_at, p.public_yes_at, p.bio, p.gender, p.specialities, p.languages, p.sees,
p.session_types, p.modes, p.takes, p.desk_may_answer, p.meeting_link, p.created_at
"""
_FROM = "from directory.psychologist p join accounts.people n on n.id = p.id"
_MANY = Statement(f"""
select {_COLUMNS} {_FROM}
where (:status::text is null or p.status = :status::text)
  and (:after_name::text is null or (n.name, p.id) > (:after_name::text, :after_id::uuid))
order by n.name, p.id limit :most::integer
""")
_LISTS = ("specialities", "languages", "sees", "session_types", "modes")


def _own(row: Row) -> Own:
    values: dict[str, Any] = {name: tuple(value) if name in _LISTS else value for name, value in row.items()}
    return Own(**values)


async def profile(conn: Conn, psychologist_id: UUID) -> Own:
    """Raises NotFound for whoever has entered none yet."""
    row = await conn.fetchrow(f"select {_COLUMNS} {_FROM} where p.id = $1", psychologist_id)
    if row is None:
        raise NotFound("There is no profile yet.")
    return _own(row)


async def everybody(
    conn: Conn, status: str | None, *, after: tuple[str, UUID] | None = None, most: int = 20
) -> list[Own]:
    """By name, whatever their status; one more than `most`."""
    after_name, after_id = after or (None, None)
    rows = await _MANY.rows(conn, status=status, after_name=after_name, after_id=after_id, most=most + 1)
    return [_own(row) for row in rows]


class OwnRate(msgspec.Struct, frozen=True):
    """KES and minutes. `from_at` is None for the practice's own rate, which counts where none was set."""

    session_type: str
    amount: int
    minutes: int
    from_at: datetime | None


async def rate_history(conn: Conn, psychologist_id: UUID) -> list[OwnRate]:
    """All rates that were ever set, the newest first."""
    rows = await conn.fetch(
        """
        select session_type, amount, minutes, from_at from directory.rate
        where psychologist_id = $1 order by from_at desc, id desc limit 500
        """,
        psychologist_id,
    )
    return [OwnRate(*row.values()) for row in rows]


def current_rates(history: list[OwnRate], practice: Snapshot, now: datetime) -> list[OwnRate]:
    """One for each type, the practice's where none was set."""
    found: dict[str, OwnRate] = {}
    for rate in history:
        if rate.from_at is not None and rate.from_at <= now:
            found.setdefault(rate.session_type, rate)
    usual = practice.of(Numbers)
    return [found.get(name) or OwnRate(name, *usual.default(name), None) for name in SESSION_TYPES]


async def may_be_rung(conn: Conn) -> bool:
    """Whether a person has rung at least one number for emergencies."""
    return bool(
        await conn.fetchval("select exists (select from directory.emergency_line where rung_at is not null)")
    )
