"""What those who ask for one time at once share, so that a rush for it is no burden to them or to anybody else.

Nothing here decides anything: the database does, with it and without.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from kikao.availability.queries import Wanted, free
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core.db import Conn, Database, Row
from kikao.core.practice import Snapshot
from kikao.directory.rules import Numbers as Rates
from kikao.sessions.booking import Request, nearest_of
from kikao.sessions.sql import LOST

PATIENCE = 2.0  # seconds behind somebody else; then the database is asked anyway


class Look(msgspec.Struct, frozen=True):
    """Which free times are looked for, around which."""

    psychologist_id: UUID
    minutes: int
    last_day: date | None
    mode: str
    around: datetime
    span: timedelta


_asking: dict[tuple[UUID, datetime], asyncio.Event] = {}
_looking: dict[Look, asyncio.Task[list[datetime]]] = {}


@asynccontextmanager
async def after_whoever_asks(psychologist_id: UUID, start: datetime) -> AsyncIterator[None]:
    """Behind somebody in this process who is just asking for the same time, and before a connection is taken: rivals
    would else sit on all of them until the first has committed."""
    key = (psychologist_id, start)
    if key in _asking:
        with suppress(TimeoutError):
            await asyncio.wait_for(_asking[key].wait(), PATIENCE)
        yield
        return
    answered = _asking[key] = asyncio.Event()
    try:
        yield
    finally:
        del _asking[key]
        answered.set()


async def alternatives(db: Database, asked: Request, now: datetime, practice: Snapshot) -> list[datetime]:
    """Up to three free times nearest to the one that was lost, that suit the client, too."""
    async with db.connection() as conn:
        client = await whoever_lost(conn, asked, now, practice)
    if client is None:
        return []
    length, minutes, last_day = timedelta(minutes=client["minutes"]), client["minutes"], client["licensed_until"]

    async def within(span: timedelta) -> list[datetime]:
        look = Look(asked.psychologist_id, minutes, last_day, asked.mode, asked.starts_at, span)
        return [
            start for start in await _together(db, look, now, practice)
            if not any(lower < start + length and start < upper for lower, upper in client["own"])
        ]

    return await nearest_of(within, asked.starts_at)


async def whoever_lost(conn: Conn, asked: Request, now: datetime, practice: Snapshot) -> Row | None:
    """Minutes, licensed_until and own (pairs of from and until); None for whom this psychologist sees no more."""
    amount, minutes = practice.of(Rates).default(asked.session_type)
    return await LOST.first(
        conn, psychologist_id=asked.psychologist_id, client_id=asked.client_id, session_type=asked.session_type,
        default_amount=amount, default_minutes=minutes, now=now,
    )


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
