"""What a psychologist agrees with one client on a page: it counts for that client, and shows to nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from support.app import World


@pytest.fixture
async def address(world: World) -> str:
    """The page of Amina, who has asked Dr Otieno for a time."""
    await world.request("amina")
    return f"/me/clients/{world.cast.amina.person_id}"


async def stands(world: World) -> Any:
    found = await world.otieno.api("GET", f"/api/psychologists/me/clients/{world.cast.amina.person_id}")
    return found.json()


async def test_whoever_asked_is_on_the_list_and_has_a_page(world: World, address: str) -> None:
    listed = (await world.otieno.page("GET", "/me/clients")).text
    assert f'href="{address}"' in listed
    assert "not met yet" in listed
    assert "Amina" in (await world.otieno.page("GET", address)).text
    assert "Nobody here yet" in (await world.wanjiru.page("GET", "/me/clients")).text
    assert (await world.wanjiru.page("GET", address)).status_code == 404


async def test_taken_at_once_and_known(world: World, address: str) -> None:
    sent = await world.otieno.page("POST", f"{address}/taking", data={"at_once": "yes", "known": "yes"})
    assert sent.headers["location"] == f"{address}?done=1"
    now = await stands(world)
    assert (now["atOnce"], now["known"]) == (True, True)
    await world.otieno.page("POST", f"{address}/taking", data={"at_once": ""})
    now = await stands(world)
    assert (now["atOnce"], now["known"]) == (None, False)


async def test_a_price_of_their_own_comes_and_goes(world: World, address: str) -> None:
    typed = {"session_type": "Individual", "amount": "1,200", "minutes": "60"}
    await world.otieno.page("POST", f"{address}/rate", data=typed)
    assert [rate["amount"] for rate in (await stands(world))["rates"]] == [1200]
    html = (await world.otieno.page("GET", address)).text
    assert "KSh 1,200 for 60 minutes" in html
    assert "KSh 2,500 for 60 minutes" in html, "what everybody pays, beside it"
    assert "1,200" not in (await world.baraka.page("GET", "/t/kbt011")).text
    await world.otieno.page("POST", f"{address}/rate/end", data={"session_type": "Individual"})
    assert (await stands(world))["rates"] == []


async def test_what_is_no_price_stays_typed(world: World, address: str) -> None:
    typed = {"session_type": "Couples", "amount": "a lot", "minutes": "60"}
    answer = await world.otieno.page("POST", f"{address}/rate", data=typed)
    assert answer.status_code == 422
    assert 'value="a lot"' in answer.text
    assert 'id="f-amount-error"' in answer.text
    assert (await stands(world))["rates"] == []


async def test_closed_and_opened_again(world: World, address: str) -> None:
    await world.otieno.page("POST", f"{address}/close")
    assert (await stands(world))["closedAt"] is not None
    assert "No longer seen" in (await world.otieno.page("GET", "/me/clients")).text
    await world.otieno.page("POST", f"{address}/reopen")
    assert (await stands(world))["closedAt"] is None
