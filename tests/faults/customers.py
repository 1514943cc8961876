"""People who ask, pay and try again by their keys until they are answered; and what must be true of them then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
import msgspec
from bench import crowd

from kikao.core.db import Conn
from support import house as houses

PATIENCE = 150.0  # seconds for one life, whatever dies meanwhile
PAYING, ASKING = 6, 4  # at once
BREATH = 0.3  # seconds between two who only ask
PSYCHOLOGISTS = 200
PHONES = [f"254{start}{last:02d}" for start in ("7000000", "1100000") for last in range(100)]  # nobody's
# Those in which somebody tries again as soon as they may. Of one of them nobody knows whether the phone has rung.
LAST_STATES = {"paid", "failed", "refused", "not_sent", "unknown", "submit_unknown"}


class GaveUp(AssertionError):
    pass


class Life(msgspec.Struct):
    """What one person was told: these are promises."""

    number: int
    pays: bool
    session_id: str = ""
    reference: str = ""
    tries: int = 0
    seen_confirmed: bool = False


class Customer:
    """Asks for a time of their own, and may pay for it; the psychologists take everybody at once."""

    def __init__(self, house: houses.House, number: int, monday: datetime, *, pays: bool) -> None:
        self.house, self.life, self.monday = house, Life(number, pays), monday
        self.until = monotonic() + PATIENCE
        # M-Pesa refuses the same amount from the same phone within two minutes: prices differ by psychologist, and who
        # shares one's psychologist does not share one's phone.
        self.phone = PHONES[(number + number // PSYCHOLOGISTS) % len(PHONES)]

    async def call(self, method: str, path: str, key: str = "", body: Any = None) -> Any:
        """The answer, however often it takes: the same request with the same key."""
        headers = {"Authorization": f"Bearer {crowd.token(self.life.number)}"}
        if key:
            headers["Idempotency-Key"] = key
        last: object = None
        while monotonic() < self.until:
            self.life.tries += 1
            with suppress(httpx.HTTPError):
                async with httpx.AsyncClient(base_url=self.house.url, timeout=5) as web:
                    answer = await web.request(method, path, headers=headers, json=body)
                last = (answer.status_code, answer.text[:200])
                if answer.status_code < 300:
                    return answer.json()
                if answer.status_code < 500 and answer.json().get("code") not in ("in_progress", "busy"):
                    return answer.json()
            await asyncio.sleep(0.2)
        raise GaveUp(f"{method} {path}: {last}")

    async def live(self) -> Life:
        await self.ask()
        turn = 0
        while self.life.pays and not self.life.seen_confirmed:
            turn += 1
            asked = await self.initiate(turn)
            if "attemptId" not in asked:
                await asyncio.sleep(1)  # told to wait a little
            await self._see_it_through()
        return self.life

    async def ask(self) -> None:
        psychologist, slot = self.life.number % PSYCHOLOGISTS + 1, self.life.number // PSYCHOLOGISTS
        made = await self.call("POST", "/api/sessions/request", f"ask-{self.life.number}", {
            "psychologistId": str(crowd.crowd_id(crowd.PSYCHOLOGIST, psychologist)), "sessionType": "Individual",
            "sessionDate": crowd.start_of(slot, self.monday).isoformat(),
        })  # fmt: skip
        assert made.get("status") == "Approved", made
        self.life.session_id, self.life.reference = made["id"], made["reference"]

    async def initiate(self, turn: int) -> dict[str, Any]:
        """What was answered; a refusal has no `attemptId`."""
        asked: dict[str, Any] = await self.call("POST", "/api/mpesa/initiate", f"pay-{self.life.number}-{turn}", {
            "sessionId": self.life.session_id, "phoneNumber": f"+{self.phone}",
        })  # fmt: skip
        return asked

    async def _see_it_through(self) -> None:
        """Until it is confirmed, or can be tried again."""
        seen: Any = None
        while monotonic() < self.until:
            await self.answer()
            seen = await self._confirmed()
            attempt = seen["attempt"]
            if self.life.seen_confirmed or attempt is None or (attempt["state"] in LAST_STATES and attempt["canRetry"]):
                return
            await asyncio.sleep(0.3)
        raise GaveUp(f"{self.life}: {seen}")

    async def wait_for_confirmation(self) -> None:
        self.life.seen_confirmed = False
        while not self.life.seen_confirmed:
            seen = await self._confirmed()
            if monotonic() > self.until:
                raise GaveUp(f"{self.life}: {seen}")
            await asyncio.sleep(0.2)

    async def _confirmed(self) -> Any:
        seen = await self.call("GET", f"/api/mpesa/status/{self.life.session_id}")
        self.life.seen_confirmed = seen["sessionStatus"] == "Confirmed"
        return seen

    async def answer(self) -> None:
        """The PIN, when the phone shows a prompt."""
        async with httpx.AsyncClient(base_url=self.house.simulator) as handset:
            shown = (await handset.get(f"/api/phones/{self.phone}")).json()
            if shown["prompt"]:
                await handset.post(f"/api/phones/{self.phone}/pin", json={"pin": "1234"})


# How often one phone may be rung is not what is proved here, and far more people come than there are phones of nobody.
OFTEN = """
insert into core.setting (name, value, from_at, set_at, set_by, reason)
select name, '100'::jsonb, begun, begun, gen_random_uuid(), 'a test with few phones'
from (values ('payments.prompts_at_once'), ('payments.prompts_a_day')) as setting (name),
     (values (now() - interval '1 year')) as times (begun)
