"""One person as an admin sees them. Each look, and each contact that is opened, stands in the journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts import actions, files, hiring, standing
from kikao.accounts.files import Acting, File
from kikao.accounts.rules import STATES, Numbers
from kikao.accounts.standing import Standing
from kikao.admin import reports, staff, words
from kikao.admin.parts import Parts, action, columns, link, reference
from kikao.admin.people_pages import HERE, WORKING, signs_of
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.clock import local_day
from kikao.core.db import Conn
from kikao.core.errors import Forbidden, NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import new_id
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, need, read, read_form
from kikao.journal.actions import record
from kikao.sessions.asking import errors


class Known(msgspec.Struct, frozen=True):
    """One person, as they were read in one look."""

    file: File
    standings: list[Standing]
    sessions: list[reports.OfPerson]
    people: reports.People
    whole: bool


async def _known(
    conn: Conn, kit: Kit, actor: Actor, person_id: UUID, now: datetime, *, whole: bool
) -> Known:
    found = await files.file(conn, person_id, now)
    await record(conn, actor, "look", "person", person_id, now)
    states: list[Standing] = []
    if whole:
        found = msgspec.structs.replace(found, contacts=await files.open_contacts(conn, actor, person_id, now))
        states = await standing.standings(conn, actor, kit.vault, person_id, now)
    sessions = await reports.sessions_of(conn, person_id, now)
    by = [role.granted_by for role in found.roles] + [found.disabled_by, *(one.by_account for one in states)]
    return Known(found, states, sessions, await reports.people(conn, by), whole)


@read(f"{HERE}/{{person_id:str}}")
async def person(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[str]:
    need(actor, "admin")
    return await _page(request, kit, actor, now, must_be_id(person_id))


@post(f"{HERE}/{{person_id:str}}/contacts")
async def opened(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[str]:
    """The same with contacts and reasons in full: a form, so that no link and no reload opens them unasked."""
    need(actor, "admin")
    return await _page(request, kit, actor, now, must_be_id(person_id), whole=True)


async def _page(
    request: Req, kit: Kit, actor: Actor, now: datetime, person_id: UUID, *, whole: bool = False,
    form: Form | None = None, refusal: Refusal | None = None,
) -> Response[str]:
    async with kit.db.transaction() as conn:
        known = await _known(conn, kit, actor, person_id, now, whole=whole)
    parts, found = Parts(actor, now), known.file
    signs = signs_of(found.state, found.account_id is not None, parts)
    if found.disabled_at:
        signs.append(parts.sign("bad", "off", _("Account disabled")))
    return page(
        request, kit, actor, "admin/person.html", status=refusal.status if refusal else 200, errors=errors(refusal),
        name=found.name, signs=signs, rows=_facts(found, actor, now), whole=whole, url=f"{HERE}/{found.person_id}",
        contacts=[
            (_("Phone") if one.kind == "phone" else _("E-mail"),
             one.value + ("" if one.proved_at else f" ({_('not proved')})"))
            for one in found.contacts
        ],
        roles=_roles(known, parts), give=_give(found), actions=_deeds(found, actor), key=str(new_id()),
        states=[(state, _(words.STATES_OF_PEOPLE[state][2])) for state in STATES if found.state in STATES[state]],
        reason=form["reason"] if form else "", chosen=(form["state"] or form["role"]) if form else None,
        setting=form is not None and bool(form["state"]), itself=found.person_id == actor.person_id,
        acting=_acting(found, parts), consents=_consents(found, parts), sessions=_sessions(known, parts),
        events=[
            {"text": _(words.STATES_OF_PEOPLE[one.state][2]) + f": {one.reason}",
             "by": known.people.name(one.by_account), "when": i18n.when(one.at, actor.time_zone)}
            for one in known.standings
        ],
    )


def _facts(found: File, actor: Actor, now: datetime) -> list[tuple[str, Any]]:
    zone = actor.time_zone
    rows: list[tuple[str, Any]] = [(_("Here since"), i18n.day(found.created_at, zone))]
    if found.birth_date:
        rows.append((_("Born"), i18n.date_of_year(found.birth_date)))
    rows.append((_("Reads"), i18n.language_name(found.language)))
    rows.append((_("Clock"), i18n.zone_name(now, found.time_zone)))
    if found.account_id is None:
        rows.append((_("Account"), _("none: cannot sign in")))
    elif found.disabled_at:
        rows.append((_("Account"), _("disabled since %(when)s") % {"when": i18n.when(found.disabled_at, zone)}))
    elif found.proved_at is None:
        rows.append((_("Account"), _("no contact is proved yet")))
    else:
        rows.append((_("Signed in now"), str(found.signed_in)))
    return rows


def _roles(known: Known, parts: Parts) -> dict[str, Any]:
    rows = [
        [_(words.ROLES[one.role]), parts.at(one.granted_at), known.people.name(one.granted_by) or _("the set-up"),
         parts.actions(_take(known.file, one.role)) if one.role != "client" else ""]
        for one in known.file.roles
    ]
    return {
        "caption": parts.zone, "rows": rows,
        "columns": columns(_("Role"), _("Since"), _("Given by"), _("What can be done"), bare=(3,)),
    }


def _take(found: File, role: str) -> dict[str, Any]:
    text = _("They are signed out at once, and sign in without it.")
    if role == "psychologist":
        text += " " + _("They leave the list, and what waits for an answer or for money ends.")
    title = _("Take this role away from %(name)s?") % {"name": found.name}
    # Which one stands in the form, not in its address: a browser keeps addresses.
    return action(_("Take away"), f"{HERE}/{found.person_id}/take", title, text, kind="danger") | {
        "hidden": {"role": role}
    }


def _give(found: File) -> list[tuple[str, str]]:
    has = {one.role for one in found.roles}
    return [(role, _(words.ROLES[role])) for role in WORKING if role not in has] if found.account_id else []


def _deeds(found: File, actor: Actor) -> list[dict[str, Any]]:
    if found.account_id is None or found.account_id == actor.account_id or found.state == "erased":
        return []
    here, name = f"{HERE}/{found.person_id}", {"name": found.name}
    if found.disabled_at:
        return [action(_("Enable the account"), f"{here}/enable", _("Let %(name)s sign in again?") % name,
                       _("Roles are as they were. A psychologist has to be listed anew."))]  # fmt: skip
    return [
        action(_("Send an invitation") if found.proved_at is None else _("Let them choose a new password"),
               f"{here}/invite", _("Send %(name)s a message to choose a password?") % name,
               _("It goes to the e-mail address. The password of before works until a new one is chosen.")),
        action(_("Disable the account"), f"{here}/disable", _("Disable the account of %(name)s?") % name,
               _("They are signed out everywhere at once and cannot sign in."), kind="danger"),
    ]  # fmt: skip


def _acting(found: File, parts: Parts) -> list[tuple[str, Any]]:
    def told(one: Acting) -> Any:
        text = _("as %(relation)s") % {"relation": _(words.RELATIONS.get(one.relation, one.relation))}
        if one.until:
            day = local_day(one.until, parts.zone_id)
            text += ", " + _("until %(day)s") % {"day": i18n.date_of_year(day)}
        return parts.beside(link(one.name, f"{HERE}/{one.person_id}"), text)

    return [(_("Acts for"), told(one)) for one in found.acts_for] + [
        (_("Is acted for by"), told(one)) for one in found.acted_by
    ]


def _consents(found: File, parts: Parts) -> dict[str, Any]:
    rows = [
        [parts.at(one.given_at), one.given_by, _(words.HOW[one.how]),
         _("%(language)s, version %(number)s") % {"language": i18n.language_name(one.language), "number": one.version},
         parts.at(one.withdrawn_at) if one.withdrawn_at else "–"]
        for one in found.consents
    ]
    return {
        "caption": parts.zone, "rows": rows,
        "columns": columns(_("Given"), _("Given by"), _("How"), _("Text"), _("Taken back")),
    }


def _sessions(known: Known, parts: Parts) -> dict[str, Any]:
    rows = [
        [reference(one.reference, f"/s/{one.reference}"), parts.at(one.starts_at), _(words.PARTS[one.part]),
         parts.badges(one.status)]
        for one in known.sessions
    ]
    return {
        "caption": _("The latest first. %(zone)s") % {"zone": parts.zone}, "rows": rows,
        "columns": columns(_("Reference"), _("When"), _("As"), _("Status")),
    }


# deeds --------------------------------------------------------------------------------------------

Deed = Callable[[Conn, Kit, Actor, tuple[UUID, UUID], Form, datetime], Awaitable[None]]


async def _disable(conn: Conn, kit: Kit, actor: Actor, who: tuple[UUID, UUID], form: Form, now: datetime) -> None:
    await staff.disable_account(conn, actor, kit.vault, who, now)


async def _enable(conn: Conn, kit: Kit, actor: Actor, who: tuple[UUID, UUID], form: Form, now: datetime) -> None:
    await actions.enable(conn, actor, who[1], now)


async def _invite(conn: Conn, kit: Kit, actor: Actor, who: tuple[UUID, UUID], form: Form, now: datetime) -> None:
    numbers = (await kit.numbers(conn, actor, now)).of(Numbers)
    await hiring.invite(conn, actor, kit.vault, who[1], now, numbers)


async def _give_role(conn: Conn, kit: Kit, actor: Actor, who: tuple[UUID, UUID], form: Form, now: datetime) -> None:
    await hiring.give_role(conn, actor, who[1], form["role"], now)


async def _take_role(conn: Conn, kit: Kit, actor: Actor, who: tuple[UUID, UUID], form: Form, now: datetime) -> None:
    if form["role"] not in WORKING:
        raise NotFound
    await staff.take_role(conn, actor, kit.vault, who, form["role"], now)


DEEDS: dict[str, Deed] = {
    "disable": _disable, "enable": _enable, "invite": _invite, "give": _give_role, "take": _take_role,
}  # fmt: skip


async def _do(
    conn: Conn, kit: Kit, actor: Actor, person_id: UUID, deed: str, form: Form, now: datetime
) -> None:
    """Raises NotFound for a deed that there is not, and for somebody without an account where one is needed."""
    if deed == "state":
        return await staff.set_state(conn, actor, kit.vault, person_id, form["state"], form["reason"], now)
    account_id = (await files.file(conn, person_id, now)).account_id
    if account_id is None:
        raise NotFound
    who = (person_id, account_id)
    if deed not in DEEDS:
        raise NotFound
    return await DEEDS[deed](conn, kit, actor, who, form, now)


@post(f"{HERE}/{{person_id:str}}/{{deed:str}}")
async def do(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str], deed: FromPath[str],
) -> Response[Any]:
    need(actor, "admin")
    found, form = must_be_id(person_id), await read_form(request)

    async def run(conn: Conn) -> str:
        await _do(conn, kit, actor, found, deed, form, now)
        return f"{HERE}/{found}"

    try:
        return await form_once(request, kit, actor, now, run)
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        return await _page(request, kit, actor, now, found, form=form, refusal=refusal)


pages: list[Any] = [person, opened, do]
