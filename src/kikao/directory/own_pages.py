"""A psychologist's own profile and rates, as pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency

from kikao.availability.rules import MODES
from kikao.core import i18n, money
from kikao.core.actor import Actor
from kikao.core.answers import of_field, sentence
from kikao.core.clock import local_day
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, need, read, read_form
from kikao.directory import actions, own, rules
from kikao.directory.own import Own, OwnRate

LISTS = ("sees", "session_types", "modes")
BY_COMMA = ("specialities",)
# Spoken in Kenya by many; others are typed.
SPOKEN = ("en", "sw", "ki", "luy", "kln", "luo", "kam", "so", "guz", "mer", "mas", "ebu", "saq", "dav")
TEXTS = ("bio", "gender", "title", "board", "registration_number", "licence_number", "meeting_link")
_STANDS = {
    None: ("info", later("Not entered yet"), later("Title, board and registration number come first.")),
    "waiting": ("attention", later("Not listed yet"), later("Somebody of the practice checks what you entered.")),
    "listed": ("good", later("You are listed"), later("Clients find you and can ask for your times.")),
    "refused": ("attention", later("Not accepted yet"),
                later("Correct what was not right, and wait to be checked again.")),
    "disabled": ("danger", later("Disabled by the practice"),
                 later("Nobody can ask for your times. Please speak to the practice.")),
}
TAKES = (
    ("asks first", later("I answer each request myself"), None),
    ("known clients at once", later("Clients I know are taken at once"),
     later("Clients you have met here at least once, or said that you knew before.")),
    ("everyone at once", later("Everyone is taken at once"), None),
)


def errors(refusal: Refusal | None) -> list[dict[str, str]]:
    """By the names of the form: the API's are camelCase."""
    if refusal is None:
        return []
    if not refusal.fields:
        return [{"field": "", "detail": sentence(refusal)}]
    names = {rules.camel(name): name for name in (*actions.FIELDS, "session_type", "amount", "minutes")}
    return [{"field": names.get(one.field, one.field), "detail": of_field(refusal, one)} for one in refusal.fields]


def _options(words: Sequence[str]) -> list[dict[str, Any]]:
    return [{"value": word, "label": (label := _(word))[:1].upper() + label[1:]} for word in words]


def _stored(found: Own | None) -> dict[str, Any]:
    if found is None:
        blank: dict[str, Any] = dict.fromkeys((*TEXTS, *BY_COMMA, "licence_until", "other_languages"), "")
        return {**blank, "languages": (), "sees": ("adults",), "session_types": ("Individual",), "modes": ("Online",),
                "takes": "asks first", "desk_may_answer": False, "public": False}  # fmt: skip
    return {
        **{name: getattr(found, name) or "" for name in (*TEXTS, "licence_until")},
        **{name: ", ".join(getattr(found, name)) for name in BY_COMMA},
        **{name: getattr(found, name) for name in (*LISTS, "takes", "desk_may_answer")},
        "languages": tuple(code for code in found.languages if code in SPOKEN),
        "other_languages": ", ".join(i18n.language_name(code) for code in found.languages if code not in SPOKEN),
        "public": found.public_yes_at is not None,
    }


def _typed(form: Form) -> dict[str, Any]:
    return {
        **{name: form[name] for name in (*TEXTS, *BY_COMMA, "licence_until", "takes", "other_languages")},
        **{name: form.every(name) for name in (*LISTS, "languages")},
        "desk_may_answer": form.ticked("desk_may_answer"), "public": form.ticked("public"),
    }


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _languages(typed: dict[str, Any]) -> tuple[str, ...]:
    """Codes of what was ticked, and of what was typed by its name. Raises Invalid."""
    others = {name: i18n.language_code(name) for name in _words(typed["other_languages"])}
    if None in others.values():
        raise Invalid.field("other_languages", "unknown_word", "Please write each by its name, like French or Oromo.")
    return tuple(dict.fromkeys((*typed["languages"], *(code for code in others.values() if code))))


