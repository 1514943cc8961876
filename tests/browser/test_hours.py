"""A psychologist's hours by typing and by dragging, on a phone and on a desk; days that differ; numbers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from availability.calendars import add_place
from kikao.core.clock import utc_now
from kikao.core.db import Database
from support import house as houses
from support.cast import PASSWORD, Cast, workday

from .conftest import Screen, open_screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
async def house(url: str, cast: Cast) -> AsyncIterator[houses.House]:
    async with houses.running(url, worker=False) as running:
        yield running


async def sign_in(screen: Screen, url: str, cast: Cast) -> None:
    page = screen.page
    await page.goto(f"{url}/sign-in?next=/me/hours")
    await page.get_by_label(re.compile("phone|e-mail", re.IGNORECASE)).first.fill(cast.otieno.email)
    await page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    await page.locator("main").get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="When you can be met")).to_be_visible()


async def week(db: Database, cast: Cast) -> list[tuple[int, int, int]]:
    async with db.connection() as conn:
        rows = await conn.fetch(
            "select weekday, from_minute / 60, until_minute / 60 from availability.hours where psychologist_id = $1"
            " order by 1, 2", cast.otieno.person_id)
    return [tuple(row) for row in rows]


WEEK = [(day, 9, 17) for day in range(1, 6)]


async def drag(page: Page, piece: Locator, by: float, *, at: float) -> None:
    """From `at` (0 the top, 1 the bottom) of a piece, `by` pixels down."""
    await piece.scroll_into_view_if_needed()
    box = await piece.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * at
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x, y + by / 2)
    await page.mouse.move(x, y + by)
    await page.mouse.up()


@pytest.mark.parametrize(("size", "scheme"), [("1280", "light"), ("360", "dark")])
async def test_hours_are_dragged(
    browser: Browser, db: Database, cast: Cast, house: houses.House, size: str, scheme: str
) -> None:
    screen = await open_screen(browser, size, scheme=scheme)
    page = screen.page
    await sign_in(screen, house.url, cast)
    days = page.locator(".week__day")
    pieces = page.locator(".week__hours")
    assert await pieces.count() == 5
    hour = 36
    await drag(page, pieces.nth(0), -4 * hour, at=0.99)  # Monday ends at one
    if size == "360":
        await days.nth(5).scroll_into_view_if_needed()
        await days.nth(5).tap(position={"x": 15, "y": 4.4 * hour})  # Saturday at ten
    else:
        await drag(page, days.nth(5), 1.8 * hour, at=4.2 / 15)  # Saturday from ten
    await drag(page, pieces.nth(1), hour, at=0.5)  # Tuesday an hour later
    await page.locator(".week__hours").nth(4).click()  # Friday
    await page.get_by_role("button", name="Take out").first.click()
    await screen.look("hours-dragged")
    await page.get_by_role("button", name="Save these hours").click()
    await expect(page.get_by_text("Saved")).to_be_visible()
    saturday = (6, 10, 11) if size == "360" else (6, 10, 12)
    assert await week(db, cast) == [(1, 9, 13), (2, 10, 18), (3, 9, 17), (4, 9, 17), saturday]


@pytest.mark.parametrize("script", [True, False])
async def test_hours_are_typed(
    browser: Browser, db: Database, cast: Cast, house: houses.House, script: bool
) -> None:
    async with db.connection() as conn:
        await add_place(conn, "Upper Hill")
    screen = await open_screen(browser, "360", script=script)
    page = screen.page
    await sign_in(screen, house.url, cast)
    await page.get_by_text("Add hours").first.click()
    row = page.locator("[data-stretch='5']")
    await row.get_by_label("Day").select_option("6")
    await row.get_by_label("Starts at").fill("10:00")
    await row.get_by_label("Ends at").fill("00:00")
    await row.locator("label[for='f-inperson-5']").click()
    await page.get_by_role("button", name="Save these hours").click()
    await expect(page.get_by_text("Times in person need a place.").first).to_be_visible()
    if script:  # axe is a script, too
        await screen.look("hours-refused")
    assert await week(db, cast) == WEEK
    row = page.locator("[data-stretch='5']")  # what was typed is there, unfolded
    await row.get_by_label("Where, in person").select_option("Upper Hill")
    await page.get_by_role("button", name="Save these hours").click()
    await expect(page.get_by_text("Saved")).to_be_visible()
    await expect(page.get_by_text("Saturday 10:00–00:00 · Online, In person at Upper Hill")).to_be_visible()
    assert await week(db, cast) == [*WEEK, (6, 10, 24)]
    if script:
        await screen.look("hours-typed")


@pytest.mark.parametrize(("size", "scheme"), [("1280", "light"), ("360", "dark")])
async def test_days_and_numbers(
    browser: Browser, db: Database, cast: Cast, house: houses.House, size: str, scheme: str
) -> None:
    screen = await open_screen(browser, size, scheme=scheme)
    page = screen.page
    await sign_in(screen, house.url, cast)
    await page.get_by_role("link", name="Days that differ").click()
    await screen.look("days-empty")
    day = (workday(utc_now()) + timedelta(days=7)).date()
    await page.get_by_label("Day", exact=True).fill(day.isoformat())
    await page.get_by_role("button", name="Save this day").click()
    await expect(page.get_by_text("Off, all day")).to_be_visible()
    await screen.look("days")
    await page.get_by_role("button", name="Take out").click()
    await expect(page.get_by_text("Every day is as the week says.")).to_be_visible()

    await page.get_by_role("link", name="Notice, breaks and time zone").click()
    await page.get_by_label("Shortest notice").fill("1.5")
    await page.get_by_label("Minutes from one start").fill("3")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Between 5 and 240 minutes").first).to_be_visible()
    await screen.look("numbers-refused")
    await page.get_by_label("Minutes from one start").fill("60")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved")).to_be_visible()
    async with db.connection() as conn:
        row = await conn.fetchrow(
            "select notice_minutes, step_minutes, buffer_minutes from availability.calendar where psychologist_id = $1",
            cast.otieno.person_id)
    assert row is not None
    assert tuple(row) == (90, 60, None)
