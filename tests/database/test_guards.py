"""What the tables refuse, by the name of the guard, and that nothing else would: without the guard it goes through."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kikao.core.db import Conn
from kikao.core.ids import SYSTEM, new_id, new_reference
from support.cast import Cast, Member, workday

pytestmark = pytest.mark.database

Deed = Callable[[Conn, Cast, datetime], Awaitable[None]]


async def charge(conn: Conn, now: datetime, **given: Any) -> UUID:
    """A charge of 2,500 shillings that nobody has paid."""
    row = {
        "id": new_id(), "purpose": "session", "purpose_id": new_id(), "reference": new_reference(), "amount": 2500,
        "link_hash": new_id().bytes, "created_at": now, **given,
    }  # fmt: skip
    await insert(conn, "payments.charge", row)
    charge_id: UUID = row["id"]
    return charge_id


_NUMBERS = itertools.count(1)


async def session(conn: Conn, cast: Cast, now: datetime, client: Member, psychologist: Member, **given: Any) -> UUID:
    """A request for an hour on the first workday, with a quarter of an hour after it."""
    start: datetime = given.pop("starts_at", workday(now))
    session_id = new_id()
    row = {
        "id": session_id, "reference": new_reference(), "psychologist_id": psychologist.person_id,
        "client_id": client.person_id, "requested_by": cast.amina.person_id, "meeting_id": session_id,
        "session_type": "Individual", "mode": "Online", "starts_at": start, "ends_at": start + timedelta(minutes=60),
        "minutes": 60, "buffer_minutes": 15, "occupied_until": start + timedelta(minutes=75),
        "first_starts_at": start, "session_rate": 2500, "price": 2500, "terms_id": cast.terms_id,
        "status": "Pending Approval", "hold_until": now + timedelta(hours=24), "open_no": 1,
        "asker_no": next(_NUMBERS),
        "charge_id": given.pop("charge_id", None) or await charge(conn, now),
        "created_at": now, "updated_at": now, **given,
    }  # fmt: skip
    await insert(conn, "sessions.session", row)
    return session_id


async def attempt(conn: Conn, now: datetime, charge_id: UUID, phone: str) -> None:
    row = {
        "id": new_id(), "charge_id": charge_id, "phone": phone, "amount": 2500, "state": "created",
        "created_at": now, "expires_at": now + timedelta(seconds=90),
    }  # fmt: skip
    await insert(conn, "payments.attempt", row)


async def receipt(conn: Conn, now: datetime, number: str) -> None:
    row = {"channel": "mpesa", "number": number, "amount": 2500, "method": "callback", "received_at": now}
    await insert(conn, "payments.receipt", {"id": new_id(), **row})


async def insert(conn: Conn, table: str, row: dict[str, Any]) -> None:
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await conn.execute(f"insert into {table} ({', '.join(row)}) values ({places})", *row.values())


CONFIRMED = {"status": "Confirmed", "hold_until": None, "open_no": None, "confirmed_by": SYSTEM}


async def two_clients_at_one_time(conn: Conn, cast: Cast, now: datetime) -> None:
    await session(conn, cast, now, cast.amina, cast.otieno)
    await session(conn, cast, now, cast.baraka, cast.otieno, starts_at=workday(now) + timedelta(minutes=60))


async def one_client_with_two(conn: Conn, cast: Cast, now: datetime) -> None:
    await session(conn, cast, now, cast.amina, cast.otieno)
    await session(conn, cast, now, cast.amina, cast.wanjiru, starts_at=workday(now) + timedelta(minutes=30), open_no=2)


async def confirmed_and_not_paid(conn: Conn, cast: Cast, now: datetime) -> None:
    await session(conn, cast, now, cast.amina, cast.otieno, **CONFIRMED, confirmed_at=now, due_at=now)


async def a_third_open_one_with_a_number_that_is_taken(conn: Conn, cast: Cast, now: datetime) -> None:
    await session(conn, cast, now, cast.amina, cast.otieno)
    await session(conn, cast, now, cast.amina, cast.otieno, starts_at=workday(now, hour=14))


async def waiting_without_end(conn: Conn, cast: Cast, now: datetime) -> None:
    await session(conn, cast, now, cast.amina, cast.otieno, hold_until=None)


async def two_prompts_for_a_charge(conn: Conn, cast: Cast, now: datetime) -> None:
    charge_id = await charge(conn, now)
    for person in (cast.amina, cast.baraka):
        await attempt(conn, now, charge_id, person.phone)


async def two_prompts_on_a_phone(conn: Conn, cast: Cast, now: datetime) -> None:
    for _ in range(2):
        await attempt(conn, now, await charge(conn, now), cast.amina.phone)


async def one_receipt_twice(conn: Conn, cast: Cast, now: datetime) -> None:
    for _ in range(2):
        await receipt(conn, now, "SIM4KIKAO1")


async def more_back_than_came(conn: Conn, cast: Cast, now: datetime) -> None:
    await charge(conn, now, paid=1000, given_back=1001)


async def a_move_that_is_edited(conn: Conn, cast: Cast, now: datetime) -> None:
    accounts = [new_id(), new_id()]
    for number, kind in zip(accounts, ("utility", "suspense"), strict=True):
        await insert(conn, "payments.ledger_account", {"id": number, "kind": kind, "owner": SYSTEM})
    move = {"id": new_id(), "from_account": accounts[0], "to_account": accounts[1], "amount": 1, "why": "x", "at": now}
    await insert(conn, "payments.move", move)
    await conn.execute("update payments.move set amount = 2")


async def one_message_twice(conn: Conn, cast: Cast, now: datetime) -> None:
    row = {"kind": "paid", "about": new_id(), "recipient": new_id(), "created_at": now, "due_at": now}
    for _ in range(2):
        await insert(conn, "notifications.outbox", {"id": new_id(), **row})


async def hours_that_overlap(conn: Conn, cast: Cast, now: datetime) -> None:
    row = {"psychologist_id": cast.otieno.person_id, "weekday": 1, "from_minute": 1000, "until_minute": 1100}
    await insert(conn, "availability.hours", {"id": new_id(), "modes": ["Online"], **row})


async def listed_and_never_checked(conn: Conn, cast: Cast, now: datetime) -> None:
    await conn.execute("update directory.psychologist set checked_at = null, checked_by = null")


async def earning(conn: Conn, cast: Cast, now: datetime, **given: Any) -> None:
    """2,000 shillings for Dr Otieno and 500 for the practice, moved."""
    row = {
        "id": new_id(), "charge_id": given.pop("charge_id", None) or await charge(conn, now, paid=2500),
        "payee": cast.otieno.person_id, "percent": 20, "payable_at": now, "promised_at": now, "promised_by": SYSTEM,
        "moved_at": now, "moved_by": SYSTEM, "amount": 2000, "share": 500, **given,
    }  # fmt: skip
    await insert(conn, "payments.earning", row)


async def earned_and_given_back(conn: Conn, cast: Cast, now: datetime) -> None:
    await charge(conn, now, paid=2500, given_back=1, earned=2500)


async def earned_twice(conn: Conn, cast: Cast, now: datetime) -> None:
    charge_id = await charge(conn, now, paid=2500)
    for _ in range(2):
        await earning(conn, cast, now, charge_id=charge_id)


async def passed_on_before_its_time(conn: Conn, cast: Cast, now: datetime) -> None:
    await earning(conn, cast, now, payable_at=now + timedelta(hours=1))


async def an_earning_that_is_edited(conn: Conn, cast: Cast, now: datetime) -> None:
    await earning(conn, cast, now)
    await conn.execute("update payments.earning set amount = 2500, share = 0")


async def confirmed_and_forgotten_by_the_clock(conn: Conn, cast: Cast, now: datetime) -> None:
    charge_id = await charge(conn, now, paid=2500)
    await session(conn, cast, now, cast.amina, cast.otieno, **CONFIRMED, confirmed_at=now, charge_id=charge_id)


async def money_during_an_objection(conn: Conn, cast: Cast, now: datetime) -> None:
    ended = {"status": "No Show", "absent": "client", "ended_at": now, "ended_by": SYSTEM, "due_at": now}
    await session(
        conn, cast, now, cast.amina, cast.otieno, **CONFIRMED | ended, confirmed_at=now,
        charge_id=await charge(conn, now, paid=2500), objected_at=now, objected_by=SYSTEM,
    )


# The guard, its table and kind, and the deed that it alone prevents.
GUARDS: dict[str, tuple[str, str, Deed]] = {
    "no_two_at_one_time_for_a_psychologist": ("sessions.session", "constraint", two_clients_at_one_time),
    "no_two_at_one_time_for_a_client": ("sessions.session", "constraint", one_client_with_two),
    "settled_before_confirmed": ("sessions.session", "constraint", confirmed_and_not_paid),
    "few_open_at_once": ("sessions.session", "constraint", a_third_open_one_with_a_number_that_is_taken),
    "hold_while_waiting": ("sessions.session", "constraint", waiting_without_end),
    "one_open_prompt_a_charge": ("payments", "index", two_prompts_for_a_charge),
    "one_open_prompt_a_phone": ("payments", "index", two_prompts_on_a_phone),
    "one_credit_a_receipt": ("payments.receipt", "constraint", one_receipt_twice),
    "no_more_back_than_came": ("payments.charge", "constraint", more_back_than_came),
    "no_more_back_than_came, nor earned": ("payments.charge", "constraint", earned_and_given_back),
    "one_earning_a_charge": ("payments.earning", "constraint", earned_twice),
    "never_moved_too_early": ("payments.earning", "constraint", passed_on_before_its_time),
    "what_is_earned_is_never_changed": ("payments.earning", "trigger", an_earning_that_is_edited),
    "ends_by_the_clock": ("sessions.session", "constraint", confirmed_and_forgotten_by_the_clock),
    "no_money_during_an_objection": ("sessions.session", "constraint", money_during_an_objection),
    "move_is_never_changed": ("payments.move", "trigger", a_move_that_is_edited),
    "message_once": ("notifications.outbox", "constraint", one_message_twice),
    "hours_do_not_overlap": ("availability.hours", "constraint", hours_that_overlap),
    "listed_when_checked": ("directory.psychologist", "constraint", listed_and_never_checked),
}

_DROP = {
    "constraint": "alter table {table} drop constraint {name}",
    "index": "drop index {table}.{name}",
    "trigger": "drop trigger {name} on {table}",
}


@pytest.mark.parametrize("name", GUARDS)
async def test_the_guard_refuses(conn: Conn, cast: Cast, now: datetime, name: str) -> None:
    with pytest.raises(asyncpg.PostgresError) as refused:
        await GUARDS[name][2](conn, cast, now)
    assert refused.value.constraint_name == name.partition(",")[0]


@pytest.mark.parametrize("name", GUARDS)
async def test_nothing_else_would(conn: Conn, cast: Cast, now: datetime, name: str) -> None:
    table, kind, deed = GUARDS[name]
    await conn.execute(_DROP[kind].format(table=table, name=name.partition(",")[0]))
    await deed(conn, cast, now)


async def test_seats_of_one_meeting_may_overlap(conn: Conn, cast: Cast, now: datetime) -> None:
    meeting = new_id()
    for person in (cast.amina, cast.baraka):
        await session(conn, cast, now, person, cast.otieno, meeting_id=meeting, session_type="Group")


async def test_two_children_of_one_parent_may_be_seen_at_one_time(conn: Conn, cast: Cast, now: datetime) -> None:
    await session(conn, cast, now, cast.zuri, cast.otieno, requested_by=cast.halima.person_id)
    await session(conn, cast, now, cast.baraka, cast.wanjiru, requested_by=cast.halima.person_id)


async def test_an_ended_one_frees_its_time(conn: Conn, cast: Cast, now: datetime) -> None:
    first = await session(conn, cast, now, cast.amina, cast.otieno)
    await conn.execute(
        """
        update sessions.session
        set status = 'Cancelled', hold_until = null, open_no = null, ended_at = $2, ended_by = $3
        where id = $1
        """,
        first, now, SYSTEM,
    )  # fmt: skip
    await session(conn, cast, now, cast.baraka, cast.otieno)
