"""Who may be listed: registration and licence as they were entered, and an admin's word on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response
from litestar.di import NamedDependency

from kikao.admin import reports, words
from kikao.admin.parts import tabs
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.clock import local_day
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later
from kikao.core.ids import new_id
from kikao.core.render import page
from kikao.core.web import Kit, Req, need, read
from kikao.directory.actions import NotReady
from kikao.directory.rules import needed_to_be_listed

STATES = {
    "waiting": ("todo", "glass", later("Waiting")), "listed": ("good", "done", later("Listed")),
    "refused": ("past", "stop", later("Refused")), "disabled": ("bad", "off", later("Suspended")),
}
# Of one and of several there are different words.
TABS = {
    "all": later("Everybody"), "waiting": later("Those waiting"), "listed": later("Those listed"),
    "refused": later("Those refused"), "disabled": later("Those suspended"),
    "unbookable": later("Those nobody can book"),
}


@read("/practice/listing")
async def psychologists(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    return await list_page(request, kit, actor, now)


async def list_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, refusal: NotReady | None = None, whom: UUID | None = None
) -> Response[str]:
    """With `refusal`: what `whom` still lacks."""
    show = request.query_params.get("show") or "all"
    async with kit.db.connection() as conn:
        found = (await reports.not_bookable(conn, now) if show == "unbookable"
                 else await reports.psychologists(conn, show if show in STATES else None, now))
    labels = {name: _(label) for name, label in TABS.items()}
    return page(
        request, kit, actor, "admin/psychologists.html", status=refusal.status if refusal else 200,
        errors=[{"field": "", "detail": _(words.MISSING[one])} for one in refusal.facts["missing"]] if refusal else [],
        refused=_("%(name)s is not listed") % {"name": next((one.name for one in found if one.id == whom), "–")},
        caption=_("Registration and licence, and when they were checked"),
        must_ring=not kit.emergency_lines,
        tabs=tabs("/practice/listing", show, labels), people=[_person(one, kit) for one in found],
        empty={"title": _("Nobody here"), "text": "" if show == "unbookable"
               else _("Psychologists who register stand here until they are checked.")},
        next_url=None, first_url=None,
    )


def lacks(yes_at: datetime | None, kit: Kit, *, licensed: bool) -> list[str]:
    """What stands against a listing; the emergency number is the whole practice's."""
    return needed_to_be_listed(
        has_licence=licensed, said_yes=yes_at is not None, has_emergency_line=bool(kit.emergency_lines)
    )


def _person(one: reports.Listed, kit: Kit) -> dict[str, Any]:
    tone, icon, label = STATES[one.status]
    missing = lacks(one.public_yes_at, kit, licensed=one.licensed)
    return {
        "name": one.name, "url": f"/practice/listing/{one.id}", "title": one.title,
        "registration": one.registration_number,
        "until": i18n.date_of_year(one.licensed_until) if one.licensed_until else _("not known"),
        "lacks": [_(words.LACKS[name]) for name in [*missing, *(["supervisor"] if one.unsupervised else [])]
                  if name in words.LACKS],
        "checked": i18n.date_of_year(local_day(one.checked_at, kit.time_zone)) if one.checked_at
        else _("not yet"),
        "state": {"tone": tone, "icon": icon, "label": _(label)},
        "actions": decisions(one.id, one.name, one.status, ready=not missing),
    }


def decisions(psychologist_id: UUID, name: str, status: str, *, ready: bool) -> list[dict[str, Any]]:
    """`ready`: nothing stands against a listing."""
    to_list = _decision(
        psychologist_id, name, "list", _("Put on the list"), "main" if ready else "plain", _("List %(name)s?"),
        _("You say with this that you have checked registration and licence yourself."),
    )
    refuse = _decision(
        psychologist_id, name, "refuse", _("Refuse"), "plain", _("Refuse %(name)s?"),
        _("They may change what they entered, and then wait to be checked again."),
    )
    disable = _decision(
        psychologist_id, name, "disable", _("Suspend"), "danger", _("Suspend %(name)s?"),
        _("They are signed out at once, and what waits for an answer or for money ends. Confirmed sessions stay until"
          " you decide about each."),
    )
    return {"waiting": [to_list, refuse], "listed": [disable]}.get(status, [to_list])


def _decision(
    psychologist_id: UUID, name: str, decision: str, label: str, kind: str, title: str, text: str
) -> dict[str, Any]:
    return {
        "label": label, "url": f"/practice/listing/{psychologist_id}/{decision}", "kind": kind, "key": str(new_id()),
        "confirm": {"title": title % {"name": name}, "text": text, "button": label},
    }


pages: list[Any] = [psychologists]
