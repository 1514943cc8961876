"""Desk with a caller on the line, on pages: found or made, booked by a free time or against a rule, rung, told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import unquote, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kikao.core.ids import new_id
from kikao.sessions.grid import Block, gaps
from support import app as apps
from support.app import Visitor, World
from support.cast import workday

CALLER = "0700 000 061"


@pytest.fixture
async def world(url: str, now: datetime) -> AsyncIterator[World]:
    async with apps.world(url, now) as made:
        async with made.db.connection() as conn:
            await conn.execute(
                "update directory.psychologist set desk_may_answer = true where id = $1", made.cast.otieno.person_id)
        yield made


async def get(visitor: Visitor, address: str, status: int = 200) -> str:
    answer = await visitor.page("GET", address)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


async def send(visitor: Visitor, address: str, **data: str) -> httpx.Response:
    return await visitor.page("POST", address, data={"idempotency_key": str(new_id())} | data)


def newcomer(world: World, **more: str) -> dict[str, str]:
    return {"name": "Achieng", "how": "voice", "consent_text": str(world.cast.consent_text_id), "agreed": "yes"} | more


def booking(start: datetime, **more: str) -> dict[str, str]:
    return {"t": "kbt011", "k": "i", "m": "o", "start": start.isoformat()} | more


async def test_a_caller_is_found_by_name_figures_and_reference(world: World) -> None:
    session = await world.request()
    for typed in ("amina", world.cast.amina.phone[-3:], session["reference"].lower()):
        answer = await send(world.wambui, "/practice/caller", who=typed, t="kbt011", day="2026-12-01")
        address = answer.headers["location"]
        assert typed not in address
        found = await get(world.wambui, address)
        assert f"/practice/caller/{world.cast.amina.person_id}?t=kbt011&day=2026-12-01" in found
        assert world.cast.amina.phone not in found
    async with world.db.connection() as conn:
        assert await conn.fetchval("select count(*) from journal.entry where verb = 'search people'") == 3
    nobody = await send(world.wambui, "/practice/caller", who="Achieng")
    shown = await get(world.wambui, nobody.headers["location"])
    assert "Nobody fits that" in shown
    assert 'value="Achieng"' in shown


async def test_all_that_is_wrong_with_a_new_caller_is_said_at_once_and_stays_typed(world: World) -> None:
    refused = await send(world.wambui, "/practice/caller/new", name="", phone="12", email="nobody", how="voice")
    assert refused.status_code == 422
    sentences = ("Please give a name", "a mobile phone number", "a whole e-mail address", "Please read it to them")
    for told in sentences:
        assert told in refused.text
    for typed in ('value="12"', 'value="nobody"', "4 things to put right"):
        assert typed in refused.text


async def test_a_caller_is_made_booked_once_and_told_and_their_phone_rings(world: World) -> None:
    made = await send(world.wambui, "/practice/caller/new", **newcomer(world, phone=CALLER))
    assert made.status_code == 303, made.text
    home = made.headers["location"].split("?")[0]
    assert CALLER[-3:] in (own := await get(world.wambui, home))
    assert "+254700000061" not in own
    book = f"/book/{home.rsplit('/', 1)[-1]}"
    assert f'href="{book}"' in own
    start = workday(world.now)
    times = await get(world.wambui, f"{book}?from={start.date()}&day={start.date()}")
    assert "Dr Otieno" in times
    chip = re.findall(rf'href="({book}\?[^"]*start=[^"]*)"', times)[0]
    check = await get(world.wambui, chip)
    assert "KSh 2,500" in check
    assert "against a rule" not in check
    form = booking(start) | {"idempotency_key": str(new_id())}
    twice = [await send(world.wambui, book, **form) for _ in range(2)]
    assert twice[0].headers["location"] == twice[1].headers["location"]
    address = twice[0].headers["location"]
    reference = address.removeprefix("/s/")
    told = await get(world.wambui, address)
    spelt = " ".join(reference[:4]) + " – " + " ".join(reference[4:])
    for said in (spelt, "It costs KSh 2,500", "10:00", "Pay Bill", "If you cancel", f"{address}/money"):
        assert said in told, said
    money = await get(world.wambui, f"{address}/money")
    contact = re.search(r'name="which" value="([0-9a-f-]{36})"', money)
    assert contact
    rung = await send(world.wambui, f"{address}/ring", which=contact[1])
    again = await send(world.wambui, f"{address}/ring", which=contact[1])
    assert (rung.status_code, again.headers["location"]) == (303, rung.headers["location"])
    async with world.db.connection() as conn:
        assert [row["phone"] for row in await conn.fetch("select phone from payments.attempt")] == ["+254700000061"]
        assert await conn.fetchval("select count(*) from sessions.session") == 1
    assert "Look at" in await get(world.wambui, rung.headers["location"])
    assert f"{address}/money" in await get(world.wambui, home)


async def test_a_number_that_is_typed_is_meant(world: World) -> None:
    session = await world.approved("amina")
    address = f"/s/{session['reference']}"
    contact = re.search(r'name="which" value="([0-9a-f-]{36})"', await get(world.wambui, f"{address}/money"))
    assert contact
    wrong = await send(world.wambui, f"{address}/ring", which=contact[1], phone="12")
    assert wrong.status_code == 422
    assert 'value="12"' in wrong.text
    assert (await send(world.wambui, f"{address}/ring", which=contact[1], phone=CALLER)).status_code == 303
    async with world.db.connection() as conn:
        assert await conn.fetchval("select phone from payments.attempt") == "+254700000061"


@pytest.mark.parametrize("zone", ["Africa/Nairobi", "Europe/London"])
async def test_a_free_stretch_of_the_day_leads_to_booking_at_that_moment(world: World, zone: str) -> None:
    """Also where whoever sits at the desk reads another clock than the practice's."""
    await world.approved("amina", hour=10)
    start = workday(world.now, hour=11, minute=15)
    async with world.db.connection() as conn:
        await conn.execute(
            "update accounts.person set time_zone = $2 where id = $1", world.cast.wambui.person_id, zone)
    shown = await get(world.wambui, f"/practice/day?on={start.date()}")
    kept = f"t=kbt011&day={start.date()}"
    led = [unquote(at) for at in re.findall(rf'href="/practice/caller\?{kept}&start=([^"]+)"', shown)]
    assert led == [start.replace(hour=9, minute=0).isoformat(), start.isoformat()]
    assert "t=kbt012" not in shown
    query = {"t": "kbt011", "day": str(start.date()), "start": start.isoformat()}
    found = await send(world.wambui, "/practice/caller", who="Kamau", **query)
    own = f"/practice/caller/{world.cast.kamau.person_id}?{urlencode(query)}"
    assert f'href="{own}"' in await get(world.wambui, found.headers["location"])
    page = await get(world.wambui, own)
    to_book = re.search(rf'href="(/book/{world.cast.kamau.person_id}\?[^"]+)"', page)
    assert to_book
    check = await get(world.wambui, to_book[1])
    assert f'name="start" value="{start.isoformat()}"' in check
    assert f"{start.astimezone(ZoneInfo(zone)):%H:%M}" in check
    assert "between the times that are offered" in check


