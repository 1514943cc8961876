"""No log line of any library holds anything personal: planted markers are looked for after a whole walk."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kikao.core import logs
from kikao.sessions import queries
from support import app as apps
from support.cast import PASSWORD
from support.refusals import problem

NOTE = "nobody knows about the fire"
NAME = "Chebet Marker"
PHONE = "0700000041"
EMAIL = "chebet.marker@example.test"
WRONG = "a wrong password, marked"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Every line that any logger writes, at every level."""
    stream = io.StringIO()
    logs.configure(stream=stream)
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    logs.configure()


async def _code(world: apps.World, about: str) -> str:
    sealed = world.app.state.kit.vault.seal("483920", "accounts.verification", "sealed_code", UUID(about))
    async with world.db.connection() as conn:
        await conn.execute("update accounts.verification set sealed_code = $2 where id = $1", UUID(about), sealed)
    return "483920"


async def _walk(world: apps.World) -> list[str]:
    """Sign up, ask, answer, pay, and fall over often; what must not be found afterwards."""
    text = (await world.nobody.api("GET", "/api/public/consent")).json()
    consent = {"textId": text["textId"], "language": "en"}
    planted = [NAME, PHONE, PHONE[1:], EMAIL, PASSWORD, WRONG, NOTE]
    for contact in ({"phone": PHONE}, {"email": EMAIL}):
        made = await world.nobody.api(
            "POST", "/api/users/register", json={"name": NAME, "password": PASSWORD, "consent": consent} | contact
        )
        about = made.json()["verificationId"]
        code = await _code(world, about)
        done = await world.nobody.api("POST", "/api/verification/verify", json={"verificationId": about, "code": code})
        planted += [code, done.json()["token"]]
    await world.nobody.api("POST", "/api/users/login", json={"login": EMAIL, "password": WRONG})
    await world.nobody.page("POST", "/sign-in", data={"login": EMAIL, "password": WRONG})
    await world.nobody.api("POST", "/api/users/password/forgot", json={"contact": EMAIL})
    session = await world.approved("amina", note=NOTE)
    await world.amina.page("GET", f"/s/{session['reference']}")
    link = await world.pay_link(session)
    await world.nobody.page("GET", f"/p/{link}")
    await world.nobody.page("POST", f"/p/{link}", data={"phone": PHONE})
    await world.nobody.api("POST", f"/callbacks/{'0' * 32}", json={"phone": PHONE})
    await world.amina.api("POST", f"/api/sessions/{session['id']}/cancel", json={"reason": NOTE})
    return [*planted, session["reference"], session["id"], link, world.amina.token or "", world.amina.cookie or ""]


async def test_a_whole_walk_leaves_nothing_personal_in_the_logs(world: apps.World, written: io.StringIO) -> None:
    planted = await _walk(world)
    ours = written.getvalue()
    lines = [line for line in ours.splitlines() if not line.startswith("HTTP Request:")]  # the test's own client
    found = [marker for marker in planted if any(marker in line for line in lines)]
    assert found == []


@pytest.fixture(scope="module")
async def asked(house: apps.World) -> Any:
    return await house.request(note=NOTE)


@pytest.mark.parametrize("error", [
    ValueError(f"{PHONE} is not {NOTE}"), KeyError(EMAIL), asyncpg.UniqueViolationError(f"Key (phone)=({PHONE})"),
    OSError(f"no route to {EMAIL}"), RuntimeError(NOTE),
], ids=lambda error: type(error).__name__)  # fmt: skip
@pytest.mark.parametrize("door", ["api", "page"])
async def test_an_error_of_ours_is_noted_by_kind_and_place_only(
    house: apps.World, asked: Any, written: io.StringIO, monkeypatch: pytest.MonkeyPatch, error: Exception, door: str
) -> None:

    async def fall_over(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(queries, "visible", fall_over)
    if door == "api":
        answer = await house.amina.api("GET", f"/api/sessions/{asked['id']}?q={PHONE}")
        problem(answer, *((503, "busy") if isinstance(error, OSError) else (500, "internal")))
    else:
        answer = await house.amina.page("GET", f"/s/{asked['reference']}?q={PHONE}")
        assert answer.status_code in (500, 503)
        assert answer.headers["content-type"].startswith("text/html")
    lines = [json.loads(line) for line in written.getvalue().splitlines() if line.startswith("{")]
    noted = [line for line in lines if line["level"] == "error"]
    assert len(noted) == 1
    assert noted[0]["error"] == type(error).__name__
    assert noted[0]["path"] in ("/api/sessions/{session_id}", "/s/{reference}")
    for marker in (PHONE, EMAIL, NOTE, asked["reference"], asked["id"]):
        assert marker not in answer.text
        assert all(marker not in json.dumps(line) for line in lines)


def test_a_planted_marker_is_found(written: io.StringIO) -> None:
    """The negative control: of our own logger, and of any library's."""
    logs.get("web").error("failed", about=PHONE)
    logging.getLogger("somebody.elses").debug("connected to %s", EMAIL)
    assert PHONE in written.getvalue()
    assert EMAIL in written.getvalue()
