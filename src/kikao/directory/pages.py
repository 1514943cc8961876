"""The public pages: home, the list, a profile with its free times. They say what they are in the page only."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.availability.queries import Slot, Wanted, free
from kikao.availability.rules import IN_PERSON, MODES
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.errors import Invalid, NotFound
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later
from kikao.core.ids import read_id
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, read, read_form, see_other
from kikao.directory import queries, times
from kikao.directory.api import make_cursor, read_cursor
from kikao.directory.queries import Filter, Profile
from kikao.directory.rules import SESSION_TYPES, check_mode, check_session_type
from kikao.directory.times import chip, public

_NOBODY = later("Nobody can be booked at this address. “Find a time” shows everyone who can be.")
OFFERS = 4
TIMES_EACH = 3
# In anybody's own words; these are the ones that the catalogues know.
GENDERS = (later("woman"), later("man"))


def about(profile: Profile) -> str:
    return ", ".join(profile.specialities[:3])


def _from_price(profile: Profile) -> int | None:
    return min((rate.amount for rate in profile.rates), default=None)


@read("/")
async def home(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    async with kit.db.connection() as conn:
        numbers = await kit.numbers(conn, actor, now)
        profiles = await queries.listed(conn, Filter(), now, numbers, most=100)
        profiles = await queries.times_for(conn, profiles, actor.person_id)
        soonest = sorted((p for p in profiles if p.next_free), key=lambda p: p.next_free or now)[:OFFERS]
        wanted = [Wanted(p.id, p.rates[0].minutes, p.licensed_until) for p in soonest]
        slots = await free(
            conn, wanted, now, now + queries.LOOK_AHEAD, now=now, numbers=numbers.of(CalendarNumbers)
        )
    offers = [_offer(one, [slot for slot in slots if slot.psychologist_id == one.id], actor) for one in soonest]
    prices = [price for price in map(_from_price, profiles) if price is not None]
    return page(
        request, kit, actor, "directory/home.html", offers=offers, price_from=min(prices, default=None),
        team_url="/team", hours=None, zone_line=i18n.times_are(now, actor.time_zone),
        terms_line=_("If plans change, you see before you cancel how much comes back, and until when."),
    )


def _offer(profile: Profile, slots: list[Slot], actor: Actor) -> dict[str, Any]:
    rate = profile.rates[0]
    # What can be booked in two modes is offered once, in the first of them.
    first = {slot.start: slot for slot in sorted(slots, key=lambda slot: (slot.start, -MODES.index(slot.mode)))}
    return {
        "name": profile.name, "about": about(profile), "url": f"/t/{profile.slug}", "price": rate.amount,
        "slots": [chip(public(profile), rate.session_type, slot, actor.time_zone,
                       i18n.short_day(slot.start, actor.time_zone))
                  for slot in list(first.values())[:TIMES_EACH]],
    }


def _pack(wanted: Filter) -> str:
    """A filter as an address shows it: nothing that somebody who looks at the phone can read."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(wanted)).decode().rstrip("=")


def _unpack(text: str | None) -> Filter:
    try:
        return msgspec.msgpack.decode(base64.urlsafe_b64decode(f"{text or ''}=="), type=Filter) if text else Filter()
    except (ValueError, msgspec.DecodeError):
        return Filter()


def _typed(form: Form) -> Filter:
    def given(name: str) -> str | None:
        return form[name][:80] or None

    price, session_type, where = given("price"), given("type"), given("where")
    if session_type:
        check_session_type(session_type)
    place_id = read_id(where) if where else None
    if where and not place_id:
        check_mode(where)
    return Filter(
        q=given("q"), speciality=given("about"), language=given("language"), gender=given("gender"), sees=given("for"),
        session_type=session_type, mode=None if place_id else where, place_id=place_id, max_price=_price(price),
    )


def _price(typed: str | None) -> int | None:
    if typed and not (typed.isdecimal() and typed.isascii() and len(typed) < 9):
        raise Invalid.field("price", "not_a_number", "A price is a whole number of shillings.")
    return int(typed) if typed else None


