"""The terms in force: what a cancellation gives back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core import practice
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Refusal
from kikao.core.ids import new_id
from kikao.journal.actions import record
from kikao.sessions import rules
from kikao.sessions.queries import Session
from kikao.sessions.rules import Tier, check_number_of_tiers, check_tiers


async def current_tiers(conn: Conn, now: datetime) -> tuple[Tier, ...]:
    tiers = await conn.fetchval(
        "select tiers from sessions.terms where from_at <= $1 order by from_at desc limit 1", now
    )
    return tuple(msgspec.convert(tiers or [], list[Tier]))


async def whole_back_until(conn: Conn, session: Session, now: datetime) -> datetime | None:
    """Until when all of it comes back after paying, by the numbers that stood when it was paid: what was shown then is
    not taken back by a new setting."""
    paid_at = session.confirmed_at
    if paid_at is None or session.received == 0 or now > paid_at + rules.LONGEST_WHOLE_BACK:
        return None
    numbers = (await practice.load(conn, paid_at)).of(rules.Numbers)
    counted = rules.counted_from(session.starts_at, session.first_starts_at)
    return rules.whole_back_until(paid_at, counted, numbers)


class Terms(msgspec.Struct, frozen=True):
    """Tiers with the day from which requests are made under them, who set them, when and why."""

    id: UUID
    tiers: tuple[Tier, ...]
    from_at: datetime
    set_at: datetime
    set_by: UUID
    reason: str


class TermsChanged(Refusal):
    code = "terms_changed"
    detail = "Somebody else has set new terms meanwhile. Look at them, then save again."


async def history(conn: Conn) -> list[Terms]:
    """All that ever counted or will, the last to begin first."""
    rows = await conn.fetch(
        "select id, tiers, from_at, set_at, set_by, reason from sessions.terms order by from_at desc"
    )
    return [Terms(row["id"], tuple(msgspec.convert(row["tiers"], list[Tier])), *list(row.values())[2:]) for row in rows]


def newest(found: list[Terms]) -> UUID | None:
    """The terms that were set last: what a form that is filled in now has seen."""
    return max(found, key=lambda one: one.id).id if found else None


async def set_terms(
    conn: Conn, tiers: tuple[Tier, ...], by: UUID, reason: str, now: datetime, *, from_at: datetime | None = None
) -> UUID:
    """New terms follow; sessions keep those they were requested under. Raises Invalid when they do not fall."""
    check_tiers(tiers)
    begins = from_at or now
    # Of several that begin at one midnight the last one set counts.
    before: datetime | None = await conn.fetchval(
        "select max(from_at) from sessions.terms where from_at >= $1 and from_at < $1 + interval '1 second'", begins
    )
    begins = before + datetime.resolution if before else begins
    terms_id = new_id()
    await conn.execute(
        """
        insert into sessions.terms (id, tiers, from_at, set_at, set_by, reason) values ($1, $2, $3, $4, $5, $6)
        """,
        terms_id, msgspec.to_builtins(list(tiers)), begins, now, by, reason,
    )
    return terms_id


async def replace_terms(
    conn: Conn, actor: Actor, tiers: tuple[Tier, ...], reason: str, now: datetime, *, seen: UUID | None,
    from_at: datetime | None = None,
) -> None:
    """The same by an admin who has `seen` the ones set last. Raises Invalid, TermsChanged."""
    check_number_of_tiers(tiers)
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('sessions.terms', 0))")
    if newest(await history(conn)) != seen:
        raise TermsChanged
    assert actor.account_id is not None
    terms_id = await set_terms(conn, tiers, actor.account_id, reason, now, from_at=from_at)
    await record(conn, actor, "set terms", "terms", terms_id, now, tiers=msgspec.to_builtins(list(tiers)))
