"""Faults 4 and 5: thousands of payments in bad weather, and a day on which no callback comes."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from kikao.core import jobs
from kikao.core.db import Conn
from kikao.payments import actions, queries
from kikao.payments.codes import Look, Push
from kikao.payments.jobs import queues
from kikao.payments.office import Filter, strays
from payments.conftest import AMOUNT, Rung, Shop, Till
from support.sizes import FULL, size

# Nobody's numbers, in both ranges: a day's worth of payers.
PHONES = [f"+254{start}{last:02d}" for start in ("7000000", "1100000") for last in range(100)]
DAY = 86_401.0
SEED = 20_261_126  # of `make test`; `make proof` draws another each time


class Fate(msgspec.Struct):
    """What really became of one prompt, and what M-Pesa will send about it."""

    rung: Rung
    paid: bool
    letters: list[tuple[datetime, str, bytes]]
    told: bool = False  # whether any word of M-Pesa that can be trusted has reached us


class Script:
    """Look-ups answer the truth, when they answer. Nobody is rung: the test has done that."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.fates: dict[str, Fate] = {}

    async def ask(self, **_: object) -> Push:
        raise AssertionError("nothing is rung here")

    async def look_up(self, checkout_request_id: str) -> Look:
        fate = self.fates[checkout_request_id]
        if self.chance.random() < 0.4:
            return Look("unknown", "", "503")
        fate.told = True
        return Look("result", "0" if fate.paid else "1032", "", fate.rung.merchant)


def _letters(chance: random.Random, rung: Rung, paid: bool, now: datetime) -> list[tuple[datetime, str, bytes]]:
    """0 to 5 callbacks, 0 to 48 h late; some malformed, some with another amount, some on a path of nobody."""
    right = rung.letter() if paid else rung.letter(1032)
    made = []
    for _ in range(chance.randint(0, 5)):
        at, kind = now + timedelta(hours=chance.uniform(0, 48)), chance.random()
        if kind < 0.05:
            made.append((at, rung.token, right[: chance.randrange(len(right) - 2)]))
        elif kind < 0.10 and paid:
            made.append((at, rung.token, rung.letter(amount=chance.choice([1, 1000, 2499, 2501, 90_000]))))
        elif kind < 0.12:
            made.append((at, f"{chance.getrandbits(128):032x}", right))
        else:
            made.append((at, rung.token, right))
    return made


async def _deliver(till: Till, fates: list[Fate], until: datetime, odd: set[UUID]) -> int:
    """Post what has arrived by now, shuffled by its lateness; how many there were on known paths. `odd`: what we sent
    broken or with another amount."""
    posted = 0
    due = [(letter, fate) for fate in fates for letter in fate.letters if letter[0] <= until]
    due.sort(key=lambda one: one[0][0])
    for (_, token, body), fate in due:
        stored = await till.post(token, body)
        known = stored is not None
        assert known == (token == fate.rung.token)
        posted += known
        right = fate.rung.letter() if fate.paid else fate.rung.letter(1032)
        fate.told = fate.told or (known and body == right)
        if stored is not None and body != right:
            odd.add(stored)
    for fate in fates:
        fate.letters = [letter for letter in fate.letters if letter[0] > until]
    return posted


async def _drain(till: Till, script: Script) -> None:
    line = queues(till.db, script, till.vault, till.clock)
    while sum([await jobs.drain(till.db, queue, now=till.clock()) for queue in line]):
        continue


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_thousands_of_payments_in_bad_weather(till: Till) -> None:
    seed = random.randrange(2**32) if FULL else SEED
    print("seed", seed)
    chance, posted = random.Random(seed), 0
    fates: list[Fate] = []
    odd: set[UUID] = set()
    script = Script(chance)
    for number in range(size("payments")):
        if number % len(PHONES) == 0:
            till.clock.move(DAY)
            posted += await _deliver(till, fates, till.clock(), odd)
            await _drain(till, script)
        rung = await till.rung(await till.owed(), PHONES[number % len(PHONES)])
        paid = chance.random() < 0.8
        fate = Fate(rung, paid, _letters(chance, rung, paid, till.clock()))
        script.fates[rung.checkout] = fate
        fates.append(fate)
    for _ in range(3):
        till.clock.move(DAY)
        posted += await _deliver(till, fates, till.clock(), odd)
        await _drain(till, script)
    await _judge(till, fates, posted)
    await _everything_odd_is_listed(till, odd)


