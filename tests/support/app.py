"""The whole web program inside the test: real routes, real database, no sockets, all of the cast signed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar

from kikao import web
from kikao.accounts.signing_in import open_sign_in
from kikao.core import settings
from kikao.core.db import Database
from kikao.core.lines import JOINER, SPACE
from kikao.core.web import SIGN_IN_COOKIE
from kikao.payments.links import pay_token
from support.cast import Cast, Member, seed_cast, workday
from support.house import environment
from support.people import USUAL

BASE = "http://127.0.0.1:8000"
# Nothing listens there, and no test of the web program alone may need it.
NOWHERE = SimpleNamespace(host="127.0.0.1", smtp_port=9, url="http://127.0.0.1:9")
MAKENA = Member(23, "Makena", ("finance",))


def machine(database_url: str, **changed: str) -> settings.Settings:
    """Machine settings of a house in a test; `changed` by their names without the prefix."""
    env = environment(database_url, NOWHERE.url, NOWHERE, 8000)
    return settings.read(env | {f"KIKAO_{name}": value for name, value in changed.items()})


# Making the application costs more than most tests; none of it depends on the settings until it is started.
_idle: list[Litestar] = []


@contextmanager
def borrowed(settings_: settings.Settings) -> Iterator[Litestar]:
    """An application that nobody else uses meanwhile, as made for these settings."""
    app = _idle.pop() if _idle else web.build(settings_)
    app.state.settings = settings_
    yield app
    _idle.append(app)


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[Litestar]:
    """Begun and ended by one task: pytest begins and ends a fixture in two."""
    up, stop = asyncio.Event(), asyncio.Event()

    async def life() -> None:
        async with app.lifespan():
            up.set()
            await stop.wait()

    living = asyncio.create_task(life())
    waiting = asyncio.create_task(up.wait())
    await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if living.done():
        waiting.cancel()
        living.result()
    try:
        yield app
    finally:
        stop.set()
        await living


def browser(app: Litestar, *, network: str = "127.0.0.1", **options: Any) -> httpx.AsyncClient:
    """Something that sends requests from this network address. What the application raises is answered, not raised."""
    asgi: Any = app  # two libraries, two names for one protocol
    transport = httpx.ASGITransport(app=asgi, raise_app_exceptions=False, client=(network, 50_000))
    return httpx.AsyncClient(transport=transport, base_url=BASE, event_hooks={"response": [as_read]}, **options)


async def as_read(page: httpx.Response) -> None:
    """What holds an amount together looks like a space, what holds a word together like nothing."""
    if page.headers.get("content-type", "").startswith("text/html"):
        page._content = (await page.aread()).replace(SPACE.encode(), b" ").replace(JOINER.encode(), b"")


class Visitor:
    """One of the cast, or nobody, with a program and a browser."""

    def __init__(self, app: Litestar, token: str | None, cookie: str | None) -> None:
        self.token, self.cookie = token, cookie
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.program = browser(app, headers=self.headers)
        self.browser = browser(app, cookies={SIGN_IN_COOKIE: cookie} if cookie else None)

    async def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self.program.request(method, path, **options)

    async def page(self, method: str, path: str, **options: Any) -> httpx.Response:
        return await self.browser.request(method, path, **options)

    async def close(self) -> None:
        await self.program.aclose()
        await self.browser.aclose()


class World:
    """A running application, its database, and a visitor for everybody."""

    def __init__(self, app: Litestar, db: Database, cast: Cast, now: datetime) -> None:
        self.app, self.db, self.cast, self.now = app, db, cast, now
        self.nobody = Visitor(app, None, None)
        self.by_name: dict[str, Visitor] = {"nobody": self.nobody}

    def __getattr__(self, name: str) -> Visitor:
        try:
            return self.by_name[name]
        except KeyError:
            raise AttributeError(name) from None

    async def request(
        self, client: str = "amina", psychologist: str = "otieno", *, ahead: int = 3, hour: int = 10, **more: Any
    ) -> Any:
        """A request by this client, as the API shows it."""
        body = asking(getattr(self.cast, psychologist), workday(self.now, ahead=ahead, hour=hour)) | more
        answer = await self.by_name[client].api("POST", "/api/sessions/request", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def approved(self, client: str = "amina", psychologist: str = "otieno", **more: Any) -> Any:
        """The same, accepted: it can be paid."""
        session = await self.request(client, psychologist, **more)
        answer = await self.by_name[psychologist].api("PUT", f"/api/sessions/{session['id']}/approve")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pay_link(self, session: Any) -> str:
        """The token of the link that pays for this session."""
        async with self.db.connection() as conn:
            charge = await conn.fetchval("select charge_id from sessions.session where id = $1", UUID(session["id"]))
        return pay_token(self.app.state.kit.vault, charge)

    async def sign_in(self, name: str, member: Member) -> None:
        async with self.db.transaction() as conn:
            token, cookie = [
                await open_sign_in(conn, member.account_id, kind=kind, own_phone=True, now=self.now, numbers=USUAL)
                for kind in ("api", "page")
            ]
        self.by_name[name] = Visitor(self.app, token, cookie)


def asking(psychologist: Member, start: datetime | str) -> dict[str, Any]:
    """The body of a request."""
    return {
        "psychologistId": str(psychologist.person_id), "sessionType": "Individual",
        "sessionDate": start if isinstance(start, str) else start.isoformat(),
    }


async def hire(db: Database, member: Member, now: datetime) -> None:
    """Somebody more who works here and signs in."""
    async with db.transaction() as conn:
        await conn.execute(
            "insert into accounts.person (id, name, created_at) values ($1, $2, $3)", member.person_id, member.name, now
        )
        await conn.execute(
            """
            insert into accounts.account (id, person_id, password_hash, created_at, proved_at)
            values ($1, $2, 'none', $3, $3)
            """,
            member.account_id, member.person_id, now,
        )
        await conn.executemany(
            "insert into accounts.role (account_id, role, granted_at, granted_by) values ($1, $2, $3, $1)",
            [(member.account_id, role, now) for role in member.roles],
        )


@asynccontextmanager
async def world(url: str, now: datetime, **changed: str) -> AsyncIterator[World]:
    """The application on this empty database, with the cast in it: `amina`, …, `makena` (finance), and `nobody`."""
    async with AsyncExitStack() as stack:
        made_for = stack.enter_context(borrowed(machine(url, **changed)))
        app = await stack.enter_async_context(lifespan(made_for))
        db: Database = app.state.kit.db
        async with db.connection() as conn:
            cast = await seed_cast(conn, now)
        await hire(db, MAKENA, now)
        made = World(app, db, cast, now)
        for name in cast.__struct_fields__:
            member = getattr(cast, name)
            if member.has_account:
                await made.sign_in(name, member)
        await made.sign_in("makena", MAKENA)
        for visitor in made.by_name.values():
            stack.push_async_callback(visitor.close)
        yield made
