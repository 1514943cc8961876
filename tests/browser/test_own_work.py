"""A psychologist's own pages, and the page of a session in every status for both who meet: in both languages, light
and dark, on a phone and on a desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser

from kikao.accounts.actions import ensure_consent_texts
from kikao.core.clock import utc_now
from kikao.core.db import Database
from kikao.sessions.rules import CONFIRMED, IN_PROGRESS, STATUSES, WAITING
from kikao.wiring import wire
from sessions.staging import stage
from support import house as houses
from support.cast import PASSWORD, Cast, Member, workday

from .conftest import Screen, open_screen
from .test_in_swahili import SwahiliScreen, swahili
from .test_practice_pages import in_both_lights

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
WORK = ("me", "me/calendar", "me/clients", "me/profile", "me/rates", "me/hours", "me/hours/days", "me/hours/numbers")


@pytest.fixture
async def house(db: Database, url: str, cast: Cast) -> AsyncIterator[houses.House]:
    async with db.connection() as conn:
        await ensure_consent_texts(conn, utc_now())
    async with houses.running(url, worker=False) as running:
        yield running


async def enter(screen: Screen, url: str, member: Member) -> None:
    page = screen.page
    await screen.context.clear_cookies()
    await page.goto(f"{url}/sign-in?next=/me")
    await page.locator("input[name=login]").fill(member.email)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("main form button").last.click()
    await page.wait_for_url(f"{url}/me")


async def one_of_each(db: Database, cast: Cast) -> dict[str, str]:
    """Status and reference. What may be under way began a while ago; what waits or is ahead hours apart."""
    wire()
    now, found = utc_now(), {}
    async with db.transaction() as conn:
        for number, status in enumerate(STATUSES, start=1):
            ahead = status in WAITING | {CONFIRMED}
            start = workday(now, hour=7 + 2 * number) if ahead else now - timedelta(days=number)
            if status == IN_PROGRESS:
                start = now.replace(second=0, microsecond=0) - timedelta(minutes=20)
            session_id = await stage(
                conn, cast, status, start, min(now, start) - timedelta(hours=1) if not ahead else now, open_no=number)
            found[status] = await conn.fetchval("select reference from sessions.session where id = $1", session_id)
    return found


async def a_screen(browser: Browser, db: Database, size: str, spoken: str) -> Screen:
    if spoken == "en":
        return await open_screen(browser, size)
    await db.pool.execute("update accounts.person set language = 'sw'")
    return await swahili(browser, db, size)


@pytest.mark.parametrize("spoken", ["en", "sw"])
@pytest.mark.parametrize("size", ["360", "1280"])
async def test_a_psychologist_s_own_pages(
    db: Database, cast: Cast, house: houses.House, browser: Browser, size: str, spoken: str
) -> None:
    screen = await a_screen(browser, db, size, spoken)
    await enter(screen, house.url, cast.wanjiru)
    for name in ("me", "me/calendar", "me/clients"):
        await screen.page.goto(f"{house.url}/{name}")
        await in_both_lights(screen, f"work-empty-{name.replace('/', '-')}")
    await one_of_each(db, cast)
    await enter(screen, house.url, cast.otieno)
    for name in (*WORK, f"me/clients/{cast.amina.person_id}"):
        await screen.page.goto(f"{house.url}/{name}")
        await in_both_lights(screen, f"work-{name.replace('/', '-')[:20]}")
    assert not isinstance(screen, SwahiliScreen) or screen.found == {}


@pytest.mark.parametrize("spoken", ["en", "sw"])
@pytest.mark.parametrize("size", ["360", "1280"])
async def test_a_session_in_every_status(
    db: Database, cast: Cast, house: houses.House, browser: Browser, size: str, spoken: str
) -> None:
    references = await one_of_each(db, cast)
    screen = await a_screen(browser, db, size, spoken)
    for who, name in ((cast.amina, "client"), (cast.otieno, "psychologist")):
        await enter(screen, house.url, who)
        for status, reference in references.items():
            await screen.page.goto(f"{house.url}/s/{reference}")
            await in_both_lights(screen, f"session-{name}-{status.lower().replace(' ', '-')}")
    await screen.page.goto(f"{house.url}/s/{references[CONFIRMED]}/money")
    await in_both_lights(screen, "session-money")
    assert not isinstance(screen, SwahiliScreen) or screen.found == {}
