from collections.abc import AsyncIterator

import pytest

from daraja_sim.server import running
from daraja_sim.settings import Settings
from fixtures.daraja.merchant import Merchant


@pytest.fixture
async def sim() -> AsyncIterator[Merchant]:
    """A strict simulator and a merchant who has signed in."""
    async with running(Settings(port=0, seed=7)) as base, Merchant.at(base) as merchant:
        yield merchant


@pytest.fixture
async def sandbox() -> AsyncIterator[Merchant]:
    """The same, as lenient as the sandbox."""
    async with running(Settings(port=0, seed=7, sandbox_like=True)) as base, Merchant.at(base) as merchant:
        yield merchant
