"""A year of sessions in a few seconds: the verbs themselves, told that it is then."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import Refusal
from kikao.core.ids import ALPHABET, new_id
from kikao.core.practice import EMPTY
from kikao.demo import people
from kikao.demo.people import PSYCHOLOGISTS, Person, Psychologist
from kikao.payments import charges, ledger
from kikao.payments.rules import Numbers
from kikao.sessions import absence, actions, booking, earned, meeting, queries, rules

PAST_DAYS, AHEAD_DAYS = 70, 18
PAST, AHEAD = 110, 22
ENDS = ("Completed",) * 16 + ("No Show", "Cancelled", "Cancelled", "Declined", "Expired")


class Plan(msgspec.Struct, frozen=True):
    """One session that is to have been: who, with whom, when, and how it went."""

    client: Person
    psychologist: Psychologist
    session_type: str
    starts_at: datetime
    end: str
    asked_at: datetime


class Writer:
    """Puts plans into the database. A plan whose time is taken is left out, as it would have been."""

    def __init__(
        self, conn: Conn, actors: Mapping[Person, Actor], vault: Vault, chance: random.Random, now: datetime
    ) -> None:
        self.conn = conn
        self.actors = actors
        self.vault = vault
        self.chance = chance
        self.now = now

    async def put(self, plan: Plan) -> None:
        client, psychologist = self.actors[plan.client], self.actors[plan.psychologist.person]
        assert client.person_id is not None
        assert psychologist.person_id is not None
        asked = booking.Request(
            psychologist_id=psychologist.person_id, session_type=plan.session_type, starts_at=plan.starts_at,
            client_id=client.person_id, asker_id=client.person_id, proved=True,
        )  # fmt: skip
        try:
            booked = await booking.request(self.conn, asked, plan.asked_at, EMPTY, self.vault)
        except Refusal:
            return
        session = await queries.visible(self.conn, psychologist, booked.session_id, plan.asked_at)
        await self._answer(plan, session, client, psychologist)

    async def _answer(self, plan: Plan, session: queries.Session, client: Actor, psychologist: Actor) -> None:
        answered_at = plan.asked_at + timedelta(minutes=self.chance.randint(10, 50))
        reason = actions.Reason("Not possible after all.")
        if plan.end == "Pending Approval":
            return
        if plan.end == "Declined":
            await actions.decline(self.conn, psychologist, session, reason, answered_at, self.vault)
            return
        await actions.approve(self.conn, psychologist, session, answered_at, EMPTY)
        if plan.end == "Approved":
            return
        if plan.end == "Expired":
            await actions.expire(self.conn, session.id, plan.starts_at)
            return
        paid_at = answered_at + timedelta(minutes=self.chance.randint(2, 20))
        await self._pay(session, paid_at)
        if plan.end == "Cancelled":
            mine = await queries.visible(self.conn, client, session.id, paid_at)
            await actions.cancel(self.conn, client, mine, reason, paid_at + timedelta(minutes=30), self.vault)
        elif plan.end in ("Completed", "No Show"):
            await self._hold(session.id, psychologist, plan.end, paid_at)

    async def _pay(self, session: queries.Session, at: datetime) -> None:
        charge = await charges.hold_charge(self.conn, session.charge_id)
        receipt_id = new_id()
        number = "SIM" + "".join(self.chance.choice(ALPHABET) for _ in range(7))
        await self.conn.execute(
            """
            insert into payments.receipt (id, channel, number, charge_id, amount, method, paid_at, received_at)
            values ($1, 'mpesa', $2, $3, $4, 'callback', $5, $5)
            """,
            receipt_id, number, charge.id, charge.missing, at,
        )  # fmt: skip
        money = charges.Money(ledger.UTILITY, charge.missing, receipt_id)
        await charges.credit(self.conn, charge, money, at, Numbers())

    async def _hold(self, session_id: UUID, psychologist: Actor, status: str, now: datetime) -> None:
        """It took place, or the client did not come; a day later its money is the psychologist's."""
        session = await queries.visible(self.conn, psychologist, session_id, now)
        if status == "Completed":
            await meeting.start(self.conn, psychologist, session, session.starts_at, EMPTY)
            on = await queries.visible(self.conn, psychologist, session_id, session.starts_at)
            await meeting.complete(self.conn, psychologist, on, session.ends_at)
        else:
            await absence.no_show(
                self.conn, psychologist, session, rules.CLIENT, session.ends_at, EMPTY, self.vault
            )
        if (a_day_later := session.ends_at + timedelta(days=1)) <= self.now:
            await earned.settle(self.conn, session_id, a_day_later)


