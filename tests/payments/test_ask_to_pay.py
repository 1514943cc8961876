"""Asking a phone: who may be asked, how often, and that it rings once or not at all."""

from __future__ import annotations

import asyncio

import pytest

from kikao.core.errors import Invalid, NotFound, NotPossible, TooOften
from kikao.core.ids import new_id
from kikao.payments import actions, charges
from kikao.payments.errors import AlreadyPaid, PromptOpen
from payments.conftest import Till

PHONE, OTHER = "+254700000001", "+254700000002"


@pytest.mark.parametrize("typed", ["", "12345", "not a phone", "+44 7700 900123", "0200000000"])
async def test_a_number_that_m_pesa_cannot_ring_is_refused(till: Till, typed: str) -> None:
    charge_id = await till.owed()
    with pytest.raises(Invalid) as refused:
        await till.ask(charge_id, typed)
    assert refused.value.fields[0].field == "phoneNumber"


@pytest.mark.parametrize("typed", ["0700000001", "700000001", "254700000001", "+254 700-000-001", "0110 000 001"])
async def test_every_kenyan_form_is_read(till: Till, typed: str) -> None:
    attempt = await till.ask(await till.owed(), typed)
    assert (await till.row("attempt", attempt.id))["phone"] in (PHONE, "+254110000001")


async def test_what_is_not_asked_for_cannot_be_paid(till: Till) -> None:
    with pytest.raises(NotFound):
        await till.ask(new_id(), PHONE)
    not_yet = await till.owed(opened=False)
    with pytest.raises(NotPossible):
        await till.ask(not_yet, PHONE)
    over = await till.owed()
    async with till.db.transaction() as conn:
        await actions.close_charge(conn, over, till.clock())
    with pytest.raises(NotPossible):
        await till.ask(over, PHONE)
    lapsed = await till.owed()
    till.clock.move(86_401)
    with pytest.raises(NotPossible):
        await till.ask(lapsed, PHONE)


async def test_what_costs_nothing_is_settled_from_the_start(till: Till) -> None:
    charge_id = await till.owed(0)
    assert (await till.row("charge", charge_id))["settled"] is True
    with pytest.raises(AlreadyPaid):
        await till.ask(charge_id, PHONE)


async def test_one_prompt_at_a_time_for_a_charge_and_for_a_phone(till: Till) -> None:
    charge_id, another = await till.owed(), await till.owed()
    attempt = await till.ask(charge_id, PHONE)
    with pytest.raises(PromptOpen) as same_charge:
        await till.ask(charge_id, OTHER)
    assert same_charge.value.facts == {"attemptId": attempt.id}
    with pytest.raises(PromptOpen) as same_phone:
        await till.ask(another, PHONE)
    assert same_phone.value.facts == {}  # nothing is said of somebody else's charge


async def test_of_many_at_once_one_rings(till: Till) -> None:
    charges = [await till.owed() for _ in range(6)]
    tries = [till.ask(charge, PHONE) for charge in charges] + [till.ask(charges[0], OTHER) for _ in range(6)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    made = [one for one in results if isinstance(one, actions.Attempt)]
    assert all(isinstance(one, actions.Attempt | PromptOpen) for one in results)
    assert 1 <= len(made) <= 2
    crowded = await till.rows(
        "select charge_id from payments.open_attempt group by 1 having count(*) > 1"
    )
    assert crowded == []
    phones = await till.rows("select phone from payments.attempt where open group by 1 having count(*) > 1")
    assert phones == []


async def test_three_in_five_minutes(till: Till) -> None:
    charge_id = await till.owed()
    for _ in range(3):
        rung = await till.rung(charge_id)
        await till.post(rung.token, rung.letter(1032))
        await till.read_letters()
    with pytest.raises(TooOften) as refused:
        await till.ask(charge_id, OTHER)
    assert 290 <= refused.value.facts["retryAfter"] <= 300
    with pytest.raises(TooOften):
        await till.ask(await till.owed(), PHONE)  # the phone has had its three as well
    till.clock.move(301)
    await till.ask(charge_id, OTHER)


async def test_too_long_in_the_queue_is_never_rung(till: Till) -> None:
    charge_id = await till.owed()
    attempt = await till.ask(charge_id, PHONE)
    till.clock.move(31)
    async with till.db.transaction() as conn:
        assert await actions.begin_ringing(conn, attempt.id, till.clock(), till.numbers) is None
    assert (await till.row("attempt", attempt.id))["state"] == "not_sent"
    await till.ask(charge_id, PHONE)  # and the payer may try again at once


async def test_what_has_ended_meanwhile_rings_nobody(till: Till) -> None:
    charge_id = await till.owed()
    attempt = await till.ask(charge_id, PHONE)
    async with till.db.transaction() as conn:
        await charges.close_charge(conn, charge_id, till.clock())
    async with till.db.transaction() as conn:
        assert await actions.begin_ringing(conn, attempt.id, till.clock(), till.numbers) is None
    assert (await till.row("attempt", attempt.id))["state"] == "not_sent"


async def test_the_payer_may_try_again_with_every_worker_dead(till: Till) -> None:
    charge_id = await till.owed()
    attempt = await till.ask(charge_id, PHONE)
    till.clock.move(31)
    again = await till.ask(charge_id, PHONE)
    assert again.id != attempt.id
    assert (await till.row("attempt", attempt.id))["state"] == "not_sent"


async def test_an_unknown_try_allows_the_next_after_ninety_seconds(till: Till) -> None:
    rung = await till.rung(await till.owed())
    till.clock.move(89)
    with pytest.raises(PromptOpen):
        await till.ask(rung.charge_id, PHONE)
    till.clock.move(2)
    await till.ask(rung.charge_id, PHONE)
    assert await till.state(rung) == "unknown"


async def test_found_in_submitting_again_nobody_rings_twice(till: Till) -> None:
    attempt = await till.ask(await till.owed(), PHONE)
    async with till.db.transaction() as conn:
        assert await actions.begin_ringing(conn, attempt.id, till.clock(), till.numbers) is not None
    async with till.db.transaction() as conn:  # a worker died here; another finds the row
        assert await actions.begin_ringing(conn, attempt.id, till.clock(), till.numbers) is None
    assert (await till.row("attempt", attempt.id))["state"] == "submit_unknown"


async def test_two_workers_ring_once(till: Till) -> None:
    attempt = await till.ask(await till.owed(), PHONE)

    async def begin() -> actions.Ringing | None:
        async with till.db.transaction() as conn:
            return await actions.begin_ringing(conn, attempt.id, till.clock(), till.numbers)

    both = await asyncio.gather(begin(), begin())
    assert sum(one is not None for one in both) == 1


async def test_the_secret_path_is_kept_as_a_hash_only(till: Till) -> None:
    rung = await till.rung(await till.owed())
    row = await till.row("attempt", rung.attempt_id)
    assert len(rung.token) == 32
    assert set(rung.token) <= set("0123456789abcdef")
    assert rung.token not in repr({name: value for name, value in row.items() if name != "checkout_request_id"})
