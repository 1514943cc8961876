"""What leaves for whoever paid, by hand and by M-Pesa, is never more than what came and what the practice bears."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kikao.core.actor import THE_SYSTEM
from kikao.core.ids import new_id
from kikao.payments import charges, ledger, reversals
from payments.conftest import AMOUNT, Till
from support.sizes import size

STEP = st.one_of(
    st.tuples(st.just("pay"), st.sampled_from((300, 1000, 1500, AMOUNT, 4000))),
    st.tuples(st.sampled_from(("taken", "taken", "by hand", "bear")), st.integers(0, 3)),
    st.tuples(st.just("end"), st.just(0)),
)
_MONEY = """
select (select coalesce(sum(amount), 0) from payments.receipt where charge_id = $1) as came,
       (select coalesce(sum(amount), 0) from payments.reversal where charge_id = $1) as taken,
       (select coalesce(sum(amount - made_good), 0) from payments.reversal where charge_id = $1) as left,
       (select coalesce(sum(amount), 0) from payments.duty where charge_id = $1 and done_at is null) as owed,
       (select coalesce(sum(m.amount), 0) from payments.move m join payments.ledger_account a on a.id = m.from_account
        where a.owner = $1 and m.why = 'given back') as by_hand,
       (select coalesce(sum(m.amount), 0) from payments.move m join payments.ledger_account a on a.id = m.to_account
        where a.owner = $1 and m.why = 'borne') as borne
"""
_OPEN = "select id from payments.duty where charge_id = $1 and done_at is null order by id"
_UNDECIDED = "select id from payments.reversal where charge_id = $1 and decided_at is null order by id"
_RECEIPTS = "select id from payments.receipt where charge_id = $1 order by id"


async def _pay(till: Till, charge_id: UUID, amount: int) -> None:
    receipt_id = new_id()
    async with till.db.transaction() as conn:
        charge = await charges.hold_charge(conn, charge_id)
        await conn.execute(
            "insert into payments.receipt (id, channel, number, charge_id, amount, method, by_account, received_at)"
            " values ($1, 'mpesa', $2, $3, $4, 'person', $1, $5)",
            receipt_id, f"T{receipt_id.hex[-9:].upper()}", charge_id, amount, till.clock())  # fmt: skip
        await charges.credit(
            conn, charge, charges.Money(ledger.DESK, amount, receipt_id, column="verified"), till.clock(), till.numbers)


async def _step(till: Till, charge_id: UUID, what: str, value: int) -> None:
    if what == "pay":
        return await _pay(till, charge_id, value)
    of = {"by hand": _OPEN, "bear": _UNDECIDED, "taken": _RECEIPTS}
    rows = await till.rows(of[what], charge_id) if what in of else []
    if what != "end" and not rows:
        return None
    async with till.db.transaction() as conn:
        now, chosen = till.clock(), rows[value % len(rows)]["id"] if rows else charge_id
        if what == "by hand":
            await charges.done(conn, THE_SYSTEM, chosen, now)
        elif what == "bear":
            await reversals.bear(conn, THE_SYSTEM, chosen, "it was so", till.vault, now)
        elif what == "taken":
            await reversals.note(conn, THE_SYSTEM, charge_id, chosen, now)
        else:
            await charges.close_charge(conn, charge_id, now)
            kept = (await charges.hold_charge(conn, charge_id)).kept
            await charges.give_back(conn, charge_id, kept, "cancelled", now, now)
    return None


@settings(
    max_examples=max(size("payments") // 20, 20), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=st.lists(STEP, min_size=2, max_size=9))
async def test_no_more_leaves_than_came(till: Till, steps: list[tuple[str, int]]) -> None:
    charge_id = await till.owed()
    for what, value in steps:
        await _step(till, charge_id, what, value)
        (money,) = await till.rows(_MONEY, charge_id)
        assert not (money["owed"] and money["left"]), "what M-Pesa took back is not owed once more"
        if what == "by hand":
            assert money["by_hand"] + money["taken"] <= money["came"] + money["borne"], money
    await till.ledger_is_true()


async def _of(till: Till, charge_id: UUID) -> dict[str, Any]:
    return (await till.rows(_MONEY, charge_id))[0]


async def test_of_a_duty_larger_than_what_was_taken_back_the_rest_stays(till: Till) -> None:
    charge_id = await till.owed()
    for what, value in (("pay", 1000), ("pay", 1500), ("end", 0)):
        await _step(till, charge_id, what, value)
    assert (await _of(till, charge_id))["owed"] == 2500
    (first, _) = await till.rows(_RECEIPTS, charge_id)
    async with till.db.transaction() as conn:
        await reversals.note(conn, THE_SYSTEM, charge_id, first["id"], till.clock())
        assert await reversals.undecided(conn) == []
    money = await _of(till, charge_id)
    assert (money["owed"], money["left"], money["taken"]) == (1500, 0, 1000)
    told = await till.rows("select verb, (facts->>'amount')::integer as amount from journal.entry where noun_id = $1"
                           " and verb in ('owe back', 'give back') order by id", charge_id)
    assert [tuple(one.values()) for one in told] == [("owe back", 2500), ("give back", 1000)]
    await _step(till, charge_id, "by hand", 0)
    money = await _of(till, charge_id)
    assert (money["by_hand"], money["owed"]) == (1500, 0)
    await till.ledger_is_true()


async def test_who_pays_again_what_m_pesa_took_back_is_owed_nothing(till: Till) -> None:
    charge_id = await till.owed()
    await _step(till, charge_id, "pay", AMOUNT)
    await _step(till, charge_id, "taken", 0)
    assert (await _of(till, charge_id))["left"] == AMOUNT
    await _step(till, charge_id, "pay", AMOUNT)
    money = await _of(till, charge_id)
    assert (money["left"], money["owed"]) == (0, 0)
    await till.ledger_is_true()
