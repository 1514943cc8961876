"""Sessions as JSON. The same verbs as the pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, delete, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from kikao.availability.api import PlaceShown, shown_place
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.idempotency import Answer
from kikao.core.paging import bound, place, read_cursor
from kikao.core.web import Form, Json, Kit, Req, Shown, need, of, once, only, read
from kikao.journal.queries import history
from kikao.sessions import actions, calling, doors, queries, rules, words
from kikao.sessions.doors import Door, Press
from kikao.sessions.queries import Session
from kikao.sessions.terms import whole_back_until

# Read by us: the framework would take a number for a time.
Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


def read_moment(field: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid.field(field, "not_a_time", "Please give a time in ISO 8601.") from error
    if moment.tzinfo is None:
        raise Invalid.field(field, "no_offset", "Please give the time with its offset.")
    return moment


class ReasonBody(Json):
    reason: str = ""


class PersonShown(Shown):
    id: UUID
    name: str


class ChargeShown(Shown):
    """`payer`: null for everybody but the payer, desk, finance and admin, and where nobody with an account pays."""

    amount: int
    paid: int
    status: str
    payer: PersonShown | None


class TermShown(Shown):
    until: datetime
    refund: int


class SessionShown(Shown):
    id: UUID
    reference: str
    client_id: UUID
    psychologist_id: UUID
    client: PersonShown
    psychologist: PersonShown
    requested_by_id: UUID | None
    session_type: str
    mode: str
    place: PlaceShown | None
    session_date: datetime
    ends_at: datetime
    minutes: int
    price: int
    session_rate: int
    currency: str
    status: str
    payment_status: str
    charges: list[ChargeShown]
    terms: list[TermShown]
    hold_until: datetime | None
    meeting_link: str | None
    created_at: datetime
    updated_at: datetime
    note: str | None = None
    reason: str | None = None
    against: tuple[str, ...] = ()
    phone_to_ring: str | None = None


def shown(
    session: Session, note: str | None = None, reason: str | None = None, whole_until: datetime | None = None
) -> SessionShown:
    """`whole_until`: until when all of it comes back after paying, where that was looked up."""
    counted = rules.counted_from(session.starts_at, session.first_starts_at)
    return SessionShown(
        id=session.id, reference=session.reference, client_id=session.client_id,
        psychologist_id=session.psychologist_id, client=PersonShown(id=session.client_id, name=session.client_name),
        psychologist=PersonShown(id=session.psychologist_id, name=session.psychologist_name),
        requested_by_id=session.requested_by, session_type=session.session_type, mode=session.mode,
        place=shown_place(session.place), session_date=session.starts_at, ends_at=session.ends_at,
        minutes=session.minutes, price=session.price, session_rate=session.session_rate, currency="KES",
        status=session.status, payment_status=session.payment_status,
        charges=[ChargeShown(
            amount=session.price, paid=session.received, status=session.payment_status,
            payer=PersonShown(id=session.payer[0], name=session.payer[1]) if session.payer else None,
        )],
        terms=[TermShown(until=line.until, refund=line.refund)
               for line in rules.deadlines(session.tiers, counted, session.price, whole_until=whole_until)],
        hold_until=session.hold_until, meeting_link=session.meeting_link, created_at=session.created_at,
        updated_at=session.updated_at, note=note, reason=reason,
        against=session.against if session.parties != {rules.CLIENT} else (),
        phone_to_ring=session.rung.number if session.rung else None,
    )


async def answer(conn: Conn, actor: Actor, session_id: UUID, now: datetime, status: int = 200) -> Answer:
    return Answer(status, shown(await queries.visible(conn, actor, session_id, now)))


def _limit(limit: int) -> int:
    if not 1 <= limit <= 100:
        raise Invalid.field("limit", "out_of_range", "A list can be 1 to 100 long.")
    return limit


class SessionList(Shown):
    sessions: list[SessionShown]
    next: str | None


@read("/api/sessions")
async def list_sessions(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    status: FromQuery[str | None] = None, cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 20,
    from_: Annotated[str | None, QueryParameter(name="from")] = None, to: FromQuery[str | None] = None,
) -> SessionList:
    need(actor)
    wanted = queries.Wanted(
        statuses=[status] if status else None, after=read_cursor(place(request, cursor)), most=_limit(limit),
        from_at=None if from_ is None else read_moment("from", from_),
        to_at=None if to is None else read_moment("to", to),
    )
    async with kit.db.connection() as conn:
        found = await queries.listed(conn, actor, wanted, now)
    return _page(request, kit, found, wanted.most, lambda session: session.starts_at)


def _page(
    request: Req, kit: Kit, found: list[Session], most: int, at: Callable[[Session], datetime | None]
) -> SessionList:
    more = found[most - 1] if len(found) > most else None
    cursor = queries.cursor_at(more, at(more)) if more else None
    listed = [shown(queries.with_link(session, kit.vault)) for session in found[:most]]
    return SessionList(sessions=listed, next=bound(request, cursor))


@read("/api/sessions/pending-approval", opt=only("psychologist"))
async def pending(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 20,
) -> SessionList:
    need(actor, "psychologist")
    async with kit.db.connection() as conn:
        after = read_cursor(place(request, cursor))
        found = await queries.requests(conn, actor, now, after=after, most=_limit(limit))
    return _page(request, kit, found, limit, lambda session: session.sent_at)


@read("/api/sessions/stats")
async def stats(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> dict[str, Any]:
    need(actor)
    async with kit.db.connection() as conn:
        return {"byStatus": await queries.counts(conn, actor, now)}


@read("/api/sessions/{session_id:str}")
async def one_session(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str],
) -> SessionShown:
    need(actor)
    async with kit.db.transaction() as conn:
        session = await calling.with_number(conn, actor, await queries.visible(conn, actor, session_id, now), now)
        note = await actions.open_note(conn, actor, session, kit.vault, now)
        reason = await actions.open_reason(conn, actor, session, kit.vault, now)
        whole = await whole_back_until(conn, session, now)
    return shown(queries.with_link(session, kit.vault), note, reason, whole)


Verb = Callable[[Conn, Session], Awaitable[Any]]


async def do_verb(
    request: Req, kit: Kit, actor: Actor, now: datetime, session_id: str, verb: Verb, *, done: str | None
) -> Response[Any]:
    """Look, do, show. Whoever has `done` it already is answered with the session, and nothing is written."""
    need(actor)
    after: list[Session] = []

    async def run(conn: Conn) -> Answer:
        session = await queries.visible(conn, actor, session_id, now)
        if done is None or not await queries.done_already(conn, session.id, done, actor):
            await verb(conn, session)
        after[:] = [await queries.visible(conn, actor, session.id, now)]
        return Answer(200, shown(after[0]))

    async def with_link(body: Any) -> Any:
        """A link of the session's own is opened each time, and kept in the clear with no key."""
        if after:
            return shown(queries.with_link(after[0], kit.vault))
        async with kit.db.connection() as conn:
            session = await queries.visible(conn, actor, session_id, now)
        return body | {"meetingLink": queries.with_link(session, kit.vault).meeting_link}

    return await once(request, kit, actor, now, run, finish=with_link)


