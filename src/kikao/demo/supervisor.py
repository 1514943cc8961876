"""`kikao demo`: brings everything up in order, says so when it all answers, and takes it down again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType

import psycopg

from kikao.core import migrate
from kikao.core.embedded import Cluster, EmbeddedFailed
from kikao.demo import environment, place, screen, seed
from kikao.demo.children import Child, stop_all
from kikao.demo.place import DemoFailed, Place

ANSWER_SECONDS = 60.0
DATABASE = "kikao"


class Stopped(Exception):
    """Ctrl-C or SIGTERM came."""


class Asked:
    """Whether somebody asked to stop. A flag, not an exception: nothing is left half started."""

    def __init__(self) -> None:
        self.stop = False
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.stop = True

    def check(self) -> None:
        if self.stop:
            raise Stopped

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)
        self.check()


def run(env: Mapping[str, str]) -> int:
    """Until it is stopped: 0. 1 with one sentence when something cannot be started, or ended by itself."""
    sys.dont_write_bytecode = True  # nothing is written outside the folder
    asked = Asked()
    try:
        here = place.read(env)
        place.prepare(here)
        with place.taken(here):
            place.must_be_free(here)
            _run(here, env, asked)
    except Stopped:
        screen.say("Stopped. Everything is kept for the next start.")
        return 0
    except (DemoFailed, EmbeddedFailed, migrate.MigrationFailed) as wrong:
        print(f"kikao: {wrong}", file=sys.stderr)
        return 1
    return 0


def _run(here: Place, env: Mapping[str, str], asked: Asked) -> None:
    own = place.secrets_of(here)
    os.environ["TMPDIR"] = str(here.scratch)
    with ExitStack() as running:
        database_url = running.enter_context(_database(here, asked))
        told = environment.of_programs(env, here, own, database_url)
        screen.say("Filling an empty practice …" if asyncio.run(seed.is_empty(database_url)) else "The data are there.")
        asyncio.run(seed.fill(database_url, told, own.password))
        asked.check()
        children = running.enter_context(_programs(here, told, asked))
        _wait_for_all(here, children, database_url, asked)
        screen.show(here, own.password, seed.ACCOUNTS)
        while True:
            asked.wait(0.3)
            for child in children:
                child.must_run()


@contextmanager
def _database(here: Place, asked: Asked) -> Iterator[str]:
    cluster = Cluster(here.folder / "postgres")
    screen.say("Starting PostgreSQL …" if cluster.data.exists() else "Making a PostgreSQL database …")
    try:
        cluster.start()
        asked.check()
        cluster.create_database(DATABASE)
        migrate.upgrade(cluster.url(DATABASE))
        asked.check()
        yield cluster.url(DATABASE)
    finally:
        cluster.stop()


@contextmanager
def _programs(here: Place, told: Mapping[str, str], asked: Asked) -> Iterator[list[Child]]:
    commands = {
        "sink": ["-m", "demo_sink", "--http-port", str(here.ports["sink"]), "--smtp-port", str(here.ports["mail"])],
        "simulator": ["-m", "daraja_sim", "--port", str(here.ports["simulator"])],
        "web": ["-m", "kikao", "serve"],
        "worker": ["-m", "kikao", "work"],
    }
    screen.say("Starting web, worker, M-Pesa simulator and inbox …")
    children: list[Child] = []
    try:
        for name, words in commands.items():
            asked.check()
            children.append(Child(name, words, told, here.logs / f"{name}.log", here.folder))
        yield children
    finally:
        screen.say("Stopping …")
        stop_all(children)


# do they answer? ----------------------------------------------------------------------------------


def _wait_for_all(here: Place, children: list[Child], database_url: str, asked: Asked) -> None:
    began = time.time()
    signs: dict[str, Callable[[], bool]] = {
        "sink": lambda: _gets(f"{here.url('sink')}/health"),
        "mail server": lambda: _listens(here.ports["mail"]),
        "simulator": lambda: _gets(f"{here.url('simulator')}/"),
        "web": lambda: _gets(f"{here.url('web')}/ready"),
        "worker": lambda: _worker_signed(database_url, began),
    }
    until = time.monotonic() + ANSWER_SECONDS
    for name, answers in signs.items():
        while not answers():
            for child in children:
                child.must_run()
            if time.monotonic() > until:
                raise DemoFailed(f"The {name} does not answer; the logs are in {here.logs}.")
            asked.wait(0.1)


# Not by the proxy of whoever started the demo.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _gets(url: str) -> bool:
    try:
        with _direct.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((place.HERE, port), timeout=5):
            return True
    except OSError:
        return False


def _worker_signed(database_url: str, began: float) -> bool:
    """Its sign of life is a row, written when it starts. Both clocks are this machine's."""
    with psycopg.connect(database_url) as conn:
        row = conn.execute("select extract(epoch from max(at)) from core.heartbeat where program = 'worker'").fetchone()
    return row is not None and row[0] is not None and float(row[0]) >= began - 1
