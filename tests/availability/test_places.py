"""Where sessions are held: places of the practice, hours there, and the way from one to another."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from kikao.availability.rules import Exceptional, Hours, TravelNumbers, check_travel
from kikao.core import practice
from kikao.core.errors import Invalid
from kikao.core.ids import SYSTEM, new_id
from support.app import World, asking
from support.cast import workday

HOURS = "/api/psychologists/me/hours"
DAYS = "/api/psychologists/me/exceptions"
A, B = new_id(), new_id()


async def add(world: World, name: str = "Upper Hill") -> str:
    answer = await world.njeri.api("POST", "/api/places", json={"name": name, "address": "3 Elgon Road, 2nd floor"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def stretch(weekday: int, from_: str, to: str, place_id: str | None = None, *modes: str) -> dict[str, Any]:
    return {"weekday": weekday, "from": from_, "to": to, "modes": modes or ["In Person"], "placeId": place_id}


async def put(world: World, *hours: dict[str, Any], **more: Any) -> Any:
    return await world.otieno.api("PUT", HOURS, json={"hours": hours, **more})


def wrong(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


async def slots(world: World, **query: str) -> list[tuple[str, str, str | None]]:
    day = workday(world.now).date().isoformat()
    found = await world.nobody.api(
        "GET", f"/api/psychologists/{world.cast.otieno.person_id}/slots", params={"from": day, "to": day} | query)
    return [(one["start"][11:16], one["mode"], (one["place"] or {}).get("name")) for one in found.json()["slots"]]


async def test_hours_are_offered_and_booked_in_their_mode_and_place(world: World) -> None:
    here = await add(world)
    weekday = workday(world.now).isoweekday()
    answer = await put(
        world, stretch(weekday, "09:00", "11:00", here, "In Person", "Phone"), stretch(weekday, "14:00", "15:00", None,
        "Online"))
    assert answer.status_code == 200, answer.text
    assert [one["placeId"] for one in answer.json()["hours"]] == [here, None]
    assert await slots(world) == [
        ("09:00", "In Person", "Upper Hill"), ("09:00", "Phone", None), ("09:30", "In Person", "Upper Hill"),
        ("09:30", "Phone", None), ("10:00", "In Person", "Upper Hill"), ("10:00", "Phone", None),
        ("14:00", "Online", None)]
    assert await slots(world, mode="Online") == [("14:00", "Online", None)]

    asked = asking(world.cast.otieno, workday(world.now, hour=10))
    path = "/api/sessions/request"
    assert wrong(await world.amina.api("POST", path, json=asked)) == [("sessionDate", "outside_hours")]
    booked = await world.amina.api("POST", path, json=asked | {"mode": "In Person"})
    assert booked.status_code == 201, booked.text
    assert booked.json()["mode"] == "In Person"
    assert booked.json()["place"] == {"id": here, "name": "Upper Hill", "address": "3 Elgon Road, 2nd floor"}

    # The session stays there, and the place stays in use as long as it lies within these hours.
    elsewhere = await add(world, "Riverside")
    there = stretch(weekday, "09:00", "11:00", elsewhere)
    refused = await put(world, there)
    assert (refused.status_code, refused.json()["sessions"]) == (409, [booked.json()["reference"]])
    assert (await put(world, there, keep=True)).status_code == 200
    assert (await world.njeri.api("DELETE", f"/api/places/{here}")).status_code == 204
    shown = await world.amina.api("GET", f"/api/sessions/{booked.json()['id']}")
    assert shown.json()["place"]["name"] == "Upper Hill"
    page = await world.amina.browser.get(f"/s/{booked.json()['reference']}")
    assert "Upper Hill, 3 Elgon Road" in page.text


async def test_a_time_that_was_offered_elsewhere_is_refused(world: World) -> None:
    here, there = await add(world), await add(world, "Riverside")
    await put(world, stretch(workday(world.now).isoweekday(), "09:00", "12:00", here))
    asked = asking(world.cast.otieno, workday(world.now, hour=10)) | {"mode": "In Person"}
    path = "/api/sessions/request"
    assert wrong(await world.amina.api("POST", path, json=asked | {"placeId": there})) == [
        ("sessionDate", "outside_hours")]
    assert (await world.amina.api("POST", path, json=asked | {"placeId": here})).status_code == 201


async def test_an_extra_day_at_another_place(world: World) -> None:
    here, there = await add(world), await add(world, "Riverside")
    day = workday(world.now)
    await put(world, stretch(day.isoweekday(), "09:00", "11:00", here))
    extra = {"date": day.date().isoformat(), "kind": "extra", "from": "11:30", "to": "13:00", "modes": ["In Person"],
             "placeId": there}
    assert wrong(await world.otieno.api("POST", DAYS, json=extra)) == [("from", "travel_time")]
    off = await world.otieno.api("POST", DAYS, json={"date": extra["date"], "kind": "off"})
    assert (await world.otieno.api("POST", DAYS, json=extra)).status_code == 201
    assert await slots(world) == [("11:30", "In Person", "Riverside"), ("12:00", "In Person", "Riverside")]
    # Taking the day off back would put both too near to each other again; so would the same week anew.
    assert wrong(await world.otieno.api("DELETE", f"{DAYS}/{off.json()['id']}")) == [("from", "travel_time")]


async def test_the_practice_says_how_long_the_way_takes(world: World) -> None:
    here, there = await add(world), await add(world, "Riverside")
    near = (stretch(1, "09:00", "11:00", here), stretch(1, "11:30", "13:00", there))
    assert wrong(await put(world, *near)) == [("hours[1].from", "travel_time")]
    async with world.db.connection() as conn:
        await practice.put(
            conn, TravelNumbers, "travel_minutes", 30, by=SYSTEM, reason="next door", now=world.now)
    assert (await put(world, *near)).status_code == 200


DAY = date(2026, 11, 30)  # a Monday


def on(weekday: int, begin: int, end: int, place: Any = A) -> Hours:
    return Hours(weekday, begin * 60, end * 60, ("In Person",) if place else ("Online",), place)


def extra(begin: int, end: int, place: Any, ahead: int = 0) -> Exceptional:
    return Exceptional(DAY + timedelta(days=ahead), "extra", begin * 60, end * 60, ("In Person",), place)


def off(begin: int, end: int, ahead: int = 0) -> Exceptional:
    return Exceptional(DAY + timedelta(days=ahead), "off", begin * 60, end * 60)


FINE: list[tuple[list[Hours], list[Exceptional]]] = [
    ([on(1, 9, 12), on(1, 13, 17, B)], []),
    ([on(1, 9, 12), on(1, 12, 17)], []),  # the same place
    ([on(1, 9, 12), on(1, 12, 13, None), on(1, 13, 17, B)], []),
    ([on(1, 9, 12), on(2, 9, 12, B)], []),
    ([on(1, 9, 12)], [extra(13, 14, B)]),
    ([on(1, 9, 17)], [off(11, 15), extra(12, 14, B)]),
    ([on(1, 9, 12)], [extra(9, 12, B, ahead=1)]),
]
TOO_NEAR: list[tuple[list[Hours], list[Exceptional]]] = [
    ([on(1, 9, 12), on(1, 12, 17, B)], []),
    ([on(1, 20, 24), on(2, 0, 3, B)], []),  # over midnight
    ([on(7, 20, 24), on(1, 0, 3, B)], []),  # over the end of the week
    ([on(1, 9, 17)], [extra(10, 11, B)]),
    ([on(1, 9, 17)], [off(11, 14), extra(12, 14, B)]),
    ([], [extra(9, 10, A), extra(10, 11, B)]),
    ([on(2, 0, 3)], [extra(20, 24, B)]),
    ([on(1, 20, 24)], [extra(0, 1, B, ahead=1)]),
]


@pytest.mark.parametrize(("week", "days"), FINE)
def test_time_enough_for_the_way(week: list[Hours], days: list[Exceptional]) -> None:
    check_travel(week, days, 60)


@pytest.mark.parametrize(("week", "days"), TOO_NEAR)
def test_no_time_for_the_way(week: list[Hours], days: list[Exceptional]) -> None:
    with pytest.raises(Invalid) as refused:
        check_travel(week, days, 60)
    assert refused.value.fields[0].code == "travel_time"


NO_PLACES = [
    ({"name": "Mind and Mood Therapy", "address": "3 Elgon Road"}, "name", "telling_word"),
    ({"name": "Nafasi ya ushauri nasaha", "address": "3 Elgon Road"}, "name", "telling_word"),
    ({"name": " ", "address": "3 Elgon Road"}, "name", "wrong_length"),
    ({"name": "x" * 61, "address": "3 Elgon Road"}, "name", "wrong_length"),
    ({"name": "Upper Hill", "address": ""}, "address", "wrong_length"),
]


async def test_places_that_are_no_places(world: World) -> None:
    for body, field, code in NO_PLACES:
        assert wrong(await world.njeri.api("POST", "/api/places", json=body)) == [(field, code)]
    assert (await world.njeri.api("GET", "/api/places")).json() == {"places": []}


async def test_a_place_is_closed_when_nobody_has_hours_there(world: World) -> None:
    here = await add(world)
    twice = await world.njeri.api("POST", "/api/places", json={"name": "upper hill", "address": "elsewhere"})
    assert (twice.status_code, twice.json()["code"]) == (409, "place_twice")
    await put(world, stretch(1, "09:00", "12:00", here))
    refused = await world.njeri.api("DELETE", f"/api/places/{here}")
    assert (refused.status_code, refused.json()["code"]) == (409, "place_in_use")
    assert refused.json()["detail"] == "There are hours of Dr Otieno at Upper Hill. They have to be moved first."
    await put(world, stretch(1, "09:00", "12:00", None, "Online"))
    for _again in range(2):
        assert (await world.njeri.api("DELETE", f"/api/places/{here}")).status_code == 204
    assert (await world.otieno.api("GET", "/api/places")).json() == {"places": []}
    assert wrong(await put(world, stretch(1, "09:00", "12:00", here))) == [("hours[0].placeId", "unknown_place")]
    assert (await add(world)) != here  # the name is free again
    async with world.db.connection() as conn:
        verbs = await conn.fetch("select verb from journal.entry where noun = 'place' order by at, id")
    assert [row["verb"] for row in verbs] == ["add a place", "close a place", "add a place"]


async def test_who_is_met_in_person_only_has_a_next_free_time(world: World) -> None:
    here = await add(world)
    await put(world, *[stretch(day, "09:00", "12:00", here) for day in range(1, 6)])
    found = (await world.nobody.api("GET", f"/api/public/psychologists/{world.cast.otieno.person_id}")).json()
    assert datetime.fromisoformat(found["nextFree"]) > world.now
