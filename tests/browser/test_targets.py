"""What is tapped is 44 px high where a finger is, and 24 px for a mouse, also where a lot stands close together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser

from kikao.core.clock import utc_now
from kikao.core.db import Conn, Database
from kikao.sessions import rules
from sessions.staging import stage
from support import house as houses
from support.cast import Cast, workday

from .conftest import Screen, open_screen
from .test_practice_pages import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
FINGER, MOUSE = 44, 24
# A link within a sentence is read, not aimed at; a tick is aimed at with its words.
TARGETS = """least => {
  const found = [];
  for (const one of document.querySelectorAll("a[href], button, summary, input, select, textarea")) {
    const aimed = ["checkbox", "radio"].includes(one.type) ? one.closest(".choice, label") ?? one : one;
    const box = aimed.getBoundingClientRect(), style = getComputedStyle(one);
    const words = [...one.parentElement.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (box.width < 2 || style.visibility === "hidden" || (style.display === "inline" && words)) continue;
    if (box.height < least - .5) found.push(`${Math.round(box.height * 10) / 10}: ${one.outerHTML.slice(0, 120)}`);
  }
  return found;
}"""


async def a_dense_day(conn: Conn, cast: Cast) -> Any:
    """A quarter of an hour between two longer ones, with free time around; the day."""
    now = utc_now()
    start = workday(now, hour=9)
    await conn.execute("update directory.psychologist set desk_may_answer = true")
    await stage(conn, cast, rules.CONFIRMED, start, now)
    short = await stage(conn, cast, rules.PENDING_APPROVAL, start + timedelta(minutes=75), now, client=cast.halima)
    await conn.execute(
        """
        update sessions.session set ends_at = starts_at + interval '15 minutes', minutes = 15, buffer_minutes = 0,
            occupied_until = starts_at + interval '15 minutes' where id = $1
        """, short)  # fmt: skip
    await stage(conn, cast, rules.CONFIRMED, start + timedelta(minutes=90), now, client=cast.baraka)
    return start.date()


async def dense_pages(screen: Screen, url: str, day: Any, least: int, found: dict[str, list[str]]) -> None:
    for path in (f"/practice/day?on={day}", "/practice", "/practice/sessions", "/practice/caller", "/", "/team",
                 "/t/kbt011", "/me/account"):
        await screen.page.goto(url + path)
        if small := await screen.page.evaluate(TARGETS, least):
            found[path.partition("?")[0]] = small


async def test_what_is_tapped_is_high_enough_for_a_finger_and_for_a_mouse(
    db: Database, cast: Cast, url: str, browser: Browser
) -> None:
    async with db.transaction() as conn:
        day = await a_dense_day(conn, cast)
    async with houses.running(url, worker=False) as house:
        phone = await open_screen(browser, "360")
        await sign_in(phone, house.url, cast.wambui)
        found: dict[str, list[str]] = {}
        await dense_pages(phone, house.url, day, FINGER, found)
        assert found == {}
        address = f"{house.url}/practice/day?on={day}"
        await phone.page.goto(address)
        await phone.page.evaluate("document.querySelector('.cal__free a').style.minHeight = '0'")
        assert len(await phone.page.evaluate(TARGETS, FINGER)) == 1, "negative control"
        await phone.page.set_viewport_size({"width": 1280, "height": 900})  # a finger on a tablet
        await phone.page.goto(address)
        assert await phone.page.evaluate(TARGETS, FINGER) == []
        desk = await open_screen(browser, "1280")
        await sign_in(desk, house.url, cast.wambui)
        await desk.page.goto(address)
        assert await desk.page.evaluate(TARGETS, MOUSE) == []
        await desk.page.evaluate("document.querySelector('.cal').style.setProperty('--quarter', '1.05rem')")
        assert len(await desk.page.evaluate(TARGETS, MOUSE)) == 1, "negative control"
