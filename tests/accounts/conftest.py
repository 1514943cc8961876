"""The doors of this room alone, behind the same sign-in as the whole house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from kikao.accounts import api, pages, queries
from kikao.core.actor import Actor
from kikao.core.answers import EXCEPTION_HANDLERS, refuse_strangers_forms
from kikao.core.crypto import hash_token
from kikao.core.db import Database
from kikao.core.practice import Practice
from kikao.core.web import Kit, Req
from support.app import as_read
from support.cast import Cast
from support.people import VAULT

BASE = "http://testserver.local"


class Clock:
    """The `now` of the next requests."""

    def __init__(self, now: datetime) -> None:
        self.now = now


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


async def _known(kit: Kit, token: str | None, kind: str, now: datetime) -> Actor:
    async with kit.db.connection() as conn:
        found = await queries.who_is(conn, hash_token(token), kind, now) if token else None
        return found or Actor(settings_version=await queries.settings_version(conn, now))


async def _page_actor(request: Req, kit: NamedDependency[Kit], now: NamedDependency[datetime]) -> Actor:
    return await _known(kit, request.cookies.get("kikao"), "page", now)


async def _api_actor(request: Req, kit: NamedDependency[Kit], now: NamedDependency[datetime]) -> Actor:
    return await _known(kit, request.headers.get("authorization", "").removeprefix("Bearer "), "api", now)


@pytest.fixture
async def app(db: Database, cast: Cast, clock: Clock) -> Litestar:
    kit = Kit(
        db=db, vault=VAULT, practice=Practice(), trading_name="Mti & Co", practice_phone="+254700000099",
        base_url=BASE, receiver_name="Mti", paybill="600000", time_zone="Africa/Nairobi", demo=True,
    )  # fmt: skip
    by_cookie = Router(
        path="/", route_handlers=pages.pages, dependencies={"actor": Provide(_page_actor)},
        before_request=refuse_strangers_forms, include_in_schema=False,
    )  # fmt: skip
    by_token = Router(path="/", route_handlers=api.api, dependencies={"actor": Provide(_api_actor)})
    return Litestar(
        [by_cookie, by_token],
        dependencies={
            "kit": Provide(lambda: kit, sync_to_thread=False),
            "now": Provide(lambda: clock.now, sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS, state=State({"kit": kit}), logging_config=None,
    )  # fmt: skip


def browser(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE, event_hooks={"response": [as_read]})


@pytest.fixture
async def http(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A browser, or a program: it keeps cookies and follows nothing."""
    async with browser(app) as client:
        yield client
