"""Where figures are made: a durable PostgreSQL on a disk, the web program as in production, and what they cost."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import perf_counter

from bench import crowd, wire
from kikao.core import db, migrate
from kikao.core.clock import utc_now
from kikao.core.crypto import new_key
from kikao.core.embedded import Cluster

READY_WITHIN = 60.0
PREFIX = "kikao-bench-"
TEMPLATE = "bench_crowd"
PSYCHOLOGISTS, CLIENTS = 300, 60_000


@contextmanager
def cluster() -> Iterator[Cluster]:
    """An embedded PostgreSQL of its own with everything that makes it durable; gone afterwards."""
    home = Path("/var/tmp")  # a disk, where the other temporary folder may be memory
    home = home if os.access(home, os.W_OK) else Path(tempfile.gettempdir())
    _sweep(home)
    made = Cluster(home / f"{PREFIX}{os.getpid()}")
    # As an installation has it: what was compiled once is kept, here beside the database.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(made.folder / "bytecode")
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


def _sweep(home: Path) -> None:
    """Remove what a run that was killed left behind: nobody else would."""
    for folder in home.glob(f"{PREFIX}*"):
        if os.access(folder, os.W_OK) and not Path(f"/proc/{folder.name.removeprefix(PREFIX)}").exists():
            orphan = Cluster(folder)
            if orphan.answers():
                orphan.start()  # adopts a server whose starter is dead
                orphan.stop()
            shutil.rmtree(folder, ignore_errors=True)


async def make_template(place: Cluster) -> None:
    """The database that all others are copies of, with the whole crowd in it."""
    place.create_database(TEMPLATE)
    migrate.upgrade(place.url(TEMPLATE))
    opened = await db.connect(place.url(TEMPLATE), size=1)
    async with opened.connection() as conn:
        await conn.execute("set statement_timeout = 0")
        await crowd.seed(conn, utc_now(), psychologists=PSYCHOLOGISTS, clients=CLIENTS)
        await crowd.seed_attempts(conn, utc_now(), attempts=2_000)
        # A practice that has worked for a while: on tables known to be empty the planner would read them whole.
        await crowd.seed_past(
            conn, utc_now(), psychologist=PSYCHOLOGISTS, sessions=5_000, clients=CLIENTS, first=1_000_000
        )
        await conn.execute("vacuum analyze", timeout=120)
    await opened.close()


@asynccontextmanager
async def copy(place: Cluster) -> AsyncIterator[str]:
    """The address of a fresh copy; dropped when the block ends."""
    name = f"bench_{os.urandom(4).hex()}"
    admin = await db.connect(place.url(), size=1)
    try:
        async with admin.connection() as conn:
            await conn.execute("set statement_timeout = 0")
            await conn.execute(f"create database {name} template {TEMPLATE}", timeout=120)
            await conn.execute("checkpoint", timeout=120)
        yield place.url(name)
        async with admin.connection() as conn:
            await conn.execute(f"drop database {name} with (force)", timeout=120)
    finally:
        await admin.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind((wire.LOOPBACK, 0))
        return int(found.getsockname()[1])


def _environment(database_url: str, port: int, workers: int) -> dict[str, str]:
    nobody = "http://127.0.0.1:9"  # no message and no prompt leaves a benchmark: its working program does not run
    return {
        "KIKAO_DEMO": "yes", "KIKAO_PORT": str(port), "KIKAO_WEB_WORKERS": str(workers),
        "KIKAO_DATABASE_URL": database_url, "KIKAO_BASE_URL": f"http://127.0.0.1:{port}", "KIKAO_KEYS": new_key(),
        "KIKAO_TRADING_NAME": "Mti House", "KIKAO_PRACTICE_PHONE": "+254700000099", "KIKAO_MPESA_URL": nobody,
        "KIKAO_MPESA_CONSUMER_KEY": "nobody", "KIKAO_MPESA_CONSUMER_SECRET": "nobody",
        "KIKAO_MPESA_SHORTCODE": "600999", "KIKAO_MPESA_PASSKEY": "nobody", "KIKAO_MPESA_RECEIVER_NAME": "MTI HOUSE",
        "KIKAO_MPESA_CALLBACK_URL": nobody, "KIKAO_MAIL_HOST": "127.0.0.1", "KIKAO_MAIL_PORT": "9",
        "KIKAO_MAIL_STARTTLS": "no", "KIKAO_MAIL_SENDER": "hello@mti.example.test", "KIKAO_SMS_URL": nobody,
        "KIKAO_SMS_USERNAME": "nobody", "KIKAO_SMS_API_KEY": "nobody",
    }  # fmt: skip


class Web:
    """The running web program: where it answers, and how long it took to."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], start_seconds: float) -> None:
        self.port, self.process, self.start_seconds = port, process, start_seconds

    def memory(self) -> list[int]:
        """What each worker holds, in bytes: its own pages and its share of the common ones (PSS)."""
        return [_pss(pid) for pid in _children(self.process.pid)]


@asynccontextmanager
async def web(database_url: str, *, workers: int = 2) -> AsyncIterator[Web]:
    """`kikao serve` with so many workers; ended by its own id."""
    port = free_port()
    begun = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "kikao", "serve"],
        env={**os.environ, **_environment(database_url, port, workers)},
    )  # fmt: skip
    try:
        await _first_answer(port)
        took = perf_counter() - begun
        # The other worker may still be starting, and one that is stopped then takes its full patience.
        await asyncio.sleep(max(1.5, took / 2))
        yield Web(port, process, took)
    finally:
        process.terminate()
        process.wait(30)


async def _first_answer(port: int) -> None:
    until = perf_counter() + READY_WITHIN
    shots: list[wire.Shot] = []
    while perf_counter() < until:
        with suppress(OSError):
            shots = await wire.fire(port, [wire.get("/ready")], 1, seconds=5, keep=True)
            if shots and shots[0].status == 200:
                return
        await asyncio.sleep(0.01)
    raise RuntimeError(f"the web program did not answer as it should: {shots}")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _pss(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
