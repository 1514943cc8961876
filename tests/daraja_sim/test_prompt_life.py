"""What becomes of a prompt: who answers it, when it lapses, and when the money moves."""

import asyncio

import pytest

from daraja_sim.server import running
from daraja_sim.settings import Settings
from fixtures.daraja.golden import refusal
from fixtures.daraja.merchant import OTHER, PHONE, Merchant


async def callback_codes(sim: Merchant) -> list[int | str]:
    await sim.advance()
    return [letter["ResultCode"] for letter in sim.opened()]


async def test_an_ignored_prompt_lapses_after_90_seconds(sim: Merchant) -> None:
    checkout = await sim.pushed()
    await sim.advance(89)
    assert (await sim.phone())["prompt"]["expiresInSeconds"] <= 1
    assert await sim.result(checkout) == "4999"
    await sim.advance(1)
    assert (await sim.phone())["prompt"] is None
    assert await callback_codes(sim) == [1037]
    assert sim.opened()[0]["ResultDesc"] == "No response from user."
    assert await sim.result(checkout) == "1037"


async def test_one_prompt_at_a_time_on_a_phone(sim: Merchant) -> None:
    await sim.pushed()
    assert (await sim.push(Amount=100)).refusal == refusal("locked")
    assert (await sim.push(PhoneNumber=OTHER)).status == 200
    await sim.do("cancel")
    assert (await sim.push(Amount=100)).status == 200


