"""Fetching M-Pesa's access token once for everybody: early, under a lease, and again when it is refused."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import httpx
import msgspec

from kikao.core.crypto import Secret
from kikao.core.ids import new_id

PATH = "/oauth/v1/generate"
EARLY = timedelta(seconds=120)       # refreshed while the old one is still good
LEASE_SECONDS = 30.0
POLL_SECONDS = 0.2


class Held(msgspec.Struct, frozen=True):
    token: Secret
    expires_at: datetime


class TokenStore(Protocol):
    """Where the one token lives that all programs share. See payments.tokens."""

    async def current(self) -> Held | None: ...
    async def lease(self, by: UUID, now: datetime, seconds: float) -> bool: ...
    async def keep(self, by: UUID, token: Secret, expires_at: datetime) -> None: ...
    async def release(self, by: UUID) -> None: ...
    async def drop(self, held: Held) -> None: ...


class NoToken(Exception):
    """M-Pesa gave no access token. `code` is `credentials`, `busy` or `unreachable`; `text` holds no secret."""

    def __init__(self, code: str, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(code)


class TokenKeeper:
    """Gives a token that is good for at least the next moments. Raises NoToken."""

    def __init__(
        self, http: httpx.AsyncClient, store: TokenStore, key: Secret, secret: Secret, clock: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._store = store
        self._key = key
        self._secret = secret
        self._clock = clock
        self._turn = asyncio.Lock()  # within one program a single asker is enough

    async def get(self) -> Held:
        held = await self._store.current()
        if held is not None and held.expires_at - EARLY > self._clock():
            return held
        async with self._turn:
            return await self._refreshed()

    async def another(self, refused: Held) -> Held:
        """After M-Pesa has refused a token."""
        await self._store.drop(refused)
        return await self.get()

    async def _refreshed(self) -> Held:
        by = new_id()
        for _ in range(int(LEASE_SECONDS / POLL_SECONDS)):
            now = self._clock()
            held = await self._store.current()
            if held is not None and held.expires_at - EARLY > now:
                return held
            if await self._store.lease(by, now, LEASE_SECONDS):
                return await self._fetch_under_lease(by)
            if held is not None and held.expires_at > now:
                return held  # somebody else is at it, and the old one still opens
            await asyncio.sleep(POLL_SECONDS)
        raise NoToken("unreachable", "somebody else was fetching the token and did not finish")

    async def _fetch_under_lease(self, by: UUID) -> Held:
        try:
            held = await self.fetch()
        except BaseException:
            await self._store.release(by)
            raise
        await self._store.keep(by, held.token, held.expires_at)
        return held

    async def fetch(self) -> Held:
        """A new token from M-Pesa, not stored. It ends the one before."""
        pair = f"{self._key.reveal()}:{self._secret.reveal()}"
        basic = base64.b64encode(pair.encode()).decode()
        try:
            answer = await self._http.get(
                PATH, params={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
            )
        except httpx.HTTPError as error:
            raise NoToken("unreachable", type(error).__name__) from None
        if answer.status_code != 200:
            raise NoToken(_why(answer.status_code), f"HTTP {answer.status_code}")
        return self._read(json_object(answer))

    def _read(self, body: dict[str, Any] | None) -> Held:
        token, life = (body or {}).get("access_token"), (body or {}).get("expires_in")
        if not isinstance(token, str) or not token:
            raise NoToken("unreachable", "the answer held no token")
        # Sometimes a number, sometimes text; an hour in every case seen.
        seconds = int(life) if isinstance(life, int | str) and str(life).isdecimal() else 3599
        return Held(Secret(token), self._clock() + timedelta(seconds=seconds))


def _why(status: int) -> str:
    # A wrong key or secret, or those of the other environment, are answered by an empty 400.
    if status in (400, 401):
        return "credentials"
    return "busy" if status in (403, 429) else "unreachable"


def json_object(answer: httpx.Response) -> dict[str, Any] | None:
    """The JSON object of an answer; None for an empty body, HTML, plain text, a list."""
    try:
        body = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
