"""Days that differ from the week, and a psychologist's own numbers and zone, as pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts.account_pages import ZONES
from kikao.availability import actions, queries
from kikao.availability.actions import SessionsOutside
from kikao.availability.api import make_cursor, read_cursor
from kikao.availability.pages import HERE, how, kept_outside, mode_labels, place_options, read_until, tabs, typed_modes
from kikao.availability.queries import Listed
from kikao.availability.rules import (
    IN_PERSON,
    Exceptional,
    Numbers,
    OwnNumbers,
    TravelNumbers,
    check_exception,
    clock_text,
    read_clock,
    read_own,
)
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.clock import is_zone
from kikao.core.db import Conn
from kikao.core.errors import Busy, Invalid, NotFound, Refusal, all_of, refused
from kikao.core.i18n import gettext as _
from kikao.core.i18n import ngettext
from kikao.core.ids import new_id, read_id
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, need, read, read_form

DAYS = f"{HERE}/days"
NUMBERS = f"{HERE}/numbers"
SHOWN = 50
Place = tuple[date, UUID]
ANY_DAY = date(2026, 1, 1)  # by which the rest is judged where no day was typed
FRESH = Form({"kind": "off", "online": "yes"})


def errors_of(refusal: Refusal | None, names: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"field": names.get(error.field, error.field), "detail": _(error.detail)}
        for error in (refusal.fields if isinstance(refusal, Invalid) else ())
    ]


# days that differ ---------------------------------------------------------------------------------


async def _days_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, *, typed: Form = FRESH, refusal: Refusal | None = None,
    leaving: str | None = None, gone: bool = False, done: bool = False,
) -> Response[str]:
    assert actor.person_id is not None
    after, here = _place(request)
    async with kit.db.connection() as conn:
        zone = (await queries.calendar(conn, actor.person_id)).time_zone
        found = await queries.exceptions(conn, actor.person_id, now, after=after, most=SHOWN)
        if after and not found:  # the last of this page was taken out
            after, here = None, {}
            found = await queries.exceptions(conn, actor.person_id, now, most=SHOWN)
        places = await queries.places(conn)
    names = {place.id: place.name for place in places}
    going_on = make_cursor(found[SHOWN - 1]) if len(found) > SHOWN else None
    return page(
        request, kit, actor, "availability/days.html", status=refusal.status if refusal else 200, tabs=tabs(DAYS),
        days=[_line(one, names.get(one.day.place_id) if one.day.place_id else None, here) for one in found[:SHOWN]],
        next_url=f"{DAYS}?{urlencode({'after': going_on})}" if going_on else None, first_url=DAYS if after else None,
        typed={name: typed[name] for name in ("date", "kind", "from", "to", "place")},
        ticked=[field for field, _label in mode_labels() if typed.ticked(field)], modes=mode_labels(),
        places=place_options(places), errors=errors_of(refusal, {"modes": "online", "placeId": "place"}),
        outside=kept_outside(refusal, actor.time_zone), leaving=leaving, gone=gone, done=done,
        zone_line=_("Times are %(zone)s.") % {"zone": i18n.zone_of_year(now, zone)},
    )


def _place(request: Req) -> tuple[Place | None, dict[str, str]]:
    """Where in the list somebody is, and what an address carries along to stay there; what is no place begins anew."""
    typed = request.query_params.get("after")
    try:
        after = read_cursor(typed)
    except Invalid:
        after = None
    return after, {"after": typed} if after and typed else {}


def _line(one: Listed, place: str | None, here: dict[str, str]) -> dict[str, Any]:
    day = one.day
    whole = (day.from_minute, day.until_minute) == (0, 1440)
    times = _("all day") if whole else f"{clock_text(day.from_minute)}–{clock_text(day.until_minute % 1440)}"
    text = _("Off, %(times)s") if day.kind == "off" else _("Extra, %(times)s")
    return {
        "day": f"{i18n.full_day(day.on_date)} {day.on_date.year}", "text": text % {"times": times},
        "how": how(day.modes, place) if day.kind == "extra" else None, "key": str(new_id()),
        "url": _removing(one.id, here),
    }


def _removing(exception_id: UUID, here: dict[str, str]) -> str:
    return f"{DAYS}/{exception_id}/remove" + (f"?{urlencode(here)}" if here else "")


@read(DAYS)
async def days(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "psychologist")
    return await _days_page(request, kit, actor, now, done=request.query_params.get("done") == "1")


def _typed_day(form: Form) -> Exceptional:
    """Raises Invalid. Without times: the whole day."""
    begin = read_clock(form["from"], "from") if form["from"] else 0
    end = read_until(form["to"], "to") if form["to"] else 1440
    modes = ("Online",) if form["kind"] == "off" else typed_modes(form)
    place_id = read_id(form["place"]) if IN_PERSON in modes and form["place"] else None
    typed = Exceptional(ANY_DAY, form["kind"], begin, end, modes, place_id)
    try:
        return msgspec.structs.replace(typed, on_date=date.fromisoformat(form["date"]))
    except ValueError:
        no_day = Invalid.field("date", "not_a_day", "Please choose a day.")
        raise all_of(no_day, refused(lambda: check_exception(typed, ANY_DAY))) or no_day from None


@post(DAYS)
async def add_day(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    form = await read_form(request)

    async def verb(conn: Conn) -> str:
        travel = (await kit.numbers(conn, actor, now)).of(TravelNumbers)
        await actions.add_exception(conn, actor, _typed_day(form), now, travel=travel, keep=form.ticked("keep"))
        return f"{DAYS}?done=1"

    try:
        return await form_once(request, kit, actor, now, verb)
    except (Busy, Invalid, SessionsOutside) as refusal:
        return await _days_page(request, kit, actor, now, typed=form, refusal=refusal)


@post(f"{DAYS}/{{exception_id:str}}/remove")
async def remove_day(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    exception_id: FromPath[str],
) -> Response[Any]:
    need(actor, "psychologist")
    wanted = must_be_id(exception_id)
    form = await read_form(request)
    here = _place(request)[1]

    async def verb(conn: Conn) -> str:
        travel = (await kit.numbers(conn, actor, now)).of(TravelNumbers)
        await actions.remove_exception(conn, actor, wanted, now, travel=travel, keep=form.ticked("keep"))
        return f"{DAYS}?{urlencode({'done': '1'} | here)}"

    try:
        return await form_once(request, kit, actor, now, verb)
    except (Busy, Invalid, SessionsOutside) as refusal:
        return await _days_page(request, kit, actor, now, refusal=refusal, leaving=_removing(wanted, here))
    except NotFound as refusal:
        return await _days_page(request, kit, actor, now, refusal=refusal, gone=True)


# numbers and zone ---------------------------------------------------------------------------------

_ASKED = {"buffer": "buffer_minutes", "notice": "notice_minutes", "horizon": "horizon_days", "step": "step_minutes"}


def _hours(minutes: int) -> str:
    return f"{minutes / 60:g}"


def _texts(own: OwnNumbers) -> dict[str, str]:
    found = {name: str(value) if (value := getattr(own, field)) is not None else "" for name, field in _ASKED.items()}
    return found | {"notice": _hours(own.notice_minutes) if own.notice_minutes is not None else ""}


def _usual(numbers: Numbers) -> dict[str, str]:
    """What counts where a field is empty."""
    hours, days = _hours(numbers.notice_minutes), numbers.horizon_days
    return {
        "buffer": _minutes(numbers.buffer_minutes), "step": _minutes(numbers.step_minutes),
        "notice": ngettext("%(num)s hour", "%(num)s hours", 1 if hours == "1" else 2) % {"num": hours},
        "horizon": ngettext("%(num)s day", "%(num)s days", days) % {"num": days},
    }


def _minutes(number: int) -> str:
    return ngettext("%(num)s minute", "%(num)s minutes", number) % {"num": number}


def _typed_numbers(form: Form) -> OwnNumbers:
    """Raises Invalid, for all that cannot be used at once."""
    return read_own({field: _whole(form[name], 60 if name == "notice" else 1) for name, field in _ASKED.items()})


def _whole(text: str, unit: int) -> int | str | None:
    """A whole number of units; what is none stays as it is, and is refused with the rest."""
    try:
        value = float(text.replace(",", ".")) * unit if text else None
        return None if value is None else int(value) if value == int(value) else text
    except (ValueError, OverflowError):
        return text


async def _numbers_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, *, typed: Form | None = None, refusal: Refusal | None = None,
    done: bool = False,
) -> Response[str]:
    assert actor.person_id is not None
    async with kit.db.connection() as conn:
        calendar = await queries.calendar(conn, actor.person_id)
        usual = _usual((await kit.numbers(conn, actor, now)).of(Numbers))
    values = {name: typed[name] for name in _ASKED} if typed else _texts(calendar.own)
    fields = {"timeZone": "zone"} | {field: name for name, field in _ASKED.items()}
    zone = (typed and typed["zone"]) or calendar.time_zone
    zones = [zone, *(other for other in (calendar.time_zone, *ZONES) if other != zone)]
    return page(
        request, kit, actor, "availability/numbers.html", status=refusal.status if refusal else 200,
        tabs=tabs(NUMBERS), values=values, usual=usual, zone=zone,
        zones=[(name, i18n.zone_choice(now, name) if is_zone(name) else name) for name in dict.fromkeys(zones)],
        errors=errors_of(refusal, fields), outside=kept_outside(refusal, actor.time_zone), done=done,
    )


@read(NUMBERS)
async def numbers(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "psychologist")
    return await _numbers_page(request, kit, actor, now, done=request.query_params.get("done") == "1")


@post(NUMBERS)
async def save_numbers(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    form = await read_form(request)

    async def verb(conn: Conn) -> str:
        await actions.set_numbers(conn, actor, form["zone"], _typed_numbers(form), now, keep=form.ticked("keep"))
        return f"{NUMBERS}?done=1"

    try:
        return await form_once(request, kit, actor, now, verb)
    except (Busy, Invalid, SessionsOutside) as refusal:
        return await _numbers_page(request, kit, actor, now, typed=form, refusal=refusal)


pages: Sequence[Any] = [days, add_day, remove_day, numbers, save_numbers]