async def test_of_many_pushes_at_once_one_rings(sim: Merchant) -> None:
    answers = await asyncio.gather(*(sim.push() for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [500] * 19
    assert len((await sim.api("GET", "/pushes"))["pushes"]) == 1


async def test_the_third_wrong_pin_locks(sim: Merchant) -> None:
    for wrong in range(1, 4):
        await sim.pushed(Amount=wrong)
        assert await sim.pin(pin="0000") == "2001"
    assert (await sim.phone())["pinLocked"] is True
    await sim.pushed()
    assert await sim.pin() == "8006"
    await sim.do("lock-pin", locked=False)
    await sim.pushed()
    assert await sim.pin() == "0"
    assert await callback_codes(sim) == [2001, 2001, 2001, 8006, 0]


async def test_a_right_pin_forgets_the_wrong_ones(sim: Merchant) -> None:
    for pin in ("1", "2", "1234", "3", "4"):
        await sim.pushed(Amount=int(pin))
        await sim.pin(pin=pin)
    assert (await sim.phone())["pinLocked"] is False


async def test_a_locked_pin_on_order(sim: Merchant) -> None:
    await sim.do("lock-pin")
    await sim.pushed()
    assert await sim.pin() == "8006"


async def test_too_little_money(sim: Merchant) -> None:
    await sim.do("wallet", balance=2_499)
    await sim.pushed()
    assert await sim.pin() == "1"
    phone = await sim.phone()
    assert phone["wallet"] == 2_499
    assert phone["sms"][0]["text"].startswith("Failed. You do not have enough money")
    await sim.do("wallet", balance=2_500)
    await sim.pushed()
    assert await sim.pin() == "0"
    assert (await sim.phone())["wallet"] == 0


async def test_the_same_amount_again_within_two_minutes(sim: Merchant) -> None:
    await sim.pushed()
    assert await sim.pin() == "0"
    await sim.advance(100)
    again = await sim.pushed()
    assert await sim.pin() == "17"
    assert await sim.result(again) == "17"
    await sim.pushed(Amount=2501)
    assert await sim.pin() == "0", "another amount is another payment"
    await sim.pushed(PhoneNumber=OTHER)
    assert await sim.pin(OTHER) == "0", "another phone too"
    await sim.advance(20)
    await sim.pushed()
    assert await sim.pin() == "0", "two minutes are over"


async def test_code_17_follows_a_payment_and_not_a_failure(sim: Merchant) -> None:
    await sim.pushed()
    await sim.do("cancel")
    await sim.pushed()
    await sim.pin(pin="0000")
    await sim.do("wallet", balance=1)
    await sim.pushed()
    assert await sim.pin() == "1"
    await sim.do("wallet", balance=5_000)
    await sim.pushed()
    assert await sim.pin() == "0"


async def test_the_daily_limit_ends_at_midnight_in_nairobi(sim: Merchant) -> None:
    await sim.do("wallet", balance=900_000)
    for amount, code in ((249_000, "0"), (248_000, "0"), (3_001, "4"), (3_000, "0"), (1, "4")):
        await sim.pushed(Amount=amount)
        assert await sim.pin() == code
    await sim.advance(24 * 3600)
    await sim.sign_in()
    await sim.pushed(Amount=1)
    assert await sim.pin() == "0"


async def test_a_phone_that_is_off_never_sees_the_prompt(sim: Merchant) -> None:
    await sim.do("mode", mode="off")
    await sim.pushed()
    await sim.do("mode", mode="on")
    phone = await sim.phone()
    assert (phone["prompt"], phone["busy"]) == (None, True)
    await sim.advance(90)
    assert [(c["ResultCode"], c["ResultDesc"]) for c in sim.opened()] == [(1037, "DS timeout user cannot be reached.")]


async def test_switching_off_forgets_the_prompt(sim: Merchant) -> None:
    await sim.pushed()
    await sim.do("mode", mode="off")
    await sim.do("mode", mode="on")
    assert (await sim.phone())["prompt"] is None


@pytest.mark.parametrize("mode", ["auto", "pay_late", "pay_after_timeout", "on"])
async def test_a_prompt_that_never_arrived_cannot_be_paid(sim: Merchant, mode: str) -> None:
    await sim.do("mode", mode="off")
    await sim.pushed()
    await sim.do("mode", mode=mode)
    await sim.advance(600)
    assert await callback_codes(sim) == [1037]
    assert (await sim.call("POST", f"/api/phones/{PHONE}/pay-anyway")).status == 409


async def test_a_prompt_waits_for_coverage(sim: Merchant) -> None:
    await sim.do("mode", mode="airplane")
    await sim.pushed()
    assert (await sim.phone())["prompt"] is None
    await sim.advance(60)
    await sim.do("mode", mode="on")
    assert (await sim.phone())["prompt"]["amount"] == 2500
    assert await sim.pin() == "0"


async def test_no_coverage_until_the_end(sim: Merchant) -> None:
    await sim.do("mode", mode="airplane")
    await sim.pushed()
    await sim.advance(90)
    assert sim.opened()[0]["ResultDesc"] == "DS timeout user cannot be reached."


async def test_nobody_answers_an_ignored_phone(sim: Merchant) -> None:
    await sim.do("mode", mode="ignore")
    await sim.pushed()
    assert (await sim.phone())["prompt"] is not None
    assert (await sim.call("POST", f"/api/phones/{PHONE}/pin", json={"pin": "1234"})).status == 409
    await sim.advance(90)
    assert await callback_codes(sim) == [1037]


async def test_a_pin_at_the_last_moment_is_answered_late(sim: Merchant) -> None:
    await sim.do("mode", mode="pay_late", delaySeconds=120)
    checkout = await sim.pushed()
    await sim.advance(90 + 119)
    assert sim.letters == []
    assert await sim.result(checkout) == "4999"
    assert (await sim.push()).refusal == refusal("locked")
    await sim.advance(1)
    assert await callback_codes(sim) == [0]
    assert await sim.result(checkout) == "0"


async def test_a_payment_after_the_time_out_was_reported(sim: Merchant) -> None:
    await sim.do("mode", mode="pay_after_timeout", delaySeconds=60)
    checkout = await sim.pushed()
    await sim.advance(90)
    assert await callback_codes(sim) == [1037]
    assert await sim.result(checkout) == "1037"
    await sim.advance(60)
    assert await callback_codes(sim) == [1037, 0]
    assert await sim.result(checkout) == "0"
    assert (await sim.phone())["wallet"] == 47_500


async def test_paying_a_lapsed_prompt_by_hand(sim: Merchant) -> None:
    checkout = await sim.pushed()
    await sim.advance(90)
    assert (await sim.phone())["expired"]["id"] == checkout
    assert (await sim.do("pay-anyway"))["result"]["code"] == "0"
    assert await callback_codes(sim) == [1037, 0]
    assert (await sim.phone())["expired"] is None
    again = await sim.call("POST", f"/api/phones/{PHONE}/pay-anyway")
    assert (again.status, again.body["error"]) == (409, "no_prompt")


@pytest.mark.parametrize("answer, code", [("pay", 0), ("cancel", 1032), ("wrong_pin", 2001)])
async def test_a_phone_that_answers_by_itself(sim: Merchant, answer: str, code: int) -> None:
    await sim.do("mode", mode="auto", delaySeconds=7, answer=answer)
    await sim.pushed()
    await sim.advance(6)
    assert (await sim.phone())["prompt"] is not None
    await sim.advance(1)
    assert await callback_codes(sim) == [code]


async def test_auto_answers_the_prompt_that_is_already_there(sim: Merchant) -> None:
    await sim.pushed()
    await sim.do("mode", mode="auto")
    assert await callback_codes(sim) == [0]


async def test_every_new_phone_in_auto(sim: Merchant) -> None:
    await sim.api("POST", "/defaults", {"mode": "auto"})
    await asyncio.gather(*(sim.pushed(PhoneNumber=f"2547000000{n}") for n in range(20, 50)))
    assert await callback_codes(sim) == [0] * 30


async def test_a_line_without_mpesa(sim: Merchant) -> None:
    await sim.do("mode", mode="not_registered")
    assert (await sim.push()).refusal[2] == "Bad Request - Invalid PhoneNumber"


async def test_a_shorter_prompt() -> None:
    async with running(Settings(port=0, prompt_seconds=30)) as base, Merchant.at(base) as sim:
        await sim.pushed()
        await sim.advance(30)
        assert await callback_codes(sim) == [1037]


async def test_a_pending_query_in_the_older_manner() -> None:
    async with running(Settings(port=0, query_pending="500")) as base, Merchant.at(base) as sim:
        checkout = await sim.pushed()
        assert (await sim.query(checkout)).refusal == refusal("pending")
        await sim.do("cancel")
        assert await sim.result(checkout) == "1032"


async def test_an_answered_prompt_cannot_be_answered_again(sim: Merchant) -> None:
    await sim.pushed()
    assert await sim.pin() == "0"
    for verb in ("pin", "cancel"):
        assert (await sim.call("POST", f"/api/phones/{PHONE}/{verb}", json={"pin": "1234"})).status == 409
    assert (await sim.phone())["wallet"] == 47_500
