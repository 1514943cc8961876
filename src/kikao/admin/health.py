"""How the programs stand, as the database has it: the worker's sign, what is due, which way out is down."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from kikao.core.db import Conn
from kikao.core.jobs import Waiting, waiting

QUEUES = {
    "outbox": "notifications.outbox", "letters": "payments.letter", "attempts": "payments.attempt",
    "sessions": "sessions.session",
}
WORKER_SILENT = timedelta(seconds=90)
LATE = timedelta(minutes=2)
FAILING = timedelta(seconds=30)  # longer than the hiccup of a mail server


class Signs(msgspec.Struct, frozen=True):
    """`worker`: its last sign; `mpesa`: when a letter came last; `degraded`: what is wrong, by its name."""

    queues: list[Waiting]
    worker: datetime | None
    mpesa: datetime | None
    degraded: list[str]


async def look(conn: Conn, now: datetime) -> Signs:
    found = await queues(conn, now)
    worker = await conn.fetchval("select at from core.sign_of_life where program = 'worker'")
    mpesa = await conn.fetchval("select max(received_at) from payments.letter_log")
    failing = await conn.fetch("select channel from notifications.failing where failing_since <= $1", now - FAILING)
    degraded = ["worker_silent"] if worker is None or now - worker > WORKER_SILENT else []
    degraded += sorted(f"{row['channel']}_down" for row in failing)
    for queue in found:
        if queue.stuck:
            degraded.append(f"{queue.name}_stuck")
        if queue.oldest is not None and now - queue.oldest > LATE:
            degraded.append(f"{queue.name}_late")
    return Signs(found, worker, mpesa, degraded)


async def queues(conn: Conn, now: datetime) -> list[Waiting]:
    return [await waiting(conn, name, table, now) for name, table in QUEUES.items()]


async def by_status(conn: Conn) -> dict[str, int]:
    """How many sessions stand how, for the operator."""
    rows = await conn.fetch("select status, count(*) as number from sessions.known group by 1")
    return {row["status"]: row["number"] for row in rows}
