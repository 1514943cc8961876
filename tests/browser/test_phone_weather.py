"""What can go wrong on the phone, as the person who waits sees it; and the ways around it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from kikao.core.clock import utc_now
from kikao.core.crypto import Secret, Vault, hash_token, new_token, read_key
from kikao.core.db import Database
from kikao.core.ids import new_id
from kikao.core.practice import EMPTY
from kikao.payments.links import pay_token
from kikao.sessions import actions, booking, queries
from path.test_by_json import until
from support import house as houses
from support.cast import Cast, Member, workday

from .conftest import Screen, open_screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
AGAIN = "Send it to the phone again"
STREAM_ALONE = """
  Object.assign(window, { stopped: 0, heard: 0 });
  addEventListener("every", event => { stopped++; event.stopImmediatePropagation(); }, true);
  addEventListener("news", () => heard++, true);
"""


class Waiting:
    """A session to pay, its payer's screen and its payer's phone."""

    def __init__(self, house: houses.House, screen: Screen, payer: Member, token: str) -> None:
        self.house, self.screen = house, screen
        self.link = f"{house.url}/p/{token}"
        self.phone = f"{house.simulator}/api/phones/{payer.phone.removeprefix('+')}"
        self.outside = httpx.AsyncClient()

    async def on_phone(self, what: str, body: dict[str, Any] | None = None) -> None:
        answer = await self.outside.post(f"{self.phone}/{what}", json=body or {})
        assert answer.status_code == 200, answer.text

    async def ring(self, *, rings: bool = True) -> None:
        page = self.screen.page
        await page.goto(self.link)
        await page.locator("main form").first.get_by_role("button").first.click()
        await page.wait_for_url("**/wait")
        if rings:
            await until(self._prompted)

    async def _prompted(self) -> Any:
        return (await self.outside.get(self.phone)).json()["prompt"]


async def sign_in(db: Database, who: Member) -> str:
    token = new_token()
    async with db.connection() as conn:
        await conn.execute(
            """
            insert into accounts.sign_in (id, token_hash, account_id, kind, created_at, seen_at, expires_at)
            values ($1, $2, $3, 'page', $4::timestamptz, $4::timestamptz, $4::timestamptz + interval '1 day')
            """,
            new_id(), hash_token(token), who.account_id, utc_now(),
        )
    return token


async def to_pay(db: Database, cast: Cast) -> str:
    """Amina's session is accepted; the token of its pay link."""
    vault = Vault([read_key(Secret(houses.KEYS))])
    now = utc_now()
    asked = booking.Request(
        psychologist_id=cast.otieno.person_id, session_type="Individual", starts_at=workday(now),
        client_id=cast.amina.person_id, asker_id=cast.amina.person_id, proved=True,
    )
    async with db.transaction() as conn:
        session_id = (await booking.request(conn, asked, now, EMPTY, vault)).session_id
    async with db.transaction() as conn:
        session = await queries.visible(conn, cast.otieno.actor, session_id, now)
        await actions.approve(conn, cast.otieno.actor, session, now, EMPTY)
    return pay_token(vault, session.charge_id)


@pytest.fixture
async def waiting(db: Database, cast: Cast, url: str, browser: Browser) -> AsyncIterator[Waiting]:
    token = await to_pay(db, cast)
    async with houses.running(url) as house:
        screen = await open_screen(browser, "360")
        await screen.context.add_cookies([{"name": "kikao", "value": await sign_in(db, cast.amina), "url": house.url}])
        opened = Waiting(house, screen, cast.amina, token)
        yield opened
        await opened.outside.aclose()
        await screen.context.close()


async def test_each_failure_says_what_happened_and_what_to_do(waiting: Waiting) -> None:
    page = waiting.screen.page
    await waiting.ring()
    await waiting.on_phone("cancel")
    await expect(page.get_by_role("button", name=AGAIN)).to_be_visible()
    await expect(page.get_by_text("declined on the phone")).to_be_visible()
    await waiting.screen.look("20-cancelled-on-the-phone")
    await expect(page.locator("input[name=phone]")).to_have_value("0700 000 001")

    await waiting.ring()
    await waiting.on_phone("pin", {"pin": "9999"})
    await expect(page.get_by_text("The PIN was not right")).to_be_visible()
    await waiting.screen.look("21-wrong-pin")

    await waiting.on_phone("wallet", {"balance": 10})
    await waiting.ring()
    await waiting.on_phone("pin", {"pin": "1234"})
    await expect(page.get_by_role("button", name=AGAIN)).to_be_visible()
    await waiting.screen.look("22-not-enough-money")

    # Three prompts in five minutes are enough for one phone: the page says so, and when the next may follow.
    await page.goto(waiting.link)
    await page.locator("main form").first.get_by_role("button").first.click()
    await expect(page.locator("main")).to_contain_text(re.compile("too often|wait", re.I))
    await waiting.screen.look("23-too-often")


