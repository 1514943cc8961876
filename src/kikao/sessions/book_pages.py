"""The practice books a time: with whom, when, check. For desk and admin, and psychologists for their clients."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts.queries import name_of
from kikao.availability.queries import Place, Wanted, free, places
from kikao.availability.rules import IN_PERSON
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core import i18n, money
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Forbidden, Invalid, NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later
from kikao.core.ids import read_id
from kikao.core.practice import Snapshot
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, need, read, read_form
from kikao.directory import queries as directory
from kikao.directory import times
from kikao.directory.queries import Filter, Profile, Rate
from kikao.directory.rules import MODE_CODES, TYPE_CODES, code_of, mode_code
from kikao.sessions import actions, asking, booking, by_hand, clocks, queries, rules, words
from kikao.sessions.by_hand import ByHand
from kikao.sessions.terms import current_tiers

MAY = ("psychologist", "desk", "admin")
_AT = re.compile(r"(\d{1,2})[:.]?(\d{2})")
# The same refusals read differently where somebody books for another.
_TOLD = {
    "own_overlap": later("This person already has something at that time."),
    "too_many_open": later(
        "This person has as many unpaid times as can be kept at once. One has to be paid or cancelled first."
    ),
    "slot_taken": later("That time is kept for somebody else."),
}  # fmt: skip


class Scene(msgspec.Struct, frozen=True):
    """For whom is booked, with whom that can be, and with whom it is to be. `not_me`: whoever looks would book with
    themselves, and nobody can."""

    person_id: UUID
    name: str
    profiles: list[Profile]
    profile: Profile | None
    practice: Snapshot
    not_me: bool = False

    @property
    def here(self) -> str:
        return f"/book/{self.person_id}"


class Check(msgspec.Struct, frozen=True):
    """One time, as it would be booked. `blocked`: why it cannot; `against`: what needs a reason."""

    wanted: ByHand
    rate: Rate
    places: list[Place]
    against: tuple[str, ...]
    blocked: Refusal | None
    others: list[datetime]
    terms: tuple[rules.Deadline, ...]


Given = Callable[[str], str]


async def _scene(conn: Conn, kit: Kit, actor: Actor, person_id: UUID, slug: str, now: datetime) -> Scene:
    practice = await kit.numbers(conn, actor, now)
    may = await by_hand.bookable(conn, actor, person_id, now)
    listed = await directory.listed(conn, Filter(), now, practice, most=500) if actor.has("desk", "admin") else []
    found = [one for one in listed if one.id in may]
    not_me = actor.person_id in may and not any(one.id == actor.person_id for one in found)
    if not_me:
        with suppress(NotFound):  # the page says so, and colleagues stay
            found.append(await directory.one(conn, str(actor.person_id), now, practice))
            not_me = False
    chosen = next((one for one in found if one.slug == slug), found[0] if len(found) == 1 and not slug else None)
    if chosen is not None:
        chosen = await directory.for_client(conn, chosen, person_id, now)
    return Scene(person_id, await name_of(conn, person_id), found, chosen, practice, not_me)


def _typed_start(given: Given, zone: str) -> datetime | None:
    """A day and an hour by hand, in the reader's zone; None where nothing was typed. Raises Invalid."""
    if not given("on") and not given("at"):
        return asking.read_start(given("start"))
    try:
        day = date.fromisoformat(given("on"))
    except ValueError:
        if not given("on"):
            raise Invalid.field("on", "missing", "Please choose a day.") from None
        raise Invalid.field("on", "not_a_day", "Please write the day like 2026-11-24.") from None
    if not given("at"):
        raise Invalid.field("at", "missing", "Please choose a time.")
    clock = _AT.fullmatch(given("at"))
    if clock is None or int(clock[1]) > 23 or int(clock[2]) > 59 or not 2000 < day.year < 3000:
        raise Invalid.field("at", "not_a_clock", "Please write the time like 14:30.")
    return datetime.combine(day, time(int(clock[1]), int(clock[2])), ZoneInfo(zone))


def _wanted(scene: Scene, profile: Profile, start: datetime, given: Given) -> tuple[ByHand, Rate]:
    rate = profile.rate(TYPE_CODES.get(given("k"), "")) or profile.rates[0]
    mode = MODE_CODES.get(given("m"), profile.modes[0])
    return ByHand(
        psychologist_id=profile.id, person_id=scene.person_id, session_type=rate.session_type, starts_at=start,
        mode=mode, place_id=read_id(given("place")) if mode == IN_PERSON else None, reason=given("reason"),
    ), rate


