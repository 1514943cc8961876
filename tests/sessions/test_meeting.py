"""Kept longer, begun, over, broken off: what each changes, when, and who may."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime, timedelta

import pytest

from availability.calendars import add_place
from kikao.core.errors import Forbidden, Invalid, NotFound, NotPossible
from kikao.sessions import meeting
from kikao.sessions.queries import with_link
from kikao.sessions.rules import APPROVED, COMPLETED, CONFIRMED, IN_PROGRESS, PAYMENT_SUBMITTED, PENDING_APPROVAL
from sessions.conftest import VAULT, Desk
from sessions.test_invariants import wrong

pytestmark = pytest.mark.database
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def not_possible(attempt: Awaitable[object]) -> None:
    with pytest.raises(NotPossible):
        await attempt


async def nothing_is_wrong(desk: Desk) -> None:
    async with desk.db.connection() as conn:
        assert await wrong(conn) == {}


# extend -------------------------------------------------------------------------------------------


async def hold_of(desk: Desk, session_id: object) -> tuple[datetime, datetime | None]:
    async with desk.db.connection() as conn:
        row = await conn.fetchrow(
            "select hold_until, due_at, open_until from sessions.session s join payments.charge c on c.id = s.charge_id"
            " where s.id = $1", session_id)
    assert row is not None
    assert row["hold_until"] == row["due_at"]
    return row["hold_until"], row["open_until"]


async def test_a_request_is_kept_two_days_longer_and_only_once(desk: Desk) -> None:
    session_id = await desk.stage(PENDING_APPROVAL)
    before, _ = await hold_of(desk, session_id)
    await desk.do("extend", desk.cast.otieno, session_id, desk.now)
    assert await hold_of(desk, session_id) == (before + 2 * DAY, None)
    for who in (desk.cast.otieno, desk.cast.wambui, desk.cast.njeri):
        await not_possible(desk.do("extend", who, session_id, desk.now))
    await nothing_is_wrong(desk)


async def test_the_money_is_asked_for_as_long_as_the_time_is_kept(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, session_id)
    hold, until = await hold_of(desk, session_id)
    assert until is not None
    await desk.do("extend", desk.cast.wambui, session_id, desk.now)
    later, paid_until = await hold_of(desk, session_id)
    assert paid_until == min(until + 2 * DAY, desk.start)
    assert later - paid_until == hold - until
    await desk.pay(session_id, now=hold + MINUTE)  # when it would have been over
    assert await desk.stored(session_id) == CONFIRMED


@pytest.mark.parametrize("status", [PENDING_APPROVAL, APPROVED, PAYMENT_SUBMITTED])
async def test_never_past_the_start(desk: Desk, status: str) -> None:
    session_id = await desk.stage(status, desk.now + 7 * HOUR)
    await desk.do("extend", desk.cast.njeri, session_id, desk.now)
    hold, _ = await hold_of(desk, session_id)
    assert hold <= desk.now + 7 * HOUR + 5 * MINUTE
    late = await desk.stage(status, desk.now + 6 * HOUR, client=desk.cast.baraka, psychologist=desk.cast.wanjiru)
    await not_possible(desk.do("extend", desk.cast.njeri, late, desk.now))
    await nothing_is_wrong(desk)


async def test_an_overdue_hold_is_not_extended_and_clients_do_not(desk: Desk) -> None:
    session_id = await desk.stage(APPROVED)
    with pytest.raises(Forbidden):
        await desk.do("extend", desk.cast.amina, session_id, desk.now)
    await not_possible(desk.do("extend", desk.cast.otieno, session_id, desk.now + 7 * HOUR))


# start --------------------------------------------------------------------------------------------


async def test_both_may_begin_from_a_quarter_before_to_two_hours_after(desk: Desk) -> None:
    session_id = await desk.stage(CONFIRMED)
    for at in (desk.start - 16 * MINUTE, desk.start + 121 * MINUTE):
        await not_possible(desk.do("start", desk.cast.amina, session_id, at))
    for who in (desk.cast.wambui, desk.cast.njeri):
        with pytest.raises(Forbidden):
            await desk.do("start", who, session_id, desk.start)
    with pytest.raises(NotFound):
        await desk.do("start", desk.cast.baraka, session_id, desk.start)
    await desk.do("start", desk.cast.amina, session_id, desk.start - 15 * MINUTE)
    assert await desk.stored(session_id) == IN_PROGRESS
    await desk.do("start", desk.cast.otieno, session_id, desk.start + 120 * MINUTE)
    row = await desk.value("select (started_at, started_by) from sessions.session where id = $1", session_id)
    assert row == (desk.start - 15 * MINUTE, desk.cast.amina.account_id), "whoever comes back does not begin it again"


async def test_ending_the_call_leaves_it_in_progress(desk: Desk) -> None:
    session_id = await desk.stage(IN_PROGRESS)
    await desk.do("end the call", desk.cast.amina, session_id, desk.start)
    assert await desk.stored(session_id) == IN_PROGRESS
    with pytest.raises(Forbidden):
        await desk.do("end the call", desk.cast.njeri, session_id, desk.start)


# complete -----------------------------------------------------------------------------------------


async def test_its_psychologist_completes_it_once_it_has_begun_by_the_clock(desk: Desk) -> None:
    session_id = await desk.paid_one()
    await not_possible(desk.do("complete", desk.cast.otieno, session_id, desk.start - MINUTE))
    with pytest.raises(Forbidden):
        await desk.do("complete", desk.cast.amina, session_id, desk.start)
    await desk.do("complete", desk.cast.otieno, session_id, desk.start)
    assert await desk.stored(session_id) == COMPLETED
    await nothing_is_wrong(desk)


async def test_what_was_paid_is_theirs_a_day_later(desk: Desk) -> None:
    session_id = await desk.paid_one()
    await desk.do("complete", desk.cast.otieno, session_id, desk.start + HOUR)
    await desk.clock(session_id, desk.start + HOUR + DAY - MINUTE)
    assert await desk.money(session_id) == {"charge": 2500}
    await desk.clock(session_id, desk.start + HOUR + DAY)
    assert await desk.money(session_id) == {"earned": 2500}
    await desk.clock(session_id, desk.start + 9 * DAY)
    assert await desk.money(session_id) == {"earned": 2500}, "once"
    assert await desk.value("select payee from payments.earning_state") == desk.cast.otieno.person_id
    await nothing_is_wrong(desk)


@pytest.mark.parametrize("mode", ["Online", "Phone", "In Person"])
async def test_the_clock_completes_what_nobody_touches_and_pays_after_a_week(desk: Desk, mode: str) -> None:
    session_id = await desk.paid_one()
    async with desk.db.transaction() as conn:
        place = await add_place(conn, "Upper Hill") if mode == "In Person" else None
        await conn.execute("update sessions.session set mode = $1, place_id = $2", mode, place)
    ended = desk.start + HOUR
    assert await desk.clock(session_id, ended) == CONFIRMED, "it looks first when it ends"
    assert await desk.value("select due_at from sessions.session where id = $1", session_id) == ended + DAY
    assert await desk.clock(session_id, ended + DAY - MINUTE) == CONFIRMED
    assert await desk.clock(session_id, ended + DAY) == COMPLETED
    await desk.clock(session_id, ended + 8 * DAY - MINUTE)
    assert await desk.money(session_id) == {"charge": 2500}
    await desk.clock(session_id, ended + 8 * DAY)
    assert await desk.money(session_id) == {"earned": 2500}


async def test_the_clock_says_nothing_where_somebody_did(desk: Desk) -> None:
    session_id = await desk.paid_one()
    await desk.do("mark a no-show", desk.cast.otieno, session_id, desk.start + 20 * MINUTE)
    assert await desk.clock(session_id, desk.start + 3 * DAY) == "No Show"


async def test_a_free_one_earns_nothing_and_is_never_due_again(desk: Desk) -> None:
    session_id = await desk.stage(CONFIRMED)
    await desk.do("complete", desk.cast.otieno, session_id, desk.start + HOUR)
    assert await desk.value("select due_at from sessions.session where id = $1", session_id) is None
    assert await desk.value("select count(*) from payments.earning") == 0


# break off ----------------------------------------------------------------------------------------


async def test_broken_off_gives_everything_back_and_earns_nothing(desk: Desk) -> None:
    session_id = await desk.paid_one()
    await not_possible(desk.do("break off", desk.cast.otieno, session_id, desk.start))
    await desk.do("start", desk.cast.otieno, session_id, desk.start)
    for who in (desk.cast.amina, desk.cast.wambui):
        with pytest.raises(Forbidden):
            await desk.do("break off", who, session_id, desk.start)
    await desk.do("break off", desk.cast.otieno, session_id, desk.start + 10 * MINUTE)
    assert await desk.stored(session_id) == "Cancelled"
    assert (await desk.money(session_id), await desk.owed(session_id)) == ({"duty": 2500}, 2500)
    assert await desk.value("select why from payments.duty") == "broken off"
    await desk.clock(session_id, desk.start + 30 * DAY)
    assert await desk.money(session_id) == {"duty": 2500}
    assert await desk.value("select count(*) from notifications.outbox where kind = 'broken off'") == 2
    await nothing_is_wrong(desk)


async def test_what_a_late_cancellation_keeps_is_earned(desk: Desk) -> None:
    """When the other part has gone back: no earning while a duty is open."""
    session_id = await desk.paid_one()
    assert await desk.cancel(desk.cast.amina, session_id, desk.start - 13 * HOUR) == 1250
    await desk.clock(session_id, desk.start + DAY)
    assert await desk.money(session_id) == {"charge": 1250, "duty": 1250}
    assert await desk.value("select state from payments.earning_state") == "waits"
    await desk.run("update payments.duty set done_at = $1, done_by = $2", desk.start, desk.cast.njeri.account_id)
    await desk.clock(session_id, desk.start + 2 * DAY)
    assert await desk.money(session_id) == {"earned": 1250, "duty": 1250}


# link ---------------------------------------------------------------------------------------------


async def test_a_link_of_its_own_is_sealed_and_shown_from_confirmed_on(desk: Desk) -> None:
    cast, link = desk.cast, "https://meet.example.test/r/77"
    session_id = await desk.stage(APPROVED)
    async with desk.db.transaction() as conn:
        await desk.run("update directory.psychologist set meeting_link = 'https://meet.example.test/usual'")
        session = await desk.see(conn, cast.otieno, session_id)
        await meeting.set_link(conn, cast.otieno.actor, session, meeting.read_link(link), desk.now, VAULT)
        assert with_link(await desk.see(conn, cast.amina, session_id), VAULT).meeting_link is None
        amina = await desk.see(conn, cast.amina, session_id)
        with pytest.raises(Forbidden):
            await meeting.set_link(conn, cast.amina.actor, amina, link, desk.now, VAULT)
    assert link.encode() not in await desk.value("select sealed_link from sessions.session where id = $1", session_id)
    await desk.pay(session_id)
    async with desk.db.connection() as conn:
        seen = await desk.see(conn, cast.amina, session_id)
        assert seen.meeting_link is None, "never the usual one in its place"
        assert with_link(seen, VAULT).meeting_link == link
        assert with_link(await desk.see(conn, cast.njeri, session_id), VAULT).meeting_link is None


@pytest.mark.parametrize("typed", ["http://meet.example.test/1", "meet.example.test", "https://", "https://a b"])
def test_only_an_https_link_is_taken(typed: str) -> None:
    with pytest.raises(Invalid):
        meeting.read_link(typed)
    assert meeting.read_link("  ") is None
