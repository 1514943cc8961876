"""What an admin says of a psychologist's papers besides listing: checked again, a renewal under way, in training."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, NotPossible
from kikao.directory.rules import check_grace
from kikao.journal.actions import record


class Papers(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a psychologist's papers, and who has checked them."""

    id: UUID
    name: str
    account_id: UUID | None
    slug: str
    status: str
    title: str
    board: str
    registration_number: str
    licence_number: str | None
    licence_until: date | None
    licence_grace_until: date | None
    licence_grace_reason: str | None
    checked_at: datetime | None
    checked_by: UUID | None
    public_yes_at: datetime | None
    supervisor_id: UUID | None
    supervisor: str | None
    created_at: datetime

    @property
    def licensed_until(self) -> date | None:
        return self.licence_grace_until or self.licence_until


async def papers(conn: Conn, psychologist_id: UUID) -> Papers:
    """Raises NotFound."""
    row = await conn.fetchrow(
        """
        select p.id, n.name, n.account_id, p.slug, p.status, p.title, p.board, p.registration_number, p.licence_number,
               p.licence_until, p.licence_grace_until, p.licence_grace_reason, p.checked_at, p.checked_by,
               p.public_yes_at, p.supervisor_id, s.name as supervisor, p.created_at
        from directory.psychologist p
        join accounts.people n on n.id = p.id
        left join accounts.people s on s.id = p.supervisor_id
        where p.id = $1
        """,
        psychologist_id,
    )
    if row is None:
        raise NotFound("There is no such psychologist.")
    return Papers(**dict(row))


async def supervisors(conn: Conn, psychologist_id: UUID) -> list[tuple[UUID, str]]:
    """Who may supervise: somebody else who is listed and not in training."""
    rows = await conn.fetch(
        """
        select p.id, n.name from directory.psychologist p join accounts.people n on n.id = p.id
        where p.status = 'listed' and p.supervisor_id is null and p.id <> $1 order by n.name, p.id
        """,
        psychologist_id,
    )
    return [(row["id"], row["name"]) for row in rows]


async def check_again(conn: Conn, actor: Actor, psychologist_id: UUID, now: datetime) -> None:
    """An admin has looked at registration and licence once more. Raises NotFound, NotPossible."""
    changed = await conn.fetchval(
        """
        update directory.psychologist set checked_at = $2, checked_by = $3
        where id = $1 and status = 'listed' returning true
        """,
        psychologist_id, now, actor.account_id,
    )
    if not changed:
        await papers(conn, psychologist_id)
        raise NotPossible("Only somebody who is listed is checked again.")
    await record(conn, actor, "check the licence", "psychologist", psychologist_id, now)


async def set_grace(
    conn: Conn, actor: Actor, psychologist_id: UUID, until: date | None, reason: str, now: datetime
) -> None:
    """While a renewal is under way slots lie up to 31 days past the licence; None takes that back.

    Raises NotFound, Invalid.
    """
    found = await papers(conn, psychologist_id)
    why: str | None = None
    if until is not None:
        why = check_grace(found.licence_until, until, reason)
    await conn.execute(
        "update directory.psychologist set licence_grace_until = $2, licence_grace_reason = $3 where id = $1",
        psychologist_id, until, why,
    )
    await record(
        conn, actor, "set grace", "psychologist", psychologist_id, now, until=until.isoformat() if until else None
    )


async def set_supervisor(
    conn: Conn, actor: Actor, psychologist_id: UUID, supervisor_id: UUID | None, now: datetime
) -> None:
    """In training under somebody, which everybody is shown; None: no longer. Raises NotFound, Invalid."""
    await papers(conn, psychologist_id)
    if supervisor_id is not None and supervisor_id not in dict(await supervisors(conn, psychologist_id)):
        raise Invalid.field("supervisor", "unknown", "A supervisor is listed, and not in training.")
    await conn.execute(
        "update directory.psychologist set supervisor_id = $2 where id = $1", psychologist_id, supervisor_id
    )
    await record(conn, actor, "set supervisor", "psychologist", psychologist_id, now, supervisor=supervisor_id)
