"""The one mail template and its twin, on their own and through the demo inbox in a real browser."""

import re
import shutil
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from playwright.async_api import Page, async_playwright

from demo_sink.server import Addresses
from kikao.notifications.channels.email import Email, EmailChannel

GIVEN: dict[str, Any] = {
    "trading_name": "Mti & Co",
    "heading": "Your time is confirmed",
    "paragraphs": ["Thank you, Amina.", "Please keep your reference at hand <when you call>."],
    "facts": [
        ("Reference", "K7Q2M9X4"),
        ("Day", "Tuesday 24 November 2026"),
        ("Time", "14:30, East Africa Time"),
    ],
    "button": {"label": "Open", "url": "http://127.0.0.1:8000/s/K7Q2M9X4?a=1&b=2"},
    "footer_lines": ["Mti & Co, 254700000099", "You get this because you asked us for a time."],
}
TEMPLATES = Environment(
    loader=PackageLoader("kikao.notifications"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
)


def html(**changed: Any) -> str:
    return TEMPLATES.get_template("email.html").render(GIVEN | changed)


def text(**changed: Any) -> str:
    return TEMPLATES.get_template("email.txt").render(GIVEN | changed)


class Words(HTMLParser):
    """What a mail program's preview reads: the words of the body, in their order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(source.split("<body>")[1])

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


@pytest.mark.parametrize("trim", [True, False])
@pytest.mark.parametrize("escape", [True, False])
def test_the_text_twin_reads_like_a_letter(trim: bool, escape: bool) -> None:
    """In any environment: one that escapes everything must not put &amp; into a text."""
    environment = TEMPLATES.overlay(trim_blocks=trim, lstrip_blocks=trim, autoescape=escape)
    assert environment.get_template("email.txt").render(GIVEN) == (
        "Mti & Co\n\nYour time is confirmed\n\nThank you, Amina.\n\n"
        "Please keep your reference at hand <when you call>.\n\n"
        "Reference: K7Q2M9X4\nDay: Tuesday 24 November 2026\nTime: 14:30, East Africa Time\n\n"
        "Open:\nhttp://127.0.0.1:8000/s/K7Q2M9X4?a=1&b=2\n\n"
        "-- \nMti & Co, 254700000099\nYou get this because you asked us for a time.\n"
    )


def test_what_was_given_is_escaped() -> None:
    evil = html(heading="<script>x</script>", button={"label": "a", "url": 'http://x/"><script>'})
    assert "<script" not in evil
    assert "Mti &amp; Co" in evil


@pytest.mark.parametrize("left_out", [{"button": None}, {"facts": []}, {"footer_lines": []}])
def test_parts_that_are_not_there_leave_no_trace(left_out: dict[str, Any]) -> None:
    tag = {"button": '<a class="button"', "facts": "<dl>", "footer_lines": "You get this"}[
        next(iter(left_out))
    ]
    assert tag in html()
    assert tag not in html(**left_out)
    assert "None" not in html(**left_out) + text(**left_out)
    assert "\n\n\n" not in text(**left_out)


def test_only_the_trading_name_shows_before_a_mail_is_opened() -> None:
    preview = Words(html()).words[0]
    assert preview.startswith("Mti & Co")
    assert len(preview) > 150  # blanks that push everything else out of the preview
    assert re.sub(r"[\W_]", "", preview.removeprefix("Mti & Co")) == ""
    assert "<title>Mti &amp; Co</title>" in html()


def test_nothing_is_fetched_when_a_mail_is_opened() -> None:
    assert not re.search(r"<(img|link|script|iframe|object)|url\(|@import|src=", html())


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"))
        context = await browser.new_context(viewport={"width": 360, "height": 780})
        yield await context.new_page()
        await browser.close()


@pytest.mark.browser
async def test_a_mail_reads_well_on_a_small_phone(sink: Addresses, page: Page) -> None:
    channel = EmailChannel(
        sink.host,
        sink.smtp_port,
        username=None,
        password=None,
        starttls=False,
        sender="Mti <desk@example.test>",
        tls=ssl.create_default_context(),
    )
    at = datetime(2026, 11, 1, tzinfo=UTC)
    await channel.send(Email("amina@example.test", "Mti · K7Q2M9X4", text(), html(), UUID(int=1), at))
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await page.goto(f"{sink.url}/messages/1/html")
        assert await page.locator("html").evaluate("e => e.scrollWidth") == 360
        button = await page.locator(".button").bounding_box()
        assert button
        assert button["height"] >= 44
        assert not await page.locator(".preheader").is_visible()
