"""A psychologist who takes clients at once: everyone, those who are known, or this one."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from sessions.conftest import Desk
from support.cast import Member

pytestmark = pytest.mark.database
HOUR = timedelta(hours=1)


async def takes(desk: Desk, word: str) -> None:
    await desk.run("update directory.psychologist set takes = $1", word)


async def relate(desk: Desk, client: Member, *, at_once: bool | None = None) -> None:
    await desk.run(
        "insert into directory.relation (psychologist_id, client_id, at_once) values ($1, $2, $3)",
        desk.cast.otieno.person_id, client.person_id, at_once,
    )


async def hold(desk: Desk, session_id: UUID) -> timedelta:
    until = await desk.value("select hold_until from sessions.session where id = $1", session_id)
    return until - desk.now  # type: ignore[no-any-return]


async def messages(desk: Desk, session_id: UUID) -> set[tuple[str, UUID]]:
    async with desk.db.connection() as conn:
        rows = await conn.fetch("select kind, recipient from notifications.outbox where about = $1", session_id)
    return {(row["kind"], row["recipient"]) for row in rows}


async def test_everyone_at_once_is_approved_payable_and_told(desk: Desk) -> None:
    await takes(desk, "everyone at once")
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    assert await desk.stored(session_id) == "Approved"
    assert await messages(desk, session_id) == {
        ("taken", desk.cast.otieno.person_id), ("accepted", desk.cast.amina.person_id)}
    async with desk.db.connection() as conn:
        verbs = await conn.fetch("select verb from journal.entry where noun_id = $1 order by at, id", session_id)
        seen = await desk.see(conn, desk.cast.amina, session_id)
    assert [row["verb"] for row in verbs] == ["request", "approve"]
    # Nothing was ever paid here: an hour, and five minutes more for a prompt that is open.
    assert seen.pay_until == desk.now + HOUR
    assert await hold(desk, session_id) == timedelta(minutes=65)
    await desk.pay(session_id)
    assert await desk.stored(session_id) == "Confirmed"


async def test_whoever_has_paid_here_before_has_the_usual_day_to_pay(desk: Desk) -> None:
    await takes(desk, "everyone at once")
    await desk.paid_one(desk.start + timedelta(hours=3), psychologist=desk.cast.wanjiru)
    assert await hold(desk, await desk.request(desk.cast.amina, desk.cast.otieno)) == timedelta(hours=24, minutes=5)


async def test_known_clients_at_once_means_one_completed_session_with_this_psychologist(desk: Desk) -> None:
    await takes(desk, "known clients at once")
    await desk.stage("Completed", desk.now - timedelta(days=9))
    await desk.stage("Cancelled", desk.now - timedelta(days=9), client=desk.cast.baraka)
    assert await desk.stored(await desk.request(desk.cast.amina, desk.cast.otieno)) == "Approved"
    another = await desk.request(desk.cast.amina, desk.cast.wanjiru, desk.start + 2 * HOUR)
    stranger = await desk.request(desk.cast.baraka, desk.cast.otieno, desk.start + 4 * HOUR)
    assert await desk.stored(another) == await desk.stored(stranger) == "Pending Approval"


async def test_what_was_agreed_with_one_client_comes_before_what_counts_for_all(desk: Desk) -> None:
    await relate(desk, desk.cast.amina, at_once=True)
    assert await desk.stored(await desk.request(desk.cast.amina, desk.cast.otieno)) == "Approved"
    await takes(desk, "everyone at once")
    await relate(desk, desk.cast.baraka, at_once=False)
    asked = await desk.request(desk.cast.baraka, desk.cast.otieno, desk.start + 2 * HOUR)
    assert await desk.stored(asked) == "Pending Approval"


async def test_what_costs_nothing_is_confirmed_at_once(desk: Desk) -> None:
    await takes(desk, "everyone at once")
    await desk.run(
        "insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)"
        " values (gen_random_uuid(), $1, 'Individual', 0, 60, $2, $1)", desk.cast.otieno.person_id, desk.now)
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    assert await desk.stored(session_id) == "Confirmed"
    assert await messages(desk, session_id) == {
        ("confirmed", desk.cast.otieno.person_id), ("confirmed", desk.cast.amina.person_id)}


async def test_before_a_contact_is_proved_nobody_is_taken(desk: Desk) -> None:
    await takes(desk, "everyone at once")
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno, proved=False)
    assert await desk.stored(session_id) == "Pending Approval"
    assert await hold(desk, session_id) == timedelta(minutes=30)
    assert await messages(desk, session_id) == set()
    await desk.verified(desk.cast.amina)
    assert await desk.stored(session_id) == "Approved"
    assert await hold(desk, session_id) == timedelta(minutes=65)
    assert await messages(desk, session_id) == {
        ("taken", desk.cast.otieno.person_id), ("accepted", desk.cast.amina.person_id)}


async def test_the_same_request_again_is_the_same_session(desk: Desk) -> None:
    await takes(desk, "everyone at once")
    first = await desk.request(desk.cast.amina, desk.cast.otieno)
    assert await desk.request(desk.cast.amina, desk.cast.otieno) == first


async def test_near_the_start_there_is_less_time_to_pay_never_past_the_start(desk: Desk) -> None:
    await takes(desk, "everyone at once")
    await desk.run("update availability.calendar set notice_minutes = 0")
    late = desk.start - timedelta(minutes=20)
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno, now=late)
    assert await desk.value("select hold_until from sessions.session where id = $1", session_id) == (
        desk.start + timedelta(minutes=5))
