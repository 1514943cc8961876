"""What tests of sessions share: numbers, a vault, and the verbs as one calls them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from kikao.accounts.wires import Verified
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.practice import EMPTY
from kikao.payments import wires as payments_wires
from kikao.sessions import absence, actions, booking, by_hand, closing, evidence, meeting, queries
from kikao.sessions.queries import Session
from kikao.sessions.rules import APPROVED
from sessions.staging import money_arrives, stage
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

    def asked(
        self, client: Member, psychologist: Member, start: datetime | None = None, *,
        session_type: str = "Individual", note: str | None = None, proved: bool = True, by: Member | None = None,
        mode: str = "Online",
    ) -> booking.Request:
        """`by`: whoever asks for the client."""
        return booking.Request(
            psychologist_id=psychologist.person_id, session_type=session_type, starts_at=start or self.start,
            client_id=client.person_id, asker_id=(by or client).person_id, proved=proved, note=note, mode=mode,
        )

    async def request(
        self, client: Member, psychologist: Member, start: datetime | None = None, *, now: datetime | None = None,
        **more: Any,
    ) -> UUID:
        asked = self.asked(client, psychologist, start, **more)
        async with self.db.transaction() as conn:
            return (await booking.request(conn, asked, now or self.now, EMPTY, VAULT)).session_id

    async def by_hand(self, who: Member, client: Member, psychologist: Member, **more: Any) -> UUID:
        wanted = by_hand.ByHand(
            psychologist_id=psychologist.person_id, person_id=client.person_id, session_type="Individual",
            starts_at=self.start, **more,
        )
        async with self.db.transaction() as conn:
            return (await by_hand.book(conn, who.actor, wanted, self.now, EMPTY, VAULT)).session_id

    async def act_for(self, who: Member, whom: Member) -> None:
        await self.run(
            "insert into accounts.acts_for (by_person, person_id, relation, since) values ($1, $2, 'carer', $3)",
            who.person_id, whom.person_id, self.now,
        )

    async def stage(self, status: str, start: datetime | None = None, now: datetime | None = None, **more: Any) -> UUID:
        async with self.db.transaction() as conn:
            return await stage(conn, self.cast, status, start or self.start, now or self.now, **more)

    async def see(self, conn: Conn, who: Member, session_id: UUID, now: datetime | None = None) -> Session:
        return await queries.visible(conn, who.actor, session_id, now or self.now)

    async def status(self, session_id: UUID, now: datetime | None = None) -> str:
        async with self.db.connection() as conn:
            return (await self.see(conn, self.cast.njeri, session_id, now)).status

    async def value(self, statement: str, *values: Any) -> Any:
        async with self.db.connection() as conn:
            return await conn.fetchval(statement, *values)

    async def run(self, statement: str, *values: Any) -> None:
        async with self.db.connection() as conn:
            await conn.execute(statement, *values)

    async def stored(self, session_id: UUID) -> str:
        found: str = await self.value("select status from sessions.session where id = $1", session_id)
        return found

    async def owed(self, session_id: UUID) -> int:
        """What must be given back for this session, in KES."""
        return int(await self.value(
            """
            select coalesce(sum(d.amount), 0) from payments.duty d
            join sessions.session s on s.charge_id = d.charge_id where s.id = $1 and d.done_at is null
            """, session_id))

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

    async def expire(self, session_id: UUID, now: datetime) -> bool:
        async with self.db.transaction() as conn:
            return await actions.expire(conn, session_id, now)

    async def pay(self, session_id: UUID, amount: int = 2500, now: datetime | None = None) -> None:
        async with self.db.transaction() as conn:
            await money_arrives(conn, session_id, amount, now or self.now)

    async def do(
        self, verb: str, who: Member, session_id: UUID, now: datetime, *, says: str = "", to: str = "",
        reason: str = "it was so", amount: int = 0,
    ) -> None:
        """A verb around or after the meeting; `says` who did not come."""
        why = actions.Reason(reason)
        async with self.db.transaction() as conn:
            session = await self.see(conn, who, session_id, now)
            verbs: dict[str, Any] = {
                "extend": lambda: meeting.extend(conn, who.actor, session, why, now, EMPTY, VAULT),
                "start": lambda: meeting.start(conn, who.actor, session, now, EMPTY),
                "end the call": lambda: meeting.end_call(conn, who.actor, session, now),
                "complete": lambda: meeting.complete(conn, who.actor, session, now),
                "break off": lambda: meeting.break_off(conn, who.actor, session, why, now, VAULT),
                "mark a no-show": lambda: absence.no_show(
                    conn, who.actor, session, absence.read_who(says, session), now, EMPTY, VAULT),
                "object": lambda: absence.object_to(conn, who.actor, session, why, now, EMPTY, VAULT),
                "decide": lambda: absence.decide(conn, who.actor, session, says, why, now, VAULT),
                "correct": lambda: absence.correct(conn, who.actor, session, to, says, why, now, EMPTY, VAULT),
                "give back more": lambda: absence.give_back_more(conn, who.actor, session, amount, why, now, VAULT),
            }
            await verbs[verb]()

    async def clock(self, session_id: UUID, now: datetime) -> str:
        """What the worker would do to it when it is due; answers its status then."""
        async with self.db.transaction() as conn:
            await closing.by_the_clock(conn, session_id, now)
        return await self.stored(session_id)

    async def paid_one(self, start: datetime | None = None, **more: Any) -> UUID:
        """Confirmed, with 2,500 shillings of real money."""
        session_id = await self.stage(APPROVED, start, **more)
        await self.pay(session_id)
        return session_id

    async def money(self, session_id: UUID) -> dict[str, int]:
        """Where what was paid for a session lies: charge, duty, earned, share; nothing where nothing lies."""
        async with self.db.connection() as conn:
            rows = await conn.fetch(
                """
                select t.kind, sum(m.amount)::int as amount from payments.move m
                join payments.ledger_account f on f.id = m.from_account
                join payments.ledger_account t on t.id = m.to_account
                where f.kind = 'charge' and f.owner = (select charge_id from sessions.session where id = $1)
                group by 1
                """, session_id)
            kept = await conn.fetchval(
                "select paid + verified - given_back - earned from payments.charge where purpose_id = $1", session_id)
        found = {row["kind"]: row["amount"] for row in rows}
        return found | ({"charge": kept} if kept else {})

    async def verified(self, who: Member, now: datetime | None = None, *, instead_of: Member | None = None) -> None:
        told = Verified(
            who.person_id, who.account_id, now or self.now, instead_of.person_id if instead_of else None
        )
        async with self.db.transaction() as conn:
            await evidence.release(conn, told)


@pytest.fixture
def desk(db: Database, cast: Cast, now: datetime) -> Desk:
    return Desk(db, cast, now)
