"""A page that refuses something: whoever is signed in stays so on it, and it says where to go on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kikao.core.clock import utc_now
from kikao.core.web import SIGN_IN_COOKIE
from kikao.directory import queries
from support import app as apps
from support.app import BASE, World


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    async with apps.world(url, utc_now()) as made:
        yield made


async def test_who_is_signed_in_stays_so_and_goes_on_where_their_pages_begin(world: World) -> None:
    for who, path, status, onward in (
        ("amina", "/practice", 403, "/me"), ("amina", "/s/ZZZZZZZZ", 404, "/me"),
        ("amina", "/nothing-here", 404, "/me"), ("wambui", "/nothing/here", 404, "/practice"),
        ("wambui", "/practice/settings", 403, "/practice"),
    ):
        answer = await getattr(world, who).page("GET", path)
        assert answer.status_code == status
        assert 'action="/sign-out"' in answer.text, path
        assert f'class="button" href="{onward}"' in answer.text, path


async def test_nobody_is_sent_to_the_first_page(world: World) -> None:
    answer = await world.nobody.page("GET", "/t/nothing-like-that")
    assert answer.status_code == 404
    assert 'href="/sign-in"' in answer.text
    assert 'class="button" href="/"' in answer.text


async def test_a_payer_with_half_a_link_is_told_whom_to_call(world: World) -> None:
    answer = await world.nobody.page("GET", "/p/no-such-link")
    assert answer.status_code == 404
    assert 'class="button" href="tel:+2547' in answer.text
    assert "the number 404" not in answer.text


async def test_what_went_wrong_on_our_side_can_be_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_given: object, **_named: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(queries, "listed", fails)
    answer = await world.nobody.page("GET", "/team?topic=Grief")
    assert answer.status_code == 500
    assert 'class="button" href=""' in answer.text  # this very address, with what was asked for
    assert "Grief" not in answer.text
    assert "say the number 500" in answer.text


async def test_who_looks_with_a_sign_in_that_has_ended_is_told(world: World) -> None:
    world.nobody.browser.cookies.set(SIGN_IN_COOKIE, "something that ended")
    answer = await world.nobody.page("GET", "/me")
    assert answer.headers["location"] == "/sign-in?next=/me&ended=went"
    assert "back where you were going" in (await world.nobody.page("GET", answer.headers["location"])).text


async def test_a_refused_form_leads_back_to_its_page_and_never_elsewhere(world: World) -> None:
    form = f"/practice/objections/{world.cast.amina.person_id}"
    for before, shown in (
        (f"{BASE}/practice/objections?after=1", 'href="/practice/objections?after=1"'),
        (f"{BASE}/practice/places/x/close", None),  # answers no GET
        ("https://elsewhere.example.test/practice", None), ("", None),
    ):
        answer = await world.njeri.page("POST", form, data={"decision": "?"}, headers={"referer": before})
        assert answer.status_code in (404, 405, 422), answer.text
        assert ("Back to the page before" in answer.text) == (shown is not None), before
        assert shown is None or shown in answer.text
        assert "elsewhere" not in answer.text


async def test_whose_sign_in_has_ended_is_told_and_comes_back_to_the_form(world: World) -> None:
    answer = await world.nobody.page("POST", "/me/rates", data={"amount": "1"}, headers={"referer": f"{BASE}/me/rates"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/me/rates&ended=1")
    shown = await world.nobody.page("GET", answer.headers["location"])
    assert "Your sign-in has ended" in shown.text
    assert 'name="next" value="/me/rates"' in shown.text
    assert "has ended" not in (await world.nobody.page("GET", "/sign-in?next=/me/rates")).text
