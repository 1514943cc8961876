"""People as an admin sees them: searched for, one with all that is kept, accounts for those who work here."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import tink
from litestar import Response, post
from litestar.di import NamedDependency
from markupsafe import Markup

from kikao.accounts import files, hiring
from kikao.accounts.actions import LoginTaken
from kikao.accounts.files import Found
from kikao.accounts.rules import Numbers
from kikao.admin.parts import Parts, columns, link, together
from kikao.admin.words import ROLES, STATES_OF_PEOPLE
from kikao.core.actor import Actor
from kikao.core.crypto import hash_password, new_token
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import SYSTEM, new_id, read_reference
from kikao.core.render import page
from kikao.core.web import NOBODY_ID, Form, Kit, Req, form_once, need, read, read_form, see_other
from kikao.journal.actions import record
from kikao.sessions.asking import errors
from kikao.sessions.queries import visible

HERE = "/practice/people"
_SEALED = ("admin.search", "who")
WORKING = ("desk", "finance", "psychologist", "admin")


# searching ----------------------------------------------------------------------------------------


def pack(kit: Kit, actor: Actor, typed: str) -> str:
    """For the address: a name or a number stands in none. Opened by this house only, for this reader."""
    sealed = kit.vault.seal(typed, *_SEALED, actor.account_id or NOBODY_ID)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unpack(kit: Kit, actor: Actor, text: str | None) -> str:
    if not text:
        return ""
    try:
        return kit.vault.open(base64.urlsafe_b64decode(f"{text}=="), *_SEALED, actor.account_id or NOBODY_ID)
    except (binascii.Error, UnicodeError, ValueError, tink.TinkError):
        return ""


async def look_for(conn: Conn, actor: Actor, typed: str, now: datetime) -> list[Found]:
    """By the reference of a session, or as `files.search` reads it; the look stands in the journal. Raises Invalid."""
    reference = read_reference(typed)
    found: list[Found] = []
    if reference is not None:
        try:
            session = await visible(conn, actor, reference, now)
            found = await files.by_ids(conn, [session.client_id, session.psychologist_id])
        except NotFound:
            reference = None
    if reference is None:
        found = await files.search(conn, typed)
    await record(conn, actor, "search people", "person", SYSTEM, now, found=[str(one.person_id) for one in found])
    return found


@post(HERE)
async def find(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """A form, so that what is looked for stands in no address and no history."""
    need(actor, "admin")
    typed = (await read_form(request))["who"][:80]
    return see_other(f"{HERE}?f={pack(kit, actor, typed)}" if typed else HERE)


@read(HERE)
async def people(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    typed = unpack(kit, actor, request.query_params.get("f"))
    refusal, found = None, list[Found]()
    async with kit.db.transaction() as conn:
        try:
            found = await look_for(conn, actor, typed, now) if typed else []
        except Invalid as wrong:
            refusal = wrong
    parts = Parts(actor, now)
    return page(
        request, kit, actor, "admin/people.html", status=refusal.status if refusal else 200, errors=errors(refusal),
        url=HERE, typed=typed, caption=_("Contacts are masked. Opening somebody stands in the journal."),
        columns=columns(_("Name"), _("Contacts"), _("What they are here"), _("State")),
        rows=[_row(one, parts) for one in found], asked=bool(typed) and refusal is None,
        more=len(found) == files.MOST,
    )


def roles_told(roles: Iterable[str]) -> str:
    return ", ".join(_(ROLES[role]) for role in roles if role in ROLES) or "–"


def _row(one: Found, parts: Parts) -> list[Any]:
    signs = signs_of(one.state, one.has_account, parts)
    if one.disabled:
        signs.append(parts.sign("bad", "off", _("Account disabled")))
    return [
        link(one.name, f"{HERE}/{one.person_id}"), ", ".join(one.contacts) or "–", roles_told(one.roles),
        together(*signs),
    ]


def signs_of(state: str, has_account: bool, parts: Parts) -> list[Markup]:
    """Active says that somebody can use what they have here: without an account that is nothing."""
    tone, icon, word = STATES_OF_PEOPLE[state]
    none = [] if has_account else [parts.sign("past", "user", _("No account"))]
    return none if none and state == "active" else [parts.sign(tone, icon, _(word)), *none]


# hiring -------------------------------------------------------------------------------------------


@read("/practice/hire")
async def hire_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    return _hire(request, kit, actor)


def _hire(
    request: Req, kit: Kit, actor: Actor, form: Form | None = None, refusal: Refusal | None = None
) -> Response[str]:
    return page(
        request, kit, actor, "admin/hire.html", status=refusal.status if refusal else 200, errors=errors(refusal),
        name=form["name"] if form else "", email=form["email"] if form else "", key=str(new_id()),
        roles=[{"value": role, "label": _(ROLES[role])} for role in WORKING],
        ticked=form.every("roles") if form else (),
    )


@post("/practice/hire")
async def hire(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "admin")
    form = await read_form(request)
    nobody_knows = await hash_password(new_token())

    async def run(conn: Conn) -> str:
        made = await hiring.hire(
            conn, actor, kit.vault, name=form["name"], email=form["email"],
            roles=set(WORKING) & set(form.every("roles")), password_hash=nobody_knows, now=now,
            numbers=(await kit.numbers(conn, actor, now)).of(Numbers), time_zone=kit.time_zone,
        )
        return f"{HERE}/{made.person_id}"

    try:
        return await form_once(request, kit, actor, now, run)
    except (Invalid, LoginTaken) as refusal:
        return _hire(request, kit, actor, form, refusal)


pages: list[Any] = [people, find, hire_page, hire]


