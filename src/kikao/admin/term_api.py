"""Cancellation terms as JSON: what counts, what was ever set, new ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import field

from kikao.admin.settings import check_begin, read_reason
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.idempotency import Answer
from kikao.core.web import Json, Kit, Req, Shown, need, once, only, read
from kikao.sessions import terms
from kikao.sessions.rules import Tier


class TierShown(Shown):
    """With at least `hours` of notice, `percent` comes back."""

    hours: int
    percent: int


class SetTerms(Shown):
    id: UUID
    tiers: list[TierShown]
    from_: datetime = field(name="from")
    set_at: datetime
    set_by: UUID
    reason: str


class TermsShown(Shown):
    """`seen` is what a change has to bring back: it is refused when newer ones were set. `history`: the last to begin
    first."""

    seen: UUID | None
    tiers: list[TierShown]
    history: list[SetTerms]


class NewTier(Json):
    hours: int
    percent: int


class TermsBody(Json):
    """`from`: when the new terms begin to count, now when it is left out."""

    seen: UUID | None
    tiers: list[NewTier]
    reason: str
    from_: datetime | None = field(name="from", default=None)


def _tiers(found: tuple[Tier, ...]) -> list[TierShown]:
    return [TierShown(hours=one.hours, percent=one.percent) for one in found]


async def _shown(conn: Conn, now: datetime) -> TermsShown:
    found = await terms.history(conn)
    return TermsShown(
        seen=terms.newest(found), tiers=_tiers(await terms.current_tiers(conn, now)),
        history=[
            SetTerms(
                id=one.id, tiers=_tiers(one.tiers), from_=one.from_at, set_at=one.set_at, set_by=one.set_by,
                reason=one.reason,
            )
            for one in found
        ],
    )  # fmt: skip


@read("/api/admin/terms", opt=only("admin"))
async def get_terms(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> TermsShown:
    need(actor, "admin")
    async with kit.db.connection() as conn:
        return await _shown(conn, now)


@put("/api/admin/terms", opt=only("admin"))
async def put_terms(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[TermsBody],
) -> Response[Any]:
    """New terms follow; sessions keep those they were requested under."""
    need(actor, "admin")
    if data.from_ is not None and data.from_.tzinfo is None:
        raise Invalid.field("from", "no_offset", "Please give the time with its offset.")
    if data.from_ is not None:
        check_begin(data.from_, now)
    reason, tiers = read_reason(data.reason), tuple(Tier(one.hours, one.percent) for one in data.tiers)

    async def verb(conn: Conn) -> Answer:
        await terms.replace_terms(conn, actor, tiers, reason, now, seen=data.seen, from_at=data.from_)
        return Answer(200, await _shown(conn, now))

    return await once(request, kit, actor, now, verb)


api: list[Any] = [get_terms, put_terms]