async def test_a_phone_that_is_off_ends_in_a_page_one_can_act_on(waiting: Waiting) -> None:
    page = waiting.screen.page
    await waiting.on_phone("mode", {"mode": "off"})
    await waiting.ring(rings=False)
    await waiting.screen.look("24-nothing-rings-yet")
    await until(lambda: pushed(waiting))
    await waiting.outside.post(f"{waiting.house.simulator}/api/clock", json={"advanceSeconds": 95})
    await expect(page.get_by_role("button", name=AGAIN)).to_be_visible()
    await waiting.screen.look("25-phone-was-off")


async def pushed(waiting: Waiting) -> bool:
    return bool((await waiting.outside.get(f"{waiting.house.simulator}/api/pushes")).json()["pushes"])


async def test_safe_to_open_twice_to_reload_and_to_go_back(waiting: Waiting) -> None:
    page = waiting.screen.page
    await waiting.ring()
    second = await waiting.screen.context.new_page()
    await second.goto(waiting.link)
    await expect(second).to_have_url(re.compile("/wait$"))
    await second.reload()
    await page.go_back()
    await page.goto(waiting.link)
    assert len((await waiting.outside.get(f"{waiting.house.simulator}/api/pushes")).json()["pushes"]) == 1
    await waiting.on_phone("pin", {"pin": "1234"})
    await expect(second.get_by_role("heading", name="Confirmed")).to_be_visible()
    await expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()


async def test_the_stream_alone_brings_the_news(waiting: Waiting) -> None:
    """What asks by the clock is stopped in the page: all that it asks for is asked because the stream said so."""
    page = waiting.screen.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.add_init_script(STREAM_ALONE)
    await waiting.ring()
    await until(lambda: page.evaluate("stopped"))
    await waiting.on_phone("pin", {"pin": "1234"})
    await expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()
    assert sum(url.endswith("/events") for url in asked) == 1
    assert 0 < sum("/attempt" in url for url in asked) <= await page.evaluate("heard")


async def test_without_script_by_refresh_alone(
    db: Database, cast: Cast, url: str, browser: Browser
) -> None:
    token = await to_pay(db, cast)
    async with houses.running(url) as house:
        screen = await open_screen(browser, "360", script=False)
        await screen.context.add_cookies([{"name": "kikao", "value": await sign_in(db, cast.amina), "url": house.url}])
        payer = Waiting(house, screen, cast.amina, token)
        await payer.ring()
        await payer.on_phone("pin", {"pin": "1234"})

        async def confirmed() -> Any:
            await screen.page.reload()
            return await screen.page.get_by_role("heading", name="Confirmed").count()

        await until(confirmed)
        await payer.outside.aclose()


async def test_a_stranger_with_the_link_pays_and_learns_nothing(waiting: Waiting, browser: Browser) -> None:
    stranger = await open_screen(browser, "360", name="stranger")
    page = stranger.page
    await page.goto(waiting.link)
    await stranger.look("26-pay-link")
    words = (await page.locator("body").inner_text()) + await page.title() + page.url
    for telling in ("Amina", "Otieno", "Individual", "psycholog", "therap", "Online", "254700000001", "0700000001"):
        assert telling.lower() not in words.lower(), telling
    await page.locator("input[name=phone]").fill("0700 000 077")
    await page.locator("main form").first.get_by_role("button").first.click()
    phone = f"{waiting.house.simulator}/api/phones/254700000077"

    async def prompted() -> Any:
        return (await waiting.outside.get(phone)).json()["prompt"]

    await until(prompted)
    await waiting.outside.post(f"{phone}/pin", json={"pin": "1234"})
    await expect(page.get_by_role("heading", name="Paid. Thank you.")).to_be_visible()
    await stranger.look("27-pay-link-paid")
    assert await page.get_by_role("link", name="See what is arranged").count() == 0
