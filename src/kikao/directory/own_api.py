"""A psychologist's own profile and rates, and an admin's list of psychologists, as JSON."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType

from kikao.availability import actions as calendars
from kikao.availability.queries import calendar
from kikao.availability.rules import OwnNumbers, read_own
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import FieldError, Invalid
from kikao.core.idempotency import Answer
from kikao.core.money import CURRENCY
from kikao.core.paging import bound, place
from kikao.core.web import Json, Kit, Req, Shown, must_be_id, need, once, only, read
from kikao.directory import actions, own
from kikao.directory.api import read_cursor
from kikao.directory.own import Own, OwnRate
from kikao.directory.rules import camel

STATUSES = (actions.WAITING, actions.LISTED, actions.REFUSED, actions.DISABLED)


class ProfileBody(Json):
    """What is to change; what is left out stays. `public`: your own yes to be listed.

    Numbers of the calendar: null gives them back to the practice. `keep`: leave sessions where they are that would
    lie outside the hours of another time zone.
    """

    title: str | UnsetType = UNSET
    board: str | UnsetType = UNSET
    registration_number: str | UnsetType = UNSET
    licence_number: str | UnsetType | None = UNSET
    licence_until: date | UnsetType | None = UNSET
    bio: str | UnsetType = UNSET
    gender: str | UnsetType | None = UNSET
    specialities: list[str] | UnsetType = UNSET
    languages: list[str] | UnsetType = UNSET
    sees: list[str] | UnsetType = UNSET
    session_types: list[str] | UnsetType = UNSET
    modes: list[str] | UnsetType = UNSET
    takes: str | UnsetType = UNSET
    desk_may_answer: bool | UnsetType = UNSET
    meeting_link: str | UnsetType | None = UNSET
    public: bool | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    buffer_minutes: int | UnsetType | None = UNSET
    notice_minutes: int | UnsetType | None = UNSET
    horizon_days: int | UnsetType | None = UNSET
    step_minutes: int | UnsetType | None = UNSET
    keep: bool = False


class EntryShown(Shown):
    """One psychologist as an admin sees them."""

    id: UUID
    slug: str
    name: str
    status: str
    title: str
    board: str
    registration_number: str
    licence_number: str | None
    licence_until: date | None
    checked_at: datetime | None
    public: bool
    created_at: datetime


class OwnShown(EntryShown):
    bio: str
    gender: str | None
    specialities: tuple[str, ...]
    languages: tuple[str, ...]
    sees: tuple[str, ...]
    session_types: tuple[str, ...]
    modes: tuple[str, ...]
    takes: str
    desk_may_answer: bool
    meeting_link: str | None
    time_zone: str
    buffer_minutes: int | None
    notice_minutes: int | None
    horizon_days: int | None
    step_minutes: int | None


def _same(kind: type[Shown], found: Own) -> dict[str, Any]:
    """The fields that both have by one name, and whether they said yes."""
    shared = [name for name in kind.__struct_fields__ if name in Own.__struct_fields__]
    return {**{name: getattr(found, name) for name in shared}, "public": found.public_yes_at is not None}


async def _shown(conn: Conn, psychologist_id: UUID) -> OwnShown:
    found = await own.profile(conn, psychologist_id)
    theirs = await calendar(conn, psychologist_id)
    return OwnShown(
        **_same(OwnShown, found), time_zone=theirs.time_zone, **msgspec.structs.asdict(theirs.own)
    )


@read("/api/psychologists/me", opt=only("psychologist"))
async def own_profile(kit: NamedDependency[Kit], actor: NamedDependency[Actor]) -> OwnShown:
    need(actor, "psychologist")
    assert actor.person_id is not None
    async with kit.db.connection() as conn:
        return await _shown(conn, actor.person_id)


@put("/api/psychologists/me", opt=only("psychologist"))
async def put_profile(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[ProfileBody],
) -> Response[Any]:
    """The first one needs title, board and registration number."""
    need(actor, "psychologist")
    given = {name: value for name in actions.FIELDS if (value := getattr(data, name)) is not UNSET}
    public = None if isinstance(data.public, UnsetType) else data.public

    async def verb(conn: Conn) -> Answer:
        assert actor.person_id is not None
        await actions.save_profile(conn, actor, actions.ProfileChange(given, public), now)
        await _save_calendar(conn, actor, data, now)
        return Answer(200, await _shown(conn, actor.person_id))

    return await once(request, kit, actor, now, verb)


async def _save_calendar(conn: Conn, actor: Actor, data: ProfileBody, now: datetime) -> None:
    assert actor.person_id is not None
    before = await calendar(conn, actor.person_id)
    typed = {name: getattr(data, name) for name in OwnNumbers.__struct_fields__}
    values = {name: getattr(before.own, name) if value is UNSET else value for name, value in typed.items()}
    try:
        numbers = read_own(values)
    except Invalid as wrong:
        fields = [FieldError(camel(one.field), one.code, one.detail) for one in wrong.fields]
        raise Invalid(wrong.detail, fields=fields) from wrong
    zone = before.time_zone if isinstance(data.time_zone, UnsetType) else data.time_zone
    await calendars.set_numbers(conn, actor, zone, numbers, now, keep=data.keep)


# rates --------------------------------------------------------------------------------------------


class RateBody(Json):
    """Whole shillings and minutes."""

    session_type: str
    amount: int
    minutes: int


class RateShown(Shown):
    """`since` is null where the practice's own rate counts."""

    session_type: str
    amount: int
    minutes: int
    since: datetime | None
    currency: str = CURRENCY