async def press(
    request: Req, kit: Kit, actor: Actor, now: datetime, session_id: str, door: Door, done: str | None, **typed: str
) -> Response[Any]:
    """A verb by the door that its button has, too; `typed` by the names of the button's form."""

    async def verb(conn: Conn, session: Session) -> None:
        await door(Press(conn, actor, session, now, kit, Form(typed)))

    return await do_verb(request, kit, actor, now, session_id, verb, done=done)


@put("/api/sessions/{session_id:str}/approve")
async def approve(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str],
) -> Response[SessionShown]:
    return await press(request, kit, actor, now, session_id, doors.approve, "approve")


@put("/api/sessions/{session_id:str}/decline", opt=of(queries.visible))
async def decline(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[ReasonBody],
) -> Response[SessionShown]:
    return await press(request, kit, actor, now, session_id, doors.decline, "decline", reason=data.reason)


class CancelledShown(Shown):
    """The session as it is now, and the shillings that come back."""

    session: SessionShown
    refund: int
    currency: str = "KES"


async def _cancel(request: Req, kit: Kit, actor: Actor, now: datetime, session_id: str, typed: str) -> Response[Any]:
    need(actor)

    async def run(conn: Conn) -> Answer:
        session = await queries.visible(conn, actor, session_id, now)
        if await queries.done_already(conn, session.id, "cancel", actor):
            return Answer(200, CancelledShown(session=shown(session), refund=session.given_back))
        back = await doors.cancel(Press(conn, actor, session, now, kit, Form({"reason": typed})))
        after = await queries.visible(conn, actor, session.id, now)
        return Answer(200, CancelledShown(session=shown(after), refund=back))

    return await once(request, kit, actor, now, run)


@post("/api/sessions/{session_id:str}/cancel", status_code=200, opt=of(queries.visible))
async def cancel(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], data: JSONBody[ReasonBody],
) -> Response[CancelledShown]:
    return await _cancel(request, kit, actor, now, session_id, data.reason)


@delete("/api/sessions/{session_id:str}", status_code=200)
async def remove(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str], reason: FromQuery[str] = "",
) -> Response[CancelledShown]:
    return await _cancel(request, kit, actor, now, session_id, reason)


class CancellationShown(Shown):
    """What cancelling would give back now, and the clock times at which that changes."""

    refund: int
    terms: list[TermShown]
    currency: str = "KES"


@read("/api/sessions/{session_id:str}/cancellation")
async def cancellation(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str],
) -> CancellationShown:
    need(actor)
    async with kit.db.connection() as conn:
        session = await queries.visible(conn, actor, session_id, now)
        whole = await whole_back_until(conn, session, now)
    counted = rules.counted_from(session.starts_at, session.first_starts_at)
    lines = rules.deadlines(session.tiers, counted, session.received, whole_until=whole)
    return CancellationShown(
        refund=actions.comes_back(session, now, whole),
        terms=[TermShown(until=line.until, refund=line.refund) for line in lines],
    )


class LineShown(Shown):
    at: datetime
    verb: str
    by: str


class TimelineShown(Shown):
    timeline: list[LineShown]


@read("/api/sessions/{session_id:str}/timeline")
async def timeline(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    session_id: FromPath[str],
) -> TimelineShown:
    need(actor)
    async with kit.db.connection() as conn:
        session = await queries.visible(conn, actor, session_id, now)
        lines = await history(conn, session.id)
        names = await queries.who_acted(conn, session, [line.by_account for line in lines])
    return TimelineShown(
        timeline=[LineShown(at=line.at, verb=line.verb, by=names[line.by_account]) for line in lines
                  if line.verb in rules.STEPS or line.verb in words.VERBS]
    )


api: list[Any] = [
    list_sessions, pending, stats, one_session, approve, decline, cancel, remove,
    cancellation, timeline,
]
