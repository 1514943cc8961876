"""What contests share: a crowd in the test's database, a house of two processes, bookings as bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from bench import crowd, wire

from kikao.core.db import Conn, Database
from support import house as houses

PATH = "/api/sessions/request"


def body(psychologist: int, start: datetime) -> bytes:
    return msgspec.json.encode({
        "psychologistId": crowd.crowd_id(crowd.PSYCHOLOGIST, psychologist), "sessionType": "Individual",
        "sessionDate": start,
    })  # fmt: skip


def told(shot: wire.Shot) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(shot.body)
    return found


@asynccontextmanager
async def two_processes(
    db: Database, url: str, now: datetime, *, psychologists: int, clients: int
) -> AsyncIterator[int]:
    """The port of a web program with two workers; nobody drains what is due, so nothing hides behind it."""
    async with db.connection() as conn:
        await crowd.seed(conn, now, psychologists=psychologists, clients=clients)
        await conn.execute("analyze")
    async with houses.running(url, workers=2, worker=False) as house:
        port = urlsplit(house.url).port
        assert port is not None
        yield port


async def overlaps(conn: Conn) -> int:
    """Pairs of sessions that hold one psychologist's time twice."""
    return int(await conn.fetchval(
        """
        select count(*) from sessions.session a join sessions.session b
          on a.psychologist_id = b.psychologist_id and a.id < b.id and a.occupied && b.occupied
        """
    ))  # fmt: skip


async def written(conn: Conn) -> tuple[int, ...]:
    """Sessions, and what must be there once for each: charge, journal line, message."""
    row = await conn.fetchrow(
        """
        select (select count(*) from sessions.session), (select count(*) from payments.charge),
               (select count(*) from journal.entry where verb = 'request'),
               (select count(*) from notifications.outbox where kind = 'requested')
        """
    )
    assert row is not None
    return tuple(row)
