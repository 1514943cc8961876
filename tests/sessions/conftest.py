"""What tests of sessions share: numbers, a vault, and the verbs as one calls them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import pytest

from kikao.payments import wires as payments_wires
from kikao.sessions import evidence
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.practice import EMPTY
from kikao.sessions import actions, booking, queries
from kikao.sessions.queries import Session
from support.cast import Cast, Member, workday

VAULT = Vault([b"k" * 32])


@pytest.fixture(autouse=True)
def _wired() -> None:
    payments_wires.decided["session"] = evidence.payment_decided


class Desk:
    """The verbs, each in a transaction of its own, by whoever is named."""

    def __init__(self, db: Database, cast: Cast, now: datetime) -> None:
        self.db, self.cast, self.now = db, cast, now
        self.start = workday(now)

    async def request(
        self, client: Member, psychologist: Member, start: datetime | None = None, *, now: datetime | None = None,
        session_type: str = "Individual", note: str | None = None, proved: bool = True,
    ) -> UUID:
        asked = booking.Request(
            psychologist_id=psychologist.person_id, session_type=session_type, starts_at=start or self.start,
            client_id=client.person_id, account_id=client.account_id, proved=proved, note=note,
        )
        async with self.db.transaction() as conn:
            return (await booking.request(conn, asked, now or self.now, EMPTY, VAULT)).session_id

    async def see(self, conn: Conn, who: Member, session_id: UUID, now: datetime | None = None) -> Session:
        return await queries.visible(conn, who.actor, session_id, now or self.now)

    async def status(self, session_id: UUID, now: datetime | None = None) -> str:
        async with self.db.connection() as conn:
            return (await self.see(conn, self.cast.njeri, session_id, now)).status

    async def approve(self, who: Member, session_id: UUID, now: datetime | None = None) -> None:
        at = now or self.now
        async with self.db.transaction() as conn:
            await actions.approve(conn, who.actor, await self.see(conn, who, session_id, at), at, EMPTY)

    async def decline(self, who: Member, session_id: UUID, now: datetime | None = None) -> None:
        at = now or self.now
        async with self.db.transaction() as conn:
            session = await self.see(conn, who, session_id, at)
            await actions.decline(conn, who.actor, session, actions.Reason("full that week"), at, VAULT)

    async def cancel(self, who: Member, session_id: UUID, now: datetime | None = None) -> int:
        at = now or self.now
        async with self.db.transaction() as conn:
            session = await self.see(conn, who, session_id, at)
            return await actions.cancel(conn, who.actor, session, actions.Reason("something came up"), at, VAULT)


@pytest.fixture
def desk(db: Database, cast: Cast, now: datetime) -> Desk:
    return Desk(db, cast, now)
