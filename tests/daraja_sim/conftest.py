from collections.abc import AsyncIterator

import pytest

from daraja_sim.server import running
from daraja_sim.settings import Settings
from fixtures.daraja.merchant import Merchant


@pytest.fixture
async def sim() -> AsyncIterator[Merchant]:
    async with running(Settings(port=0, seed=7)) as base, Merchant.at(base) as merchant:
        yield merchant
