"""The whole path from the first page to Confirmed by keyboard alone, without script, and on a slow line; and how
heavy the first visit is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser, CDPSession, Locator, Page, expect

from kikao.accounts.actions import ensure_consent_texts
from kikao.core.clock import utc_now
from kikao.core.db import Database
from path.test_by_json import until
from support import house as houses
from support.cast import PASSWORD, Cast

from .conftest import Screen, open_screen
from .test_phone_weather import sign_in
from .test_walk import PHONE, Town

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
TABS = 120
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}


class Hand:
    """How somebody uses a page: a finger, or (below) nothing but keys."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def press(self, what: Locator) -> None:
        await what.click()

    async def tick(self, what: Locator) -> None:
        await what.click(force=True)  # its label lies over it, and ticks it as well

    async def write(self, what: Locator, text: str) -> None:
        await what.fill(text)


class Keys(Hand):
    """Tab, Enter, space and letters; wherever the focus is, it can be seen."""

    async def _reach(self, what: Locator) -> None:
        await expect(what).to_be_visible()
        for _ in range(TABS):
            if await what.evaluate("one => one === document.activeElement"):
                ring = await what.evaluate("one => getComputedStyle(one).outlineStyle")
                assert ring != "none", f"nobody sees that the focus is on {what}"
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"{TABS} times Tab do not lead to {what}")

    async def press(self, what: Locator) -> None:
        await self._reach(what)
        await self.page.keyboard.press("Enter")

    async def tick(self, what: Locator) -> None:
        await self._reach(what)
        await self.page.keyboard.press("Space")

    async def write(self, what: Locator, text: str) -> None:
        await self._reach(what)
        await self.page.keyboard.type(text)


@pytest.fixture
async def town(db: Database, cast: Cast, url: str) -> AsyncIterator[Town]:
    async with db.connection() as conn:
        await ensure_consent_texts(conn, utc_now())
    async with houses.running(url) as house:
        found = Town(house)
        yield found
        await found.outside.aclose()


async def from_first_page_to_confirmed(hand: Hand, doctor: Hand, town: Town) -> None:
    page = hand.page
    await page.goto(town.house.url)
    await hand.press(page.get_by_role("link", name="Find a time").first)
    await hand.press(page.get_by_role("link", name="Dr Otieno").first)
    await hand.press(page.locator(".chips a.chip").first)
    await expect(page.get_by_role("heading", name="Check and request")).to_be_visible()
    await hand.write(page.get_by_label("What may we call you?"), "Chebet")
    await hand.write(page.get_by_label("Phone number or"), "0700 000 041")
    await hand.write(page.get_by_label("Choose a password"), PASSWORD)
    await hand.tick(page.locator("input[name=consent]"))
    await hand.press(page.get_by_role("button", name="Send the request"))
    await hand.write(page.locator("input[name=code]"), await town.sms(r"\b(\d{6})\b"))
    await hand.press(page.locator("main").get_by_role("button").first)
    await expect(page.get_by_role("heading", name="has not answered yet")).to_be_visible()
    await _accept(doctor, town)
    await page.goto(await town.sms(r"(http://\S+/p/\S+)"))
    await hand.press(page.locator("main form").first.get_by_role("button").first)
    await _type_the_pin(town)
    await _see_it(page)


async def _accept(doctor: Hand, town: Town) -> None:
    await doctor.page.goto(f"{town.house.url}/me")
    await doctor.press(doctor.page.locator("a[href^='/s/']").first)
    await doctor.press(doctor.page.get_by_role("button", name="Accept"))
    await expect(doctor.page.get_by_role("heading", name="Accepted, not paid yet")).to_be_visible()


async def _type_the_pin(town: Town) -> None:
    phone = f"{town.house.simulator}/api/phones/{PHONE}"

    async def prompted() -> Any:
        return (await town.outside.get(phone)).json()["prompt"]

    await until(prompted)
    await town.outside.post(f"{phone}/pin", json={"pin": "1234"})


