"""A psychologist's own hours and days that differ, through the API; sessions that are kept are not left outside."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from support.app import World
from support.cast import NAIROBI, workday

HOURS = "/api/psychologists/me/hours"
DAYS = "/api/psychologists/me/exceptions"


def stretch(weekday: int, from_: str, to: str, **more: Any) -> dict[str, Any]:
    return {"weekday": weekday, "from": from_, "to": to, **more}


EVERY_MORNING = [stretch(day, "09:00", "12:30") for day in range(1, 6)]


def local_day(at: datetime) -> str:
    return at.astimezone(NAIROBI).date().isoformat()


async def put(world: World, hours: list[dict[str, Any]], **more: Any) -> Any:
    return await world.otieno.api("PUT", HOURS, json={"hours": hours, **more})


async def slots(world: World, day: str) -> list[str]:
    found = await world.nobody.api(
        "GET", f"/api/psychologists/{world.cast.otieno.person_id}/slots", params={"from": day, "to": day})
    return [slot["start"][11:16] for slot in found.json()["slots"]]


async def test_what_is_put_is_what_is_read_and_offered(world: World) -> None:
    answer = await put(world, EVERY_MORNING)
    assert answer.status_code == 200, answer.text
    read = (await world.otieno.api("GET", HOURS)).json()
    assert read == answer.json()
    assert read["timeZone"] == "Africa/Nairobi"
    assert [(one["weekday"], one["from"], one["to"], one["modes"]) for one in read["hours"]] == [
        (day, "09:00", "12:30", ["Online"]) for day in range(1, 6)]
    assert await slots(world, local_day(workday(world.now))) == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]


async def test_the_same_hours_again_write_nothing(world: World) -> None:
    await put(world, EVERY_MORNING)
    await put(world, list(reversed(EVERY_MORNING)))
    async with world.db.connection() as conn:
        assert await conn.fetchval("select count(*) from journal.entry where verb = 'set hours'") == 1


async def test_a_session_that_is_kept_is_not_left_outside(world: World) -> None:
    session = await world.request(hour=14)
    refused = await put(world, EVERY_MORNING)
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["sessions"]) == ("sessions_outside", [session["reference"]])
    assert len((await world.otieno.api("GET", HOURS)).json()["hours"]) == 5
    assert (await world.otieno.api("GET", HOURS)).json()["hours"][0]["to"] == "17:00"

    kept = await put(world, EVERY_MORNING, keep=True)
    assert kept.status_code == 200
    again = await put(world, [stretch(1, "09:00", "12:00"), *EVERY_MORNING[1:]])
    assert again.status_code == 200, "it lay outside before"
    assert (await world.amina.api("GET", f"/api/sessions/{session['id']}")).json()["status"] == "Pending Approval"


async def test_an_overdue_hold_is_no_session_that_is_kept(world: World) -> None:
    session = await world.request(hour=14)
    async with world.db.connection() as conn:
        await conn.execute("update sessions.session set hold_until = $1", world.now - timedelta(minutes=1))
    assert (await put(world, EVERY_MORNING)).status_code == 200, session


NO_HOURS: list[tuple[list[dict[str, Any]], str, str]] = [
    ([stretch(0, "09:00", "12:00")], "hours[0].weekday", "not_a_weekday"),
    ([stretch(8, "09:00", "12:00")], "hours[0].weekday", "not_a_weekday"),
    ([stretch(1, "12:00", "09:00")], "hours[0].to", "ends_before_it_begins"),
    ([stretch(1, "09:00", "09:00")], "hours[0].to", "ends_before_it_begins"),
    ([stretch(1, "9", "12:00")], "hours[0].from", "not_a_time"),
    ([stretch(1, "09:00", "24:01")], "hours[0].to", "not_a_time"),
    ([stretch(1, "09:60", "12:00")], "hours[0].from", "not_a_time"),
    ([stretch(1, "09:00", "12:00"), stretch(1, "11:59", "13:00")], "hours", "overlap"),
    ([stretch(1, "09:00", "12:00", modes=["Letter"])], "hours[0].modes", "unknown_mode"),
    ([stretch(1, "09:00", "12:00", modes=["In Person"])], "hours[0].placeId", "missing"),
    ([stretch(1, "09:00", "12:00", placeId=str(UUID(int=1)))], "hours[0].placeId", "not_in_person"),
    ([stretch(1, "09:00", "12:00", modes=["In Person"], placeId=str(UUID(int=1)))],
        "hours[0].placeId", "unknown_place"),
    ([stretch(1, "09:00", "12:00", modes=[])], "hours[0].modes", "unknown_mode"),
    ([stretch(1, "09:00", "12:00", placeId="here")], "hours[0].placeId", "unknown_place"),
    ([stretch(1, f"{n // 60:02d}:{n % 60:02d}", f"{n // 60:02d}:{n % 60 + 1:02d}") for n in range(0, 142, 2)],
         "hours", "too_many"),
]  # fmt: skip


async def test_hours_that_are_no_hours(world: World) -> None:
    for hours, field, code in NO_HOURS:
        refused = await put(world, hours)
        assert refused.status_code == 422, refused.text
        assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, code)]
        assert len((await world.otieno.api("GET", HOURS)).json()["hours"]) == 5


async def test_hours_that_meet_and_the_end_of_the_day_are_fine(world: World) -> None:
    answer = await put(world, [stretch(1, "00:00", "12:00"), stretch(1, "12:00", "24:00"), stretch(2, "00:00", "1:00")])
    assert answer.status_code == 200, answer.text
    assert [(one["from"], one["to"]) for one in answer.json()["hours"]] == [
        ("00:00", "12:00"), ("12:00", "24:00"), ("00:00", "01:00")]


OTHERS = ["amina", "wambui", "njeri", "nobody"]


async def test_only_psychologists_have_hours(world: World) -> None:
    for who in OTHERS:
        visitor = world.by_name[who]
        wanted = 401 if who == "nobody" else 403
        day = {"date": local_day(workday(world.now)), "kind": "off"}
        for method, path, body in (
            ("GET", HOURS, None), ("PUT", HOURS, {"hours": []}), ("GET", DAYS, None), ("POST", DAYS, day),
            ("DELETE", f"{DAYS}/{world.cast.amina.person_id}", None),
        ):
            assert (await visitor.api(method, path, json=body)).status_code == wanted, (method, path)


async def add(world: World, day: str, kind: str, **more: Any) -> Any:
    return await world.otieno.api("POST", DAYS, json={"date": day, "kind": kind, **more})


async def test_a_day_off_and_an_extra_one(world: World) -> None:
    day = local_day(workday(world.now))
    off = await add(world, day, "off", **{"from": "10:00"})
    assert off.status_code == 201, off.text
    assert await slots(world, day) == ["09:00"]
    extra = await add(world, day, "extra", **{"from": "20:00", "to": "21:30"})
    assert await slots(world, day) == ["09:00", "20:00", "20:30"]
    listed = (await world.otieno.api("GET", DAYS)).json()
    assert [(one["kind"], one["from"], one["to"]) for one in listed["exceptions"]] == [
        ("off", "10:00", "24:00"), ("extra", "20:00", "21:30")]
    assert listed["next"] is None
    assert listed["exceptions"][1] == extra.json()

    gone = await world.otieno.api("DELETE", f"{DAYS}/{off.json()['id']}")
    assert gone.status_code == 204
    assert len(await slots(world, day)) == 15 + 2
    assert (await world.otieno.api("DELETE", f"{DAYS}/{off.json()['id']}")).status_code == 404


async def test_days_off_leave_no_session_outside_unless_they_say_so(world: World) -> None:
    session = await world.request()
    day = session["sessionDate"]
    there = local_day(datetime.fromisoformat(day))
    refused = await add(world, there, "off")
    assert (refused.status_code, refused.json()["sessions"]) == (409, [session["reference"]])
    assert (await world.otieno.api("GET", DAYS)).json()["exceptions"] == []
    assert (await add(world, there, "off", **{"from": "13:00"})).status_code == 201
    assert (await add(world, there, "off", keep=True)).status_code == 201


async def test_taking_an_extra_day_back_leaves_no_session_outside_either(world: World) -> None:
    start = workday(world.now, hour=20)
    extra = (await add(world, local_day(start), "extra", **{"from": "20:00", "to": "21:30"})).json()
    session = await world.request(hour=20)
    path = f"{DAYS}/{extra['id']}"
    refused = await world.otieno.api("DELETE", path)
    assert (refused.status_code, refused.json()["sessions"]) == (409, [session["reference"]])
    assert (await world.otieno.api("DELETE", path, params={"keep": "true"})).status_code == 204


async def test_anothers_day_is_not_there(world: World) -> None:
    mine = (await add(world, local_day(workday(world.now)), "off")).json()
    assert (await world.wanjiru.api("DELETE", f"{DAYS}/{mine['id']}")).status_code == 404
    assert (await world.wanjiru.api("DELETE", f"{DAYS}/nothing")).status_code == 404
    assert (await world.wanjiru.api("GET", DAYS)).json()["exceptions"] == []


NO_DAYS: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "half"}, "kind", "unknown_kind"),
    ({"date": "2020-01-01"}, "date", "in_the_past"),
    ({"date": "2090-01-01"}, "date", "beyond_horizon"),
    ({"from": "12:00", "to": "12:00"}, "to", "ends_before_it_begins"),
    ({"modes": ["Letter"]}, "modes", "unknown_mode"),
    ({"kind": "extra", "modes": ["In Person"]}, "placeId", "missing"),
    ({"placeId": str(UUID(int=1))}, "placeId", "not_in_person"),
    ({"to": "noon"}, "to", "not_a_time"),
]  # fmt: skip


async def test_days_that_are_no_days(world: World) -> None:
    for body, field, code in NO_DAYS:
        fine = {"date": local_day(workday(world.now)), "kind": "off"}
        refused = await world.otieno.api("POST", DAYS, json=fine | body)
        assert refused.status_code == 422, refused.text
        assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [(field, code)]


async def test_the_list_of_days_goes_on_where_it_ended(world: World) -> None:
    first = workday(world.now)
    days = [local_day(first + timedelta(days=n)) for n in range(5)]
    for day in reversed(days):
        await add(world, day, "off", keep=True)
    found: list[str] = []
    cursor = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await world.otieno.api("GET", DAYS, params=params)).json()
        found += [one["date"] for one in page["exceptions"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == days
    assert (await world.otieno.api("GET", DAYS, params={"cursor": "nonsense"})).status_code == 422


async def test_a_key_makes_one_day_of_two_posts(world: World) -> None:
    body = {"date": local_day(workday(world.now)), "kind": "off"}
    answers = [await world.otieno.api("POST", DAYS, json=body, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len((await world.otieno.api("GET", DAYS)).json()["exceptions"]) == 1
