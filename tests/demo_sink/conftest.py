from collections.abc import AsyncIterator

import httpx
import pytest

from demo_sink.server import Addresses, running


@pytest.fixture
async def sink() -> AsyncIterator[Addresses]:
    async with running() as addresses:
        yield addresses


@pytest.fixture
async def http(sink: Addresses) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=sink.url) as client:
        yield client