@post("/team")
async def narrow(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """The filter is sent as a form, so that what somebody looks for stands in no address and no history."""
    wanted = _typed(await read_form(request))
    if wanted.place_id:
        try:
            async with kit.db.connection() as conn:
                await queries.check_place(conn, wanted.place_id)
        except Invalid as gone:  # closed since the form was opened: whatever else was chosen stays
            return await _team(request, kit, actor, now, msgspec.structs.replace(wanted, place_id=None), gone)
    return see_other(f"/team?f={_pack(wanted)}" if wanted != Filter() else "/team")


@read("/team")
async def team(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    return await _team(request, kit, actor, now, _unpack(request.query_params.get("f")))


async def _team(
    request: Req, kit: Kit, actor: Actor, now: datetime, wanted: Filter, refusal: Invalid | None = None
) -> Response[str]:
    after = read_cursor(request.query_params.get("after"))
    async with kit.db.connection() as conn:
        numbers = await kit.numbers(conn, actor, now)
        choices = await queries.choices(conn, now)
        found = await queries.listed(conn, wanted, now, numbers, after=after)
        found = await queries.times_for(conn, found, actor.person_id)
    kept = {"f": _pack(wanted)} if wanted != Filter() else {}
    more = f"/team?{urlencode(kept | {'after': make_cursor(found[19])})}" if len(found) > 20 else None
    return page(
        request, kit, actor, "directory/team.html", status=refusal.status if refusal else 200,
        refused=[_(one.detail) for one in refusal.fields] if refusal else [], url="/team",
        filters=_filters(wanted, choices), filtered=wanted != Filter(),
        people=[_person(profile, wanted, actor) for profile in found[:20]], next_url=more,
        first_url=f"/team?{urlencode(kept)}" if after else None, searched=wanted.q or "",
        zone_line=i18n.times_are(now, actor.time_zone),
    )


def _filters(wanted: Filter, choices: queries.Choices) -> list[dict[str, Any]]:
    def select(name: str, label: str, value: str | None, options: list[tuple[str, str]]) -> dict[str, Any]:
        return {"name": name, "label": label, "value": value or "", "options": [("", _("Any")), *options]}

    up_to = _("Up to KSh %(amount)s")
    prices = [(str(amount), up_to % {"amount": f"{amount:,}"}) for amount in (1500, 2500, 3500, 5000)]
    return [
        select("about", _("What it is about"), wanted.speciality, [(text, text) for text in choices.specialities]),
        select("language", _("Language"), wanted.language,
               [(code, i18n.language_name(code)) for code in choices.languages]),
        select("type", _("Kind"), wanted.session_type, [(text, _(text)) for text in SESSION_TYPES]),
        select("where", _("How and where"), str(wanted.place_id or wanted.mode or ""), _where(choices)),
        select("gender", _("Gender"), wanted.gender, [(text, _beginning(text)) for text in choices.genders]),
        select("for", _("For whom"), wanted.sees, [(text, _beginning(text)) for text in choices.sees]),
        select("price", _("Price"), str(wanted.max_price) if wanted.max_price else None, prices),
    ]


def _where(choices: queries.Choices) -> list[tuple[str, str]]:
    """Ways to meet, and places: those who meet somewhere meet in person."""
    at = _("In person at %(place)s")
    modes = [(mode, _(mode)) for mode in choices.modes]
    return modes + [(str(place.id), at % {"place": place.name}) for place in choices.places]


def _met(profile: Profile) -> str:
    """In which ways, and where."""
    places = ", ".join(place.name for place in profile.places)
    at = _("In person at %(place)s") % {"place": places}
    return " · ".join(at if mode == IN_PERSON and places else _(mode) for mode in profile.modes)


def _person(profile: Profile, wanted: Filter, actor: Actor) -> dict[str, Any]:
    rate = (wanted.session_type and profile.rate(wanted.session_type)) or profile.rates[0]
    return {
        "name": profile.name, "title": profile.title, "url": f"/t/{profile.slug}", "about": about(profile),
        "languages": ", ".join(i18n.language_name(code) for code in profile.languages),
        "modes": _met(profile), "gender": _gender(profile), "price": rate.amount, "minutes": rate.minutes,
        "next_free": i18n.day_and_clock(profile.next_free, actor.time_zone) if profile.next_free else None,
        "in_training": _supervised(profile),
    }


def _gender(profile: Profile) -> str:
    """As they wish it shown; nothing where they said nothing."""
    return _beginning(profile.gender) if profile.gender else ""


def _beginning(text: str) -> str:
    """As the beginning of a line; the rest stays as somebody wrote it."""
    words = _(text)
    return words[:1].upper() + words[1:]


def _supervised(profile: Profile) -> str | None:
    if profile.supervisor is None:
        return None
    return _("In training, under the supervision of %(name)s") % {"name": profile.supervisor}


@read("/t/{slug:str}")
async def profile_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    slug: FromPath[str],
) -> Response[str]:
    async with kit.db.connection() as conn:
        numbers = await kit.numbers(conn, actor, now)
        try:
            profile = await queries.one(conn, slug, now, numbers)
        except NotFound:
            raise NotFound(_NOBODY) from None
        profile = await queries.for_client(conn, profile, actor.person_id, now)
        if not profile.rates:
            raise NotFound(_NOBODY)
        shown = await times.look(
            conn, profile, actor, request.query_params.get, now, numbers, times.public(profile), actor.person_id
        )
    return page(
        request, kit, actor, "directory/profile.html", person=_profile_facts(profile), **shown.context(),
    )


def _profile_facts(profile: Profile) -> dict[str, Any]:
    spoken = ", ".join(i18n.language_name(code) for code in profile.languages)
    facts = [
        {"icon": "user", "text": _gender(profile)},
        {"icon": "chat", "text": spoken},
        {"icon": "user", "text": _("Sees %(who)s") % {"who": ", ".join(_(one) for one in profile.sees)}},
        {"icon": "video", "text": _met(profile)},
    ]
    return {
        "name": profile.name, "title": profile.title, "registration": f"{profile.board}, {profile.registration_number}",
        "in_training": _supervised(profile), "bio": [text for text in profile.bio.split("\n") if text.strip()],
        "facts": [fact for fact in facts if fact["text"]],
    }


pages: list[Any] = [home, team, narrow, profile_page]
