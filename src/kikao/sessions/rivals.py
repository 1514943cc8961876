"""What those who ask for one time at once share, so that a rush for it is no burden to them or to anybody else.

Nothing here decides anything: the database does, with it and without.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kikao.availability.queries import Wanted, free
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core.db import Conn, Database
from kikao.core.practice import Snapshot
from kikao.sessions.booking import Request, check, check_span, nearest_of, values_to_weigh
from kikao.sessions.sql import WEIGH

PATIENCE = 2.0  # seconds behind somebody else; then the database is asked anyway


class Look(msgspec.Struct, frozen=True):
    """Which free times are looked for, around which."""

    psychologist_id: UUID
    minutes: int
    last_day: date | None
    mode: str
    around: datetime
    span: timedelta


class Weighed(msgspec.Struct, frozen=True):
    """What the booking statement would say (`refused`: a reason or null), and what a loser needs: how long it would be,
    and when the client is busy. No minutes for whom this psychologist sees no more."""

    refused: str | None
    minutes: int | None
    licensed_until: date | None
    own: list[list[datetime]]

    @property
    def lost(self) -> bool:
        return self.refused == "slot_taken"


class Scale:
    """Those who are weighed together. Whoever comes when the database is being asked stands on the next one."""

    task: asyncio.Task[list[Weighed]]

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.now = datetime.min.replace(tzinfo=UTC)

    async def add(self, asked: Request, now: datetime) -> Weighed:
        place = len(self.asked)
        self.asked.append(asked)
        self.now = max(self.now, now)
        return (await asyncio.shield(self.task))[place]


_asking: dict[tuple[UUID, datetime], asyncio.Event] = {}
_scales: dict[tuple[Any, ...], Scale] = {}
_looking: dict[Look, asyncio.Task[list[datetime]]] = {}


@asynccontextmanager
async def after_whoever_asks(psychologist_id: UUID, start: datetime) -> AsyncIterator[bool]:
    """Behind somebody in this process who is just asking for the same time, and before a connection is taken: rivals
    would else sit on all of them until the first has committed. Whether there was somebody."""
    key = (psychologist_id, start)
    if key in _asking:
        with suppress(TimeoutError):
            await asyncio.wait_for(_asking[key].wait(), PATIENCE)
        yield True
        return
    answered = _asking[key] = asyncio.Event()
    try:
        yield False
    finally:
        del _asking[key]
        answered.set()


async def weigh(db: Database, asked: Request, now: datetime, practice: Snapshot) -> Weighed:
    """Decides nothing: what the database would say at this instant. All who want to know it of one time in one breath
    are told by one statement. Raises Invalid for what can be refused without looking."""
    check(asked)
    check_span(asked.starts_at, now)
    of_all = (asked.psychologist_id, asked.starts_at, asked.session_type, asked.mode, asked.place_id)
    scale = _scales.get(of_all)
    if scale is None:
        scale = _scales[of_all] = Scale()
        scale.task = asyncio.create_task(_weigh(db, scale, of_all, practice))
    return await scale.add(asked, now)


async def _weigh(db: Database, scale: Scale, of_all: tuple[Any, ...], practice: Snapshot) -> list[Weighed]:
    async with AsyncExitStack() as stack:
        try:
            conn = await stack.enter_async_context(db.connection())
        finally:
            del _scales[of_all]
        return await weigh_all(conn, scale.asked, scale.now, practice)


async def weigh_all(conn: Conn, asked: list[Request], now: datetime, practice: Snapshot) -> list[Weighed]:
    """The same for each of these, who ask for the same."""
    values = values_to_weigh(asked[0], now, practice)
    values |= {"client_ids": [one.client_id for one in asked], "asker_ids": [one.asker_id for one in asked]}
    rows = await WEIGH.rows(conn, **{name: values[name] for name in WEIGH.names})
    return [Weighed(*row.values()) for row in rows]


async def alternatives(
    db: Database, asked: Request, now: datetime, practice: Snapshot, weighed: Weighed | None = None
) -> list[datetime]:
    """Up to three free times nearest to the one that was lost, that suit the client, too. `weighed`: a moment ago."""
    weighed = weighed or await weigh(db, asked, now, practice)
    if weighed.minutes is None:
        return []
    length, minutes, last_day = timedelta(minutes=weighed.minutes), weighed.minutes, weighed.licensed_until

    async def within(span: timedelta) -> list[datetime]:
        look = Look(asked.psychologist_id, minutes, last_day, asked.mode, asked.starts_at, span)
        return [
            start for start in await _together(db, look, now, practice)
            if not any(lower < start + length and start < upper for lower, upper in weighed.own)
        ]

    return await nearest_of(within, asked.starts_at)


async def _together(db: Database, look: Look, now: datetime, practice: Snapshot) -> list[datetime]:
    """All who look for the same at one time get what the first of them finds."""
    task = _looking.get(look)
    if task is None:
        task = _looking[look] = asyncio.create_task(_free(db, look, now, practice))
        task.add_done_callback(lambda _: _looking.pop(look, None))
    return await asyncio.shield(task)


async def _free(db: Database, look: Look, now: datetime, practice: Snapshot) -> list[datetime]:
    async with db.connection() as conn:
        slots = await free(
            conn, [Wanted(look.psychologist_id, look.minutes, look.last_day)],
            look.around - look.span, look.around + look.span,
            now=now, numbers=practice.of(CalendarNumbers), modes=(look.mode,),
        )
    return [slot.start for slot in slots]
