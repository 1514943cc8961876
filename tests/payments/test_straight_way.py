"""Asked, rung, paid with the PIN, and the purpose has its money."""

from __future__ import annotations

from payments.conftest import AMOUNT, Shop
from support.cast import Cast

PHONE = "+254700000001"


async def test_a_phone_rings_a_pin_goes_in_and_the_purpose_is_told(shop: Shop, cast: Cast) -> None:
    charge_id = await shop.owed(payer=cast.amina.account_id)
    attempt = await shop.ask(charge_id, "0700 000 001", cast.amina.actor)
    assert (attempt.state, attempt.amount) == ("created", AMOUNT)
    await shop.work("rings")

    prompt = (await shop.screen(PHONE))["prompt"]
    charge = await shop.row("charge", charge_id)
    assert (prompt["amount"], prompt["reference"], prompt["description"]) == (AMOUNT, charge["reference"], "Booking")
    assert (await shop.row("attempt", attempt.id))["state"] == "accepted"
    assert await shop.status(charge_id) == "Processing"

    await shop.phone(PHONE, "pin", pin="1234")
    await shop.pass_time(1)
    await shop.work("letters")

    assert (await shop.row("attempt", attempt.id))["state"] == "paid"
    assert await shop.status(charge_id) == "Paid"
    [told] = shop.told
    assert (told.charge_id, told.amount) == (charge_id, AMOUNT)
    [receipt] = await shop.rows("select * from payments.receipt")
    sms = (await shop.screen(PHONE))["sms"][0]["text"]
    assert sms.startswith(receipt["number"])
    await shop.ledger_is_true()


async def test_a_success_is_looked_up_as_well(shop: Shop) -> None:
    charge_id = await shop.owed()
    attempt = await shop.ask(charge_id, PHONE)
    await shop.work("rings")
    await shop.phone(PHONE, "pin", pin="1234")
    await shop.pass_time(1)
    await shop.work("letters")
    await shop.pass_time(31)
    await shop.work()
    row = await shop.row("attempt", attempt.id)
    assert (row["state"], row["alarm"], row["due_at"]) == ("paid", None, None)
    assert row["checked_at"] is not None
