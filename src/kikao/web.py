"""The web program: rooms' pages and API in one application, served by granian (`kikao serve`)."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import cache, partial
from typing import Any

import msgspec
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar import Litestar, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Message, Receive, Scope, Send

from kikao import warming, wiring
from kikao.accounts import kept
from kikao.accounts import queries as accounts
from kikao.core import i18n, logs, openapi, settings
from kikao.core.actor import Actor
from kikao.core.answers import EXCEPTION_HANDLERS, refuse_strangers_forms
from kikao.core.clock import utc_now
from kikao.core.crypto import hash_token
from kikao.core.errors import Invalid, NotFound
from kikao.core.render import assets
from kikao.core.web import SIGN_IN_COOKIE, Kit, Req, asked_language, need, read
from kikao.directory.queries import emergency_lines

FRESH_LINES_SECONDS = 30.0
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)


# Ready as they go out: no handler sets one of these itself, and every answer carries them.
_SAFE = [
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    # Not no-referrer: browsers would then send `Origin: null` with our own forms, too.
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
]


async def security_headers(message: Message, scope: Scope) -> None:
    """On every answer, errors and refusals of the framework included."""
    if message["type"] != "http.response.start":
        return
    headers = [*message["headers"], *_SAFE]
    if not any(name.lower() == b"cache-control" for name, _ in message["headers"]):
        headers.append((b"cache-control", b"private, no-store"))
    if scope["app"].state.kit.secure:
        headers.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
    message["headers"] = headers


# `kit`, `now` and `actor` ask for each other in a row: what could be had side by side would be started as tasks,
# which costs more than all three.


async def provide_kit(state: State) -> Kit:
    kit: Kit = state.kit
    return kit


async def provide_now(request: Req, kit: NamedDependency[Kit]) -> datetime:
    """One for the whole request: the guard's, where there was one."""
    now: datetime = request.scope["state"].get("now") or utc_now()
    return now


async def _known(kit: Kit, token: str | None, kind: str, now: datetime) -> Actor:
    async with kit.db.connection() as conn:
        if token:
            actor = await accounts.who_is(conn, hash_token(token), kind, now)
            if actor is not None:
                return actor
        return Actor(settings_version=await accounts.settings_version(conn, now), language=i18n.language.get())


class Application(Litestar):
    """Speaks the language that a request asks for, from before it is routed until it is answered.

    Whoever turns out to be signed in is spoken to in their own from then on (`page_actor`, `in_order`).
    """

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        headers: Any = scope.get("headers", ())
        with i18n.speaking(asked_language(str(scope.get("path", "")), headers)):
            await super().__call__(scope, receive, send)


async def page_actor(request: Req, kit: NamedDependency[Kit], now: NamedDependency[datetime]) -> Actor:
    token = request.cookies.get(SIGN_IN_COOKIE)
    actor = await _known(kit, token, "page", now)
    request.scope["state"]["viewer"] = actor  # for a page that refuses something
    speak_to(actor)
    if token and not actor.signed_in and request.method == "POST":
        request.scope["state"]["kept"] = await kept.keep(request, kit, token, now)
    return actor


def speak_to(actor: Actor) -> None:
    """From here to the end of the request."""
    if i18n.is_spoken(actor.language):
        i18n.language.set(actor.language)


async def api_actor(request: Req, now: NamedDependency[datetime]) -> Actor:
    found: Actor = request.scope["state"]["actor"]
    return found


