"""Evidence becomes truth: once, in any order, and never less than it was."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

from kikao.core import jobs
from kikao.payments import actions
from kikao.payments.codes import Look, Push
from kikao.payments.jobs import queues
from kikao.payments.providers.rate import Rate
from payments.conftest import AMOUNT, Till
from support.cast import Cast


async def _money(till: Till, charge_id: UUID) -> tuple[int, int, bool]:
    row = await till.row("charge", charge_id)
    return row["paid"], row["given_back"], row["settled"]


async def test_a_callback_repeated_and_looked_up_is_one_credit(till: Till) -> None:
    rung = await till.rung(await till.owed())
    for _ in range(3):
        await till.post(rung.token, rung.letter())
    assert await till.read_letters() == ["settled", "repeat", "repeat"]
    await till.look(rung, "0")
    assert await _money(till, rung.charge_id) == (AMOUNT, 0, True)
    assert len(till.told) == 1
    await till.ledger_is_true()


async def test_paid_by_look_up_is_completed_by_the_callback_that_comes_later(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.look(rung, "0")
    assert await till.state(rung) == "paid_no_receipt"
    assert await till.status(rung.charge_id) == "Paid"
    await till.post(rung.token, rung.letter())
    assert await till.read_letters() == ["noted"]
    assert await till.state(rung) == "paid"
    [receipt] = await till.rows("select number, amount, method from payments.receipt")
    assert receipt == {"number": rung.receipt, "amount": AMOUNT, "method": "callback"}
    assert len(till.told) == 1
    await till.ledger_is_true()


async def test_a_success_after_a_failure_wins_and_a_failure_after_a_success_alarms(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.post(rung.token, rung.letter(1032))
    await till.read_letters()
    assert await till.state(rung) == "failed"
    await till.post(rung.token, rung.letter())
    await till.read_letters()
    assert await till.state(rung) == "paid"
    await till.look(rung, "1032")
    row = await till.row("attempt", rung.attempt_id)
    assert (row["state"], row["alarm"]) == ("paid", "contradiction")
    assert await till.status(rung.charge_id) == "Paid"


async def test_what_is_forged_moves_nothing_and_is_listed(till: Till) -> None:
    rung = await till.rung(await till.owed())
    assert await till.post("0" * 32, rung.letter()) is None
    await till.post(rung.token, rung.letter(checkout="ws_CO_other"))
    await till.post(rung.token, rung.letter(merchant="other"))
    await till.post(rung.token, b"<html>")
    assert await till.read_letters() == ["stray", "stray", "stray"]
    assert await till.state(rung) == "accepted"
    assert await till.rows("select * from payments.receipt") == []
    whys = await till.rows("select why from payments.letter_log where outcome = 'stray' order by received_at, id")
    assert [row["why"] for row in whys] == ["ids", "ids", "unreadable"]


async def test_less_than_asked_is_part_paid_and_the_rest_can_be_asked_for(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.post(rung.token, rung.letter(amount=1000))
    await till.read_letters()
    assert await till.state(rung) == "amount_mismatch"
    assert await till.status(rung.charge_id) == "Part Paid"
    assert till.told == []
    rest = await till.rung(rung.charge_id)
    assert rest.amount == AMOUNT - 1000
    await till.post(rest.token, rest.letter())
    await till.read_letters()
    assert await till.status(rung.charge_id) == "Paid"
    assert len(till.told) == 1
    await till.ledger_is_true()


async def test_more_than_asked_waits_in_suspense(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.post(rung.token, rung.letter(amount=9000))
    await till.read_letters()
    assert await _money(till, rung.charge_id) == (0, 0, False)
    assert await till.rows("select amount, charge_id from payments.receipt") == [{"amount": 9000, "charge_id": None}]
    await till.ledger_is_true()


async def test_a_wrong_amount_is_put_right_by_the_look_up_in_either_order(till: Till) -> None:
    truths: list[tuple[object, ...]] = []
    for order in ("letter first", "look-up first"):
        for amount in (1000, 9000):
            rung = await till.rung(await till.owed(), f"+2547000000{len(truths) + 11}")
            if order == "look-up first":
                await till.look(rung, "0")
            await till.post(rung.token, rung.letter(amount=amount))
            await till.read_letters()
            await till.look(rung, "0")
            receipt = await till.row("receipt", (await till.rows(
                "select id from payments.receipt where attempt_id = $1", rung.attempt_id))[0]["id"])  # fmt: skip
            row = await till.row("attempt", rung.attempt_id)
            truths.append((row["state"], row["alarm"], receipt["amount"], receipt["number"] == rung.receipt,
                           *await _money(till, rung.charge_id)))  # fmt: skip
    assert set(truths) == {("paid", "amount", AMOUNT, True, AMOUNT, 0, True)}
    await till.ledger_is_true()


async def test_a_second_success_is_owed_back(till: Till) -> None:
    charge_id = await till.owed()
    first = await till.rung(charge_id)
    till.clock.move(91)
    second = await till.rung(charge_id, "+254700000002")
    for rung in (first, second):
        await till.post(rung.token, rung.letter())
    await till.read_letters()
    assert await _money(till, charge_id) == (AMOUNT, 0, True)
    [duty] = await till.rows("select charge_id, amount, why from payments.duty")
    assert duty == {"charge_id": charge_id, "amount": AMOUNT, "why": "twice"}
    assert len(till.told) == 1
    await till.ledger_is_true()


async def test_money_for_what_has_ended_asks_its_purpose_and_is_owed_back_when_unwanted(till: Till) -> None:
    rung = await till.rung(await till.owed())
    async with till.db.transaction() as conn:
        await actions.close_charge(conn, rung.charge_id, till.clock())
    till.takes = False
    await till.post(rung.token, rung.letter())
    await till.read_letters()
    assert len(till.told) == 1
    assert await till.status(rung.charge_id) == "Refunded"
    assert [row["why"] for row in await till.rows("select why from payments.duty")] == ["late"]
    await till.ledger_is_true()


async def test_money_for_what_has_ended_opens_it_again_when_its_purpose_takes_it(till: Till) -> None:
    rung = await till.rung(await till.owed())
    async with till.db.transaction() as conn:
        await actions.close_charge(conn, rung.charge_id, till.clock())
    await till.post(rung.token, rung.letter())
    await till.read_letters()
    charge = await till.row("charge", rung.charge_id)
    assert (charge["settled"], charge["closed_at"], charge["given_back"]) == (True, None, 0)
    assert await till.rows("select * from payments.duty") == []


async def test_what_was_part_paid_is_owed_back_when_its_purpose_ends(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.post(rung.token, rung.letter(amount=1000))
    await till.read_letters()
    async with till.db.transaction() as conn:
        assert await actions.close_charge(conn, rung.charge_id, till.clock()) == 1000
    rest = AMOUNT - 1000
    await till.look(rung, "0")  # now M-Pesa says that all of it was paid
    duties = await till.rows("select amount, why from payments.duty order by created_at")
    assert [tuple(duty.values()) for duty in duties] == [(1000, "cancelled"), (rest, "late")]
    await till.ledger_is_true()


async def test_a_receipt_that_is_known_elsewhere_is_no_second_credit(till: Till) -> None:
    first = await till.rung(await till.owed(), "+254700000001")
    second = await till.rung(await till.owed(), "+254700000002")
    await till.post(first.token, first.letter())
    await till.post(second.token, second.letter(receipt=first.receipt))
    assert await till.read_letters() == ["settled", "stray"]
    assert await _money(till, second.charge_id) == (0, 0, False)
    await till.look(second, "0")  # it was paid all the same; only its number was wrong
    assert await till.state(second) == "paid_no_receipt"
    await till.ledger_is_true()


async def test_a_letter_without_an_amount_waits_for_the_look_up_and_gives_its_number_then(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.post(rung.token, rung.letter(items=[{"Name": "MpesaReceiptNumber", "Value": rung.receipt}]))
    assert await till.read_letters() == ["parked"]
    assert (await till.row("attempt", rung.attempt_id))["due_at"] <= till.clock()
    await till.look(rung, "0")
    assert await till.read_letters() == ["noted"]
    assert await till.state(rung) == "paid"


async def test_fifty_letters_are_enough(till: Till) -> None:
    rung = await till.rung(await till.owed())
    for _ in range(50):
        assert await till.post(rung.token, b"{}") is not None
    assert await till.post(rung.token, rung.letter()) is None


async def test_a_letter_is_sealed(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.post(rung.token, rung.letter())
    [row] = await till.rows("select sealed_body from payments.letter")
    assert rung.receipt.encode() not in bytes(row["sealed_body"])


async def test_a_failure_is_told_to_the_payer_who_has_an_account(till: Till, cast: Cast) -> None:
    rung = await till.rung(await till.owed(payer=cast.amina.account_id))
    await till.post(rung.token, rung.letter(2001))
    await till.read_letters()
    [message] = await till.rows("select kind, about, recipient from notifications.message")
    assert message == {"kind": "payment failed", "about": rung.attempt_id, "recipient": cast.amina.person_id}


async def test_after_some_codes_the_next_try_waits_for_a_look_up(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.post(rung.token, rung.letter("1025"))
    await till.read_letters()
    row = await till.row("attempt", rung.attempt_id)
    assert row["due_at"] == row["decided_at"] + timedelta(seconds=120)


async def test_a_look_up_above_the_rate_comes_again_soon(till: Till) -> None:
    rate = Rate(60)
    assert [rate.take() for _ in range(7)] == [True] * 6 + [False]
    rung = await till.rung(await till.owed())
    await till.look(rung, "", "busy")
    row = await till.row("attempt", rung.attempt_id)
    assert (row["state"], row["checked_at"]) == ("accepted", None)
    assert row["due_at"] <= till.clock() + timedelta(seconds=15)


async def test_letters_and_look_ups_at_one_moment_are_one_credit(till: Till) -> None:
    charge_id = await till.owed()
    first = await till.rung(charge_id)
    till.clock.move(91)
    second = await till.rung(charge_id, "+254700000002")
    for rung in (first, second, first, second):
        await till.post(rung.token, rung.letter())
    line = queues(till.db, Silent(), till.vault, till.clock)[1]
    looks = [till.look(rung, "0") for rung in (first, second)]
    await asyncio.gather(jobs.drain(till.db, line, now=till.clock()), *looks)
    while await jobs.drain(till.db, line, now=till.clock()):
        continue
    assert await _money(till, charge_id) == (AMOUNT, 0, True)
    assert {await till.state(first), await till.state(second)} == {"paid"}
    assert [row["why"] for row in await till.rows("select why from payments.duty")] == ["twice"]
    assert len(till.told) == 1
    await till.ledger_is_true()


class Silent:
    """M-Pesa, of whom nothing is asked here."""

    async def ask(self, **_: object) -> Push:
        raise AssertionError

    async def look_up(self, checkout_request_id: str) -> Look:
        raise AssertionError(checkout_request_id)
