"""Any order and number of letters, look-ups, repeats, endings and lapses in the database: one truth, a true ledger."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kikao.payments import actions
from payments.conftest import AMOUNT, Rung, Till
from support.sizes import size

EVENTS = (
    "callback", "callback", "look paid", "look processing", "declined", "look declined", "short", "long",
    "no amount", "forged", "garbage", "end", "lapse", "unknown code",
)  # fmt: skip
LETTERS: dict[str, dict[str, Any]] = {
    "callback": {}, "declined": {"code": 1032}, "short": {"amount": 1000}, "long": {"amount": 9000},
    "no amount": {"amount": None}, "forged": {"checkout": "ws_CO_forged"}, "unknown code": {"code": "E3008"},
}  # fmt: skip
LOOKS = {"look paid": ("0", "result"), "look processing": ("4999", "processing"), "look declined": ("1032", "result")}


async def _happen(till: Till, rung: Rung, event: str) -> None:
    if event in LETTERS:
        await till.post(rung.token, rung.letter(**LETTERS[event]))
        await till.read_letters()
    elif event == "garbage":
        await till.post(rung.token, b"\x00{")
        await till.read_letters()
    elif event in LOOKS:
        await till.look(rung, *LOOKS[event])
        await till.read_letters()
    elif event == "end":
        async with till.db.transaction() as conn:
            await actions.close_charge(conn, rung.charge_id, till.clock())
        till.ended.add((await till.row("charge", rung.charge_id))["purpose_id"])
    else:
        till.clock.move(91)
        async with till.db.transaction() as conn:
            await actions.close_overdue(conn, rung.charge_id, "+254700000001", till.clock(), till.numbers)


async def _finish(till: Till) -> None:
    """So that the next example finds its phone free."""
    async with till.db.connection() as conn:
        await conn.execute("update payments.attempt set state = 'unknown' where open")
        await conn.execute("update payments.attempt set created_at = created_at - interval '2 days'")


async def _truth(till: Till, rung: Rung) -> None:
    charge, attempt = await till.row("charge", rung.charge_id), await till.row("attempt", rung.attempt_id)
    receipts = await till.rows("select * from payments.receipt where attempt_id = $1", rung.attempt_id)
    duties = await till.rows("select sum(amount) as owed from payments.duty where charge_id = $1", rung.charge_id)
    came = sum(one["amount"] for one in receipts if one["charge_id"])
    assert len(receipts) <= 1
    if attempt["state"] in ("paid", "paid_no_receipt"):
        assert came == AMOUNT
        kept_or_owed = charge["paid"] - charge["given_back"] + (duties[0]["owed"] or 0)
        assert kept_or_owed == AMOUNT
    elif attempt["state"] != "amount_mismatch":
        assert receipts == []
        assert charge["paid"] == 0


@settings(
    max_examples=max(size("payments") // 20, 20), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(events=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=7))
async def test_whatever_happens_there_is_one_truth(till: Till, events: list[str]) -> None:
    rung = await till.rung(await till.owed())
    try:
        best = await _live(till, rung, events)
    finally:
        await _finish(till)
    if "callback" in events or "look paid" in events:
        assert best in ("paid", "paid_no_receipt")
    await till.ledger_is_true()


async def _live(till: Till, rung: Rung, events: list[str]) -> str:
    best = "accepted"
    for event in events:
        await _happen(till, rung, event)
        state = await till.state(rung)
        assert not (best in ("paid", "paid_no_receipt") and state not in ("paid", "paid_no_receipt")), events
        best = state
        await _truth(till, rung)
    return best
