"""A psychologist's own hours and days that differ, and the practice's places, as JSON."""

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
from kikao.availability.rules import Exceptional, Hours, TravelNumbers, clock_text, read_clock
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.idempotency import Answer
from kikao.core.ids import read_id
from kikao.core.paging import bound, place
from kikao.core.web import Json, Kit, Req, Shown, must_be_id, need, once, only, read


class StretchBody(Json):
    """`from` and `to` are local times of day; `to` may be 24:00. In Person needs a place."""

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
    place_id: UUID | None


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
    place_id: str | None = None
    keep: bool = False


class ExceptionShown(Shown):
    id: UUID
    date: date
    kind: str
    from_: str = msgspec.field(name="from")
    to: str
    modes: tuple[str, ...]
    place_id: UUID | None


class ExceptionList(Shown):
    exceptions: list[ExceptionShown]
    next: str | None


def read_place(typed: str | None, field: str) -> UUID | None:
    if typed is None:
        return None
    found = read_id(typed)
    if found is None:
        raise Invalid.field(field, "unknown_place", "There is no such place.")
    return found


def _stretch(number: int, body: StretchBody) -> Hours:
    return Hours(
        body.weekday, read_clock(body.from_, f"hours[{number}].from"), read_clock(body.to, f"hours[{number}].to"),
        body.modes, read_place(body.place_id, f"hours[{number}].placeId"),
    )


async def _week(conn: Conn, psychologist_id: UUID) -> HoursShown:
    calendar = await queries.calendar(conn, psychologist_id)
    return HoursShown(
        time_zone=calendar.time_zone,
        hours=[
            StretchShown(weekday=hours.weekday, from_=clock_text(hours.from_minute), to=clock_text(hours.until_minute),
                         modes=hours.modes, place_id=hours.place_id)
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
        travel = (await kit.numbers(conn, actor, now)).of(TravelNumbers)
        await actions.set_hours(conn, actor, week, now, travel=travel, keep=data.keep)
        return Answer(200, await _week(conn, actor.person_id))

    return await once(request, kit, actor, now, verb)


def _shown(one: Listed) -> ExceptionShown:
    return ExceptionShown(
        id=one.id, date=one.day.on_date, kind=one.day.kind, from_=clock_text(one.day.from_minute),
        to=clock_text(one.day.until_minute), modes=one.day.modes, place_id=one.day.place_id,
    )


def make_cursor(one: Listed) -> str:
    return base64.urlsafe_b64encode(f"{one.day.on_date.isoformat()}|{one.id}".encode()).decode()


def read_cursor(text: str | None) -> tuple[date, UUID] | None:
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
    after = read_cursor(place(request, cursor))
    async with kit.db.connection() as conn:
        found = await queries.exceptions(conn, actor.person_id, now, after=after, most=limit)
    following = make_cursor(found[limit - 1]) if len(found) > limit else None
    return ExceptionList(exceptions=[_shown(one) for one in found[:limit]], next=bound(request, following))


@post("/api/psychologists/me/exceptions", opt=only("psychologist"))
async def add_exception(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[ExceptionBody],
) -> Response[Any]:
    need(actor, "psychologist")
    wanted = Exceptional(
        data.date, data.kind, read_clock(data.from_, "from"), read_clock(data.to, "to"), data.modes,
        read_place(data.place_id, "placeId"),
    )

    async def verb(conn: Conn) -> Answer:
        travel = (await kit.numbers(conn, actor, now)).of(TravelNumbers)
        exception_id = await actions.add_exception(conn, actor, wanted, now, travel=travel, keep=data.keep)
        return Answer(201, _shown(await queries.exception(conn, exception_id)))

    return await once(request, kit, actor, now, verb)


@delete("/api/psychologists/me/exceptions/{exception_id:str}", status_code=204, opt=only("psychologist"))
async def remove_exception(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    exception_id: FromPath[str], keep: FromQuery[bool] = False,
) -> None:
    need(actor, "psychologist")
    wanted = must_be_id(exception_id)

    async def verb(conn: Conn) -> None:
        travel = (await kit.numbers(conn, actor, now)).of(TravelNumbers)
        await actions.remove_exception(conn, actor, wanted, now, travel=travel, keep=keep)

    await kit.db.again(verb)


# places -------------------------------------------------------------------------------------------


class PlaceBody(Json):
    name: str
    address: str


class PlaceShown(Shown):
    id: UUID
    name: str
    address: str


def shown_place(place: queries.Place | None) -> PlaceShown | None:
    return PlaceShown(id=place.id, name=place.name, address=place.address) if place else None


class PlaceList(Shown):
    places: list[PlaceShown]


async def _places(conn: Conn) -> PlaceList:
    found = [shown_place(place) for place in await queries.places(conn)]
    return PlaceList(places=[place for place in found if place])


@read("/api/places", opt=only("psychologist", "desk", "admin"))
async def all_places(kit: NamedDependency[Kit], actor: NamedDependency[Actor]) -> PlaceList:
    """Those that can be chosen."""
    need(actor, "psychologist", "desk", "admin")
    async with kit.db.connection() as conn:
        return await _places(conn)


@post("/api/places", opt=only("admin"))
async def add_place(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[PlaceBody],
) -> Response[Any]:
    need(actor, "admin")

    async def verb(conn: Conn) -> Answer:
        place_id = await actions.add_place(conn, actor, data.name, data.address, now)
        return Answer(201, PlaceShown(id=place_id, name=data.name.strip(), address=data.address.strip()))

    return await once(request, kit, actor, now, verb)


@put("/api/places/{place_id:str}", opt=only("admin"))
async def correct_place(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    place_id: FromPath[str], data: JSONBody[PlaceBody],
) -> Response[Any]:
    """The same place, better said; sessions there stay there."""
    need(actor, "admin")
    wanted = must_be_id(place_id)

    async def verb(conn: Conn) -> Answer:
        await actions.correct_place(conn, actor, wanted, data.name, data.address, now)
        return Answer(200, shown_place(await queries.place(conn, wanted)))

    return await once(request, kit, actor, now, verb)


@delete("/api/places/{place_id:str}", status_code=204, opt=only("admin"))
async def close_place(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    place_id: FromPath[str],
) -> None:
    """Nobody can choose it any more; sessions there stay there."""
    need(actor, "admin")
    wanted = must_be_id(place_id)
    await kit.db.again(lambda conn: actions.close_place(conn, actor, wanted, now))


api: list[Any] = [
    own_hours, put_hours, own_exceptions, add_exception, remove_exception, all_places, add_place, correct_place,
    close_place,
]
