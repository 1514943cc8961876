"""A customer pays, declines, or types a wrong PIN; the merchant hears of it by callback and by query."""

import json

from fixtures.daraja.merchant import PHONE, Merchant


async def test_a_prompt_is_paid_and_everyone_hears_of_it(sim: Merchant) -> None:
    accepted = await sim.push()
    assert accepted.body["ResponseCode"] == "0"
    checkout = accepted.body["CheckoutRequestID"]

    prompt = (await sim.phone())["prompt"]
    assert (prompt["amount"], prompt["reference"]) == (2500, "BK7Q2M9X")
    assert prompt["id"] == checkout
    assert await sim.result(checkout) == "4999"

    assert await sim.pin() == "0"
    await sim.advance()

    [(path, raw)] = sim.letters
    callback = json.loads(raw)["Body"]["stkCallback"]
    assert path == "/d/9f3c/stk"
    assert callback["CheckoutRequestID"] == checkout
    assert callback["ResultCode"] == 0
    items = {item["Name"]: item.get("Value") for item in callback["CallbackMetadata"]["Item"]}
    assert (items["Amount"], items["PhoneNumber"]) == (2500, int(PHONE))
    assert await sim.result(checkout) == "0"

    phone = await sim.phone()
    assert (phone["wallet"], phone["prompt"]) == (47_500, None)
    assert phone["sms"][0]["text"].startswith(f"{items['MpesaReceiptNumber']} Confirmed. Ksh2,500.00 sent to")


async def test_a_customer_declines(sim: Merchant) -> None:
    checkout = await sim.pushed()
    await sim.do("cancel")
    await sim.advance()
    [(_, raw)] = sim.letters
    callback = json.loads(raw)["Body"]["stkCallback"]
    assert (callback["ResultCode"], callback["ResultDesc"]) == (1032, "Request cancelled by user")
    assert "CallbackMetadata" not in callback
    assert await sim.result(checkout) == "1032"
    assert (await sim.phone())["wallet"] == 50_000
