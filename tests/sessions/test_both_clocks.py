"""A time is told by the reader's clock, and by the session's where that differs."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

import pytest

from kikao.core.clock import utc_now
from kikao.sessions import clocks
from support import app as apps
from support.app import World
from support.cast import Member, workday

pytestmark = pytest.mark.database
NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)


def test_each_clock_that_differs_is_told_once() -> None:
    def told(zone: str, there: str, practice: str) -> list[str]:
        return [text.partition(", ")[2][:5] for _label, text in clocks.others(NOON, zone, there, practice)]

    assert told("Africa/Nairobi", "Africa/Nairobi", "Africa/Nairobi") == []
    assert told("Africa/Kampala", "Africa/Nairobi", "Africa/Nairobi") == [], "two names of one clock"
    assert told("Europe/London", "Africa/Nairobi", "Africa/Nairobi") == ["15:00"]
    assert told("Europe/London", "Europe/London", "Africa/Nairobi") == ["15:00"]
    assert told("Asia/Dubai", "Europe/London", "Africa/Nairobi") == ["12:00", "15:00"]


async def read_by(world: World, who: Member, zone: str) -> None:
    async with world.db.connection() as conn:
        await conn.execute("update accounts.person set time_zone = $2 where id = $1", who.person_id, zone)
        await conn.execute("update directory.psychologist set desk_may_answer = true")


def rows(page: str) -> str:
    return page.partition("<dt>When</dt>")[2].partition("</dl>")[0]


async def test_on_the_session_s_page_and_where_desk_checks_before_booking(url: str) -> None:
    async with apps.world(url, utc_now()) as world:
        session = await world.request("amina", hour=10)
        address = f"/s/{session['reference']}"
        start = workday(world.now, hour=14)
        check = f"/book/{world.cast.kamau.person_id}?{urlencode({'t': 'kbt011', 'start': start.isoformat()})}"
        assert "<dt>There</dt>" not in rows((await world.amina.page("GET", address)).text)
        assert "<dt>There</dt>" not in rows((await world.wambui.page("GET", check)).text)
        for who in (world.cast.amina, world.cast.wambui):
            await read_by(world, who, "Europe/London")
        mine = rows((await world.amina.page("GET", address)).text)
        assert "10:00 East Africa Time" in mine.partition("<dt>There</dt>")[2]
        assert "14:00 East Africa Time" in rows((await world.wambui.page("GET", check)).text).partition("There")[2]
        async with world.db.connection() as conn:
            await conn.execute("update availability.calendar set time_zone = 'Asia/Dubai' where psychologist_id = $1",
                               UUID(session["psychologistId"]))
        both = rows((await world.amina.page("GET", address)).text)
        assert "11:00" in both.partition("<dt>There</dt>")[2].partition("<dt>At the practice</dt>")[0]
        assert "10:00 East Africa Time" in both.partition("<dt>At the practice</dt>")[2]
