"""What somebody who is paid here has earned, by month: a page, and the same as a table to fetch."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from litestar import Response
from litestar.di import NamedDependency
from markupsafe import Markup

from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.clock import local_day, wall_time
from kikao.core.errors import Invalid
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later
from kikao.core.money import shown
from kikao.core.render import page
from kikao.core.web import Kit, Req, need, read
from kikao.payments import statement
from kikao.payments.statement import Line, Month

HERE = "/me/earnings"
_STATES = {
    statement.EARNED: later("yours"), statement.PROMISED: later("to come"),
    statement.WAITS: later("waits: money must first go back to the client"),
}


def _asked(text: str | None, found: list[Month], now: datetime, zone: str) -> date:
    """The month of the address; without one the newest. Raises Invalid for what is no month."""
    if not text:
        return found[0].first if found else local_day(now, zone).replace(day=1)
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Invalid.field("month", "wrong_value", "A month is written like 2026-11.") from None


def _heads() -> list[str]:
    return [_("Reference"), _("When"), _("How it stands"), _("Your part"), _("The practice's part")]


def _row(line: Line, zone: str) -> list[Any]:
    reference = Markup('<a class="tap" href="/s/{0}">{0}</a>').format(line.reference)
    when = i18n.short_day_and_clock(line.at, zone)
    return [reference, when, _(_STATES[line.state]), shown(line.amount), shown(line.share)]


@read(HERE)
async def earnings(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    assert actor.person_id is not None
    zone = actor.time_zone
    async with kit.db.connection() as conn:
        months = await statement.months(conn, actor.person_id, zone)
        first = _asked(request.query_params.get("month"), months, now, zone)
        lines = await statement.lines(conn, actor.person_id, first, zone)
    to_come = sum(line.amount for line in lines if line.state != statement.EARNED)
    return page(
        request, kit, actor, "payments/earnings.html",
        months=[
            {"label": i18n.month(one.first), "url": f"{HERE}?month={one.first:%Y-%m}", "current": one.first == first,
             "amount": shown(one.earned)}
            for one in months
        ],
        heading=i18n.month(first),
        total=shown(sum(line.amount for line in lines if line.state == statement.EARNED)),
        to_come=shown(to_come) if to_come else None,
        columns=[{"label": label, "num": at > 2} for at, label in enumerate(_heads())],
        rows=[_row(line, zone) for line in lines], zone=i18n.times_are(now, zone),
        csv_url=f"{HERE}/table?month={first:%Y-%m}",
    )  # fmt: skip


@read(f"{HERE}/table")
async def table(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor, "psychologist")
    assert actor.person_id is not None
    zone = actor.time_zone
    async with kit.db.connection() as conn:
        first = _asked(request.query_params.get("month"), [], now, zone)
        lines = await statement.lines(conn, actor.person_id, first, zone)
    rows = [
        (line.reference, wall_time(line.at, zone), _(_STATES[line.state]), line.amount, line.share)
        for line in lines
    ]
    return Response(
        content=statement.as_csv(_heads(), rows), media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{first:%Y-%m}.csv"'},
    )


pages: list[Any] = [earnings, table]
