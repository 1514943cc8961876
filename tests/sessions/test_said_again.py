"""What a client typed and cannot be used stands there again, and the page says where to go on."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator

import pytest

from kikao.core.clock import utc_now
from support import app as apps
from support.app import World
from support.cast import workday


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    async with apps.world(url, utc_now()) as made:
        yield made


async def test_a_code_that_cannot_be_one_stands_there_to_be_put_right(world: World) -> None:
    session = await world.approved()
    address = f"/s/{session['reference']}/code"
    refused = await world.amina.page("POST", address, data={"transaction_code": "UKM12"})
    assert refused.status_code == 422
    assert 'name="transaction_code"' in refused.text
    assert 'value="UKM12"' in refused.text
    assert "10 letters and figures" in refused.text
    again = await world.amina.page("POST", address, data={"transaction_code": "UKM1234567"})
    assert again.status_code == 303
    ended = await world.amina.page("POST", address, data={"transaction_code": "UKM"})
    assert 'name="transaction_code"' not in ended.text, "nothing is to be typed once a code is looked at"


async def test_a_link_to_meet_that_is_none_stands_there_too(world: World) -> None:
    session = await world.approved()
    refused = await world.otieno.page("POST", f"/s/{session['reference']}/link", data={"link": "meet.example/7"})
    assert refused.status_code == 422
    assert 'value="meet.example/7"' in refused.text


async def test_whoever_has_too_many_unpaid_is_led_to_them_and_loses_no_word(world: World) -> None:
    for hour in (9, 11):
        await world.request(hour=hour)
    slug = await world.db.pool.fetchval(
        "select slug from directory.psychologist where id = $1", world.cast.otieno.person_id)
    start = workday(world.now, hour=14)
    refused = await world.amina.page("POST", f"/t/{slug}/request", data={
        "k": "i", "m": "o", "start": start.isoformat(), "note": "the third one", "for": str(world.cast.amina.person_id),
    })
    assert refused.status_code == 409, refused.text
    assert "as many unpaid sessions" in refused.text
    assert 'href="/me">' in refused.text
    assert "the third one" in refused.text


async def test_whose_time_has_gone_sees_what_another_costs_to_cancel_before_they_ask_for_it(world: World) -> None:
    slug = await world.db.pool.fetchval(
        "select slug from directory.psychologist where id = $1", world.cast.otieno.person_id)
    await world.request("baraka", hour=10)
    sent = {"k": "i", "m": "o", "start": workday(world.now, hour=10).isoformat(), "note": "the third one"}
    lost = await world.amina.page("POST", f"/t/{slug}/request", data=sent)
    assert lost.status_code == 409
    for told in ("Somebody else has just taken this time", "the third one"):
        assert told in lost.text
    for untrue in ("If you cancel", "Send the request", 'name="start"'):
        assert untrue not in lost.text
    others = re.findall(r'name="look" value="([^"]+)"', html.unescape(lost.text))
    assert len(others) == 3
    seen = await world.amina.page("POST", f"/t/{slug}/request", data={**sent, "start": "", "look": others[0]})
    assert seen.status_code == 200
    for told in ("If you cancel", "Send the request", "the third one", f'name="start" value="{others[0]}"'):
        assert told in html.unescape(seen.text)
    assert await world.db.pool.fetchval("select count(*) from sessions.session") == 1
    asked = await world.amina.page("POST", f"/t/{slug}/request", data={**sent, "start": others[0]})
    assert asked.status_code == 303


async def test_where_nothing_else_is_free_the_page_says_that_the_time_has_gone(world: World) -> None:
    slug = await world.db.pool.fetchval(
        "select slug from directory.psychologist where id = $1", world.cast.otieno.person_id)
    await world.request("baraka", hour=10)
    day, whose = workday(world.now, hour=10), world.cast.otieno.person_id
    await world.db.pool.execute(
        "delete from availability.hours where psychologist_id = $1 and weekday <> $2", whose, day.isoweekday())
    await world.db.pool.execute(
        "update availability.hours set from_minute = 600, until_minute = 660 where psychologist_id = $1", whose)
    lost = await world.amina.page("POST", f"/t/{slug}/request", data={
        "k": "i", "m": "o", "start": day.isoformat(), "note": "the third one"})
    assert lost.status_code == 409
    assert "Somebody else has just taken this time" in lost.text
    assert 'name="look"' not in lost.text


async def test_a_pay_link_that_is_none_says_what_to_do(world: World) -> None:
    answer = await world.nobody.page("GET", "/p/cut-off")
    assert answer.status_code == 404
    assert "Open it from the message itself, or call the practice." in answer.text
