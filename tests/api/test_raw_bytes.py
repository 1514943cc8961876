"""Bytes that are no request, over a real socket: never a 5xx, never a trace, never a row, and the server lives."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

import httpx
import pytest

from kikao.core.db import Database
from support import house as houses
from support.cast import Cast
from support.refusals import TRACES, nothing_changes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ANSWERED_WITHIN = 30.0
GET, POST = b"GET /team HTTP/1.1\r\nHost: x\r\n", b"POST /api/users/login HTTP/1.1\r\nHost: x\r\n"
LINE = b"\r\n"
END = LINE * 2
CHUNKED = POST + b"Transfer-Encoding: chunked" + END

# After each of these the server answers, or ends the connection.
LINES = {
    "one word": b"GET" + END, "no version": b"GET /" + END, "a version to come": b"GET / HTTP/9.9" + END,
    "no host": b"GET / HTTP/1.1" + END, "in small letters": b"get / http/1.1\r\nHost: x" + END,
    "spaces": b"GET   /   HTTP/1.1\r\nHost: x" + END, "another's address": b"GET http://x.example.test/ HTTP/1.1" + END,
    "two slashes": b"GET //x.example.test HTTP/1.1\r\nHost: x" + END, "a star": b"OPTIONS * HTTP/1.1\r\nHost: x" + END,
    "a tunnel": b"CONNECT x.example.test:443 HTTP/1.1\r\nHost: x" + END, "a NUL": b"GET /\0 HTTP/1.1\r\nHost: x" + END,
    "no UTF-8": b"GET /\xff\xfe HTTP/1.1\r\nHost: x" + END, "half an escape": b"GET /% HTTP/1.1\r\nHost: x" + END,
    "an escaped NUL": b"GET /t/%00 HTTP/1.1\r\nHost: x" + END,
    "a method of nobody": b"BREW / HTTP/1.1\r\nHost: x" + END,
    "a long address": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x" + END,
    "a long method": b"A" * 70_000 + b" / HTTP/1.1\r\nHost: x" + END, "HTTP/1.0": b"GET /team HTTP/1.0" + END,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9 + b"\xff" * 40,
    "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" * 9,
    "nothing but NUL": b"\0" * 200,
    "nothing but 0xff": b"\xff" * 200,
    "another protocol": b"EHLO x.example.test\r\n\r\n",
}  # fmt: skip
HEADERS = {
    "no colon": GET + b"nonsense" + END, "a space before the colon": GET + b"Accept : */*" + END,
    "no name": GET + b": x" + END, "a NUL in a value": GET + b"Accept: a\0b" + END,
    "a line that goes on": GET + b"Accept: a\r\n  b" + END,
    "no UTF-8 in a value": GET + b"Cookie: kikao=\xff\xfe" + END,
    "one of 300,000": GET + b"X-Long: " + b"x" * 300_000 + END, "a thousand": GET + b"X-One: 1\r\n" * 1000 + END,
    "two hosts": GET + b"Host: y" + END, "bare line ends": b"GET /team HTTP/1.1\nHost: x\n\n",
    "an upgrade": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x" + END,
    "an upgrade to HTTP/2": GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA" + END,
    "an expectation": GET + b"Expect: miracles" + END,
    "a token of bytes": GET + b"Authorization: Bearer \x80\x81" + END,
    "no such encoding": GET + b"Accept-Encoding: \xff, gzip;q=x" + END,
}  # fmt: skip
BODIES = {
    "a length that is no number": POST + b"Content-Length: abc" + END,
    "a length below nothing": POST + b"Content-Length: -1" + END,
    "a length beyond numbers": POST + b"Content-Length: 99999999999999999999" + END,
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2" + END + b"{}",
    "too short a length": POST + b"Content-Length: 2" + END + b'{}{"login": "x", "password": "y"}',
    "a length and chunks": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2" + END + b"0" + END,
    "a chunk of no number": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "a chunk below nothing": CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n",
    "a chunk beyond numbers": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\n{}\r\n",
    "a chunk without an end": CHUNKED + b"2\r\n{}xx0\r\n\r\n",
    "a word of 100,000 after a chunk": CHUNKED + b"2;" + b"x" * 100_000 + b"\r\n{}\r\n0\r\n\r\n",
    "chunks beyond the limit": CHUNKED + b"10000\r\n" + (b"x" * 65_536 + b"\r\n10000\r\n") * 8,
    "trailers": CHUNKED + b"2\r\n{}\r\n0\r\nX-After: \0\r\n\r\n",
    "an encoding of nobody": POST + b"Transfer-Encoding: gzip" + END + b"{}",
    "two requests": (GET + LINE) * 2, "a request and nonsense": GET + LINE + b"\xff" * 50 + END,
    "parts without an end": b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
                            b"Content-Length: 44" + END + b'--x\r\nContent-Disposition: form-data; name="login"',
    "no kind": b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: \xff;;=\r\nContent-Length: 3" + END + b"a=b",
}  # fmt: skip
# The server waits for more, and is left.
HALVES = {
    "nothing": b"", "a line end": b"\r\n", "half a line": b"GET /te", "half the headers": GET + b"Accept: te",
    "half a body": POST + b"Content-Length: 40" + END + b'{"login": "x"', "half a chunk": CHUNKED + b"40\r\n{",
    "a body to come": POST + b"Content-Length: 40\r\nExpect: 100-continue" + END,
}  # fmt: skip
ODD = LINES | HEADERS | BODIES


async def _said(port: int, sent: bytes, *, whole: bool) -> bytes:
    """What came back until the server ended the connection, or until a first answer and a breath after it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        with suppress(ConnectionError):  # it may have seen enough, and left
            writer.write(sent)
            await writer.drain()
            heard = await asyncio.wait_for(reader.read(65_536), ANSWERED_WITHIN) if whole else b""
            with suppress(TimeoutError):
                while more := await asyncio.wait_for(reader.read(65_536), 0.05):
                    heard += more
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return heard


def wrong(heard: bytes) -> str | None:
    text = heard.decode("latin-1")
    if found := re.search(r"HTTP/1\.[01] 5\d\d", text) or TRACES.search(text):
        return f"{found[0]} in {text[:400]}"
    return None


async def test_bytes_that_are_no_request(
    db: Database, cast: Cast, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with houses.running(url, worker=False) as house, httpx.AsyncClient(base_url=house.url) as friend:
        port, answered = int(house.env["KIKAO_PORT"]), 0
        async with nothing_changes(db):
            for name, sent in (ODD | HALVES).items():
                heard = await _said(port, sent, whole=name in ODD)
                answered += heard.startswith(b"HTTP/1.1 ")
                assert wrong(heard) is None, f"{name}: {wrong(heard)}"
                assert (await friend.get("/health")).status_code in (200, 204), f"it lives no more after {name}"
        assert house.web.process is not None
        assert house.web.process.returncode is None
    assert answered > len(ODD) / 2, "most were answered: so it was our server that judged them"
    told = capfd.readouterr()
    assert not re.search(r'Traceback|"level":"(error|critical)"|panicked', told.out + told.err), told.err[-2000:]


def test_negative_control_what_would_be_wrong_is_seen() -> None:
    assert wrong(b"HTTP/1.1 500 Internal Server Error\r\n\r\n") is not None
    assert wrong(b'HTTP/1.1 400 Bad Request\r\n\r\n  File "web.py", line 1') is not None
    assert wrong(b"HTTP/1.1 400 Bad Request\r\n\r\n") is None
