"""A client that others wrote, over real HTTP: what it takes for Daraja should take us for Daraja."""

import asyncio

import pytest
from mpesa import (  # type: ignore[import-untyped]
    AuthenticationError,
    MpesaClient,
    MpesaError,
    TransactionError,
)

from fixtures.daraja.merchant import KEY, PASSKEY, PHONE, SECRET, SHORTCODE, Merchant


def client(sim: Merchant, **other: str) -> MpesaClient:
    given = {"consumer_key": KEY, "consumer_secret": SECRET, "shortcode": SHORTCODE, "passkey": PASSKEY, **other}
    return MpesaClient(base_url=sim.base, timeout=5, **given)


async def test_push_pay_query_callback(sim: Merchant) -> None:
    sdk = client(sim)
    pushed = await asyncio.to_thread(sdk.stk_push, "0700000011", 2500, "BK7Q2M9X", "Booking", f"{sim.own}/d/1")
    assert pushed.response_description == "Success. Request accepted for processing"
    assert (await sim.phone())["prompt"]["id"] == pushed.checkout_request_id

    pending = await asyncio.to_thread(sdk.stk_query, pushed.checkout_request_id)
    assert (pending.result_code, pending.is_paid) == ("4999", False)
    await sim.pin()
    final = await asyncio.to_thread(sdk.stk_query, pushed.checkout_request_id)
    assert (final.is_paid, final.merchant_request_id) == (True, pushed.merchant_request_id)

    await sim.advance()
    parsed = sdk.parse_stk_callback({"Body": {"stkCallback": sim.opened()[0]}})
    assert (parsed["paid"], parsed["amount"], parsed["phone"]) == (True, 2500, PHONE)
    assert parsed["checkout_request_id"] == pushed.checkout_request_id


async def test_what_it_says_when_it_is_refused(sim: Merchant) -> None:
    with pytest.raises(AuthenticationError):
        await asyncio.to_thread(client(sim, consumer_secret="sim-wrong").stk_query, "ws_CO_1")
    with pytest.raises(MpesaError) as wrong:
        await asyncio.to_thread(client(sim, passkey="sim-wrong").stk_query, "ws_CO_1")
    assert (wrong.value.code, "Wrong credentials" in wrong.value.message) == ("500.001.1001", True)
    with pytest.raises(MpesaError) as unknown:
        await asyncio.to_thread(client(sim).stk_query, "ws_CO_1")
    assert unknown.value.code == "400.002.02"


async def test_a_product_that_is_not_simulated(sim: Merchant) -> None:
    with pytest.raises(MpesaError) as lacking:
        await asyncio.to_thread(client(sim).b2c, "0700000011", 100)
    assert not isinstance(lacking.value, TransactionError)
    assert lacking.value.code == "401"
