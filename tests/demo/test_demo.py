"""`make demo` as a stranger meets it: up, answering, a sentence when it cannot, and gone when it is told to go."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kikao.core.embedded import Cluster
from support.ports import free_port
from support.tree import ROOT

pytestmark = pytest.mark.slow

UP_SECONDS = 120
_started: list[Demo] = []


class Demo:
    """A demo in a folder of its own, on ports of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        env = {**os.environ, "PORT": str(port), "KIKAO_DATA": str(folder), "KIKAO_DATABASE_URL": "postgresql:///nowhere"}
        for name in ("HOME", "TMPDIR"):  # what it would write outside its folder lies there
            env[name] = str(_made(folder.parent / name))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kikao", "demo"], env=env, cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        _started.append(self)

    def wait_until_up(self) -> str:
        """What stands on its screen."""
        assert self.process.stdout is not None
        lines = []
        until = time.monotonic() + UP_SECONDS
        for line in self.process.stdout:
            lines.append(line)
            if "Stop with Ctrl-C" in line:
                return "".join(lines)
            assert time.monotonic() < until
        raise AssertionError("".join(lines) + self.end()[1])

    def end(self, number: int | None = None) -> tuple[int, str]:
        """Exit code and what it complained of."""
        if number is not None:
            self.process.send_signal(number)
        _, complaint = self.process.communicate(timeout=60)
        return self.process.returncode, complaint

    def close(self) -> None:
        """Whatever a test left running."""
        if self.process.poll() is None:
            self.end(signal.SIGINT)

    def get(self, plus: int, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port + plus}{path}", timeout=10) as answer:
            return str(answer.read().decode())


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    return folder


def files(around: Path) -> set[str]:
    """What lies in this tree, but for what Python, Git, other tests and a demo of one's own keep there."""
    apart = {".git", ".venv", "__pycache__", "build", ".hypothesis", ".kikao"}
    found: set[str] = set()
    for path, folders, names in os.walk(around):
        folders[:] = [name for name in folders if name not in apart and not name.endswith("_cache")]
        found |= {f"{path}/{name}" for name in names}
    return found


def listens_at(port: int) -> set[str]:
    """The addresses at which something listens on this port, as the kernel writes them."""
    lines = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()]
    sockets = [fields[1].split(":") for fields in lines if fields[3] == "0A"]
    return {address for address, number in sockets if int(number, 16) == port}


LOOPBACK = "0100007F"


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made) / "data"
        while _started:
            _started.pop().close()


def test_up_and_down_and_up_again(folder: Path) -> None:
    before = files(ROOT)
    demo, beside = Demo(folder, free_port(5)), Demo(folder.parent / "beside", free_port(5))
    screen = demo.wait_until_up()
    assert _password(beside.wait_until_up()) != _password(screen)
    for one in (demo, beside):
        assert '"ready"' in one.get(0, "/ready")
        assert [listens_at(one.port + plus) for plus in (0, 2, 3, 4)] == [{LOOPBACK}] * 4
    assert beside.end(signal.SIGINT) == (0, "")
    assert f"http://127.0.0.1:{demo.port}/" in screen
    assert '"ready"' in demo.get(0, "/ready")
    assert "SIMULAT" in demo.get(2, "/").upper()
    assert '"messages"' in demo.get(3, "/api/messages")

    second = Demo(folder, free_port(5))
    code, complaint = second.end()
    assert code == 1
    assert complaint.startswith(f"kikao: A demo already runs on {folder};")
    assert complaint.count("\n") == 1
    elsewhere = Demo(folder.parent / "other", demo.port)
    code, complaint = elsewhere.end()
    assert code == 1
    assert complaint.startswith(f"kikao: Port {demo.port}, for the web, is in use")
    assert complaint.count("\n") == 1

    assert demo.end(signal.SIGINT) == (0, "")
    for plus in (0, 2, 3, 4):
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", demo.port + plus), timeout=1)
    assert not Cluster(folder / "postgres").answers()

    again = Demo(folder, demo.port)
    screen_again = again.wait_until_up()
    assert "The data are there." in screen_again
    assert _password(screen_again) == _password(screen)
    assert again.end(signal.SIGTERM) == (0, "")
    assert files(ROOT) == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["HOME", "TMPDIR", "beside", "data", "other"]
    assert [*(folder.parent / "HOME").iterdir(), *(folder.parent / "TMPDIR").iterdir()] == []


def test_a_broken_database_gets_a_sentence(folder: Path) -> None:
    (folder / "postgres" / "data").mkdir(parents=True)
    (folder / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    (folder / "secrets.json").write_text(
        '{"key":"","password":"","consumer_key":"","consumer_secret":"","passkey":"","sms_key":""}'
    )
    code, complaint = Demo(folder, free_port(5)).end()
    assert code == 1
    assert complaint.startswith("kikao: The database in")
    assert complaint.count("\n") == 1


def _password(screen: str) -> str:
    return screen.partition("the password of all of them is")[2].split()[0]
