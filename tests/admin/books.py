"""What finance has to look at, made by the verbs that make it in life."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from kikao.core.crypto import Vault
from kikao.core.db import Database
from kikao.core.ids import new_id
from payments.conftest import Clock, Rung, Till
from support.app import World
from support.cast import Cast


class Owed(msgspec.Struct, frozen=True):
    """An accepted session that can be paid."""

    session_id: UUID
    reference: str
    charge_id: UUID


class Books:
    """One practice's money in one test."""

    def __init__(self, db: Database, vault: Vault, cast: Cast) -> None:
        self.db, self.cast = db, cast
        self.till = Till(db, vault, Clock())

    @classmethod
    def of(cls, world: World) -> Books:
        return cls(world.db, world.app.state.kit.vault, world.cast)

    async def value(self, statement: str, *values: Any) -> Any:
        async with self.db.connection() as conn:
            return await conn.fetchval(statement, *values)

    async def owed(self, session: Any) -> Owed:
        """What the API answered about a session, with its charge."""
        session_id = UUID(session["id"])
        charge = await self.value("select charge_id from sessions.session where id = $1", session_id)
        return Owed(session_id, session["reference"], charge)

    async def paid(self, owed: Owed, phone: str = "+254700000001", **changed: Any) -> Rung:
        """Rung, and M-Pesa's letter about it read; `changed` as in Rung.letter."""
        rung = await self.till.rung(owed.charge_id, phone)
        await self.till.post(rung.token, rung.letter(**changed))
        await self.till.read_letters()
        return rung

    async def failed(self, owed: Owed, phone: str = "+254700000001", code: int = 2001) -> Rung:
        rung = await self.till.rung(owed.charge_id, phone)
        await self.till.post(rung.token, rung.letter(code))
        await self.till.read_letters()
        return rung

    async def contradicted(self, owed: Owed, phone: str = "+254700000001") -> Rung:
        """Paid by a letter; asked, M-Pesa says that it was cancelled."""
        rung = await self.paid(owed, phone)
        await self.till.look(rung, "1032")
        return rung

    async def forged(self, rung: Rung) -> None:
        """A letter on a real path with numbers of its own."""
        await self.till.post(rung.token, rung.letter(checkout="ws_CO_of_somebody_else"))
        await self.till.read_letters()

    async def stuck_attempt(self, owed: Owed, phone: str = "+254700000002") -> UUID:
        rung = await self.till.rung(owed.charge_id, phone)
        await self.value(
            "update payments.attempt set tries = 8, due_at = now() - interval '1 hour', last_error = 'TimeoutError'"
            " where id = $1", rung.attempt_id,
        )
        return rung.attempt_id

    async def message(self, about: UUID, recipient: UUID, *, dropped: str | None = None) -> UUID:
        """A message that is stuck, or was dropped for this reason."""
        message_id = new_id()
        await self.value(
            """
            insert into notifications.outbox
                (id, kind, about, recipient, created_at, due_at, tries, last_error, dropped_at, dropped_why)
            values ($1, 'accepted', $2, $3, now(), case when $4::text is null then now() - interval '1 hour' end, 8,
                    'KeyError', case when $4::text is not null then now() end, $4)
            on conflict (about, kind, recipient, version) do update
            set due_at = excluded.due_at, tries = 8, last_error = 'KeyError', sent_at = null,
                dropped_at = excluded.dropped_at, dropped_why = excluded.dropped_why
            """,
            message_id, about, recipient, dropped,
        )
        found: UUID = await self.value(
            "select id from notifications.outbox where about = $1 and kind = 'accepted' and recipient = $2",
            about, recipient,
        )
        return found
