"""The main job once more, by somebody whose phone speaks Swahili. Every page by itself: test_faces.py.

What is looked for beside the rest: nothing is cut off or pushed out of the screen by longer words, and no English is
left between them.
"""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from kikao.accounts.actions import ensure_consent_texts
from kikao.core.clock import utc_now
from kikao.core.db import Database
from support import house as houses
from support.cast import PASSWORD, Cast

from .conftest import Screen, open_screen
from .swahili import strange_in_swahili, typed_by_people
from .test_walk import Town, accept, pay

pytestmark = [pytest.mark.browser, pytest.mark.timeout(500)]


class SwahiliScreen(Screen):
    """As every screen, and nothing is cut off, nothing English is left but what people `typed`."""

    typed: tuple[str, ...] = ()
    found: dict[str, list[str]]

    async def look(self, what: str) -> None:
        await super().look(f"sw-{what}")
        if strange := await strange_in_swahili(self.page, self.typed):
            self.found[what] = strange


async def swahili(browser: Browser, db: Database, size: str = "360") -> SwahiliScreen:
    screen = await open_screen(browser, size, locale="sw-KE", kind=SwahiliScreen)
    assert isinstance(screen, SwahiliScreen)
    screen.found = {}
    screen.typed = await typed_by_people(db)
    return screen


async def test_from_the_first_page_to_confirmed_in_swahili(
    db: Database, cast: Cast, url: str, browser: Browser
) -> None:
    async with db.connection() as conn:
        await ensure_consent_texts(conn, utc_now())
    async with houses.running(url) as house:
        town = Town(house)
        client, doctor = await swahili(browser, db), await open_screen(browser, "360")
        await find_and_ask(client, town)
        reference = await accept(doctor, house.url, cast)  # who reads English
        assert "ni yako" in await town.sms(r"(Mti .*/p/.*)")
        await pay(client, town)
        page = client.page
        await expect(page.get_by_role("heading", name="Imethibitishwa")).to_be_visible()
        await client.look("paid")
        await page.goto(f"{house.url}/s/{reference}")
        await expect(page.get_by_role("heading", name="Imethibitishwa")).to_be_visible()
        await client.look("confirmed")
        await doctor.page.reload()
        await expect(doctor.page.get_by_role("heading", name="Confirmed and paid")).to_be_visible()
        told = await town.outside.get(f"{house.sink}/api/messages", params={"to": cast.otieno.email})
        assert any("Someone asks for" in one["text"] for one in told.json()["messages"])
        assert client.found == {}
        await town.outside.aclose()


async def find_and_ask(client: Screen, town: Town) -> None:
    page = client.page
    await page.goto(town.house.url)
    await client.look("home")
    await page.get_by_role("link", name="Tafuta nafasi").first.click()
    await client.look("team")
    await page.get_by_role("link", name="Dr Otieno").first.click()
    await client.look("profile")
    await page.locator(".chips a.chip").first.click()
    await expect(page.get_by_role("heading", name="Hakikisha na uombe")).to_be_visible()
    await page.get_by_label("Tukuite nani?").fill("Chebet")
    await page.get_by_label("Nambari ya simu au barua pepe").fill("12")
    await page.get_by_label("Chagua nywila").fill(PASSWORD)
    await page.get_by_text("Nimesoma haya na ninakubali").click()
    await page.get_by_role("button", name="Tuma ombi").click()
    await client.look("request-refused")
    await page.get_by_label("Nambari ya simu au barua pepe").fill("0700 000 041")
    await page.get_by_label("Chagua nywila").fill(PASSWORD)
    await page.get_by_role("button", name="Tuma ombi").click()
    await expect(page.locator("input[name=code]")).to_be_visible()
    await client.look("code")
    await page.locator("input[name=code]").fill(await town.sms(r"msimbo wako ni (\d{6})\b"))
    await page.locator("main").get_by_role("button").first.click()
    await expect(page.get_by_role("heading", name="hajajibu bado")).to_be_visible()
    await client.look("waiting-for-an-answer")
