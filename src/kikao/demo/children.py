"""The demo's other programs: started, watched, stopped. Each writes into a log of its own."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from kikao.demo.place import DemoFailed

STOP_SECONDS = 15.0
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


class Child:
    """One program, in a session of its own, so that Ctrl-C reaches it through the supervisor only."""

    def __init__(self, name: str, words: Sequence[str], env: Mapping[str, str], log: Path, folder: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self._began = out.tell()
            self._process = subprocess.Popen(
                [sys.executable, *words], env=dict(env), cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, preexec_fn=_end_with_parent,  # noqa: PLW1509 - there is one thread
            )  # fmt: skip

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def must_run(self) -> None:
        """Raises DemoFailed with the last thing that it said, or the signal that ended it."""
        if (code := self._process.poll()) is not None and code < 0:
            raise DemoFailed(f"The {self.name} was ended from outside, by signal {-code}.")
        if code is not None:
            raise DemoFailed(f"The {self.name} ended by itself{self._last_words()} Its log is {self.log}.")

    def ask_to_stop(self) -> None:
        if self.running:
            self._process.terminate()

    def wait(self, until: float) -> None:
        """Until it has stopped; at `until` (monotonic seconds) it and what it started are killed."""
        try:
            self._process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _last_words(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._began)
            said = log.read().decode(errors="replace").strip().splitlines()
        return f": {said[-1][:300]}." if said else "."


def stop_all(children: Sequence[Child]) -> None:
    """All at once, the last started first to be asked."""
    for child in reversed(children):
        child.ask_to_stop()
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        child.wait(until)


def _end_with_parent() -> None:
    """A supervisor that was killed cannot stop anybody; on Linux the kernel then does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM)