def _change(typed: dict[str, Any]) -> actions.ProfileChange:
    """Raises Invalid for a day that is none."""
    try:
        until = date.fromisoformat(typed["licence_until"]) if typed["licence_until"] else None
    except ValueError:
        raise Invalid.field("licenceUntil", "wrong_value", "A day is written like 2026-11-24.") from None
    values = {name: typed[name] for name in (*TEXTS, *LISTS, "takes", "desk_may_answer")}
    values |= {name: _words(typed[name]) for name in BY_COMMA} | {"languages": _languages(typed)}
    return actions.ProfileChange({**values, "licence_until": until}, typed["public"])


async def _found(conn: Conn, actor: Actor) -> Own | None:
    assert actor.person_id is not None
    try:
        return await own.profile(conn, actor.person_id)
    except NotFound:
        return None


async def _profile_page(
    request: Req, kit: Kit, actor: Actor, *, typed: dict[str, Any] | None = None, refusal: Refusal | None = None
) -> Response[str]:
    async with kit.db.connection() as conn:
        found = await _found(conn, actor)
    tone, title, text = _STANDS[found.status if found else None]
    return page(
        request, kit, actor, "directory/own_profile.html", status=refusal.status if refusal else 200,
        notice={"tone": tone, "title": _(title), "text": _(text)}, errors=errors(refusal),
        done=refusal is None and request.query_params.get("done") == "1", values=typed or _stored(found),
        language_choices=[{"value": code, "label": i18n.language_name(code)} for code in SPOKEN],
        types=_options(rules.SESSION_TYPES), modes=_options(MODES), sees=_options(rules.SEES),
        takes=[{"value": value, "label": _(label), "hint": _(hint) if hint else None} for value, label, hint in TAKES],
        public_url=f"/t/{found.slug}" if found and found.status == actions.LISTED else None,
    )


@read("/me/profile")
async def profile(request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor]) -> Response[Any]:
    need(actor, "psychologist")
    return await _profile_page(request, kit, actor)


@post("/me/profile")
async def save(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    typed = _typed(await read_form(request))

    async def verb(conn: Conn) -> str:
        await actions.save_profile(conn, actor, _change(typed), now)
        return "/me/profile?done=1"

    try:
        return await form_once(request, kit, actor, now, verb)
    except Refusal as refusal:
        return await _profile_page(request, kit, actor, typed=typed, refusal=refusal)


# rates --------------------------------------------------------------------------------------------


def _row(rate: OwnRate, zone: str) -> list[str]:
    by = _("the practice")
    if rate.from_at:
        by = _("you, %(day)s") % {"day": i18n.date_of_year(local_day(rate.from_at, zone))}
    return [_(rate.session_type), money.shown(rate.amount), str(rate.minutes), by]


async def _rates_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, *, form: Form | None = None, refusal: Refusal | None = None
) -> Response[str]:
    assert actor.person_id is not None
    async with kit.db.connection() as conn:
        history = await own.rate_history(conn, actor.person_id)
        current = own.current_rates(history, await kit.numbers(conn, actor, now), now)
    return page(
        request, kit, actor, "directory/own_rates.html", status=refusal.status if refusal else 200,
        errors=errors(refusal), done=refusal is None and request.query_params.get("done") == "1",
        values={name: form[name] if form else "" for name in ("session_type", "amount", "minutes")},
        types=[(name, _(name)) for name in rules.SESSION_TYPES],
        rates=[_row(rate, actor.time_zone) for rate in current],
        history=[_row(rate, actor.time_zone) for rate in history if rate not in current],
    )


@read("/me/rates")
async def rates(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    return await _rates_page(request, kit, actor, now)


def number(form: Form, name: str) -> int:
    """Raises Invalid for what is no whole number."""
    text = form[name].replace(",", "").replace(" ", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Invalid.field(name, "wrong_value", "Please type a whole number.")
    return int(text)


@post("/me/rates")
async def add_rate(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    form = await read_form(request)

    async def verb(conn: Conn) -> str:
        amount, minutes = number(form, "amount"), number(form, "minutes")
        await actions.add_rate(conn, actor, form["session_type"], amount, minutes, now)
        return "/me/rates?done=1"

    try:
        return await form_once(request, kit, actor, now, verb)
    except Refusal as refusal:
        return await _rates_page(request, kit, actor, now, form=form, refusal=refusal)


pages: list[Any] = [profile, save, rates, add_rate]
