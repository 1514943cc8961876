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
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
PICTURES = Path(__file__).resolve().parents[2] / "build" / "pictures"
SIZES = {"360": {"width": 360, "height": 740}, "1280": {"width": 1280, "height": 900}}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
NO_COLOURS = {name: {"enabled": False} for name in COLOURS}
ALL_BUT_COLOURS = {"runOnly": TAGS, "rules": NO_COLOURS, "resultTypes": ["violations"]}
ONLY_COLOURS = {"runOnly": {"type": "rule", "values": COLOURS}, "resultTypes": ["violations"]}
PATIENCE = 30_000  # milliseconds: what does not come at all costs that much; what comes late on a slow machine, nothing
SECRETS = re.compile(r'(<input type="hidden"[^>]*? value=)"[^"]*"')
expect.set_options(timeout=PATIENCE)
# How a page looks: in which light, how much wider than the screen, and what decides about the colours of each text:
# its element and those around it, by name, class and state. One of each is kept for axe.
LOOKS = """whole => {
  const states = ["aria-current", "aria-disabled", "aria-invalid", "disabled", "open", "hidden", "type"];
  const name = one => [one.localName, ...[...one.classList].sort(),
    ...states.filter(state => one.hasAttribute(state)).map(state => `[${state}=${one.getAttribute(state)}]`)].join(".");
  const around = one => one ? `${around(one.parentElement)} ${name(one)}` : "";
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = window.textsAround = new Map();
  while (words.nextNode()) {
    const one = words.currentNode.parentElement;
    if (words.currentNode.textContent.trim() && one.getClientRects().length) found.set(around(one), one);
  }
  const typed = document.querySelectorAll("input, textarea, select");
  for (const one of typed) if (one.getClientRects().length) found.set(around(one), one);
  const { scrollWidth, clientWidth } = document.documentElement;
  return { dark: matchMedia("(prefers-color-scheme: dark)").matches, wide: scrollWidth - clientWidth,
    around: [...found.keys()], axe: "axe" in window, html: whole ? document.documentElement.outerHTML : "" };
}"""

COLOURS_AROUND = "([around, rules]) => axe.run({include: around.map(one => window.textsAround.get(one))}, rules)"


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

    def __init__(self, context: BrowserContext, page: Page, name: str, light: str) -> None:
        self.context, self.page, self.name, self.light = context, page, name, light
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
        await self.page.wait_for_load_state("domcontentloaded")
        looks = await self.page.evaluate(LOOKS, not only_looks)
        problems = [*await self._axe(looks, only_looks), *self.complaints]
        return [*problems, f"{looks['wide']} px wider than the screen"] if looks["wide"] > 0 else problems

    async def look(self, what: str) -> None:
        """There are no problems. A picture is kept when wanted, and of what is wrong."""
        problems = await self.problems()
        if problems or os.environ.get("KIKAO_PICTURES"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            await self.page.screenshot(path=PICTURES / f"{what}-{self.name}.png", full_page=True)
        assert problems == [], what

    async def _axe(self, looks: dict[str, Any], only_looks: bool) -> list[str]:
        """All that axe can tell of this page, but nothing that it said before: of the same page at the same size, and
        of the colours of a text with the same things around it, in the same light. Colours are what makes axe slow."""
        page, dark = self.page, looks["dark"]
        same_page = "" if only_looks else f"{page.viewport_size} {SECRETS.sub('', looks['html'])}"
        around = [one for one in looks["around"] if f"{dark} {one}" not in SEEN]
        judged = only_looks or same_page in SEEN
        if not (judged and not around) and not looks["axe"]:
            await page.evaluate(AXE)
        found: list[dict[str, Any]] = []
        if not judged:
            found += (await page.evaluate("rules => axe.run(document, rules)", ALL_BUT_COLOURS))["violations"]
        if around:
            found += (await page.evaluate(COLOURS_AROUND, [around, ONLY_COLOURS]))["violations"]
        if not found:
            SEEN.update({f"{dark} {one}" for one in around}, [] if only_looks else [same_page])
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
    await context.add_init_script(AXE)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    return kind(context, page, name or f"{size}-{scheme}", scheme)
