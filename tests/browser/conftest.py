"""A real browser: Debian's Chromium, driven by Playwright, with axe on every page that is looked at.

With KIKAO_PICTURES=yes in the environment, a picture of each lies in build/pictures."""

from __future__ import annotations

import os
import re
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
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
NO_COLOURS = {name: {"enabled": False} for name in COLOURS}
ALL_BUT_COLOURS = {"runOnly": TAGS, "rules": NO_COLOURS, "resultTypes": ["violations"]}
ONLY_COLOURS = {"runOnly": {"type": "rule", "values": COLOURS}, "resultTypes": ["violations"]}
SECRETS = re.compile(r'(<input type="hidden"[^>]*? value=)"[^"]*"')
# What decides about the colours of a text: its element and those around it, by name, class and state.
AROUND = """() => {
  const states = ["aria-current", "aria-disabled", "aria-invalid", "disabled", "open", "hidden", "type"];
  const name = one => [one.localName, ...[...one.classList].sort(),
    ...states.filter(state => one.hasAttribute(state)).map(state => `[${state}=${one.getAttribute(state)}]`)].join(".");
  const around = one => one ? `${around(one.parentElement)} ${name(one)}` : "";
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = new Set();
  while (words.nextNode()) {
    const one = words.currentNode.parentElement;
    if (words.currentNode.textContent.trim() && one.getClientRects().length) found.add(around(one));
  }
  const typed = document.querySelectorAll("input, textarea, select");
  for (const one of typed) if (one.getClientRects().length) found.add(around(one));
  return [...found];
}"""


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    assert path, "Chromium is not installed: `make test` installs it where it may (apt-get install chromium)."
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=["--disable-dev-shm-usage"])
        yield opened
        await opened.close()


SEEN: set[str] = set()  # what axe found nothing wrong with, by any test


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

    async def problems(self, *, only_looks: bool = False) -> list[str]:
        """Nothing, where axe finds nothing, no console complains, and nothing is wider than the screen. `only_looks`:
        what the page is made of was judged already, in another light or at another size."""
        problems = [*await self._axe(only_looks), *self.complaints]
        wide = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return [*problems, f"{wide} px wider than the screen"] if wide > 0 else problems

    async def look(self, what: str) -> None:
        """There are no problems. A picture is kept when wanted, and of what is wrong."""
        problems = await self.problems()
        if problems or os.environ.get("KIKAO_PICTURES"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            await self.page.screenshot(path=PICTURES / f"{what}-{self.name}.png", full_page=True)
        assert problems == [], what

    async def _axe(self, only_looks: bool) -> list[str]:
        """All that axe can tell of this page, but nothing that it said before: of the same page at the same size, and
        of the colours of a text with the same things around it, in the same light. Colours are what makes axe slow."""
        page = self.page
        same_page = f"{page.viewport_size} {SECRETS.sub('', await page.content())}"
        dark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        texts = {f"{dark} {one}" for one in await page.evaluate(AROUND)}
        runs = [] if only_looks or same_page in SEEN else [ALL_BUT_COLOURS]
        if not texts <= SEEN:
            runs.append(ONLY_COLOURS)
        if runs and not await page.evaluate("'axe' in window"):
            await page.evaluate(AXE)
        found: list[dict[str, Any]] = []
        for rules in runs:
            found += (await page.evaluate("rules => axe.run(document, rules)", rules))["violations"]
        if not found:
            SEEN.update(texts, [] if only_looks else [same_page])
        return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]


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
