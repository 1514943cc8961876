"""What machines that watch are told, and who is told the rest; and what https adds to every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from litestar import Litestar

from kikao.core.clock import utc_now
from kikao.core.db import Conn
from kikao.core.ids import new_id
from kikao.notifications.actions import note_way
from support import app as apps
from support.cast import PASSWORD, Cast

ELSEWHERE = "203.0.113.9"


@pytest.fixture
async def app(url: str) -> AsyncIterator[Litestar]:
    """Behind https, with a token for the one who watches."""
    machine = apps.machine(url, BASE_URL="https://rooms.example", METRICS_TOKEN="watching")
    with apps.borrowed(machine) as made:
        async with apps.lifespan(made) as opened:
            yield opened


async def beat(conn: Conn, ago: timedelta = timedelta()) -> None:
    await conn.execute(
        "insert into core.heartbeat (program, at, clock_offset_ms) values ('worker', $1, 0)", utc_now() - ago
    )


async def owed_message(conn: Conn, late: timedelta, tries: int) -> None:
    await conn.execute(
        """
        insert into notifications.outbox (id, kind, about, recipient, created_at, due_at, tries)
        values ($1, 'paid', $1, $1, $2, $2, $3)
        """,
        new_id(), utc_now() - late, tries,
    )  # fmt: skip


async def test_a_working_house_is_ready(app: Litestar, conn: Conn) -> None:
    await beat(conn)
    client = apps.browser(app)
    assert (await client.get("/health")).json()["status"] == "up"
    told = (await client.get("/ready")).json()
    assert (told["status"], told["degraded"]) == ("ready", [])
    assert told["workerLastSign"] is not None


@pytest.mark.parametrize(
    ("silent", "late", "tries", "degraded"),
    [
        (timedelta(seconds=120), timedelta(), 0, ["worker_silent"]),
        (timedelta(), timedelta(minutes=1), 0, []),
        (timedelta(), timedelta(minutes=3), 0, ["outbox_late"]),
        (timedelta(), timedelta(minutes=1), 8, ["outbox_stuck"]),
    ],
)
async def test_what_is_wrong_is_named_with_200(
    app: Litestar, conn: Conn, silent: timedelta, late: timedelta, tries: int, degraded: list[str]
) -> None:
    await beat(conn, silent)
    if late:
        await owed_message(conn, late, tries)
    answer = await apps.browser(app).get("/ready")
    assert (answer.status_code, answer.json()["degraded"]) == (200, degraded)


@pytest.mark.parametrize(
    ("ago", "degraded"), [(timedelta(seconds=5), []), (timedelta(seconds=40), ["email_down", "sms_down"])]
)
async def test_a_gateway_that_is_down_is_named(
    app: Litestar, conn: Conn, ago: timedelta, degraded: list[str]
) -> None:
    """Though nothing is late: what cannot leave waits for it, or goes by the other way."""
    await beat(conn)
    for channel in ("sms", "email"):
        await note_way(conn, channel, "no_connection", utc_now() - ago)
        await note_way(conn, channel, "no_answer", utc_now())  # the first failure counts
    client = apps.browser(app)
    assert (await client.get("/ready")).json()["degraded"] == degraded
    for channel in ("sms", "email"):
        await note_way(conn, channel, None, utc_now())
    assert (await client.get("/ready")).json()["degraded"] == []


async def test_another_schema_is_not_ready(app: Litestar, conn: Conn) -> None:
    await conn.execute("update public.alembic_version set version_num = '0000'")
    assert (await apps.browser(app).get("/ready")).status_code == 503


@pytest.mark.parametrize(
    ("network", "headers", "told"),
    [
        ("127.0.0.1", {}, True),
        (ELSEWHERE, {}, False),
        ("127.0.0.1", {"X-Forwarded-For": ELSEWHERE}, False),
        ("127.0.0.1", {"Forwarded": f"for={ELSEWHERE}"}, False),
        (ELSEWHERE, {"X-Forwarded-For": "127.0.0.1"}, False),
        (ELSEWHERE, {"Authorization": "Bearer guessing"}, False),
        (ELSEWHERE, {"Authorization": "Bearer watching"}, True),
    ],
)
async def test_details_are_for_this_machine_and_for_the_token(
    app: Litestar, network: str, headers: dict[str, str], told: bool
) -> None:
    client = apps.browser(app, network=network, headers=headers)
    assert ("queues" in (await client.get("/ready")).json()) is told
    answer = await client.get("/metrics")
    assert answer.status_code == (200 if told else 404)
    assert ("kikao_stuck_rows" in answer.text) is told


async def test_https_marks_cookies_and_answers(app: Litestar, cast: Cast) -> None:
    client = apps.browser(app)
    answer = await client.post("/sign-in", data={"login": cast.amina.email, "password": PASSWORD})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("secure", "httponly", "samesite=lax"))
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["cache-control"] == "private, no-store"
