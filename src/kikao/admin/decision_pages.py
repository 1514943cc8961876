"""What needs a decision that only an admin can make, each with the page where it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.admin import reports, words
from kikao.admin.parts import Parts, action, charge_link, columns, link, reference
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.core.render import page, to_put_right
from kikao.core.web import Kit, Req, form_once, must_be_id, need, read, read_form
from kikao.payments import office, reversals
from kikao.payments.reversals import Reversal
from kikao.sessions.actions import read_reason
from kikao.sessions.asking import errors


@read("/practice/decisions")
async def decisions(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    return await _page(request, kit, actor, now)


async def _page(
    request: Req, kit: Kit, actor: Actor, now: datetime, refusal: Refusal | None = None, typed: str = ""
) -> Response[str]:
    async with kit.db.connection() as conn:
        left = await reports.orphans(conn, now)
        wrong = await office.contradictions(conn)
        stuck = await office.stuck(conn, now)
        gone = await reversals.undecided(conn)
        waiting, unbookable = await reports.psychologists(conn, "waiting", now), await reports.not_bookable(conn, now)
    parts, bearing = Parts(actor, now), [_bear(one) for one in gone]
    to_put_right(bearing, request.scope["path"], refusal, typed)
    return page(
        request, kit, actor, "admin/decisions.html", status=refusal.status if refusal else 200,
        errors=errors(refusal), zone=parts.zone,
        blocks=[*([_gone(bearing, gone, parts)] if gone else []), _left(left, parts)],
        elsewhere=[
            (_("Payments that do not add up"), len(wrong), "/practice/strays"),
            (_("What is stuck"), len(stuck), "/practice/stuck"),
            (_("Psychologists who wait to be listed"), len(waiting), "/practice/listing?show=waiting"),
            (_("Listed psychologists whom nobody can book"), len(unbookable), "/practice/listing?show=unbookable"),
        ],
    )


def _left(found: list[reports.Orphan], parts: Parts) -> dict[str, Any]:
    return {
        "heading": _("Sessions that their psychologist may not hold"),
        "caption": _("Ring the client, then cancel: everything comes back. Nobody is reminded where the psychologist"
                     " has left; whether such a session took place is said on its page. %(zone)s")
        % {"zone": parts.zone},
        "columns": columns(_("Reference"), _("When"), _("Client"), _("With"), _("Why"), _("Status")),
        "rows": [
            [reference(one.reference, f"/s/{one.reference}"), parts.at(one.starts_at), one.client,
             link(one.psychologist, f"/practice/listing/{one.psychologist_id}"), _(words.NOT_HELD[one.why]),
             parts.badges(one.status)]
            for one in found
        ],
        "empty": {"title": _("None: every session that is kept can be held."), "text": ""},
        "next_url": None, "first_url": None,
    }


def _gone(bearing: list[dict[str, Any]], found: list[Reversal], parts: Parts) -> dict[str, Any]:
    return {
        "heading": _("Money that M-Pesa took back"),
        "caption": _("Cancel what it was for, or let the practice bear it. %(zone)s") % {"zone": parts.zone},
        "columns": columns(
            _("Reference"), _("Receipt"), _("Gone"), _("Passed on already"), _("When"), _("What can be done"),
            num=(2, 3), bare=(5,),
        ),
        "rows": [
            [charge_link(one.reference, one.charge_id), one.receipt or "–", shown(one.left), shown(one.earned),
             parts.at(one.noted_at), parts.actions(bear_it)]
            for one, bear_it in zip(found, bearing, strict=True)
        ],
        "empty": {"title": "", "text": ""}, "next_url": None, "first_url": None,
    }  # fmt: skip


def _bear(one: Reversal) -> dict[str, Any]:
    found = action(
        _("Let the practice bear it"), f"/practice/decisions/reversed/{one.id}",
        _("Take %(amount)s out of the practice's share?") % {"amount": shown(one.left)},
        _("What was paid for stays paid, and is passed on. This cannot be undone."),
    )
    found["confirm"]["reason"] = _("Why? Only the practice reads it.")
    return found


@post("/practice/decisions/reversed/{reversal_id:str}")
async def bear(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reversal_id: FromPath[str],
) -> Response[Any]:
    need(actor, "admin")
    form = await read_form(request)

    async def run(conn: Conn) -> str:
        await reversals.check_known(conn, must_be_id(reversal_id))
        reason = read_reason(form["reason"], needed=True)
        await reversals.bear(conn, actor, must_be_id(reversal_id), reason.text, kit.vault, now)
        return "/practice/decisions"

    try:
        return await form_once(request, kit, actor, now, run)
    except Invalid as refusal:
        return await _page(request, kit, actor, now, refusal, form["reason"])


pages: list[Any] = [decisions, bear]