async def _see_it(page: Page) -> None:
    """By itself, with or without script: the page asks again."""
    await expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()


async def _doctor(db: Database, cast: Cast, browser: Browser, town: Town, *, script: bool = True) -> Screen:
    screen = await open_screen(browser, "1280", script=script)
    token = await sign_in(db, cast.otieno)
    await screen.context.add_cookies([{"name": "kikao", "value": token, "url": town.house.url}])
    return screen


async def test_by_keyboard_alone(db: Database, cast: Cast, town: Town, browser: Browser) -> None:
    client = await open_screen(browser, "1280")
    doctor = await _doctor(db, cast, browser, town)
    await from_first_page_to_confirmed(Keys(client.page), Keys(doctor.page), town)
    await client.look("40-by-keyboard-confirmed")


async def test_without_script(db: Database, cast: Cast, town: Town, browser: Browser) -> None:
    client = await open_screen(browser, "360", script=False)
    doctor = await _doctor(db, cast, browser, town, script=False)
    await from_first_page_to_confirmed(Hand(client.page), Hand(doctor.page), town)


async def _slowed(screen: Screen) -> CDPSession:
    line = await screen.context.new_cdp_session(screen.page)
    await line.send("Network.enable")
    await line.send("Network.emulateNetworkConditions", SLOW)
    return line


async def test_on_a_line_of_400_kbit(db: Database, cast: Cast, town: Town, browser: Browser) -> None:
    client = await open_screen(browser, "360")
    await _slowed(client)
    doctor = await _doctor(db, cast, browser, town)
    await from_first_page_to_confirmed(Hand(client.page), Hand(doctor.page), town)


# weight -------------------------------------------------------------------------------------------


class Arrived(msgspec.Struct, frozen=True):
    url: str
    kind: str
    size: int


class Weight:
    """What a browser with an empty cache is sent, as it travels: answers out of the cache weigh nothing."""

    def __init__(self) -> None:
        self.asked: dict[str, tuple[str, str]] = {}
        self.arrived: list[Arrived] = []

    async def watch(self, screen: Screen) -> None:
        line = await screen.context.new_cdp_session(screen.page)
        await line.send("Network.enable")
        line.on("Network.responseReceived", self._answered)
        line.on("Network.loadingFinished", self._finished)

    def _answered(self, event: dict[str, Any]) -> None:
        answer = event["response"]
        if not answer.get("fromDiskCache") and not answer.get("fromPrefetchCache"):
            self.asked[event["requestId"]] = (answer["url"], answer["mimeType"])

    def _finished(self, event: dict[str, Any]) -> None:
        url, kind = self.asked.get(event["requestId"], ("", ""))
        if url and event["encodedDataLength"]:
            self.arrived.append(Arrived(url, kind, int(event["encodedDataLength"])))


async def test_a_first_visit_is_light(town: Town, browser: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    """From the first page to a psychologist's times: 60 kB in 6 requests, 20 kB of script, 14 kB the first answer."""
    client = await open_screen(browser, "360")
    weight = Weight()
    await weight.watch(client)
    await client.page.goto(town.house.url, wait_until="networkidle")
    first = weight.arrived[0]
    assert first.size <= 14 * 1024
    await client.page.locator(".offers a").first.click()
    await client.page.wait_for_load_state("networkidle")
    await expect(client.page.locator(".chips a.chip, .days a.day").first).to_be_visible()
    everything = weight.arrived
    script = sum(one.size for one in everything if "javascript" in one.kind)
    total = sum(one.size for one in everything)
    with capsys.disabled():
        print(f"\n  first visit: {total} bytes, {len(everything)} requests, {script} of script, {first.size} first")
    assert total <= 60 * 1024
    assert len(everything) <= 6, [one.url for one in everything]
    assert script <= 20 * 1024
    assert all(one.url.startswith(town.house.url) for one in everything)
