"""The meeting and its end, by the buttons of a session's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.core.actor import Actor
from kikao.core.errors import NotFound
from kikao.core.web import Kit, Req
from kikao.sessions import absence, doors, rules
from kikao.sessions.checking_pages import money_button, shillings
from kikao.sessions.doors import Press
from kikao.sessions.pages import act, button

# Where a button of `correct` leads, and who did not come.
WAYS = {
    "request": (rules.PENDING_APPROVAL, ""), "completed": (rules.COMPLETED, ""),
    "client": (rules.NO_SHOW, rules.CLIENT), "psychologist": (rules.NO_SHOW, rules.PSYCHOLOGIST),
}
SIDES = {"as-said": "", "client": rules.CLIENT, "psychologist": rules.PSYCHOLOGIST}


@post("/s/{reference:str}/decide/{side:str}")
async def decide(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str], side: FromPath[str],
) -> Response[Any]:
    async def door(on: Press) -> None:
        on.may("decide")
        if side not in SIDES:
            raise NotFound
        await doors.decide(on.saying(who=SIDES[side]))

    return await act(request, kit, actor, now, reference, "decide", door)


@post("/s/{reference:str}/correct/{way:str}")
async def correct(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str], way: FromPath[str],
) -> Response[Any]:
    async def door(on: Press) -> None:
        absence.read_why(on.session, on.typed["reason"])
        if way not in WAYS:
            raise NotFound
        to, who = WAYS[way]
        await doors.correct(on.saying(to=to, who=who))

    return await act(request, kit, actor, now, reference, None, door)


async def _give_back(on: Press) -> None:
    on.may("give back more")
    amount = shillings(on.typed["amount"])
    reason = on.why("give back more")
    await absence.give_back_more(on.conn, on.actor, on.session, amount, reason, on.now, on.kit.vault)


pages: list[Any] = [
    button("extend", doors.extend, "extend"), button("start", doors.start, "start"),
    button("complete", doors.complete, "complete"), button("break-off", doors.break_off, "break off"),
    button("no-show", doors.no_show), button("object", doors.object_to, "object"),
    button("link", doors.set_link), money_button("give-back", _give_back), decide, correct,
]
