"""Money is neither made nor lost, whatever customers, merchants and tests do."""

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja_sim.ledger import OUTSIDE, UTILITY, Entry, Ledger, NotEnough, wallet
from daraja_sim.prompts import NoPrompt
from daraja_sim.pushes import Ask
from daraja_sim.settings import Settings
from daraja_sim.world import World
from fixtures.daraja.merchant import PHONE, Merchant

MODES = ["on", "off", "airplane", "auto", "pay_late", "pay_after_timeout"]
NUMBERS = ("254700000011", "254700000012", "254110000013")
STEPS = st.one_of(
    st.tuples(st.just("push"), st.sampled_from(NUMBERS), st.integers(1, 60_000)),
    st.tuples(st.just("pin"), st.sampled_from(NUMBERS), st.sampled_from(["1234", "0000"])),
    st.tuples(st.just("cancel"), st.sampled_from(NUMBERS), st.none()),
    st.tuples(st.just("late"), st.sampled_from(NUMBERS), st.none()),
    st.tuples(st.just("wallet"), st.sampled_from(NUMBERS), st.integers(0, 100_000)),
    st.tuples(
        st.just("mode"),
        st.sampled_from(NUMBERS),
        st.sampled_from(MODES),
    ),
    st.tuples(st.just("wait"), st.just(PHONE), st.integers(0, 200)),
)


def act(world: World, what: str, number: str, value: Any) -> None:
    phone, prompts = world.phones.get(number), world.prompts
    if what == "push" and phone.push is None:
        prompts.open(Ask(number, value, "BK7Q2M9X", "Booking", "http://127.0.0.1:9/d"))
    elif what == "pin":
        prompts.enter_pin(phone, value)
    elif what == "cancel":
        prompts.cancel(phone)
    elif what == "late":
        prompts.pay_anyway(phone, phone.pin)
    elif what == "wallet":
        world.ledger.set_balance(wallet(number), value, world.clock.now())
    elif what == "mode":
        prompts.set_mode(phone, value, 5, "pay")


async def play(steps: list[tuple[str, str, Any]]) -> None:
    world = World(Settings(seed=1))
    world.clock.freeze(True)
    world.callbacks.post = lambda push, result: None  # type: ignore[method-assign]
    for what, number, value in steps:
        try:
            act(world, what, number, value)
        except NoPrompt:
            continue
        if what == "wait":
            await world.clock.advance(value)
    balances = world.ledger.balances()
    assert sum(balances.values()) == 0
    assert all(balance >= 0 for account, balance in balances.items() if account != OUTSIDE)
    paid = [entry for entry in world.ledger.entries if entry.kind == "payment"]
    assert balances.get(UTILITY, 0) == sum(entry.amount for entry in paid)
    assert len({entry.receipt for entry in paid}) == len(paid)
    receipts = {row["receipt"] for row in world.prompts.pushes.listed() if row["resultCode"] == "0"}
    assert receipts == {entry.receipt for entry in paid}


@given(st.lists(STEPS, max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_happens_money_is_conserved(steps: list[tuple[str, str, Any]]) -> None:
    asyncio.run(play(steps))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(-5, 100)), max_size=50))
def test_the_ledger_balances(moves: list[tuple[int, int, int]]) -> None:
    accounts = (OUTSIDE, UTILITY, wallet(NUMBERS[0]), wallet(NUMBERS[1]))
    ledger = Ledger()
    for source, target, amount in moves:
        try:
            ledger.move(Entry(0, accounts[source], accounts[target], amount, "test"))
        except (NotEnough, ValueError):
            continue
    assert sum(ledger.balances().values()) == 0
    assert all(ledger.balance(account) >= 0 for account in accounts[1:])
    rebuilt = dict.fromkeys(accounts, 0)
    for entry in ledger.entries:
        rebuilt[entry.source] -= entry.amount
        rebuilt[entry.target] += entry.amount
    assert all(ledger.balance(account) == balance for account, balance in rebuilt.items())


def test_what_the_ledger_refuses() -> None:
    ledger = Ledger()
    with pytest.raises(ValueError):
        ledger.set_balance(wallet(PHONE), -1, 0)
    with pytest.raises(ValueError):
        ledger.move(Entry(0, UTILITY, UTILITY, 1, "test"))
    with pytest.raises(NotEnough):
        ledger.move(Entry(0, UTILITY, OUTSIDE, 1, "test"))
    assert ledger.entries == []


async def test_the_ledger_over_http(sim: Merchant) -> None:
    numbers = [f"2547000000{n}" for n in range(10, 40)]
    rng = random.Random(1)
    await asyncio.gather(*(sim.pushed(PhoneNumber=n, Amount=rng.randint(1, 70_000)) for n in numbers))
    await asyncio.gather(*(sim.pin(n) for n in numbers))
    ledger = await sim.api("GET", "/ledger")
    assert ledger["sum"] == 0
    payments = [entry["amount"] for entry in ledger["entries"] if entry["kind"] == "payment"]
    assert 0 < len(payments) < len(numbers), "some can pay and some cannot"
    assert ledger["accounts"]["utility"] == sum(payments)
