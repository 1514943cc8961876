"""What the list of psychologists shows, and what it can be narrowed by: on the page and as JSON."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from kikao.core.ids import new_id
from support.app import World
from support.cast import NAIROBI, Member, workday

pytestmark = pytest.mark.database
TEAM = "/api/public/psychologists"


async def add_place(world: World, name: str) -> str:
    answer = await world.njeri.api("POST", "/api/places", json={"name": name, "address": "3 Elgon Road, 2nd floor"})
    return str(answer.json()["id"])


async def meets(world: World, who: Member, hours: list[tuple[str, str, str | None]]) -> None:
    """On the next workday: from, until, at which place; online where at none."""
    day = workday(world.now).isoweekday()
    modes = [["In Person"] if place else ["Online"] for *_when, place in hours]
    week = [{"weekday": day, "from": since, "to": until, "placeId": place, "modes": mode}
            for (since, until, place), mode in zip(hours, modes, strict=True)]
    visitor = world.by_name["otieno" if who is world.cast.otieno else "wanjiru"]
    answer = await visitor.api("PUT", "/api/psychologists/me/hours", json={"hours": week})
    assert answer.status_code == 200, answer.text
    answer = await visitor.api("PUT", "/api/psychologists/me", json={"modes": sorted({mode for [mode] in modes})})
    assert answer.status_code == 200, answer.text


async def narrowed(world: World, **form: str) -> Any:
    """The page that somebody sees who sent this filter, with a browser that runs nothing."""
    answer = await world.nobody.page("POST", "/team", data=form)
    assert answer.status_code == 303, answer.text
    return (await world.nobody.page("GET", answer.headers["location"])).text


def names(page: str) -> list[str]:
    return re.findall(r'<a href="/t/\w+">([^<]+)</a>', page)


async def found(world: World, **query: str) -> dict[str, Any]:
    answer = await world.nobody.api("GET", TEAM, params=query)
    assert answer.status_code == 200, answer.text
    return {one["name"]: one for one in answer.json()["psychologists"]}


async def test_the_gender_is_shown_as_they_wish_it_and_only_when_they_said_it(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute("update directory.psychologist set gender = 'nonBinary' where slug = 'kbt011'")
        await conn.execute("update directory.psychologist set gender = null where slug = 'kbt012'")
    assert "NonBinary" in (await world.nobody.page("GET", "/t/kbt011")).text
    listed = (await world.nobody.page("GET", "/team")).text
    assert listed.count("NonBinary ·") == 1
    assert names(await narrowed(world, gender="nonBinary")) == ["Dr Otieno"]
    hers = (await world.nobody.page("GET", "/t/kbt012")).text
    assert "<span></span>" not in hers
    assert "None" not in hers


async def test_the_team_is_narrowed_by_mode_and_place(world: World) -> None:
    hill, river = await add_place(world, "Upper Hill"), await add_place(world, "Riverside")
    closed = await add_place(world, "Far Away")
    await world.njeri.api("DELETE", f"/api/places/{closed}")
    await meets(world, world.cast.otieno, [("09:00", "12:00", hill), ("15:00", "18:00", river)])
    await meets(world, world.cast.wanjiru, [("09:00", "12:00", None), ("13:00", "15:00", river)])

    page = (await world.nobody.page("GET", "/team")).text
    assert "In person at Riverside, Upper Hill" in page
    assert "Far Away" not in page
    assert names(await narrowed(world, where="Online")) == ["Dr Wanjiru"]
    assert names(await narrowed(world, where="In Person")) == ["Dr Otieno", "Dr Wanjiru"]
    at_the_hill = await narrowed(world, where=hill)
    assert names(at_the_hill) == ["Dr Otieno"]
    assert f'<option value="{hill}" selected>In person at Upper Hill</option>' in at_the_hill

    assert list(await found(world, mode="Online")) == ["Dr Wanjiru"]
    by_river = await found(world, placeId=river)
    assert list(by_river) == ["Dr Otieno", "Dr Wanjiru"]
    assert [one["name"] for one in by_river["Dr Otieno"]["places"]] == ["Riverside", "Upper Hill"]
    # The next free time is one at that place, not the first of all.
    assert by_river["Dr Otieno"]["nextFree"] > (await found(world, placeId=hill))["Dr Otieno"]["nextFree"]


async def test_who_is_at_a_place_on_one_day_only_is_found_there_until_that_day(world: World) -> None:
    river, day = await add_place(world, "Riverside"), workday(world.now).date()
    extra = {"date": day.isoformat(), "kind": "extra", "from": "18:00", "to": "19:00", "modes": ["In Person"],
             "placeId": river}  # fmt: skip
    answer = await world.otieno.api("POST", "/api/psychologists/me/exceptions", json=extra)
    assert answer.status_code == 201, answer.text
    assert list(await found(world, placeId=river)) == ["Dr Otieno"]
    at_the_river = await narrowed(world, where=river)  # the only place: offered, and chosen, under its own name
    assert f'<option value="{river}" selected>In person at Riverside</option>' in at_the_river
    today = world.now.astimezone(NAIROBI).date()  # which is Dr Otieno's own
    for on, expected in ((today, ["Dr Otieno"]), (today - timedelta(days=1), [])):
        async with world.db.connection() as conn:
            await conn.execute("update availability.exception set on_date = $1", on)
        assert list(await found(world, placeId=river)) == expected


async def test_a_filter_that_cannot_be_is_refused_with_a_sentence(world: World) -> None:
    hill, nowhere = await add_place(world, "Upper Hill"), str(new_id())
    refused = [
        ({"mode": "By Pigeon"}, "mode", "unknown_mode"), ({"sessionType": "Nap"}, "sessionType", "unknown_type"),
        ({"placeId": "here"}, "placeId", "unknown_place"), ({"placeId": nowhere}, "placeId", "unknown_place"),
        ({"placeId": hill, "mode": "Online"}, "placeId", "not_in_person"),
    ]
    for query, field, code in refused:
        answer = await world.nobody.api("GET", TEAM, params=query)
        assert answer.status_code == 422, query
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert await found(world, placeId=hill, mode="In Person") == {}
    await meets(world, world.cast.otieno, [("09:00", "12:00", hill)])
    assert list(await found(world, placeId=hill, mode="In Person")) == ["Dr Otieno"]
    for name, value, sentence in (
        ("where", "By Pigeon", "Sessions are Online, In Person or Phone."),
        ("type", "Nap", "There is no such session type."), ("where", nowhere, "There is no such place."),
        ("price", "cheap", "A price is a whole number of shillings."),
    ):
        answer = await world.nobody.page("POST", "/team", data={name: value})
        assert answer.status_code == 422, name
        assert sentence in answer.text


async def test_a_place_that_was_closed_meanwhile_loses_nothing_else_that_was_chosen(world: World) -> None:
    hill = await add_place(world, "Upper Hill")
    await world.njeri.api("DELETE", f"/api/places/{hill}")
    answer = await world.nobody.page("POST", "/team", data={"where": hill, "q": "Otieno", "type": "Couples"})
    assert answer.status_code == 422
    assert "There is no such place." in answer.text
    assert names(answer.text) == ["Dr Otieno"]
    assert 'value="Otieno"' in answer.text
    assert '<option value="Couples" selected>' in answer.text
