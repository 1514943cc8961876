"""A psychologist's own hours and days that differ, as JSON."""

from __future__ import annotations

import base64
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, delete, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from kikao.availability import actions, queries
from kikao.availability.queries import Listed
from kikao.availability.rules import Exceptional, Hours, clock_text, read_clock
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.idempotency import Answer
from kikao.core.paging import bound, place
from kikao.core.web import Json, Kit, Req, Shown, must_be_id, need, once, only, read


class StretchBody(Json):
    """`from` and `to` are local times of day; `to` may be 24:00. A place is not taken yet."""

    weekday: int
    from_: str = msgspec.field(name="from")
    to: str
    modes: tuple[str, ...] = ("Online",)
    place_id: str | None = None


class HoursBody(Json):
    """The whole week. `keep`: leave sessions that would lie outside where they are."""

    hours: list[StretchBody]
    keep: bool = False


class StretchShown(Shown):
    weekday: int
    from_: str = msgspec.field(name="from")
    to: str
    modes: tuple[str, ...]
    place_id: str | None = None


class HoursShown(Shown):
    time_zone: str
    hours: list[StretchShown]


class ExceptionBody(Json):
    """Without `from` and `to`: the whole day."""

    date: date
    kind: str
    from_: str = msgspec.field(name="from", default="00:00")
    to: str = "24:00"
    modes: tuple[str, ...] = ("Online",)
    keep: bool = False


class ExceptionShown(Shown):
    id: UUID
    date: date
    kind: str
    from_: str = msgspec.field(name="from")
    to: str
    modes: tuple[str, ...]


class ExceptionList(Shown):
    exceptions: list[ExceptionShown]
    next: str | None


def _stretch(number: int, body: StretchBody) -> Hours:
    if body.place_id is not None:
        raise Invalid.field(f"hours[{number}].placeId", "not_yet", "Places cannot be entered yet.")
    return Hours(
        body.weekday, read_clock(body.from_, f"hours[{number}].from"), read_clock(body.to, f"hours[{number}].to"),
        body.modes,
    )


async def _week(conn: Conn, psychologist_id: UUID) -> HoursShown:
    calendar = await queries.calendar(conn, psychologist_id)
    return HoursShown(
        time_zone=calendar.time_zone,
        hours=[
            StretchShown(weekday=hours.weekday, from_=clock_text(hours.from_minute), to=clock_text(hours.until_minute),
                         modes=hours.modes)
            for hours in await queries.week(conn, psychologist_id)
        ],
    )


@read("/api/psychologists/me/hours", opt=only("psychologist"))
async def own_hours(kit: NamedDependency[Kit], actor: NamedDependency[Actor]) -> HoursShown:
    need(actor, "psychologist")
    assert actor.person_id is not None
    async with kit.db.connection() as conn:
        return await _week(conn, actor.person_id)


@put("/api/psychologists/me/hours", opt=only("psychologist"))
async def put_hours(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[HoursBody],
) -> Response[Any]:
    need(actor, "psychologist")
    week = [_stretch(number, body) for number, body in enumerate(data.hours)]

    async def verb(conn: Conn) -> Answer:
        assert actor.person_id is not None
        await actions.set_hours(conn, actor, week, now, keep=data.keep)
        return Answer(200, await _week(conn, actor.person_id))

    return await once(request, kit, actor, now, verb)


def _shown(one: Listed) -> ExceptionShown:
    return ExceptionShown(
        id=one.id, date=one.day.on_date, kind=one.day.kind, from_=clock_text(one.day.from_minute),
        to=clock_text(one.day.until_minute), modes=one.day.modes,
    )


def _cursor(one: Listed) -> str:
    return base64.urlsafe_b64encode(f"{one.day.on_date.isoformat()}|{one.id}".encode()).decode()


def _read_cursor(text: str | None) -> tuple[date, UUID] | None:
    if text is None:
        return None
    try:
        day, _, exception_id = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        return date.fromisoformat(day), UUID(exception_id)
    except (ValueError, UnicodeError) as error:
        raise Invalid.field("cursor", "bad_cursor", "This cursor does not belong to this list.") from error


@read("/api/psychologists/me/exceptions", opt=only("psychologist"))
async def own_exceptions(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 20,
) -> ExceptionList:
    """From today on, the nearest first."""
    need(actor, "psychologist")
    assert actor.person_id is not None
    if not 1 <= limit <= 100:
        raise Invalid.field("limit", "out_of_range", "A list can be 1 to 100 long.")
    after = _read_cursor(place(request, cursor))
    async with kit.db.connection() as conn:
        found = await queries.exceptions(conn, actor.person_id, now, after=after, most=limit)
    following = _cursor(found[limit - 1]) if len(found) > limit else None
    return ExceptionList(exceptions=[_shown(one) for one in found[:limit]], next=bound(request, following))


@post("/api/psychologists/me/exceptions", opt=only("psychologist"))
async def add_exception(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[ExceptionBody],
) -> Response[Any]:
    need(actor, "psychologist")
    wanted = Exceptional(
        data.date, data.kind, read_clock(data.from_, "from"), read_clock(data.to, "to"), data.modes
    )

    async def verb(conn: Conn) -> Answer:
        exception_id = await actions.add_exception(conn, actor, wanted, now, keep=data.keep)
        return Answer(201, _shown(await queries.exception(conn, exception_id)))

    return await once(request, kit, actor, now, verb)


@delete("/api/psychologists/me/exceptions/{exception_id:str}", status_code=204, opt=only("psychologist"))
async def remove_exception(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    exception_id: FromPath[str], keep: FromQuery[bool] = False,
) -> None:
    need(actor, "psychologist")
    wanted = must_be_id(exception_id)
    await kit.db.again(lambda conn: actions.remove_exception(conn, actor, wanted, now, keep=keep))


api: list[Any] = [own_hours, put_hours, own_exceptions, add_exception, remove_exception]
