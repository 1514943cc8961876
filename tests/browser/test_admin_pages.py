"""What an admin alone sees: on a phone and on a desk, light and dark, full, empty and refused."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from admin.test_pictures import a_small_history
from kikao.admin.rules import SETTINGS
from kikao.core.clock import utc_now
from kikao.core.db import Database
from sessions.staging import stage
from support import house as houses
from support.cast import Cast, workday

from .conftest import Screen, open_screen
from .test_practice_pages import in_both_lights, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.mark.parametrize("size", ["360", "1280"])
async def test_settings_and_terms(db: Database, cast: Cast, url: str, browser: Browser, size: str) -> None:
    async with houses.running(url, worker=False) as house:
        screen = await open_screen(browser, size)
        await sign_in(screen, house.url, cast.njeri)
        page = screen.page
        await page.goto(f"{house.url}/practice/settings")
        await in_both_lights(screen, "admin-settings")
        await refuse_then_set(screen, f"{house.url}/practice/settings/{SETTINGS['sessions.pay_hours'].code}")
        await page.goto(f"{house.url}/practice/terms")
        await page.get_by_label("Percent back").nth(1).fill("100")
        await page.get_by_label("Percent back").nth(0).fill("80")
        await page.get_by_label("Why?").fill("A new year")
        await page.get_by_role("button", name="Set these terms").click()
        await expect(page.get_by_text("Less notice must give less back, tier by tier")).to_be_visible()
        await in_both_lights(screen, "admin-terms-refused")


async def refuse_then_set(screen: Screen, address: str) -> None:
    page = screen.page
    await page.goto(address)
    await screen.look("admin-setting-empty")
    await page.get_by_label("New value").fill("900")
    await page.get_by_label("Why?").fill("People pay on the day itself")
    await page.get_by_role("button", name="Set it").click()
    await screen.look("admin-setting-refused")
    await expect(page.get_by_label("Why?")).to_have_value("People pay on the day itself")
    await page.get_by_label("New value").fill("12")
    await page.get_by_role("button", name="Set it").click()
    await expect(page.get_by_text("counts today")).to_be_visible()
    await in_both_lights(screen, "admin-setting")


@pytest.mark.parametrize("size", ["360", "1280"])
async def test_people_papers_lines_journal_and_pictures(
    db: Database, cast: Cast, url: str, browser: Browser, size: str
) -> None:
    async with houses.running(url, worker=False) as house:
        screen = await open_screen(browser, size)
        await sign_in(screen, house.url, cast.njeri)
        page, at = screen.page, f"{house.url}/practice"
        for name in ("people", "hire", "journal", "places", "pictures", "decisions"):
            await page.goto(f"{at}/{name}")
            await screen.look(f"admin-{name}-empty")
        await a_history(db, cast)
        await find_somebody(screen, at)
        await page.goto(f"{at}/lines")
        await in_both_lights(screen, "admin-lines")
        for name in ("pictures", "decisions"):
            await page.goto(f"{at}/{name}")
            await in_both_lights(screen, f"admin-{name}")
        await on_paper(screen, f"{at}/pictures")
        for path, what in (
            (f"listing/{cast.otieno.person_id}", "papers"), (f"people/{cast.halima.person_id}", "person"),
            (f"people/{cast.wambui.person_id}", "person-here"), (f"journal/{cast.amina.person_id}", "happened"),
        ):
            await page.goto(f"{at}/{path}")
            await in_both_lights(screen, f"admin-{what}")


async def on_paper(screen: Screen, address: str) -> None:
    """A sheet is narrow, and still no phone: tables are tables there, and *Leave now* is for screens."""
    page, before = screen.page, screen.page.viewport_size
    assert before is not None
    await page.goto(address)
    await page.set_viewport_size({"width": 718, "height": 1000})
    await page.emulate_media(media="print")
    shown = await page.evaluate(
        "[...document.querySelectorAll('.table, .leave')].map(one => getComputedStyle(one).display)")
    assert set(shown) == {"table", "none"}, shown
    await page.emulate_media(media="screen")
    await page.set_viewport_size(before)


async def a_history(db: Database, cast: Cast) -> None:
    now = utc_now()
    async with db.transaction() as conn:
        await a_small_history(conn, cast, now)
        await stage(conn, cast, "Confirmed", workday(now), now, client=cast.halima)
        await conn.execute("update directory.psychologist set status = 'disabled' where id = $1", cast.otieno.person_id)


async def find_somebody(screen: Screen, at: str) -> None:
    page = screen.page
    await page.goto(f"{at}/people")
    await page.get_by_label("Who?").fill("x")
    await page.locator("main").get_by_role("button", name="Search").click()
    await screen.look("admin-people-refused")
    await page.get_by_label("Who?").fill("am")
    await page.locator("main").get_by_role("button", name="Search").click()
    await in_both_lights(screen, "admin-people")
    await page.get_by_role("link", name="Amina").click()
    await page.get_by_role("button", name="Show contacts and reasons").click()
    await expect(page.get_by_text("amina@example.test")).to_be_visible()
    await screen.look("admin-person-opened")
    await page.goto(f"{at}/hire")
    await page.get_by_label("Name").fill("Achieng")
    await page.get_by_label("E-mail").fill("achieng@example.test")
    await page.get_by_role("button", name="Open the account").click()
    await expect(page.get_by_text("Please say what they are here.").first).to_be_visible()
    await screen.look("admin-hire-refused")
