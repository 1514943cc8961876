"""Who can be booked, when, for how much, as JSON; open to anyone."""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from kikao.accounts.acting import one_of
from kikao.availability.api import PlaceShown, read_place, shown_place
from kikao.availability.queries import Place, Run, Wanted, places_of, runs
from kikao.availability.rules import MODES, read_days, window
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.ids import read_id
from kikao.core.money import CURRENCY
from kikao.core.paging import bound, place
from kikao.core.practice import Snapshot
from kikao.core.web import ANYONE, Kit, Req, Shown, must_be_id, read
from kikao.directory import queries
from kikao.directory.queries import Filter, Profile
from kikao.directory.rules import check_mode, check_session_type


class RateShown(Shown):
    session_type: str
    amount: int
    minutes: int
    currency: str = CURRENCY


class ProfileShown(Shown):
    id: UUID
    slug: str
    name: str
    title: str
    registration_number: str
    in_training: str | None
    bio: str
    specialities: tuple[str, ...]
    languages: tuple[str, ...]
    gender: str | None
    sees: tuple[str, ...]
    modes: tuple[str, ...]
    places: list[PlaceShown]
    time_zone: str
    rates: list[RateShown]
    next_free: datetime | None


def shown(profile: Profile) -> ProfileShown:
    return ProfileShown(
        id=profile.id, slug=profile.slug, name=profile.name, title=profile.title,
        registration_number=profile.registration_number, in_training=profile.supervisor, bio=profile.bio,
        specialities=profile.specialities, languages=profile.languages, gender=profile.gender, sees=profile.sees,
        modes=profile.modes, time_zone=profile.time_zone, next_free=profile.next_free,
        places=[PlaceShown(id=one.id, name=one.name, address=one.address) for one in profile.places],
        rates=[RateShown(session_type=rate.session_type, amount=rate.amount, minutes=rate.minutes)
               for rate in profile.rates],
    )


class ProfileList(Shown):
    psychologists: list[ProfileShown]
    next: str | None


def make_cursor(profile: Profile) -> str:
    return base64.urlsafe_b64encode(f"{profile.id}|{profile.name}".encode()).decode()


def read_cursor(text: str | None) -> tuple[str, UUID] | None:
    if text is None:
        return None
    try:
        person_id, _, name = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        return name, UUID(person_id)
    except (ValueError, UnicodeError) as error:
        raise Invalid.field("cursor", "bad_cursor", "This cursor does not belong to this list.") from error


@read("/api/public/psychologists", opt=ANYONE)
async def list_psychologists(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    q: FromQuery[str | None] = None, speciality: FromQuery[str | None] = None,
    language: FromQuery[str | None] = None,
    session_type: Annotated[str | None, QueryParameter(name="sessionType")] = None,
    mode: FromQuery[str | None] = None,
    place_asked: Annotated[str | None, QueryParameter(name="placeId")] = None,
    gender: FromQuery[str | None] = None, sees: FromQuery[str | None] = None,
    max_price: Annotated[int | None, QueryParameter(name="maxPrice")] = None,
    cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 20,
) -> ProfileList:
    if session_type is not None:
        check_session_type(session_type)
    if mode is not None:
        check_mode(mode)
    if not 1 <= limit <= 100:
        raise Invalid.field("limit", "out_of_range", "A list can be 1 to 100 long.")
    wanted = Filter(
        q=q, speciality=speciality, language=language, session_type=session_type, mode=mode, gender=gender,
        sees=sees, max_price=max_price, place_id=read_place(place_asked, "placeId") if place_asked else None,
    )
    async with kit.db.connection() as conn:
        if wanted.place_id:
            await queries.check_place(conn, wanted.place_id, mode)
        numbers = await kit.numbers(conn, actor, now)
        found = await queries.listed(conn, wanted, now, numbers, most=limit, after=read_cursor(place(request, cursor)))
        found = await queries.times_for(conn, found, actor.person_id)
    following = make_cursor(found[limit - 1]) if len(found) > limit else None
    return ProfileList(psychologists=[shown(profile) for profile in found[:limit]], next=bound(request, following))


