"""The frame of every page: *Leave now* stays in sight and nothing lies half below it, by eye and by keyboard."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from kikao.core.db import Database
from support import house as houses
from support.cast import PASSWORD, Cast

from .conftest import open_screen
from .test_practice_pages import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
# From left to right along the middle of *Leave now*: what one sees there belongs to the bar, or is nothing at all.
ACROSS = """() => {
  const leave = document.querySelector(".leave__button").getBoundingClientRect();
  const seen = [];
  for (let x = 2; x < innerWidth; x += 8) seen.push(document.elementFromPoint(x, leave.top + leave.height / 2));
  return { top: leave.top, strange: seen.filter(one => !one.closest("header")).map(one => one.outerHTML.slice(0, 80)) };
}"""
FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  const there = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 12));
  const label = one.labels?.[0];
  return one === document.body ? null :
    { what: one.outerHTML.slice(0, 100), seen: !!there && (one.contains(there) || !!label?.contains(there)),
      ring: ["date", "time"].includes(one.type) ? "around a part of it" : getComputedStyle(one).outlineStyle };
}"""


@pytest.mark.parametrize("width", [360, 900, 1280])
async def test_leave_now_stays_in_sight_and_lies_over_nothing(
    db: Database, cast: Cast, url: str, browser: Browser, width: int
) -> None:
    async with houses.running(url, worker=False) as house:
        screen = await open_screen(browser, "360" if width == 360 else "1280")
        await screen.page.set_viewport_size({"width": width, "height": 600})
        for path in ("/", "/sign-up"):
            await screen.page.goto(house.url + path)
            for down in (150, 333, 500):
                await screen.page.evaluate(f"scrollTo(0, {down})")
                found = await screen.page.evaluate(ACROSS)
                assert 0 <= found["top"] < 20, (path, down)
                assert found["strange"] == [], (path, down)


async def test_by_keyboard_what_has_the_focus_is_seen(db: Database, cast: Cast, url: str, browser: Browser) -> None:
    """Forwards and back again, on pages of the desk that are longer than the screen."""
    async with houses.running(url, worker=False) as house:
        screen = await open_screen(browser, "1280")
        page = screen.page
        await page.set_viewport_size({"width": 1280, "height": 480})
        await sign_in(screen, house.url, cast.wambui)
        for path in ("/practice", "/practice/caller", "/practice/day", "/practice/sessions"):
            await page.goto(house.url + path)
            order = []
            for key in ["Tab"] * 30 + ["Shift+Tab"] * 25:
                await page.keyboard.press(key)
                found = await page.evaluate(FOCUSED)
                if found is not None:
                    assert found["seen"], (path, key, found)
                    assert found["ring"] != "none", (path, found)
                    order.append(found["what"])
            assert "skip" in order[0], path
            assert "leave__button" in order[1], path


LINES = """() => Object.values(Object.groupBy([...document.querySelectorAll(".nav a")],
                                          one => one.getBoundingClientRect().top)).map(line => line.length)"""


@pytest.mark.parametrize("language", ["en", "sw"])
async def test_nothing_of_the_menu_stands_alone_on_a_line(
    db: Database, cast: Cast, url: str, browser: Browser, language: str
) -> None:
    async with houses.running(url, worker=False) as house:
        for who in (cast.amina, cast.otieno, cast.wambui, cast.njeri):
            async with db.connection() as conn:
                await conn.execute("update accounts.person set language = $2 where id = $1", who.person_id, language)
            screen = await open_screen(browser, "360")
            await screen.page.goto(f"{house.url}/sign-in?next=/me/account")
            await screen.page.locator("input[name=login]").fill(who.email)
            await screen.page.locator("input[name=password]").fill(PASSWORD)
            await screen.page.locator("input[name=password]").press("Enter")
            await screen.page.wait_for_url("**/me/account")
            lines = await screen.page.evaluate(LINES)
            assert sum(lines) >= 3
            assert min(lines) > 1, (who.name, lines)
            assert who is not cast.amina or len(lines) == 1
            await screen.context.close()
