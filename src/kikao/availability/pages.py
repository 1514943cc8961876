"""The pages on which psychologists say when, how and where they can be met."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency

from kikao.availability import actions, queries
from kikao.availability.actions import SessionsOutside
from kikao.availability.queries import Place
from kikao.availability.rules import IN_PERSON, MODES, MOST_STRETCHES, Hours, TravelNumbers, clock_text, read_clock
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Busy, Invalid, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import read_id
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, need, read, read_form

HERE = "/me/hours"
SPARE = 1  # empty rows below those that are there; a browser with script adds more
FIELDS = {"Online": "online", IN_PERSON: "inperson", "Phone": "phone"}


def tabs(current: str) -> list[dict[str, Any]]:
    items = [
        (HERE, _("The week")), (f"{HERE}/days", _("Days that differ")),
        (f"{HERE}/numbers", _("Notice, breaks and time zone")),
    ]
    return [{"url": url, "label": label, "current": url == current} for url, label in items]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch as it stands in the form, typed or not."""

    number: int
    day: str = "1"
    from_: str = ""
    to: str = ""
    modes: tuple[str, ...] = ("Online",)
    place: str = ""
    gone: bool = False

    @property
    def empty(self) -> bool:
        return self.gone or not (self.from_ or self.to)


def row_of(number: int, hours: Hours) -> Row:
    return Row(
        number=number, day=str(hours.weekday), from_=clock_text(hours.from_minute),
        to=clock_text(hours.until_minute % 1440), modes=hours.modes, place=str(hours.place_id or ""),
    )


def typed_modes(form: Form, end: str = "") -> tuple[str, ...]:
    return tuple(mode for mode in MODES if form.ticked(f"{FIELDS[mode]}{end}"))


def typed_rows(form: Form) -> list[Row]:
    count = int(form["rows"]) if form["rows"].isdecimal() and len(form["rows"]) < 4 else 0
    return [
        Row(
            number=n, day=form[f"day-{n}"], from_=form[f"from-{n}"], to=form[f"to-{n}"],
            modes=typed_modes(form, f"-{n}"), place=form[f"place-{n}"], gone=form.ticked(f"gone-{n}"),
        )
        for n in range(min(count, 2 * MOST_STRETCHES))
    ]


def read_until(text: str, field: str) -> int:
    """Midnight at the end of a day is 0:00 on a clock."""
    return read_clock(text, field) or 1440


def stretch_of(row: Row) -> Hours:
    """Raises Invalid, by the names of the form."""
    n = row.number
    return Hours(
        int(row.day) if row.day in "1234567" and row.day else 0, read_clock(row.from_, f"from-{n}"),
        read_until(row.to, f"to-{n}"), row.modes, read_id(row.place) if IN_PERSON in row.modes and row.place else None,
    )


_NAMES = {"from": "from", "to": "to", "modes": "online", "placeId": "place", "weekday": "day"}


def by_row(refusal: Invalid, rows: Sequence[Row]) -> list[dict[str, str]]:
    """Errors of the verb, which counts the stretches that it was given, by the fields of the form."""
    found = []
    for error in refusal.fields:
        field = error.field
        if field.startswith("hours["):
            number, _dot, name = field.removeprefix("hours[").partition("].")
            field = f"{_NAMES[name]}-{rows[int(number)].number}"
        found.append({"field": "" if field == "hours" else field, "detail": _(error.detail)})
    return found


def kept_outside(refusal: Refusal | None, zone: str) -> list[dict[str, str]]:
    """The sessions that would lie outside, in the reader's zone, to be looked at before they are kept."""
    if not isinstance(refusal, SessionsOutside):
        return []
    return [
        {"text": f"{i18n.short_when(one.start, zone)} · {one.reference}", "url": f"/s/{one.reference}"}
        for one in refusal.kept
    ]


def mode_labels() -> list[tuple[str, str]]:
    return [(FIELDS[mode], _(mode)) for mode in MODES]


