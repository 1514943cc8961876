"""Behind a proxy: only one that is trusted may say for whom it asks."""

from __future__ import annotations

from typing import Any

import pytest

from kikao.web import behind

HEADERS = [(b"x-forwarded-for", b"192.0.2.9"), (b"x-forwarded-proto", b"https")]


async def caller(proxies: tuple[str, ...], comes_from: str) -> tuple[str, str]:
    seen: dict[str, Any] = {}

    async def app(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        seen.update(scope)

    scope = {"type": "http", "scheme": "http", "client": (comes_from, 40000), "headers": HEADERS}
    await behind(proxies, app)(scope, None, None)
    return seen["client"][0], seen["scheme"]


async def test_a_trusted_proxy_is_believed() -> None:
    assert await caller(("127.0.0.1",), "127.0.0.1") == ("192.0.2.9", "https")


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)])
async def test_nobody_else_is(proxies: tuple[str, ...]) -> None:
    assert await caller(proxies, "192.0.2.77") == ("192.0.2.77", "http")
