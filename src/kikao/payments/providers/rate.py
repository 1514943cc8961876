"""A bound on how often one program asks."""

from __future__ import annotations

import time


class Rate:
    """A token bucket: `a_minute` on average, a tenth of a minute's worth at once."""

    def __init__(self, a_minute: int) -> None:
        self._each = 60 / a_minute
        self._most = max(1.0, a_minute / 10)
        self._left = self._most
        self._at = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) / self._each)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
