"""What the page of a session says: nothing of money where nobody owes any, nothing that is not so any more, each thing
once, and to each side what is theirs."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from kikao.core.clock import utc_now
from kikao.sessions.rules import (
    APPROVED,
    CANCELLED,
    COMPLETED,
    CONFIRMED,
    DECLINED,
    EXPIRED,
    IN_PROGRESS,
    NO_SHOW,
    PAYMENT_SUBMITTED,
    PENDING_APPROVAL,
)
from sessions.staging import stage
from support import app as apps
from support.app import World
from support.cast import workday

PAYS = re.compile(r"KSh.\d[^<]* (back|comes)|goes back|is yours|terms|[Pp]aid in full|>Paid<")


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    async with apps.world(url, utc_now()) as made:
        yield made


async def staged(world: World, status: str, start: datetime, **more: object) -> str:
    async with world.db.transaction() as conn:
        session_id = await stage(conn, world.cast, status, start, world.now, **more)  # type: ignore[arg-type]
        found: str = await conn.fetchval("select reference from sessions.session where id = $1", session_id)
    return found


async def page_of(world: World, who: str, reference: str) -> str:
    return html.unescape((await getattr(world, who).page("GET", f"/s/{reference}")).text)


@pytest.mark.parametrize("status", [CONFIRMED, IN_PROGRESS, COMPLETED])
async def test_where_nothing_is_owed_nothing_is_said_to_be_paid_or_to_come_back(world: World, status: str) -> None:
    ahead = timedelta(days=5) if status == CONFIRMED else -timedelta(minutes=30)
    reference = await staged(world, status, world.now + ahead)
    for who in ("amina", "otieno"):
        page = await page_of(world, who, reference)
        assert "Nothing to pay" in page
        assert "waived: nothing to pay" in page
        assert not PAYS.search(page), PAYS.search(page)


async def test_negative_control_what_is_owed_is_told(world: World) -> None:
    reference = await staged(world, APPROVED, workday(world.now, ahead=8))
    page = await page_of(world, "amina", reference)
    assert PAYS.search(page)
    assert "Nothing to pay" not in page


async def test_the_terms_are_the_clients_and_count_once_it_is_paid(world: World) -> None:
    reference = await staged(world, APPROVED, workday(world.now, ahead=8))
    own, theirs = await page_of(world, "amina", reference), await page_of(world, "otieno", reference)
    assert "<h2>If you cancel</h2>" in own
    assert "Once you have paid:" in own
    assert "<h2>If the client cancels</h2>" in theirs
    assert "If you cancel" not in theirs
    terms = own.partition("<h2>If you cancel</h2>")[2].partition("</dl>")[0]
    assert "Until " in terms
    assert "East Africa Time" not in terms
    assert own.count("Times are East Africa Time.") == 1


@pytest.mark.parametrize("status", [DECLINED, CANCELLED, EXPIRED])
async def test_a_time_that_is_past_is_not_called_free(world: World, status: str) -> None:
    ahead = await staged(world, status, workday(world.now, ahead=8))
    past = await staged(world, status, world.now - timedelta(days=3))
    assert "The time is free again." in await page_of(world, "otieno", ahead)
    assert "The time is free again." not in await page_of(world, "otieno", past)


async def test_which_of_both_was_not_done_in_time(world: World) -> None:
    start = workday(world.now, ahead=8)
    unanswered = await staged(world, EXPIRED, start, expired_from=PENDING_APPROVAL)
    unpaid = await staged(world, EXPIRED, start + timedelta(hours=3))
    assert "<h1>Not answered in time</h1>" in await page_of(world, "otieno", unanswered)
    assert "<h1>Not paid in time</h1>" in await page_of(world, "otieno", unpaid)


async def test_who_ended_it_is_said_to_each_side(world: World) -> None:
    reference = await staged(world, CONFIRMED, workday(world.now, ahead=8))
    assert (await world.amina.page("POST", f"/s/{reference}/cancel")).status_code == 303
    assert "<h1>You cancelled this session</h1>" in await page_of(world, "amina", reference)
    assert "<h1>Cancelled by the client</h1>" in await page_of(world, "otieno", reference)
    asked = await staged(world, PENDING_APPROVAL, workday(world.now, ahead=9))
    page = await page_of(world, "otieno", asked)
    assert f"/s/{asked}/decline" in page
    assert f"/s/{asked}/cancel" not in page
    await world.otieno.page("POST", f"/s/{asked}/decline", data={"reason": "Not here"})
    assert "<h1>You declined this request</h1>" in await page_of(world, "otieno", asked)


async def test_whoever_undoes_a_decline_is_told_what_the_client_may_know_of_it(world: World) -> None:
    """Its message waits; its page does not."""
    asked = await staged(world, PENDING_APPROVAL, workday(world.now, ahead=9))
    await world.otieno.page("POST", f"/s/{asked}/decline", data={"reason": "Not here"})
    page = html.unescape(await page_of(world, "otieno", asked))
    assert "The client had no message yet; their page may have told them." in page
    assert "cannot take this time" in await page_of(world, "amina", asked)
    async with world.db.connection() as conn:
        assert await conn.fetchval("select due_at > now() from notifications.outbox where kind = 'declined'")


async def test_what_has_a_field_is_told_beside_it_and_led_to_once(world: World) -> None:
    reference = await staged(world, IN_PROGRESS, world.now - timedelta(minutes=30))
    refused = await world.otieno.page("POST", f"/s/{reference}/break-off", data={"reason": " "})
    assert refused.status_code == 422
    assert refused.text.count("Please say why, in a few words.") == 2
    assert '<a href="#f-reason">Please say why, in a few words.</a>' in refused.text
    refused = await world.otieno.page("POST", f"/s/{reference}/link", data={"link": "meet me"})
    assert '<a href="#f-link">' in refused.text


async def test_whoever_types_a_code_is_not_led_to_pay_once_more(world: World) -> None:
    reference = await staged(world, APPROVED, workday(world.now, ahead=8))
    page = (await world.amina.page("POST", f"/s/{reference}/code", data={"transaction_code": "12"})).text
    assert '<button class="button">Send the code</button>' in page.replace("\n  ", "")
    assert re.search(r'class="button button--plain" href="/p/[^"]+">I have not paid yet: Pay', page.replace("\n  ", ""))
    assert '<a href="#f-transaction_code">' in page


async def test_an_admin_decides_between_three_that_say_what_they_mean(world: World) -> None:
    reference = await staged(world, CONFIRMED, world.now - timedelta(minutes=30))
    await world.otieno.page("POST", f"/s/{reference}/no-show")
    gone = await world.amina.page("POST", f"/s/{reference}/object", data={"reason": "I waited on the link"})
    assert gone.status_code == 303, gone.text
    page = await page_of(world, "njeri", reference)
    assert "Decide here." in page
    assert page.count("I waited on the link") == 1
    found = re.findall(r'<summary class="button button--plain">([^<]+)</summary>', page)
    assert found == ["The client did not come…", "The psychologist did not come…", "It took place…"]


async def test_the_page_of_its_money_leads_back_and_says_how_much_more_can_come_back(world: World) -> None:
    for status, hours in ((PAYMENT_SUBMITTED, 0), (COMPLETED, 3)):
        start = workday(world.now, ahead=8) + timedelta(hours=hours)
        reference = await staged(world, status, start if status != COMPLETED else world.now - timedelta(days=2))
        page = html.unescape((await world.wambui.page("GET", f"/s/{reference}/money")).text)
        assert f'href="/s/{reference}">Back to the session</a>' in page
        assert "The session is" not in page


async def test_whoever_is_noted_as_absent_is_led_on(world: World) -> None:
    page = await page_of(world, "amina", await staged(world, NO_SHOW, world.now - timedelta(days=2)))
    assert "Choose another time</a>" in page
    assert "Questions? Ring the practice:" in page
