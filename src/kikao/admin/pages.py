"""The practice's pages. Here: what waits for somebody, and all sessions."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response
from litestar.di import NamedDependency

from kikao.admin import (
    caller_pages,
    day_pages,
    duty_pages,
    money_pages,
    objection_pages,
    odd_pages,
    office_pages,
    reports,
)
from kikao.admin.parts import CODES, MESSAGES, MONEY, Parts, reference, tabs
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.core.paging import read_cursor
from kikao.core.render import page
from kikao.core.web import Kit, Req, need, read
from kikao.notifications import queries as notifications
from kikao.payments import office, reversals
from kikao.sessions import queries as sessions
from kikao.sessions.queries import Session, Wanted
from kikao.sessions.rules import APPROVED, ENDED_WITHOUT, HOLDING, PENDING_APPROVAL
from kikao.sessions.words import badges

# What nobody can tick off is news for so long, and then stands in its list only.
NEWS = timedelta(days=7)
EACH = 50
TODAY = 100  # a whole practice's day stands on its calendar


@read("/practice")
async def overview(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin", "desk", "finance")
    zone = ZoneInfo(kit.time_zone)
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
    async with kit.db.connection() as conn:
        found = await reports.figures(conn, now, reports.local_day(now, midnight), now - NEWS)
        odd = await _odd(conn, actor, now)
        today = await _today(conn, actor, now, midnight) if actor.has("admin", "desk") else None
    return page(
        request, kit, actor, "admin/overview.html", todo=_todo(found, odd, kit, actor), figures=_figures(found, actor),
        today=today, links=_links(actor), caller_url="/practice/caller" if actor.has("desk") else None,
    )


class Odd(msgspec.Struct, frozen=True):
    """What the rooms below count themselves; 0 where it is none of this actor's business."""

    stuck: int
    contradictions: int
    unreachable: int
    orphans: int
    reversals: int


async def _odd(conn: Conn, actor: Actor, now: datetime) -> Odd:
    stuck = contradictions = unreachable = orphans = taken_back = 0
    if actor.has(*MONEY):
        stuck += len(await office.stuck(conn, now))
        contradictions = sum(one.at >= now - NEWS for one in await office.contradictions(conn))
    if actor.has(*MESSAGES):
        stuck += (await notifications.waiting(conn, now)).stuck
        unreachable = await notifications.count_unreachable(conn)
    if actor.has("admin"):
        orphans = len(await reports.orphans(conn, now))
        taken_back = len(await reversals.undecided(conn))
    return Odd(stuck, contradictions, unreachable, orphans, taken_back)


async def _today(conn: Conn, actor: Actor, now: datetime, midnight: datetime) -> dict[str, Any]:
    begin, end = reports.local_day(now, midnight)
    wanted = Wanted(from_at=begin, to_at=end, most=TODAY, statuses=reports.STANDING)
    found = await sessions.listed(conn, actor, wanted, now)
    parts = Parts(actor, now)
    rows = [_row(session, i18n.clock(session.starts_at, actor.time_zone), parts) for session in found[:TODAY]]
    return {"caption": parts.zone, "columns": _SESSION_COLUMNS(), "rows": rows, "more": len(found) > TODAY}


def _todo(found: reports.Figures, odd: Odd, kit: Kit, actor: Actor) -> list[dict[str, Any]]:
    """What this actor can do something about, the most urgent first."""
    owed = _("%(amount)s. Somebody waits for it.") % {"amount": shown(found.duties_amount)}
    lines: list[tuple[int, tuple[str, ...], str, str, str, str]] = [
        (odd.contradictions, MONEY, "danger", _("Payments that do not add up"),
         _("Money may be counted that never came, or the other way round."), "strays"),
        (odd.reversals, ("admin",), "danger", _("Money that M-Pesa took back"),
         _("Somebody has to decide who bears it."), "decisions"),
        (odd.orphans, ("admin",), "danger", _("Sessions that their psychologist may not hold"),
         _("Somebody has to ring each client, and cancel or find another way."), "decisions"),
        (odd.stuck, CODES, "danger", _("Something is stuck"), _("Eight tries did not settle it."), "stuck"),
        (not kit.emergency_lines, ("admin",), "danger", _("No emergency number is shown"),
         _("Ring one, then say so. New listings wait for it."), "lines"),
        (found.late_duties, MONEY, "danger", _("Money should have gone back by now"), owed, "duties"),
        (found.duties, MONEY, "", _("Money to give back"), owed, "duties"),
        (found.codes, CODES, "", _("Codes to check"), _("Somebody has to say whether the money came."), "codes"),
        (found.suspense, MONEY, "", _("Money that belongs to nothing yet"), _("Find out whose it is."), "suspense"),
        (found.strays, MONEY, "", _("Letters that do not fit"),
         _("Forged, for somebody else, or another amount than was asked for."), "strays"),
        (found.for_desk, ("desk",), "", _("Requests that you may answer"),
         _("Their psychologists let the desk answer."), "sessions?show=answer"),
        (odd.unreachable, MESSAGES, "", _("People who could not be reached"), _("Somebody has to ring them."),
         "unreached"),
        (found.to_decide, ("admin",), "", _("Objections to decide"), _("Their money waits."), "objections"),
        (found.waiting_psychologists, ("admin",), "", _("Psychologists who wait to be listed"),
         _("Check registration and licence."), "listing?show=waiting"),
    ]  # fmt: skip
    return [
        {"tone": tone, "title": title, "text": text, "count": int(count), "url": f"/practice/{name}"}
        for count, roles, tone, title, text, name in lines if count and actor.has(*roles)
    ]


