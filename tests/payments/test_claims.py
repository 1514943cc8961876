"""Typed codes and vouched money: welcome, checked by somebody, and never in the way of M-Pesa's word."""

from __future__ import annotations

from uuid import UUID

import pytest

from kikao.core.db import Conn
from kikao.core.errors import Invalid, TooOften
from kikao.payments import claims
from kikao.payments.errors import AlreadyPaid, ClaimTaken, ReceiptTaken
from kikao.payments.wires import claim_rejected, still_missing
from payments.conftest import AMOUNT, PURPOSE, Till
from support.cast import Cast

CODE = "UKM7A1B2C3"


async def _submit(till: Till, cast: Cast, charge_id: UUID, code: str = CODE) -> UUID | None:
    async with till.db.transaction() as conn:
        return await claims.submit(conn, cast.amina.actor, charge_id, code, till.clock())


async def _vouch(
    till: Till, cast: Cast, charge_id: UUID, number: str = CODE, *, method: str = "mpesa", amount: int = AMOUNT
) -> None:
    async with till.db.transaction() as conn:
        await claims.vouch(
            conn, cast.wambui.actor, charge_id, method, number, amount, till.clock(), till.numbers
        )


@pytest.mark.parametrize("typed", ["ukm7a1b2c3", " UKM7 A1B2 C3 ", "UKM7-A1B2C3"])
async def test_a_code_is_read_as_people_type_it(till: Till, cast: Cast, typed: str) -> None:
    charge_id = await till.owed()
    await _submit(till, cast, charge_id, typed)
    assert [row["code"] for row in await till.rows("select code from payments.claim")] == [CODE]
    assert await till.status(charge_id) == "Submitted"


@pytest.mark.parametrize("typed", ["", "short", "UKM7A1B2C3D", "UKM7A1B2C!"])
async def test_what_is_no_code_is_refused(till: Till, cast: Cast, typed: str) -> None:
    with pytest.raises(Invalid):
        await _submit(till, cast, await till.owed(), typed)


async def test_a_code_is_handed_in_once_and_free_again_when_rejected(till: Till, cast: Cast) -> None:
    first, second = await till.owed(), await till.owed()
    await _submit(till, cast, first)
    with pytest.raises(ClaimTaken):
        await _submit(till, cast, second)
    async with till.db.transaction() as conn:
        await claims.reject(conn, cast.wambui.actor, first, (till.vault, "not in the statement"), till.clock())
    await _submit(till, cast, second)


async def test_two_codes_a_charge(till: Till, cast: Cast) -> None:
    charge_id = await till.owed()
    for code in ("UKM7A1B2C3", "UKM7A1B2C4"):
        await _submit(till, cast, charge_id, code)
        async with till.db.transaction() as conn:
            await claims.reject(conn, cast.wambui.actor, charge_id, None, till.clock())
    with pytest.raises(TooOften):
        await _submit(till, cast, charge_id, "UKM7A1B2C5")


async def test_vouched_money_settles(till: Till, cast: Cast) -> None:
    charge_id = await till.owed()
    await _vouch(till, cast, charge_id, "slip 17", method="cash", amount=1000)
    assert await till.status(charge_id) == "Part Paid"
    await _vouch(till, cast, charge_id, "TRX 99/4", method="bank", amount=AMOUNT - 1000)
    assert await till.status(charge_id) == "Verified"
    assert len(till.told) == 1
    with pytest.raises(AlreadyPaid):
        await _vouch(till, cast, charge_id, "slip 18", method="cash")
    await till.ledger_is_true()


async def test_a_number_is_vouched_for_once(till: Till, cast: Cast) -> None:
    await _vouch(till, cast, await till.owed())
    with pytest.raises(ReceiptTaken):
        await _vouch(till, cast, await till.owed())


@pytest.mark.parametrize(
    ("method", "number", "amount"),
    [("barter", "x", 100), ("mpesa", "short", 100), ("cash", "", 100), ("cash", "1", 0), ("cash", "1", 250_001)],
)
async def test_what_cannot_be_vouched_for(till: Till, cast: Cast, method: str, number: str, amount: int) -> None:
    with pytest.raises(Invalid):
        await _vouch(till, cast, await till.owed(), number, method=method, amount=amount)


