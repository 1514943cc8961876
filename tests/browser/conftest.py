"""A real browser: Debian's Chromium, driven by Playwright, with axe on every page that is looked at."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
PICTURES = Path(__file__).resolve().parents[2] / "build" / "pictures"
SIZES = {"360": {"width": 360, "height": 740}, "1280": {"width": 1280, "height": 900}}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    assert path, "Chromium is not installed: `make test` installs it where it may (apt-get install chromium)."
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=["--disable-dev-shm-usage"])
        yield opened
        await opened.close()


class Screen:
    """One person's browser window. Whatever a console complains about is a failure."""

    def __init__(self, context: BrowserContext, page: Page, name: str) -> None:
        self.context, self.page, self.name = context, page, name
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        # A refused form answers 409 or 422, and Chromium notes that; the rest is ours to answer for.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.complaints.append(message.text)

    async def look(self, what: str) -> None:
        """Keep a picture, and let axe find nothing; nothing is wider than the screen."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{what}-{self.name}.png", full_page=True)
        await self.page.evaluate(AXE)
        found: dict[str, Any] = await self.page.evaluate("rules => axe.run(document, rules)", RULES)
        problems = [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found["violations"]]
        assert problems == [], f"{what}: {problems}"
        wide = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{what} is {wide} px wider than the screen"
        assert self.complaints == [], f"{what}: {self.complaints}"


async def open_screen(
    browser: Browser, size: str, *, scheme: str = "light", script: bool = True, name: str = "",
    locale: str = "en-KE", kind: type[Screen] = Screen,
) -> Screen:
    context = await browser.new_context(
        viewport=SIZES[size],  # type: ignore[arg-type]
        is_mobile=size == "360", has_touch=size == "360", locale=locale, timezone_id="Africa/Nairobi",
        color_scheme=scheme,  # type: ignore[arg-type]
        java_script_enabled=script, reduced_motion="reduce",
    )
    page = await context.new_page()
    page.set_default_timeout(15_000)
    return kind(context, page, name or f"{size}-{scheme}")
