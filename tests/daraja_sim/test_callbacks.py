"""What happens to a callback on its way: lost, doubled, late, out of order, spoilt."""

import asyncio
import json
from typing import Any

import pytest

from fixtures.daraja.merchant import OTHER, PHONE, Merchant


async def paid(sim: Merchant, number: str = PHONE, amount: int = 2500) -> str:
    checkout = await sim.pushed(PhoneNumber=number, Amount=amount)
    assert await sim.pin(number) == "0"
    return checkout


async def test_what_was_sent_and_answered_is_on_record(sim: Merchant) -> None:
    sim.reply = 202
    checkout = await paid(sim)
    await sim.advance()
    [row] = (await sim.api("GET", f"/callbacks?checkoutRequestId={checkout}"))["callbacks"]
    assert row["body"].encode() == sim.letters[0][1]
    assert (row["status"], row["attempts"], row["error"]) == (202, 1, "")
    assert json.loads(row["answer"]) == {"ResultCode": 0, "ResultDesc": "Accepted"}
    assert (await sim.api("GET", "/callbacks?checkoutRequestId=other"))["callbacks"] == []


async def test_a_receiver_that_is_not_there(sim: Merchant) -> None:
    await sim.pushed(CallBackURL="http://127.0.0.1:9/d")
    await sim.do("cancel")
    await sim.advance()
    [row] = (await sim.api("GET", "/callbacks"))["callbacks"]
    assert (row["status"], row["error"]) == (None, "ClientConnectorError")


async def test_an_answer_of_503_is_not_tried_again(sim: Merchant) -> None:
    sim.reply = 503
    await paid(sim)
    await sim.advance(3600)
    assert len(sim.letters) == 1


async def test_dropped(sim: Merchant) -> None:
    await sim.fault("callback", "drop")
    checkout = await paid(sim)
    await sim.advance(3600)
    assert sim.letters == []
    await sim.sign_in()
    assert await sim.result(checkout) == "0"
    [row] = (await sim.api("GET", "/callbacks"))["callbacks"]
    assert (row["fault"], row["attempts"]) == ("drop", 0)


async def test_doubled(sim: Merchant) -> None:
    await sim.fault("callback", "duplicate", copies=3, seconds=10)
    await paid(sim)
    await sim.advance()
    assert len(sim.letters) == 1
    await sim.advance(20)
    assert len(sim.letters) == 3
    assert len(set(sim.letters)) == 1


async def test_late(sim: Merchant) -> None:
    await sim.fault("callback", "late", seconds=7200)
    await paid(sim)
    await sim.advance(7199)
    assert sim.letters == []
    await sim.advance(1)
    assert len(sim.letters) == 1
    assert (await sim.phone())["sms"], "the customer has paid long before"


async def test_out_of_order(sim: Merchant) -> None:
    await sim.fault("callback", "reorder", seconds=600)
    first = await paid(sim)
    await sim.advance()
    assert sim.letters == []
    second = await paid(sim, OTHER)
    await sim.advance()
    assert [letter["CheckoutRequestID"] for letter in sim.opened()] == [second, first]
    await sim.advance(600)
    assert len(sim.letters) == 2


async def test_held_back_but_not_for_ever(sim: Merchant) -> None:
    await sim.fault("callback", "reorder", seconds=600)
    await paid(sim)
    await sim.advance(600)
    assert len(sim.letters) == 1


async def test_tried_again_until_it_is_taken(sim: Merchant) -> None:
    sim.reply = 500
    await sim.fault("callback", "retry", copies=3, seconds=10)
    await paid(sim)
    await sim.advance(10)
    assert len(sim.letters) == 2
    sim.reply = 200
    await sim.advance(60)
    assert len(sim.letters) == 3
    [row] = (await sim.api("GET", "/callbacks"))["callbacks"]
    assert (row["attempts"], row["status"]) == (3, 200)


@pytest.mark.parametrize(
    "shape", ["string_code", "missing_value", "missing_metadata", "wrong_amount", "wrong_merchant"]
)
async def test_malformed(sim: Merchant, shape: str) -> None:
    await sim.fault("callback", "malformed", shape=shape)
    checkout = await paid(sim)
    await sim.advance()
    [letter] = sim.opened()
    assert letter["CheckoutRequestID"] == checkout
    items = {item["Name"]: item for item in letter.get("CallbackMetadata", {}).get("Item", [])}
    seen: dict[str, Any] = {
        "string_code": letter["ResultCode"] == "0",
        "missing_value": bool(items) and "Value" not in items["MpesaReceiptNumber"],
        "missing_metadata": not items,
        "wrong_amount": bool(items) and items["Amount"]["Value"] == 2501,
        "wrong_merchant": letter["MerchantRequestID"].startswith("0000-"),
    }
    assert [name for name, found in seen.items() if found] == [shape]


@pytest.mark.parametrize("shape, raw", [("not_json", b"<html>"), ("empty", b"")])
async def test_no_json_at_all(sim: Merchant, shape: str, raw: bytes) -> None:
    await sim.fault("callback", "malformed", shape=shape)
    await paid(sim)
    await sim.advance()
    assert sim.letters[0][1].startswith(raw)


async def test_aimed_at_one_phone_and_amount(sim: Merchant) -> None:
    await sim.fault("callback", "drop", phone=PHONE, amount=100, times=0)
    await paid(sim, OTHER, 100)
    await paid(sim, PHONE, 101)
    lost = await paid(sim, PHONE, 100)
    await sim.advance()
    assert len(sim.letters) == 2
    assert lost not in [letter["CheckoutRequestID"] for letter in sim.opened()]


async def test_a_callback_that_comes_before_the_answer(sim: Merchant) -> None:
    await sim.do("mode", mode="auto")
    await sim.fault("push", "latency", when="after", seconds=50)
    waiting = asyncio.create_task(sim.push())
    while not sim.letters:
        await asyncio.sleep(0.01)
    assert not waiting.done()
    await sim.advance(50)
    answer = await waiting
    assert [letter["CheckoutRequestID"] for letter in sim.opened()] == [answer.body["CheckoutRequestID"]]
