"""Whom one acts for, on a page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from kikao.accounts import by_desk
from kikao.core.clock import utc_now
from support import app as apps

BOY = {"name": "Kioko", "birthDate": "2019-05-02", "relation": "guardian", "consent": "yes"}


@pytest.fixture
async def world(url: str) -> AsyncIterator[apps.World]:
    async with apps.world(url, utc_now()) as made:
        yield made


async def shown(world: apps.World, who: str = "halima") -> str:
    return (await world.by_name[who].page("GET", "/me/people")).text


async def text_id(world: apps.World) -> str:
    found = re.search(r'name="consent_text" value="([^"]+)"', await shown(world))
    assert found
    return found.group(1)


async def test_who_they_are_and_until_when(world: apps.World) -> None:
    page = await shown(world)
    assert "Zuri" in page
    assert "Born 12 April 2018" in page
    assert "until 12 April 2036" in page
    assert "Zuri" not in await shown(world, "baraka")
    assert "Nobody yet" in await shown(world, "baraka")


async def test_one_is_added_with_consent_and_what_was_typed_is_kept(world: apps.World) -> None:
    form = BOY | {"consent_text": await text_id(world)}
    for wrong, sentence in (
        ({"consent": ""}, "Please read what is kept about them"),
        ({"birthDate": "next year"}, "Please give the day like"),
        ({"birthDate": "1990-01-01"}, "Somebody of 18 years or more"),
        ({"name": " "}, "Please give a name"),
    ):
        refused = await world.halima.page("POST", "/me/people", data=form | wrong)
        assert refused.status_code == 422
        assert sentence in refused.text
        assert 'value="Kioko"' in refused.text or wrong.get("name")
    twice = form | {"idempotency_key": "one tap"}
    for _tap in range(2):
        assert (await world.halima.page("POST", "/me/people", data=twice)).status_code == 303
    assert (await shown(world)).count("Kioko</h2>") == 1
    async with world.db.connection() as conn:
        assert await conn.fetchval(
            "select count(*) from accounts.consent c join accounts.person p on p.id = c.person_id"
            " where p.name = 'Kioko' and c.given_by = $1", world.cast.halima.person_id) == 1


async def test_consent_for_them_is_taken_back_and_given_again(world: apps.World) -> None:
    zuri = world.cast.zuri.person_id
    gone = await world.halima.page("POST", f"/me/account/consent/{zuri}/withdraw")
    assert gone.status_code == 303
    assert "You have not agreed for them" in await shown(world)
    agree = f"/me/people/{zuri}/agree"
    assert (await world.halima.page("POST", agree, data={})).status_code == 422
    data = {"consent": "yes", "consent_text": await text_id(world)}
    assert (await world.baraka.page("POST", agree, data=data)).status_code == 404
    assert (await world.halima.page("POST", agree, data=data)).status_code == 303
    assert "You have not agreed for them" not in await shown(world)


async def test_acting_is_ended(world: apps.World) -> None:
    end = f"/me/people/{world.cast.zuri.person_id}/end"
    assert (await world.baraka.page("POST", end)).status_code == 404
    for _tap in range(2):
        assert (await world.halima.page("POST", end, data={"idempotency_key": "one tap"})).status_code == 303
    assert "Zuri" not in await shown(world)
    assert (await world.halima.page("POST", end)).status_code == 404


async def test_who_acts_no_more_is_offered_nothing_to_take_back(world: apps.World) -> None:
    zuri = world.cast.zuri.person_id
    withdraw = f"/me/account/consent/{zuri}/withdraw"
    assert withdraw in (await world.halima.page("GET", "/me/account/consent")).text
    assert (await world.halima.page("POST", f"/me/people/{zuri}/end")).status_code == 303
    page = (await world.halima.page("GET", "/me/account/consent")).text
    assert "You agreed for Zuri" in page, "it stays said"
    assert withdraw not in page
    assert (await world.halima.page("POST", withdraw)).status_code == 404


async def test_who_hears_consent_at_the_desk_has_no_list_of_callers_as_their_own(world: apps.World) -> None:
    """Halima's stands on her page, for as long as it is kept; what Wambui heard from a caller is the caller's."""
    mine = (await world.halima.page("GET", "/me/account/consent")).text
    assert "You agreed for Zuri" in mine
    async with world.db.transaction() as conn:
        await by_desk.hear_consent(
            conn, world.cast.wambui.actor, world.cast.kamau.person_id, world.cast.consent_text_id, "voice", world.now)
    assert "Kamau" not in (await world.wambui.page("GET", "/me/account/consent")).text
