"""How the last twelve weeks went, in pictures that the server draws; every number stands in a table beneath."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from litestar import Response
from litestar.di import NamedDependency

from kikao.admin.drawing import Series, stacked
from kikao.admin.parts import columns
from kikao.admin.weeks import Week, share, weeks
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.core.render import page
from kikao.core.web import Kit, Req, need, read


@read("/practice/pictures")
async def pictures(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    async with kit.db.connection() as conn:
        found = await weeks(conn, now, kit.time_zone)
    return page(
        request, kit, actor, "admin/pictures.html",
        zone=_("Weeks begin on Monday. Times are %(zone)s.") % {"zone": i18n.zone_name(now, kit.time_zone)},
        pictures=[draw(found) for draw in (_statuses, _occupancy, _answers, _paid, _income)] if _any(found) else [],
    )


def _any(found: list[Week]) -> bool:
    """Open hours alone are no picture."""
    return any(
        msgspec.structs.replace(one, open=0) != Week(monday=one.monday) for one in found
    )


def _picture(
    name: str, heading: str, about: str, found: list[Week], series: list[Series], cells: Callable[[Week], list[Any]],
    labels: list[str], *, most: int | None = None, unit: str = "",
) -> dict[str, Any]:
    """`about` says in words what the bars show: it is the picture for whoever does not see it."""
    return {
        "name": name, "heading": heading, "about": about, "series": series,
        "drawing": stacked(series, [i18n.day_and_month(week.monday) for week in found], most=most, unit=unit),
        "caption": heading, "columns": columns(_("Week of"), *labels, num=tuple(range(1, len(labels) + 1))),
        "rows": [[i18n.day_and_month(week.monday), *cells(week)] for week in reversed(found)],
    }


def _series(name: str, ink: int, found: list[Week], number: Callable[[Week], float | None]) -> Series:
    return Series(name, f"ink-{ink}", tuple(number(week) or 0 for week in found))


def _statuses(found: list[Week]) -> dict[str, Any]:
    total = sum(one.completed + one.absent + one.ended + one.expired + one.ahead for one in found)
    about = _("%(all)s sessions in twelve weeks: %(done)s completed, %(absent)s to which somebody did not come.") % {
        "all": f"{total:,}", "done": f"{sum(one.completed for one in found):,}",
        "absent": f"{sum(one.absent for one in found):,}",
    }
    series = [
        _series(_("Completed"), 1, found, lambda one: one.completed),
        _series(_("Ahead or waiting"), 2, found, lambda one: one.ahead),
        _series(_("No Show"), 4, found, lambda one: one.absent),
        _series(_("Cancelled or declined"), 3, found, lambda one: one.ended),
        _series(_("Expired"), 5, found, lambda one: one.expired),
    ]
    return _picture(
        "sessions", _("Sessions by what became of them"), about, found, series,
        lambda one: [one.completed, one.ahead, one.absent, one.ended, one.expired], [one.name for one in series],
    )


def _percent(number: int | None) -> str:
    return "–" if number is None else f"{number} %"


def _occupancy(found: list[Week]) -> dict[str, Any]:
    whole = share(sum(one.booked for one in found), sum(one.open for one in found))
    about = _(
        "Of the hours that psychologists who are listed now are open for by their calendars of today, %(share)s were"
        " booked."
    ) % {"share": _percent(whole)}
    series = [_series(_("Booked, of the open hours"), 1, found, lambda one: share(one.booked, one.open))]
    return _picture(
        "occupancy", _("How full the calendars are"), about, found, series,
        lambda one: [round(one.booked / 60, 1), round(one.open / 60, 1), _percent(share(one.booked, one.open))],
        [_("Hours booked"), _("Hours open"), _("Share")], most=100, unit=" %",
    )


def _lasted(minutes: float | None) -> str:
    return "–" if minutes is None else i18n.lasting(minutes * 60)


def _answers(found: list[Week]) -> dict[str, Any]:
    slowest = max((one.answer for one in found if one.answer is not None), default=None)
    about = _("No request was answered in these weeks.")
    if slowest is not None:
        about = _("Half of the requests of a week were answered sooner. The slowest week: %(time)s.") % {
            "time": _lasted(slowest)
        }
    series = [_series(_("Hours to an answer"), 1, found, lambda one: (one.answer or 0) / 60)]
    return _picture(
        "answers", _("How long a request waits for its answer"), about, found, series,
        lambda one: [_lasted(one.answer)], [_("Half were answered within")],
    )


def _paid(found: list[Week]) -> dict[str, Any]:
    about = _("Of %(accepted)s accepted sessions %(paid)s were paid or needed no payment.") % {
        "accepted": f"{sum(one.accepted for one in found):,}", "paid": f"{sum(one.paid for one in found):,}",
    }
    series = [_series(_("Paid, of the accepted ones"), 1, found, lambda one: share(one.paid, one.accepted))]
    return _picture(
        "paid", _("How many accepted sessions are paid"), about, found, series,
        lambda one: [one.accepted, one.paid, _percent(share(one.paid, one.accepted))],
        [_("Accepted"), _("Paid"), _("Share")], most=100, unit=" %",
    )


def _income(found: list[Week]) -> dict[str, Any]:
    came, went = sum(one.came for one in found), sum(one.went for one in found)
    about = _("%(came)s came in twelve weeks, %(went)s went back, %(kept)s stayed.") % {
        "came": shown(came), "went": shown(went), "kept": shown(came - went),
    }
    series = [
        _series(_("Stayed"), 1, found, lambda one: max(one.came - one.went, 0)),
        _series(_("Went back"), 4, found, lambda one: min(one.went, one.came)),
    ]
    return _picture(
        "income", _("Money, in KSh"), about, found, series,
        lambda one: [shown(one.came), shown(one.went), shown(one.came - one.went)],
        [_("Came"), _("Went back"), _("Stayed")],
    )


pages: list[Any] = [pictures]
