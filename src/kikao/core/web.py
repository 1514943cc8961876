"""What the pages and the API of every room share: the kit, who is here, bodies, answers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler, route

from kikao.core import i18n, idempotency
from kikao.core.actor import Actor
from kikao.core.addresses import parts_of
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.errors import Busy, Forbidden, Invalid, NotFound, NotSignedIn
from kikao.core.ids import read_id
from kikao.core.practice import Practice, Snapshot

T = TypeVar("T")
Req = Request[Any, Any, State]
SIGN_IN_COOKIE = "kikao"
# What *leave now* opens: something that anybody may have been looking at.
LEAVE_TO = "https://www.google.com/"
NOBODY_ID = UUID(int=2**128 - 1)


class EmergencyLine(msgspec.Struct, frozen=True):
    name: str
    number: str
    for_whom: str
    hours: str
    for_whom_sw: str = ""
    hours_sw: str = ""
    invented: bool = False

    def to_read(self) -> EmergencyLine:
        """In the reader's language; what was not written in it stands in English."""
        if i18n.language.get() != "sw":
            return self
        return msgspec.structs.replace(
            self, for_whom=self.for_whom_sw or self.for_whom, hours=self.hours_sw or self.hours
        )


class Kit:
    """What handlers are given: made once by the program, from machine settings."""

    def __init__(
        self, *, db: Database, vault: Vault, practice: Practice, trading_name: str, practice_phone: str,
        base_url: str, receiver_name: str, paybill: str, time_zone: str, demo: bool,
    ) -> None:
        self.db = db
        self.vault = vault
        self.practice = practice
        self.trading_name = trading_name
        self.practice_phone = practice_phone
        self.base_url = base_url
        self.receiver_name = receiver_name
        self.paybill = paybill
        self.time_zone = time_zone
        self.demo = demo
        self.secure = base_url.startswith("https://")
        self.emergency_lines: tuple[EmergencyLine, ...] = ()

    async def numbers(self, conn: Conn, actor: Actor, now: datetime) -> Snapshot:
        """The practice settings, as new as the statement that knew this actor."""
        return await self.practice.at(conn, actor.settings_version, now)

    async def settings(self, actor: Actor, now: datetime) -> Snapshot:
        """The same for whoever has no connection, and nearly always needs none for this."""
        if self.practice.snapshot.version >= actor.settings_version:
            return self.practice.snapshot
        async with self.db.connection() as conn:
            return await self.numbers(conn, actor, now)


