"""The application, with everybody signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from kikao import wiring
from kikao.availability import api as availability_api
from kikao.directory import own_api
from support import app
from support.app import World


@pytest.fixture
async def world(url: str, now: datetime, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    handlers = wiring.api_handlers()
    missing = [one for one in (*availability_api.api, *own_api.own_api, *own_api.admin_api) if one not in handlers]
    monkeypatch.setattr(wiring, "api_handlers", lambda: [*handlers, *missing])
    async with app.world(url, now) as made:
        yield made
