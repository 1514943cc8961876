"""The psychologist's own calendar: today, the week, and what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from litestar import Response
from litestar.di import NamedDependency

from kikao.availability.queries import open_hours
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.clock import local_day
from kikao.core.errors import Invalid
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later, ngettext
from kikao.core.render import page
from kikao.core.web import Kit, Req, need, read
from kikao.sessions import calendar, calendar_faces, grid, rules, said
from kikao.sessions.calendar import Entry, ToDo
from kikao.sessions.said import Said

ADDRESS = "/me/calendar"
WEEK = timedelta(days=7)
_LINKS = (
    ("/me/clients", later("Your clients")), ("/me/profile", later("Your profile")), ("/me/rates", later("Your rates")),
    ("/me/hours", later("Hours and days off")), ("/me/earnings", later("What you earned")),
)
# Further away nobody has a calendar, and dates stop.
FAR = timedelta(days=3 * 366)


def day_asked(text: str | None, now: datetime, zone: str) -> date:
    """The day that the address names, today without one. Raises Invalid for what is no day or out of reach."""
    today = local_day(now, zone)
    if not text:
        return today
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid.field("from", "wrong_value", "A day is written like 2026-11-24.") from None
    if abs(day - today) > FAR:
        raise Invalid.field("from", "out_of_range", "That day is too far away.")
    return day


@read(ADDRESS)
async def week(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    assert actor.person_id is not None
    zone = actor.time_zone
    monday = grid.monday_of(day_asked(request.query_params.get("from"), now, zone))
    begin, end = grid.midnight(monday, zone), grid.midnight(monday + WEEK, zone)
    async with kit.db.connection() as conn:
        entries = await calendar.entries(conn, begin, end, now, psychologist_id=actor.person_id)
        opened = (await open_hours(conn, [actor.person_id], begin, end)).get(actor.person_id, [])
        waits = await calendar.to_do(conn, actor, now)
        numbers = (await kit.numbers(conn, actor, now)).of(rules.Numbers)
        told = await said.to_psychologist(conn, actor, now, numbers)
    days = [monday + timedelta(days=n) for n in range(7)]
    shown = calendar_faces.shown_hours(days, zone, entries, opened)
    current = grid.monday_of(local_day(now, zone)) == monday
    return page(
        request, kit, actor, "sessions/calendar.html",
        heading=_("This week") if current else _("Week of %(day)s") % {"day": i18n.full_day(monday)},
        todo=[*_todo(waits, zone), *_said(told, zone)], today=_today(entries, now, zone) if current else None,
        hours=calendar_faces.hour_labels(*shown),
        columns=[
            calendar_faces.column(day, zone, shown, entries, opened, now, label=i18n.short_date(day)) for day in days
        ],
        zone=i18n.times_are(now, zone),
        earlier_url=f"{ADDRESS}?from={monday - WEEK}", later_url=f"{ADDRESS}?from={monday + WEEK}",
        now_url=None if current else ADDRESS,
        links=[{"url": url, "label": _(label)} for url, label in _LINKS],
    )


def _today(entries: Sequence[Entry], now: datetime, zone: str) -> list[dict[str, Any]]:
    today = local_day(now, zone)
    return [
        {"url": f"/s/{one.reference}", "title": one.client_name, "status": one.status,
         "when": f"{i18n.clock(one.starts_at, zone)}–{i18n.clock(one.ends_at, zone)}",
         "sub": ", ".join([calendar_faces.what(one), *calendar_faces.marks(one)])}
        for one in entries if local_day(one.starts_at, zone) == today
    ]  # fmt: skip


def _todo(waits: ToDo, zone: str) -> list[dict[str, str]]:
    found = []
    if waits.requests:
        text = ngettext("One request waits for your answer.", "%(number)s requests wait for your answer.",
                        waits.requests) % {"number": waits.requests}  # fmt: skip
        found.append({"text": text, "url": "/me", "label": _("Answer")})
    for reference, at in waits.without_link:
        text = _("%(when)s has no link to meet yet.") % {"when": i18n.short_day_and_clock(at, zone)}
        found.append({"text": text, "url": f"/s/{reference}", "label": _("Give a link")})
    for reference, at in waits.unsaid:
        text = _("%(when)s is over by the clock.") % {"when": i18n.short_day_and_clock(at, zone)}
        found.append({"text": text, "url": f"/s/{reference}", "label": _("Say how it went")})
    return found


def _said(those: list[Said], zone: str) -> list[dict[str, str]]:
    found = []
    for one in those:
        when = {"when": i18n.short_day_and_clock(one.starts_at, zone)}
        if one.object_until is None:
            text = _("%(when)s was confirmed, and is cancelled.") % when
        else:
            text = _("%(when)s: the client says that you did not come. You can object until %(until)s.") % {
                **when, "until": i18n.short_day_and_clock(one.object_until, zone)}
        found.append({"text": text, "url": f"/s/{one.reference}", "label": _("See it")})
    return found


pages: list[Any] = [week]
