"""Sessions and open hours as the columns of a calendar: what core/calendar.html expects. Values alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from kikao.core import i18n
from kikao.core.clock import local_day
from kikao.core.i18n import gettext as _
from kikao.sessions import grid, rules
from kikao.sessions.calendar import Entry
from kikao.sessions.grid import Block, Span

LEAST = 3  # quarters: shorter than any usual session is no place for one


def hour_labels(first: int, last: int) -> list[dict[str, Any]]:
    return [{"row": quarter - first, "label": f"{quarter // 4:02d}:00"} for quarter in range(first, last, 4)]


def shown_hours(days: Sequence[date], zone: str, entries: Sequence[Entry], opened: Sequence[Span]) -> tuple[int, int]:
    """The hours in which everything of these days lies."""
    spans = [*opened, *((one.starts_at, one.ends_at) for one in entries)]
    return grid.hours_shown(block for day in days for block in grid.blocks(spans, day, zone))


def column(
    day: date, zone: str, shown: tuple[int, int], entries: Sequence[Entry], opened: Sequence[Span], now: datetime,
    **head: Any,
) -> dict[str, Any]:
    """One day of one psychologist; `shown`: the first quarter that is, and the one after the last."""
    first, last = shown
    on_day = [(block, one) for one in entries if (block := grid.block((one.starts_at, one.ends_at), day, zone))]
    placed = grid.lanes(on_day)
    lanes = max((lane for _block, _one, lane in placed), default=0) + 1
    today = local_day(now, zone) == day
    hours = grid.blocks(opened, day, zone)
    at = grid.block((now, now + timedelta(minutes=1)), day, zone) if today else None
    return {
        "current": today, "url": None, "sub": None,
        "empty": _("Nobody is booked.") if hours else _("No hours."),
        "open": [_open(block, first) for block in hours],
        "now": at.row - first if at and first <= at.row < last else None,
        "entries": [_entry(block, one, lane, lanes, zone, first) for block, one, lane in placed],
        **head,
    }


def _open(block: Block, first: int) -> dict[str, Any]:
    text = f"{_clock(block.row)}–{_clock(block.end)}"
    return {"row": max(block.row - first, 0), "rows": block.rows, "text": text}


def free(
    day: date, zone: str, shown: tuple[int, int], entries: Sequence[Entry], opened: Sequence[Span], now: datetime,
    url: Callable[[datetime], str],
) -> list[dict[str, Any]]:
    """The stretches of this day in which somebody can still be booked; `url` leads to booking at that moment."""
    first, _last = shown
    kept = [one for one in entries if one.status in rules.HOLDING]
    taken = grid.blocks([*((one.starts_at, one.occupied_until) for one in kept), (grid.midnight(day, zone), now)],
                        day, zone)  # fmt: skip
    text = _("%(from)s–%(until)s free")
    return [
        {"row": gap.row - first, "rows": gap.rows, "text": text % {"from": _clock(gap.row), "until": _clock(gap.end)},
         "full": _("Book from %(time)s") % {"time": _clock(gap.row)}, "url": url(grid.moment(gap.row, day, zone))}
        for gap in grid.gaps(grid.blocks(opened, day, zone), taken, LEAST)
    ]  # fmt: skip


def _clock(quarter: int) -> str:
    return f"{quarter // 4:02d}:{quarter % 4 * 15:02d}"


def _entry(block: Block, one: Entry, lane: int, lanes: int, zone: str, first: int) -> dict[str, Any]:
    buffer = int((one.occupied_until - one.ends_at).total_seconds() // 900)
    return {
        "row": block.row - first, "rows": block.rows, "lane": lane, "lanes": min(lanes, 3),
        "tail": min(buffer, grid.QUARTERS - block.end), "url": f"/s/{one.reference}",
        "time": f"{i18n.clock(one.starts_at, zone)}–{i18n.clock(one.ends_at, zone)}", "title": one.client_name,
        "sub": what(one), "status": one.status, "marks": marks(one),
    }


def what(one: Entry) -> str:
    return f"{_(one.session_type)}, {_(one.mode)}"


def marks(one: Entry) -> list[str]:
    found = [_("Booked by hand")] if one.against else []
    return [*found, *([_("No link yet")] if one.lacks_link and one.status == "Confirmed" else [])]
