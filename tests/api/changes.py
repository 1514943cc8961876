"""A good request for every route that changes something: who sends it, and what has to be there before.

Each stands with its route in one of the four files `changes_…`; `Scene` makes what they need.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec

from admin.books import Books
from kikao.core.crypto import Vault
from kikao.core.ids import SYSTEM
from kikao.journal.actions import UNKNOWN
from sessions import staging
from support import people
from support.app import MAKENA, Visitor, World

Form = dict[str, Any]


class Ask(msgspec.Struct, frozen=True):
    """`form`: JSON for the API, a form for a page; `names`: what stands in the address."""

    who: str
    form: Form = {}
    names: dict[str, Any] = {}
    query: str = ""


class Staged(msgspec.Struct, frozen=True):
    """A session, with what addresses name of it."""

    id: UUID
    reference: str

    @property
    def names(self) -> dict[str, Any]:
        return {"session_id": self.id, "reference": self.reference}


Good = Callable[["Scene"], Awaitable[Ask]]
GOOD: dict[str, Good] = {}


def good(*routes: str) -> Callable[[Good], Good]:
    """The request that this makes is a good one for these routes."""
    def keep(make: Good) -> Good:
        GOOD.update(dict.fromkeys(routes, make))
        return make

    return keep


class Scene:
    """One practice in which one change after another is made."""

    def __init__(self, world: World) -> None:
        self.world, self.cast, self.now = world, world.cast, world.now
        self.books = Books.of(world)
        self.made = 0

    @property
    def vault(self) -> Vault:
        found: Vault = self.world.app.state.kit.vault
        return found

    @property
    def names(self) -> dict[UUID, str]:
        """Who is who in the journal."""
        people = {name: getattr(self.cast, name) for name in self.cast.__struct_fields__}
        known = {member.account_id: name for name, member in people.items() if member.has_account}
        return {**known, MAKENA.account_id: "makena", SYSTEM: "the system", UNKNOWN: "nobody"}

    async def sign_in(self, who: str) -> None:
        """Anew, whatever ended the sign-ins before; nobody forgets every cookie."""
        await self.world.by_name[who].close()
        if who == "nobody":
            self.world.by_name[who] = Visitor(self.world.app, None, None)
        else:
            await self.world.sign_in(who, MAKENA if who == "makena" else getattr(self.cast, who))

    async def value(self, statement: str, *values: Any) -> Any:
        return await self.books.value(statement, *values)

    async def session(self, status: str, start: datetime | None = None, *, client: str = "amina",
                      psychologist: str = "otieno", **more: Any) -> Staged:
        """In this status, at a time of its own: from now on ahead while it waits or is to be, else in the past."""
        self.made += 1
        ahead = status in ("Pending Approval", "Approved", "Payment Submitted")
        if start is None:
            start = self.now + (timedelta(days=2 + self.made) if ahead else timedelta(hours=-3 * self.made))
        async with self.world.db.connection() as conn:
            session_id = await staging.stage(
                conn, self.cast, status, start, self.now, open_no=self.made, client=getattr(self.cast, client),
                psychologist=getattr(self.cast, psychologist), **more,
            )
            reference = await conn.fetchval("select reference from sessions.session where id = $1", session_id)
        return Staged(session_id, reference)

    async def must(self, who: str, method: str, path: str, form: Form | None = None) -> httpx.Response:
        """A request on the way, of the API or a page, which has to succeed."""
        answer = await send(self.world.by_name[who], method, path, form or {})
        assert answer.status_code < 400, f"{who} {method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer

    async def code(self, verification_id: str, kind: str = "code") -> str:
        """As it was sent."""
        sent = await people.message(self.world.db, UUID(verification_id), self.now, kind=kind, vault=self.vault)
        assert sent is not None
        return sent.heading.rsplit(" ", 1)[-1]


async def send(visitor: Visitor, method: str, path: str, form: Form) -> httpx.Response:
    if path.startswith("/api/"):
        return await visitor.api(method, path, json=None if method == "DELETE" else form)
    return await visitor.page(method, path, data=form)
