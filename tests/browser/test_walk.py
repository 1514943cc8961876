"""The main job as people do it: in a browser, on a phone and on a desk, light and dark."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.async_api import Browser, expect

from kikao.accounts.actions import ensure_consent_texts
from kikao.core.clock import utc_now
from kikao.core.db import Database
from path.test_by_json import until
from support import house as houses
from support.cast import PASSWORD, Cast

from .conftest import Screen, open_screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PHONE = "254700000041"


class Town:
    """The house, and what the sink and the phone show."""

    def __init__(self, house: houses.House) -> None:
        self.house = house
        self.outside = httpx.AsyncClient()

    async def sms(self, pattern: str) -> str:
        """The first group of the newest SMS that fits."""

        async def look() -> str | None:
            answer = await self.outside.get(f"{self.house.sink}/api/messages", params={"to": PHONE})
            for message in answer.json()["messages"]:
                found = re.search(pattern, message["text"])
                if found:
                    return found.group(1)
            return None

        text: str = await until(look)
        return text


@pytest.mark.parametrize(("size", "scheme"), [("360", "light"), ("1280", "dark")])
async def test_from_the_first_page_to_confirmed(
    db: Database, cast: Cast, url: str, browser: Browser, size: str, scheme: str
) -> None:
    async with db.connection() as conn:
        await ensure_consent_texts(conn, utc_now())
    async with houses.running(url) as house:
        town = Town(house)
        client = await open_screen(browser, size, scheme=scheme)
        doctor = await open_screen(browser, size, scheme=scheme)
        await find_a_time(client, house.url)
        await sign_up_and_request(client, town)
        reference = await accept(doctor, house.url, cast)
        await pay(client, town)
        await see_it_confirmed(client, doctor, reference)
        await town.outside.aclose()


async def find_a_time(client: Screen, url: str) -> None:
    page = client.page
    await page.goto(url)
    await client.look("01-home")
    await page.get_by_role("link", name="Find a time").first.click()
    await client.look("02-team")
    await page.get_by_role("link", name="Dr Otieno").first.click()
    await client.look("03-profile")
    await page.locator(".chips a.chip").first.click()


async def sign_up_and_request(client: Screen, town: Town) -> None:
    page = client.page
    await expect(page.get_by_role("heading", name="Check and request")).to_be_visible()
    await client.look("04-request")
    await page.get_by_label("What may we call you?").fill("Chebet")
    await page.get_by_label("Phone number or").fill("12")
    await page.get_by_label("Choose a password").fill(PASSWORD)
    await page.get_by_text("I have read this and agree").click()
    await page.get_by_role("button", name="Send the request").click()
    await client.look("05-request-refused")
    await expect(page.get_by_label("What may we call you?")).to_have_value("Chebet")
    await page.get_by_label("Phone number or").fill("0700 000 041")
    await page.get_by_label("Choose a password").fill(PASSWORD)
    await page.get_by_role("button", name="Send the request").click()
    await expect(page.locator("input[name=code]")).to_be_visible()
    await client.look("06-code")
    await page.locator("input[name=code]").fill(await town.sms(r"\b(\d{6})\b"))
    await page.locator("main").get_by_role("button").first.click()
    await expect(page.get_by_role("heading", name="has not answered yet")).to_be_visible()
    await client.look("07-waiting-for-an-answer")


async def accept(doctor: Screen, url: str, cast: Cast) -> str:
    page = doctor.page
    await page.goto(f"{url}/sign-in")
    await doctor.look("08-sign-in")
    await page.get_by_label(re.compile("phone|e-mail", re.I)).first.fill(cast.otieno.email)
    await page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    await page.locator("main").get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Your sessions")).to_be_visible()
    await doctor.look("09-requests")
    await page.locator(".entry__title a").first.click()
    await doctor.look("10-one-request")
    reference = (await page.locator(".reference").first.inner_text()).strip()
    await page.get_by_role("button", name="Accept").click()
    await expect(page.get_by_role("heading", name="Accepted, not paid yet")).to_be_visible()
    return reference


async def pay(client: Screen, town: Town) -> None:
    page = client.page
    await page.goto(await town.sms(r"(http://\S+/p/\S+)"))
    await client.look("11-pay")
    await expect(page.locator("input[name=phone]")).not_to_have_value("")
    await page.locator("main form").first.get_by_role("button").first.click()
    await client.look("12-waiting-for-mpesa")
    handset = await client.context.new_page()
    await handset.goto(f"{town.house.simulator}/phone/{PHONE}")
    await handset.locator("#pin").fill("1234")
    await handset.locator("#send").click()
    await page.bring_to_front()


async def see_it_confirmed(client: Screen, doctor: Screen, reference: str) -> None:
    page = client.page
    await expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()
    await expect(page.get_by_text(re.compile(r"\b[A-Z][A-L][1-9A-V][A-Z0-9]{7}\b"))).to_be_visible()
    await client.look("13-paid")
    await page.goto(page.url.split("/p/")[0] + f"/s/{reference}")
    await expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()
    await client.look("14-confirmed")
    await doctor.page.reload()
    await expect(doctor.page.get_by_role("heading", name="Confirmed and paid")).to_be_visible()
    await doctor.look("15-confirmed-psychologist")
