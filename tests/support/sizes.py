"""How much each proof does: `ci` in `make test`, `full` in `make proof` (KIKAO_PROOF=full)."""

from __future__ import annotations

import os
import sys

FULL = os.environ.get("KIKAO_PROOF", "ci") == "full"

# What: (ci, full). The zones of the full proof are all that there are.
SIZES = {
    "state histories": (600, 5_000),
    "message histories": (200, 1_000),
    "malformed requests": (2_000, 10_000),
    "zones": (60, 10_000),
    "payments": (1_000, 10_000),
    "contest rounds": (5, 5),
    "idempotency keys": (200, 1_000),
    "kills of web and worker": (5, 100),
    "falls of the database": (3, 20),
}

# What each file of tests asked for: (what, how many).
used: dict[str, set[tuple[str, int]]] = {}


def size(what: str) -> int:
    """The size of this run. Raises KeyError for a proof that is not in the list."""
    ci, full = SIZES[what]
    number = full if FULL else ci
    used.setdefault(sys._getframe(1).f_code.co_filename, set()).add((what, number))
    return number