@read("/api/public/psychologists/{psychologist_id:str}", opt=ANYONE)
async def one_psychologist(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    psychologist_id: FromPath[str],
) -> ProfileShown:
    async with kit.db.connection() as conn:
        numbers = await kit.numbers(conn, actor, now)
        profile = await queries.one(conn, psychologist_id, now, numbers)
        found = await queries.with_next_free(conn, [profile], now, numbers)
        return shown((await queries.times_for(conn, found, actor.person_id))[0])


class SlotShown(Shown, kw_only=False, gc=False):  # hundreds in an answer
    """`place` where the mode is In Person."""

    start: datetime
    mode: str
    place: PlaceShown | None


class SlotList(Shown):
    time_zone: str
    minutes: int
    amount: int
    slots: list[SlotShown]
    currency: str = CURRENCY


@read("/api/psychologists/{psychologist_id:str}/slots", opt=ANYONE)
async def slots(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    psychologist_id: FromPath[str],
    session_type: Annotated[str, QueryParameter(name="sessionType")] = "Individual",
    mode: FromQuery[str | None] = None,
    from_day: Annotated[date | None, QueryParameter(name="from")] = None,
    to_day: Annotated[date | None, QueryParameter(name="to")] = None,
    for_person: Annotated[str | None, QueryParameter(name="forPersonId")] = None,
) -> Response[SlotList]:
    """Without `mode`: in every mode; what can be booked in two comes twice."""
    check_session_type(session_type)
    if mode is not None:
        check_mode(mode)
    async with kit.db.connection() as conn:
        numbers = await kit.numbers(conn, actor, now)
        client_id = await _client(conn, actor, for_person, now)
        offer = await _offer(conn, psychologist_id, session_type, client_id, now, numbers)
        zone = ZoneInfo(offer.time_zone)
        first, last = read_days(from_day, to_day, now.astimezone(zone).date())
        lower, upper = window(first, last, zone)
        found = [] if offer.no_times else await runs(
            conn, [Wanted(offer.psychologist_id, offer.minutes, offer.licensed_until)], lower, upper,
            now=now, numbers=numbers.of(CalendarNumbers), modes=(mode,) if mode else MODES, client_id=client_id,
        )
        places = await places_of(conn, found)
    return Response(
        SlotList(time_zone=offer.time_zone, minutes=offer.minutes, amount=offer.amount,
                 slots=_in_order(found, places)),
        headers={"Cache-Control": "private, no-store"},
    )


async def _client(conn: Conn, actor: Actor, for_person: str | None, now: datetime) -> UUID | None:
    """Whose times are looked for: one's own, or somebody's whom one acts for. Raises NotFound."""
    if for_person is None or not actor.signed_in:
        return actor.person_id
    person_id = must_be_id(for_person)
    assert actor.person_id is not None
    return person_id if person_id == actor.person_id else (
        await one_of(conn, actor.person_id, person_id, now)).person_id


async def _offer(
    conn: Conn, id_or_slug: str, session_type: str, client_id: UUID | None, now: datetime, practice: Snapshot
) -> queries.Offer:
    """Raises NotFound, or Invalid where the type is not offered."""
    typed = read_id(id_or_slug)
    found = await queries.offer(conn, typed, session_type, client_id, now, practice) if typed else None
    if found is None:
        profile = await queries.one(conn, id_or_slug, now, practice)
        found = await queries.offer(conn, profile.id, session_type, client_id, now, practice)
    if found is None:
        raise Invalid.field("sessionType", "not_offered", "This psychologist does not offer this type.")
    return found


def _in_order(found: list[Run], places: dict[UUID, Place]) -> list[SlotShown]:
    """With the psychologist's own offset, so that a repeated hour is two different texts."""
    shown = {place_id: shown_place(place) for place_id, place in places.items()}
    slots = [
        SlotShown(start, run.mode, shown[run.place_id] if run.place_id else None)
        for run in found for start in run.starts(_offset(run.shift))
    ]
    # Runs come in order, and those of one mode do not overlap.
    return sorted(slots, key=lambda slot: (slot.start, slot.mode)) if len({run.mode for run in found}) > 1 else slots


@cache
def _offset(shift: timedelta) -> timezone:
    """One object each: times of one and the same are compared without asking it."""
    return timezone(shift)


api: list[Any] = [list_psychologists, one_psychologist, slots]
