"""Where people meet in person: places added, corrected, closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.admin import reports
from kikao.admin.parts import Parts, action, columns, link
from kikao.availability import actions, queries
from kikao.availability.actions import PlaceInUse, PlaceTwice
from kikao.availability.queries import Place
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import new_id
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, need, read, read_form
from kikao.sessions.asking import errors

HERE = "/practice/places"
Face = Callable[[Refusal], Awaitable[Response[str]]]


@read(HERE)
async def all_places(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    return await _all(request, kit, actor, now)


async def _all(
    request: Req, kit: Kit, actor: Actor, now: datetime, form: Form | None = None, refusal: Refusal | None = None
) -> Response[str]:
    async with kit.db.connection() as conn:
        found = await queries.places(conn)
        there = await queries.who_is_where(conn, now)
        names = await reports.at_work(conn)
    parts, away = Parts(actor, now), _("somebody who is not listed")
    return page(
        request, kit, actor, "admin/places.html", status=refusal.status if refusal else 200, errors=errors(refusal),
        name=form["name"] if form else "", address=form["address"] if form else "", url=HERE, key=str(new_id()),
        columns=columns(_("Name"), _("Address"), _("Whose hours are there"), _("What can be done"), bare=(3,)),
        rows=[_row(one, {names.get(who, away) for who in there.get(one.id, [])}, parts) for one in found],
    )


def _row(one: Place, names: set[str], parts: Parts) -> list[Any]:
    here = f"{HERE}/{one.id}"
    close = action(
        _("Close this place"), f"{here}/close", _("Close %(name)s?") % {"name": one.name},
        _("Nobody can choose it any more. Sessions that are there already stay there."), kind="danger",
    )  # fmt: skip
    return [link(one.name, here), one.address, ", ".join(sorted(names)) or _("nobody's"), parts.actions(close)]


@read(f"{HERE}/{{place_id:str}}")
async def one_place(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], place_id: FromPath[str]
) -> Response[str]:
    need(actor, "admin")
    return await _one(request, kit, actor, must_be_id(place_id))


async def _one(
    request: Req, kit: Kit, actor: Actor, place_id: UUID, form: Form | None = None, refusal: Refusal | None = None
) -> Response[str]:
    async with kit.db.connection() as conn:
        found = await queries.place(conn, place_id)
    return page(
        request, kit, actor, "admin/place.html", status=refusal.status if refusal else 200, errors=errors(refusal),
        heading=found.name, name=form["name"] if form else found.name,
        address=form["address"] if form else found.address, url=f"{HERE}/{place_id}", all_url=HERE, key=str(new_id()),
    )


@post(HERE)
async def add(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "admin")
    form = await read_form(request)
    return await _do(
        request, kit, actor, now, lambda conn: actions.add_place(conn, actor, form["name"], form["address"], now),
        lambda refusal: _all(request, kit, actor, now, form, refusal),
    )


@post(f"{HERE}/{{place_id:str}}")
async def correct(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    place_id: FromPath[str],
) -> Response[Any]:
    need(actor, "admin")
    wanted, form = must_be_id(place_id), await read_form(request)
    return await _do(
        request, kit, actor, now,
        lambda conn: actions.correct_place(conn, actor, wanted, form["name"], form["address"], now),
        lambda refusal: _one(request, kit, actor, wanted, form, refusal),
    )


@post(f"{HERE}/{{place_id:str}}/close")
async def close(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    place_id: FromPath[str],
) -> Response[Any]:
    need(actor, "admin")
    wanted = must_be_id(place_id)
    await read_form(request)
    return await _do(
        request, kit, actor, now, lambda conn: actions.close_place(conn, actor, wanted, now),
        lambda refusal: _all(request, kit, actor, now, None, refusal),
    )


async def _do(
    request: Req, kit: Kit, actor: Actor, now: datetime, verb: Callable[[Conn], Awaitable[Any]], face: Face
) -> Response[Any]:
    """Back to the list, or the page again with what was refused."""

    async def run(conn: Conn) -> str:
        await verb(conn)
        return HERE

    try:
        return await form_once(request, kit, actor, now, run)
    except (Invalid, PlaceTwice, PlaceInUse) as refusal:
        return await face(refusal)


pages: list[Any] = [all_places, one_place, add, correct, close]
