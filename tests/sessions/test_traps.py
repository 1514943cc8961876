"""Small traps that a friendly user meets on the first day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from availability.calendars import offered
from kikao.availability.rules import Numbers
from kikao.core.db import Conn
from kikao.core.practice import EMPTY
from kikao.directory import queries as directory
from kikao.directory.queries import Filter
from kikao.journal.queries import history
from kikao.sessions import actions, booking, queries
from sessions.conftest import VAULT, Desk
from support.people import sign_up

pytestmark = pytest.mark.database


async def free_times(desk: Desk, conn: Conn, later: timedelta = timedelta()) -> int:
    lower = desk.start - timedelta(hours=1)
    now = desk.now + later
    return len(await offered(conn, desk.cast.otieno, lower, lower + timedelta(days=4), now=now, numbers=Numbers()))


async def test_fifty_sign_ups_that_prove_nothing_leave_all_times_free(desk: Desk) -> None:
    async with desk.db.connection() as conn:
        before = await free_times(desk, conn)
    starts = [desk.start.replace(hour=hour) + timedelta(days=day) for day in range(60) for hour in (9, 11, 13, 15)]
    starts = [start for start in starts if start.isoweekday() <= 5][:50]
    for number, start in enumerate(starts):
        made = await sign_up(
            desk.db, desk.now, f"0700 0000 {31 + number}", network=f"192.0.2.{number}", name="Somebody")
        asked = booking.Request(
            psychologist_id=desk.cast.otieno.person_id, session_type="Individual", starts_at=start,
            client_id=made.person_id, asker_id=made.person_id, proved=False)
        async with desk.db.transaction() as conn:
            await booking.request(conn, asked, desk.now, EMPTY, VAULT)
    async with desk.db.connection() as conn:
        assert await free_times(desk, conn) < before
        assert await conn.fetchval("select count(*) from notifications.outbox where kind = 'requested'") == 0
        assert await free_times(desk, conn, timedelta(minutes=30)) == before, "with every worker dead"
    # And they can be booked.
    assert await desk.request(desk.cast.amina, desk.cast.otieno, starts[0], now=desk.now + timedelta(minutes=30))


async def test_two_children_of_one_parent_at_one_hour_one_child_twice_not(desk: Desk) -> None:
    """Two people at one hour with two psychologists are fine, whoever asked for them."""
    cast = desk.cast
    both = []
    for client, psychologist in ((cast.zuri, cast.otieno), (cast.halima, cast.wanjiru)):
        asked = booking.Request(
            psychologist_id=psychologist.person_id, session_type="Individual", starts_at=desk.start,
            client_id=client.person_id, asker_id=cast.halima.person_id, proved=True)
        async with desk.db.transaction() as conn:
            both.append(await booking.request(conn, asked, desk.now, EMPTY, VAULT))
    assert all(one.made for one in both)
    with pytest.raises(actions.OwnOverlap):
        await desk.request(cast.halima, cast.otieno, desk.start + timedelta(minutes=30))


async def test_looking_writes_nothing(desk: Desk) -> None:
    """Every read of sessions and directory runs where nothing can be written."""
    cast = desk.cast
    session_id = await desk.request(cast.amina, cast.otieno)
    await desk.stage("Approved", desk.start + timedelta(days=1), now=desk.now - timedelta(days=1), open_no=2)  # overdue
    later = desk.now + timedelta(minutes=1)
    async with desk.db.connection() as conn, conn.transaction(readonly=True):
        for who in (cast.amina, cast.otieno, cast.njeri):
            seen = await queries.visible(conn, who.actor, session_id, later)
            assert actions.comes_back(seen, later, None) == 0
            assert await queries.listed(conn, who.actor, queries.Wanted(), later)
            await queries.counts(conn, who.actor, later)
            await queries.done_already(conn, session_id, "approve", who.actor)
            await queries.who_acted(conn, seen, [cast.amina.account_id])
            # Nobody wrote a note or a reason, so there is nothing to open and nothing to record.
            assert await actions.open_note(conn, who.actor, seen, VAULT, later) is None
            assert await actions.open_reason(conn, who.actor, seen, VAULT, later) is None
        await queries.requests(conn, cast.otieno.actor, later)
        await directory.listed(conn, Filter(), later, EMPTY)
        await directory.one(conn, str(cast.otieno.person_id), later, EMPTY)
        await history(conn, session_id)


async def test_opening_a_note_is_recorded_and_changes_nothing_else(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno, note="I would rather not say")
    before = await desk.value("select to_jsonb(s) from sessions.session s where id = $1", session_id)
    async with desk.db.transaction() as conn:
        for who, text in ((desk.cast.otieno, "I would rather not say"), (desk.cast.njeri, None)):
            seen = await desk.see(conn, who, session_id)
            assert await actions.open_note(conn, who.actor, seen, VAULT, desk.now) == text
    assert await desk.value("select to_jsonb(s) from sessions.session s where id = $1", session_id) == before
    assert await desk.value(
        "select array_agg(by_account) from journal.entry where verb = 'open the note'") == [desk.cast.otieno.account_id]


async def test_the_last_moment_to_pay_lies_before_the_end_of_the_hold(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, session_id)
    async with desk.db.connection() as conn:
        seen = await desk.see(conn, desk.cast.amina, session_id)
        assert seen.hold_until is not None
        assert seen.pay_until == seen.hold_until - timedelta(minutes=5)
        over = await desk.see(conn, desk.cast.amina, session_id, seen.hold_until)
        assert (over.status, over.pay_until) == ("Expired", None)
