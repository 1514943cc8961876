"""A client at work on their own pages, on a phone; how these look is for test_faces.py."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect

from kikao.accounts.actions import ensure_consent_texts
from kikao.core.clock import utc_now
from kikao.core.db import Database
from kikao.sessions import rules
from kikao.wiring import wire
from sessions.staging import money_arrives, stage
from support import house as houses
from support.cast import PASSWORD, Cast, Member, workday

from .conftest import Screen, open_screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


async def a_full_life(db: Database, cast: Cast) -> None:
    """One to pay, one that was lost, one about to begin, one confirmed, one over, one that gives money back."""
    wire()
    now = utc_now()
    soon = now.replace(second=0, microsecond=0) + timedelta(minutes=10)
    async with db.transaction() as conn:
        await stage(conn, cast, rules.APPROVED, workday(now, hour=9), now, open_no=1)
        await stage(conn, cast, rules.EXPIRED, workday(now, hour=11), now, open_no=2)
        await stage(conn, cast, rules.CONFIRMED, soon, now, psychologist=cast.wanjiru)
        await stage(conn, cast, rules.COMPLETED, now - timedelta(days=9), now - timedelta(days=10))
        await stage(conn, cast, rules.CANCELLED, now - timedelta(days=20), now - timedelta(days=21))
        paid = await stage(conn, cast, rules.APPROVED, workday(now, ahead=8, hour=12), now, open_no=2)
        await money_arrives(conn, paid, 2500, now)
        over = await stage(conn, cast, rules.CANCELLED, workday(now, ahead=8, hour=15), now, open_no=3)
        await money_arrives(conn, over, 2500, now)
    async with db.connection() as conn:
        await ensure_consent_texts(conn, now)
        await conn.execute(
            """
            insert into accounts.contact_point (id, person_id, kind, value, created_at)
            values (gen_random_uuid(), $1, 'phone', '+254700000051', $2)
            """,
            cast.amina.person_id, now,
        )


async def enter(screen: Screen, url: str, member: Member) -> None:
    await screen.page.goto(f"{url}/sign-in")
    await screen.page.get_by_label("Phone number", exact=False).first.fill(member.email)
    await screen.page.get_by_label("Password", exact=False).first.fill(PASSWORD)
    await screen.page.locator("main").get_by_role("button", name="Sign in").click()
    await expect(screen.page.get_by_role("heading", name="Your sessions")).to_be_visible()


async def test_a_client_on_their_own_pages(db: Database, cast: Cast, url: str, browser: Browser) -> None:
    await a_full_life(db, cast)
    async with houses.running(url, worker=False) as house:
        screen = await open_screen(browser, "360")
        await enter(screen, house.url, cast.amina)
        await first_things_first(screen, house.url)
        await choose_a_contact(screen, house.url)
        await take_consent_back(screen, house.url)
        await screen.context.clear_cookies()
        await enter(screen, house.url, cast.halima)
        await act_for_somebody(screen, house.url)


async def first_things_first(screen: Screen, url: str) -> None:
    page = screen.page
    await page.goto(f"{url}/me")
    titles = await page.locator(".todo h3").all_text_contents()
    assert [title.split()[0] for title in titles] == ["It", "Pay", "This", "Confirm"], titles
    await page.get_by_role("link", name="See times").first.click()
    await expect(page.get_by_role("heading", name="Dr Otieno")).to_be_visible()


async def take_consent_back(screen: Screen, url: str) -> None:
    page = screen.page
    await page.goto(f"{url}/me/account/consent")
    await page.locator("summary", has_text="Take it back").click()
    await page.locator("dialog[open]").get_by_role("button", name="Take it back").click()
    await expect(page.get_by_text("What waited has ended")).to_be_visible()
    await screen.look("own-consent-withdrawn")
    await page.goto(f"{url}/me")
    await expect(page.get_by_text("You have not agreed")).to_be_visible()
    await page.goto(f"{url}/me/account/consent")
    await page.get_by_text("I have read this and agree").click()
    await page.get_by_role("button", name="Agree").click()
    await expect(page.get_by_text("You can request times again")).to_be_visible()


async def choose_a_contact(screen: Screen, url: str) -> None:
    page = screen.page
    await page.goto(f"{url}/me/account")
    mail = page.locator(".rows > li", has_text="a•••@example.test")
    await mail.get_by_text("Change this one").click()
    await mail.get_by_role("button", name="Send messages here first").click()
    await expect(page.get_by_text("Messages go there first now")).to_be_visible()
    first = page.locator(".rows > li").first
    await first.get_by_text("Change this one").click()
    await first.locator("summary", has_text="Remove").click()
    await page.locator("dialog[open]").get_by_label("Current password").locator("visible=true").fill(PASSWORD)
    await page.locator("dialog[open]").get_by_role("button", name="Remove it").click()
    await expect(page.get_by_text("Nothing is sent there any more").first).to_be_visible()
    await screen.look("own-contact-gone")


async def act_for_somebody(screen: Screen, url: str) -> None:
    page = screen.page
    await page.goto(f"{url}/me/people")
    await page.get_by_label("What may we call them?").fill("Kioko")
    await page.get_by_label("Date of birth").fill("1990-01-01")
    await page.get_by_text("I have read this and agree for them").click()
    await page.get_by_role("button", name="Add them").click()
    await expect(page.get_by_text("Somebody of 18 years or more").first).to_be_visible()
    await page.get_by_label("Date of birth").fill("2019-05-02")
    await page.get_by_role("button", name="Add them").click()
    await expect(page.get_by_role("heading", name="Kioko")).to_be_visible()
    await page.locator("summary", has_text="Stop acting").first.click()