BLOCKS = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 12)), max_size=8)


@given(BLOCKS, BLOCKS)
def test_what_is_free_is_open_and_not_taken(opened: list[tuple[int, int]], taken: list[tuple[int, int]]) -> None:
    stretches, busy = [Block(*one) for one in opened], [Block(*one) for one in taken]
    kept = {quarter for one in busy for quarter in range(one.row, one.end)}
    for stretch in stretches:
        free = {quarter for gap in gaps([stretch], busy, 1) for quarter in range(gap.row, gap.end)}
        assert free == set(range(stretch.row, stretch.end)) - kept


async def test_the_overview_tells_the_desk_which_requests_it_may_answer(world: World) -> None:
    await world.request("amina", "wanjiru")
    assert "Requests that you may answer" not in await get(world.wambui, "/practice")
    session = await world.request("baraka", "otieno")
    assert "Requests that you may answer: 1" in await get(world.wambui, "/practice")
    assert "Requests that you may answer" not in await get(world.njeri, "/practice")
    assert session["reference"] in await get(world.wambui, "/practice/sessions?show=answer")
    assert (await send(world.wambui, f"/s/{session['reference']}/approve")).status_code == 303


async def test_a_typed_time_says_what_it_goes_against_and_asks_why(world: World) -> None:
    book, day = f"/book/{world.cast.kamau.person_id}", workday(world.now).date()
    check = await get(world.wambui, f"{book}?t=kbt011&k=i&m=o&on={day}&at=18:07")
    assert "It lies outside the hours." in check
    assert "between the times that are offered" in check
    start = workday(world.now, hour=18, minute=7)
    refused = await send(world.wambui, book, **booking(start))
    assert refused.status_code == 422
    assert "Please say why" in refused.text
    done = await send(world.wambui, book, **booking(start, reason="He works until six"))
    assert done.status_code == 303, done.text
    async with world.db.connection() as conn:
        against = await conn.fetchval("select against from sessions.session")
    assert set(against) == {"off_grid", "outside_hours"}
    unreadable = await get(world.wambui, f"{book}?t=kbt011&k=i&m=o&on={day}&at=half+past", 422)
    assert "Please write the time like 14:30." in unreadable
    assert "half past" in unreadable


