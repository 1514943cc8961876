"""Practice settings and terms, each with its history: who, when, why, from when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import escape

from kikao.admin import reports, settings
from kikao.admin import setting_words as told
from kikao.admin.parts import Parts, columns, link
from kikao.admin.rules import BY_CODE, SETTINGS, Setting, check_value, read_value
from kikao.core import practice
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import FieldError, Invalid, NotFound, Refusal, all_of, refused
from kikao.core.i18n import gettext as _
from kikao.core.ids import SYSTEM, new_id, read_id
from kikao.core.practice import Entry
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, need, read, read_form
from kikao.sessions import terms
from kikao.sessions.asking import errors
from kikao.sessions.rules import MOST_TIERS, Tier, check_number_of_tiers, check_tiers
from kikao.sessions.terms import Terms

HERE = "/practice/settings"
CHANGED = (Invalid, practice.SettingsChanged, terms.TermsChanged)


# all of them --------------------------------------------------------------------------------------


@read(HERE)
async def all_settings(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    async with kit.db.connection() as conn:
        found = await practice.entries(conn)
        tiers = await terms.current_tiers(conn, now)
    parts = Parts(actor, now)
    values, ahead = practice.values_at(found, now), practice.planned(found, now)
    rooms = list(dict.fromkeys(setting.room for setting in SETTINGS.values()))
    return page(
        request, kit, actor, "admin/settings.html", terms=_tiers_told(tiers),
        groups=[_group(room, values, ahead, parts) for room in rooms],
    )


def _group(room: str, values: dict[str, Any], ahead: Any, parts: Parts) -> dict[str, Any]:
    """What is set for later has a column only where there is any."""
    found = [one for one in SETTINGS.values() if one.room == room]
    planned = any(one.name in ahead for one in found)
    caption = _("What counts today. %(zone)s") % {"zone": parts.zone} if planned else _("What counts today")
    return {
        "name": room, "heading": told.room(room), "caption": caption,
        "columns": columns(_("Setting"), _("Today"), _("May be"), *([_("Later")] if planned else [])),
        "rows": [
            [link(told.label(one), f"{HERE}/{one.code}"), told.told(one, values.get(one.name, one.default)),
             told.bounds(one), *([_planned(one, ahead, parts)] if planned else [])]
            for one in found
        ],
    }  # fmt: skip


def _planned(setting: Setting, ahead: Any, parts: Parts) -> Any:
    later = ahead.get(setting.name)
    if later is None:
        return "–"
    said = {"value": told.told(setting, later.value), "day": parts.at(later.from_at)}
    return escape(_("%(value)s from %(day)s")) % said


# one ----------------------------------------------------------------------------------------------


class Typed(msgspec.Struct, frozen=True):
    """What stands in the form."""

    value: str
    from_day: str = ""
    reason: str = ""


@read(f"{HERE}/{{code:str}}")
async def one_setting(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    code: FromPath[str],
) -> Response[str]:
    need(actor, "admin")
    return await _one(request, kit, actor, now, _known(code))


def _known(code: str) -> Setting:
    found = BY_CODE.get(code)
    if found is None:
        raise NotFound
    return found


async def _one(
    request: Req, kit: Kit, actor: Actor, now: datetime, setting: Setting, typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    async with kit.db.connection() as conn:
        every = await practice.entries(conn)
        found = [entry for entry in every if entry.name == setting.name]
        people = await reports.people(conn, (entry.set_by for entry in found))
    value = practice.values_at(found, now).get(setting.name, setting.default)
    parts = Parts(actor, now)
    return page(
        request, kit, actor, "admin/setting.html", status=refusal.status if refusal else 200,
        label=told.label(setting), value=told.told(setting, value), errors=errors(refusal),
        rows=[(_("Usual value"), told.told(setting, setting.default)),
              (_("May be"), told.bounds(setting))],
        url=f"{HERE}/{setting.code}", seen=practice.newest(every), key=str(new_id()),
        choices=_choices(setting), new_label=told.new_value(setting), typed=typed or Typed(told.typed(setting, value)),
        many=setting.many, done=refusal is None and request.query_params.get("done") == "1",
        history={
            "caption": parts.zone, "columns": columns(_("From"), _("Value"), _("Set by"), _("Set on"), _("Why")),
            "rows": _history(setting, found, people, parts, now),
        },
    )  # fmt: skip


def _choices(setting: Setting) -> list[tuple[str, str]]:
    if setting.yes_no:
        return [("yes", _("yes")), ("no", _("no"))]
    return [(word, _(word)) for word in setting.words]


def _history(
    setting: Setting, found: Iterable[Entry], people: reports.People, parts: Parts, now: datetime
) -> list[list[Any]]:
    counting = max(
        (entry for entry in found if entry.from_at <= now), key=lambda one: (one.from_at, one.version), default=None
    )
    return [
        [
            parts.at(entry.from_at), _marked(told.told(setting, entry.value), entry is counting, entry.from_at > now),
            _by(entry.set_by, people), parts.at(entry.set_at), entry.reason,
        ]
        for entry in sorted(found, key=lambda one: (one.from_at, one.version), reverse=True)
    ]


def _marked(value: str, counts: bool, later: bool) -> str:
    if counts:
        return _("%(value)s (counts today)") % {"value": value}
    return _("%(value)s (planned)") % {"value": value} if later else value


def _by(account_id: UUID, people: reports.People) -> str:
    if account_id == SYSTEM:
        return _("the set-up")
    return people.name(account_id) or _("somebody who no longer works here")


@post(f"{HERE}/{{code:str}}")
async def set_one(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    code: FromPath[str],
) -> Response[Any]:
    need(actor, "admin")
    setting, form = _known(code), await read_form(request)
    typed = Typed(form["value"], form["from"], form["reason"])

    async def run(conn: Conn) -> str:
        value, begins = _read(setting, typed, kit.time_zone, now)
        await settings.change(
            conn, actor, settings.Change({setting.name: value}, typed.reason, _seen(form["seen"]), begins), now
        )
        return f"{HERE}/{setting.code}?done=1"

    try:
        return await form_once(request, kit, actor, now, run)
    except CHANGED as refusal:
        return await _one(request, kit, actor, now, setting, typed, refusal)


def _read(setting: Setting, typed: Typed, zone: str, now: datetime) -> tuple[Any, datetime | None]:
    """Value and day. Raises Invalid with every field that cannot be used."""
    value, day = partial(_value, setting, typed.value), partial(settings.from_day, typed.from_day, zone, now)
    wrong = all_of(refused(value), refused(day), refused(partial(settings.read_reason, typed.reason)))
    if wrong:
        raise wrong
    return value(), day()


def _value(setting: Setting, typed: str) -> Any:
    value = read_value(setting, typed)
    check_value(setting, value)
    return value


def _seen(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 18 else -1


# terms --------------------------------------------------------------------------------------------


def _tiers_told(tiers: Iterable[Tier]) -> list[tuple[str, str]]:
    lines = [
        (_("%(hours)s hours before or earlier") % {"hours": tier.hours}, _("%(percent)s%% back") %
         {"percent": tier.percent})
        for tier in tiers
    ]  # fmt: skip
    return [*lines, (_("After that"), _("nothing back"))]


@read("/practice/terms")
async def all_terms(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    return await _terms(request, kit, actor, now)


async def _terms(
    request: Req, kit: Kit, actor: Actor, now: datetime, form: Form | None = None, refusal: Refusal | None = None
) -> Response[str]:
    async with kit.db.connection() as conn:
        found = await terms.history(conn)
        people = await reports.people(conn, (one.set_by for one in found))
    parts = Parts(actor, now)
    current = next((one for one in found if one.from_at <= now), None)
    return page(
        request, kit, actor, "admin/terms.html", status=refusal.status if refusal else 200, errors=errors(refusal),
        current=_tiers_told(current.tiers) if current else [], lines=_lines(current, form),
        from_day=form["from"] if form else "", reason=form["reason"] if form else "",
        seen=terms.newest(found) or "", key=str(new_id()), labels=_labels(),
        history={
            "caption": parts.zone,
            "columns": columns(_("From"), _("What comes back"), _("Set by"), _("Set on"), _("Why")),
            "rows": [_terms_row(one, current, people, parts, now) for one in found],
        },
    )


def _lines(current: Terms | None, form: Form | None) -> list[dict[str, str]]:
    """The rows of the form: as typed, else today's, and room for more."""
    if form is not None:
        return [{"hours": form[f"hours{at}"], "percent": form[f"percent{at}"]} for at in range(MOST_TIERS)]
    tiers = current.tiers if current else ()
    filled = [{"hours": str(tier.hours), "percent": str(tier.percent)} for tier in tiers]
    return [*filled, *({"hours": "", "percent": ""} for _more in range(min(2, MOST_TIERS - len(filled))))]