async def _check(
    conn: Conn, kit: Kit, actor: Actor, now: datetime, scene: Scene, profile: Profile, start: datetime, given: Given,
) -> Check:
    wanted, rate = _wanted(scene, profile, start, given)
    found = await places(conn) if wanted.mode == IN_PERSON else []
    if found and wanted.place_id is None:
        wanted = msgspec.structs.replace(wanted, place_id=await _place(conn, wanted, rate, now, scene) or found[0].id)
    against: tuple[str, ...] = ()
    blocked: Refusal | None = None
    others: list[datetime] = []
    try:
        against = await by_hand.weigh(conn, actor, wanted, now, scene.practice, kit.vault)
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        blocked = refusal
    if isinstance(blocked, actions.SlotTaken | actions.OwnOverlap):
        others = await booking.nearest(
            conn, profile.id, rate.minutes, profile.licensed_until, start, now, scene.practice, scene.person_id,
            wanted.mode,
        )
    tiers = await current_tiers(conn, now)
    return Check(wanted, rate, found, against, blocked, others, rules.deadlines(tiers, start, rate.amount))


async def _place(conn: Conn, wanted: ByHand, rate: Rate, now: datetime, scene: Scene) -> UUID | None:
    """Where the hours say."""
    if not booking.near(wanted.starts_at, now):
        return None
    slots = await free(
        conn, [Wanted(wanted.psychologist_id, rate.minutes)], wanted.starts_at,
        wanted.starts_at + timedelta(minutes=1), now=now, numbers=scene.practice.of(CalendarNumbers),
        modes=(wanted.mode,),
    )
    return slots[0].place_id if slots else None


# faces --------------------------------------------------------------------------------------------


def _people(scene: Scene, given: Given, zone: str) -> list[dict[str, Any]]:
    kept = {name: given(name) for name in ("from", "day") if given(name)}
    return [
        {"name": one.name, "title": one.title, "url": f"{scene.here}?{urlencode({'t': one.slug} | kept)}",
         "next_free": i18n.when(one.next_free, zone) if one.next_free else None}
        for one in scene.profiles
    ]


def _by_hand_form(profile: Profile, given: Given, actor: Actor, refusal: Refusal | None) -> dict[str, Any]:
    codes = [(mode_code(mode), _(mode)) for mode in profile.modes]
    rate = profile.rate(TYPE_CODES.get(given("k"), "")) or profile.rates[0]
    return {
        "t": profile.slug, "k": code_of(rate.session_type), "modes": codes, "m": given("m") or codes[0][0],
        "on": given("on") or given("day"), "at": given("at"), "errors": asking.errors(refusal),
    }


def _check_face(
    check: Check, scene: Scene, profile: Profile, actor: Actor, now: datetime, practice_zone: str
) -> dict[str, Any]:
    zone, wanted = actor.time_zone, check.wanted
    kind = _("%(type)s, %(minutes)s minutes") % {"type": _(wanted.session_type), "minutes": check.rate.minutes}
    place = next((one for one in check.places if one.id == wanted.place_id), None)
    there = practice_zone if place else profile.time_zone
    hidden = {"t": profile.slug, "k": code_of(wanted.session_type), "m": mode_code(wanted.mode)}
    if not check.others:
        hidden["start"] = wanted.starts_at.isoformat()
    return {
        "rows": [
            (_("For"), scene.name), (_("With"), profile.name),
            *([] if check.others else [(_("When"), i18n.when(wanted.starts_at, zone)),
                                       *clocks.others(wanted.starts_at, zone, there, practice_zone)]),
            (_("Kind"), kind), (_("How"), _(wanted.mode)),
            *([(_("Where"), f"{place.name}, {place.address}")] if place and len(check.places) == 1 else []),
            (_("Price"), money.shown(check.rate.amount)),
        ],
        "places": [(str(one.id), f"{one.name}, {one.address}") for one in check.places],
        "place": str(wanted.place_id or ""), "hidden": hidden,
        "against": [_(words.RULES[one]) for one in check.against],
        "blocked": _told(check.blocked) if check.blocked else None, "no_consent": _lacks_consent(check.blocked),
        "no_number": asking.lacks_number(check.blocked),
        "lost": i18n.when(wanted.starts_at, zone),
        "others": [
            {"label": f"{i18n.short_day(at, zone)} {i18n.clock(at, zone)}", "value": at.isoformat()}
            for at in check.others
        ],
        "terms": None if check.others else words.terms_of(check.terms, zone, now, mine=False),
        "zone_line": i18n.times_are(now, zone),
    }


