"""The limits that stop machines, each met at its end; and what is counted before anything costs."""

from __future__ import annotations

from typing import Any

import pytest

from kikao.accounts import signing_up
from kikao.accounts.codes import ASKING_BY_NETWORK, TYPING_BY_NETWORK
from kikao.accounts.signing_in import TYPING_BY_LOGIN
from kikao.core import limits
from kikao.core.ids import new_id
from kikao.core.limits import Limit
from support import app as apps
from support.cast import PASSWORD, workday
from support.routes import NOT_THERE

HERE = "127.0.0.1"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that a sign-up has hashed."""
    found: list[str] = []

    async def quick(password: str) -> str:
        found.append(password)
        return "not a hash"

    monkeypatch.setattr(signing_up, "hash_password", quick)
    return found


async def nearly(world: apps.World, limit: Limit, subject: str = HERE) -> None:
    """One more is let through in this hour and in the next, and no other."""
    async with world.db.connection() as conn:
        await conn.execute(
            """
            insert into core.counter (subject, window_start, hits)
            select $1, date_trunc('hour', now()) + make_interval(hours => n), $2 - 1 from generate_series(0, 1) n
            on conflict (subject, window_start) do update set hits = excluded.hits
            """,
            limits.key_of(limit, subject), limit.most,
        )


async def refused_sign_ups(world: apps.World) -> dict[str, tuple[str, dict[str, Any]]]:
    """One at each door, which is refused for what its last step finds: a text of consent that is not the newest."""
    form = {"name": "Chebet", "contact": "0700 000 041", "password": PASSWORD, "consent": "yes",
            "consent_text": str(NOT_THERE)}  # fmt: skip
    start = workday(world.now).isoformat()
    asked = form | {"k": "i", "m": "o", "start": start, "shown": "", "for": "me"}
    register = {"name": "Chebet", "phone": "0700000041", "password": PASSWORD,
                "consent": {"textId": str(NOT_THERE), "language": "en"}}  # fmt: skip
    return {
        "page": ("/sign-up", form), "request": ("/t/kbt011/request", asked),
        "program": ("/api/users/register", register),
    }  # fmt: skip


@pytest.mark.parametrize("door", ["page", "request", "program"])
async def test_a_refused_sign_up_counts_and_one_too_many_hashes_nothing(
    world: apps.World, hashed: list[str], door: str
) -> None:
    path, body = (await refused_sign_ups(world))[door]
    await nearly(world, ASKING_BY_NETWORK)
    answers = []
    for _ in range(3):
        if door == "program":
            answers.append(await world.nobody.api("POST", path, json=body))
        else:
            answers.append(await world.nobody.page("POST", path, data=body))
    assert [answer.status_code for answer in answers] == [422, 429, 429], answers[0].text
    assert hashed == [PASSWORD]


async def test_typing_by_network_and_by_name_ends(world: apps.World) -> None:
    login = {"login": "0700 000 049", "password": "not the one"}
    await nearly(world, TYPING_BY_NETWORK)
    for wanted in (401, 429):
        assert (await world.nobody.api("POST", "/api/users/login", json=login)).status_code == wanted
    for path, body in (
        ("/api/verification/verify", {"verificationId": str(new_id()), "code": "123456"}),
        ("/api/users/password/reset", {"resetId": str(new_id()), "code": "123456", "password": PASSWORD}),
    ):
        assert (await world.nobody.api("POST", path, json=body)).status_code == 429


async def test_one_name_is_not_tried_without_end_from_many_networks(world: apps.World) -> None:
    login = {"login": "0700 000 049", "password": "x"}
    async with world.db.connection() as conn:
        for _ in range(TYPING_BY_LOGIN.most):
            await limits.count(conn, TYPING_BY_LOGIN, "+254700000049", world.now)
    answers = []
    for number in range(2):
        visitor = apps.browser(world.app, network=f"192.0.2.{number}")
        answers.append((await visitor.post("/api/users/login", json=login)).status_code)
        await visitor.aclose()
    assert answers == [429, 429]
    other = await world.nobody.api("POST", "/api/users/login", json=login | {"login": "0700 000 050"})
    assert other.status_code == 401


async def test_forgetting_by_network_ends(world: apps.World) -> None:
    await nearly(world, ASKING_BY_NETWORK)
    for number, wanted in ((1, 202), (2, 429)):
        body = {"contact": f"somebody{number}@example.test"}
        assert (await world.nobody.api("POST", "/api/users/password/forgot", json=body)).status_code == wanted
