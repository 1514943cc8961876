from collections.abc import AsyncIterator

import httpx
import pytest

from demo_sink.server import Addresses, running


@pytest.fixture
async def sink() -> AsyncIterator[Addresses]:
    async with running() as addresses:
        yield addresses


@pytest.fixture
async def inbox(sink: Addresses) -> AsyncIterator[httpx.AsyncClient]:
    """The demo inbox's own door: what came in, and faults on order."""
    async with httpx.AsyncClient(base_url=sink.url) as client:
        yield client
