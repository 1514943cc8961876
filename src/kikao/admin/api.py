"""Signs of health, for machines that watch: alive, ready, figures."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

import asyncpg
from litestar import Response
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from kikao.core import migrate
from kikao.core.crypto import Secret
from kikao.core.db import Conn
from kikao.core.errors import NotFound
from kikao.core.jobs import Waiting, waiting
from kikao.core.web import Kit, Req, read

_STARTED = time.monotonic()
QUEUES = {
    "outbox": "notifications.outbox", "letters": "payments.letter", "attempts": "payments.attempt",
    "sessions": "sessions.session",
}
WORKER_SILENT = timedelta(seconds=90)
LATE = timedelta(minutes=2)
FAILING = timedelta(seconds=30)  # longer than the hiccup of a mail server


@read("/health", include_in_schema=False)
async def health() -> dict[str, Any]:
    """Is the process up. Asks nothing of anybody."""
    return {"status": "up", "upSeconds": int(time.monotonic() - _STARTED)}


async def _queues(conn: Conn, now: datetime) -> list[Waiting]:
    return [await waiting(conn, name, table, now) for name, table in QUEUES.items()]


async def _degraded(conn: Conn, queues: list[Waiting], now: datetime) -> list[str]:
    found = []
    sign = await conn.fetchval("select at from core.sign_of_life where program = 'worker'")
    if sign is None or now - sign > WORKER_SILENT:
        found.append("worker_silent")
    failing = await conn.fetch("select channel from notifications.failing where failing_since <= $1", now - FAILING)
    found += sorted(f"{row['channel']}_down" for row in failing)
    for queue in queues:
        if queue.stuck:
            found.append(f"{queue.name}_stuck")
        if queue.oldest is not None and now - queue.oldest > LATE:
            found.append(f"{queue.name}_late")
    return found


@read("/ready", include_in_schema=False)
async def ready(request: Req, kit: NamedDependency[Kit], now: NamedDependency[datetime]) -> Response[Any]:
    """503 only when the database cannot be reached or is not migrated; what else is wrong stands in the body."""
    try:
        async with kit.db.connection() as conn:
            if not await migrate.is_current(conn):
                return Response({"status": "not_migrated"}, status_code=503)
            queues = await _queues(conn, now)
            degraded = await _degraded(conn, queues, now)
            sign = await conn.fetchval("select at from core.sign_of_life where program = 'worker'")
            heard = await conn.fetchval("select max(received_at) from payments.letter_log")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        return Response({"status": "no_database"}, status_code=503)
    body: dict[str, Any] = {"status": "degraded" if degraded else "ready", "degraded": degraded}
    if may_see_details(request):
        body |= {
            "workerLastSign": sign, "lastWordFromMpesa": heard,
            "queues": {q.name: {"due": q.due, "stuck": q.stuck, "oldest": q.oldest} for q in queues},
        }
    return Response(body)


def may_see_details(request: Req) -> bool:
    """From this computer itself, or with the token. A proxy on this computer says for whom it asks."""
    token: Secret | None = request.app.state.settings.metrics_token
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token is not None and scheme.lower() == "bearer" and Secret(given) == token:
        return True
    here = request.client.host if request.client else ""
    return _is_loopback(here) and "x-forwarded-for" not in request.headers and "forwarded" not in request.headers


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@read("/metrics", include_in_schema=False)
async def metrics(request: Req, kit: NamedDependency[Kit], now: NamedDependency[datetime]) -> Response[bytes]:
    """Figures from the database, so that every worker answers the same."""
    if not may_see_details(request):
        raise NotFound
    registry = CollectorRegistry()
    due = Gauge("kikao_due_rows", "Rows that are due now", ["queue"], registry=registry)
    stuck = Gauge("kikao_stuck_rows", "Rows that eight tries did not settle", ["queue"], registry=registry)
    sessions = Gauge("kikao_sessions", "Sessions by status", ["status"], registry=registry)
    async with kit.db.connection() as conn:
        for queue in await _queues(conn, now):
            due.labels(queue.name).set(queue.due)
            stuck.labels(queue.name).set(queue.stuck)
        for row in await conn.fetch("select status, count(*) as number from sessions.known group by 1"):
            sessions.labels(row["status"]).set(row["number"])
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


handlers: list[Any] = [health, ready, metrics]
