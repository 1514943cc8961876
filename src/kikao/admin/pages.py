"""The practice's pages: what waits for somebody, sessions, payments, duties, who may be listed."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Response
from litestar.di import NamedDependency
from markupsafe import Markup

from kikao.admin import reports
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.core.render import env, page
from kikao.core.web import Kit, Req, need, read
from kikao.sessions import queries as sessions
from kikao.sessions.api import read_cursor
from kikao.sessions.queries import Session, Wanted

WHY = {
    "cancelled": "cancelled", "late": "came after the time was gone", "twice": "paid twice", "too much": "too much",
    "suspense": "belongs to nothing",
}


def link(text: str, url: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, text)  # escaped by format


def badge(actor: Actor, *words: str) -> Markup:
    """Status words as the rest of the house shows them."""
    parts: Any = env.get_template("core/parts.html").make_module({"viewer": actor})
    return Markup(" ").join(parts.badge(word) for word in words)


@read("/practice")
async def overview(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin", "desk", "finance")
    zone = ZoneInfo(kit.time_zone)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
    async with kit.db.connection() as conn:
        found = await reports.figures(conn, now, reports.local_day(now, midnight))
        today = await _today(conn, kit, actor, now, midnight) if actor.has("admin", "desk") else []
    return page(
        request, kit, actor, "admin/overview.html", todo=_todo(found, kit), figures=_figures(found),
        today={"caption": _("Sessions today"), "columns": _SESSION_COLUMNS(), "rows": today}
        if actor.has("admin", "desk") else None,
        links=_links(actor),
    )


async def _today(conn: Conn, kit: Kit, actor: Actor, now: datetime, midnight: datetime) -> list[list[Any]]:
    begin, end = reports.local_day(now, midnight)
    found = await sessions.listed(conn, actor, Wanted(from_at=begin, to_at=end, most=100), now)
    return [_row(session, actor) for session in found]


def _todo(found: reports.Figures, kit: Kit) -> list[dict[str, Any]]:
    lines: list[tuple[int, str, str, str, str]] = [
        (found.stuck, "danger", _("Something is stuck"), _("Eight tries did not settle it."), "/practice"),
        (found.duties, "attention", _("Money to give back: %(amount)s") % {"amount": shown(found.duties_amount)},
         _("Somebody waits for it."), "/practice/duties"),
        (found.suspense, "attention", _("Money that belongs to nothing yet"), _("Find out whose it is."),
         "/practice/payments"),
        (found.strays, "attention", _("Letters that fit nothing"), _("Forged, or for somebody else."),
         "/practice/payments"),
        (found.waiting_psychologists, "info", _("Psychologists who wait to be listed"),
         _("Check registration and licence."), "/practice/psychologists?show=waiting"),
        (not kit.emergency_lines, "danger", _("No emergency number is shown"),
         _("Ring one, then add it. New listings wait for it."), "/practice"),
    ]
    return [
        {"tone": tone, "title": title, "text": text, "label": _("Look"), "url": url}
        for count, tone, title, text, url in lines if count
    ]


def _figures(found: reports.Figures) -> list[dict[str, Any]]:
    return [
        {"label": _("Sessions today"), "value": found.today, "url": None},
        {"label": _("Requests without an answer"), "value": found.to_answer, "url": None},
        {"label": _("Accepted, not paid"), "value": found.to_pay, "url": None},
        {"label": _("Open duties"), "value": found.duties, "url": "/practice/duties"},
    ]


def _links(actor: Actor) -> list[dict[str, str]]:
    links = []
    if actor.has("admin", "desk"):
        links.append({"label": _("Sessions"), "url": "/practice/sessions", "text": _("All of them, by time")})
    if actor.has("admin", "finance"):
        links.append({"label": _("Payments"), "url": "/practice/payments", "text": _("What came in, by which receipt")})
        links.append({"label": _("Duties"), "url": "/practice/duties", "text": _("What has to be given back")})
    if actor.has("admin"):
        links.append({"label": _("Psychologists"), "url": "/practice/psychologists", "text": _("Who may be listed")})
    return links


def _SESSION_COLUMNS() -> list[dict[str, Any]]:  # noqa: N802  read like a constant, but in the reader's language
    return [{"label": label} for label in (_("Reference"), _("When"), _("Client"), _("With"), _("Status"))]


def _row(session: Session, actor: Actor) -> list[Any]:
    return [
        link(session.reference, f"/s/{session.reference}"), i18n.when(session.starts_at, actor.time_zone),
        session.client_name, session.psychologist_name, badge(actor, session.status, session.payment_status),
    ]


@read("/practice/sessions")
async def all_sessions(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin", "desk")
    past = request.query_params.get("show") == "past"
    after = read_cursor(request.query_params.get("after"))
    wanted = Wanted(from_at=None if past else now, to_at=now if past else None, after=after, most=50)
    async with kit.db.connection() as conn:
        found = await sessions.listed(conn, actor, wanted, now)
    show = "past" if past else "ahead"
    last = found[wanted.most - 1] if len(found) > wanted.most else None
    return page(
        request, kit, actor, "admin/table.html", heading=_("Sessions"), caption=_("By time"),
        tabs=_tabs("/practice/sessions", show, {"ahead": _("Ahead"), "past": _("Past")}),
        columns=_SESSION_COLUMNS(), rows=[_row(session, actor) for session in found[: wanted.most]],
        empty={"title": _("Nothing here"), "text": _("Sessions stand here as soon as somebody asks for one.")},
        next_url=f"/practice/sessions?show={show}&after={sessions.cursor_at(last)}" if last else None,
        first_url=f"/practice/sessions?show={show}" if after else None,
    )


def _tabs(url: str, current: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    return [{"label": label, "url": f"{url}?show={name}", "current": name == current} for name, label in labels.items()]


def _money_tabs(current: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": url, "current": url == current}
        for label, url in ((_("Payments"), "/practice/payments"), (_("Duties"), "/practice/duties"))
    ]


@read("/practice/payments")
async def payments(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin", "finance")
    async with kit.db.connection() as conn:
        found = await reports.arrivals(conn)
    labels = (_("Receipt"), _("When"), _("Reference"), _("Amount"), _("Known by"))
    return page(
        request, kit, actor, "admin/table.html", heading=_("Payments"), caption=_("The newest hundred, newest first"),
        tabs=_money_tabs("/practice/payments"),
        columns=[{"label": label, "num": label == labels[3]} for label in labels],
        rows=[
            [one.number or _("to come"), i18n.when(one.received_at, actor.time_zone),
             one.reference or _("none: in suspense"), shown(one.amount), _(one.method)]
            for one in found
        ],
        empty={"title": _("No payment yet"), "text": _("What comes in stands here, with its receipt.")},
        next_url=None, first_url=None,
    )


@read("/practice/duties")
async def duties(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin", "finance")
    async with kit.db.connection() as conn:
        found = await reports.duties(conn)
    labels = (_("Reference"), _("Amount"), _("Why"), _("Until"), _("State"))
    return page(
        request, kit, actor, "admin/table.html", heading=_("Duties"), caption=_("What has to be given back"),
        tabs=_money_tabs("/practice/duties"),
        columns=[{"label": label, "num": label == labels[1]} for label in labels],
        rows=[
            [one.reference or "–", shown(one.amount), _(WHY[one.why]), i18n.when(one.until, actor.time_zone),
             _("given back") if one.done_at else _("open")]
            for one in found
        ],
        empty={"title": _("Nothing to give back"), "text": _("Money that lost its session would stand here.")},
        next_url=None, first_url=None,
    )


# who may be listed --------------------------------------------------------------------------------

_STATES = {
    "waiting": ("todo", "glass", "Waiting"), "listed": ("good", "done", "Listed"),
    "refused": ("past", "stop", "Refused"), "disabled": ("bad", "off", "Disabled"),
}


@read("/practice/psychologists")
async def psychologists(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    show = request.query_params.get("show") or "all"
    async with kit.db.connection() as conn:
        found = await reports.psychologists(conn, show if show in _STATES else None)
    labels = {"all": _("All")} | {name: _(state[2]) for name, state in _STATES.items()}
    return page(
        request, kit, actor, "admin/psychologists.html", caption=_("Registration and licence, and who checked them"),
        tabs=_tabs("/practice/psychologists", show, labels), people=[_person(one, actor) for one in found],
        empty={"title": _("Nobody here"), "text": _("Psychologists who register stand here until they are checked.")},
        next_url=None, first_url=None,
    )


def _person(one: reports.Listed, actor: Actor) -> dict[str, Any]:
    tone, icon, label = _STATES[one.status]
    return {
        "name": one.name, "url": "/practice/psychologists", "licence": one.registration_number,
        "until": one.licence_until.isoformat() if one.licence_until else _("not known"),
        "checked": i18n.day(one.checked_at, actor.time_zone) if one.checked_at else _("not yet"),
        "state": {"tone": tone, "icon": icon, "label": _(label)}, "actions": _decisions(one),
    }


def _decisions(one: reports.Listed) -> list[dict[str, Any]]:
    address = f"/practice/psychologists/{one.id}"
    if one.status == "waiting":
        return [
            {"label": _("List"), "url": f"{address}/list", "kind": "main", "confirm": {
                "title": _("List %(name)s?") % {"name": one.name}, "button": _("List"),
                "text": _("You say with this that you have checked registration and licence yourself.")}},
            {"label": _("Refuse"), "url": f"{address}/refuse", "kind": "plain"},
        ]
    if one.status == "listed":
        return [{"label": _("Disable…"), "url": f"{address}/disable", "kind": "link", "confirm": {
            "title": _("Disable %(name)s?") % {"name": one.name}, "button": _("Disable"),
            "text": _("They are signed out and cannot be requested any more.")}}]
    return []


pages: list[Any] = [overview, all_sessions, payments, duties, psychologists]
