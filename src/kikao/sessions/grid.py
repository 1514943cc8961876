"""How a calendar is laid out: quarter-hours of a local day as rows. Pure; no word of a language, no colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

QUARTERS = 96
USUAL = (8 * 4, 18 * 4)  # shown when nothing lies outside

T = TypeVar("T")
Span = tuple[datetime, datetime]


class Block(msgspec.Struct, frozen=True):
    """A stretch of one local day, in quarter-hours past its midnight: `row` is the first, `rows` how many."""

    row: int
    rows: int

    @property
    def end(self) -> int:
        return self.row + self.rows


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def moment(row: int, day: date, zone: str) -> datetime:
    """When this quarter-hour of the local day begins."""
    return datetime.combine(day, time(row // 4, row % 4 * 15), ZoneInfo(zone))


def _quarter(at: datetime, day: date, zone: str) -> float:
    local = at.astimezone(ZoneInfo(zone))
    if local.date() != day:
        return 0 if local.date() < day else QUARTERS
    return (local.hour * 60 + local.minute) / 15


def block(span: Span, day: date, zone: str) -> Block | None:
    """The part of a span that lies on this local day by wall time; whole quarters, one at least."""
    first, last = int(_quarter(span[0], day, zone)), -int(-_quarter(span[1], day, zone) // 1)
    if last <= 0 or first >= QUARTERS or span[1] <= span[0]:
        return None
    return Block(first, max(last - first, 1))


def blocks(spans: Iterable[Span], day: date, zone: str) -> list[Block]:
    return [found for span in spans if (found := block(span, day, zone)) is not None]


def hours_shown(found: Iterable[Block]) -> tuple[int, int]:
    """First and last full hour in which everything lies, in quarters: the usual working day at least."""
    first, last = USUAL
    for one in found:
        first, last = min(first, one.row), max(last, one.end)
    return first // 4 * 4, min(-(-last // 4) * 4, QUARTERS)


def gaps(opened: Iterable[Block], taken: Iterable[Block], least: int) -> list[Block]:
    """What of the open stretches nothing takes, where that is `least` quarters or more."""
    free: list[Block] = []
    busy = sorted(taken, key=lambda one: one.row)
    for stretch in opened:
        at = stretch.row
        for one in [*busy, Block(stretch.end, 0)]:
            end = min(one.row, stretch.end)
            if end - at >= least:
                free.append(Block(at, end - at))
            at = max(at, one.end)
    return free


def lanes(found: Sequence[tuple[Block, T]]) -> list[tuple[Block, T, int]]:
    """Each with the lane in which it overlaps nobody: seats of one meeting, or what was moved by wall time, lie side
    by side. Lane 0 is the first that is free."""
    ends: list[int] = []
    placed = []
    for one, what in sorted(found, key=lambda pair: pair[0].row):
        free = next((lane for lane, end in enumerate(ends) if end <= one.row), len(ends))
        ends[free:free + 1] = [one.end]
        placed.append((one, what, free))
    return placed
