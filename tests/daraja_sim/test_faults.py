"""Faults of the requests themselves: each kind, where it is aimed, how often, and by which seed."""

import asyncio
from typing import Any

import aiohttp
import pytest

from daraja_sim.server import running
from daraja_sim.settings import Settings
from fixtures.daraja.golden import refusal
from fixtures.daraja.merchant import OTHER, TOKEN, Merchant, basic

ENVELOPES = [("500", "internal"), ("busy", "busy"), ("spike", "spike"), ("quota", "quota"), ("lock", "locked")]


async def pushes(sim: Merchant) -> int:
    return len((await sim.api("GET", "/pushes"))["pushes"])


@pytest.mark.parametrize("kind, name", ENVELOPES)
async def test_envelopes(sim: Merchant, kind: str, name: str) -> None:
    await sim.fault("push", kind)
    assert (await sim.push()).refusal == refusal(name)
    assert await pushes(sim) == 0
    assert (await sim.push()).status == 200, "once only"


@pytest.mark.parametrize("kind", ["403", "502", "503", "504"])
async def test_html(sim: Merchant, kind: str) -> None:
    await sim.fault("query", kind)
    answer = await sim.query("ws_CO_1")
    assert (answer.status, answer.content_type) == (int(kind), "text/html")
    assert "<html" in answer.text


async def test_an_error_after_the_push_was_accepted(sim: Merchant) -> None:
    await sim.fault("push", "500", when="after")
    assert (await sim.push()).refusal == refusal("internal")
    assert (await sim.phone())["prompt"]["amount"] == 2500


async def test_an_empty_token_answer(sim: Merchant) -> None:
    await sim.fault("oauth", "empty")
    answer = await sim.call("GET", TOKEN, headers=basic())
    assert (answer.status, answer.text) == (400, "")


@pytest.mark.parametrize("when, rings", [("before", False), ("after", True)])
async def test_a_connection_reset(sim: Merchant, when: str, rings: bool) -> None:
    await sim.fault("push", "reset", when=when)
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await sim.push()
    assert ((await sim.phone())["prompt"] is not None) is rings
    assert (await sim.api("GET", "/requests"))["requests"][-1]["status"] is None


async def test_an_answer_that_never_comes(sim: Merchant) -> None:
    await sim.fault("push", "hang")
    waiting = asyncio.create_task(sim.push())
    await sim.prompted()
    await sim.advance(3600)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("when, rings", [("before", False), ("after", True)])
async def test_latency_is_on_the_simulated_clock(sim: Merchant, when: str, rings: bool) -> None:
    await sim.fault("push", "latency", seconds=50, when=when)
    waiting = asyncio.create_task(sim.push())
    while not (await sim.api("GET", "/faults"))["faults"][0]["used"]:
        await asyncio.sleep(0.01)
    if rings:
        await sim.prompted()
    assert ((await sim.phone())["prompt"] is not None) is rings
    await sim.advance(50)
    assert (await waiting).status == 200


async def test_faults_of_the_query(sim: Merchant) -> None:
    checkout = await sim.pushed()
    await sim.fault("query", "pending_500")
    assert (await sim.query(checkout)).refusal == refusal("pending")
    await sim.pin()
    await sim.fault("query", "pending_4999")
    await sim.fault("query", "wrong_fail", code="1037")
    assert [await sim.result(checkout) for _ in range(3)] == ["4999", "1037", "0"]


async def test_a_result_on_order(sim: Merchant) -> None:
    await sim.fault("prompt", "result", code="26")
    assert await sim.result(await sim.pushed()) == "26"
    await sim.fault("prompt", "result", code="8", when="at_pin")
    await sim.pushed()
    assert await sim.pin() == "8"
    assert (await sim.phone())["wallet"] == 50_000


async def test_aimed_and_counted(sim: Merchant) -> None:
    await sim.fault("push", "busy", phone="0700 000 012", times=2)
    await sim.fault("push", "quota", amount=77)
    assert (await sim.push()).status == 200
    seen = [(await sim.push(PhoneNumber=OTHER)).status for _ in range(3)]
    assert seen == [500, 500, 200]
    assert (await sim.push(PhoneNumber="254700000013", Amount=77)).refusal == refusal("quota")


async def test_for_ever_until_taken_away(sim: Merchant) -> None:
    number = await sim.fault("push", "busy", times=0)
    for _ in range(3):
        assert (await sim.push()).status == 500
    assert await sim.api("DELETE", f"/faults/{number}") == {"removed": 1}
    assert (await sim.push()).status == 200
    await sim.fault("query", "busy")
    await sim.fault("query", "503")
    assert await sim.api("DELETE", "/faults") == {"removed": 2}


async def chances(seed: int) -> list[int]:
    async with running(Settings(port=0, seed=seed)) as base, Merchant.at(base) as sim:
        await sim.fault("query", "503", times=0, probability=0.5)
        return [(await sim.query("ws_CO_1")).status for _ in range(20)]


async def test_chance_repeats_with_the_seed() -> None:
    first = await chances(3)
    assert set(first) == {400, 503}
    assert await chances(3) == first
    assert await chances(4) != first


async def test_the_seed_gives_the_same_ids() -> None:
    seen = []
    for _ in range(2):
        async with running(Settings(port=0, seed=5)) as base, Merchant.at(base) as sim:
            answer = await sim.push()
            seen.append((sim.token, answer.body["MerchantRequestID"]))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"on": "push"},
        {"on": "moon", "kind": "500"},
        {"on": "push", "kind": "drop"},
        {"on": "callback", "kind": "malformed", "shape": "round"},
        {"on": "push", "kind": "500", "when": "later"},
        {"on": "push", "kind": "500", "times": -1},
        {"on": "push", "kind": "500", "times": "x"},
        {"on": "push", "kind": "500", "probability": 2},
        {"on": "push", "kind": "500", "phone": []},
        {"on": "push", "kind": "500", "colour": "red"},
    ],
)
async def test_a_fault_that_makes_no_sense(sim: Merchant, body: dict[str, Any]) -> None:
    answer = await sim.call("POST", "/api/faults", json=body)
    assert (answer.status, answer.body["error"]) == (400, "bad_fault")
