"""A psychologist's clients, and what was agreed with each, as pages."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup

from kikao.core import i18n, money
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.i18n import ngettext
from kikao.core.paging import bound, place
from kikao.core.render import env, page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, need, read, read_form
from kikao.directory import clients, own, rules
from kikao.directory.api import read_cursor
from kikao.directory.clients import Agreed, Client
from kikao.directory.own import Own, OwnRate
from kikao.directory.own_pages import TAKES, errors, number

LIST = "/me/clients"
MOST = 50
AT_ONCE: dict[str, bool | None] = {"": None, "yes": True, "no": False}


def _met(one: Client, zone: str) -> str:
    if not one.completed:
        return _("known before") if one.known else _("not met yet")
    times = ngettext("met once", "met %(number)s times", one.completed) % {"number": one.completed}
    last = _("last on %(day)s") % {"day": i18n.day(one.last_at, zone)} if one.last_at else ""
    return ", ".join(part for part in (times, last) if part)


@read(LIST)
async def mine(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    assert actor.person_id is not None
    cursor = request.query_params.get("cursor")
    after = read_cursor(place(request, cursor))
    async with kit.db.connection() as conn:
        found = await clients.clients_of(conn, actor.person_id, now, after=after, most=MOST)
    last = found[MOST - 1] if len(found) > MOST else None
    following = base64.urlsafe_b64encode(f"{last.person_id}|{last.name}".encode()).decode() if last else None
    further = bound(request, following)
    return page(
        request, kit, actor, "directory/clients.html",
        people=[
            {"name": one.name, "url": f"{LIST}/{one.person_id}", "facts": _met(one, actor.time_zone),
             "closed": one.closed_at is not None}
            for one in found[:MOST]
        ],
        next_url=f"{LIST}?cursor={further}" if further else None, first_url=LIST if cursor else None,
    )  # fmt: skip


async def _client_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, client_id: UUID, *,
    form: Form | None = None, refusal: Refusal | None = None,
) -> Response[str]:
    assert actor.person_id is not None
    async with kit.db.connection() as conn:
        one = await clients.client_of(conn, actor.person_id, client_id, now)
        history = await own.rate_history(conn, actor.person_id)
        usual = own.current_rates(history, await kit.numbers(conn, actor, now), now)
        mine = await own.profile(conn, actor.person_id)
    url = f"{LIST}/{client_id}"
    return page(
        request, kit, actor, "directory/client.html", status=refusal.status if refusal else 200,
        name=one.name, url=url, errors=errors(refusal), closed=one.closed_at is not None,
        done=refusal is None and request.query_params.get("done") == "1",
        book_url=None if one.closed_at else f"/book/{client_id}", facts=[(_("So far"), _met(one, actor.time_zone))],
        at_once=next(word for word, value in AT_ONCE.items() if value == one.at_once),
        known=one.known_since is not None, met=one.completed > 0,
        types=[(name, _(name)) for name in rules.SESSION_TYPES],
        rates=[_rate(rate, one, url, actor) for rate in usual if _matters(rate.session_type, one, mine)],
        usual_taking=next(_(label) for value, label, _hint in TAKES if value == mine.takes),
        values={name: form[name] if form else "" for name in ("session_type", "amount", "minutes")},
        close=_closing(one, url),
    )


def _matters(session_type: str, one: Client, mine: Own) -> bool:
    return session_type in mine.session_types or session_type in (rate.session_type for rate in one.agreed)


def _price(rate: OwnRate | Agreed) -> str:
    return _("%(price)s for %(minutes)s minutes") % {"price": money.shown(rate.amount), "minutes": rate.minutes}


def _rate(rate: OwnRate, one: Client, url: str, actor: Actor) -> list[Any]:
    """What everybody pays, what this client pays, and its end."""
    agreed = next((each for each in one.agreed if each.session_type == rate.session_type), None)
    if agreed is None:
        return [_(rate.session_type), _price(rate), _("the same"), ""]
    parts: Any = env.get_template("core/parts.html").make_module({"viewer": actor})
    end: Markup = parts.action({
        "label": _("Use the usual price again"), "url": f"{url}/rate/end", "kind": "link",
        "hidden": {"session_type": rate.session_type},
    })
    return [_(rate.session_type), _price(rate), _price(agreed), end]


def _closing(one: Client, url: str) -> dict[str, Any]:
    if one.closed_at is not None:
        return {"label": _("See this client again"), "url": f"{url}/reopen", "kind": "plain"}
    confirm = {
        "title": _("Stop seeing %(name)s?") % {"name": one.name}, "button": _("Stop seeing them"),
        "text": _("Your times look taken to them, and nothing says why. Sessions already booked stay."),
    }
    return {"label": _("Stop seeing this client…"), "url": f"{url}/close", "kind": "danger", "confirm": confirm}


@read(f"{LIST}/{{person_id:str}}")
async def one_client(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str],
) -> Response[Any]:
    need(actor, "psychologist")
    return await _client_page(request, kit, actor, now, must_be_id(person_id))


Verb = Callable[[Conn, Actor, UUID, Form, datetime], Awaitable[None]]


def _button(path: str, verb: Verb) -> Any:
    """Do, and come back to this client; what is refused is said there, with what was typed."""

    @post(f"{LIST}/{{person_id:str}}/{path}")
    async def pressed(
        request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
        person_id: FromPath[str],
    ) -> Response[Any]:
        need(actor, "psychologist")
        client_id, form = must_be_id(person_id), await read_form(request)

        async def run(conn: Conn) -> str:
            await verb(conn, actor, client_id, form, now)
            return f"{LIST}/{client_id}?done=1"

        try:
            return await form_once(request, kit, actor, now, run)
        except NotFound:
            raise
        except Refusal as refusal:
            return await _client_page(request, kit, actor, now, client_id, form=form, refusal=refusal)

    return pressed


async def _taking(conn: Conn, actor: Actor, client_id: UUID, form: Form, now: datetime) -> None:
    await clients.take_at_once(conn, actor, client_id, AT_ONCE.get(form["at_once"]), now)
    await clients.know(conn, actor, client_id, form.ticked("known"), now)


async def _agree(conn: Conn, actor: Actor, client_id: UUID, form: Form, now: datetime) -> None:
    rate = clients.Rate(form["session_type"], number(form, "amount"), number(form, "minutes"))
    await clients.agree_rate(conn, actor, client_id, rate, now)


async def _end_rate(conn: Conn, actor: Actor, client_id: UUID, form: Form, now: datetime) -> None:
    await clients.agree_rate(conn, actor, client_id, clients.Rate(form["session_type"], None), now)


async def _close(conn: Conn, actor: Actor, client_id: UUID, _form: Form, now: datetime) -> None:
    await clients.close(conn, actor, client_id, now)


async def _reopen(conn: Conn, actor: Actor, client_id: UUID, _form: Form, now: datetime) -> None:
    await clients.reopen(conn, actor, client_id, now)


pages: list[Any] = [
    mine, one_client, _button("taking", _taking), _button("rate", _agree), _button("rate/end", _end_rate),
    _button("close", _close), _button("reopen", _reopen),
]
