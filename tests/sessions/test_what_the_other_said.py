"""What the other side said or did stands first at home, whether or not a message arrived."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from kikao.core.clock import utc_now
from kikao.sessions import rules
from kikao.sessions.said import NEWS
from sessions.conftest import Desk
from sessions.staging import stage
from support import app as apps
from support.cast import workday

pytestmark = pytest.mark.database
NOT_COME, CANCELLED = "It was noted that you did not come", "A confirmed session was cancelled"


async def age(world: apps.World, by: timedelta) -> None:
    """So much time goes by since its end."""
    async with world.db.connection() as conn:
        await conn.execute("update sessions.session set ended_at = ended_at - $1::interval", by)


async def test_who_is_said_not_to_have_come_finds_it_as_long_as_they_can_object(url: str) -> None:
    async with apps.world(url, utc_now()) as world:
        desk, begun = Desk(world.db, world.cast, world.now), world.now - timedelta(minutes=30)
        missed = await desk.stage(rules.CONFIRMED, begun)
        await desk.do("mark a no-show", world.cast.otieno, missed, world.now, says="client")
        theirs = await desk.stage(
            rules.CONFIRMED, begun, client=world.cast.baraka, psychologist=world.cast.wanjiru, open_no=2)
        await desk.do("mark a no-show", world.cast.baraka, theirs, world.now, says="psychologist")
        mine = (await world.amina.page("GET", "/me")).text
        assert NOT_COME in mine
        assert "You can object until" in mine
        hers = (await world.wanjiru.page("GET", "/me/calendar")).text
        assert "the client says that you did not come. You can object until" in hers
        assert NOT_COME in (await world.wanjiru.page("GET", "/me")).text, "where she comes in"
        assert NOT_COME not in (await world.baraka.page("GET", "/me")).text, "who said so has nothing to do"
        assert "did not come" not in (await world.otieno.page("GET", "/me/calendar")).text
        await desk.do("object", world.cast.amina, missed, world.now)
        assert NOT_COME not in (await world.amina.page("GET", "/me")).text
        await age(world, timedelta(hours=24))
        assert "did not come" not in (await world.wanjiru.page("GET", "/me/calendar")).text


async def test_who_had_a_confirmed_session_finds_for_some_days_that_the_other_side_cancelled_it(url: str) -> None:
    async with apps.world(url, utc_now()) as world:
        desk, cast = Desk(world.db, world.cast, world.now), world.cast
        by_practice = await desk.paid_one(workday(world.now, hour=9))
        by_client = await desk.paid_one(workday(world.now, hour=11), client=cast.baraka)
        await desk.cancel(cast.otieno, by_practice)
        await desk.cancel(cast.baraka, by_client)
        assert CANCELLED in (await world.amina.page("GET", "/me")).text
        assert CANCELLED not in (await world.baraka.page("GET", "/me")).text, "who cancelled it knows"
        shown = (await world.otieno.page("GET", "/me/calendar")).text
        assert shown.count("was confirmed, and is cancelled.") == 1
        assert await _reference(world, by_client) in shown
        home = (await world.otieno.page("GET", "/me")).text
        assert CANCELLED in home
        assert "With Baraka." in home
        assert "With Amina." not in home
        await age(world, NEWS)
        assert CANCELLED not in (await world.amina.page("GET", "/me")).text
        assert "and is cancelled." not in (await world.otieno.page("GET", "/me/calendar")).text


async def test_a_mother_is_told_of_what_was_her_child_s(url: str) -> None:
    async with apps.world(url, utc_now()) as world:
        desk = Desk(world.db, world.cast, world.now)
        async with world.db.transaction() as conn:
            session_id = await stage(
                conn, world.cast, rules.CONFIRMED, world.now - timedelta(minutes=30), world.now,
                client=world.cast.halima)
            await conn.execute("update sessions.session set client_id = $2 where id = $1", session_id,
                               world.cast.zuri.person_id)
        await desk.do("mark a no-show", world.cast.otieno, session_id, world.now, says="client")
        assert "For Zuri." in (await world.halima.page("GET", "/me")).text


async def test_a_mother_is_not_asked_to_choose_another_time_for_a_child_who_died(url: str) -> None:
    async with apps.world(url, utc_now()) as world:
        async with world.db.transaction() as conn:
            session_id = await stage(
                conn, world.cast, rules.CONFIRMED, world.now + timedelta(days=2), world.now,
                client=world.cast.halima)
            await conn.execute("update sessions.session set client_id = $2 where id = $1", session_id,
                               world.cast.zuri.person_id)
        await Desk(world.db, world.cast, world.now).cancel(world.cast.otieno, session_id)
        assert CANCELLED in (await world.halima.page("GET", "/me")).text
        await world.db.pool.execute("update accounts.person set state = 'deceased' where id = $1",
                                    world.cast.zuri.person_id)
        assert CANCELLED not in (await world.halima.page("GET", "/me")).text


async def _reference(world: apps.World, session_id: UUID) -> str:
    async with world.db.connection() as conn:
        return str(await conn.fetchval("select reference from sessions.session where id = $1", session_id))
