"""Tokens: who gets one, how it is refused, and how long it lives."""

import aiohttp
import pytest

from daraja_sim.server import running
from daraja_sim.settings import Settings
from fixtures.daraja.golden import refusal
from fixtures.daraja.merchant import KEY, OTHER, PUSH, QUERY, SECRET, TOKEN, Merchant, basic


async def test_a_wrong_secret_gets_an_empty_400(sim: Merchant) -> None:
    for headers in (basic(secret="sim-wrong"), basic(key="other"), {"Authorization": "Basic %%%"}):
        answer = await sim.call("GET", TOKEN, headers=headers)
        assert (answer.status, answer.text, answer.content_type) == (400, "", "text/plain")


async def test_no_credentials_and_no_basic(sim: Merchant) -> None:
    for headers in ({}, {"Authorization": f"Bearer {KEY}:{SECRET}"}, {"Authorization": "Basic"}):
        assert (await sim.call("GET", TOKEN, headers=headers)).refusal == refusal("no basic credentials")


@pytest.mark.parametrize("query", ["", "?grant_type=password"])
async def test_the_grant_type(sim: Merchant, query: str) -> None:
    answer = await sim.call("GET", "/oauth/v1/generate" + query, headers=basic())
    assert answer.refusal == refusal("wrong grant type")


async def test_only_get(sim: Merchant) -> None:
    assert (await sim.call("POST", TOKEN, headers=basic())).refusal == refusal("method")


@pytest.mark.parametrize(
    "path, name",
    [
        (PUSH, "token of stk"),
        (QUERY, "token of stk"),
        ("/mpesa/reversal/v1/request", "token of stk"),
        ("/mpesa/b2c/v3/paymentrequest", "token of b2c"),
        ("/mpesa/accountbalance/v1/query", "token of b2c"),
        ("/mpesa/c2b/v2/registerurl", "token of c2b"),
        ("/mpesa/transactionstatus/v1/query", "token of c2b"),
        ("/pulltransactions/v1/query", "token of others"),
    ],
)
async def test_a_wrong_token_is_refused_in_the_shape_of_the_product(sim: Merchant, path: str, name: str) -> None:
    sim.token = "wrong"
    status, code, message = (await sim.product(path, {})).refusal
    assert (status, code) == refusal(name)[:2]
    assert message.startswith(refusal(name)[2])


async def test_no_bearer_and_the_wrong_method(sim: Merchant) -> None:
    assert (await sim.call("POST", PUSH, json={})).refusal == refusal("no bearer")
    headers = {"Authorization": f"Bearer {sim.token}"}
    assert (await sim.call("GET", PUSH, headers=headers)).refusal == refusal("no bearer")
    assert (await sim.call("PUT", PUSH, headers=headers)).refusal == refusal("method")


async def test_a_product_that_the_app_lacks(sim: Merchant) -> None:
    answer = await sim.product("/mpesa/b2c/v3/paymentrequest", {})
    assert answer.fault == (401, "keymanagement.service.InvalidAPICallAsNoApiProductMatchFound")
    assert (await sim.product("/mpesa/nothing/v1", {})).refusal == refusal("no such path")


async def test_a_token_lives_for_an_hour(sim: Merchant) -> None:
    await sim.advance(3590)
    assert (await sim.push()).status == 200
    await sim.advance(10)
    assert (await sim.push()).refusal == refusal("token of stk")
    await sim.sign_in()
    assert (await sim.push(PhoneNumber=OTHER)).status == 200


async def test_a_new_token_ends_the_one_before(sim: Merchant) -> None:
    old = sim.token
    await sim.sign_in()
    assert (await sim.push()).status == 200
    sim.token = old
    assert (await sim.push()).refusal == refusal("token of stk")


async def test_the_sandbox_lets_old_tokens_live(sandbox: Merchant) -> None:
    old = sandbox.token
    await sandbox.sign_in()
    sandbox.token = old
    assert (await sandbox.push()).status == 200


async def test_a_token_that_dies_early_and_one_that_is_ended(sim: Merchant) -> None:
    await sim.fault("oauth", "short_token", seconds=30)
    await sim.sign_in()
    await sim.advance(31)
    assert (await sim.push()).refusal == refusal("token of stk")
    await sim.sign_in()
    assert await sim.api("POST", "/tokens/expire") == {"ended": 1}
    assert (await sim.push()).refusal == refusal("token of stk")


async def test_own_keys() -> None:
    settings = Settings(port=0, consumer_key="sim-a", consumer_secret="sim-b")
    async with running(settings) as base, aiohttp.ClientSession() as session:
        merchant = Merchant(base, session)
        assert (await merchant.call("GET", TOKEN, headers=basic("sim-a", "sim-b"))).status == 200
        assert (await merchant.call("GET", TOKEN, headers=basic())).status == 400
