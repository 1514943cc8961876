"""A worker killed at every step of paying: nothing is lost, doubled, stuck, or rung a second time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import pytest

from kikao.core import jobs
from kikao.core.db import Conn, Database
from kikao.payments.codes import Look, Push
from kikao.payments.jobs import queues
from kikao.payments.providers.mpesa import Mpesa
from payments.conftest import AMOUNT, Shop

T = TypeVar("T")
PHONE = "+254700000001"
STEPS = (
    "ring begins", "ringing is noted", "asking", "asked", "answer in hand", "answer noted",
    "letter begins", "letter read", "look-up begins", "look-up noted", "looking", "looked",
    "look in hand", "look settled",
)  # fmt: skip


class Killed(BaseException):
    """No handler of the program sees it, as with kill -9."""


class Reaper:
    """Counts the steps of a worker and ends it at one of them."""

    def __init__(self, at: int) -> None:
        self.at, self.step = at, 0

    def pass_by(self) -> None:
        self.step += 1
        if self.step - 1 == self.at:
            raise Killed


class MortalDatabase(Database):
    def __init__(self, db: Database, reaper: Reaper) -> None:
        super().__init__(db.pool)
        self.reaper = reaper

    async def again(self, verb: Callable[[Conn], Awaitable[T]]) -> T:
        self.reaper.pass_by()
        done = await super().again(verb)
        self.reaper.pass_by()
        return done


class MortalProvider:
    def __init__(self, provider: Mpesa, reaper: Reaper) -> None:
        self.provider, self.reaper = provider, reaper

    async def ask(self, *, phone: str, amount: int, reference: str, token: str, not_after: datetime) -> Push:
        self.reaper.pass_by()
        answer = await self.provider.ask(
            phone=phone, amount=amount, reference=reference, token=token, not_after=not_after
        )
        self.reaper.pass_by()
        return answer

    async def look_up(self, checkout_request_id: str) -> Look:
        self.reaper.pass_by()
        look = await self.provider.look_up(checkout_request_id)
        self.reaper.pass_by()
        return look


async def _live(shop: Shop, line: list[jobs.Queue]) -> None:
    """The life of one payment: rung, paid with the PIN where the phone shows a prompt, read, looked up."""
    for seconds in (0, 1, 31, 31):
        await shop.pass_time(seconds)
        while sum([await jobs.drain(shop.db, queue, now=shop.clock()) for queue in line]):
            continue
        if (await shop.screen(PHONE))["prompt"]:
            await shop.phone(PHONE, "pin", pin="1234")


@pytest.mark.parametrize("at", range(len(STEPS)), ids=STEPS)
async def test_a_worker_dies(shop: Shop, at: int) -> None:
    charge_id = await shop.owed()
    attempt = await shop.ask(charge_id, PHONE)
    reaper = Reaper(at)
    mortal = queues(MortalDatabase(shop.db, reaper), MortalProvider(shop.provider, reaper), shop.vault, shop.clock)
    with pytest.raises(Killed):
        await _live(shop, mortal)
    if (await shop.screen(PHONE))["prompt"]:
        await shop.phone(PHONE, "pin", pin="1234")
    await shop.pass_time(61)  # its leases end
    await _live(shop, shop.queues)
    await shop.pass_time(120)
    await _live(shop, shop.queues)

    pushes = (await shop.sim.get("/api/pushes")).json()["pushes"]
    row, charge = await shop.row("attempt", attempt.id), await shop.row("charge", charge_id)
    assert len(pushes) <= 1
    if pushes and pushes[0]["receipt"]:
        assert (row["state"], charge["paid"], len(shop.told)) == ("paid", AMOUNT, 1)
    else:
        assert (row["state"], charge["paid"]) in (("not_sent", 0), ("submit_unknown", 0))
    late = await shop.rows("select id from payments.letter_log where due_at is not null")
    assert (late, row["due_at"], row["tries"] < jobs.MOST_TRIES) == ([], None, True)
    await shop.ledger_is_true()
