"""What finance and admin find, and what they do with money that fits nothing or has to go back."""

from __future__ import annotations

from uuid import UUID

import pytest

from kikao.core.errors import NotFound
from kikao.core.i18n import language
from kikao.core.ids import new_id
from kikao.notifications.kinds import Post, Reader, Tools
from kikao.payments import actions, ledger, notices, office, suspense
from kikao.payments.office import Filter
from payments.conftest import AMOUNT, Rung, Till
from support.cast import Cast


async def _paid(till: Till, phone: str = "+254700000001", amount: int | None = None) -> Rung:
    rung = await till.rung(await till.owed(), phone)
    await till.post(rung.token, rung.letter(amount=amount or rung.amount))
    await till.read_letters()
    return rung


async def test_a_payment_is_found_by_reference_receipt_and_last_digits(till: Till) -> None:
    first, second = await _paid(till), await _paid(till, "+254700000042")
    reference = (await till.row("charge", second.charge_id))["reference"]
    for wanted in (Filter(reference=reference.lower()), Filter(receipt=second.receipt.lower()), Filter(digits="042")):
        async with till.db.connection() as conn:
            [found], more = await office.payments(conn, wanted, limit=20)
        assert (found.id, found.receipt, found.phone) == (second.attempt_id, second.receipt, "+2547•••••042")
        assert more is None
    async with till.db.connection() as conn:
        page, more = await office.payments(conn, Filter(), limit=1)
        rest, end = await office.payments(conn, Filter(), limit=1, after=more)
    assert [one.id for one in (*page, *rest)] == [second.attempt_id, first.attempt_id]
    assert end is None


async def test_every_move_of_a_charge_is_shown(till: Till) -> None:
    rung = await _paid(till)
    async with till.db.transaction() as conn:
        await actions.give_back(conn, rung.charge_id, 500, "cancelled", till.clock(), till.clock())
    async with till.db.connection() as conn:
        shown = [(one.come_from, one.to, one.amount, one.why) for one in await office.moves(conn, rung.charge_id)]
    assert shown == [("utility", "charge", AMOUNT, "arrived"), ("charge", "duty", 500, "cancelled")]


async def test_a_duty_is_done_once(till: Till, cast: Cast) -> None:
    rung = await _paid(till)
    async with till.db.transaction() as conn:
        duty_id = await actions.give_back(conn, rung.charge_id, AMOUNT, "cancelled", till.clock(), till.clock())
    assert duty_id is not None
    for _ in range(2):
        async with till.db.transaction() as conn:
            await actions.done(conn, cast.njeri.actor, duty_id, till.clock())
    async with till.db.connection() as conn:
        assert (await ledger.balances(conn))["utility"] == 0
        assert await office.duties(conn, Filter(), limit=20) == ([], None)
    await till.ledger_is_true()
    with pytest.raises(NotFound):
        async with till.db.transaction() as conn:
            await actions.done(conn, cast.njeri.actor, new_id(), till.clock())


async def _in_suspense(till: Till) -> tuple[UUID, Rung]:
    rung = await _paid(till, amount=9000)
    async with till.db.connection() as conn:
        [lying] = await office.suspense(conn)
    assert (lying.amount, lying.asked) == (9000, AMOUNT)
    return lying.id, rung


async def test_money_in_suspense_is_placed_and_what_is_too_much_is_owed_back(till: Till, cast: Cast) -> None:
    receipt_id, rung = await _in_suspense(till)
    async with till.db.transaction() as conn:
        await suspense.place(conn, cast.njeri.actor, receipt_id, rung.charge_id, till.clock(), till.numbers)
    assert await till.status(rung.charge_id) == "Paid"
    assert [tuple(row.values()) for row in await till.rows("select amount, why from payments.duty")] == [
        (9000 - AMOUNT, "too much")
    ]
    await till.ledger_is_true()


async def test_money_in_suspense_goes_back_once(till: Till, cast: Cast) -> None:
    receipt_id, _ = await _in_suspense(till)
    async with till.db.transaction() as conn:
        await suspense.send_back(conn, cast.njeri.actor, receipt_id, till.clock(), till.numbers)
    with pytest.raises(NotFound):
        async with till.db.transaction() as conn:
            await suspense.send_back(conn, cast.njeri.actor, receipt_id, till.clock(), till.numbers)
    async with till.db.connection() as conn:
        assert (await ledger.balances(conn))["suspense"] == 0
    await till.ledger_is_true()


@pytest.mark.parametrize("what", ["placed", "sent back", "left"])
async def test_a_wrong_amount_that_was_dealt_with_is_still_put_right(till: Till, cast: Cast, what: str) -> None:
    receipt_id, rung = await _in_suspense(till)
    by, now = cast.njeri.actor, till.clock()
    async with till.db.transaction() as conn:
        if what == "placed":
            await suspense.place(conn, by, receipt_id, rung.charge_id, now, till.numbers)
        elif what == "sent back":
            await suspense.send_back(conn, by, receipt_id, now, till.numbers)
    await till.look(rung, "0")
    assert await till.state(rung) == "paid"
    assert await till.status(rung.charge_id) == "Paid"
    await till.ledger_is_true()


async def test_the_message_of_a_failure_is_told_only_while_it_is_true(till: Till, cast: Cast) -> None:
    rung = await till.rung(await till.owed(payer=cast.amina.account_id))
    await till.post(rung.token, rung.letter(2001))
    await till.read_letters()
    post = Post(
        id=new_id(), kind="payment failed", about=rung.attempt_id, recipient=cast.amina.person_id, version=1,
        created_at=till.clock(),
    )  # fmt: skip
    reader = Reader(person_id=cast.amina.person_id, state="active", language="en", time_zone="Africa/Nairobi")
    tools = Tools(
        vault=till.vault, trading_name="Mti & Co", base_url="https://mti.example", practice_phone="+254700000099",
        now=till.clock(),
    )  # fmt: skip
    language.set("en")
    async with till.db.connection() as conn:
        told = await notices.compose_failed(conn, post, reader, tools)
    assert told is not None
    assert len(told.sms) <= 160
    words = " ".join(told.texts()).lower()
    assert not [word for word in ("session", "therap", "otieno", "amina") if word in words]
    await till.look(rung, "0")
    async with till.db.connection() as conn:
        assert await notices.compose_failed(conn, post, reader, tools) is None
