"""The table refuses nonsense, and each test here fails when its guard is taken away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest

from kikao.core.ids import new_id
from kikao.payments import ledger
from kikao.payments.errors import PromptOpen
from payments.conftest import Till

PHONE, OTHER = "+254700000001", "+254700000002"


async def one_open_prompt_a_phone(till: Till) -> None:
    charges = [await till.owed() for _ in range(4)]
    await asyncio.gather(*(till.ask(charge, PHONE) for charge in charges), return_exceptions=True)
    found = await till.rows("select count(*) as open from payments.attempt where open and phone = $1", PHONE)
    assert found[0]["open"] == 1


async def one_open_prompt_a_charge(till: Till) -> None:
    charge_id = await till.owed()
    for phone in (PHONE, OTHER):  # somebody with psql at midnight
        await _put(till, charge_id, phone)
    found = await till.rows("select count(*) as open from payments.attempt where open")
    assert found[0]["open"] == 1


async def _put(till: Till, charge_id: UUID, phone: str) -> None:
    async with till.db.connection() as conn:
        await conn.execute(
            "insert into payments.attempt (id, charge_id, phone, amount, state, created_at, expires_at) "
            "values ($1, $2, $3, 100, 'created', now(), now()) on conflict do nothing",
            new_id(), charge_id, phone,
        )  # fmt: skip


async def one_credit_a_receipt(till: Till) -> None:
    first = await till.rung(await till.owed(), PHONE)
    second = await till.rung(await till.owed(), OTHER)
    for rung in (first, second):
        await till.post(rung.token, rung.letter(receipt="UKM7A1B2C3"))
    await till.read_letters()
    found = await till.rows("select sum(paid) as paid from payments.charge")
    assert found[0]["paid"] == first.amount


GUARDS = [
    ("drop index payments.one_open_prompt_a_phone", one_open_prompt_a_phone),
    ("drop index payments.one_open_prompt_a_charge", one_open_prompt_a_charge),
    ("alter table payments.receipt drop constraint one_credit_a_receipt", one_credit_a_receipt),
]
Promise = Callable[[Till], Awaitable[None]]


@pytest.mark.parametrize("promise", [promise for _, promise in GUARDS])
async def test_the_guard_holds(till: Till, promise: Promise) -> None:
    await promise(till)


@pytest.mark.parametrize(("without", "promise"), GUARDS)
async def test_without_its_guard_the_promise_is_broken(till: Till, without: str, promise: Promise) -> None:
    async with till.db.connection() as conn:
        await conn.execute(without)
    with pytest.raises(AssertionError):
        await promise(till)


async def test_a_busy_phone_is_named_as_such(till: Till) -> None:
    await till.ask(await till.owed(), PHONE)
    with pytest.raises(PromptOpen):
        await till.ask(await till.owed(), PHONE)


async def test_a_move_is_never_changed(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.look(rung, "0")
    for statement in ("update payments.move set amount = 1", "delete from payments.move"):
        async with till.db.connection() as conn:
            with pytest.raises(asyncpg.RestrictViolationError):
                await conn.execute(statement)


async def test_a_receipt_arrives_once(till: Till) -> None:
    rung = await till.rung(await till.owed())
    await till.look(rung, "0")
    [receipt] = await till.rows("select id from payments.receipt")
    account = ledger.of_charge(rung.charge_id)
    async with till.db.connection() as conn:
        with pytest.raises(asyncpg.UniqueViolationError):
            await ledger.move(conn, ledger.UTILITY, account, 100, ledger.ARRIVED, receipt["id"], till.clock())


async def test_never_more_goes_back_than_came(till: Till) -> None:
    charge_id = await till.owed()
    async with till.db.connection() as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute("update payments.charge set given_back = 1 where id = $1", charge_id)
