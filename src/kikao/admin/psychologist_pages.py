"""Who may be listed: registration and licence as they were entered, and an admin's word on them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.admin import reports, words
from kikao.admin.parts import tabs
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import NotFound
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later
from kikao.core.ids import new_id
from kikao.core.render import page
from kikao.core.web import Kit, Req, form_once, must_be_id, need, read, read_form
from kikao.directory import actions
from kikao.directory.actions import NotReady

_STATES = {
    "waiting": ("todo", "glass", later("Waiting")), "listed": ("good", "done", later("Listed")),
    "refused": ("past", "stop", later("Refused")), "disabled": ("bad", "off", later("Disabled")),
}
Decision = Callable[[Conn, Actor, UUID, datetime], Awaitable[None]]
DECISIONS: dict[str, Decision] = {
    "list": actions.list_psychologist, "refuse": actions.refuse, "disable": actions.disable,
}


@read("/practice/listing")
async def psychologists(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    return await _page(request, kit, actor)


async def _page(request: Req, kit: Kit, actor: Actor, refusal: NotReady | None = None) -> Response[str]:
    show = request.query_params.get("show") or "all"
    async with kit.db.connection() as conn:
        found = await reports.psychologists(conn, show if show in _STATES else None)
    labels = {"all": _("All")} | {name: _(state[2]) for name, state in _STATES.items()}
    return page(
        request, kit, actor, "admin/psychologists.html", status=refusal.status if refusal else 200,
        errors=[{"field": "", "detail": _(words.MISSING[one])} for one in refusal.facts["missing"]] if refusal else [],
        caption=_("Registration and licence, and when they were checked"),
        must_ring=not kit.emergency_lines,
        tabs=tabs("/practice/listing", show, labels), people=[_person(one, actor) for one in found],
        empty={"title": _("Nobody here"), "text": _("Psychologists who register stand here until they are checked.")},
        next_url=None, first_url=None,
    )


@post("/practice/listing/{person_id:str}/{decision:str}")
async def decide(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str], decision: FromPath[str],
) -> Response[Any]:
    need(actor, "admin")
    verb = DECISIONS.get(decision)
    if verb is None:
        raise NotFound
    psychologist_id = must_be_id(person_id)
    await read_form(request)

    async def run(conn: Conn) -> str:
        await verb(conn, actor, psychologist_id, now)
        return "/practice/listing"

    try:
        return await form_once(request, kit, actor, now, run)
    except NotReady as refusal:
        return await _page(request, kit, actor, refusal)


def _person(one: reports.Listed, actor: Actor) -> dict[str, Any]:
    tone, icon, label = _STATES[one.status]
    return {
        "name": one.name, "url": f"/t/{one.slug}" if one.status == "listed" else None, "title": one.title,
        "licence": one.registration_number,
        "until": i18n.full_day(one.licence_until) + f" {one.licence_until.year}" if one.licence_until
        else _("not known"),
        "said_yes": one.public_yes_at is not None,
        "checked": i18n.day(one.checked_at, actor.time_zone) if one.checked_at else _("not yet"),
        "state": {"tone": tone, "icon": icon, "label": _(label)}, "actions": _decisions(one),
    }


def _decisions(one: reports.Listed) -> list[dict[str, Any]]:
    to_list = _decision(
        one, "list", _("List"), "main", _("List %(name)s?"),
        _("You say with this that you have checked registration and licence yourself."),
    )
    refuse = _decision(
        one, "refuse", _("Refuse"), "plain", _("Refuse %(name)s?"),
        _("They may change what they entered, and then wait to be checked again."),
    )
    disable = _decision(
        one, "disable", _("Disable"), "danger", _("Disable %(name)s?"),
        _("They are signed out at once and cannot be requested any more."),
    )
    return {"waiting": [to_list, refuse], "listed": [disable]}.get(one.status, [to_list])


def _decision(one: reports.Listed, decision: str, label: str, kind: str, title: str, text: str) -> dict[str, Any]:
    return {
        "label": label, "url": f"/practice/listing/{one.id}/{decision}", "kind": kind, "key": str(new_id()),
        "confirm": {"title": title % {"name": one.name}, "text": text, "button": label},
    }


pages: list[Any] = [psychologists, decide]
