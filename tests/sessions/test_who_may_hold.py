"""Sessions whose psychologist has left, is not listed, has no supervisor or no licence on that day: an admin sees them,
and nothing new is accepted. Of what somebody has left behind nobody is reminded, and nothing is completed or earned by
itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from kikao.admin import reports
from kikao.core.errors import Forbidden, NotFound, NotPossible, Refusal
from kikao.core.practice import EMPTY
from kikao.directory import queries as directory
from kikao.directory.queries import Filter
from kikao.notifications.kinds import Post, Reader
from kikao.sessions import planning
from kikao.sessions.reminding import SOON, TOMORROW, compose_soon
from sessions.conftest import Desk
from support.people import tools

pytestmark = pytest.mark.database

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What is done to Dr Otieno, by what his sessions are on the admin's list then.
WAYS = {
    "gone": "update directory.psychologist set status = 'disabled' where id = $1",
    "not_listed": "update directory.psychologist set status = 'waiting' where id = $1",
    "after_licence": "update directory.psychologist set licence_until = '2020-01-01' where id = $1",
    "unsupervised": "update directory.psychologist set supervisor_id = (select id from directory.psychologist where"
                    " id <> $1) where id = $1",
}


async def happens(desk: Desk, way: str) -> None:
    await desk.run(WAYS[way], desk.cast.otieno.person_id)
    if way == "unsupervised":
        await desk.run(WAYS["gone"], desk.cast.wanjiru.person_id)


async def to_decide(desk: Desk, now: datetime) -> dict[UUID, str]:
    async with desk.db.connection() as conn:
        return {one.id: one.why for one in await reports.orphans(conn, now)}


async def kinds_due(desk: Desk, now: datetime) -> set[str]:
    async with desk.db.connection() as conn:
        return {one.kind for one in await planning.due(conn, now)}


async def test_nobody_is_reminded_of_a_session_whose_psychologist_has_left(desk: Desk) -> None:
    session_id = await desk.paid_one()
    evening, soon = desk.start.replace(hour=18) - DAY, desk.start - HOUR / 2
    assert TOMORROW in await kinds_due(desk, evening)
    assert SOON in await kinds_due(desk, soon)
    await happens(desk, "gone")
    assert await kinds_due(desk, evening) | await kinds_due(desk, soon) == set()
    assert await to_decide(desk, soon) == {session_id: "gone"}


async def test_nor_of_one_whose_reminder_was_on_its_way(desk: Desk) -> None:
    session_id, soon = await desk.paid_one(), desk.start - HOUR / 2
    amina = desk.cast.amina.person_id
    post = Post(id=session_id, kind=SOON, about=session_id, recipient=amina, version=1, created_at=soon)
    reader = Reader(person_id=amina, state="active", language="en", time_zone="Africa/Nairobi")
    said = []
    for way in (None, "gone"):
        if way:
            await happens(desk, way)
        async with desk.db.transaction() as conn:
            said.append(await compose_soon(conn, post, reader, tools(soon)) is not None)
    assert said == [True, False]


async def test_the_clock_neither_completes_nor_earns_it_and_an_admin_decides(desk: Desk) -> None:
    took_place, did_not = await desk.paid_one(), await desk.paid_one(desk.start + 2 * HOUR)
    await happens(desk, "gone")
    later = desk.start + 3 * DAY
    for session_id in (took_place, did_not):
        assert await desk.clock(session_id, later) == "Confirmed"
        assert await desk.value("select due_at from sessions.session where id = $1", session_id) > later
    assert await to_decide(desk, later) == {took_place: "gone", did_not: "gone"}
    with pytest.raises(NotPossible):
        await desk.cancel(desk.cast.wambui, did_not, later)
    assert await desk.cancel(desk.cast.njeri, did_not, later) == 2500
    await desk.do("complete", desk.cast.njeri, took_place, later)
    assert await to_decide(desk, later) == {}
    await desk.clock(took_place, later + 2 * DAY)
    assert [await desk.money(one) for one in (took_place, did_not)] == [{"earned": 2500}, {"duty": 2500}]


async def test_an_admin_says_nothing_of_a_session_whose_psychologist_is_here(desk: Desk) -> None:
    session_id, later = await desk.paid_one(), desk.start + 2 * HOUR
    with pytest.raises(NotPossible):
        await desk.cancel(desk.cast.njeri, session_id, later)
    with pytest.raises(Forbidden):
        await desk.do("complete", desk.cast.njeri, session_id, later)
    assert await desk.clock(session_id, desk.start + 3 * DAY) == "Completed"


@pytest.mark.parametrize("way", WAYS)
async def test_what_cannot_be_held_is_on_the_admin_s_list_and_not_accepted(desk: Desk, way: str) -> None:
    paid = await desk.paid_one()
    asked = await desk.request(desk.cast.baraka, desk.cast.otieno, desk.start + 2 * HOUR)
    assert await to_decide(desk, desk.now) == {}
    await happens(desk, way)
    assert await to_decide(desk, desk.now) == {paid: way, asked: way}
    with pytest.raises(NotPossible) as refused:
        await desk.approve(desk.cast.otieno, asked)
    assert "not listed for that day" in refused.value.detail
    assert await desk.stored(asked) == "Pending Approval"


@pytest.mark.parametrize("way", WAYS)
async def test_who_cannot_hold_any_is_not_in_the_public_list_and_not_booked(desk: Desk, way: str) -> None:
    await happens(desk, way)
    async with desk.db.connection() as conn:
        names = [one.name for one in await directory.listed(conn, Filter(), desk.now, EMPTY)]
        assert "Dr Otieno" not in names
        with pytest.raises(NotFound):
            await directory.one(conn, "kbt011", desk.now, EMPTY)
    with pytest.raises(Refusal):
        await desk.request(desk.cast.amina, desk.cast.otieno)


async def test_what_lies_on_the_last_day_itself_can_be_held(desk: Desk) -> None:
    """By the day of the psychologist's own zone."""
    ends = "update directory.psychologist set licence_until = $2 where id = $1"
    late = await desk.stage("Confirmed", desk.start.replace(hour=23))
    await desk.run(ends, desk.cast.otieno.person_id, desk.start.date())
    assert await to_decide(desk, desk.now) == {}
    await desk.run(ends, desk.cast.otieno.person_id, desk.start.date() - DAY)
    assert await to_decide(desk, desk.now) == {late: "after_licence"}


async def test_on_the_last_day_itself_they_are_listed(desk: Desk) -> None:
    today = desk.now.date()
    ends = "update directory.psychologist set licence_until = $2 where id = $1"
    await desk.run(ends, desk.cast.otieno.person_id, today)
    noon = desk.now.replace(hour=9)
    async with desk.db.connection() as conn:
        listed = [[one.name for one in await directory.listed(conn, Filter(), at, EMPTY)] for at in (noon, noon + DAY)]
    assert listed == [["Dr Otieno", "Dr Wanjiru"], ["Dr Wanjiru"]]


async def test_with_a_supervisor_again_they_are_booked_again(desk: Desk) -> None:
    await happens(desk, "unsupervised")
    await desk.run("update directory.psychologist set status = 'listed' where id = $1", desk.cast.wanjiru.person_id)
    assert await desk.request(desk.cast.amina, desk.cast.otieno)
