"""The numbers that ring in an emergency: added, put in order, rung, removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup, escape

from kikao.admin import reports
from kikao.admin.parts import Parts, action, columns, faster
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import new_id
from kikao.core.render import page
from kikao.core.web import Kit, Req, form_once, must_be_id, need, read, read_form
from kikao.directory import lines
from kikao.directory.lines import Line, NewLine
from kikao.directory.queries import emergency_lines
from kikao.sessions.asking import errors

HERE = "/practice/lines"
Deed = Callable[[Conn, Actor, UUID, datetime], Awaitable[None]]
DEEDS: dict[str, Deed] = {"rung": lines.note_rung, "up": lines.move_up, "remove": lines.remove}


@read(HERE)
async def all_lines(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    return await _page(request, kit, actor, now)


async def _page(
    request: Req, kit: Kit, actor: Actor, now: datetime, typed: NewLine | None = None, refusal: Refusal | None = None
) -> Response[str]:
    """Again with what was `typed`, where that was refused; or with what is left, where somebody was faster."""
    async with kit.db.connection() as conn:
        found = await lines.lines(conn)
        people = await reports.people(conn, (one.rung_by for one in found))
    parts = Parts(actor, now)
    return page(
        request, kit, actor, "admin/lines.html", status=refusal.status if refusal else 200,
        must_ring=not any(one.rung_at for one in found),
        errors=errors(refusal) if typed else [], gone=faster(refusal if typed is None else None),
        typed=typed or NewLine("", "", "", ""), most=lines.LONGEST,
        url=HERE, key=str(new_id()), caption=parts.zone,
        columns=columns(_("Name"), _("Number"), _("For whom"), _("Rung"), _("What can be done"), bare=(4,)),
        rows=[_row(one, parts, people, first=at == 0) for at, one in enumerate(found)],
    )


def _row(one: Line, parts: Parts, people: reports.People, *, first: bool) -> list[Any]:
    rung: Any = parts.sign("todo", "phone", _("Not rung yet"))
    if one.rung_at is not None:
        rung = escape(_("%(day)s by %(name)s")) % {
            "day": parts.at(one.rung_at), "name": people.name(one.rung_by) or _("somebody"),
        }
    return [
        one.name, one.number, _about(one), rung,
        parts.actions(*_deeds(one, first=first)),
    ]


def _about(one: Line) -> Any:
    """In both languages, as its readers see it, and which is which."""
    said = {"en": (one.for_whom, one.hours), "sw": (one.for_whom_sw, one.hours_sw)}
    texts = [_in(code, name, ", ".join(text for text in said[code] if text)) for code, name in i18n.LANGUAGES]
    return Markup("<br>").join([*texts, *([_("invented, for the demo")] if one.invented else [])])


def _in(code: str, name: str, text: str) -> Markup:
    """A language by its own name, and what is said in it."""
    said = Markup('<span lang="{}">{}</span>').format(code, text) if text else escape(_("nothing yet"))
    return Markup('<span class="quiet"><span lang="{}">{}</span>:</span> {}').format(code, name, said)


def _deeds(one: Line, *, first: bool) -> list[dict[str, Any]]:
    here = f"{HERE}/{one.id}"
    found = [action(
        _("I rang it today"), f"{here}/rung", _("Did somebody answer %(number)s?") % {"number": one.number},
        _("Say so only after you have rung it yourself. It stands on every page from then on."),
    )]  # fmt: skip
    if not first:
        found.append({"label": _("Move up"), "url": f"{here}/up", "kind": "plain", "key": str(new_id())})
    found.append(action(
        _("Remove"), f"{here}/remove", _("Remove %(name)s?") % {"name": one.name},
        _("It disappears from every page. Without a number that was rung nobody new can be listed."), kind="danger",
    ))  # fmt: skip
    return found


@post(HERE)
async def add(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "admin")
    form = await read_form(request)
    typed = NewLine(*(form[name] for name in NewLine.__struct_fields__))

    async def run(conn: Conn) -> str:
        await lines.add(conn, actor, typed, now)
        return HERE

    try:
        return await form_once(request, kit, actor, now, run)
    except Invalid as refusal:
        return await _page(request, kit, actor, now, typed, refusal)


@post(f"{HERE}/{{line_id:str}}/{{deed:str}}")
async def do(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    line_id: FromPath[str], deed: FromPath[str],
) -> Response[Any]:
    need(actor, "admin")
    verb, found = DEEDS.get(deed), must_be_id(line_id)
    if verb is None:
        raise NotFound
    await read_form(request)

    async def run(conn: Conn) -> str:
        await verb(conn, actor, found, now)
        return HERE

    try:
        answer = await form_once(request, kit, actor, now, run)
    except NotFound as gone:
        return await _page(request, kit, actor, now, refusal=gone)
    async with kit.db.connection() as conn:  # other processes look again within half a minute
        kit.emergency_lines = await emergency_lines(conn)
    return answer


pages: list[Any] = [all_lines, add, do]
