"""A whole running house for a test: web and worker as real processes, simulator and sink over real sockets."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import httpx

from daraja_sim import server as simulator
from daraja_sim.settings import Settings as SimSettings
from demo_sink import server as sink
from kikao.core.crypto import new_key
from support.ports import free_port
from support.rows import NO_NIGHT

READY_WITHIN = 60.0
KEYS = new_key()


class Program:
    """One process of ours; ended by its own id only."""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self.arguments, self.env = arguments, env
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *self.arguments, env={**os.environ, **self.env}, start_new_session=True
        )

    async def stop(self, *, kill: bool = False) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        if kill:
            os.killpg(self.process.pid, 9)
        else:
            self.process.terminate()
        try:
            await asyncio.wait_for(self.process.wait(), 15)
        except TimeoutError:
            os.killpg(self.process.pid, 9)
            await self.process.wait()


class House:
    """Where everything answers, and the programs, to be stopped and started again."""

    def __init__(self, env: dict[str, str], simulator_url: str, sink_url: str, workers: int) -> None:
        self.env = env
        self.url = env["KIKAO_BASE_URL"]
        self.simulator = simulator_url
        self.sink = sink_url
        self.web = Program(["-m", "kikao", "serve"], env | {"KIKAO_WEB_WORKERS": str(workers)})
        self.worker = Program(["-m", "kikao.worker"], env)

    async def wait(self) -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(int(READY_WITHIN / 0.1)):
                try:
                    if (await client.get(f"{self.url}/ready")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        raise AssertionError("the web program did not get ready")


def environment(database_url: str, simulator_url: str, caught: Any, port: int) -> dict[str, str]:
    """Machine settings of a test's house."""
    return {
        "KIKAO_DEMO": "yes", "KIKAO_HOST": "127.0.0.1", "KIKAO_PORT": str(port), "KIKAO_DATABASE_URL": database_url,
        "KIKAO_BASE_URL": f"http://127.0.0.1:{port}", "KIKAO_KEYS": KEYS, "KIKAO_TRADING_NAME": "Mti House",
        "KIKAO_PRACTICE_PHONE": "+254700000099", "KIKAO_MPESA_URL": simulator_url,
        "KIKAO_MPESA_CONSUMER_KEY": "sim-consumer-key", "KIKAO_MPESA_CONSUMER_SECRET": "sim-consumer-secret",
        "KIKAO_MPESA_SHORTCODE": "600999", "KIKAO_MPESA_PASSKEY": "sim-passkey-not-safaricom",
        "KIKAO_MPESA_RECEIVER_NAME": "MTI HOUSE", "KIKAO_MPESA_CALLBACK_URL": f"http://127.0.0.1:{port}",
        "KIKAO_MAIL_HOST": caught.host, "KIKAO_MAIL_PORT": str(caught.smtp_port), "KIKAO_MAIL_STARTTLS": "no",
        "KIKAO_MAIL_SENDER": "hello@mti.example.test", "KIKAO_SMS_URL": caught.url, "KIKAO_SMS_USERNAME": "demo",
        "KIKAO_SMS_API_KEY": "demo-key",
    }


async def _works(database_url: str, begun: datetime) -> None:
    """The worker has left a sign of life since then."""
    conn = await asyncpg.connect(database_url)
    try:
        for _ in range(int(READY_WITHIN / 0.05)):
            if await conn.fetchval("select at >= $1 from core.heartbeat where program = 'worker'", begun):
                return
            await asyncio.sleep(0.05)
    finally:
        await conn.close()
    raise AssertionError("the worker did not begin")


@asynccontextmanager
async def running(database_url: str, *, workers: int = 1, worker: bool = True) -> AsyncIterator[House]:
    """Everything up and ready; all of it is stopped when the block ends. Nobody's messages wait for the morning."""
    conn = await asyncpg.connect(database_url)
    await conn.execute(NO_NIGHT)
    begun = await conn.fetchval("select clock_timestamp()")
    await conn.close()
    async with AsyncExitStack() as stack:
        simulator_url = await stack.enter_async_context(simulator.running(SimSettings(port=0, seed=7)))
        caught = await stack.enter_async_context(sink.running(http_port=0, smtp_port=0))
        house = House(environment(database_url, simulator_url, caught, free_port()), simulator_url, caught.url, workers)
        stack.push_async_callback(house.web.stop)
        await house.web.start()
        if worker:
            stack.push_async_callback(house.worker.stop)
            await house.worker.start()
        await house.wait()
        if worker:
            await _works(database_url, begun)
        yield house
