"""What an admin alone sees: on a phone and on a desk, light and dark, full, empty and refused."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from kikao.admin.rules import SETTINGS
from kikao.core.db import Database
from support import house as houses
from support.cast import Cast

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