class Json(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A body that the API reads: camelCase, nothing unknown, no NUL, which PostgreSQL cannot keep."""

    def __post_init__(self) -> None:
        for name, shown in zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True):
            value = getattr(self, name)
            texts = value if isinstance(value, list | tuple) else (value,)
            if any(isinstance(text, str) and "\0" in text for text in texts):
                raise ValueError(f"unusable text in `{shown}`")


class Shown(msgspec.Struct, rename="camel", kw_only=True):
    """An answer of the API: camelCase."""


# routes -------------------------------------------------------------------------------------------


def read(path: str, **options: Any) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """A handler for GET, and for HEAD, which Litestar would answer with 405."""
    return route(path, http_method=["GET", "HEAD"], status_code=200, **options)


# Options of an API handler, read by `web.in_order` before anything of a body is: who may call it at all. Without
# one of them it is for whoever is signed in.
ANYONE: dict[str, Any] = {"anyone": True}


def only(*roles: str) -> dict[str, Any]:
    return {"roles": roles}


Look = Callable[[Conn, Actor, str, datetime], Awaitable[Any]]


def of(look: Look, *roles: str) -> dict[str, Any]:
    """For something that the address names: `look` raises NotFound where it is not this actor's to see."""
    return {"look": look, "roles": roles}


def need(actor: Actor, *roles: str) -> None:
    """Raises NotSignedIn for nobody, Forbidden for somebody with none of these roles."""
    if not actor.signed_in:
        raise NotSignedIn
    if roles and not actor.has(*roles):
        raise Forbidden


def must_be_id(typed: str) -> UUID:
    """Something that is no id is nobody's."""
    found = read_id(typed)
    if found is None:
        raise NotFound
    return found


def same_site(request: Req, base_url: str) -> bool:
    """Whether a browser sent this form from our own pages.

    A form of a stranger's page carries `Sec-Fetch-Site: cross-site` or a foreign `Origin`, and no page can
    change that. A request with neither does not come from a browser that could be tricked.
    """
    fetched_from = request.headers.get("sec-fetch-site")
    if fetched_from is not None:
        return fetched_from in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return True
    theirs, ours = parts_of(origin), parts_of(base_url)
    return theirs is not None and theirs.netloc in (ours.netloc if ours else "", request.headers.get("host", ""))


_LANGUAGE = re.compile(rb"(?:^|;)\s*" + i18n.COOKIE.encode() + rb"=([a-z]{2,3})(?:;|$)")


def asked_language(path: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
    """What this browser chose before, by its cookie, which no program has; else what is accepted; else English."""
    told: dict[bytes, bytes] = {name: value for name, value in headers if name in (b"cookie", b"accept-language")}
    chosen = None if path.startswith("/api") else _LANGUAGE.search(told.get(b"cookie", b""))
    if chosen and i18n.is_spoken(code := chosen[1].decode()):
        return code
    return i18n.accepted(told.get(b"accept-language", b"").decode("latin-1")) or i18n.ENGLISH


# one effect ---------------------------------------------------------------------------------------


async def once(
    request: Req, kit: Kit, actor: Actor, now: datetime, verb: Callable[[Conn], Awaitable[idempotency.Answer]], *,
    finish: Callable[[Any], Awaitable[Any]] | None = None,
) -> Response[Any]:
    """An API verb that makes something, in one transaction; with an Idempotency-Key it has one effect.

    `finish`: the answer with what is shown of it and kept with no key.
    """
    typed = request.headers.get("idempotency-key")
    if typed is None:
        answer = await kit.db.again(verb)
    else:
        body = await request.body()
        key = idempotency.make_key(actor.account_id or NOBODY_ID, request.method, request.scope["path"], typed, body)
        answer = await idempotency.once(kit.db, key, now, verb)
    shown = await finish(answer.body) if finish else answer.body
    return Response(content=shown, status_code=answer.status, media_type=MediaType.JSON)


async def form_once(
    request: Req, kit: Kit, actor: Actor, now: datetime, verb: Callable[[Conn], Awaitable[str]]
) -> Response[Any]:
    """A form's verb; `verb` answers the address to go to. A double tap of one form has one effect.

    Raises Busy where the database let it wait too long: a refusal, so that the page comes back with what was typed.
    The form carries a hidden `idempotency_key` (see `form_key`). The body is not compared: the second tap may
    differ in nothing that matters, and the first one counts.
    """
    try:
        return see_other(await _form_once(request, kit, actor, now, verb))
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
        raise Busy from error


async def _form_once(
    request: Req, kit: Kit, actor: Actor, now: datetime, verb: Callable[[Conn], Awaitable[str]]
) -> str:
    form = await request.form()
    typed = str(form.get("idempotency_key") or "")
    if not typed:
        return await kit.db.again(verb)

    async def answered(conn: Conn) -> idempotency.Answer:
        return idempotency.Answer(303, await verb(conn))

    key = idempotency.make_key(actor.account_id or NOBODY_ID, "POST", request.scope["path"], typed[:255], b"")
    answer = await idempotency.once(kit.db, key, now, answered)
    return str(answer.body)


def see_other(address: str) -> Response[Any]:
    return Response(content=b"", status_code=303, headers={"Location": address}, media_type=MediaType.TEXT)


# forms --------------------------------------------------------------------------------------------


class Form:
    """What was typed, as text; lists never surprise, NUL never reaches the database."""

    def __init__(self, values: dict[str, str], lists: dict[str, tuple[str, ...]] | None = None) -> None:
        self.values = values
        self.lists = lists or {}

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "").strip()

    def raw(self, name: str) -> str:
        """As typed, blanks and all: for passwords."""
        return self.values.get(name, "")

    def ticked(self, name: str) -> bool:
        return self.values.get(name, "") not in ("", "0", "no")

    def every(self, name: str) -> tuple[str, ...]:
        """All that was ticked under one name."""
        return self.lists.get(name, ())


async def read_form(request: Req) -> Form:
    data = await request.form()
    lists: dict[str, tuple[str, ...]] = {}
    for name, value in data.multi_items():
        if isinstance(value, str):
            if "\0" in value or len(value) > 20_000:
                raise Invalid.field(name, "unusable_text", "This text cannot be used.")
            lists[name] = (*lists.get(name, ()), value)
    return Form({name: values[0] for name, values in lists.items()}, lists)


def safe_next(address: str) -> str:
    """A path of our own to go on to, never another site."""
    parts = parts_of(address)
    ours = parts is not None and not parts.netloc and not parts.scheme
    fine = ours and address.startswith("/") and not address.startswith(("//", "/\\"))
    # A line break would begin a header of its own.
    plain = address.isascii() and address.isprintable() and " " not in address
    return address if fine and plain and len(address) <= 500 else "/me"


def network(request: Req) -> str:
    """The network address that a request came from; a proxy's word is taken only from a trusted proxy (granian)."""
    return request.client.host if request.client else "unknown"
