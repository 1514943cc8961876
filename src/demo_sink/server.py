"""Both doors of the stand-in, SMTP and HTTP, on the loopback address."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from demo_sink.api import Api
from demo_sink.faults import Faults
from demo_sink.mail import listening
from demo_sink.pages import add_pages
from demo_sink.sms import Gateway
from demo_sink.store import Store


@dataclass(frozen=True, slots=True)
class Addresses:
    http_port: int
    smtp_port: int
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        """Of the page and the JSON; also the SMS gateway's base address."""
        return f"http://{self.host}:{self.http_port}"


def application(store: Store, faults: Faults) -> web.Application:
    api, gateway = Api(store, faults), Gateway(store, faults)
    app = web.Application()
    app.router.add_get("/health", api.health)
    app.router.add_get("/api/messages", api.messages)
    app.router.add_delete("/api/messages", api.delete_messages)
    app.router.add_post("/api/faults", api.order_fault)
    app.router.add_delete("/api/faults", api.delete_faults)
    app.router.add_post("/version1/messaging", gateway.send)
    add_pages(app, store)
    return app


@asynccontextmanager
async def running(
    http_port: int = 0, smtp_port: int = 0, smtp_tls: ssl.SSLContext | None = None
) -> AsyncIterator[Addresses]:
    """Port 0 takes a free one. With `smtp_tls` the mail server offers STARTTLS."""
    store, faults = Store(), Faults()
    runner = web.AppRunner(application(store, faults), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        async with listening(store, faults, smtp_port, smtp_tls) as smtp:
            await web.TCPSite(runner, "127.0.0.1", http_port).start()
            yield Addresses(http_port=runner.addresses[0][1], smtp_port=smtp)
    finally:
        await runner.cleanup()
