"""Access tokens: opaque, one hour long, and in strict mode only the newest one counts."""

import random
import string

from daraja_sim.clock import Clock
from daraja_sim.settings import Settings

LIFE_SECONDS = 3599
ALPHABET = string.ascii_letters + string.digits


class Tokens:
    def __init__(self, settings: Settings, clock: Clock, chance: random.Random) -> None:
        self._settings = settings
        self._clock = clock
        self._chance = chance
        self._expiry: dict[str, float] = {}

    def issue(self, lives_seconds: float = LIFE_SECONDS) -> str:
        if self._settings.newest_token_only:
            self._expiry.clear()
        token = "".join(self._chance.choices(ALPHABET, k=28))
        self._expiry[token] = self._clock.now() + lives_seconds
        return token

    def valid(self, token: str) -> bool:
        return self._clock.now() < self._expiry.get(token, float("-inf"))

    def end_all(self) -> int:
        """Make every token invalid now; the count of those that were."""
        ended = len(self._expiry)
        self._expiry.clear()
        return ended
