"""All the state of one simulator, in memory, made from its settings."""

import asyncio
import random
import secrets
from collections import deque
from typing import Any

from aiohttp import web

from daraja_sim.callbacks import Callbacks
from daraja_sim.clock import Clock
from daraja_sim.faults import Faults
from daraja_sim.ledger import Ledger
from daraja_sim.phones import Phones
from daraja_sim.prompts import Prompts
from daraja_sim.settings import Settings
from daraja_sim.tokens import Tokens

REQUESTS_KEPT = 2000


class World:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.closing = asyncio.Event()
        self.callbacks = Callbacks(settings, self.clock, Faults(random.Random()))
        self.clear()

    def clear(self) -> None:
        """A world in which nothing has happened yet. The clock keeps its time but forgets its jobs."""
        seed = self.settings.seed if self.settings.seed >= 0 else secrets.randbits(32)
        self.seed = seed
        self.chance = random.Random(seed)
        self.clock.forget_jobs()
        self.ledger = Ledger()
        self.phones = Phones(self.settings, self.clock, self.ledger)
        # Chance faults draw from their own stream, so that a fault more or less changes no id.
        self.faults = Faults(random.Random(seed + 1))
        self.callbacks.clear(self.faults)
        self.tokens = Tokens(self.settings, self.clock, self.chance)
        self.prompts = Prompts(
            settings=self.settings,
            clock=self.clock,
            chance=self.chance,
            ledger=self.ledger,
            phones=self.phones,
            faults=self.faults,
            callbacks=self.callbacks,
        )
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)
        self.last_query = float("-inf")

    async def start(self) -> None:
        await self.callbacks.start()
        self.clock.start()

    async def stop(self) -> None:
        self.closing.set()
        await self.clock.stop()
        await self.callbacks.stop()


WORLD = web.AppKey("world", World)
