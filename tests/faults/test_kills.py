"""Programs that are killed and a database that falls while people book and pay: they try again, and all is well."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from signal import SIGKILL, SIGQUIT
from time import monotonic

import httpx
import pytest

from faults.customers import Life, crowd_of, judge, seed, settled, tell
from kikao.core import db as databases
from kikao.core import migrate
from kikao.core.clock import utc_now
from kikao.core.db import Database
from kikao.core.embedded import Cluster
from support import house as houses
from support.sizes import size

pytestmark = pytest.mark.slow

BACK_WITHIN = 10.0
# Who comes at most between two faults: ten at once, each for half a second or longer, until all is up again.
PEOPLE_A_FAULT = 200


async def _until_settled(db: Database) -> None:
    async with db.connection() as conn:
        for _ in range(1200):
            if await settled(conn):
                return
            await asyncio.sleep(0.1)
    raise AssertionError("something stays due for ever")


async def _stubborn_callbacks(house: houses.House) -> None:
    """M-Pesa's own retries, so that what it says arrives once somebody listens again."""
    async with httpx.AsyncClient(base_url=house.simulator) as sim:
        fault = {"on": "callback", "kind": "retry", "copies": 120, "seconds": 1, "times": 0}
        assert (await sim.post("/api/faults", json=fault)).status_code == 201


def _one_web_worker(house: houses.House) -> None:
    assert house.web.process is not None
    pid = house.web.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if children:
        with suppress(ProcessLookupError):
            os.kill(int(children[0]), SIGKILL)


async def _kill(house: houses.House, victim: str) -> None:
    if victim == "web worker":
        _one_web_worker(house)
        await asyncio.sleep(0.5)
    program = house.worker if victim == "worker" else house.web
    if victim != "web worker" or (program.process is not None and program.process.returncode is not None):
        await program.stop(kill=True)
        await program.start()


@pytest.mark.timeout(1800)
async def test_web_and_worker_are_killed_again_and_again(db: Database, url: str, now: datetime) -> None:
    kills, chance, lives = size("kills of web and worker"), random.Random(5), list[Life]()
    async with db.connection() as conn:
        await seed(conn, now, people=(kills + 1) * PEOPLE_A_FAULT)
    async with houses.running(url, workers=2) as house:
        await _stubborn_callbacks(house)
        async with crowd_of(house, lives, now) as over:
            for number in range(kills):
                await asyncio.sleep(chance.uniform(2, 5))
                await _kill(house, ("web", "worker", "web worker")[number % 3])
            over.set()
        await _until_settled(db)
        async with db.connection() as conn:
            await judge(conn, house, lives)
            with pytest.raises(AssertionError, match="nobody asked for"):  # it would be noticed
                await judge(conn, house, lives[1:])
    tell(kills, lives)


@pytest.fixture
async def durable() -> AsyncIterator[Cluster]:
    """A PostgreSQL of its own that keeps what it has committed."""
    cluster = Cluster(Path(tempfile.gettempdir()) / f"kikao-faults-{os.getpid()}", durable=True)
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(cluster.folder, ignore_errors=True)


async def _fall_and_rise(cluster: Cluster) -> None:
    """As after a loss of power: nothing is flushed, nobody is told, and it starts by recovering."""
    postmaster = int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(postmaster, SIGQUIT)
    while Path(f"/proc/{postmaster}").exists() and "Z" not in Path(f"/proc/{postmaster}/stat").read_text().split()[2]:
        await asyncio.sleep(0.05)
    await asyncio.to_thread(cluster.start)


async def _back(house: houses.House) -> float:
    begun = monotonic()
    async with httpx.AsyncClient(base_url=house.url, timeout=5) as web:
        while monotonic() < begun + 60:
            with suppress(httpx.HTTPError):
                if (await web.get("/ready")).status_code == 200:
                    return monotonic() - begun
            await asyncio.sleep(0.1)
    raise AssertionError("it does not come back")


@pytest.mark.timeout(1800)
async def test_the_database_falls_again_and_again(durable: Cluster) -> None:
    falls, chance, lives, now = size("falls of the database"), random.Random(6), list[Life](), utc_now()
    durable.create_database("kikao")
    url = durable.url("kikao")
    migrate.upgrade(url)
    db = await databases.connect(url, size=2)
    async with db.connection() as conn:
        await seed(conn, now, people=(falls + 1) * PEOPLE_A_FAULT)
    async with houses.running(url, workers=2) as house:
        await _stubborn_callbacks(house)
        async with crowd_of(house, lives, now) as over:
            for _ in range(falls):
                await asyncio.sleep(chance.uniform(2, 5))
                await _fall_and_rise(durable)
                assert await _back(house) <= BACK_WITHIN
            over.set()
        await _until_settled(db)
        async with db.connection() as conn:
            await judge(conn, house, lives)
    await db.close()
    tell(falls, lives)
