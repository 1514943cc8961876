"""A stream of events goes on as long as its viewer may see what it tells, and there are never too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from kikao.accounts import actions
from kikao.payments import stream_api
from support import app as apps
from support.refusals import problem
from support.routes import NOT_THERE

QUICK = 0.02


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_api, "LOOK_SECONDS", QUICK)


@pytest.fixture
async def address(world: apps.World) -> str:
    """Of the stream of an attempt that nothing will become of here: no worker rings anybody."""
    session = await world.approved("amina")
    made = await world.amina.api(
        "POST", "/api/mpesa/initiate", json={"sessionId": session["id"], "phoneNumber": "0700000041"})
    assert made.status_code == 202, made.text
    world.by_name["link"] = apps.Visitor(world.app, None, None)
    world.link.program.headers["X-Pay-Token"] = await world.pay_link(session)
    return f"/api/mpesa/events/{made.json()['attemptId']}"


@asynccontextmanager
async def streaming(world: apps.World, address: str, *who: str) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """Open streams of these, each begun; ended afterwards as when the program stops."""
    before = stream_api._open.total()
    tasks = [asyncio.create_task(world.by_name[name].api("GET", address)) for name in who]
    async with asyncio.timeout(20):
        while stream_api._open.total() < before + len(who):
            await asyncio.sleep(QUICK)
    try:
        yield tasks
    finally:
        world.app.state.stopping.set()
        async with asyncio.timeout(20):
            await asyncio.gather(*tasks)
        world.app.state.stopping.clear()


async def amina_signs_out(world: apps.World) -> None:
    assert (await world.amina.api("POST", "/api/users/logout")).status_code == 204


async def wambui_is_disabled(world: apps.World) -> None:
    async with world.db.transaction() as conn:
        await actions.disable(conn, world.cast.njeri.actor, world.cast.wambui.account_id, world.now)


async def wambui_is_desk_no_more(world: apps.World) -> None:
    async with world.db.transaction() as conn:
        await actions.revoke_role(conn, world.cast.njeri.actor, world.cast.wambui.account_id, "desk", world.now)


async def the_link_pays_nothing_more(world: apps.World) -> None:
    async with world.db.connection() as conn:
        await conn.execute("update payments.charge set link_hash = 'another'")


@pytest.mark.parametrize(
    ("who", "ends"),
    [
        ("amina", amina_signs_out), ("wambui", wambui_is_disabled), ("wambui", wambui_is_desk_no_more),
        ("link", the_link_pays_nothing_more),
    ],
)  # fmt: skip
async def test_a_stream_ends_when_its_viewer_may_not_see_it_any_more(
    world: apps.World, address: str, who: str, ends: Callable[[apps.World], Awaitable[None]]
) -> None:
    async with streaming(world, address, who, "njeri") as (theirs, another):
        await asyncio.sleep(5 * QUICK)
        assert not theirs.done()
        await ends(world)
        async with asyncio.timeout(20):
            assert "event: attempt" in (await theirs).text
        await asyncio.sleep(5 * QUICK)
        assert not another.done(), "the negative control: who may see it still sees it"


async def test_of_twenty_that_are_asked_for_at_once_no_more_are_opened(world: apps.World, address: str) -> None:
    tasks = [asyncio.create_task(world.njeri.api("GET", address)) for _ in range(20)]
    try:
        async with asyncio.timeout(20):
            while sum(task.done() for task in tasks) < 20 - stream_api.MOST_OF_ONE:
                await asyncio.sleep(QUICK)
        assert stream_api._open.total() == stream_api.MOST_OF_ONE
    finally:
        world.app.state.stopping.set()
        answers = await asyncio.gather(*tasks)
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [429] * 14
    assert stream_api._open.total() == 0


def test_a_place_is_free_again_where_nobody_stayed_for_the_first_event() -> None:
    place = stream_api._Place(NOT_THERE)
    never_begun = stream_api._watch(place, *([None] * 5))  # type: ignore[arg-type]
    assert stream_api._open[NOT_THERE] == 1
    del place, never_begun
    assert NOT_THERE not in stream_api._open


@pytest.mark.parametrize("limit", ["MOST_OF_ONE", "MOST"])
async def test_one_stream_too_many_is_refused_until_one_has_ended(
    world: apps.World, address: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_api, limit, 2)
    async with streaming(world, address, "amina", "link"):
        refused: Any = await world.njeri.api("GET", address)
        problem(refused, 429, "too_often")
        assert refused.headers["retry-after"] == "10"
        page = f"/p/{world.link.program.headers['X-Pay-Token']}"
        assert (await world.nobody.page("GET", f"{page}/events")).status_code == 429
        assert (await world.nobody.page("GET", f"{page}/attempt")).status_code == 200, "the page asks by itself"
    assert stream_api._open.total() == 0
    async with streaming(world, address, "njeri") as (task,):
        pass
    assert task.result().status_code == 200
