"""What the practice reads first: each figure is the length of the list that it leads to."""

from __future__ import annotations

import re
from datetime import timedelta

from kikao.core.db import Conn
from kikao.sessions.rules import CANCELLED, COMPLETED, CONFIRMED, DECLINED, EXPIRED, PENDING_APPROVAL, STATUSES
from sessions.staging import stage
from support.app import World
from support.cast import NAIROBI, workday


def references(html: str) -> list[str]:
    return re.findall(r'class="reference" href="/s/([^"]+)"', html)


async def _names(conn: Conn, *session_ids: object) -> list[str]:
    rows = await conn.fetch(
        "select reference from unnest($1::uuid[]) with ordinality as w(id, at) join sessions.session s using (id)"
        " order by at", list(session_ids))
    return [row["reference"] for row in rows]


async def test_sessions_of_today_are_as_many_as_their_figure_says(world: World) -> None:
    async with world.db.transaction() as conn:
        noon = world.now.astimezone(NAIROBI).replace(hour=12, minute=0, second=0, microsecond=0)
        for number, status in enumerate(STATUSES):
            start = noon + timedelta(minutes=75 * (number - 4))
            await stage(conn, world.cast, status, start, start - timedelta(hours=1), open_no=number + 1,
                        hold=timedelta(days=2))
    html = (await world.njeri.page("GET", "/practice")).text
    [figure] = re.findall(r'<dt><a href="/practice/day">Sessions today</a></dt><dd>(\d+)</dd>', html)
    assert int(figure) == len(references(html)) == len(STATUSES) - 3
    assert html.count("East Africa Time") == html.count("Times are East Africa Time."), "said once, not in each row"
    for gone in (DECLINED, CANCELLED, EXPIRED):
        assert f">{gone}<" not in html


async def test_what_is_past_comes_with_the_latest_first_and_ahead_is_what_will_be(world: World) -> None:
    async with world.db.transaction() as conn:
        old, new, gone = [
            await stage(conn, world.cast, status, start, start - timedelta(hours=2), open_no=number)
            for number, (status, start) in enumerate([
                (COMPLETED, world.now - timedelta(days=9)), (COMPLETED, world.now - timedelta(days=2)),
                (CANCELLED, workday(world.now, ahead=3))], start=1)]
        first, second = [
            await stage(conn, world.cast, status, workday(world.now, ahead=no, hour=no + 6), world.now, open_no=no)
            for status, no in ((CONFIRMED, 4), (PENDING_APPROVAL, 6))]  # both on a Monday, after some weekends
        wanted = {
            "ahead": await _names(conn, first, second), "answer": await _names(conn, second),
            "past": await _names(conn, new, old), "off": await _names(conn, gone), "pay": [],
        }
    for show, names in wanted.items():
        html = (await world.wambui.page("GET", f"/practice/sessions?show={show}")).text
        assert references(html) == names, show
