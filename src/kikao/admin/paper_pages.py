"""One psychologist's papers: what they entered, who checked it when, training, a renewal under way; the decisions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.admin import listing, reports
from kikao.admin.parts import Parts, columns, link, reference
from kikao.admin.psychologist_pages import STATES, decisions, lacks, list_page
from kikao.admin.words import LISTING
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import new_id
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, need, read, read_form
from kikao.directory import actions, licences
from kikao.directory.actions import NotReady
from kikao.directory.licences import Papers
from kikao.journal.queries import Line, history
from kikao.sessions.asking import errors

HERE = "/practice/listing"
HISTORY = 30


@read(f"{HERE}/{{person_id:str}}")
async def papers(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[str]:
    need(actor, "admin")
    return await _page(request, kit, actor, now, must_be_id(person_id))


async def _page(
    request: Req, kit: Kit, actor: Actor, now: datetime, psychologist_id: UUID, form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    async with kit.db.connection() as conn:
        found = await licences.papers(conn, psychologist_id)
        under = await licences.supervisors(conn, psychologist_id)
        lines = [line for line in await history(conn, psychologist_id) if line.verb in LISTING][-HISTORY:]
        ahead = await reports.ahead_of(conn, psychologist_id, now)
        people = await reports.people(conn, [found.checked_by, *(line.by_account for line in lines)], found.account_id)
    parts = Parts(actor, now)
    tone, icon, label = STATES[found.status]
    return page(
        request, kit, actor, "admin/papers.html", status=refusal.status if refusal else 200, errors=errors(refusal),
        name=found.name, state=parts.sign(tone, icon, _(label)), public_url=f"/t/{found.slug}",
        is_listed=found.status == actions.LISTED, rows=_facts(found, people, actor),
        person_url=f"/practice/people/{found.id}",
        actions=_actions(found, kit, now), forms=_forms(found, under, form),
        ahead={
            "caption": parts.zone, "columns": columns(_("Reference"), _("When"), _("Status")),
            "rows": [
                [reference(one.reference, f"/s/{one.reference}"), parts.at(one.starts_at), parts.badges(one.status)]
                for one in ahead
            ],
        },
        events=[_event(line, people, actor) for line in reversed(lines)],
    )


def _day(day: date | None) -> str:
    return i18n.date_of_year(day) if day else _("not known")


def _facts(found: Papers, people: reports.People, actor: Actor) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = [
        (_("Title"), found.title), (_("Board"), found.board), (_("Registration"), found.registration_number),
        (_("Licence"), found.licence_number or _("not known")), (_("Valid until"), _day(found.licence_until)),
    ]  # fmt: skip
    if found.licence_grace_until:
        grace = _("%(day)s, because: %(reason)s") % {
            "day": _day(found.licence_grace_until), "reason": found.licence_grace_reason,
        }
        rows.append((_("Times offered until"), grace))
    checked = _("not yet")
    if found.checked_at:
        checked = _("%(day)s by %(name)s") % {
            "day": i18n.day(found.checked_at, actor.time_zone), "name": people.name(found.checked_by) or _("somebody"),
        }
    rows.append((_("Checked"), checked))
    said = i18n.day(found.public_yes_at, actor.time_zone) if found.public_yes_at else _("not yet")
    rows.append((_("Said yes to being listed"), said))
    if found.supervisor_id:
        rows.append((_("In training under"), link(found.supervisor or "–", f"{HERE}/{found.supervisor_id}")))
    return rows


def _actions(found: Papers, kit: Kit, now: datetime) -> list[dict[str, Any]]:
    again = {
        "label": _("Note that it was checked today"), "url": f"{HERE}/{found.id}/check", "kind": "plain",
        "key": str(new_id()),
        "confirm": {
            "title": _("Have you looked at the board's register today?"), "button": _("I have looked"),
            "text": _("Your name and this day stand beside the licence."),
        },
    }
    until = found.licence_grace_until or found.licence_until
    ready = not lacks(found.public_yes_at, kit, licensed=until is not None and until >= now.date())
    made = decisions(found.id, found.name, found.status, ready=ready)
    return [again, *made] if found.status == actions.LISTED else made


def _forms(found: Papers, under: list[tuple[UUID, str]], form: Form | None) -> dict[str, Any]:
    until = found.licence_grace_until.isoformat() if found.licence_grace_until else ""
    return {
        "url": f"{HERE}/{found.id}", "grace_key": str(new_id()), "training_key": str(new_id()),
        "until": form["until"] if form else until,
        "reason": form["reason"] if form else found.licence_grace_reason or "",
        "supervisor": form["supervisor"] if form and form["supervisor"] else str(found.supervisor_id or ""),
        "supervisors": [("", _("nobody: not in training")), *((str(one), name) for one, name in under)],
    }


def _event(line: Line, people: reports.People, actor: Actor) -> dict[str, Any]:
    return {
        "text": _(LISTING[line.verb]), "by": people.name(line.by_account) or _("a colleague"),
        "when": i18n.when(line.at, actor.time_zone),
    }


# decisions ----------------------------------------------------------------------------------------

Decision = Callable[[Conn, Kit, Actor, UUID, Form, datetime], Awaitable[None]]


async def _list(conn: Conn, kit: Kit, actor: Actor, psychologist_id: UUID, form: Form, now: datetime) -> None:
    await actions.list_psychologist(conn, actor, psychologist_id, now)


async def _refuse(conn: Conn, kit: Kit, actor: Actor, psychologist_id: UUID, form: Form, now: datetime) -> None:
    await actions.refuse(conn, actor, psychologist_id, now)


async def _disable(conn: Conn, kit: Kit, actor: Actor, psychologist_id: UUID, form: Form, now: datetime) -> None:
    await listing.disable(conn, actor, kit.vault, psychologist_id, now)


async def _check(conn: Conn, kit: Kit, actor: Actor, psychologist_id: UUID, form: Form, now: datetime) -> None:
    await licences.check_again(conn, actor, psychologist_id, now)


async def _grace(conn: Conn, kit: Kit, actor: Actor, psychologist_id: UUID, form: Form, now: datetime) -> None:
    try:
        until = date.fromisoformat(form["until"]) if form["until"] else None
    except ValueError as error:
        raise Invalid.field("until", "not_a_day", "Please write the day like 2026-11-24.") from error
    await licences.set_grace(conn, actor, psychologist_id, until, form["reason"], now)


async def _supervisor(conn: Conn, kit: Kit, actor: Actor, psychologist_id: UUID, form: Form, now: datetime) -> None:
    chosen = must_be_id(form["supervisor"]) if form["supervisor"] else None
    await licences.set_supervisor(conn, actor, psychologist_id, chosen, now)


DECISIONS: dict[str, Decision] = {
    "list": _list, "refuse": _refuse, "disable": _disable, "check": _check, "grace": _grace, "supervisor": _supervisor,
}
FROM_THE_LIST = ("list", "refuse", "disable")


@post(f"{HERE}/{{person_id:str}}/{{decision:str}}")
async def decide(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str], decision: FromPath[str],
) -> Response[Any]:
    need(actor, "admin")
    verb = DECISIONS.get(decision)
    if verb is None:
        raise NotFound
    psychologist_id, form = must_be_id(person_id), await read_form(request)

    async def run(conn: Conn) -> str:
        await verb(conn, kit, actor, psychologist_id, form, now)
        return HERE if decision in FROM_THE_LIST else f"{HERE}/{psychologist_id}"

    try:
        return await form_once(request, kit, actor, now, run)
    except NotReady as refusal:
        return await list_page(request, kit, actor, now, refusal, psychologist_id)
    except Invalid as refusal:
        return await _page(request, kit, actor, now, psychologist_id, form, refusal)


pages: list[Any] = [papers, decide]
