"""The meeting and its end as JSON: kept longer, begun, over, not come, objected to, put right."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from litestar import Response, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.web import Json, Kit, Req, Shown, need, of, read
from kikao.sessions import absence, actions, doors, queries, reasons, rules
from kikao.sessions.api import ReasonBody, SessionShown, do_verb, press
from kikao.sessions.queries import Session

_ONE = "/api/sessions/{session_id:str}"


class LinkBody(Json):
    """`meetingLink`: an https URL, for this session only; blank: its psychologist's standing one again."""

    meeting_link: str


class WhoBody(Json):
    """`who` did not come: `client` or `psychologist`; by default the side that the caller is not on."""

    who: str = ""


class CorrectBody(Json):
    """`to`: by default the only status that the table of verbs leads to; `who` did not come: by default the client."""

    reason: str = ""
    to: str = ""
    who: str = ""


class DecideBody(Json):
    """`who` did not come after all; by default it stays as it was said."""

    reason: str = ""
    who: str = ""


class GiveBackBody(Json):
    """`amount`: whole KES that come back in all, with what comes back already."""

    amount: int
    reason: str = ""


@post(f"{_ONE}/extend", status_code=200, opt=of(queries.visible))
async def extend(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[ReasonBody],
) -> Response[SessionShown]:
    return await press(request, kit, actor, now, session_id, doors.extend, "extend", reason=data.reason)


@put(f"{_ONE}/start-call")
async def start(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str],
) -> Response[SessionShown]:
    return await press(request, kit, actor, now, session_id, doors.start, "start")


@put(f"{_ONE}/end-call")
async def end_call(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str],
) -> Response[SessionShown]:
    """The session stays In Progress until it is completed."""
    return await press(request, kit, actor, now, session_id, doors.end_call, "end the call")


@post(f"{_ONE}/complete", status_code=200)
async def complete(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str],
) -> Response[SessionShown]:
    return await press(request, kit, actor, now, session_id, doors.complete, "complete")


@post(f"{_ONE}/break-off", status_code=200, opt=of(queries.visible))
async def break_off(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[ReasonBody],
) -> Response[SessionShown]:
    return await press(request, kit, actor, now, session_id, doors.break_off, "break off", reason=data.reason)


@put(f"{_ONE}/link", opt=of(queries.visible))
async def link(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[LinkBody],
) -> Response[SessionShown]:
    return await press(request, kit, actor, now, session_id, doors.set_link, None, link=data.meeting_link)


@post(f"{_ONE}/no-show", status_code=200, opt=of(queries.visible))
async def no_show(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[WhoBody],
) -> Response[SessionShown]:
    """When the other side has said so of the caller already, it is an objection."""
    return await press(request, kit, actor, now, session_id, doors.no_show, None, who=data.who)


@post(f"{_ONE}/objection", status_code=200, opt=of(queries.visible))
async def object_to(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[ReasonBody],
) -> Response[SessionShown]:
    return await press(request, kit, actor, now, session_id, doors.object_to, "object", reason=data.reason)


@put(f"{_ONE}/objection", opt=of(queries.visible))
async def decide(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[DecideBody],
) -> Response[SessionShown]:
    return await press(request, kit, actor, now, session_id, doors.decide, "decide", who=data.who, reason=data.reason)


@post(f"{_ONE}/correct", status_code=200, opt=of(queries.visible))
async def correct(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[CorrectBody],
) -> Response[SessionShown]:
    return await press(
        request, kit, actor, now, session_id, doors.correct, None, to=data.to, who=data.who, reason=data.reason
    )


@post(f"{_ONE}/give-back", status_code=200, opt=of(queries.visible))
async def give_back(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[GiveBackBody],
) -> Response[SessionShown]:
    """More than the terms give, never less."""

    async def verb(conn: Conn, session: Session) -> None:
        rules.step("give back more", session.status, session.parties)
        reason = actions.read_reason(data.reason, needed=True)
        await absence.give_back_more(conn, actor, session, data.amount, reason, now, kit.vault)

    return await do_verb(request, kit, actor, now, session_id, verb, done=None)


class SaidShown(Shown):
    verb: str
    text: str
    at: datetime


class EndingShown(Shown):
    """How it is said to have ended: `absent` did not come; `objection`: open, decided or none; `objectUntil`: until
    when the caller may object, if they may; `reasons`: those that were written for the caller."""

    status: str
    absent: str | None
    said_at: datetime | None
    objection: str | None
    object_until: datetime | None
    reasons: list[SaidShown]


@read(f"{_ONE}/ending")
async def ending(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str],
) -> EndingShown:
    need(actor)
    async with kit.db.transaction() as conn:
        session = await queries.visible(conn, actor, session_id, now)
        said = await reasons.open_reasons(conn, actor, session, kit.vault, now)
        hours = (await kit.numbers(conn, actor, now)).of(rules.Numbers).object_hours
    until = session.said_at + timedelta(hours=hours) if session.said_at and queries.may_object(session) else None
    return EndingShown(
        status=session.status, absent=session.absent, said_at=session.said_at,
        objection=None if session.objected_at is None else "open" if session.to_decide else "decided",
        object_until=until if until and until > now else None,
        reasons=[SaidShown(verb=one.verb, text=one.text, at=one.at) for one in said],
    )


api: list[Any] = [
    extend, start, end_call, complete, break_off, link, no_show, object_to, decide, correct, give_back, ending,
]
