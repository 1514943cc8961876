"""The application of one test, and what its finance people look at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from admin.books import Books
from kikao.core.clock import utc_now
from support import app as apps


@pytest.fixture
async def world(url: str) -> AsyncIterator[apps.World]:
    async with apps.world(url, utc_now()) as made:
        yield made


@pytest.fixture
def books(world: apps.World) -> Books:
    return Books.of(world)
