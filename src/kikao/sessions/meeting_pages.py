"""The meeting and its end, by the buttons of a session's page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Forbidden, NotFound
from kikao.core.web import Form, Kit, Req, read_form
from kikao.sessions import absence, actions, meeting, rules
from kikao.sessions.checking_pages import do_money, shillings
from kikao.sessions.pages import act
from kikao.sessions.queries import Session

Verb = Callable[[Conn, Session, Form], Awaitable[None]]
# Where a button of `correct` leads, and who did not come.
WAYS = {
    "request": (rules.PENDING_APPROVAL, ""), "completed": (rules.COMPLETED, ""),
    "client": (rules.NO_SHOW, rules.CLIENT), "psychologist": (rules.NO_SHOW, rules.PSYCHOLOGIST),
}
SIDES = {"as-said": "", "client": rules.CLIENT, "psychologist": rules.PSYCHOLOGIST}


async def _pressed(
    request: Req, kit: Kit, actor: Actor, now: datetime, reference: str, done: str | None, verb: Verb
) -> Response[Any]:
    form = await read_form(request)

    async def run(conn: Conn, session: Session) -> None:
        await verb(conn, session, form)

    return await act(request, kit, actor, now, reference, done, run)


@post("/s/{reference:str}/extend")
async def extend(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session, form: Form) -> None:
        rules.step("extend", session.status, session.parties)
        reason = actions.read_reason(form["reason"], needed=True)
        await meeting.extend(conn, actor, session, reason, now, await kit.numbers(conn, actor, now), kit.vault)

    return await _pressed(request, kit, actor, now, reference, "extend", verb)


@post("/s/{reference:str}/start")
async def start(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session, _form: Form) -> None:
        await meeting.start(conn, actor, session, now, await kit.numbers(conn, actor, now))

    return await _pressed(request, kit, actor, now, reference, "start", verb)


@post("/s/{reference:str}/complete")
async def complete(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session, _form: Form) -> None:
        await meeting.complete(conn, actor, session, now)

    return await _pressed(request, kit, actor, now, reference, "complete", verb)


@post("/s/{reference:str}/break-off")
async def break_off(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session, form: Form) -> None:
        rules.step("break off", session.status, session.parties)
        reason = actions.read_reason(form["reason"], needed=True)
        await meeting.break_off(conn, actor, session, reason, now, kit.vault)

    return await _pressed(request, kit, actor, now, reference, "break off", verb)


@post("/s/{reference:str}/no-show")
async def no_show(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    """That the side which the viewer is not on did not come."""

    async def verb(conn: Conn, session: Session, _form: Form) -> None:
        who = absence.read_who("", session)
        await absence.no_show(conn, actor, session, who, now, await kit.numbers(conn, actor, now), kit.vault)

    return await _pressed(request, kit, actor, now, reference, "mark a no-show", verb)


@post("/s/{reference:str}/object")
async def object_to(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session, form: Form) -> None:
        rules.step("object", session.status, session.parties)
        reason = actions.read_reason(form["reason"], needed=True)
        await absence.object_to(conn, actor, session, reason, now, await kit.numbers(conn, actor, now), kit.vault)

    return await _pressed(request, kit, actor, now, reference, "object", verb)


@post("/s/{reference:str}/decide/{side:str}")
async def decide(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str], side: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session, form: Form) -> None:
        rules.step("decide", session.status, session.parties)
        if side not in SIDES:
            raise NotFound
        reason = actions.read_reason(form["reason"], needed=True)
        await absence.decide(conn, actor, session, SIDES[side], reason, now, kit.vault)

    return await _pressed(request, kit, actor, now, reference, "decide", verb)


@post("/s/{reference:str}/correct/{way:str}")
async def correct(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str], way: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session, form: Form) -> None:
        reason = absence.read_why(session, form["reason"])
        if way not in WAYS:
            raise NotFound
        numbers = await kit.numbers(conn, actor, now)
        await absence.correct(conn, actor, session, *WAYS[way], reason, now, numbers, kit.vault)

    return await _pressed(request, kit, actor, now, reference, None, verb)


@post("/s/{reference:str}/link")
async def link(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session, form: Form) -> None:
        if rules.PSYCHOLOGIST not in session.parties:
            raise Forbidden
        await meeting.set_link(conn, actor, session, meeting.read_link(form["link"]), now, kit.vault)

    return await _pressed(request, kit, actor, now, reference, None, verb)


@post("/s/{reference:str}/give-back")
async def give_back(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, session: Session, form: Form) -> None:
        rules.step("give back more", session.status, session.parties)
        amount = shillings(form["amount"])
        reason = actions.read_reason(form["reason"], needed=True)
        await absence.give_back_more(conn, actor, session, amount, reason, now, kit.vault)

    return await do_money(request, kit, actor, now, reference, verb)


pages: list[Any] = [
    extend, start, complete, break_off, no_show, object_to, decide, correct, link, give_back,
]
