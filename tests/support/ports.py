"""Ports for programs of a test, out of the range from which the kernel gives ports to connections of others."""

from __future__ import annotations

import os
import random
import socket
from itertools import count

LOWEST, HIGHEST = 11_000, 30_200  # above 10,080, the highest that a browser refuses to open
APART = 10  # a demo takes the four after its own, too
WIDTH = 8  # so many processes of one run share the range without meeting
_number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WIDTH
_next = count(random.randrange(1000))


def free_port(many: int = 1) -> int:
    """The first of so many that nobody uses; not given again in this process for a long time."""
    for _ in range(LOWEST, HIGHEST, APART * WIDTH):
        port = LOWEST + (next(_next) * WIDTH + _number) * APART % (HIGHEST - LOWEST)
        if all(_is_free(port + plus) for plus in range(many)):
            return port
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the programs bind: what has ended is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
