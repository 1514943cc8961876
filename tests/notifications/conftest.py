import socket
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from demo_sink.server import Addresses, running
from kikao.core.db import Database
from kikao.notifications import kinds
from notifications import story as told
from notifications.story import Story
from support.rows import NO_NIGHT


@pytest.fixture
async def sink() -> AsyncIterator[Addresses]:
    async with running() as addresses:
        yield addresses


@pytest.fixture
async def inbox(sink: Addresses) -> AsyncIterator[httpx.AsyncClient]:
    """The demo inbox's own door: what came in, and faults on order."""
    async with httpx.AsyncClient(base_url=sink.url) as client:
        yield client


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port that is taken and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
async def story(db: Database, sink: Addresses, inbox: httpx.AsyncClient) -> AsyncIterator[Story]:
    """A real outbox, a real mail server, a real gateway, and the kinds `told` and `code`."""
    before = dict(kinds.KINDS)
    kinds.KINDS.clear()
    kinds.add(*told.KINDS)
    await db.pool.execute(told.TABLE)
    await db.pool.execute(NO_NIGHT)
    begun = Story(db, sink, inbox)
    yield begun
    await begun.sms.close()
    kinds.KINDS.clear()
    kinds.KINDS.update(before)
