"""A till of tests: charges for an invented purpose, the simulator over HTTP, and a worker that is told when to work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from aiohttp import web

from daraja_sim.server import running
from daraja_sim.settings import Settings as SimSettings
from kikao.core import jobs
from kikao.core.actor import NOBODY, Actor
from kikao.core.clock import utc_now
from kikao.core.crypto import Secret, Vault
from kikao.core.db import Conn, Database
from kikao.core.ids import new_id, new_reference
from kikao.payments import actions, ledger, letters, links, looking
from kikao.payments.codes import Look, Push
from kikao.payments.jobs import queues
from kikao.payments.providers.mpesa import Merchant, Mpesa
from kikao.payments.rules import Numbers
from kikao.payments.tokens import Tokens
from kikao.payments.wires import Decided, decided
from support.cast import Cast

PURPOSE = "thing"
AMOUNT = 2500


class Clock:
    """The programs' clock of one test: real time, moved forward by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def move(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class Rung(msgspec.Struct, frozen=True):
    """An accepted attempt, with what M-Pesa knows of it."""

    attempt_id: UUID
    charge_id: UUID
    token: str
    merchant: str
    checkout: str
    amount: int

    def letter(self, code: str | int = 0, **changed: Any) -> bytes:
        """A callback as M-Pesa writes it; `receipt`, `amount`, `merchant`, `checkout` and `items` may be changed."""
        said: dict[str, Any] = {
            "MerchantRequestID": changed.get("merchant", self.merchant),
            "CheckoutRequestID": changed.get("checkout", self.checkout),
            "ResultCode": code,
            "ResultDesc": "The service request is processed successfully." if str(code) == "0" else "Refused",
        }
        if str(code) == "0":
            items = [
                {"Name": "Amount", "Value": changed.get("amount", self.amount)},
                {"Name": "MpesaReceiptNumber", "Value": changed.get("receipt", self.receipt)},
                {"Name": "Balance"},
                {"Name": "TransactionDate", "Value": 20261122153041},
                {"Name": "PhoneNumber", "Value": 254700000001},
            ]
            said["CallbackMetadata"] = {"Item": changed.get("items", items)}
        return msgspec.json.encode({"Body": {"stkCallback": said}})

    @property
    def receipt(self) -> str:
        return "UKM" + self.attempt_id.hex[-7:].upper()


class Till:
    """One practice's payments in one test."""

    def __init__(self, db: Database, vault: Vault, clock: Clock) -> None:
        self.db, self.vault, self.clock = db, vault, clock
        self.numbers = Numbers()
        self.told: list[Decided] = []
        self.takes = True
        self.ended: set[UUID] = set()

    async def decide(self, conn: Conn, told: Decided) -> bool:
        self.told.append(told)
        return self.takes and told.purpose_id not in self.ended

    async def owed(self, amount: int = AMOUNT, *, payer: UUID | None = None, opened: bool = True) -> UUID:
        """A charge that may be paid for a day."""
        charge_id, now = new_id(), self.clock()
        async with self.db.transaction() as conn:
            await conn.execute(
                "insert into payments.charge (id, purpose, purpose_id, reference, payer_account, amount, link_hash,"
                " created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
                charge_id, PURPOSE, new_id(), new_reference(), payer, amount,
                links.link_hash(links.pay_token(self.vault, charge_id)), now,
            )  # fmt: skip
            if opened:
                await actions.open_charge(conn, charge_id, now + timedelta(days=1))
        return charge_id

    async def ask(self, charge_id: UUID, phone: str, actor: Actor = NOBODY) -> actions.Attempt:
        async def verb(conn: Conn) -> actions.Attempt:
            return await actions.ask_to_pay(conn, actor, charge_id, phone, self.clock(), self.numbers)

        return await self.db.again(verb)

    async def rung(self, charge_id: UUID, phone: str = "+254700000001") -> Rung:
        """An attempt that M-Pesa has accepted, without a socket."""
        attempt = await self.ask(charge_id, phone)
        return await self.accepted(attempt.id)

    async def accepted(self, attempt_id: UUID) -> Rung:
        """One that was asked for is accepted."""
        merchant, checkout = f"m-{attempt_id}"[:40], f"ws_CO_{attempt_id}"
        async with self.db.transaction() as conn:
            ringing = await actions.begin_ringing(conn, attempt_id, self.clock(), self.numbers)
            assert ringing is not None
            answer = Push("accepted", merchant_request_id=merchant, checkout_request_id=checkout)
            await actions.note_answer(conn, attempt_id, answer, self.clock(), self.numbers)
        row = await self.row("attempt", attempt_id)
        return Rung(attempt_id, row["charge_id"], ringing.token, merchant, checkout, row["amount"])

    async def post(self, token: str, body: bytes) -> UUID | None:
        """A letter through the letterbox."""
        async with self.db.connection() as conn:
            return await letters.store_letter(conn, self.vault, token, body, "192.0.2.7", self.clock())

    async def read_letters(self) -> list[str]:
        """Read all letters that are due, oldest first, parked ones as they are woken; what became of each."""
        words = []
        due = "select id from payments.letter where due_at is not null order by received_at, id"
        while found := await self.rows(due):
            for row in found:
                async with self.db.transaction() as conn:
                    read = await letters.read_letter(conn, self.vault, row["id"], self.clock(), self.numbers)
                words.append(read.word if read else "")
        return words

    async def look(self, rung: Rung, code: str, kind: str = "result") -> None:
        """An answer to a look-up."""
        async with self.db.transaction() as conn:
            look = Look(kind, code, "", rung.merchant)
            await looking.note_look_up(conn, rung.attempt_id, rung.checkout, look, self.clock(), self.numbers)

    async def state(self, rung: Rung) -> str:
        return str((await self.row("attempt", rung.attempt_id))["state"])

    async def row(self, table: str, row_id: UUID) -> dict[str, Any]:
        async with self.db.connection() as conn:
            row = await conn.fetchrow(f"select * from payments.{table} where id = $1", row_id)
        assert row is not None
        return dict(row.items())

    async def rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        async with self.db.connection() as conn:
            return [dict(row.items()) for row in await conn.fetch(statement, *values)]

    async def status(self, charge_id: UUID) -> str:
        rows = await self.rows("select payment_status from payments.charge_state where id = $1", charge_id)
        return str(rows[0]["payment_status"])

    async def ledger_is_true(self) -> None:
        """It sums to nothing, and each charge's columns say what its account holds."""
        async with self.db.connection() as conn:
            assert sum((await ledger.balances(conn)).values()) == 0
            wrong = await conn.fetch(
                """
                select c.id, c.paid + c.verified + c.covered - c.given_back - c.taken_back - c.earned as kept,
                       coalesce(sum(case when m.to_account = a.id then m.amount else -m.amount end), 0) as held
                from payments.charge c left join payments.ledger_account a on a.kind = 'charge' and a.owner = c.id
                left join payments.move m on a.id in (m.to_account, m.from_account)
                group by c.id
                having c.paid + c.verified + c.covered - c.given_back - c.taken_back - c.earned
                       <> coalesce(sum(case when m.to_account = a.id then m.amount else -m.amount end), 0)
                """
            )
            assert wrong == []
            owed = await conn.fetchval("select coalesce(sum(amount), 0) from payments.duty where done_at is null")
            assert (await ledger.balances(conn)).get("duty", 0) == owed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault() -> Vault:
    return Vault([b"k" * 32])


