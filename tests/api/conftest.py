"""One application for each file of tests that only look and are refused; one for each test that changes something."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kikao.core.clock import utc_now
from support import app as apps
from support import server


@pytest.fixture(scope="module")
async def house() -> AsyncIterator[apps.World]:
    """Shared by a file of tests: they must leave every row as it was."""
    current = server.current()
    name = current.clone()
    async with apps.world(current.url(name), utc_now()) as made:
        yield made
    current.drop(name)


@pytest.fixture
async def world(url: str) -> AsyncIterator[apps.World]:
    """Of one test only."""
    async with apps.world(url, utc_now()) as made:
        yield made
