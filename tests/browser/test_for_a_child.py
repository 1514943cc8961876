"""A mother books for her son on a phone, from the first page to a sent request, with and without script."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from kikao.core.db import Database
from support.cast import PASSWORD, Cast

from .conftest import PICTURES, Screen, open_screen
from .test_by_any_means import town as town
from .test_walk import Town

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def _to_the_form(page: Page, town: Town) -> None:
    await page.goto(town.house.url)
    await page.get_by_role("link", name="Find a time").first.click()
    await page.get_by_role("link", name="Dr Otieno").first.click()
    await page.locator(".chips a.chip").first.click()
    await expect(page.get_by_role("heading", name="Check and request")).to_be_visible()


async def _choose_the_child(page: Page) -> None:
    born = page.get_by_label("Date of birth")
    await expect(page.get_by_label("Myself")).to_be_checked()
    await expect(born).to_be_hidden()
    await page.get_by_text("A child, or somebody I care for").click()
    await expect(born).to_be_visible()


async def _fill_in(page: Page, born: str) -> None:
    await page.get_by_label("What may we call you?").fill("Mwende")
    await page.get_by_label("Phone number or").fill("0700 000 041")
    await page.get_by_label("Choose a password").fill(PASSWORD)
    await page.get_by_label("What may we call them?").fill("Musa")
    await page.get_by_label("Date of birth").fill(born)
    await page.get_by_text("I have read this and agree").click()
    await page.get_by_text("I agree to this for them, too").click()
    await page.get_by_role("button", name="Send the request").click()


async def a_mother_asks_for_her_son(client: Screen, town: Town, *, look: bool) -> None:
    page = client.page
    await _to_the_form(page, town)
    await _choose_the_child(page)
    if look:
        await client.look("80-for-a-child")
    await _fill_in(page, "1999-01-01")
    await expect(page.locator("#f-birthDate-error")).to_contain_text("books for themselves")
    await expect(page.get_by_label("What may we call them?")).to_have_value("Musa")
    if look:
        await client.look("81-for-somebody-of-age-refused")
    await page.get_by_label("Date of birth").fill("2018-04-12")
    await page.get_by_label("Choose a password").fill(PASSWORD)
    await page.get_by_role("button", name="Send the request").click()
    await page.locator("input[name=code]").fill(await town.sms(r"\b(\d{6})\b"))
    await page.locator("main").get_by_role("button").first.click()
    await expect(page.get_by_role("heading", name="has not answered yet")).to_be_visible()
    await expect(page.locator(".summary").first).to_contain_text("Musa")
    if look:
        await client.look("82-asked-for-a-child")
    await page.goto(f"{town.house.url}/me")
    await expect(page.locator(".entries")).to_contain_text("for Musa")
    if look:
        await client.look("83-home-of-a-mother")


async def test_from_the_first_page_to_a_sent_request(cast: Cast, town: Town, browser: Browser) -> None:
    client = await open_screen(browser, "360")
    await a_mother_asks_for_her_son(client, town, look=True)


async def test_the_same_without_script(db: Database, cast: Cast, town: Town, browser: Browser) -> None:
    client = await open_screen(browser, "360", scheme="dark", script=False)
    await a_mother_asks_for_her_son(client, town, look=False)
    async with db.connection() as conn:
        assert await conn.fetchval(
            """
            select p.name from sessions.session s join accounts.person p on p.id = s.client_id
            where s.sent_at is not null
            """) == "Musa"


async def test_a_price_not_shown_and_a_consent_that_lacks_without_script(
    db: Database, cast: Cast, town: Town, browser: Browser
) -> None:
    """Each refusal shows what it is about, keeps what was typed, and one more sending is enough."""
    async with db.transaction() as conn:
        await conn.execute(
            """
            insert into directory.agreed_rate
                (id, psychologist_id, client_id, session_type, amount, minutes, from_at, set_by)
            values (gen_random_uuid(), $1, $2, 'Individual', 1200, 60, now() - interval '1 hour', $1)
            """, cast.otieno.person_id, cast.zuri.person_id)
    client = await open_screen(browser, "360", scheme="dark", script=False)
    page = client.page
    await page.goto(f"{town.house.url}/sign-in")
    await page.get_by_label("phone", exact=False).first.fill(cast.halima.phone)
    await page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    await page.locator("main").get_by_role("button", name="Sign in").click()
    await _to_the_form(page, town)
    await page.get_by_text("Zuri").click()
    await page.get_by_label("Anything to know beforehand?").fill("He is shy.")
    await page.get_by_role("button", name="Send the request").click()
    await expect(page.locator(".notice--danger").first).to_contain_text("The price is not the one that was shown")
    await expect(page.locator(".summary").first).to_contain_text("KSh 1,200")
    await page.screenshot(path=PICTURES / "84-another-price-360-dark.png", full_page=True)
    async with db.transaction() as conn:
        await conn.execute(
            "update accounts.consent set withdrawn_at = now(), withdrawn_by = given_by where person_id = $1",
            cast.zuri.person_id)
    await page.get_by_role("button", name="Send the request").click()
    await expect(page.locator('a[href="#f-agreeFor"]')).to_contain_text("what is kept about them")
    await page.screenshot(path=PICTURES / "85-agree-for-him-360-dark.png", full_page=True)
    await expect(page.get_by_label("Anything to know beforehand?")).to_have_value("He is shy.")
    await page.get_by_text("I agree to this for them", exact=True).click()
    await page.get_by_role("button", name="Send the request").click()
    await expect(page.locator(".summary").first).to_contain_text("Zuri")
    async with db.connection() as conn:
        assert await conn.fetchval("select price from sessions.session") == 1200
