"""Many HTTP requests with little effort: prepared bytes over sockets that stay open.

A client library costs more per request than the server under it would; here a request is a write, and an answer
is a status, a length and a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import cast

import msgspec

LOOPBACK = "127.0.0.1"


class Shot(msgspec.Struct, frozen=True):
    """One answer. `seconds` since it was sent, or since it should have been. Status 0: never answered."""

    status: int = 0
    seconds: float = 0.0
    body: bytes = b""


def get(path: str, token: str | None = None) -> bytes:
    return _message("GET", path, token, None, {})


def post(path: str, body: bytes, token: str | None = None, **headers: str) -> bytes:
    return _message("POST", path, token, body, {name.replace("_", "-"): value for name, value in headers.items()})


def _message(method: str, path: str, token: str | None, body: bytes | None, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: kikao.test"]
    if token is not None:
        lines.append(f"authorization: Bearer {token}")
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


class _Work:
    """What is still to be sent, in order; `times` are instants of the loop's clock, for a steady rate."""

    def __init__(self, requests: Sequence[bytes], times: Sequence[float] | None, stop_at: float, keep: bool) -> None:
        self.requests, self.times, self.stop_at, self.keep = requests, times, stop_at, keep
        self.shots: list[Shot | None] = [None] * len(requests)
        self.next = 0

    def take(self) -> int | None:
        if self.next >= len(self.requests) or perf_counter() >= self.stop_at:
            return None
        self.next += 1
        return self.next - 1


class _Connection(asyncio.Protocol):
    def __init__(self, work: _Work, done: asyncio.Future[None]) -> None:
        self.work, self.done = work, done
        self.number, self.sent_at, self.buffer = -1, 0.0, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._go_on()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _go_on(self) -> None:
        number = self.work.take()
        if number is None:
            self.transport.close()
            return
        self.number = number
        due = self.work.times[number] if self.work.times else 0.0
        wait = due - perf_counter()
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self._send, due)
        else:
            self._send(due)

    def _send(self, due: float) -> None:
        # With a steady rate the clock runs from when it was due: a server that is late cannot hide it.
        self.sent_at = due or perf_counter()
        self.transport.write(self.work.requests[self.number])

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        start = self.buffer.lower().find(b"content-length:", 0, end)
        length = int(self.buffer[start + 15 : self.buffer.find(b"\r", start)]) if start >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        body = self.buffer[end + 4 :] if self.work.keep else b""
        self.work.shots[self.number] = Shot(int(self.buffer[9:12]), perf_counter() - self.sent_at, body)
        self.buffer = b""
        self._go_on()


async def fire(
    port: int, requests: Sequence[bytes], connections: int, *,
    rate: float | None = None, seconds: float = 60.0, keep: bool = False,
) -> list[Shot]:
    """Send all requests over so many connections, each as soon as one is free, or `rate` a second.

    After `seconds` nothing more is sent, and what was not sent is not among the answers. `keep`: with bodies.
    """
    loop = asyncio.get_running_loop()
    begin = perf_counter() + (0.05 if rate else 0.0)
    times = [begin + number / rate for number in range(len(requests))] if rate else None
    work = _Work(requests, times, begin + seconds, keep)
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(min(connections, len(requests)))]
    await asyncio.gather(*(loop.create_connection(partial(_Connection, work, end), LOOPBACK, port) for end in ends))
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*ends)
    return [shot or Shot() for shot in work.shots[: work.next]]
