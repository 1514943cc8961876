"""The one place that opens a socket to another company's computer.

Each request looks whether a database transaction is open in its context and refuses, in production
too: a stranger may think for a minute, and rows stay locked as long. A task that was started inside
a transaction counts as inside, because it inherits the context of its parent.
"""

from __future__ import annotations

import ssl
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiosmtplib
import httpx

from kikao.core.db import transaction_open

CONNECT = 5.0  # seconds until a computer must have picked up
ANSWER = 20.0  # seconds until it must have answered; far below the lease of a due row


class SocketInsideTransaction(RuntimeError):
    """A programming error, never a condition to handle: commit first, then talk to strangers."""


class SecretInTheClear(ValueError):
    """A password or a key would travel unencrypted to another computer."""


def refuse_inside_transaction() -> None:
    if transaction_open.get():
        raise SocketInsideTransaction("a socket was asked for while a database transaction is open")


def is_this_computer(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# HTTP ---------------------------------------------------------------------------------------------


class _Transport(httpx.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        refuse_inside_transaction()
        return await super().handle_async_request(request)


def http_client(
    base_url: str, *, answer: float = ANSWER, tls: ssl.SSLContext | None = None
) -> httpx.AsyncClient:
    """A client for one provider. It follows no redirects, retries nothing and reads no proxy or
    .netrc from the environment. `answer` is in seconds. Raises SecretInTheClear for an address
    that is neither https nor on this computer."""
    parts = urlsplit(base_url)
    if parts.scheme != "https" and not is_this_computer(parts.hostname or ""):
        raise SecretInTheClear("a provider's address must begin with https")
    return httpx.AsyncClient(
        base_url=base_url,
        transport=_Transport(verify=tls or ssl.create_default_context(), trust_env=False),
        timeout=httpx.Timeout(answer, connect=CONNECT),
        trust_env=False,
    )


# SMTP ---------------------------------------------------------------------------------------------


class _Smtp(aiosmtplib.SMTP):
    """Every way to the wire passes one of these three."""

    async def connect(self, **given: Any) -> aiosmtplib.SMTPResponse:
        refuse_inside_transaction()
        return await super().connect(**given)

    async def execute_command(self, *args: bytes, **given: Any) -> aiosmtplib.SMTPResponse:
        refuse_inside_transaction()
        return await super().execute_command(*args, **given)

    async def data(self, message: str | bytes, /, **given: Any) -> aiosmtplib.SMTPResponse:
        refuse_inside_transaction()
        return await super().data(message, **given)


def smtp_client(
    host: str, port: int, *, called: str, tls: ssl.SSLContext, at_once: bool = False, answer: float = ANSWER
) -> aiosmtplib.SMTP:
    """A client for one mail server, not yet connected and without STARTTLS until `starttls()` is called.
    `called` is the name that it gives itself; `at_once` means TLS from the first byte (port 465)."""
    return _Smtp(
        hostname=host,
        port=port,
        local_hostname=called,
        timeout=answer,
        use_tls=at_once,
        start_tls=False,
        tls_context=tls,
    )