async def in_order(request: Any, handler: BaseRouteHandler) -> None:
    """The API's 401, 403 and 404, before whatever may be wrong with a body: it is none of a stranger's business.

    By token only: the API reads no cookie, so no page of a stranger can use somebody's sign-in.
    One guard for all of it: Litestar copies the whole handler for each.
    """
    await without_nul(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-auth-token")
    kit, now = request.app.state.kit, utc_now()
    actor = await _known(kit, bearer, "api", now)
    request.scope["state"] |= {"actor": actor, "now": now}
    if i18n.accepted(request.headers.get("accept-language", "")) is None:
        speak_to(actor)
    if not handler.opt.get("anyone"):
        need(actor, *handler.opt.get("roles", ()))
    look = handler.opt.get("look")
    if look is not None and not await _fits(request, handler):
        async with kit.db.connection() as conn:
            await look(conn, actor, next(iter(request.path_params.values())), now)


async def _fits(request: Req, handler: BaseRouteHandler) -> bool:
    """Whether the body is what this handler reads."""
    field = handler.parsed_data_field
    if field is None:
        return True
    try:
        msgspec.json.decode(await request.body(), type=field.annotation)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


async def without_nul(request: Req) -> None:
    """PostgreSQL keeps no NUL, so there is nothing by such a name and nothing to look for."""
    if "\0" in request.scope["path"]:
        raise NotFound
    for name, value in request.query_params.multi_items():
        if "\0" in name or "\0" in value:
            raise Invalid.field(name.replace("\0", ""), "unusable_text", "This text cannot be used.")


async def from_our_pages(request: Req) -> Response[Any] | None:
    await without_nul(request)
    return await refuse_strangers_forms(request)


@read("/static/{name:str}", opt={"public": True})
async def static_file(request: Req, name: FromPath[str]) -> Response[bytes]:
    asset = assets.by_name.get(name)
    if asset is None:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(content=asset.packed, media_type=asset.kind, headers=headers)
    return Response(content=asset.body, media_type=asset.kind, headers=headers)


async def _keep_lines_fresh(kit: Kit) -> None:
    while True:
        with suppress(Exception):  # the lines of before stay on the pages while the database is away
            async with kit.db.connection() as conn:
                kit.emergency_lines = await emergency_lines(conn)
        await asyncio.sleep(FRESH_LINES_SECONDS)


def _stop_streams_first(app: Litestar) -> None:
    """Granian waits for open answers before it lets us clean up: event streams must end when SIGTERM comes."""

    def on_term() -> None:
        app.state.stopping.set()
        os.kill(os.getpid(), signal.SIGINT)

    with suppress(RuntimeError, ValueError, NotImplementedError):  # not in the main thread: a test
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, on_term)


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    async with wiring.house(app.state.settings) as house:
        app.state.kit = house.kit
        app.state.provider = partial(wiring.provider, house.machine, house.db)
        app.state.stopping = asyncio.Event()
        _stop_streams_first(app)
        chores = [asyncio.create_task(_keep_lines_fresh(house.kit))]
        if app.state.warm:
            chores.append(asyncio.create_task(warming.keep_warm(house.kit, house.machine.pool_size)))
        yield
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)


def build(machine: settings.Settings, *, warm: bool = False) -> Litestar:
    """The application for these settings; the database is opened when it starts. `warm`: its statements are planned
    before people come."""
    pages = Router(
        path="/",
        route_handlers=[*wiring.page_handlers(), static_file],
        dependencies={"actor": Provide(page_actor)},
        before_request=from_our_pages,
        include_in_schema=False,
    )
    api = Router(
        path="/", route_handlers=wiring.api_handlers(), dependencies={"actor": Provide(api_actor)}, guards=[in_order]
    )
    others = Router(path="/", route_handlers=[*wiring.open_handlers(), *openapi.handlers], before_request=without_nul)
    return Application(
        route_handlers=[pages, api, others],
        dependencies={"kit": Provide(provide_kit), "now": Provide(provide_now)},
        exception_handlers=EXCEPTION_HANDLERS,
        before_send=[security_headers],
        lifespan=[lifespan],
        state=State({"settings": machine, "warm": warm, "recognize": page_actor}),
        compression_config=CompressionConfig(backend="gzip", minimum_size=600, exclude=["^/static/"]),
        openapi_config=None,
        request_max_body_size=256 * 1024,
        logging_config=None,
    )


def behind(proxies: tuple[str, ...], app: Any) -> Any:
    """The same application, told by these proxies alone from where a request really came and whether by https."""
    return wrap_asgi_with_proxy_headers(app, trusted_hosts=list(proxies)) if proxies else app


def create_app() -> Any:
    """The whole application, from the environment. Raises settings.BadSettings when that is not complete."""
    logs.configure()
    machine = settings.read()
    return behind(machine.trusted_proxies, build(machine, warm=True))


@cache
def _loaded() -> Any:
    return create_app()


def serve(machine: settings.Settings) -> None:
    """Answers until it is told to stop; SIGTERM goes straight to granian.

    The application is made before the workers are: they are copies of this process, so that everything is loaded
    once and not once a worker, and the pages of memory that it fills are theirs together.
    """
    gc.disable()  # there is nothing to be found among what was only just made
    _loaded()
    gc.freeze()
    gc.enable()
    Granian(
        "kikao.web:create_app", address=machine.host, port=machine.port, interface=Interfaces.ASGI, websockets=False,
        workers=machine.web_workers, log_level=LogLevels.warning,
        # A stop that comes while a worker starts would wait for ever; a worker that dies would end them all.
        workers_kill_timeout=20, respawn_failed_workers=True,
    ).serve(target_loader=_loaded, wrap_loader=False)  # fmt: skip