async def test_a_kept_time_is_refused_with_the_nearest_and_what_was_typed_stays(world: World) -> None:
    await world.approved("amina")
    book, start = f"/book/{world.cast.kamau.person_id}", workday(world.now)
    check = await get(world.wambui, f"{book}?{urlencode(booking(start))}")
    assert "That time is kept for somebody else." in check
    nearest = re.findall(r'name="start" value="([^"]+)"', check)
    assert len(nearest) == 3
    refused = await send(world.wambui, book, **booking(start, reason="Never mind"))
    assert refused.status_code == 409
    assert "Never mind" in refused.text
    done = await send(world.wambui, book, **booking(datetime.fromisoformat(nearest[0])))
    assert done.status_code == 303, done.text
    own = await send(world.wambui, book, **booking(datetime.fromisoformat(nearest[0]) + timedelta(minutes=15)))
    assert own.status_code == 409
    assert "This person already has something" in own.text


async def test_without_consent_nothing_is_booked_until_it_is_heard(world: World) -> None:
    kamau = world.cast.kamau.person_id
    async with world.db.connection() as conn:
        await conn.execute("delete from accounts.consent where person_id = $1", kamau)
    home = f"/practice/caller/{kamau}"
    assert f'href="/book/{kamau}' not in await get(world.wambui, home)
    refused = await send(world.wambui, f"/book/{kamau}", **booking(workday(world.now)))
    assert "has not agreed" in refused.text
    read = {"how": "voice", "consent_text": str(world.cast.consent_text_id)}
    silent = await send(world.wambui, f"{home}/agree", **read)
    assert (silent.status_code, "read it to them" in silent.text) == (422, True)
    heard = await send(world.wambui, f"{home}/agree", **read, agreed="yes")
    assert heard.status_code == 303, heard.text
    assert (await send(world.wambui, f"/book/{kamau}", **booking(workday(world.now)))).status_code == 303


async def test_whose_acting_has_ended_is_not_shown_as_somebody_to_speak_to(world: World) -> None:
    zuri = f"/practice/caller/{world.cast.zuri.person_id}"
    assert "Halima" in await get(world.wambui, zuri)
    async with world.db.connection() as conn:
        await conn.execute("update accounts.person set birth_date = '2000-01-01' where id = $1",
                           world.cast.zuri.person_id)
        await conn.execute("update accounts.acts_for set since = '2017-12-01'")
    assert "Halima" not in await get(world.wambui, zuri)
    assert "Zuri" not in await get(world.wambui, f"/practice/caller/{world.cast.halima.person_id}")


