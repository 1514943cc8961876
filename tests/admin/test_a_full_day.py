"""A practice's full day on the desk's calendar: all of it, and no hour of it is offered twice."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kikao.core.db import Conn
from kikao.core.ids import new_id, new_reference
from kikao.sessions import rules
from sessions.staging import stage
from support.app import World
from support.cast import NAIROBI, workday

pytestmark = pytest.mark.database

_TWINS = """
insert into sessions.session (id, reference, {columns})
select n.id, n.reference, {columns} from sessions.session s
cross join unnest($2::uuid[], $3::text[]) n (id, reference) where s.id = $1
"""


async def twins(conn: Conn, session_id: UUID, number: int) -> None:
    """So many more like this one, at its very time."""
    rows = await conn.fetch(
        """
        select column_name from information_schema.columns where table_schema = 'sessions' and table_name = 'session'
        and is_generated = 'NEVER' and column_name not in ('id', 'reference')
        """
    )
    columns = ", ".join(f"s.{row['column_name']}" for row in rows)
    into = ", ".join(row["column_name"] for row in rows)
    await conn.execute(
        _TWINS.replace("reference, {columns})", f"reference, {into})").format(columns=columns), session_id,
        [new_id() for _ in range(number)], [new_reference() for _ in range(number)],
    )


async def a_day_of_601(world: World, start: datetime) -> str:
    """Six hundred that are over, and one that is kept at three in the afternoon; its reference."""
    async with world.db.transaction() as conn:
        over = await stage(conn, world.cast, rules.COMPLETED, start, world.now)
        await twins(conn, over, 599)
        kept = await stage(conn, world.cast, rules.CONFIRMED, start.replace(hour=15), world.now)
        await conn.execute("update directory.psychologist set desk_may_answer = true")
        return str(await conn.fetchval("select reference from sessions.session where id = $1", kept))


def free(page: str) -> list[Any]:
    return re.findall(r">(\d\d:\d\d)–(\d\d:\d\d) free<", page)


async def test_of_601_none_is_left_out_and_no_free_stretch_lies_over_one(world: World) -> None:
    start = workday(world.now, hour=9)
    last = await a_day_of_601(world, start)
    shown = (await world.wambui.page("GET", f"/practice/day?on={start.date()}")).text
    assert shown.count('<li class="cal__entry') == 601
    assert f'href="/s/{last}"' in shown
    assert free(shown)[:2] == [("09:00", "15:00"), ("16:15", "17:00")]


async def test_what_began_the_day_before_is_no_free_time_either(world: World) -> None:
    day = workday(world.now).astimezone(NAIROBI)
    async with world.db.transaction() as conn:
        await conn.execute("update directory.psychologist set desk_may_answer = true")
        await conn.execute("update availability.hours set from_minute = 0, until_minute = 1440")
        begins = datetime.combine(day.date(), datetime.min.time(), NAIROBI) - timedelta(minutes=30)
        await stage(conn, world.cast, rules.CONFIRMED, begins, world.now)
    shown = (await world.wambui.page("GET", f"/practice/day?on={day.date()}")).text
    assert shown.count('<li class="cal__entry') == 1
    assert free(shown)[0] == ("00:45", "24:00")


async def test_the_day_says_who_has_no_hours_and_leads_to_booking_with_them_by_hand(world: World) -> None:
    day = workday(world.now).astimezone(NAIROBI).date()
    async with world.db.transaction() as conn:
        await conn.execute("update directory.psychologist set desk_may_answer = id = $1", world.cast.otieno.person_id)
        await conn.execute("delete from availability.hours where psychologist_id = $1", world.cast.otieno.person_id)
    shown = (await world.wambui.page("GET", f"/practice/day?on={day}")).text
    assert re.search(r"No hours on this day: <a class=\"tap\" href=\"[^\"]*t=kbt011[^\"]*\">Dr Otieno</a></p>", shown)
    async with world.db.transaction() as conn:
        await conn.execute("delete from availability.hours")
    nobody = (await world.wambui.page("GET", f"/practice/day?on={day}")).text
    assert "Nobody works on this day" in nobody
    assert re.search(r"No hours on this day: .*t=kbt011.*Dr Otieno.*Dr Wanjiru", nobody)
    async with world.db.transaction() as conn:
        await conn.execute("update directory.psychologist set licence_until = $1", world.now.date() - timedelta(days=2))
    past = (await world.wambui.page("GET", f"/practice/day?on={day}")).text
    assert "t=kbt011" not in past  # by a licence that is over nobody books
    assert "No hours on this day: Dr Otieno, Dr Wanjiru" in past


async def test_the_overview_says_where_the_rest_of_today_stands(world: World) -> None:
    async with world.db.transaction() as conn:
        over = await stage(conn, world.cast, rules.COMPLETED, world.now, world.now)
        await twins(conn, over, 99)
    whole = (await world.wambui.page("GET", "/practice")).text
    assert "There are more than these." not in whole
    async with world.db.transaction() as conn:
        await twins(conn, over, 1)
    assert "There are more than these." in (await world.wambui.page("GET", "/practice")).text
