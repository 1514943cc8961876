"""A session as an entry for one's own calendar, for those who meet in it."""

from __future__ import annotations

from datetime import datetime
from email.utils import parseaddr

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.core.actor import Actor
from kikao.core.errors import NotFound, NotPossible
from kikao.core.web import Kit, Req, need, read
from kikao.sessions import queries, rules

ENTERED = (rules.CONFIRMED, rules.IN_PROGRESS)


@read("/s/{reference:str}/calendar")
async def calendar(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[bytes]:
    """The same entry as the one in the mail, so that a calendar knows it again; its name is the reference."""
    need(actor)
    async with kit.db.connection() as conn:
        session = await queries.visible(conn, actor, reference, now)
        moved = await queries.times_moved(conn, session.id)
    if not session.parties & {rules.CLIENT, rules.PSYCHOLOGIST}:
        raise NotFound
    if session.status not in ENTERED:
        raise NotPossible("Only what is confirmed can stand in a calendar.", sessionStatus=session.status)
    # Loaded when it is wanted: every start of the web program would wait for it.
    from kikao.notifications.calendar_file import publication

    name, kind, content = publication(
        session_id=session.id, reference=session.reference, trading_name=kit.trading_name, base_url=kit.base_url,
        starts_at=session.starts_at, ends_at=session.ends_at, now=now, sequence=2 * moved,
        organizer=parseaddr(request.app.state.settings.mail.sender)[1],
    )
    return Response(
        content, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type=kind
    )


pages = [calendar]
