"""The verb *request*: what is refused, and what one statement writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kikao.core.errors import Invalid, NotFound
from kikao.core.ids import new_id
from kikao.sessions import actions
from sessions.conftest import Desk


async def test_a_request_writes_session_charge_journal_and_message(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno, note="I would rather not say")
    async with desk.db.connection() as conn:
        session = await desk.see(conn, desk.cast.amina, session_id)
        assert (session.status, session.price, session.minutes) == ("Pending Approval", 2500, 60)
        assert session.payment_status == "Pending"
        assert session.missing == 2500
        assert await conn.fetchval("select count(*) from payments.charge where purpose_id = $1", session_id) == 1
        assert await conn.fetchval("select verb from journal.entry where noun_id = $1", session_id) == "request"
        sent_to = await conn.fetchval("select recipient from notifications.outbox where about = $1", session_id)
        assert sent_to == desk.cast.otieno.person_id
        sealed = await conn.fetchval("select sealed_note from sessions.session where id = $1", session_id)
        assert b"rather" not in sealed


async def test_the_same_request_again_is_the_same_session(desk: Desk) -> None:
    first = await desk.request(desk.cast.amina, desk.cast.otieno)
    assert await desk.request(desk.cast.amina, desk.cast.otieno) == first


async def test_another_way_to_meet_or_other_words_are_not_the_same_request(desk: Desk) -> None:
    cast = desk.cast
    await desk.run("update availability.hours set modes = '{Online,Phone}'")
    await desk.run("update directory.psychologist set desk_may_answer = true")
    first = await desk.request(cast.amina, cast.otieno, note="I would rather write")
    others: list[dict[str, Any]] = [{"mode": "Phone"}, {"mode": "Phone", "note": "Ring me"}, {"note": "Ring me"}]
    for more in others:
        with pytest.raises(actions.OwnOverlap):
            await desk.request(cast.amina, cast.otieno, **more)
    for note in ("I would rather write", " I would rather write ", ""):
        assert await desk.request(cast.amina, cast.otieno, note=note) == first
    by_hand = await desk.by_hand(cast.wambui, cast.kamau, cast.wanjiru)
    with pytest.raises(actions.OwnOverlap):
        await desk.by_hand(cast.wambui, cast.kamau, cast.wanjiru, mode="Phone")
    assert await desk.by_hand(cast.wambui, cast.kamau, cast.wanjiru) == by_hand


async def test_another_place_is_not_the_same_request(desk: Desk) -> None:
    cast, places = desk.cast, [new_id(), new_id()]
    await desk.run("update directory.psychologist set desk_may_answer = true")
    for number, place in enumerate(places):
        await desk.run(
            "insert into availability.place (id, name, address, created_at) values ($1, $2, $3, now())",
            place, f"House {number}", f"{number} Kilimani Road")

    async def book(place: UUID) -> UUID:
        return await desk.by_hand(
            cast.wambui, cast.kamau, cast.otieno, mode="In Person", place_id=place, reason="As they agreed")

    first = await book(places[0])
    with pytest.raises(actions.OwnOverlap):
        await book(places[1])
    assert await book(places[0]) == first


async def test_a_held_time_is_taken(desk: Desk) -> None:
    await desk.request(desk.cast.amina, desk.cast.otieno)
    for minutes in (-60, -30, 0, 30, 60):  # the buffer of 15 minutes keeps the next start, too
        with pytest.raises(actions.SlotTaken):
            await desk.request(desk.cast.baraka, desk.cast.otieno, desk.start + timedelta(minutes=minutes))
    assert await desk.request(desk.cast.baraka, desk.cast.otieno, desk.start + timedelta(minutes=90))


async def test_one_person_is_not_in_two_places(desk: Desk) -> None:
    await desk.request(desk.cast.amina, desk.cast.otieno)
    with pytest.raises(actions.OwnOverlap):
        await desk.request(desk.cast.amina, desk.cast.wanjiru, desk.start + timedelta(minutes=30))
    # Back to back is possible for the client.
    assert await desk.request(desk.cast.amina, desk.cast.wanjiru, desk.start + timedelta(minutes=60))


async def test_only_a_few_unpaid_ones_at_once(desk: Desk) -> None:
    for hours in (0, 2):
        await desk.request(desk.cast.amina, desk.cast.otieno, desk.start + timedelta(hours=hours))
    with pytest.raises(actions.TooManyOpen):
        await desk.request(desk.cast.amina, desk.cast.otieno, desk.start + timedelta(hours=4))


@pytest.mark.parametrize(
    ("shift", "code"),
    [
        (timedelta(days=-30), "in_the_past"),
        (timedelta(days=90), "beyond_horizon"),
        (timedelta(minutes=7), "off_grid"),
        (timedelta(hours=12), "outside_hours"),
        (timedelta(hours=6, minutes=30), "outside_hours"),  # it would end after the hours do
    ],
)
async def test_times_that_are_no_times(desk: Desk, shift: timedelta, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.request(desk.cast.amina, desk.cast.otieno, desk.start + shift)
    assert refused.value.fields[0].code == code
    assert refused.value.fields[0].field == "sessionDate"


async def test_too_soon(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.request(desk.cast.amina, desk.cast.otieno, now=desk.start - timedelta(hours=2))
    assert refused.value.fields[0].code == "too_soon"


async def test_types_and_people_that_are_not_offered(desk: Desk) -> None:
    with pytest.raises(Invalid):
        await desk.request(desk.cast.amina, desk.cast.wanjiru, session_type="Couples")
    with pytest.raises(Invalid):
        await desk.request(desk.cast.amina, desk.cast.wanjiru, session_type="Regression")
    with pytest.raises(NotFound):
        await desk.request(desk.cast.amina, desk.cast.baraka)


async def test_no_consent_no_request(desk: Desk) -> None:
    async with desk.db.connection() as conn:
        await conn.execute(
            "update accounts.consent set withdrawn_at = $2, withdrawn_by = $1 where person_id = $1",
            desk.cast.amina.person_id, desk.now,
        )
    with pytest.raises(Invalid) as refused:
        await desk.request(desk.cast.amina, desk.cast.otieno)
    assert refused.value.fields[0].field == "consent"


async def test_an_expired_hold_is_free_at_once_with_every_worker_dead(desk: Desk) -> None:
    first = await desk.request(desk.cast.amina, desk.cast.otieno)
    later = desk.now + timedelta(hours=25)
    assert await desk.status(first, later) == "Expired"
    second = await desk.request(desk.cast.baraka, desk.cast.otieno, now=later)
    assert await desk.status(second, later) == "Pending Approval"
    async with desk.db.connection() as conn:
        stored = await conn.fetchrow("select status, expired_from from sessions.session where id = $1", first)
        assert stored is not None
        assert tuple(stored) == ("Expired", "Pending Approval")
        kinds = await conn.fetch("select kind from notifications.outbox where about = $1", first)
        assert "expired" in {row["kind"] for row in kinds}
