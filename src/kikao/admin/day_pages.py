"""The desk's day: everybody's calendar side by side."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response
from litestar.di import NamedDependency

from kikao.admin import reports
from kikao.admin.caller_pages import HERE as CALLER
from kikao.availability.queries import open_hours
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.clock import local_day
from kikao.core.render import page
from kikao.core.web import Kit, Req, need, read
from kikao.directory.queries import for_desk
from kikao.sessions import calendar, calendar_faces, grid
from kikao.sessions.calendar import Entry
from kikao.sessions.calendar_pages import day_asked
from kikao.sessions.grid import Span

ADDRESS = "/practice/day"
NEXT = timedelta(days=1)


@read(ADDRESS)
async def day(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "desk", "admin")
    zone = kit.time_zone
    on = day_asked(request.query_params.get("on"), now, zone)
    begin, end = grid.midnight(on, zone), grid.midnight(on + NEXT, zone)
    async with kit.db.connection() as conn:
        names = await reports.at_work(conn)
        slugs = await for_desk(conn, now)
        entries = await calendar.entries(conn, begin, end, now, psychologist_id=None)
        opened = await open_hours(conn, list(names), begin, end)
    booked: dict[UUID, list[Entry]] = {}
    for one in entries:
        booked.setdefault(one.psychologist_id, []).append(one)
        names.setdefault(one.psychologist_id, one.psychologist_name)
    working = [who for who in names if who in booked or who in opened]
    every_stretch = [stretch for who in working for stretch in opened.get(who, [])]
    shown = calendar_faces.shown_hours([on], zone, entries, every_stretch)
    return page(
        request, kit, actor, "admin/day.html", heading=i18n.full_day(on), day=str(on),
        hours=calendar_faces.hour_labels(*shown),
        columns=[
            calendar_faces.column(on, zone, shown, booked.get(who, []), opened.get(who, []), now, label=names[who])
            | {"current": False}
            | _booking(slugs.get(who), on, zone, shown, booked.get(who, []), opened.get(who, []), now)
            for who in working
        ],
        away=[_away(names[who], slugs.get(who), on, today=local_day(now, zone)) for who in names if who not in working],
        zone=i18n.times_are(now, zone),
        earlier_url=f"{ADDRESS}?on={on - NEXT}", later_url=f"{ADDRESS}?on={on + NEXT}",
        now_url=None if local_day(now, zone) == on else ADDRESS,
    )


def _away(name: str, slug: str | None, on: date, today: date) -> dict[str, str | None]:
    """Somebody without hours on this day, who can be booked by hand even so."""
    books = slug is not None and on >= today
    return {"name": name, "url": f"{CALLER}?{urlencode({'t': slug, 'day': str(on)})}" if books else None}


def _booking(
    slug: str | None, on: date, zone: str, shown: tuple[int, int], entries: list[Entry], opened: list[Span],
    now: datetime,
) -> dict[str, Any]:
    """Where a caller gets a time in this column, and in each stretch that is free; nothing of days gone by, and
    nothing with whoever books by themselves."""
    if slug is None or on < local_day(now, zone):
        return {}

    def url(**more: str) -> str:
        return f"{CALLER}?{urlencode({'t': slug, 'day': str(on)} | more)}"

    return {
        "book_url": url(),
        "free": calendar_faces.free(on, zone, shown, entries, opened, now, lambda at: url(start=at.isoformat())),
    }


pages: list[Any] = [day]