class RatesShown(Shown):
    rates: list[RateShown]
    history: list[RateShown]


def _rate(rate: OwnRate) -> RateShown:
    return RateShown(session_type=rate.session_type, amount=rate.amount, minutes=rate.minutes, since=rate.from_at)


async def _rates(conn: Conn, kit: Kit, actor: Actor, now: datetime) -> RatesShown:
    assert actor.person_id is not None
    history = await own.rate_history(conn, actor.person_id)
    current = own.current_rates(history, await kit.numbers(conn, actor, now), now)
    return RatesShown(rates=[_rate(rate) for rate in current], history=[_rate(rate) for rate in history])


@read("/api/psychologists/me/rates", opt=only("psychologist"))
async def own_rates(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> RatesShown:
    need(actor, "psychologist")
    async with kit.db.connection() as conn:
        return await _rates(conn, kit, actor, now)


@post("/api/psychologists/me/rates", opt=only("psychologist"))
async def add_rate(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[RateBody],
) -> Response[Any]:
    """201 and the rates as they are now; 200 when this very rate counted already."""
    need(actor, "psychologist")

    async def verb(conn: Conn) -> Answer:
        made = await actions.add_rate(conn, actor, data.session_type, data.amount, data.minutes, now)
        return Answer(201 if made else 200, await _rates(conn, kit, actor, now))

    return await once(request, kit, actor, now, verb)


# an admin's ---------------------------------------------------------------------------------------


class EntryList(Shown):
    psychologists: list[EntryShown]
    next: str | None


def entry(found: Own) -> EntryShown:
    return EntryShown(**_same(EntryShown, found))


@read("/api/admin/psychologists", opt=only("admin"))
async def everybody(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 20,
) -> EntryList:
    need(actor, "admin")
    if status is not None and status not in STATUSES:
        raise Invalid.field("status", "unknown_status", "Psychologists are waiting, listed, refused or disabled.")
    if not 1 <= limit <= 100:
        raise Invalid.field("limit", "out_of_range", "A list can be 1 to 100 long.")
    async with kit.db.connection() as conn:
        found = await own.everybody(conn, status, after=read_cursor(place(request, cursor)), most=limit)
    last = found[limit - 1] if len(found) > limit else None
    cursor = base64.urlsafe_b64encode(f"{last.id}|{last.name}".encode()).decode() if last else None
    return EntryList(psychologists=[entry(one) for one in found[:limit]], next=bound(request, cursor))


Verb = Callable[[Conn, Actor, UUID, datetime], Awaitable[None]]


async def _verb(request: Req, kit: Kit, actor: Actor, now: datetime, typed: str, verb: Verb) -> Response[Any]:
    need(actor, "admin")
    psychologist_id = must_be_id(typed)

    async def run(conn: Conn) -> Answer:
        await verb(conn, actor, psychologist_id, now)
        return Answer(200, entry(await own.profile(conn, psychologist_id)))

    return await once(request, kit, actor, now, run)


@put("/api/admin/psychologists/{psychologist_id:str}/list", opt=only("admin"))
async def list_psychologist(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    psychologist_id: FromPath[str],
) -> Response[Any]:
    return await _verb(request, kit, actor, now, psychologist_id, actions.list_psychologist)


@put("/api/admin/psychologists/{psychologist_id:str}/refuse", opt=only("admin"))
async def refuse(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    psychologist_id: FromPath[str],
) -> Response[Any]:
    return await _verb(request, kit, actor, now, psychologist_id, actions.refuse)


own_api: list[Any] = [own_profile, put_profile, own_rates, add_rate]
admin_api: list[Any] = [everybody, list_psychologist, refuse]
