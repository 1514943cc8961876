"""Whom somebody acts for: who they are, until when, agreeing for them, adding one and ending it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts import acting, queries, rules
from kikao.accounts.acting import ActedFor
from kikao.accounts.page_parts import errors_of, status_of
from kikao.core import i18n, phone
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, NotSignedIn, Refusal, all_of, refused
from kikao.core.i18n import gettext as _
from kikao.core.ids import read_id
from kikao.core.render import own_pages, page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, need, read, read_form, see_other

HERE = "/me/people"
ROLE = "client"


def _relation(word: str) -> str:
    names = {"parent": _("You are a parent"), "guardian": _("You are the guardian"), "carer": _("You care for them")}
    return names.get(word, word)


def relations() -> list[tuple[str, str]]:
    return [(word, _relation(word)) for word in rules.RELATIONS]


def _until(one: ActedFor, zone: str) -> str:
    if one.ends_at is None:
        return _("You book, agree and pay for them.")
    return _("You book, agree and pay for them until %(day)s.") % {"day": i18n.date_of_year(
        one.ends_at.astimezone(ZoneInfo(zone)).date())}


def _shown(one: ActedFor, zone: str, call: str) -> dict[str, Any]:
    address = f"{HERE}/{one.person_id}"
    born = _("Born %(day)s.") % {"day": i18n.date_of_year(one.birth_date)} if one.birth_date else ""
    question = {
        "title": _("Stop acting for %(name)s?") % {"name": one.name}, "button": _("Stop acting"), "kind": "danger",
        "text": _("You see and do nothing for them any more. What is booked stays: to cancel it, call %(phone)s.")
        % {"phone": call},
    }
    return {
        "name": one.name, "facts": f"{_relation(one.relation)}. {born}".strip(),
        "until": _until(one, zone), "agreed": one.agreed, "agree_url": f"{address}/agree",
        "person_id": str(one.person_id),
        "actions": [{"label": _("Stop acting for them…"), "url": f"{address}/end", "kind": "link",
                     "confirm": question}],
    }


async def _page(
    request: Req, kit: Kit, actor: Actor, now: datetime, *, form: Form | None = None, refusal: Refusal | None = None,
    about: UUID | None = None,
) -> Response[str]:
    """`about`: the person whose form was refused, and whose id its fields carry; None: the form for a new one."""
    if actor.person_id is None:
        raise NotSignedIn
    typed = form or Form({})
    async with kit.db.connection() as conn:
        people = await acting.people_of(conn, actor.person_id, now)
        text = await queries.consent_text(conn, actor.language)
    found = [error | {"field": f"{error['field']}-{about}"} if about and error["field"] else error
             for error in errors_of(refusal)]
    return page(
        request, kit, actor, "accounts/people.html", status=status_of(refusal), tabs=own_pages(actor, HERE),
        people=[_shown(one, actor.time_zone, phone.shown(kit.practice_phone)) for one in people],
        url=HERE, relations=relations(),
        lines=text.lines, text_id=str(text.id), errors=[] if about else found, agree_errors=found if about else [],
        about=str(about) if about else None,
        values={"name": typed["name"], "birthDate": typed["birthDate"], "relation": typed["relation"] or "parent",
                "consent": typed.ticked("consent")},
        done=request.query_params.get("done") if refusal is None else None, today=now.date().isoformat(),
    )


def _consent(form: Form) -> UUID:
    """Raises Invalid where it was not agreed to."""
    text_id = read_id(form["consent_text"]) if form.ticked("consent") else None
    if text_id is None:
        raise Invalid.field("consent", "missing", "Please read what is kept about them, and agree to it first.")
    return text_id


def birth_date(form: Form) -> date | None:
    if not form["birthDate"]:
        return None
    try:
        return date.fromisoformat(form["birthDate"])
    except ValueError:
        raise Invalid.field("birthDate", "not_a_date", "Please give the day like 2018-04-12.") from None


def _check(form: Form, now: datetime) -> None:
    """Raises Invalid with everything that cannot be used, so that one correction is enough."""
    wrong = all_of(
        refused(lambda: rules.called(form["name"])),
        refused(lambda: rules.check_acting(birth_date(form), form["relation"], now.date())),
        refused(lambda: _consent(form)),
    )
    if wrong:
        raise wrong


@read(HERE)
async def people_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, ROLE)
    return await _page(request, kit, actor, now)


@post(HERE)
async def do_add(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, ROLE)
    form = await read_form(request)

    async def verb(conn: Conn) -> str:
        await acting.add_person(
            conn, actor, name=form["name"], birth_date=birth_date(form), relation=form["relation"],
            consent_text_id=_consent(form), now=now,
        )
        return f"{HERE}?done=added"

    try:
        _check(form, now)
        return await form_once(request, kit, actor, now, verb)
    except Refusal as refusal:
        return await _page(request, kit, actor, now, form=form, refusal=refusal)


@post(f"{HERE}/{{person_id:str}}/agree")
async def do_agree_for(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[Any]:
    need(actor, ROLE)
    form = await read_form(request)
    about = must_be_id(person_id)
    assert actor.person_id is not None
    async with kit.db.connection() as conn:
        await acting.one_of(conn, actor.person_id, about, now)
    try:
        async with kit.db.transaction() as conn:
            await acting.agree_for(conn, actor, about, _consent(form), now)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _page(request, kit, actor, now, form=form, refusal=refusal, about=about)
    return see_other(f"{HERE}?done=agreed")


@post(f"{HERE}/{{person_id:str}}/end")
async def do_end_acting(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[Any]:
    need(actor, ROLE)
    about = must_be_id(person_id)

    async def verb(conn: Conn) -> str:
        await acting.end_acting(conn, actor, about, now)
        return f"{HERE}?done=ended"

    return await form_once(request, kit, actor, now, verb)


pages: list[Any] = [people_page, do_add, do_agree_for, do_end_acting]
