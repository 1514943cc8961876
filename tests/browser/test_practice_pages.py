"""The practice's tables on a tablet and on paper; finance at work. Each page by itself: test_faces.py."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from admin.books import Owed
from kikao.core.crypto import Vault
from kikao.core.db import Database
from kikao.core.settings import read as machine
from support import house as houses
from support.cast import PASSWORD, Cast, Member

from . import bad_week
from .conftest import Screen, open_screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PAGES = ("day", "payments", "duties", "suspense", "codes", "strays", "stuck", "unreached", "listing", "sessions")


async def a_bad_week(db: Database, cast: Cast, house: houses.House) -> Owed:
    return await bad_week.a_bad_week(db, cast, Vault(machine(house.env).keys))


async def sign_in(screen: Screen, url: str, member: Member) -> None:
    page = screen.page
    await page.goto(f"{url}/sign-in?next=/practice")
    await page.get_by_label(re.compile("phone|e-mail", re.IGNORECASE)).first.fill(member.email)
    await page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    await page.locator("main").get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="The practice today")).to_be_visible()


async def test_tables_on_a_tablet_and_on_paper(db: Database, cast: Cast, url: str, browser: Browser) -> None:
    async with houses.running(url, worker=False) as house:
        screen = await open_screen(browser, "1280")
        await sign_in(screen, house.url, cast.njeri)
        known = await a_bad_week(db, cast, house)
        for name in ("", *PAGES, f"payments/{known.charge_id}", "pictures"):
            await screen.page.goto(f"{house.url}/practice/{name}")
            await on_a_tablet(screen, name)
        await on_paper(screen, f"{house.url}/practice/pictures")


async def on_a_tablet(screen: Screen, what: str) -> None:
    """Upright and on its side: wide tables fit, or become cards."""
    before = screen.page.viewport_size
    assert before is not None
    for width in (641, 768, 1023, 1024):
        await screen.page.set_viewport_size({**before, "width": width})
        wide = await screen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{what} is {wide} px wider than {width}"
    await screen.page.set_viewport_size(before)


async def on_paper(screen: Screen, address: str) -> None:
    """A sheet is narrow, and still no phone: tables are tables there, and *Leave now* is for screens."""
    page = screen.page
    await page.goto(address)
    await page.set_viewport_size({"width": 718, "height": 1000})
    await page.emulate_media(media="print")
    shown = await page.evaluate(
        "[...document.querySelectorAll('.table, .leave')].map(one => getComputedStyle(one).display)")
    assert set(shown) == {"table", "none"}, shown


async def in_both_lights(screen: Screen, what: str) -> None:
    size = screen.name.split("-")[0]
    for scheme in ("light", "dark"):
        await screen.page.emulate_media(color_scheme=scheme)
        screen.name = f"{size}-{scheme}"
        await screen.look(what)


@pytest.mark.parametrize("size", ["360", "1280"])
async def test_finance_at_work(db: Database, cast: Cast, url: str, browser: Browser, size: str) -> None:
    async with houses.running(url, worker=False) as house:
        known = await a_bad_week(db, cast, house)
        screen = await open_screen(browser, size)
        await sign_in(screen, house.url, cast.njeri)
        await find(screen, house.url, known)
        await give_back(screen, house.url)
        await place(screen, house.url, known)
        await take_back(screen, house.url)
        await refuse_to_list(screen, house.url)


async def find(screen: Screen, url: str, known: Owed) -> None:
    page = screen.page
    await page.goto(f"{url}/practice/payments")
    await page.get_by_text("Search", exact=True).first.click()
    await page.get_by_label("Last digits of the phone").fill("12")
    await page.locator("form.filter").get_by_role("button", name="Search").click()
    await screen.look("practice-search-refused")
    await expect(page.get_by_label("Last digits of the phone")).to_have_value("12")
    await page.get_by_label("Last digits of the phone").fill("")
    await page.get_by_label("Name").fill("Nobody like that")
    await page.locator("form.filter").get_by_role("button", name="Search").click()
    await screen.look("practice-search-empty")
    await page.get_by_label("Name").fill("Amina")
    await page.locator("form.filter").get_by_role("button", name="Search").click()
    assert "amina" not in page.url.lower()
    await page.get_by_role("link", name=known.reference).first.click()
    await expect(page.get_by_role("heading", name="Ledger")).to_be_visible()


async def give_back(screen: Screen, url: str) -> None:
    page = screen.page
    await page.goto(f"{url}/practice/duties")
    await page.locator("summary", has_text="Note as done").first.click()
    await screen.look("practice-give-back")
    await page.locator("dialog[open]").get_by_role("button", name="Note as done").click()
    await page.goto(f"{url}/practice/duties?show=all")
    await expect(page.get_by_text("by Njeri").first).to_be_visible()
    await screen.look("practice-given-back")


async def place(screen: Screen, url: str, known: Owed) -> None:
    page = screen.page
    await page.goto(f"{url}/practice/suspense")
    await page.locator("summary", has_text="It belongs to").first.click()
    await page.locator("dialog[open]").get_by_label("Reference").fill("nonsense")
    await page.locator("dialog[open]").get_by_role("button", name="Put it there").click()
    await expect(page.get_by_text("There is no such reference").first).to_be_visible()
    await expect(page.locator("dialog[open]").get_by_label("Reference")).to_have_value("nonsense")
    await page.goto(f"{url}/practice/suspense")
    await page.locator("summary", has_text="It belongs to").first.click()
    await page.locator("dialog[open]").get_by_role("button", name="Put it there").click()
    await expect(page.get_by_text("Found where it belongs")).to_be_visible()


async def take_back(screen: Screen, url: str) -> None:
    """What was just put where it belongs, M-Pesa takes back; the practice bears it."""
    page = screen.page
    await page.locator("summary", has_text="took it back").first.click()
    await page.locator("dialog[open]").get_by_role("button", name="took it back").click()
    await expect(page.get_by_text("Taken back,", exact=False).first).to_be_visible()
    await screen.look("practice-taken-back")
    await page.goto(f"{url}/practice/decisions")
    await page.locator("summary", has_text="Let the practice bear it").first.click()
    await screen.look("practice-decide-who-bears-it")
    await page.locator("dialog[open]").get_by_label("Why?", exact=False).fill("Reversed in error")
    await page.locator("dialog[open]").get_by_role("button", name="Let the practice bear it").click()
    await expect(page.get_by_text("took back")).not_to_be_visible()
    await screen.look("practice-decisions")


async def refuse_to_list(screen: Screen, url: str) -> None:
    page = screen.page
    await page.goto(f"{url}/practice/listing?show=waiting")
    await page.locator("summary", has_text="Put on the list").first.click()
    await page.locator("dialog[open]").get_by_role("button", name="Put on the list").click()
    await expect(page.get_by_text("have not said yes").first).to_be_visible()
    await screen.look("practice-not-listed")