@pytest.fixture
def till(db: Database, cast: Cast, vault: Vault, clock: Clock) -> Till:
    made = Till(db, vault, clock)
    decided[PURPOSE] = made.decide
    return made


class Shop(Till):
    """A till with M-Pesa on the other side of real sockets: the simulator, the letterbox, the worker's queues."""

    def __init__(self, till: Till, provider: Mpesa, sim: httpx.AsyncClient) -> None:
        super().__init__(till.db, till.vault, till.clock)
        self.provider, self.sim = provider, sim
        self.queues = queues(till.db, provider, till.vault, till.clock)
        decided[PURPOSE] = self.decide

    async def work(self, *names: str) -> int:
        """Drain what is due now, until nothing is."""
        done = 0
        while True:
            taken = 0
            for queue in self.queues:
                if not names or queue.name.removeprefix("payments.") in names:
                    taken += await jobs.drain(self.db, queue, now=self.clock())
            if not taken:
                return done
            done += taken

    async def pass_time(self, seconds: float) -> None:
        """On both sides."""
        self.clock.move(seconds)
        await self.sim.post("/api/clock", json={"advanceSeconds": seconds})

    async def phone(self, number: str, verb: str, **body: Any) -> dict[str, Any]:
        answer = await self.sim.post(f"/api/phones/{number}/{verb}", json=body)
        answer.raise_for_status()
        return dict(answer.json())

    async def screen(self, number: str) -> dict[str, Any]:
        return dict((await self.sim.get(f"/api/phones/{number}")).json())

    async def fault(self, **described: Any) -> None:
        (await self.sim.post("/api/faults", json=described)).raise_for_status()


@asynccontextmanager
async def letterbox(till: Till) -> AsyncIterator[str]:
    """The edge of /callbacks and nothing else, on a free port."""

    async def store(request: web.Request) -> web.Response:
        async with till.db.connection() as conn:
            stored = await letters.store_letter(
                conn, till.vault, request.match_info["token"], await request.read(), request.remote, till.clock()
            )
        return web.json_response({"ResultCode": 0}, status=200 if stored else 404)

    app = web.Application()
    app.router.add_post("/callbacks/{token}", store)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def shop(till: Till) -> AsyncIterator[Shop]:
    settings = SimSettings(port=0, seed=7)
    async with (
        running(settings) as base,
        letterbox(till) as callbacks,
        httpx.AsyncClient(base_url=base, trust_env=False) as sim,
    ):
        provider = Mpesa(
            base, Secret(settings.consumer_key), Secret(settings.consumer_secret),
            Merchant(settings.shortcode, Secret(settings.passkey), callbacks),
            Tokens(till.db, till.vault), clock=till.clock, look_ups_a_minute=60_000, answer=1.5,
        )  # fmt: skip
        try:
            yield Shop(till, provider, sim)
        finally:
            await provider.close()
