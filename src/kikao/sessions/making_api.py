"""Making a session, as JSON: a client asks, the practice books."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.idempotency import Answer
from kikao.core.ids import read_id
from kikao.core.web import Json, Kit, Req, must_be_id, need, once, only
from kikao.sessions import actions, booking, by_hand, rivals
from kikao.sessions.api import Moment, SessionShown, answer, read_moment


class RequestBody(Json):
    """`sessionDate` needs an offset. A price, if one is sent, is not believed: it comes from the rate."""

    psychologist_id: str
    session_type: str
    session_date: Moment
    mode: str = "Online"
    place_id: str | None = None  # refused when it is elsewhere by now
    for_person_id: str | None = None
    country: str | None = None
    note: str | None = None
    price: Any = None


class MakeBody(RequestBody):
    """With `personId`: the practice books for this person. `reason`: why it may go against notice, horizon, step, hours
    or the buffer; asked for only when it does."""

    person_id: str | None = None
    reason: str = ""


@post("/api/sessions/request", opt=only("client"))
async def request_session(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[RequestBody],
) -> Response[SessionShown]:
    need(actor, "client")
    psychologist_id = must_be_id(data.psychologist_id)
    assert actor.person_id is not None
    client_id = actor.person_id if data.for_person_id is None else read_id(data.for_person_id)
    if client_id is None:
        raise booking.refusal("not_yours")
    asked = booking.Request(
        psychologist_id=psychologist_id, session_type=data.session_type,
        starts_at=read_moment("sessionDate", data.session_date), client_id=client_id,
        asker_id=actor.person_id, proved=True, mode=data.mode, country=data.country, note=data.note,
        place_id=must_be_id(data.place_id) if data.place_id else None,
    )

    async def verb(conn: Conn) -> Answer:
        numbers = await kit.numbers(conn, actor, now)
        booked = await booking.request(conn, asked, now, numbers, kit.vault)
        return await answer(conn, actor, booked.session_id, now, 201 if booked.made else 200)

    weighed = None
    try:
        async with rivals.after_whoever_asks(asked.psychologist_id, asked.starts_at) as behind:
            if behind:
                weighed = await rivals.weigh(kit.db, asked, now, await kit.settings(actor, now))
                if weighed.lost:
                    raise actions.SlotTaken
            return await once(request, kit, actor, now, verb)
    except actions.SlotTaken as taken:
        starts = await rivals.alternatives(kit.db, asked, now, await kit.settings(actor, now), weighed)
        taken.facts["alternatives"] = [{"start": start, "mode": asked.mode} for start in starts]
        raise


@post("/api/sessions", opt=only("client", "psychologist", "desk", "admin"))
async def make_session(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[MakeBody],
) -> Response[SessionShown]:
    """A client's request by its other name; with `personId` the verb *book* of psychologist, desk and admin."""
    if data.person_id is None and actor.has("client"):
        return await request_session.fn(request, kit, actor, now, data)  # type: ignore[no-any-return]
    need(actor, "psychologist", "desk", "admin")
    if data.person_id is None:
        raise Invalid.field("personId", "missing", "Please say for whom.")
    wanted = by_hand.ByHand(
        psychologist_id=must_be_id(data.psychologist_id), person_id=must_be_id(data.person_id),
        session_type=data.session_type, starts_at=read_moment("sessionDate", data.session_date), mode=data.mode,
        place_id=must_be_id(data.place_id) if data.place_id else None, country=data.country, note=data.note,
        reason=data.reason,
    )

    async def verb(conn: Conn) -> Answer:
        booked = await by_hand.book(conn, actor, wanted, now, await kit.numbers(conn, actor, now), kit.vault)
        return await answer(conn, actor, booked.session_id, now, 201 if booked.made else 200)

    return await once(request, kit, actor, now, verb)


api: list[Any] = [request_session, make_session]