def _figures(found: reports.Figures, actor: Actor) -> list[dict[str, Any]]:
    lines: list[tuple[tuple[str, ...], str, int, str]] = [
        (MESSAGES, _("Sessions today"), found.today, "/practice/day"),
        (MESSAGES, _("Requests without an answer"), found.to_answer, "/practice/sessions?show=answer"),
        (CODES, _("Accepted, not paid"), found.to_pay,
         "/practice/sessions?show=pay" if actor.has(*MESSAGES) else "/practice/payments"),
        (MONEY, _("Money to give back"), found.duties, "/practice/duties"),
    ]
    return [
        {"label": label, "value": value, "url": url}
        for roles, label, value, url in lines if actor.has(*roles)
    ]


def _links(actor: Actor) -> list[dict[str, str]]:
    lines: list[tuple[tuple[str, ...], str, str, str]] = [
        (MESSAGES, "caller", _("A caller on the line"), _("Find or note somebody, book, take money")),
        (MESSAGES, "day", _("The day"), _("Everybody's calendar, side by side")),
        (MESSAGES, "sessions", _("Sessions"), _("All of them, by time")),
        (MONEY, "payments", _("Payments"), _("Every try and every receipt")),
        (MONEY, "duties", _("Give back"), _("What has to be given back, by when")),
        (MONEY, "suspense", _("Suspense"), _("What came and belongs to nothing yet")),
        (CODES, "codes", _("Codes"), _("What clients typed, to be checked")),
        (MONEY, "strays", _("Letters"), _("What M-Pesa sent and does not fit")),
        (CODES, "stuck", _("Stuck"), _("What eight tries did not settle")),
        (MESSAGES, "unreached", _("Not reached"), _("Whom no message reached, to be rung")),
        (("admin",), "objections", _("Objections"), _("Whether two people met")),
        (("admin",), "listing", _("Psychologists"), _("Who may be listed")),
        (("admin",), "decisions", _("Decisions"), _("What only an admin can decide")),
        (("admin",), "journal", _("Journal"), _("What happened here, by whom, when")),
        (("admin",), "people", _("People"), _("Who they are here, roles, accounts")),
        (("admin",), "lines", _("Emergency numbers"), _("What rings when somebody is in danger")),
        (("admin",), "places", _("Places"), _("Where people meet in person")),
        (("admin",), "pictures", _("Pictures"), _("How the last twelve weeks went")),
        (("admin",), "settings", _("Settings"), _("Numbers and terms that count for everybody")),
    ]
    return [
        {"label": label, "url": f"/practice/{name}", "text": text}
        for roles, name, label, text in lines if actor.has(*roles)
    ]


def _SESSION_COLUMNS() -> list[dict[str, Any]]:  # noqa: N802  read like a constant, but in the reader's language
    return [{"label": label} for label in (_("Reference"), _("When"), _("Client"), _("With"), _("Status"))]


def _row(session: Session, at: Any, parts: Parts) -> list[Any]:
    return [
        reference(session.reference, f"/s/{session.reference}"), at, session.client_name, session.psychologist_name,
        parts.badges(*badges(session)),
    ]


# What is open may have begun: until its clock closes it, somebody still has to say what became of it.
OPEN_SINCE = timedelta(days=14)
LISTS: dict[str, list[str]] = {
    "ahead": sorted(HOLDING), "answer": [PENDING_APPROVAL], "pay": [APPROVED], "past": [],
    "off": sorted(ENDED_WITHOUT),
}


async def _found(
    conn: Conn, actor: Actor, show: str, after: tuple[datetime, UUID] | None, now: datetime
) -> list[Session]:
    if show == "past":
        return await sessions.ended(conn, actor, now, before=after, most=EACH)
    since = now if show == "off" else now - OPEN_SINCE
    wanted = Wanted(from_at=since, after=after, most=EACH, statuses=LISTS[show])
    return await sessions.listed(conn, actor, wanted, now)


@read("/practice/sessions")
async def all_sessions(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin", "desk")
    show = request.query_params.get("show")
    show = show if show in LISTS else "ahead"
    after = read_cursor(request.query_params.get("after"))
    async with kit.db.connection() as conn:
        found = await _found(conn, actor, show, after, now)
    parts = Parts(actor, now)
    last = found[EACH - 1] if len(found) > EACH else None
    order = _("The latest first. %(zone)s") if show == "past" else _("By time. %(zone)s")
    return page(
        request, kit, actor, "admin/table.html", heading=_("Sessions"), caption=order % {"zone": parts.zone},
        tabs=tabs("/practice/sessions", show, {
            "ahead": _("Ahead"), "answer": _("To answer"), "pay": _("To be paid"), "past": _("Past"),
            "off": _("Not taking place"),
        }),
        columns=_SESSION_COLUMNS(),
        rows=[_row(session, parts.at(session.starts_at), parts) for session in found[:EACH]],
        empty={"title": _("Nothing here"), "text": _("Sessions stand here as soon as somebody asks for one.")},
        next_url=f"/practice/sessions?show={show}&after={sessions.cursor_at(last)}" if last else None,
        first_url=f"/practice/sessions?show={show}" if after else None,
    )  # fmt: skip


pages: list[Any] = [
    overview, all_sessions, *caller_pages.pages, *day_pages.pages, *money_pages.pages, *duty_pages.pages,
    *odd_pages.pages, *objection_pages.pages, *office_pages.pages,
]
