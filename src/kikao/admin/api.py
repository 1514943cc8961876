"""Signs of health, for machines that watch: alive, ready, figures."""

from __future__ import annotations

import time
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import asyncpg
from litestar import Response
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from kikao.admin.health import by_status, look, queues
from kikao.core import migrate
from kikao.core.crypto import Secret
from kikao.core.errors import NotFound
from kikao.core.web import Kit, Req, read

_STARTED = time.monotonic()


@read("/health", include_in_schema=False)
async def health() -> dict[str, Any]:
    """Is the process up. Asks nothing of anybody."""
    return {"status": "up", "upSeconds": int(time.monotonic() - _STARTED)}


@read("/ready", include_in_schema=False)
async def ready(request: Req, kit: NamedDependency[Kit], now: NamedDependency[datetime]) -> Response[Any]:
    """503 only when the database cannot be reached or is not migrated; what else is wrong stands in the body."""
    try:
        async with kit.db.connection() as conn:
            if not await migrate.is_current(conn):
                return Response({"status": "not_migrated"}, status_code=503)
            signs = await look(conn, now)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        return Response({"status": "no_database"}, status_code=503)
    body: dict[str, Any] = {"status": "degraded" if signs.degraded else "ready", "degraded": signs.degraded}
    if may_see_details(request):
        body |= {
            "workerLastSign": signs.worker, "lastWordFromMpesa": signs.mpesa,
            "queues": {q.name: {"due": q.due, "stuck": q.stuck, "oldest": q.oldest} for q in signs.queues},
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
        for queue in await queues(conn, now):
            due.labels(queue.name).set(queue.due)
            stuck.labels(queue.name).set(queue.stuck)
        for status, number in (await by_status(conn)).items():
            sessions.labels(status).set(number)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


handlers: list[Any] = [health, ready, metrics]
