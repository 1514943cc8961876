"""Where a demo lives: a folder and five ports, all on this machine."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from kikao.core.crypto import new_key, new_token

HERE = "127.0.0.1"
_WORDS = (
    "acacia", "baobab", "cedar", "dhow", "ember", "fig", "garden", "harbour", "island", "jasmine", "kite", "lantern",
    "mango", "nectar", "olive", "papaya", "quartz", "river", "saffron", "tamarind", "umbrella", "violin", "willow",
)  # fmt: skip


class DemoFailed(Exception):
    """One sentence for whoever started the demo."""


class Place(msgspec.Struct, frozen=True):
    """`port` n: web n, simulator n+2, sink n+3 (HTTP) and n+4 (SMTP)."""

    folder: Path
    port: int

    @property
    def ports(self) -> dict[str, int]:
        return {"web": self.port, "simulator": self.port + 2, "sink": self.port + 3, "mail": self.port + 4}

    def url(self, name: str) -> str:
        return f"http://{HERE}:{self.ports[name]}"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def scratch(self) -> Path:
        return self.folder / "tmp"


class Secrets(msgspec.Struct, frozen=True):
    """Made at the first start, kept in the folder, readable by its owner only. The simulator's begin with `sim`."""

    key: str
    password: str  # of every demo account
    consumer_key: str
    consumer_secret: str
    passkey: str
    sms_key: str


def read(env: Mapping[str, str]) -> Place:
    """From PORT and KIKAO_DATA. Raises DemoFailed."""
    typed = env.get("PORT", "").strip() or "8000"
    if not typed.isdecimal() or not 1024 <= int(typed) <= 65_000:
        raise DemoFailed(f"PORT must be a number from 1024 to 65000, not {typed}.")
    folder = Path(env.get("KIKAO_DATA", "").strip() or ".kikao").absolute()
    return Place(folder, int(typed))


def prepare(place: Place) -> None:
    """Make the folders. Raises DemoFailed."""
    try:
        for folder in (place.folder, place.logs, place.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        place.scratch.chmod(0o700)
        place.logs.chmod(0o700)
    except OSError as error:
        raise DemoFailed(f"The folder {place.folder} cannot be used: {error.strerror}.") from error


@contextmanager
def taken(place: Place) -> Iterator[None]:
    """The folder is one demo's at a time. Raises DemoFailed."""
    with (place.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoFailed(
                f"A demo already runs on {place.folder}; stop it, or name another folder with KIKAO_DATA."
            ) from error
        yield


def must_be_free(place: Place) -> None:
    """Raises DemoFailed with the first port that somebody else listens on."""
    for what, port in place.ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HERE, port))
            except OSError as error:
                raise DemoFailed(
                    f"Port {port}, for the {what}, is in use; stop what uses it, or choose others with PORT "
                    f"(for example: make demo PORT={place.port + 100})."
                ) from error


def secrets_of(place: Place) -> Secrets:
    """Those of the first start. Raises DemoFailed when the file was spoilt: what it sealed cannot be read again."""
    path = place.folder / "secrets.json"
    if not path.exists() and not (place.folder / "postgres" / "data").exists():
        _write(path, _make())
    try:
        return msgspec.json.decode(path.read_bytes(), type=Secrets)
    except (OSError, msgspec.MsgspecError) as error:
        raise DemoFailed(f"{path} cannot be read; bring it back, or begin anew without {place.folder}.") from error


def _make() -> Secrets:
    words = [secrets.choice(_WORDS) for _ in range(3)]
    return Secrets(
        key=new_key(), password=f"{'-'.join(words)}-{secrets.randbelow(90) + 10}",
        consumer_key=f"sim-{new_token()}", consumer_secret=f"sim-{new_token()}", passkey=f"sim-{new_token()}",
        sms_key=new_token(),
    )  # fmt: skip


def _write(path: Path, made: Secrets) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(msgspec.to_builtins(made), file, indent=1)
