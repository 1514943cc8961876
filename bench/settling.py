"""Letters settled: read, weighed, credited, and their sessions Confirmed, by the working program's own queue."""

from __future__ import annotations

import random
from datetime import timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import msgspec

from bench import crowd, place
from kikao import wiring
from kikao.core import db, jobs
from kikao.core.clock import utc_now
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.practice import load
from kikao.payments.jobs import queues
from kikao.payments.letters import store_letter
from kikao.sessions import booking

LETTERS = 600
_ACCEPTED = """
insert into payments.attempt (id, charge_id, phone, amount, state, created_at, expires_at, rung_at, token_hash,
                              merchant_request_id, checkout_request_id)
select $1, charge_id, '+254700000001', price, 'accepted', $3, $4, $3, sha256(convert_to($5::text, 'UTF8')), $6, $7
from sessions.session where id = $2
returning amount
"""


class NotSettled(Exception):
    """A rate of something else is no rate."""


async def rate(url: str) -> float:
    """A second, by one process that works on eight at once, as the working program does."""
    wiring.wire()
    vault = Vault([random.Random(1).randbytes(32)])
    opened = await db.connect(url, size=10)
    try:
        async with opened.connection() as conn:
            await conn.execute("update directory.psychologist set takes = 'everyone at once'")
            # All of these are rung at one time by one phone, which only a benchmark may.
            await conn.execute("drop index payments.one_open_prompt_a_phone")
            for number in range(1, LETTERS + 1):
                await _letter(conn, vault, await _session(conn, vault, number), number)
        return await _drained(opened, vault)
    finally:
        await opened.close()


async def _session(conn: Conn, vault: Vault, number: int) -> UUID:
    now = utc_now()
    slot, psychologist = divmod(number, place.PSYCHOLOGISTS)
    booked = await booking.request(conn, booking.Request(
        psychologist_id=crowd.crowd_id(crowd.PSYCHOLOGIST, psychologist + 1), session_type="Individual",
        starts_at=crowd.start_of(slot, crowd.first_monday(now)), client_id=crowd.crowd_id(crowd.CLIENT, number),
        asker_id=crowd.crowd_id(crowd.CLIENT, number), proved=True,
    ), now, await load(conn, now), vault)  # fmt: skip
    return booked.session_id


async def _letter(conn: Conn, vault: Vault, session_id: UUID, number: int) -> None:
    now, token = utc_now(), f"{0xABC00000 + number:032x}"
    merchant, checkout = f"29115-{number}-1", f"ws_CO_{number:020d}"
    amount = await conn.fetchval(
        _ACCEPTED, crowd.crowd_id(crowd.ATTEMPT, 0x7000000 + number), session_id, now, now + timedelta(minutes=10),
        token, merchant, checkout,
    )
    if await store_letter(conn, vault, token, _paid(merchant, checkout, amount, number), None, now) is None:
        raise NotSettled("a letter was not taken")


def _paid(merchant: str, checkout: str, amount: int, number: int) -> bytes:
    items: list[dict[str, Any]] = [
        {"Name": "Amount", "Value": float(amount)}, {"Name": "MpesaReceiptNumber", "Value": f"TKP{number:07d}"},
        {"Name": "TransactionDate", "Value": 20261125102115}, {"Name": "PhoneNumber", "Value": 254700000001},
    ]  # fmt: skip
    return msgspec.json.encode({"Body": {"stkCallback": {
        "MerchantRequestID": merchant, "CheckoutRequestID": checkout, "ResultCode": 0,
        "ResultDesc": "The service request is processed successfully.", "CallbackMetadata": {"Item": items},
    }}})  # fmt: skip


class _NoProvider:
    """Nothing rings and nothing is looked up here."""

    async def ask(self, **_given: Any) -> Any:
        raise NotSettled("a phone was to be rung")

    async def look_up(self, checkout_request_id: str) -> Any:
        raise NotSettled(f"{checkout_request_id} was to be looked up")


async def _drained(opened: Database, vault: Vault) -> float:
    letters = next(queue for queue in queues(opened, _NoProvider(), vault) if queue.name == "payments.letters")
    begun = perf_counter()
    while await jobs.drain(opened, letters):
        pass
    took = perf_counter() - begun
    async with opened.connection() as conn:
        confirmed = await conn.fetchval("select count(*) from sessions.session where status = 'Confirmed'")
    if confirmed != LETTERS:
        raise NotSettled(f"{confirmed} of {LETTERS} sessions are Confirmed")
    return LETTERS / took
