"""Desk with a caller on the line, in a browser: made, booked, rung, paid; and another one who pays in cash."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from kikao.accounts.actions import ensure_consent_texts
from kikao.core.clock import utc_now
from kikao.core.db import Database
from support import house as houses
from support.cast import PASSWORD, Cast, workday

from .conftest import Screen, open_screen
from .test_practice_pages import in_both_lights

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
CALLER = "0700 000 042"


@pytest.mark.parametrize("size", ["360", "1280"])
async def test_a_caller_on_the_line(db: Database, cast: Cast, url: str, browser: Browser, size: str) -> None:
    async with db.connection() as conn:
        await ensure_consent_texts(conn, utc_now())
        await conn.execute("update directory.psychologist set desk_may_answer = true")
    async with houses.running(url) as house:
        desk = await open_screen(browser, size)
        await at_the_desk(desk, house.url, cast)
        await make_them_a_person(desk)
        await book_a_free_time(desk)
        await ring_and_enter_the_pin(desk, house)
        await another_one_pays_in_cash(desk, house.url, cast)


async def at_the_desk(desk: Screen, url: str, cast: Cast) -> None:
    page = desk.page
    await page.goto(f"{url}/sign-in?next=/practice")
    await page.get_by_label(re.compile("phone|e-mail", re.IGNORECASE)).first.fill(cast.wambui.email)
    await page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    await page.locator("main").get_by_role("button", name="Sign in").click()
    await in_both_lights(desk, "desk-overview")
    await page.locator("main").get_by_role("link", name="A caller on the line").first.click()
    await in_both_lights(desk, "desk-caller")


async def make_them_a_person(desk: Screen) -> None:
    page = desk.page
    await page.get_by_label("Who is it?").fill("x")
    await page.get_by_role("button", name="Find them").click()
    await desk.look("desk-caller-too-short")
    await page.get_by_label("Who is it?").fill("Achieng")
    await page.get_by_role("button", name="Find them").click()
    await expect(page.get_by_text("Nobody fits that")).to_be_visible()
    await expect(page.get_by_label("What may we call them?")).to_have_value("Achieng")
    await page.get_by_label("Phone", exact=False).first.fill("12")
    await page.get_by_text("They have heard or read it, and agree").click()
    await page.get_by_role("button", name="Note them down").click()
    await in_both_lights(desk, "desk-caller-refused")
    await expect(page.get_by_label("What may we call them?")).to_have_value("Achieng")
    await page.locator("#f-phone").fill(CALLER)
    await page.get_by_role("button", name="Note them down").click()
    await expect(page.get_by_text("They can be booked for now")).to_be_visible()
    await in_both_lights(desk, "desk-caller-made")


async def book_a_free_time(desk: Screen) -> None:
    page = desk.page
    await page.get_by_role("link", name="Find a time").last.click()
    await desk.look("desk-with-whom")
    await page.locator("main").get_by_role("link", name="Dr Otieno").click()
    await in_both_lights(desk, "desk-times")
    await page.locator(".chips a.chip").first.click()
    await in_both_lights(desk, "desk-check")
    await page.get_by_role("button", name="Book it").click()
    await expect(page.get_by_text("Your reference is")).to_be_visible()
    await in_both_lights(desk, "desk-booked")


async def ring_and_enter_the_pin(desk: Screen, house: houses.House) -> None:
    page = desk.page
    await page.get_by_role("link", name="Ring a phone, or take cash").click()
    await in_both_lights(desk, "desk-ring")
    await page.get_by_role("button", name="Ring it").click()
    await expect(page.get_by_text("It shows the amount")).to_be_visible()
    await desk.look("desk-ringing")
    handset = await desk.context.new_page()
    await handset.goto(f"{house.simulator}/phone/254700000042")
    await handset.locator("#pin").fill("1234")
    await handset.locator("#send").click()
    await page.bring_to_front()
    await expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()
    await page.get_by_role("link", name="See what is arranged").click()
    await expect(page.get_by_role("heading", name="Confirmed and paid")).to_be_visible()
    await desk.look("desk-paid")


async def another_one_pays_in_cash(desk: Screen, url: str, cast: Cast) -> None:
    """From the calendar, at an hour that goes against a rule."""
    page, day = desk.page, workday(utc_now(), ahead=4).date()
    await page.goto(f"{url}/practice/day?on={day}")
    await in_both_lights(desk, "desk-day")
    await page.get_by_role("link", name="Book a time, Dr Wanjiru").click()
    await page.get_by_label("Who is it?").fill("Kamau")
    await page.get_by_role("button", name="Find them").click()
    await desk.look("desk-caller-found")
    await page.get_by_role("link", name="Mzee Kamau").click()
    await page.get_by_role("link", name="Find a time").last.click()
    await page.get_by_text("Type a time").click()
    await page.get_by_label("Time", exact=True).fill("19:10")
    await page.evaluate("scrollTo(0, 0)")  # away from below *leave now*, which stays in sight
    await desk.look("desk-typed")
    await page.get_by_role("button", name="Check this time").click()
    await expect(page.get_by_text("This goes against a rule")).to_be_visible()
    await page.get_by_label("Why?").fill("He works until six")
    await in_both_lights(desk, "desk-against")
    await page.get_by_role("button", name="Book it").click()
    await page.get_by_role("link", name="Ring a phone, or take cash").click()
    await page.get_by_label("How", exact=True).select_option("cash")
    await page.get_by_label("Number of the message, slip or receipt").fill("31")
    await page.get_by_role("button", name="Confirm the money").click()
    await page.goto(page.url.removesuffix("/money"))
    await expect(page.get_by_role("heading", name="Confirmed and paid")).to_be_visible()
    await desk.look("desk-paid-in-cash")
    await page.goto(f"{url}/practice/caller/{cast.kamau.person_id}")
    await desk.look("desk-caller-with-sessions")
