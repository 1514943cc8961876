"""A psychologist's pages of hours, days and numbers: what is refused stays typed, what is kept is said."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any, get_type_hints
from urllib.parse import urlencode

import pytest

from availability.calendars import add_place
from kikao.availability.rules import OUT_OF_BOUNDS, OwnNumbers
from kikao.core import i18n
from support.app import World
from support.cast import workday

HINTS = get_type_hints(OwnNumbers, include_extras=True)
BOUNDS = {name: hint.__args__[0].__metadata__[0] for name, hint in HINTS.items()}
HERE, DAYS, NUMBERS = "/me/hours", "/me/hours/days", "/me/hours/numbers"


def typed(*rows: dict[str, str], **more: str) -> dict[str, str]:
    form = {f"{name}-{n}": value for n, row in enumerate(rows) for name, value in row.items()}
    return {"rows": str(len(rows)), **form, **more}


def row(day: int, from_: str, to: str, **more: str) -> dict[str, str]:
    return {"day": str(day), "from": from_, "to": to, **(more or {"online": "yes"})}


async def post(world: World, path: str, form: dict[str, str]) -> Any:
    return await world.otieno.browser.post(path, data=form)


async def hours(world: World) -> list[tuple[Any, ...]]:
    read = (await world.otieno.api("GET", "/api/psychologists/me/hours")).json()["hours"]
    return [(one["weekday"], one["from"], one["to"], one["modes"]) for one in read]


async def test_a_week_is_typed(world: World) -> None:
    answer = await post(world, HERE, typed(
        row(1, "09:00", "12:00"), row(1, "14:00", "00:00", online="yes", phone="yes"), row(2, "", ""),
        row(3, "09:00", "12:00", online="yes", gone="yes")))
    assert (answer.status_code, answer.headers["location"]) == (303, "/me/hours?done=1")
    assert await hours(world) == [
        (1, "09:00", "12:00", ["Online"]), (1, "14:00", "24:00", ["Online", "Phone"])]
    page = await world.otieno.browser.get(HERE)
    assert "Monday 14:00–00:00 · Online, Phone" in page.text


REFUSED = [
    ((row(2, "", ""), row(1, "09:00", "25:00")), "to-1", "Please write a time of day like 09:30."),
    ((row(1, "", "", gone="yes"), row(1, "12:00", "09:00")), "to-1", "These hours end before they begin."),
    ((row(1, "09:00", "12:00", phone=""),), "online-0", "Please choose online, in person or phone, or several."),
    ((row(1, "09:00", "12:00", inperson="yes", place="nowhere"),), "place-0", "Times in person need a place."),
    ((row(9, "09:00", "12:00"),), "day-0", "Week-days are 1 (Monday) to 7."),
    ((row(1, "09:00", "12:00"), row(1, "11:00", "13:00")), "", "Two stretches of one day overlap."),
]


@pytest.mark.parametrize(("rows", "field", "words"), REFUSED)
async def test_what_is_refused_stays_typed(
    world: World, rows: tuple[dict[str, str], ...], field: str, words: str
) -> None:
    before = await hours(world)
    answer = await post(world, HERE, typed(*rows))
    assert answer.status_code == 422
    assert words in answer.text
    assert f'href="#f-{field}"' in answer.text or not field
    assert f'value="{rows[-1]["to"]}"' in answer.text
    assert await hours(world) == before


async def test_sessions_that_would_lie_outside_are_shown_and_can_be_kept(world: World) -> None:
    session = await world.request(hour=14)
    week = typed(*(row(day, "09:00", "12:30") for day in range(1, 6)))
    answer = await post(world, HERE, week)
    assert answer.status_code == 409
    start = i18n.short_when(datetime.fromisoformat(session["sessionDate"]), "Africa/Nairobi")
    assert f'<a href="/s/{session["reference"]}">{start} · {session["reference"]}</a>' in answer.text
    assert 'value="12:30"' in answer.text, "what was typed is there"
    assert (await post(world, HERE, week | {"keep": "yes"})).status_code == 303
    assert (await hours(world))[0] == (1, "09:00", "12:30", ["Online"])


async def test_a_week_without_hours_says_what_that_means_and_names_its_days(world: World) -> None:
    assert "No hours yet" not in (await world.otieno.browser.get(HERE)).text
    assert (await post(world, HERE, typed())).status_code == 303
    page = await world.otieno.browser.get(HERE)
    assert "No hours yet" in page.text
    assert page.text.count("<span>Add hours</span>") == 2, "one to type into, and the one that script copies"
    assert "Times are East Africa Time." in page.text
    refused = await post(world, HERE, typed(row(1, "17:00", "09:00")))
    assert ">Monday: These hours end before they begin.<" in refused.text
    await world.otieno.page("POST", "/language", data={"language": "sw", "next": HERE})
    swahili = await world.otieno.browser.get(HERE)
    assert 'data-days="Jtt,Jnn,Jtn,Alh,Iju,Jmo,Jpi"' in swahili.text


async def test_all_days_that_differ_can_be_seen_and_taken_out_by_pages(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute(
            """
            insert into availability.exception (id, psychologist_id, on_date, kind, created_at, created_by)
            select gen_random_uuid(), $1, $2::date + n, 'off', now(), $1 from generate_series(1, 120) n
            """,
            world.cast.otieno.person_id, world.now.date(),
        )
    seen: list[str] = []
    path = DAYS
    while path:
        page = (await world.otieno.page("GET", path)).text
        removing = re.findall(rf'action="({DAYS}/[^"]+/remove[^"]*)"', page)
        seen += [one.split("/")[-2] for one in removing]
        on = re.findall(r'href="([^"]+)"[^>]*>\s*Show more', page)
        last, path = path, unescape(on[0]) if on else ""
    assert len(set(seen)) == len(seen) == 120
    assert f'href="{DAYS}"' in page
    # Whoever takes one out stays on the page of that day.
    answer = await post(world, unescape(removing[-1]), {})
    assert answer.status_code == 303
    assert last.partition("?")[2] in answer.headers["location"]
    assert len(re.findall("/remove", (await world.otieno.page("GET", answer.headers["location"])).text)) == 19
    odd = await world.otieno.page("GET", f"{DAYS}?after=odd")
    assert odd.text.count("/remove") == 50


async def test_days_are_added_and_taken_out_again(world: World) -> None:
    async with world.db.connection() as conn:
        place = str(await add_place(conn, "Upper Hill"))
    day = workday(world.now, ahead=9).date().isoformat()
    extra = {"date": day, "kind": "extra", "from": "19:00", "to": "21:00", "inperson": "yes", "place": place}
    assert (await post(world, DAYS, extra)).status_code == 303
    page = await world.otieno.browser.get(DAYS)
    assert "Extra, 19:00–21:00" in page.text
    assert "In person at Upper Hill" in page.text
    refused = await post(world, DAYS, {"date": "soon", "kind": "off", "from": "13:00", "to": "12:00"})
    assert refused.status_code == 422
    assert "Please choose a day." in refused.text
    assert "This ends before it begins." in refused.text, "both at once"
    assert 'value="13:00"' in refused.text

    session = await world.request()
    off = {"date": session["sessionDate"][:10], "kind": "off"}
    outside = await post(world, DAYS, off)
    assert outside.status_code == 409
    assert session["reference"] in outside.text
    assert (await post(world, DAYS, off | {"keep": "yes"})).status_code == 303
    found = (await world.otieno.api("GET", "/api/psychologists/me/exceptions")).json()["exceptions"]
    for one in found:
        assert (await post(world, f"{DAYS}/{one['id']}/remove", {})).status_code == 303
    assert "Every day is as the week says." in (await world.otieno.browser.get(DAYS)).text


async def test_a_day_on_which_somebody_is_booked_is_taken_out_only_when_they_are_kept(world: World) -> None:
    day = workday(world.now)
    extra = {"date": day.date().isoformat(), "kind": "extra", "from": "20:00", "to": "21:30", "online": "yes"}
    await post(world, DAYS, extra)
    session = await world.request(hour=20)
    (one,) = (await world.otieno.api("GET", "/api/psychologists/me/exceptions")).json()["exceptions"]
    path = f"{DAYS}/{one['id']}/remove"
    refused = await post(world, path, {})
    assert refused.status_code == 409
    assert session["reference"] in refused.text
    assert f'action="{path}"' in refused.text
    assert (await post(world, path, {"keep": "yes"})).status_code == 303
    again = await post(world, path, {"keep": "yes"})
    assert again.status_code == 404
    assert "taken out already" in again.text
    assert f'action="{DAYS}"' in again.text


async def test_ones_own_numbers(world: World) -> None:
    fields = {"buffer": "buffer_minutes", "notice": "notice_minutes", "horizon": "horizon_days", "step": "step_minutes"}
    form = {"buffer": "", "notice": "1.5", "horizon": "30", "step": "15", "zone": "Europe/London"}
    assert (await post(world, NUMBERS, form)).status_code == 303
    mine = (await world.otieno.api("GET", "/api/psychologists/me")).json()
    assert [mine[name] for name in ("bufferMinutes", "noticeMinutes", "horizonDays", "stepMinutes", "timeZone")] == [
        None, 90, 30, 15, "Europe/London"]
    for name, value in (
        ("buffer", "-1"), ("notice", "soon"), ("notice", "0.01"), ("horizon", "400"), ("step", "1e400"),
    ):
        refused = await post(world, NUMBERS, form | {name: value})
        assert refused.status_code == 422, (name, value)
        assert f'href="#f-{name}"' in refused.text
        assert f'value="{value}"' in refused.text
        meta = BOUNDS[fields[name]]
        for bound in (meta.ge, meta.le):
            assert re.search(rf"\b{bound // (60 if name == 'notice' else 1)}\b", OUT_OF_BOUNDS[fields[name]])
        assert OUT_OF_BOUNDS[fields[name]] in refused.text
    nowhere = await post(world, NUMBERS, form | {"zone": "Africa/Atlantis"})
    assert nowhere.status_code == 422
    assert "There is no such time zone." in nowhere.text


async def test_a_mode_is_chosen_on_the_profile_and_kept_through_the_request(world: World) -> None:
    async with world.db.connection() as conn:
        place = str(await add_place(conn, "Upper Hill"))
    start = workday(world.now, hour=10)
    await post(world, HERE, typed(
        row(start.isoweekday(), "09:00", "12:00", online="yes", inperson="yes", place=place)))
    profile = await world.amina.browser.get("/t/kbt011?m=i")
    assert "In person at Upper Hill" in profile.text
    assert "m=o" in profile.text
    chosen = urlencode({"k": "i", "m": "i", "start": start.astimezone(UTC).isoformat()})
    address = f"/t/kbt011/request?{chosen}"
    assert chosen.replace("&", "&amp;") in profile.text
    page = await world.amina.browser.get(address)
    assert "Upper Hill, 1 Long Road" in page.text
    title = page.text.split("<title>")[1].split("</title>")[0]
    assert "Upper" not in title
    asked = {"k": "i", "m": "i", "start": start.isoformat(), "place": place}
    answer = await world.amina.browser.post("/t/kbt011/request", data=asked)
    assert answer.status_code == 303, answer.text
    session = (await world.amina.api("GET", "/api/sessions")).json()["sessions"][0]
    assert (session["mode"], session["place"]["name"]) == ("In Person", "Upper Hill")
    assert "Upper" not in answer.headers["location"]
