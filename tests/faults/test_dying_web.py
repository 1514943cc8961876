"""The web program killed at every step of paying: nothing is lost, doubled, stuck, or rung a second time.

A step is held open by a lock of the test's own, or seen by the row that it leaves; then the process is killed for real.
What happens when a worker dies is in `tests/payments/test_dying_workers.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from bench import crowd

from faults.customers import Customer, Life, judge, seed, settled
from kikao.core.db import Conn, Database
from support import house as houses

pytestmark = pytest.mark.slow

_WAITS = """
select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
               and query ilike $1)
"""
_CHARGE = "select * from payments.charge where purpose_id = $1 for update"
_ATTEMPT = """
select a.id from payments.attempt a join payments.charge c on c.id = a.charge_id where c.purpose_id = $1
"""
_LETTER = f"select id from payments.letter where attempt_id in ({_ATTEMPT})"


class Scene:
    """One person who pays, in a house whose web program is about to die."""

    def __init__(self, house: houses.House, db: Database, who: Customer) -> None:
        self.house, self.db, self.who = house, db, who

    async def _until(self, question: str, *values: Any, holding: Conn | None = None) -> None:
        """`holding`: who holds the lock meanwhile says something now and then, or PostgreSQL ends it as idle."""
        async with self.db.connection() as conn:
            for _ in range(12_000):
                if await conn.fetchval(question, *values):
                    return
                if holding is not None:
                    await holding.execute("select 1")
                await asyncio.sleep(0.005)
        raise AssertionError("the step does not come")

    async def die(self) -> None:
        await self.house.web.stop(kill=True)
        await self.house.web.start()

    async def before(self, lock: str, waiting: str, deed: Callable[[], Awaitable[Any]], *values: Any) -> None:
        """It dies inside the statement of this deed that waits for us."""
        async with self.db.transaction() as conn:
            await conn.execute(lock, *values)
            doing = asyncio.ensure_future(deed())
            await self._until(_WAITS, waiting, holding=conn)
            await self.house.web.stop(kill=True)
        await self.house.web.start()
        await doing

    async def after(self, row: str, deed: Callable[[], Awaitable[Any]], *values: Any) -> None:
        """It dies when this deed has left its row, whether or not somebody was told."""
        doing = asyncio.ensure_future(deed())
        await self._until(row, *values)
        await self.die()
        await doing

    async def prompted(self) -> None:
        async with httpx.AsyncClient(base_url=self.house.simulator) as handset:
            for _ in range(600):
                if (await handset.get(f"/api/phones/{self.who.phone}")).json()["prompt"]:
                    return
                await asyncio.sleep(0.1)
        raise AssertionError("the phone does not ring")

    async def listen(self, attempt_id: str) -> None:
        """An event stream that ends in the middle."""
        token = {"Authorization": f"Bearer {crowd.token(self.who.life.number)}"}
        async with httpx.AsyncClient(base_url=self.house.url, headers=token) as web:
            with suppress(httpx.HTTPError):
                async with web.stream("GET", f"/api/mpesa/events/{attempt_id}") as stream:
                    assert stream.status_code == 200
                    lines = stream.aiter_lines()
                    await anext(lines)
                    await self.die()
                    async for _ in lines:
                        pass


STEPS = (
    "asked, not committed", "committed, not answered", "the phone rings", "somebody listens", "letter not stored",
    "letter stored, not answered", "after it is confirmed",
)  # fmt: skip


async def _pay(scene: Scene, step: str) -> None:
    who = scene.who
    session = UUID(who.life.session_id)
    asked: dict[str, Any] = {}

    async def ask() -> None:
        asked.update(await who.initiate(1))

    if step == STEPS[0]:
        await scene.before(_CHARGE, "%payments.charge%", ask, session)
    elif step == STEPS[1]:
        await scene.after(_ATTEMPT, ask, session)
    else:
        await ask()
    assert asked["state"], asked
    await scene.prompted()
    if step == STEPS[2]:
        await scene.die()
    elif step == STEPS[3]:
        await scene.listen(asked["attemptId"])
    if step == STEPS[4]:
        await scene.before("lock table payments.letter in share mode", "%insert into payments.letter%", who.answer)
    elif step == STEPS[5]:
        await scene.after(_LETTER, who.answer, session)
    else:
        await who.answer()
    await who.wait_for_confirmation()
    if step == STEPS[6]:
        await scene.die()
        await who.wait_for_confirmation()


async def test_the_web_program_dies_at_every_step_of_paying(db: Database, url: str, now: datetime) -> None:
    lives: list[Life] = []
    async with db.connection() as conn:
        await seed(conn, now, people=len(STEPS))
    async with houses.running(url, workers=1) as house:
        async with httpx.AsyncClient(base_url=house.simulator) as sim:
            await sim.post("/api/faults", json={
                "on": "callback", "kind": "retry", "copies": 120, "seconds": 0.5, "times": 0,
            })
        for number, step in enumerate(STEPS, start=1):
            who = Customer(house, number, crowd.first_monday(now), pays=True)
            await who.ask()
            await _pay(Scene(house, db, who), step)
            lives.append(who.life)
        async with db.connection() as conn:
            for _ in range(600):
                if await settled(conn):
                    break
                await asyncio.sleep(0.1)
            assert await settled(conn)
            await judge(conn, house, lives)
            assert await conn.fetchval("select count(*) from payments.attempt") == len(STEPS)
            assert await conn.fetchval("select count(*) from journal.entry where verb = 'be paid'") == len(STEPS)
        async with httpx.AsyncClient(base_url=house.simulator) as sim:
            pushes = (await sim.get("/api/pushes")).json()["pushes"]
        assert sorted(push["reference"] for push in pushes) == sorted(life.reference for life in lives)  # rung once