"""


async def seed(conn: Conn, now: datetime, *, people: int) -> None:
    await crowd.seed(conn, now, psychologists=PSYCHOLOGISTS, clients=people)
    await conn.execute("update directory.psychologist set takes = 'everyone at once'")
    await conn.execute(OFTEN)
    await conn.execute(
        """
        insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)
        select gen_random_uuid(), id, 'Individual', 1000 + row_number() over (order by id), 60, $1, id
        from directory.psychologist
        """,
        now - timedelta(minutes=1),
    )
    await conn.execute("analyze")


@asynccontextmanager
async def crowd_of(house: houses.House, lives: list[Life], now: datetime) -> AsyncIterator[asyncio.Event]:
    """People who come one after the other, so many at once, until the event is set; then whoever is there finishes."""
    over, monday, numbers = asyncio.Event(), crowd.first_monday(now), iter(range(1, 100_000))

    async def come(pays: bool) -> None:
        while not over.is_set():
            lives.append(await Customer(house, next(numbers), monday, pays=pays).live())
            await asyncio.sleep(0 if pays else BREATH)

    async with asyncio.TaskGroup() as group:
        for pays in [True] * PAYING + [False] * ASKING:
            group.create_task(come(pays))
        yield over


async def settled(conn: Conn) -> bool:
    """Nothing is due any more: letters are read and attempts are over."""
    return bool(await conn.fetchval(
        """
        select not exists (select from payments.letter_log where due_at is not null)
           and not exists (select from payments.attempt where due_at is not null)
        """
    ))  # fmt: skip


async def judge(conn: Conn, house: houses.House, lives: list[Life]) -> None:
    """Nothing that was acknowledged is lost, and nothing is there twice."""
    rows = await conn.fetch(
        """
        select s.id, s.reference, s.status, c.amount, c.paid,
               (select coalesce(sum(r.amount), 0)::integer from payments.money_in r
                where r.charge_id = c.id) as received
        from sessions.session s join payments.charge c on c.id = s.charge_id
        """
    )
    there = {row["id"]: row for row in rows}
    assert len(there) == len(lives), "a session that nobody asked for, twice, or not at all"
    async with httpx.AsyncClient(base_url=house.simulator) as phones:
        pushes = (await phones.get("/api/pushes")).json()["pushes"]
        assert (await phones.get("/api/ledger")).json()["sum"] == 0
    for life in lives:
        row = there[UUID(life.session_id)]
        assert row["status"] == ("Confirmed" if life.pays else "Approved"), row
        taken = sum(push["amount"] for push in pushes if push["receipt"] and push["reference"] == life.reference)
        assert row["received"] == taken, (row, taken)
        assert row["paid"] >= (row["amount"] if life.pays else 0)
    assert await conn.fetchval("select count(*) from journal.entry where verb = 'request'") == len(lives)
    assert await conn.fetchval("select count(*) from payments.charge") == len(lives)
    twice = await conn.fetch("select number from payments.money_in group by number having count(*) > 1")
    assert twice == []


def tell(faults: int, lives: list[Life]) -> None:
    paid, requests = sum(life.pays for life in lives), sum(life.tries for life in lives)
    print(f"\n{faults} faults: {len(lives)} people booked, {paid} of them paid, by {requests} requests")
    assert paid >= PAYING
    assert len(lives) - paid >= ASKING
