"""What happened here? Everything that the journal knows of a session, a payment, a person or an account."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts.files import Found
from kikao.admin import journal_words as told
from kikao.admin import looking_back
from kikao.admin.parts import Parts, columns, link, reference
from kikao.admin.people_pages import look_for, pack, roles_told, unpack
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound
from kikao.core.i18n import gettext as _
from kikao.core.ids import SYSTEM, read_id, read_reference
from kikao.core.paging import make_cursor, read_cursor
from kikao.core.render import page
from kikao.core.web import Kit, Req, must_be_id, need, read, read_form, see_other
from kikao.journal.actions import UNKNOWN, record
from kikao.journal.queries import Entry, about
from kikao.sessions.asking import errors

HERE = "/practice/journal"
EACH = 100


@post(HERE)
async def find(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """A reference or an id leads straight there, anything else to the people whom it fits."""
    need(actor, "admin")
    typed = (await read_form(request))["who"][:80]
    found = read_id(typed.lower())
    shown = read_reference(typed)
    if found is None and shown is not None:
        async with kit.db.connection() as conn:
            found = await looking_back.of_reference(conn, shown)
    if found is not None:
        return see_other(f"{HERE}/{found}")
    return see_other(f"{HERE}?f={pack(kit, actor, typed)}" if typed else HERE)


@read(HERE)
async def journal(
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
    return page(
        request, kit, actor, "admin/journal.html", status=refusal.status if refusal else 200, errors=errors(refusal),
        url=HERE, typed=typed, asked=bool(typed) and refusal is None, caption=_("Whose journal?"),
        columns=columns(_("Name"), _("Contacts"), _("What they are here")),
        rows=[
            [link(one.name, f"{HERE}/{one.person_id}"), ", ".join(one.contacts) or "–", roles_told(one.roles)]
            for one in found
        ],
    )


# of one thing -------------------------------------------------------------------------------------


class Known(msgspec.Struct, frozen=True):
    subject: looking_back.Subject
    entries: list[Entry]
    names: dict[UUID, str]
    references: dict[UUID, str]


async def _known(
    conn: Conn, actor: Actor, noun_id: UUID, now: datetime, before: tuple[datetime, UUID] | None
) -> Known:
    """Raises NotFound for an id of nothing, and of what nothing was ever noted about."""
    subject = await looking_back.subject(conn, noun_id)
    entries = await about(conn, subject.nouns, subject.account_id, most=EACH, before=before)
    if subject.kind == "" and not entries:
        raise NotFound
    await record(conn, actor, "look at the journal", subject.kind or "journal", noun_id, now)
    nouns = [entry.noun_id for entry in entries]
    names = await looking_back.names(conn, [entry.by_account for entry in entries], nouns)
    return Known(subject, entries, names, await looking_back.references(conn, nouns))


@read(f"{HERE}/{{noun_id:str}}")
async def of_one(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    noun_id: FromPath[str],
) -> Response[str]:
    need(actor, "admin")
    found, after = must_be_id(noun_id), read_cursor(request.query_params.get("after"))
    async with kit.db.transaction() as conn:
        known = await _known(conn, actor, found, now, after)
    shown, here = known.entries[:EACH], f"{HERE}/{found}"
    more = (shown[-1].at, shown[-1].id) if len(known.entries) > EACH else None
    return page(
        request, kit, actor, "admin/happened.html", heading=_heading(known.subject), link_to=_link(known.subject),
        events=[_event(entry, known, actor) for entry in shown],
        zone=Parts(actor, now).zone,
        next_url=f"{here}?after={make_cursor(more)}" if more else None, first_url=here if after else None,
    )


def _heading(subject: looking_back.Subject) -> str:
    if subject.kind in ("session", "charge"):
        return _("What happened with %(reference)s") % {"reference": subject.name}
    return _("What happened with %(name)s") % {"name": subject.name or _("this")}


def _link(subject: looking_back.Subject) -> dict[str, str] | None:
    if subject.kind == "session":
        return {"url": f"/s/{subject.name}", "label": _("The session")}
    if subject.kind == "charge":
        return {"url": f"/practice/payments/{subject.id}", "label": _("The payment")}
    if subject.kind == "person":
        return {"url": f"/practice/people/{subject.id}", "label": _("The person")}
    return None


def _event(entry: Entry, known: Known, actor: Actor) -> dict[str, Any]:
    text = told.done(entry.verb)
    more = told.facts(entry.facts, actor.time_zone)
    return {
        "text": f"{text}: {more}" if more else text, "about": _about(entry, known),
        "when": i18n.day_and_clock(entry.at, actor.time_zone), "by": _by(entry.by_account, known),
    }


def _about(entry: Entry, known: Known) -> Any:
    """What it was done to, where that leads somewhere."""
    if entry.noun_id in known.references:
        return reference(known.references[entry.noun_id], f"{HERE}/{entry.noun_id}")
    if entry.noun_id in known.names:
        return link(known.names[entry.noun_id], f"{HERE}/{entry.noun_id}")
    return told.noun(entry.noun)


def _by(account_id: UUID, known: Known) -> str:
    if account_id == SYSTEM:
        return _("the system")
    if account_id == UNKNOWN:
        return _("somebody who was not signed in")
    return known.names.get(account_id) or _("an account that is gone")


pages: list[Any] = [journal, find, of_one]
