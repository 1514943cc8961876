"""Pages that few ever open: a disagreement from its first word to its end, giving back more than the terms say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from kikao.core.clock import utc_now
from kikao.core.db import Database
from kikao.sessions import rules
from kikao.wiring import wire
from sessions.staging import money_arrives, stage
from support import house as houses
from support.cast import PASSWORD, Cast, Member

from .conftest import Screen, open_screen
from .test_practice_pages import in_both_lights

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def two_sessions(db: Database, cast: Cast) -> list[str]:
    """One that should be on, one that was paid and is to be cancelled: their references."""
    wire()
    now = utc_now()
    begun = now.replace(second=0, microsecond=0) - timedelta(minutes=30)
    async with db.transaction() as conn:
        made = [
            await stage(conn, cast, rules.CONFIRMED, begun, begun - timedelta(days=1)),
            await stage(
                conn, cast, rules.APPROVED, begun + timedelta(hours=20), now - timedelta(hours=5), open_no=3,
                hold=timedelta(hours=9),
            ),
        ]
        await money_arrives(conn, made[1], 2500, now - timedelta(hours=3))
        rows = await conn.fetch("select id, reference from sessions.session")
    found = {row["id"]: str(row["reference"]) for row in rows}
    return [found[one] for one in made]


async def enter(screen: Screen, url: str, member: Member) -> None:
    page = screen.page
    await screen.context.clear_cookies()
    await page.goto(f"{url}/sign-in?next=/me")
    await page.locator("input[name=login]").fill(member.email)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("main form button").last.click()
    await page.wait_for_url(f"{url}/me")


async def say(page: Page, opener: str, button: str, reason: str | None) -> None:
    await page.locator("summary", has_text=opener).first.click()
    dialog = page.locator("dialog.is-modal")
    if reason is not None:
        await dialog.locator("textarea").fill(reason)
    await dialog.get_by_role("button", name=button, exact=True).click()
    await expect(page.locator("dialog.is-modal")).to_have_count(0)


async def as_(screen: Screen, house: houses.House, who: Member, path: str) -> Page:
    await enter(screen, house.url, who)
    await screen.page.goto(house.url + path)
    return screen.page


@pytest.mark.parametrize("size", ["360", "1280"])
async def test_pages_that_few_ever_open(db: Database, cast: Cast, url: str, browser: Browser, size: str) -> None:
    on, paid = await two_sessions(db, cast)
    async with houses.running(url, worker=False) as house:
        screen = await open_screen(browser, size)
        await they_disagree(screen, house, cast, f"/s/{on}")
        await give_back_more(screen, house, cast, f"/s/{paid}")


async def they_disagree(screen: Screen, house: houses.House, cast: Cast, path: str) -> None:
    page = await as_(screen, house, cast.otieno, path)
    await say(page, "The client did not come", "The client did not come", None)
    await in_both_lights(screen, "rare-absent-psychologist")
    page = await as_(screen, house, cast.amina, path)
    await in_both_lights(screen, "rare-absent-client")
    await say(page, "Object", "Object", "I waited on the link for half an hour")
    await expect(page.get_by_text("There is an objection")).to_be_visible()
    await in_both_lights(screen, "rare-objected")
    page = await as_(screen, house, cast.njeri, "/practice/objections")
    await in_both_lights(screen, "rare-objections")
    await page.locator("main").get_by_role("link").first.click()
    await in_both_lights(screen, "rare-to-decide")
    await say(page, "The client did not come", "The client did not come", "The door was seen by two people")
    await screen.look("rare-decided")


async def give_back_more(screen: Screen, house: houses.House, cast: Cast, path: str) -> None:
    page = await as_(screen, house, cast.amina, path)
    await page.locator("summary", has_text="Cancel").first.click()
    await screen.look("rare-cancel-question")
    await page.locator("dialog.is-modal form button").first.click()
    page = await as_(screen, house, cast.njeri, f"{path}/money")
    await in_both_lights(screen, "rare-give-back")
    await page.get_by_label("In all, in shillings").fill("999999")
    await page.get_by_label("Why").last.fill("A burst pipe")
    await page.get_by_role("button", name="Give it back").click()
    await expect(page.get_by_label("Why")).to_have_value("A burst pipe")
    await in_both_lights(screen, "rare-give-back-refused")
