"""What somebody pays and has paid: an amount, a reference, when and with whom, what came back. Never what for."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response
from litestar.di import NamedDependency

from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.core.paging import make_cursor, or_begin
from kikao.core.render import own_pages, page
from kikao.core.web import Kit, Req, need, read
from kikao.payments import queries, wires
from kikao.payments.links import pay_token
from kikao.payments.queries import Paid
from kikao.payments.rules import badge

HERE = "/me/payments"
SHOWN = 20


def _back(one: Paid, zone: str) -> list[str]:
    """What went back, and what still has to."""
    told = []
    if one.done_back:
        told.append(_("%(amount)s was given back.") % {"amount": shown(one.done_back)})
    if one.owed_back:
        until = i18n.day(one.owed_until, zone) if one.owed_until else ""
        told.append(_("%(amount)s will be given back by %(day)s, to the number that paid.")
                    % {"amount": shown(one.owed_back), "day": until})
    return told


def _sentences(one: Paid, zone: str, now: datetime) -> list[str]:
    bill = one.bill
    told = []
    if bill.received and one.came_at:
        told.append(_("%(amount)s came on %(day)s.")
                    % {"amount": shown(bill.received), "day": i18n.day_and_clock(one.came_at, zone)})
    if bill.payable(now) and bill.open_until:
        told.append(_("%(amount)s to pay by %(when)s.")
                    % {"amount": shown(bill.missing), "when": i18n.day_and_clock(bill.open_until, zone)})
    return told + _back(one, zone)


def _entry(one: Paid, about: str | None, kit: Kit, zone: str, now: datetime) -> dict[str, Any]:
    bill, link = one.bill, f"/p/{pay_token(kit.vault, one.bill.id)}"
    actions = []
    if bill.payable(now):
        actions.append({"label": _("Pay"), "url": link, "kind": "main", "method": "get"})
    if bill.received:
        actions.append({"label": _("Receipt"), "url": f"{link}/receipt", "kind": "plain", "method": "get"})
    return {
        "amount": shown(bill.amount), "about": about, "reference": bill.reference,
        "badge": badge(bill.payment_status, one.owed_back), "sentences": _sentences(one, zone, now), "actions": actions,
    }


def _next(found: list[Paid]) -> str | None:
    if len(found) <= SHOWN:
        return None
    last = found[SHOWN - 1]
    return f"{HERE}?{urlencode({'before': make_cursor((last.created_at, last.bill.id))})}"


async def _about(conn: Conn, actor: Actor, found: list[Paid], now: datetime) -> dict[UUID, str]:
    """By purpose: what the room whose purposes they are tells of those that are this actor's to see."""
    told: dict[UUID, str] = {}
    for purpose in {one.bill.purpose for one in found} & wires.told_of.keys():
        ids = [one.bill.purpose_id for one in found if one.bill.purpose == purpose]
        told |= await wires.told_of[purpose](conn, actor, ids, now)
    return told


@read(HERE)
async def own_payments(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor)
    before = or_begin(request.query_params.get("before"))
    async with kit.db.connection() as conn:
        found = await queries.own(conn, actor, before=before, most=SHOWN)
        about = await _about(conn, actor, found, now)
    zone = actor.time_zone
    return page(
        request, kit, actor, "payments/mine.html", tabs=own_pages(actor, HERE),
        entries=[_entry(one, about.get(one.bill.purpose_id), kit, zone, now) for one in found[:SHOWN]],
        zone_line=i18n.times_are(now, zone),
        next_url=_next(found), first_url=HERE if before else None,
    )


pages: list[Any] = [own_payments]