def plans(now: datetime, chance: random.Random) -> list[Plan]:
    """Past ones, those that lie ahead, and the few that the cast sees first. The same chance gives the same."""
    past = [_plan(now, chance, -chance.randint(1, PAST_DAYS), chance.choice(ENDS)) for _ in range(PAST)]
    ahead = [_plan(now, chance, chance.randint(2, AHEAD_DAYS), "Confirmed") for _ in range(AHEAD)]
    return [*_of_the_cast(now), *sorted(past, key=lambda plan: plan.asked_at), *ahead]


def _plan(now: datetime, chance: random.Random, days: int, end: str) -> Plan:
    psychologist = chance.choice(PSYCHOLOGISTS)
    weekdays, (opens, closes) = chance.choice(psychologist.hours)
    day = (now + timedelta(days=days)).date()
    while day.isoweekday() not in weekdays:
        day += timedelta(days=1 if days > 0 else -1)
    minute = chance.randrange(opens, closes - 90, 30)
    starts_at = datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(psychologist.time_zone))
    asked_at = min(starts_at, now) - timedelta(days=chance.randint(1, 6), minutes=chance.randint(0, 600))
    kind = chance.choice(psychologist.rates)[0]
    return Plan(chance.choice(people.CLIENTS), psychologist, kind, starts_at, end, asked_at)


def _of_the_cast(now: datetime) -> list[Plan]:
    """Something for everybody to do: requests to answer, a session to pay, one to come."""
    otieno, wanjiru = PSYCHOLOGISTS[0], PSYCHOLOGISTS[1]
    lately = now - timedelta(minutes=70)
    return [
        Plan(people.AMINA, otieno, "Individual", _workday(now, 3, 10), "Confirmed", now - timedelta(days=2)),
        Plan(people.AMINA, wanjiru, "Individual", _workday(now, 5, 11), "Approved", lately),
        Plan(people.BARAKA, otieno, "Individual", _workday(now, 4, 14), "Pending Approval", lately),
        Plan(people.HALIMA, wanjiru, "Individual", _workday(now, 4, 9), "Pending Approval", lately),
        Plan(people.HALIMA, otieno, "Couples", _workday(now, 6, 15), "Approved", lately),
    ]


def _workday(now: datetime, ahead: int, hour: int) -> datetime:
    zone = ZoneInfo("Africa/Nairobi")
    day = now.astimezone(zone).date() + timedelta(days=ahead)
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    return datetime.combine(day, time(hour), zone)


async def write(conn: Conn, actors: Mapping[Person, Actor], vault: Vault, now: datetime) -> None:
    chance = random.Random(7)
    writer = Writer(conn, actors, vault, chance, now)
    for plan in plans(now, chance):
        await writer.put(plan)
    # What was news long ago was read long ago; only today's messages go out when the worker starts.
    await conn.execute(
        """
        update notifications.outbox set sent_at = created_at, due_at = null, channel = 'email'
        where due_at is not null and created_at < $1
        """,
        now - timedelta(hours=6),
    )
    # They are due now, and not since this morning: a demo that has just begun is not late with anything.
    await conn.execute("update notifications.outbox set due_at = $1 where due_at < $1", now)