def _terms_row(
    one: Terms, current: Terms | None, people: reports.People, parts: Parts, now: datetime
) -> list[Any]:
    value = ", ".join(
        _("%(hours)s h: %(percent)s%%") % {"hours": tier.hours, "percent": tier.percent} for tier in one.tiers)
    return [
        parts.at(one.from_at), _marked(value, one is current, one.from_at > now), _by(one.set_by, people),
        parts.at(one.set_at), _why(one),
    ]


def _why(one: Terms) -> str:
    """What the set-up wrote is ours, so it is translated; a person's words stand as they were written."""
    return _(one.reason) if one.set_by == SYSTEM else one.reason


def _labels() -> dict[str, str]:
    """Which field a sentence is about, where the fields are many and called alike."""
    called = {"hours": _("Line %(number)s, hours before"), "percent": _("Line %(number)s, percent back")}
    return {f"{name}{at}": text % {"number": at + 1} for name, text in called.items() for at in range(MOST_TIERS)}


def _written(form: Form) -> list[int]:
    """The lines that hold anything: one left empty is none."""
    return [at for at in range(MOST_TIERS) if form[f"hours{at}"] or form[f"percent{at}"]]


def _tiers(form: Form) -> tuple[Tier, ...]:
    """Raises Invalid, each field by its name in the form."""
    lines = _written(form)
    wrong = [
        FieldError(name, "not_a_number", "Please write a whole number.")
        for at in lines for name in (f"hours{at}", f"percent{at}")
        if not (form[name].isascii() and form[name].isdecimal() and len(form[name]) < 6)
    ]
    if wrong:
        raise Invalid(fields=wrong)
    tiers = tuple(Tier(int(form[f"hours{at}"]), int(form[f"percent{at}"])) for at in lines)
    refusal = refused(partial(check_number_of_tiers, tiers)) or refused(partial(check_tiers, tiers))
    if refusal:
        raise Invalid(fields=[
            FieldError(_in_the_form(one.field, lines), one.code, one.detail) for one in refusal.fields])
    return tiers


def _in_the_form(field: str, lines: list[int]) -> str:
    """`tiers[1].percent` is whatever stands in the second line that holds anything."""
    number, _dot, name = field.removeprefix("tiers[").partition("].")
    return f"{name}{lines[int(number)]}" if number.isdecimal() else "hours0"


@post("/practice/terms")
async def set_terms(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "admin")
    form = await read_form(request)

    tiers, reason = partial(_tiers, form), partial(settings.read_reason, form["reason"])
    begins = partial(settings.from_day, form["from"], kit.time_zone, now)

    async def run(conn: Conn) -> str:
        wrong = all_of(refused(tiers), refused(begins), refused(reason))
        if wrong:
            raise wrong
        await terms.replace_terms(
            conn, actor, tiers(), reason(), now, seen=read_id(form["seen"]), from_at=begins())
        return "/practice/terms"

    try:
        return await form_once(request, kit, actor, now, run)
    except CHANGED as refusal:
        return await _terms(request, kit, actor, now, form, refusal)


pages: list[Any] = [all_settings, one_setting, set_one, all_terms, set_terms]