async def test_real_evidence_settles_its_own_charge_and_rejects_a_claim_elsewhere(till: Till, cast: Cast) -> None:
    told: list[UUID] = []

    async def rejected(_conn: Conn, _purpose: UUID, charge_id: UUID, _at: object) -> None:
        told.append(charge_id)

    claim_rejected[PURPOSE] = rejected
    try:
        rung, elsewhere = await till.rung(await till.owed()), await till.owed()
        await _submit(till, cast, elsewhere, rung.receipt)
        await till.post(rung.token, rung.letter())
        await till.read_letters()
    finally:
        del claim_rejected[PURPOSE]
    assert await till.status(rung.charge_id) == "Paid"
    assert await till.status(elsewhere) == "Pending"
    assert told == [elsewhere]


async def test_m_pesas_word_takes_the_place_of_the_desks_for_the_same_charge(till: Till, cast: Cast) -> None:
    rung = await till.rung(await till.owed())
    await _vouch(till, cast, rung.charge_id, rung.receipt)
    await till.post(rung.token, rung.letter())
    await till.read_letters()
    assert await till.state(rung) == "paid"
    [receipt] = await till.rows("select method, amount from payments.receipt")
    assert receipt == {"method": "callback", "amount": AMOUNT}
    assert await till.rows("select * from payments.duty") == []
    await till.ledger_is_true()


async def test_a_number_vouched_for_elsewhere_does_not_stop_the_real_payment(till: Till, cast: Cast) -> None:
    rung, elsewhere = await till.rung(await till.owed()), await till.owed()
    await _vouch(till, cast, elsewhere, rung.receipt)
    await till.post(rung.token, rung.letter())
    await till.read_letters()
    assert await till.status(rung.charge_id) == "Paid"
    assert len(await till.rows("select * from payments.receipt where number = $1", rung.receipt)) == 1
    lines = await till.rows("select noun_id from journal.line where verb = 'receipt belongs elsewhere'")
    assert [line["noun_id"] for line in lines] == [elsewhere]
    await till.ledger_is_true()


async def test_a_code_of_a_payment_that_is_known_is_no_claim(till: Till, cast: Cast) -> None:
    rung = await till.rung(await till.owed())
    await till.post(rung.token, rung.letter(amount=1000))
    await till.read_letters()
    assert await _submit(till, cast, rung.charge_id, rung.receipt) is None
    with pytest.raises(ClaimTaken):
        await _submit(till, cast, await till.owed(), rung.receipt)


async def test_money_that_was_named_by_a_person_and_is_named_otherwise_by_m_pesa_alarms(till: Till, cast: Cast) -> None:
    """The code of a second payment was taken for the number of the first: somebody has to look."""
    rung = await till.rung(await till.owed())
    await till.look(rung, "0")
    async with till.db.transaction() as conn:
        await claims.vouch(
            conn, cast.wambui.actor, rung.charge_id, "mpesa", CODE, AMOUNT, till.clock(), till.numbers, late=True)
    assert await till.rows("select number from payments.receipt") == [{"number": CODE}]
    await till.post(rung.token, rung.letter())
    await till.read_letters()
    assert await till.rows("select number from payments.receipt") == [{"number": rung.receipt}]
    assert (await till.row("attempt", rung.attempt_id))["alarm"] == "another receipt"
    [line] = await till.rows("select facts->>'was' as was from journal.line where verb = 'contradiction'")
    assert line["was"] == CODE


async def test_when_m_pesa_names_a_part_whose_code_was_typed_the_rest_is_asked_for(till: Till, cast: Cast) -> None:
    asked: list[UUID] = []

    async def missing(_conn: Conn, purpose_id: UUID, _at: object) -> None:
        asked.append(purpose_id)

    still_missing[PURPOSE] = missing
    try:
        part, whole = await till.rung(await till.owed()), await till.rung(await till.owed(), "+254700000002")
        for rung, amount in ((part, 1000), (whole, AMOUNT)):
            await _submit(till, cast, rung.charge_id, rung.receipt)
            await till.post(rung.token, rung.letter(amount=amount))
            await till.read_letters()
    finally:
        del still_missing[PURPOSE]
    assert asked == [(await till.row("charge", part.charge_id))["purpose_id"]]