def place_options(places: Sequence[Place]) -> list[tuple[str, str]]:
    return [("", _("Choose a place")), *((str(place.id), place.name) for place in places)]


def how(modes: Sequence[str], place: str | None) -> str:
    """`Online, In person at Upper Hill`."""
    at = _("In person at %(place)s") % {"place": place or "?"}
    return ", ".join(at if mode == IN_PERSON else _(mode) for mode in MODES if mode in modes)


def _day(row: Row) -> str:
    return i18n.weekday_name(int(row.day)) if row.day in "1234567" and row.day else "?"


def _shown(row: Row, names: dict[str, str], wrong: set[str]) -> dict[str, Any]:
    label = _("Add hours")
    if row.from_ or row.to:
        label = f"{_day(row)} {row.from_}–{row.to} · {how(row.modes, names.get(row.place))}"
    n = row.number
    mine = {f"{name}-{n}" for name in (*_NAMES.values(), *FIELDS.values())}
    return {
        "n": n, "day": row.day, "from": row.from_, "to": row.to, "place": row.place, "gone": row.gone, "label": label,
        "modes": [FIELDS[mode] for mode in row.modes], "open": bool(mine & wrong),
    }


def _full(rows: Sequence[Row]) -> list[Row]:
    """With empty rows to type into."""
    spare = max(SPARE - sum(1 for row in rows if not (row.from_ or row.to)), 0)
    following = max((row.number for row in rows), default=-1) + 1
    return [*rows, *(Row(number=following + n) for n in range(spare))]


async def _page(
    request: Req, kit: Kit, actor: Actor, now: datetime, rows: Sequence[Row] | None = None,
    refusal: Refusal | None = None, errors: Sequence[dict[str, str]] = (), *, done: bool = False,
) -> Response[str]:
    assert actor.person_id is not None
    async with kit.db.connection() as conn:
        calendar = await queries.calendar(conn, actor.person_id)
        places = await queries.places(conn)
        if rows is None:
            rows = [row_of(n, hours) for n, hours in enumerate(await queries.week(conn, actor.person_id))]
    names = {str(place.id): place.name for place in places}
    full = _full(rows)
    wrong = {error["field"] for error in errors}
    return page(
        request, kit, actor, "availability/hours.html", status=refusal.status if refusal else 200, tabs=tabs(HERE),
        rows=[_shown(row, names, wrong) for row in full], blank=_shown(Row(number=0), names, set()), errors=errors,
        labels={field: _day(row) for row in rows for field in wrong if field.endswith(f"-{row.number}")},
        outside=kept_outside(refusal, actor.time_zone), done=done, zone=i18n.zone_of_year(now, calendar.time_zone),
        nothing=not refusal and all(row.empty for row in rows),
        days=[(str(n), i18n.weekday_name(n)) for n in range(1, 8)], modes=mode_labels(), places=place_options(places),
        short_days=[i18n.day_name(date(2024, 1, n)) for n in range(1, 8)],
    )


@read(HERE)
async def week(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "psychologist")
    return await _page(request, kit, actor, now, done=request.query_params.get("done") == "1")


@post(HERE)
async def save_week(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    form = await read_form(request)
    rows = typed_rows(form)
    given = [row for row in rows if not row.empty]

    async def verb(conn: Conn) -> str:
        travel = (await kit.numbers(conn, actor, now)).of(TravelNumbers)
        stretches = [stretch_of(row) for row in given]
        await actions.set_hours(conn, actor, stretches, now, travel=travel, keep=form.ticked("keep"))
        return f"{HERE}?done=1"

    try:
        return await form_once(request, kit, actor, now, verb)
    except Invalid as refusal:
        return await _page(request, kit, actor, now, rows, refusal, by_row(refusal, given))
    except (Busy, SessionsOutside) as refusal:
        return await _page(request, kit, actor, now, rows, refusal)


pages: list[Any] = [week, save_week]
