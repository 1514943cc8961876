"""Approve, decline, cancel, expire: what each changes, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kikao.core.errors import Forbidden, NotFound, NotPossible
from kikao.sessions.actions import expire
from sessions.conftest import Desk


async def test_approving_asks_for_the_money(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, session_id)
    async with desk.db.connection() as conn:
        session = await desk.see(conn, desk.cast.amina, session_id)
        assert session.status == "Approved"
        assert session.hold_until is not None
        assert session.hold_until > desk.now
        open_until = await conn.fetchval("select open_until from payments.charge where id = $1", session.charge_id)
        assert open_until == session.hold_until - timedelta(minutes=5)
        assert await conn.fetchval(
            "select recipient from notifications.outbox where kind = 'accepted'") == desk.cast.amina.person_id


async def test_only_its_psychologist_approves(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    with pytest.raises(NotFound):
        await desk.approve(desk.cast.wanjiru, session_id)
    with pytest.raises(NotFound):
        await desk.approve(desk.cast.baraka, session_id)
    for who in (desk.cast.amina, desk.cast.njeri):
        with pytest.raises(Forbidden):
            await desk.approve(who, session_id)
    with pytest.raises(Forbidden):  # Dr Otieno does not let the desk answer
        await desk.approve(desk.cast.wambui, session_id)


async def test_an_overdue_request_cannot_be_approved(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    with pytest.raises(NotPossible):
        await desk.approve(desk.cast.otieno, session_id, desk.now + timedelta(hours=25))


async def test_declining_frees_the_time(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.decline(desk.cast.otieno, session_id)
    assert await desk.status(session_id) == "Declined"
    assert await desk.request(desk.cast.baraka, desk.cast.otieno)


async def test_the_client_cancels_until_the_start(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    assert await desk.cancel(desk.cast.amina, session_id) == 0
    assert await desk.status(session_id) == "Cancelled"
    with pytest.raises(NotPossible):
        await desk.cancel(desk.cast.amina, session_id)


async def test_a_free_session_is_confirmed_at_once(desk: Desk) -> None:
    async with desk.db.connection() as conn:
        await conn.execute(
            """
            insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)
            values (gen_random_uuid(), $1, 'Individual', 0, 60, $2, $1)
            """,
            desk.cast.otieno.person_id, desk.now - timedelta(hours=1),
        )
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, session_id)
    assert await desk.status(session_id) == "Confirmed"
    told = "select count(*) from notifications.outbox where about = $1 and kind = 'confirmed' and recipient = $2"
    assert await desk.value(told, session_id, desk.cast.otieno.person_id) == 0, "who does it is not told"
    await desk.run("update directory.psychologist set desk_may_answer = true")
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno, desk.start + timedelta(hours=2))
    await desk.approve(desk.cast.wambui, session_id)
    assert await desk.value(told, session_id, desk.cast.otieno.person_id) == 1, "of what desk does, they are"


async def test_expiring_twice_changes_once(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    later = desk.now + timedelta(hours=25)
    async with desk.db.transaction() as conn:
        assert not await expire(conn, session_id, desk.now)
        assert await expire(conn, session_id, later)
        assert not await expire(conn, session_id, later)
