"""Where the bars of a picture stand: from numbers alone. The template draws what comes out of here."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

# A drawing is as wide as a small phone, so that its words are read there; elsewhere it grows.
WIDTH, HEIGHT = 340, 190
LEFT, BOTTOM, TOP = 44, 24, 8
GAP = 0.22


class Series(msgspec.Struct, frozen=True):
    """One kind of bar: its name, its colour (`ink-1` to `ink-5`) and a number for each week."""

    name: str
    ink: str
    numbers: tuple[float, ...]


class Bar(msgspec.Struct, frozen=True):
    x: float
    y: float
    width: float
    height: float
    ink: str


class Mark(msgspec.Struct, frozen=True):
    """A line of the scale, or a word beneath the bars."""

    at: float
    text: str


class Drawing(msgspec.Struct, frozen=True):
    bars: tuple[Bar, ...]
    scale: tuple[Mark, ...]
    words: tuple[Mark, ...]


def round_up(number: float) -> int:
    """The least of 2, 4, 10, 20, 40, 100, … that is not below: halves of it are whole."""
    unit = 1
    while True:
        for step in (2, 4, 10):
            if number <= step * unit:
                return step * unit
        unit *= 10


def stacked(series: Sequence[Series], labels: Sequence[str], *, most: int | None = None, unit: str = "") -> Drawing:
    """Bars upon each other, one for each label. `most`: the end of the scale, else the highest bar's; what goes
    beyond is cut there."""
    totals = [sum(one.numbers[at] for one in series) for at in range(len(labels))]
    top = most or round_up(max(totals, default=0))
    high, step = HEIGHT - BOTTOM - TOP, (WIDTH - LEFT) / max(len(labels), 1)
    bars = []
    for at in range(len(labels)):
        below = 0.0
        for one in series:
            until = min(below + one.numbers[at], top)
            if until > below:
                bars.append(Bar(
                    round(LEFT + at * step + step * GAP / 2, 1), round(TOP + high * (1 - until / top), 1),
                    round(step * (1 - GAP), 1), round(high * (until - below) / top, 1), one.ink,
                ))  # fmt: skip
            below = until
    scale = tuple(
        Mark(round(TOP + high * (1 - share), 1), f"{round(top * share):,}{unit}") for share in (0, 0.5, 1)
    )
    every = 1 if len(labels) <= 4 else 3
    words = tuple(
        Mark(round(LEFT + at * step + step / 2, 1), label) for at, label in enumerate(labels) if at % every == 0
    )
    return Drawing(tuple(bars), scale, words)