async def _judge(till: Till, fates: list[Fate], posted: int) -> None:
    await till.ledger_is_true()
    assert await till.rows("select id from payments.letter where due_at is not null") == []
    [stored] = await till.rows("select count(*) as letters from payments.letter where outcome is not null")
    assert stored["letters"] == posted
    states = {row["id"]: row for row in await till.rows(
        "select a.id, a.state, c.paid, c.settled from payments.attempt a join payments.charge c on c.id = a.charge_id"
    )}  # fmt: skip
    for fate in fates:
        row = states[fate.rung.attempt_id]
        if fate.paid and fate.told:
            truth = (row["state"] in ("paid", "paid_no_receipt"), row["paid"], row["settled"])
            assert truth == (True, AMOUNT, True), row
        elif fate.paid:
            assert row["state"] in ("accepted", "unknown", "amount_mismatch")
        else:
            assert row["paid"] == 0
            assert row["state"] == ("failed" if fate.told else "unknown"), row
    doubled = "select number from payments.receipt where number is not null group by 1 having count(*) > 1"
    assert await till.rows(doubled) == []


async def _everything_odd_is_listed(till: Till, sent: set[UUID]) -> None:
    """What the test itself made wrong, and what the program found wrong besides."""
    assert len(sent) > size("payments") / 10
    odd = sent | {row["id"] for row in await till.rows("select id from payments.letter_log where why is not null")}
    listed: set[UUID] = set()
    async with till.db.connection() as conn:
        page, cursor = await strays(conn, Filter(), limit=100)
        listed |= {one.id for one in page}
        while cursor:
            page, cursor = await strays(conn, Filter(), limit=100, after=cursor)
            listed |= {one.id for one in page}
    assert odd <= listed


# Fault 5 ------------------------------------------------------------------------------------------

MODES = ["pay", "cancel", "wrong pin", "ignore", "off"]


async def _ring_many(shop: Shop) -> dict[UUID, str]:
    await shop.fault(on="callback", kind="drop", times=0)
    tries: dict[UUID, str] = {}
    for number in range(len(MODES) * 3):
        phone, mode = PHONES[number], MODES[number % len(MODES)]
        if mode in ("ignore", "off"):
            await shop.phone(phone, "mode", mode=mode)
        tries[(await shop.ask(await shop.owed(), phone)).id] = mode
    await shop.work("rings")
    answers = {"pay": ("pin", {"pin": "1234"}), "wrong pin": ("pin", {"pin": "0000"}), "cancel": ("cancel", {})}
    for number, mode in enumerate(tries.values()):
        if mode in answers:
            await shop.phone(PHONES[number], answers[mode][0], **answers[mode][1])
    return tries


async def _shown(shop: Shop, attempt_id: UUID) -> queries.Shown:
    async with shop.db.connection() as conn:
        found = await queries.attempt(conn, attempt_id, shop.clock(), shop.numbers)
    assert found is not None
    return found


async def _ninety_seconds(shop: Shop) -> None:
    for _ in range(9):
        await shop.pass_time(10.1)
        await shop.work()


async def test_without_callbacks_the_look_ups_decide(shop: Shop) -> None:
    tries = await _ring_many(shop)
    await _ninety_seconds(shop)
    for attempt_id, mode in tries.items():
        shown = await _shown(shop, attempt_id)
        if mode == "pay":
            assert shown.state == "paid_no_receipt"
        elif mode in ("cancel", "wrong pin"):
            assert shown.state == "failed"
        else:  # the prompt itself lives 90 s; the look-up after it decides
            assert (shown.state, shown.can_retry) in (("unknown", True), ("failed", True))
    await shop.pass_time(100)
    await shop.work()
    for one in tries:
        assert (await _shown(shop, one)).state in ("paid_no_receipt", "failed")
    await shop.ledger_is_true()


async def test_without_callbacks_and_look_ups_every_payer_is_offered_another_try(shop: Shop) -> None:
    await shop.fault(on="query", kind="503", times=0)
    tries = await _ring_many(shop)
    await _ninety_seconds(shop)
    for attempt_id in tries:
        shown = await _shown(shop, attempt_id)
        assert (shown.state, shown.can_retry, shown.retry_after) == ("unknown", True, 0)
        assert "may still arrive" in shown.message


async def test_the_attempt_of_a_charge_that_was_closed_offers_no_retry(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.post(rung.token, rung.letter(1032))
    await till.read_letters()

    async def close(conn: Conn) -> None:
        await actions.close_charge(conn, rung.charge_id, till.clock())

    await till.db.again(close)
    async with till.db.connection() as conn:
        shown = await queries.attempt(conn, rung.attempt_id, till.clock(), till.numbers)
    assert shown is not None
    assert (shown.can_retry, shown.retry_after) == (False, None)
