"""Places on an admin's pages: added, corrected, closed; a session keeps its place."""

from __future__ import annotations

import re
from typing import Any

import pytest

from support.app import World, asking
from support.cast import workday

PLACES = "/practice/places"
ELGON = {"name": "Upper Hill", "address": "3 Elgon Road, 2nd floor"}


async def add(world: World, **changed: str) -> Any:
    return await world.njeri.page("POST", PLACES, data=ELGON | changed)


async def shown(world: World) -> str:
    return str((await world.njeri.page("GET", PLACES)).text)


async def first(world: World) -> str:
    """The address of the page of the only place."""
    assert (await add(world)).status_code == 303
    found = re.search(rf'href="({PLACES}/[0-9a-f-]+)"', await shown(world))
    assert found is not None
    return found[1]


async def hours_there(world: World, place: str, **more: Any) -> None:
    stretch = {"weekday": workday(world.now).isoweekday(), "from": "09:00", "to": "12:00", "modes": ["In Person"],
               "placeId": place.rsplit("/", 1)[-1]}
    answer = await world.otieno.api("PUT", "/api/psychologists/me/hours", json={"hours": [stretch]})
    assert answer.status_code == 200, answer.text


async def booked(world: World) -> dict[str, Any]:
    asked = asking(world.cast.otieno, workday(world.now, hour=10)) | {"mode": "In Person"}
    answer = await world.amina.api("POST", "/api/sessions/request", json=asked)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_place_is_corrected_and_its_sessions_stay_there(world: World) -> None:
    assert "No place yet" in await shown(world)
    place = await first(world)
    await hours_there(world, place)
    session = await booked(world)
    better = {"name": "Upper Hill House", "address": "5 Elgon Road, 3rd floor"}
    for _again in range(2):
        assert (await world.njeri.page("POST", place, data=better)).status_code == 303
    html = await shown(world)
    assert "5 Elgon Road" in html
    assert "3 Elgon Road" not in html
    assert "Dr Otieno" in html
    there = (await world.amina.api("GET", f"/api/sessions/{session['id']}")).json()["place"]
    assert there == better | {"id": session["place"]["id"]}
    async with world.db.connection() as conn:
        verbs = await conn.fetch("select verb, facts from journal.entry where noun = 'place' order by at, id")
    assert [row["verb"] for row in verbs] == ["add a place", "correct a place"]


async def test_a_place_is_closed_when_nobody_has_hours_there(world: World) -> None:
    place = await first(world)
    await hours_there(world, place)
    refused = await world.njeri.page("POST", f"{place}/close")
    assert refused.status_code == 409
    assert "There are hours of Dr Otieno at" in refused.text
    await world.otieno.api("PUT", "/api/psychologists/me/hours", json={"hours": []})
    assert "nobody" in await shown(world)
    assert (await world.njeri.page("POST", f"{place}/close")).status_code == 303
    assert place not in await shown(world)
    assert (await world.njeri.page("GET", place)).status_code == 200  # sessions there may still need it right


@pytest.mark.parametrize(
    ("typed", "told", "status"),
    [
        ({"name": "Mind and Mood Therapy", "address": "3 Elgon Road"}, "says what is done there", 422),
        ({"name": "", "address": "3 Elgon Road"}, "Please give the place a name.", 422),
        ({"name": "Riverside", "address": " "}, "Please give the place its address.", 422),
        ({"name": "riverside", "address": "3 Elgon Road"}, "of this name already", 409),
    ],
)
async def test_what_is_refused_keeps_what_was_typed(
    world: World, typed: dict[str, str], told: str, status: int
) -> None:
    place = await first(world)
    await add(world, name="Riverside")
    for address in (PLACES, place):
        refused = await world.njeri.page("POST", address, data=typed)
        assert refused.status_code == status
        assert told in refused.text
        assert not typed["name"] or f'value="{typed["name"]}"' in refused.text
    assert "Upper Hill" in await shown(world)


async def test_places_are_corrected_by_json_alike(world: World) -> None:
    place = (await first(world)).rsplit("/", 1)[-1]
    path = f"/api/places/{place}"
    better = {"name": "Riverside", "address": "1 Lane"}
    answer = await world.njeri.api("PUT", path, json=better)
    assert (answer.status_code, answer.json()) == (200, better | {"id": place})
    refused = await world.njeri.api("PUT", path, json=better | {"name": "Kliniki ya afya"})
    assert refused.json()["errors"][0]["code"] == "telling_word"