def _told(refusal: Refusal) -> str:
    if _lacks_consent(refusal):
        return _("This person has not agreed to what is kept about them.")
    if refusal.code in _TOLD:
        return _(_TOLD[refusal.code])
    return _(refusal.fields[0].detail if refusal.fields else refusal.detail)


def _lacks_consent(refusal: Refusal | None) -> bool:
    return refusal is not None and any(one.field == "consent" for one in refusal.fields)


async def _page(
    request: Req, kit: Kit, actor: Actor, now: datetime, person_id: UUID, given: Given, refusal: Refusal | None = None
) -> Response[str]:
    check_face = times_face = None
    async with kit.db.connection() as conn:
        scene = await _scene(conn, kit, actor, person_id, given("t"), now)
        profile = scene.profile
        try:
            start = _typed_start(given, actor.time_zone)
        except Invalid as unreadable:
            start, refusal = None, unreadable
        if profile is not None and start is not None:
            check = await _check(conn, kit, actor, now, scene, profile, start, given)
            check_face = _check_face(check, scene, profile, actor, now, kit.time_zone)
            if check.blocked and isinstance(refusal, actions.SlotTaken):  # it was free a moment ago
                check_face["blocked"] = _(refusal.detail)
        elif profile is not None:
            way = times.Way(scene.here, scene.here, {"t": profile.slug})
            shown = await times.look(conn, profile, actor, given, now, scene.practice, way, person_id)
            times_face = shown.context()
    back = {"t": profile.slug if profile else "", "k": given("k"), "m": given("m")}
    desk = actor.has("desk", "admin")
    return page(
        request, kit, actor, "sessions/book.html", status=refusal.status if refusal else 200, name=scene.name,
        url=scene.here, back={"url": f"/practice/caller/{person_id}" if desk else f"/me/clients/{person_id}",
                              "label": scene.name},
        people=_people(scene, given, actor.time_zone), not_me=scene.not_me, check=check_face, times=times_face,
        chosen_name=profile.name if profile else None, others_url=scene.here if len(scene.profiles) > 1 else None,
        by_hand=_by_hand_form(profile, given, actor, refusal) if profile else None,
        times_url=f"{scene.here}?{urlencode(back)}#times", errors=_check_errors(refusal), reason=given("reason"),
    )


def _check_errors(refusal: Refusal | None) -> list[dict[str, str]]:
    """What is to be put right; what cannot be is said where it stands."""
    return [error for error in asking.errors(refusal) if error["field"] in ("reason", "placeId", "start")]


@read("/book/{person_id:str}")
async def book_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[str]:
    need(actor, *MAY)
    query = request.query_params
    return await _page(request, kit, actor, now, must_be_id(person_id), lambda name: (query.get(name) or "")[:200])


@post("/book/{person_id:str}")
async def book(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[Any]:
    need(actor, *MAY)
    whose, form = must_be_id(person_id), await read_form(request)

    async def verb(conn: Conn) -> str:
        scene = await _scene(conn, kit, actor, whose, form["t"], now)
        start = asking.read_start(form["start"])
        if scene.profile is None or start is None:
            raise Invalid.field("start", "missing", "Please choose a time.")
        wanted, _rate = _wanted(scene, scene.profile, start, form.__getitem__)
        booked = await by_hand.book(conn, actor, wanted, now, scene.practice, kit.vault)
        return f"/s/{await queries.reference_of(conn, booked.session_id)}"

    try:
        return await form_once(request, kit, actor, now, verb)
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        return await _refused(request, kit, actor, now, whose, form, refusal)


async def _refused(
    request: Req, kit: Kit, actor: Actor, now: datetime, person_id: UUID, form: Form, refusal: Refusal
) -> Response[str]:
    return await _page(request, kit, actor, now, person_id, form.__getitem__, refusal)


pages: list[Any] = [book_page, book]
