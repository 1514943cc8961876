"""Guards, each with its negative control: with the guard the bad thing does not happen, without it it does.

A test that passes with the guard dropped would guard nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from kikao.core.db import Conn
from kikao.core.errors import NotPossible, Refusal
from kikao.core.practice import EMPTY
from kikao.core.sql import Statement
from kikao.sessions import actions, booking, sql
from kikao.sessions.booking import Request
from kikao.sessions.rules import APPROVED, CONFIRMED, EXPIRED
from sessions.conftest import VAULT, Desk
from sessions.test_invariants import overlapping, too_many_asked, too_many_open, unpaid_but_confirmed
from support import waiting

pytestmark = pytest.mark.database


async def _side_by_side(desk: Desk, first: Request, second: Request) -> None:
    """Two requests that do not see each other: the second is made before the first is committed."""
    async with desk.db.pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await booking.request(conn, first, desk.now, EMPTY, VAULT)
        rival = asyncio.create_task(_try_to_book(desk, second))
        async with desk.db.connection() as watch:
            await waiting.until(watch, or_=rival.done)  # without its guard it waits for nobody
        await transaction.commit()
    await rival


async def _try_to_book(desk: Desk, asked: Request) -> bool:
    try:
        async with desk.db.transaction() as conn:
            await booking.request(conn, asked, desk.now, EMPTY, VAULT)
    except Refusal:
        return False
    return True


async def two_clients_at_one_time(desk: Desk) -> bool:
    cast = desk.cast
    await _side_by_side(desk, desk.asked(cast.amina, cast.otieno), desk.asked(cast.baraka, cast.otieno))
    return bool(await overlapping(desk.db))


async def two_psychologists_at_one_time(desk: Desk) -> bool:
    """Late money for a session whose client has gone to somebody else at that time."""
    late = await desk.stage(EXPIRED, psychologist=desk.cast.wanjiru)
    await desk.stage(CONFIRMED)
    await desk.pay(late)
    return bool(await overlapping(desk.db))


async def a_third_unpaid_one(desk: Desk) -> bool:
    """Of one child, for whom two ask."""
    cast = desk.cast
    await desk.act_for(cast.amina, cast.zuri)
    await desk.request(cast.zuri, cast.otieno, by=cast.halima)
    two, three = (desk.asked(cast.zuri, cast.otieno, desk.start + timedelta(hours=hours), by=who)
                  for hours, who in ((2, cast.halima), (4, cast.amina)))  # fmt: skip
    await _side_by_side(desk, two, three)
    return bool(await too_many_open(desk.db))


async def a_third_asked_by_one_account(desk: Desk) -> bool:
    """For three people."""
    cast = desk.cast
    await desk.act_for(cast.halima, cast.kamau)
    await desk.request(cast.halima, cast.otieno)
    two, three = (desk.asked(whom, cast.otieno, desk.start + timedelta(hours=hours), by=cast.halima)
                  for hours, whom in ((2, cast.zuri), (4, cast.kamau)))  # fmt: skip
    await _side_by_side(desk, two, three)
    return bool(await too_many_asked(desk.db))


async def confirmed_without_money(desk: Desk) -> bool:
    session_id = await desk.stage(APPROVED)
    try:
        await desk.run(
            """
            update sessions.session set status = 'Confirmed', hold_until = null, due_at = ends_at, open_no = null,
                   confirmed_at = $2, confirmed_by = requested_by where id = $1
            """,
            session_id, desk.now,
        )
    except Exception:  # noqa: BLE001  whatever refuses it, what counts is what is stored
        return False
    return bool(await unpaid_but_confirmed(desk.db))


async def money_taken_out_of_a_confirmed_one(desk: Desk) -> bool:
    session_id = await desk.stage(CONFIRMED)
    try:
        await desk.run("update payments.charge set waived = 0 where purpose_id = $1", session_id)
    except Exception:  # noqa: BLE001
        return False
    return bool(await unpaid_but_confirmed(desk.db))


async def an_overdue_hold_keeps_the_time(desk: Desk) -> bool:
    await desk.request(desk.cast.amina, desk.cast.otieno)
    asked = desk.asked(desk.cast.baraka, desk.cast.otieno)
    try:
        async with desk.db.transaction() as conn:
            await booking.request(conn, asked, desk.now + timedelta(hours=25), EMPTY, VAULT)
    except actions.SlotTaken:
        return True
    return False


async def an_overdue_request_is_approved(desk: Desk) -> bool:
    """By somebody who looked just before it lapsed and pressed the button just after."""
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    just_before, just_after = desk.now + timedelta(hours=23, minutes=59), desk.now + timedelta(hours=24, minutes=1)
    async with desk.db.connection() as conn:
        seen = await desk.see(conn, desk.cast.otieno, session_id, just_before)
    try:
        async with desk.db.transaction() as conn:
            await actions.approve(conn, desk.cast.otieno.actor, seen, just_after, EMPTY)
    except NotPossible:
        return False
    return True


def dropped(constraint: str) -> Callable[[Conn, pytest.MonkeyPatch], Awaitable[None]]:
    async def drop(conn: Conn, _patch: pytest.MonkeyPatch) -> None:
        await conn.execute(f"alter table sessions.session drop constraint {constraint}")

    return drop


async def hold_is_not_read(_conn: Conn, patch: pytest.MonkeyPatch) -> None:
    """The booking statement as it would be if a hold lasted until a worker ends it."""
    reads = "s.hold_until is null or s.hold_until > :now::timestamptz as live"
    assert reads in sql.BOOK.text
    patch.setattr(booking, "BOOK", Statement(sql.BOOK.text.replace(reads, "true as live")))


async def hold_is_not_checked(_conn: Conn, patch: pytest.MonkeyPatch) -> None:
    checks = "and hold_until > :now::timestamptz"
    for name in ("_APPROVE", "_APPROVE_FREE"):
        statement: Statement = getattr(actions, name)
        assert checks in statement.text
        patch.setattr(actions, name, Statement(statement.text.replace(checks, "")))


Bad = Callable[[Desk], Awaitable[bool]]
Without = Callable[[Conn, pytest.MonkeyPatch], Awaitable[None]]
# The guard, the bad thing that it keeps away, and how to do without it.
GUARDS: dict[str, tuple[Bad, Without]] = {
    "no_two_at_one_time_for_a_psychologist": (
        two_clients_at_one_time, dropped("no_two_at_one_time_for_a_psychologist")),
    "no_two_at_one_time_for_a_client": (two_psychologists_at_one_time, dropped("no_two_at_one_time_for_a_client")),
    "few_open_at_once": (a_third_unpaid_one, dropped("few_open_at_once")),
    "few_asked_at_once": (a_third_asked_by_one_account, dropped("few_asked_at_once")),
    "settled_before_confirmed": (confirmed_without_money, dropped("settled_before_confirmed")),
    "settled_before_confirmed, seen from the charge": (
        money_taken_out_of_a_confirmed_one, dropped("settled_before_confirmed")),
    "hold_until in the decision": (an_overdue_hold_keeps_the_time, hold_is_not_read),
    "hold_until in the answer": (an_overdue_request_is_approved, hold_is_not_checked),
}  # fmt: skip


@pytest.mark.parametrize("guard", GUARDS)
async def test_with_its_guard_it_does_not_happen(desk: Desk, guard: str) -> None:
    bad, _without = GUARDS[guard]
    assert not await bad(desk)


@pytest.mark.parametrize("guard", GUARDS)
async def test_without_its_guard_it_does(desk: Desk, guard: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, without = GUARDS[guard]
    async with desk.db.connection() as conn:
        await without(conn, monkeypatch)
    assert await bad(desk)


# What `docs` and `acceptance` call guards of a session; payments have their own (one open prompt, unique receipts).
PROMISED = {
    "no_two_at_one_time_for_a_psychologist", "no_two_at_one_time_for_a_client", "settled_before_confirmed",
    "few_open_at_once", "few_asked_at_once", "hold_until in the decision",
}  # fmt: skip


def test_every_promised_guard_has_its_pair() -> None:
    assert set(GUARDS) >= PROMISED
    bad_things = [bad for bad, _without in GUARDS.values()]
    assert len(set(bad_things)) == len(bad_things), "each guard keeps away something of its own"


async def test_every_guard_that_is_a_constraint_exists(desk: Desk) -> None:
    """And everything that could be one: an exclusion or a foreign key that says "settled", a rule that counts."""
    found = await desk.value(
        """
        select array_agg(conname::text) from pg_constraint
        where conrelid = 'sessions.session'::regclass
          and (contype = 'x' or conname in ('settled_before_confirmed', 'few_open_at_once',
                                                   'few_asked_at_once'))
        """
    )
    assert {name for name in GUARDS if " " not in name} == set(found)


# what the table refuses ---------------------------------------------------------------------------

# Each check of the table, from which status, and the change that it refuses.
NONSENSE = {
    "session_reference": (APPROVED, "reference = (select reference from sessions.session where id <> $1)"),
    "reference_form": (APPROVED, "reference = 'IOIOIOIO'"),
    "session_type_word": (APPROVED, "session_type = 'Reading'"),
    "session_mode": (APPROVED, "mode = 'Letter'"),
    "session_country": (APPROVED, "country = 'Kenya'"),
    "session_buffer": (APPROVED, "buffer_minutes = 241, occupied_until = ends_at + interval '241 minutes'"),
    "session_rate_range": (APPROVED, "session_rate = 250001"),
    "session_price": (APPROVED, "price = session_rate + 1"),
    "session_status": (APPROVED, "status = 'Perhaps', hold_until = null, open_no = null"),
    "session_has_a_charge": (APPROVED, "charge_id = id"),
    "not_with_oneself": (APPROVED, "client_id = psychologist_id"),
    "session_length": (APPROVED, "ends_at = ends_at + interval '1 minute', "
                                 "occupied_until = occupied_until + interval '1 minute'"),
    "session_occupied": (APPROVED, "occupied_until = ends_at"),
    "hold_while_waiting": (APPROVED, "hold_until = null"),
    "counted_while_waiting": (APPROVED, "open_no = null"),
    "counted_by_asker_while_waiting": (APPROVED, "asker_no = null"),
    "asked_for_by_somebody": (APPROVED, "requested_by = null"),
    "against_by_hand_with_a_reason": (APPROVED, "against = '{too_soon}'"),
    "place_only_in_person": (APPROVED, "mode = 'In Person'"),
    "approved_by_somebody": (APPROVED, "approved_by = null"),
    "confirmed_by_somebody": (CONFIRMED, "confirmed_at = null"),
    "started_by_somebody": (CONFIRMED, "started_at = created_at"),
    "ended_by_somebody": ("Cancelled", "ended_by = null"),
    "ended_when_over": ("Cancelled", "ended_at = null, ended_by = null"),
    "absent_word": ("No Show", "absent = 'nobody'"),
    "absent_when_no_show": ("No Show", "absent = null"),
    "extended_by_somebody": (APPROVED, "extended_at = created_at"),
    "corrected_by_somebody": ("No Show", "corrected_at = created_at"),
    "objected_by_somebody": ("No Show", "objected_at = created_at"),
    "decided_by_somebody": ("No Show", "objected_at = created_at, objected_by = requested_by, decided_at = created_at"),
    "corrected_an_end": (CONFIRMED, "corrected_at = created_at, corrected_by = requested_by"),
    "objected_to_an_end": ("Cancelled", "objected_at = created_at, objected_by = requested_by"),
    "decided_after_an_objection": ("No Show", "decided_at = created_at, decided_by = requested_by"),
    "no_money_during_an_objection": (
        "No Show", "objected_at = created_at, objected_by = requested_by, due_at = created_at"),
    "ends_by_the_clock": (CONFIRMED, "due_at = null"),
    "expired_from_somewhere": ("Expired", "expired_from = null"),
}  # fmt: skip


async def test_the_table_refuses_nonsense(desk: Desk) -> None:
    made = {status: await desk.stage(status, desk.start + timedelta(days=day))
            for day, status in enumerate(sorted({status for status, _ in NONSENSE.values()}))}
    for constraint, (status, change) in NONSENSE.items():
        change = change.replace("select reference from sessions.session where id <> $1", (
            "select max(reference) from sessions.session where id <> $1"))
        with pytest.raises(Exception) as refused:
            await desk.run(f"update sessions.session set {change} where id = $1", made[status])
        assert getattr(refused.value, "constraint_name", None) == constraint, refused.value


async def test_every_constraint_of_the_table_is_tried(desk: Desk) -> None:
    found = await desk.value(
        """
        select array_agg(conname::text) from pg_constraint
        where conrelid = 'sessions.session'::regclass and conname !~ '_(pkey|fkey|not_null)$'
        """
    )
    assert set(found) == set(NONSENSE) | {name for name in GUARDS if " " not in name}