async def test_a_child_is_made_on_the_page_of_whoever_acts_for_it(world: World) -> None:
    home = f"/practice/caller/{world.cast.amina.person_id}"
    young = newcomer(world, name="Tatu", birthDate=f"{world.now.year - 6}-03-04", relation="parent")
    lost = await send(world.wambui, "/practice/caller/new", **young)
    assert lost.status_code == 422
    refused = await send(world.wambui, f"{home}/child", **(young | {"birthDate": "1990-01-01"}))
    assert refused.status_code == 422
    assert 'value="Tatu"' in refused.text
    made = await send(world.wambui, f"{home}/child", **young)
    child = await get(world.wambui, made.headers["location"])
    assert "Amina" in child
    person_id = made.headers["location"].split("?")[0].rsplit("/", 1)[-1]
    assert (await send(world.wambui, f"/book/{person_id}", **booking(workday(world.now)))).status_code == 303
    async with world.db.connection() as conn:
        asked = await conn.fetchval("select requested_by from sessions.session where client_id = $1", UUID(person_id))
    assert asked == world.cast.amina.person_id


async def test_a_number_is_proved_by_the_code_that_is_read_out(world: World) -> None:
    home = f"/practice/caller/{world.cast.kamau.person_id}"
    sent = await send(world.wambui, f"{home}/code", contact=CALLER)
    address = sent.headers["location"]
    verification = address.rsplit("=", 1)[-1]
    assert "The 6 figures that they read out" in await get(world.wambui, address)
    page = await get(world.wambui, sent.headers["location"])
    assert "We sent a code to +2547" in page
    assert "Send another code" in page
    wrong = await send(world.wambui, f"{home}/read-out", sent=verification, code="12")
    assert wrong.status_code == 422
    assert verification in wrong.text


async def test_a_psychologist_books_for_a_client_of_theirs(world: World) -> None:
    amina = world.cast.amina.person_id
    await get(world.otieno, f"/book/{amina}", 404)
    await world.request()
    assert f'href="/book/{amina}"' in await get(world.otieno, f"/me/clients/{amina}")
    assert "Dr Wanjiru" not in await get(world.otieno, f"/book/{amina}")
    done = await send(world.otieno, f"/book/{amina}", **booking(workday(world.now, hour=14)))
    assert done.status_code == 303, done.text
    assert "To say to whoever pays" not in await get(world.otieno, done.headers["location"])


async def test_who_can_be_booked_by_nobody_reads_so_and_books_with_colleagues(world: World) -> None:
    amina, wanjiru = world.cast.amina.person_id, world.cast.wanjiru
    await world.request("amina", "wanjiru")
    async with world.db.transaction() as conn:
        await conn.execute("update directory.psychologist set licence_until = $2 where id = $1", wanjiru.person_id,
                           world.now.date() - timedelta(days=2))
    assert "Nobody can be booked with you now" in await get(world.wanjiru, f"/book/{amina}")
    refused = await send(world.wanjiru, f"/book/{amina}", **booking(workday(world.now, hour=14), t="kbt012"))
    assert refused.status_code == 422
    async with world.db.transaction() as conn:
        await conn.execute(
            "insert into accounts.role (account_id, role, granted_at, granted_by) values ($1, 'desk', $2, $1)",
            wanjiru.account_id, world.now)
    assert "With Dr Otieno" in await get(world.wanjiru, f"/book/{amina}")


async def test_with_whom_only_those_who_let_the_desk_book(world: World) -> None:
    book = f"/book/{world.cast.kamau.person_id}?t=kbt012"
    assert "Dr Wanjiru" not in await get(world.wambui, book)
    other = await send(world.wambui, book, **booking(workday(world.now), t="kbt012"))
    assert other.status_code == 422
    async with world.db.connection() as conn:
        await conn.execute("update directory.psychologist set desk_may_answer = false")
    assert "Nobody lets the desk book" in await get(world.wambui, book)
    for slug in ("kbt011", "kbt012"):
        refused = await send(world.wambui, book, **booking(workday(world.now), t=slug))
        assert refused.status_code == 422
    async with world.db.connection() as conn:
        assert await conn.fetchval("select count(*) from sessions.session") == 0
