"""What M-Pesa, the network and the phone do, over real sockets against the simulator."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from kikao.core.errors import TooOften
from kikao.core.outgoing import SocketInsideTransaction
from kikao.payments import actions
from payments.conftest import AMOUNT, Shop

PHONE = "+254700000001"


async def _rung(shop: Shop) -> tuple[Any, Any]:
    charge_id = await shop.owed()
    attempt = await shop.ask(charge_id, PHONE)
    await shop.work("rings")
    return charge_id, attempt.id


async def _attempt(shop: Shop, attempt_id: Any) -> tuple[str, str | None]:
    row = await shop.row("attempt", attempt_id)
    return row["state"], row["result_code"]


async def _pushes(shop: Shop) -> list[dict[str, Any]]:
    return list((await shop.sim.get("/api/pushes")).json()["pushes"])


@pytest.mark.parametrize(
    ("answer", "code"),
    [(("cancel", {}), "1032"), (("pin", {"pin": "9999"}), "2001")],
)
async def test_declined_or_a_wrong_pin_says_so_and_a_retry_works(
    shop: Shop, answer: tuple[str, dict[str, Any]], code: str
) -> None:
    charge_id, attempt_id = await _rung(shop)
    await shop.phone(PHONE, answer[0], **answer[1])
    await shop.pass_time(1)
    await shop.work()
    assert await _attempt(shop, attempt_id) == ("failed", code)
    assert await shop.status(charge_id) == "Failed"
    await shop.ask(charge_id, PHONE)
    await shop.work("rings")
    await shop.phone(PHONE, "pin", pin="1234")
    await shop.pass_time(1)
    await shop.work("letters")
    assert await shop.status(charge_id) == "Paid"


async def test_not_enough_money(shop: Shop) -> None:
    await shop.phone(PHONE, "wallet", balance=10)
    charge_id, attempt_id = await _rung(shop)
    await shop.phone(PHONE, "pin", pin="1234")
    await shop.pass_time(1)
    await shop.work()
    assert await _attempt(shop, attempt_id) == ("failed", "1")
    assert await shop.status(charge_id) == "Failed"


async def test_a_phone_that_is_off_is_decided_within_its_time(shop: Shop) -> None:
    await shop.phone(PHONE, "mode", mode="off")
    _, attempt_id = await _rung(shop)
    for _ in range(10):
        await shop.pass_time(10)
        await shop.work()
    assert await _attempt(shop, attempt_id) == ("failed", "1037")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_that_breaks_is_unknown_and_rings_once_at_most(shop: Shop, when: str) -> None:
    await shop.fault(on="push", kind="reset", when=when)
    _, attempt_id = await _rung(shop)
    assert (await _attempt(shop, attempt_id))[0] == "submit_unknown"
    await shop.pass_time(60)
    await shop.work()
    assert len(await _pushes(shop)) == (1 if when == "after" else 0)


async def test_an_orphan_prompt_that_is_paid_is_known_by_its_secret_path(shop: Shop) -> None:
    await shop.fault(on="push", kind="hang", when="after")
    charge_id, attempt_id = await _rung(shop)
    assert (await _attempt(shop, attempt_id))[0] == "submit_unknown"
    await shop.phone(PHONE, "pin", pin="1234")
    await shop.pass_time(1)
    await shop.work()
    assert (await _attempt(shop, attempt_id))[0] == "paid"
    assert await shop.status(charge_id) == "Paid"
    row = await shop.row("attempt", attempt_id)
    assert row["checkout_request_id"] == (await _pushes(shop))[0]["checkoutRequestId"]
    await shop.pass_time(31)
    await shop.work()
    row = await shop.row("attempt", attempt_id)
    assert (row["checked_at"] is not None, row["alarm"]) == (True, None)


@pytest.mark.parametrize(
    ("kind", "state", "code"),
    [
        ("500", "submit_unknown", None), ("502", "submit_unknown", None), ("503", "submit_unknown", None),
        ("504", "submit_unknown", None), ("busy", "refused", "busy"), ("spike", "refused", "busy"),
        ("quota", "refused", "busy"), ("429", "refused", "busy"), ("lock", "refused", "line_busy"),
        ("403", "refused", "our_side"), ("empty", "refused", "our_side"),
    ],
)  # fmt: skip
async def test_every_answer_has_its_state(shop: Shop, kind: str, state: str, code: str | None) -> None:
    await shop.fault(on="push", kind=kind)
    _, attempt_id = await _rung(shop)
    assert await _attempt(shop, attempt_id) == (state, code)
    assert await _pushes(shop) == []


async def test_a_busy_line_waits_a_minute(shop: Shop) -> None:
    await shop.fault(on="push", kind="lock")
    charge_id, _ = await _rung(shop)
    with pytest.raises(TooOften):
        await shop.ask(charge_id, PHONE)
    await shop.pass_time(61)
    await shop.ask(charge_id, PHONE)


@pytest.mark.parametrize("kind", ["empty", "403", "503", "reset"])
async def test_without_a_token_nothing_was_sent(shop: Shop, kind: str) -> None:
    await shop.fault(on="oauth", kind=kind)
    _, attempt_id = await _rung(shop)
    assert (await _attempt(shop, attempt_id))[0] == "refused"
    assert await _pushes(shop) == []


async def test_a_token_that_was_ended_is_fetched_again_once(shop: Shop) -> None:
    await shop.provider.test_connection()
    await shop.sim.post("/api/tokens/expire")
    _, attempt_id = await _rung(shop)
    assert (await _attempt(shop, attempt_id))[0] == "accepted"


async def test_programs_share_one_token(shop: Shop) -> None:
    found = await asyncio.gather(*(shop.provider._tokens.get() for _ in range(8)))
    assert len({held.token.reveal() for held in found}) == 1
    asked = (await shop.sim.get("/api/requests")).json()["requests"]
    assert [one["endpoint"] for one in asked].count("oauth") == 1
    [row] = await shop.rows("select sealed_token from payments.provider_token")
    assert found[0].token.reveal().encode() not in bytes(row["sealed_token"])


async def test_a_callback_that_overtakes_the_answer_waits_for_it(shop: Shop) -> None:
    await shop.phone(PHONE, "mode", mode="auto", delaySeconds=0)
    await shop.fault(on="push", kind="latency", when="after", seconds=20)
    attempt = await shop.ask(await shop.owed(), PHONE)
    ringing = asyncio.create_task(shop.work("rings"))
    while not await shop.rows("select id from payments.letter"):
        await asyncio.sleep(0.02)
    await shop.work("letters")
    assert await shop.rows("select outcome from payments.letter") == [{"outcome": "parked"}]
    await shop.pass_time(20)
    await ringing
    await shop.work("letters")
    assert (await _attempt(shop, attempt.id))[0] == "paid"
    assert (await shop.row("attempt", attempt.id))["alarm"] is None


async def test_a_worker_that_dies_while_ringing_leaves_an_unknown_try(shop: Shop) -> None:
    attempt = await shop.ask(await shop.owed(), PHONE)
    async with shop.db.transaction() as conn:
        await actions.begin_ringing(conn, attempt.id, shop.clock(), shop.numbers)
    await shop.pass_time(91)
    await shop.work()
    assert (await _attempt(shop, attempt.id))[0] == "submit_unknown"
    assert await _pushes(shop) == []


async def test_a_look_up_that_lies_takes_nothing_back(shop: Shop) -> None:
    await shop.fault(on="query", kind="wrong_fail", times=0)
    charge_id, attempt_id = await _rung(shop)
    await shop.phone(PHONE, "pin", pin="1234")
    await shop.pass_time(1)
    await shop.work()
    await shop.pass_time(31)
    await shop.work()
    row = await shop.row("attempt", attempt_id)
    assert (row["state"], row["alarm"], row["due_at"]) == ("paid", "contradiction", None)
    assert await shop.status(charge_id) == "Paid"


@pytest.mark.parametrize("shape", ["string_code", "missing_value", "missing_metadata", "not_json", "empty"])
async def test_a_malformed_callback_of_a_payment_ends_paid_by_the_look_up(shop: Shop, shape: str) -> None:
    await shop.fault(on="callback", kind="malformed", shape=shape)
    charge_id, _ = await _rung(shop)
    await shop.phone(PHONE, "pin", pin="1234")
    for _ in range(4):
        await shop.pass_time(20)
        await shop.work()
    assert await shop.status(charge_id) == "Paid"
    await shop.ledger_is_true()


async def test_paid_after_the_time_was_over(shop: Shop) -> None:
    await shop.phone(PHONE, "mode", mode="pay_after_timeout", delaySeconds=300)
    charge_id, attempt_id = await _rung(shop)
    for _ in range(12):
        await shop.pass_time(10)
        await shop.work()
    assert (await _attempt(shop, attempt_id))[0] == "failed"
    await shop.pass_time(300)
    await shop.work()
    assert (await _attempt(shop, attempt_id))[0] == "paid"
    assert await shop.status(charge_id) == "Paid"


async def test_no_prompt_is_sent_late_when_m_pesa_was_away(shop: Shop) -> None:
    attempt = await shop.ask(await shop.owed(), PHONE)
    await shop.pass_time(40)
    await shop.work()
    assert (await _attempt(shop, attempt.id))[0] == "not_sent"
    assert await _pushes(shop) == []


async def test_nobody_talks_to_m_pesa_inside_a_transaction(shop: Shop) -> None:
    await shop.provider.test_connection()
    async with shop.db.transaction():
        with pytest.raises(SocketInsideTransaction):
            await shop.provider.ask(
                phone=PHONE, amount=AMOUNT, reference="K7Q2M9X4", token="0" * 32,
                not_after=shop.clock() + timedelta(seconds=10),
            )  # fmt: skip
        with pytest.raises(SocketInsideTransaction):
            await shop.provider.look_up("ws_CO_1")
