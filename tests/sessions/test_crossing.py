"""Money that comes while somebody makes up their mind, or before or after it could buy anything: none is lost, and
nothing is Confirmed for money that goes back."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from availability.calendars import add_place
from kikao.core.errors import NotPossible
from kikao.core.practice import EMPTY
from kikao.sessions import actions, booking, by_hand, checking
from sessions.conftest import VAULT, Desk
from support.cast import Member

pytestmark = pytest.mark.database


async def cancelled_while_it_is_paid(desk: Desk, who: Member, session_id: UUID) -> int:
    """Somebody has the session before their eyes, unpaid; the money arrives; then they cancel."""
    async with desk.db.transaction() as conn:
        seen = await desk.see(conn, who, session_id)
        await desk.pay(session_id)
        back = await actions.cancel(conn, who.actor, seen, actions.Reason("something came up"), desk.now, VAULT)
    assert seen.received == 0, "the race that is meant here"
    return back


@pytest.mark.parametrize("name", ["amina", "otieno", "njeri"])
async def test_what_is_paid_while_it_is_being_cancelled_goes_back(desk: Desk, name: str) -> None:
    """For a client by the terms, which give all of it back this long before."""
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno, desk.start + timedelta(days=7))
    await desk.approve(desk.cast.otieno, session_id)
    assert await cancelled_while_it_is_paid(desk, getattr(desk.cast, name), session_id) == 2500
    assert await desk.stored(session_id) == "Cancelled"
    assert await desk.owed(session_id) == 2500


async def test_who_verifies_what_was_cancelled_meanwhile_is_told(desk: Desk) -> None:
    """As when they had looked a moment later: no word of theirs stands for what has ended, and no money."""
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, session_id)
    with pytest.raises(NotPossible):
        await verified_meanwhile(desk, session_id, desk.cancel(desk.cast.amina, session_id), 2500)
    assert await desk.value("select count(*) from journal.line where verb in ('verify', 'vouch')") == 0
    assert await desk.owed(session_id) == 0


async def test_a_part_in_cash_while_a_code_is_typed_says_nothing_of_the_code(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, session_id)
    await verified_meanwhile(desk, session_id, typed(desk, session_id), 1000)
    assert await desk.stored(session_id) == "Payment Submitted", "the code is still to be checked"


async def verified_meanwhile(desk: Desk, session_id: UUID, other: Awaitable[object], amount: int) -> None:
    """The desk has the session before its eyes, somebody else is quicker; then the desk vouches for cash."""
    async with desk.db.transaction() as conn:
        seen = await desk.see(conn, desk.cast.wambui, session_id)
        await other
        await checking.verify(conn, desk.cast.wambui.actor, seen, "cash", "slip 17", amount, desk.now, EMPTY)


async def typed(desk: Desk, session_id: UUID) -> None:
    async with desk.db.transaction() as conn:
        session = await desk.see(conn, desk.cast.amina, session_id)
        await checking.submit_code(conn, desk.cast.amina.actor, session, "UKM7A1B2C3", desk.now, EMPTY)


async def test_money_before_the_answer_goes_back_and_buys_nothing(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.pay(session_id)
    assert await desk.stored(session_id) == "Pending Approval"
    assert await desk.owed(session_id) == 2500
    await desk.approve(desk.cast.otieno, session_id)
    assert await desk.stored(session_id) == "Approved", "what goes back has paid for nothing"
    await desk.pay(session_id)
    assert await desk.stored(session_id) == "Confirmed"
    assert await desk.owed(session_id) == 2500


async def test_a_charge_whose_money_went_back_confirms_nothing_when_it_is_approved(desk: Desk) -> None:
    """However its columns came to say so."""
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.run("update payments.charge set paid = amount, given_back = amount")
    await desk.approve(desk.cast.otieno, session_id)
    assert await desk.stored(session_id) == "Approved"


@pytest.mark.parametrize("meanwhile", [
    "nothing", "disabled", "not listed", "licence", "blocked", "closed", "consent", "day off", "no hours", "no place"])
async def test_late_money_takes_the_time_again_only_with_whom_one_could_still_book(
    desk: Desk, meanwhile: str
) -> None:
    amina, otieno = desk.cast.amina.person_id, desk.cast.otieno.person_id
    asked = desk.asked(desk.cast.amina, desk.cast.otieno)
    async with desk.db.transaction() as conn:
        if meanwhile == "no place":
            place = await add_place(conn, "Upper Hill")
            await conn.execute("update availability.hours set modes = '{In Person}', place_id = $1", place)
            asked = msgspec.structs.replace(asked, mode="In Person")
        session_id = (await booking.request(conn, asked, desk.now, EMPTY, VAULT)).session_id
    await desk.approve(desk.cast.otieno, session_id)
    later = desk.now + timedelta(hours=26)
    await desk.expire(session_id, later)
    match meanwhile:
        case "disabled":
            await desk.run("update directory.psychologist set status = 'disabled' where id = $1", otieno)
        case "not listed":
            await desk.run("update directory.psychologist set status = 'waiting' where id = $1", otieno)
        case "licence":
            last = (desk.start - timedelta(days=1)).date()
            await desk.run("update directory.psychologist set licence_until = $2 where id = $1", otieno, last)
        case "consent":
            await desk.run(
                "update accounts.consent set withdrawn_at = $2, withdrawn_by = person_id where person_id = $1",
                amina, desk.now)
        case "day off":
            await desk.run(
                "insert into availability.exception (id, psychologist_id, on_date, kind, created_at, created_by)"
                " values ($1, $1, $2, 'off', $3, $1)", otieno, desk.start.date(), desk.now)
        case "no hours":
            await desk.run("delete from availability.hours where psychologist_id = $1", otieno)
        case "no place":
            await desk.run("update availability.place set closed_at = $1", desk.now)
        case "blocked":
            await desk.run("update accounts.person set state = 'blocked' where id = $1", amina)
        case "closed":
            await desk.run(
                "insert into directory.relation (psychologist_id, client_id, closed_at, closed_by)"
                " values ($1, $2, $3, $4)", otieno, amina, desk.now, desk.cast.otieno.account_id)
    await desk.pay(session_id, now=later)
    kept = meanwhile == "nothing"
    assert await desk.stored(session_id) == ("Confirmed" if kept else "Expired")
    assert await desk.owed(session_id) == (0 if kept else 2500)


async def test_what_was_declined_and_paid_is_not_taken_back(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.decline(desk.cast.otieno, session_id)
    await desk.pay(session_id)
    with pytest.raises(NotPossible):
        await desk.do("correct", desk.cast.otieno, session_id, desk.now + timedelta(minutes=5))
    assert await desk.owed(session_id) == 2500


async def test_late_money_takes_again_what_was_booked_outside_the_hours(desk: Desk) -> None:
    """With a reason, by who may: hours that never held are not asked once more, and neither is notice."""
    night = desk.start + timedelta(hours=10)
    wanted = by_hand.ByHand(
        psychologist_id=desk.cast.otieno.person_id, person_id=desk.cast.amina.person_id, session_type="Individual",
        starts_at=night, reason="They cannot come by day.")
    await desk.run("update directory.psychologist set desk_may_answer = true")
    async with desk.db.transaction() as conn:
        session_id = (await by_hand.book(conn, desk.cast.wambui.actor, wanted, desk.now, EMPTY, VAULT)).session_id
    assert "outside_hours" in await desk.value("select against from sessions.session where id = $1", session_id)
    later = night - timedelta(hours=1)
    await desk.expire(session_id, later)
    await desk.pay(session_id, now=later)
    assert await desk.stored(session_id) == "Confirmed"
