"""Whose sign-in ended while a form was open loses nothing that they typed: it waits for them, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from html import unescape
from re import findall
from typing import Any

import httpx
import pytest

from kikao.accounts import kept
from support import app as apps
from support.cast import PASSWORD, Member

TYPED = {"name": "Kioko & Zuri", "birthDate": "2019-05-02", "relation": "parent", "consent": "yes"}


@pytest.fixture
async def world(url: str, now: datetime) -> AsyncIterator[apps.World]:
    async with apps.world(url, now) as made:
        yield made


async def send_when_it_ended(world: apps.World, who: Member, path: str = "/me/people", **form: Any) -> httpx.Response:
    """The form as a browser sends it from that page, signed in no more."""
    await world.db.pool.execute("update accounts.sign_in set ended_at = $2 where account_id = $1", who.account_id,
                                world.now)
    browser = world.by_name[who.name.lower()]
    return await browser.page("POST", path, data=form, headers={"Referer": f"{apps.BASE}/me/people"})


async def sign_in(world: apps.World, browser: apps.Visitor, who: Member, to: str) -> httpx.Response:
    form = {"login": who.email, "password": PASSWORD, "next": "/me/people"}
    answer = await browser.page("POST", "/sign-in", data=form)
    assert answer.headers["location"].startswith(to), answer.text
    return await browser.page("GET", answer.headers["location"])


async def test_what_was_typed_waits_until_one_is_signed_in_and_is_sent_by_one_button(world: apps.World) -> None:
    text_id = str(world.cast.consent_text_id)
    answer = await send_when_it_ended(world, world.cast.amina, **TYPED, consent_text=text_id)
    assert answer.headers["location"] == "/sign-in?next=/me/people&ended=kept"
    assert "is not lost" in (await world.amina.page("GET", answer.headers["location"])).text
    shown = await sign_in(world, world.amina, world.cast.amina, "/kept")
    assert "Kioko &amp; Zuri" in shown.text
    fields = {name: unescape(text) for name, text in findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.text)}
    assert TYPED.items() <= fields.items()
    done = await world.amina.page("POST", "/me/people", data=fields)
    assert done.headers["location"] == "/me/people?done=added"
    again = await world.amina.page("GET", "/kept")
    assert again.headers["location"] == "/me", "it is shown once"


async def test_a_secret_is_not_kept_and_what_was_typed_beside_it_is(world: apps.World) -> None:
    await send_when_it_ended(world, world.cast.amina, "/me/account/contacts", contact="0700 000 053", password=PASSWORD)
    shown = await sign_in(world, world.amina, world.cast.amina, "/kept")
    assert "0700 000 053" in shown.text
    assert PASSWORD not in shown.text
    asked = await world.amina.page("POST", "/me/account/contacts", data={"contact": "0700 000 053"})
    assert asked.status_code == 422
    assert 'value="0700 000 053"' in asked.text


async def test_nobody_else_who_signs_in_there_is_shown_it(world: apps.World) -> None:
    await send_when_it_ended(world, world.cast.amina, **TYPED)
    other = await sign_in(world, world.amina, world.cast.baraka, "/kept")
    assert other.headers["location"] == "/me/people"
    assert "Kioko" not in other.text


@pytest.mark.parametrize("form", [
    {"login": "amina", "current_password": PASSWORD, "new_password": "another one at noon"}, {"idempotency_key": "x"},
    {"name": "a" * kept.ROOM},
], ids=["a secret", "nothing", "too much"])
async def test_what_is_not_kept_is_not_said_to_be(world: apps.World, form: dict[str, str]) -> None:
    answer = await send_when_it_ended(world, world.cast.amina, **form)
    assert answer.headers["location"].endswith("&ended=1")
    assert kept.COOKIE not in answer.cookies
    assert (await sign_in(world, world.amina, world.cast.amina, "/me/people")).status_code == 200


async def test_leaving_wipes_it(world: apps.World) -> None:
    await send_when_it_ended(world, world.cast.amina, **TYPED)
    assert kept.COOKIE in world.amina.browser.cookies
    await world.amina.page("POST", "/leave")
    assert kept.COOKIE not in world.amina.browser.cookies
