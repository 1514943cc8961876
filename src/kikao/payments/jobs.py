"""What is started by a due row: ringing, looking up, reading letters.

Each works in three steps: what is to be done (a transaction), asking M-Pesa (none), what came of it (a transaction).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kikao.core import practice
from kikao.core.clock import utc_now
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.jobs import Queue
from kikao.payments import actions, letters, looking
from kikao.payments.codes import Look, Push
from kikao.payments.rules import Numbers

RINGING = "state in ('created', 'submitting')"
LOOKING = "state not in ('created', 'submitting')"


class Provider(Protocol):
    """See providers.mpesa.Mpesa."""

    async def ask(self, *, phone: str, amount: int, reference: str, token: str, not_after: datetime) -> Push: ...
    async def look_up(self, checkout_request_id: str) -> Look: ...


class Desk:
    """What the jobs of this room need."""

    def __init__(
        self, db: Database, provider: Provider, vault: Vault, clock: Callable[[], datetime]
    ) -> None:
        self.db = db
        self.provider = provider
        self.vault = vault
        self.clock = clock

    async def numbers(self, conn: Conn, now: datetime) -> Numbers:
        """The practice's numbers as they are at this moment."""
        return (await practice.load(conn, now)).of(Numbers)

    async def ring(self, attempt_id: UUID) -> None:
        async def begin(conn: Conn) -> actions.Ringing | None:
            now = self.clock()
            return await actions.begin_ringing(conn, attempt_id, now, await self.numbers(conn, now))

        ringing = await self.db.again(begin)
        if ringing is None:
            return
        answer = await self.provider.ask(
            phone=ringing.phone, amount=ringing.amount, reference=ringing.reference,
            token=ringing.token, not_after=ringing.not_after,
        )  # fmt: skip

        async def note(conn: Conn) -> None:
            now = self.clock()
            await actions.note_answer(conn, attempt_id, answer, now, await self.numbers(conn, now))

        await self.db.again(note)

    async def look_up(self, attempt_id: UUID) -> None:
        async def begin(conn: Conn) -> str | None:
            now = self.clock()
            return await looking.begin_look_up(conn, attempt_id, now, await self.numbers(conn, now))

        checkout_request_id = await self.db.again(begin)
        if checkout_request_id is None:
            return
        look = await self.provider.look_up(checkout_request_id)

        async def note(conn: Conn) -> None:
            now = self.clock()
            numbers = await self.numbers(conn, now)
            await looking.note_look_up(conn, attempt_id, checkout_request_id, look, now, numbers)

        await self.db.again(note)

    async def read(self, letter_id: UUID) -> None:
        async def verb(conn: Conn) -> None:
            now = self.clock()
            await letters.read_letter(conn, self.vault, letter_id, now, await self.numbers(conn, now))

        await self.db.again(verb)


def queues(
    db: Database, provider: Provider, vault: Vault, clock: Callable[[], datetime] = utc_now
) -> list[Queue]:
    """Rings first: somebody is waiting with the phone in the hand."""
    desk = Desk(db, provider, vault, clock)
    return [
        Queue("payments.rings", "payments.attempt", desk.ring, at_once=8, where=RINGING),
        Queue("payments.letters", "payments.letter", desk.read, at_once=8),
        Queue("payments.look_ups", "payments.attempt", desk.look_up, at_once=4, where=LOOKING),
    ]


