"""What is wrong with a page in Swahili: words that longer ones pushed out of the screen, English that was left."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.async_api import Page

from kikao.core.db import Database
from kikao.notifications.rules import telling_words
from support import english

# Text that begins or ends outside the screen, or outside what cuts it off; what is meant for ears only is left out.
CUT = """() => {
  const cut = [], words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const range = document.createRange(), text = words.currentNode.textContent.trim();
    range.selectNodeContents(words.currentNode);
    const box = range.getBoundingClientRect();
    let left = 0, right = innerWidth, heard = false;
    for (let one = words.currentNode.parentElement; one; one = one.parentElement) {
      const style = getComputedStyle(one), its = one.getBoundingClientRect();
      heard ||= its.width <= 1 || its.height <= 1 || style.clip !== "auto" || style.clipPath !== "none";
      if (["auto", "scroll"].includes(style.overflowX)) [left, right] = [-Infinity, Infinity];
      else if (style.overflowX !== "visible") [left, right] = [Math.max(left, its.left), Math.min(right, its.right)];
    }
    if (text && box.width && !heard && (box.left < left - 1 || box.right > right + 1)) cut.push(text);
  }
  return cut;
}"""


async def typed_by_people(db: Database) -> tuple[str, ...]:
    """What the practice and its psychologists wrote themselves, in whatever language."""
    rows = await db.pool.fetch(
        """
        select unnest(array[bio, board]) from directory.psychologist
        union select unnest(array[for_whom, hours]) from directory.emergency_line
        union select reason from sessions.terms
        """
    )
    return tuple(row[0] for row in rows if row[0])


async def strange_in_swahili(page: Page, typed: Iterable[str]) -> list[str]:
    assert await page.locator("html").get_attribute("lang") == "sw"
    assert telling_words(await page.title()) == []
    cut = [f"cut off: {text}" for text in await page.evaluate(CUT)]
    # What somebody in danger reads has no excuse.
    lines = [line for each in await page.locator(".help").all_inner_texts() for line in english.left(each)]
    return cut + lines + english.left(await page.locator("body").inner_text(), typed)
