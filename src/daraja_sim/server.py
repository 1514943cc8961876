"""Put the simulator together and run it, on this machine only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from daraja_sim import api, daraja, pages
from daraja_sim.settings import Settings
from daraja_sim.world import WORLD, World

HOST = "127.0.0.1"
LOCAL_NAMES = ("127.0.0.1", "localhost")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse any other name: nobody may put this behind a host that looks like the real service."""
    if request.host.rsplit(":", 1)[0] not in LOCAL_NAMES:
        return web.json_response(
            {"error": "not_here", "detail": "a simulator: it answers on 127.0.0.1 only"}, status=421
        )
    origin = request.headers.get("Origin")
    if request.method not in ("GET", "HEAD") and origin not in (None, f"http://{request.host}"):
        return web.json_response({"error": "other_site", "detail": "a page of another site"}, status=403)
    return await handler(request)


async def mark(_: web.Request, answer: web.StreamResponse) -> None:
    answer.headers["X-Simulator"] = "daraja_sim; not Safaricom"
    answer.headers["Cache-Control"] = "no-store"


async def _alive(app: web.Application) -> AsyncIterator[None]:
    world = app[WORLD]
    await world.start()
    yield
    await world.stop()


async def _hang_up(app: web.Application) -> None:
    app[WORLD].closing.set()  # requests that hang on purpose must not hold up the end
    app[WORLD].clock.forget_jobs()


def create_app(settings: Settings | None = None) -> web.Application:
    """The simulator as an aiohttp application; its state is born with it."""
    app = web.Application(middlewares=[only_here, api.problems], client_max_size=256 * 1024)
    app[WORLD] = World(settings or Settings())
    app.on_response_prepare.append(mark)
    app.cleanup_ctx.append(_alive)
    app.on_shutdown.append(_hang_up)
    api.add_routes(app)
    daraja.add_routes(app)
    pages.add_routes(app)
    return app


@asynccontextmanager
async def running(settings: Settings | None = None) -> AsyncIterator[str]:
    """Run the simulator in this event loop; yields its base URL. A port of 0 takes a free one."""
    settings = settings or Settings(port=0)
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, settings.port).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
