"""The page in a real browser: on a small phone, by keyboard, and with new mail coming in."""

import shutil
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, async_playwright, expect

from demo_sink.server import Addresses

pytestmark = pytest.mark.browser


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"))
        context = await browser.new_context(viewport={"width": 360, "height": 780})
        yield await context.new_page()
        await browser.close()


async def mail(sink: Addresses, html: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "desk@example.test", "amina@example.test", "Karibu"
    message.set_content("Habari")
    message.add_alternative(html, subtype="html")
    await aiosmtplib.send(message, hostname=sink.host, port=sink.smtp_port)


async def sms(http: httpx.AsyncClient, text: str) -> None:
    form = {"username": "sandbox", "to": "+254700000001", "message": text}
    await http.post("/version1/messaging", data=form, headers={"apiKey": "k"})


async def test_it_fits_a_phone_and_axe_finds_nothing(
    sink: Addresses, http: httpx.AsyncClient, page: Page
) -> None:
    await mail(sink, "<html lang=en><title>x</title><main><h1>Habari</h1></main>")
    await sms(http, "http://127.0.0.1/" + "long" * 40)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await page.goto(sink.url)
        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


async def test_a_mails_script_does_not_run(sink: Addresses, page: Page) -> None:
    await mail(sink, "<title>quiet</title><p>Habari<script>document.title = 'it ran'</script>")
    await page.goto(f"{sink.url}/messages/1/html")
    assert await page.title() == "quiet"
    await page.goto(sink.url)
    await expect(page.frame_locator("iframe").locator("p")).to_have_text("Habari")
    assert await page.title() == "Demo inbox"


async def test_new_messages_appear_by_themselves(
    sink: Addresses, http: httpx.AsyncClient, page: Page
) -> None:
    await page.goto(sink.url)
    await expect(page.locator(".empty")).to_be_visible()
    await sms(http, "the first")
    await expect(page.locator("article")).to_have_count(1, timeout=10_000)
    await sms(http, "the second")
    await expect(page.locator("article .bubble").first).to_have_text("the second", timeout=10_000)
    await expect(page.get_by_role("status")).to_have_text("2 messages.")


async def test_filtering_by_keyboard_alone(sink: Addresses, http: httpx.AsyncClient, page: Page) -> None:
    await mail(sink, "<p>x")
    await sms(http, "x")
    await page.goto(sink.url)
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.type("+254700000001")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("1 message to +254700000001.")
