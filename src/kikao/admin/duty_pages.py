"""Money that has to go back, and money that belongs to nothing yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup, escape

from kikao.admin import reports, words
from kikao.admin.parts import (
    MONEY,
    Parts,
    action,
    charge_link,
    columns,
    faster,
    note_look,
    sections,
    tabs,
)
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import new_id, read_reference
from kikao.core.money import shown
from kikao.core.paging import make_cursor, read_cursor
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, need, read, read_form, safe_next
from kikao.payments import office
from kikao.payments import suspense as lying
from kikao.payments.charges import done
from kikao.payments.errors import OtherAmount
from kikao.payments.office import Duty, Filter, Suspense
from kikao.payments.rules import Numbers
from kikao.sessions.asking import errors

EACH = 100


# duties -------------------------------------------------------------------------------------------


def shape() -> list[dict[str, Any]]:
    return columns(
        _("Reference"), _("Amount"), _("Why"), _("To the phone, by receipt"), _("Until"), _("State"),
        _("What can be done"), num=(1,), bare=(6,),
    )  # fmt: skip


def row(one: Duty, parts: Parts, people: reports.People, givers: dict[UUID, UUID], here: str) -> list[Any]:
    """`here` is the page to come back to."""
    return [
        charge_link(one.reference, one.charge_id), shown(one.amount), _(words.WHY_BACK[one.why]),
        Markup("{}<br>{}").format(one.phone or _("no phone paid"), one.receipt or "–"), parts.at(one.until_at),
        _state(one, parts, people.name(givers.get(one.id))), "" if one.done_at else parts.actions(_give(one, here)),
    ]


def _state(one: Duty, parts: Parts, giver: str | None) -> Any:
    if one.done_at:
        told = _("Given back %(when)s by %(name)s")
        return escape(told) % {"when": parts.at(one.done_at), "name": giver or _("somebody")}
    return parts.sign("bad", "alert", _("Late")) if one.until_at < parts.now else parts.sign("todo", "clock", _("Open"))


def _give(one: Duty, here: str) -> dict[str, Any]:
    title = _("Is %(amount)s back with whoever paid?") % {"amount": shown(one.amount)}
    text = _("Say so only after the money has left.")
    if one.receipt and one.channel == "mpesa":
        text += " " + _("M-Pesa's portal shows the number by the receipt %(number)s.") % {"number": one.receipt}
    asks = action(_("Note as done"), f"/practice/duties/{one.id}/done", title, text, back=here)
    asks["hidden"]["seen"] = str(one.amount)
    return asks


@read("/practice/duties")
async def duties(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, *MONEY)
    return await _duties(request, kit, actor, now)


async def _duties(request: Req, kit: Kit, actor: Actor, now: datetime, refusal: Refusal | None = None) -> Response[str]:
    """Again with why, where one of them was refused."""
    every = request.query_params.get("show") == "all"
    after = read_cursor(request.query_params.get("after"))
    async with kit.db.transaction() as conn:
        found, more = await office.duties(conn, Filter(), limit=EACH, after=after, open_only=not every)
        givers = await reports.gave_back(conn, [one.charge_id or one.id for one in found])
        people = await reports.people(conn, givers.values())
        await note_look(conn, actor, now, page="duties")
    if not every:
        found = sorted(found, key=lambda one: one.until_at)
    parts, here = Parts(actor, now), f"/practice/duties?show={'all' if every else 'open'}"
    next_at = make_cursor(more)
    return page(
        request, kit, actor, "admin/money.html", status=refusal.status if refusal else 200,
        heading=_("Money to give back"), lead=None, search=None, errors=errors(refusal),
        sections=sections(actor, "duties"), notices=[],
        tabs=tabs("/practice/duties", "all" if every else "open", {"open": _("To do"), "all": _("All of it")}),
        blocks=[{
            "heading": None, "columns": shape(),
            "caption": (_("The newest first. %(zone)s") if every else _("What is due first stands first. %(zone)s"))
            % {"zone": parts.zone},
            "rows": [row(one, parts, people, givers, here) for one in found],
            "empty": {"title": _("Nothing to give back"), "text": _("Money that bought nothing would stand here.")},
            "next_url": f"{here}&after={next_at}" if next_at else None, "first_url": here if after else None,
        }],
    )  # fmt: skip


@post("/practice/duties/{duty_id:str}/done")
async def given_back(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    duty_id: FromPath[str],
) -> Response[Any]:
    need(actor, *MONEY)
    form = await read_form(request)

    async def run(conn: Conn) -> str:
        seen = form["seen"]
        await done(conn, actor, must_be_id(duty_id), now, int(seen) if seen.isdecimal() else None)
        return _back(form, "/practice/duties")

    try:
        return await form_once(request, kit, actor, now, run)
    except OtherAmount as refusal:
        return await _duties(request, kit, actor, now, refusal)


def _back(form: Form, usual: str) -> str:
    asked = safe_next(form["back"])
    return asked if asked.startswith("/practice/") else usual


# suspense -----------------------------------------------------------------------------------------


class Typed(msgspec.Struct, frozen=True):
    """To which money which reference was typed."""

    receipt_id: UUID
    reference: str


@read("/practice/suspense")
async def suspense(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, *MONEY)
    return await _suspense(request, kit, actor, now)


async def _suspense(
    request: Req, kit: Kit, actor: Actor, now: datetime, refusal: Refusal | None = None, typed: Typed | None = None
) -> Response[str]:
    """Again with what was `typed`, where that was refused; or with what lies there still, where somebody was faster."""
    async with kit.db.transaction() as conn:
        found = await office.suspense(conn)
        await note_look(conn, actor, now, page="suspense")
    parts = Parts(actor, now)
    return page(
        request, kit, actor, "admin/suspense.html", status=refusal.status if refusal else 200,
        sections=sections(actor, "suspense"), errors=errors(refusal) if typed else [],
        gone=faster(refusal if typed is None else None), entries=[_entry(one, parts, typed) for one in found],
        empty={"title": _("Nothing lies in suspense"), "text": _("Every shilling that came belongs to something.")},
    )


def _entry(one: Suspense, parts: Parts, typed: Typed | None) -> dict[str, Any]:
    again = typed if typed and typed.receipt_id == one.id else None
    address, asked = f"/practice/suspense/{one.id}", shown(one.asked) if one.asked else _("nothing")
    return {
        "title": shown(one.amount),
        "facts": [
            (_("Receipt"), one.number or _("to come")), (_("Came"), i18n.when(one.received_at, parts.zone_id)),
            (_("From the phone"), one.phone or _("not known")),
            (_("Asked for"), Markup("{} ({})").format(asked, charge_link(one.reference, one.charge_id))
             if one.reference else asked),
        ],
        "place": {"url": f"{address}/place", "key": str(new_id()), "open": again is not None,
                  "reference": again.reference if again else one.reference or ""},
        "back": action(
            _("It goes back"), f"{address}/back", _("Give %(amount)s back?") % {"amount": shown(one.amount)},
            _("It is put on the list of what has to be given back."),
        ),
    }


async def _settle(
    request: Req, kit: Kit, actor: Actor, now: datetime, receipt_id: UUID, verb: Any
) -> Response[Any]:
    form = await read_form(request)

    async def run(conn: Conn) -> str:
        numbers = (await kit.numbers(conn, actor, now)).of(Numbers)
        return str(await verb(conn, form, numbers))

    try:
        return await form_once(request, kit, actor, now, run)
    except Invalid as refusal:
        return await _suspense(request, kit, actor, now, refusal, Typed(receipt_id, form["reference"]))
    except NotFound as gone:
        return await _suspense(request, kit, actor, now, gone)


@post("/practice/suspense/{receipt_id:str}/place")
async def place(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    receipt_id: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, form: Form, numbers: Numbers) -> str:
        charge_id = await _charge(conn, form["reference"])
        await lying.place(conn, actor, found, charge_id, now, numbers)
        return f"/practice/payments/{charge_id}"

    need(actor, *MONEY)
    found = must_be_id(receipt_id)
    return await _settle(request, kit, actor, now, found, verb)


async def _charge(conn: Conn, typed: str) -> UUID:
    reference = read_reference(typed)
    found = await reports.charges_of(conn, reference) if reference else []
    if not found:
        raise Invalid.field("reference", "unknown_reference", "There is no such reference. Please look at it again.")
    return found[0]


@post("/practice/suspense/{receipt_id:str}/back")
async def goes_back(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    receipt_id: FromPath[str],
) -> Response[Any]:
    async def verb(conn: Conn, _form: Form, numbers: Numbers) -> str:
        await lying.send_back(conn, actor, found, now, numbers)
        return "/practice/duties"

    need(actor, *MONEY)
    found = must_be_id(receipt_id)
    return await _settle(request, kit, actor, now, found, verb)


pages: list[Any] = [duties, given_back, suspense, place, goes_back]
