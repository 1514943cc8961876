"""A session by phone: somebody has a number to ring, its psychologist alone sees it, and nobody is booked without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from kikao.core.clock import utc_now
from sessions.staging import money_arrives
from support import app as apps
from support.cast import Member, workday

pytestmark = pytest.mark.database
WHOLE, TAPPED, MASKED = "0700 000 001", "tel:+254700000001", "07•• ••• •01"


@pytest.fixture
async def world(url: str) -> AsyncIterator[apps.World]:
    async with apps.world(url, utc_now()) as made:
        await run(made, "update availability.hours set modes = '{Online,Phone}'")
        await run(made, "update directory.psychologist set desk_may_answer = true")
        yield made


async def run(world: apps.World, statement: str, *values: Any) -> None:
    async with world.db.connection() as conn:
        await conn.execute(statement, *values)


async def without_a_phone(world: apps.World, who: Member) -> None:
    await run(world, "delete from accounts.contact_point where person_id = $1 and kind = 'phone'", who.person_id)


async def confirmed(world: apps.World, **more: Any) -> Any:
    session = await world.approved(mode="Phone", **more)
    async with world.db.transaction() as conn:
        await money_arrives(conn, UUID(session["id"]), 2500, world.now)
    return session


async def looks(world: apps.World, session: Any) -> int:
    async with world.db.connection() as conn:
        return int(await conn.fetchval(
            "select count(*) from journal.entry where noun_id = $1 and verb = 'open the number'", UUID(session["id"])))


async def test_its_psychologist_sees_the_number_from_confirmed_on_and_each_look_is_noted(world: apps.World) -> None:
    session = await world.approved(mode="Phone")
    address, api = f"/s/{session['reference']}", f"/api/sessions/{session['id']}"
    before = (await world.otieno.page("GET", address)).text
    assert TAPPED not in before
    assert MASKED not in before
    assert await looks(world, session) == 0
    async with world.db.transaction() as conn:
        await money_arrives(conn, UUID(session["id"]), 2500, world.now)
    shown = (await world.otieno.page("GET", address)).text
    assert f'href="{TAPPED}"' in shown
    assert WHOLE in shown
    assert (await world.otieno.api("GET", api)).json()["phoneToRing"] == "+254700000001"
    assert await looks(world, session) == 2
    await run(world, "update sessions.session set status = 'Cancelled', due_at = null, ended_at = now(), "
                     "ended_by = confirmed_by where id = $1", UUID(session["id"]))  # fmt: skip
    assert WHOLE not in (await world.otieno.page("GET", address)).text


async def test_a_standing_link_is_no_way_to_ring_anybody(world: apps.World) -> None:
    await run(world, "update directory.psychologist set meeting_link = 'https://meet.example.test/otieno'")
    session = await confirmed(world)
    for who, shows in ((world.otieno, TAPPED), (world.amina, MASKED)):
        shown = (await who.page("GET", f"/s/{session['reference']}")).text
        assert shows in shown
        assert "meet.example.test" not in shown


async def test_its_client_reads_which_number_is_rung_masked_and_by_whom(world: apps.World) -> None:
    session = await confirmed(world)
    shown = (await world.amina.page("GET", f"/s/{session['reference']}")).text
    assert f"Dr Otieno will ring you on {MASKED}." in shown
    assert (await world.amina.api("GET", f"/api/sessions/{session['id']}")).json()["phoneToRing"] == MASKED
    assert WHOLE not in shown
    assert await looks(world, session) == 0


async def test_nobody_else_sees_it_and_nothing_of_it_is_in_a_list_or_a_message(world: apps.World) -> None:
    session = await confirmed(world)
    for who in (world.wambui, world.njeri):
        shown = (await who.page("GET", f"/s/{session['reference']}")).text
        assert MASKED in shown
        assert "0700 000 001" not in shown.replace("\n", " ")
        assert "+254700000001" not in shown
    for who in (world.baraka, world.wanjiru):
        assert (await who.page("GET", f"/s/{session['reference']}")).status_code == 404
    for path in ("/me", "/me/calendar", "/api/sessions"):
        answer = await (world.otieno.api if path.startswith("/api") else world.otieno.page)("GET", path)
        assert "000 001" not in answer.text
        assert "254700000001" not in answer.text
    assert await looks(world, session) == 0


async def test_for_a_child_the_number_of_whoever_acts_is_rung_and_another_parent_is_not_shown_it(
    world: apps.World,
) -> None:
    cast = world.cast
    await run(world, "insert into accounts.acts_for (by_person, person_id, relation, since) "
                     "values ($1, $2, 'parent', now())", cast.baraka.person_id, cast.zuri.person_id)  # fmt: skip
    session = await confirmed(world, client="halima", forPersonId=str(cast.zuri.person_id))
    address = f"/s/{session['reference']}"
    assert "tel:+254700000002" in (await world.otieno.page("GET", address)).text
    assert "07•• ••• •02" in (await world.halima.page("GET", address)).text
    other = (await world.baraka.page("GET", address)).text
    assert "•02" not in other
    assert "Dr Otieno will ring whoever asked for it." in other


async def test_whoever_has_no_confirmed_number_is_asked_for_one_before_it_is_sent(world: apps.World) -> None:
    await without_a_phone(world, world.cast.amina)
    start = workday(world.now)
    refused = await world.amina.api(
        "POST", "/api/sessions/request", json=apps.asking(world.cast.otieno, start) | {"mode": "Phone"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "no_number")
    nobody = await world.amina.api(
        "POST", "/api/sessions/request", json=apps.asking(world.cast.amina, start) | {"mode": "Phone"})
    assert nobody.status_code == 404, "refusals keep their order"
    await without_a_phone(world, world.cast.baraka)
    another = await world.amina.api("POST", "/api/sessions/request", json=apps.asking(world.cast.otieno, start)
                                    | {"mode": "Phone", "forPersonId": str(world.cast.baraka.person_id)})
    assert "no_number" not in another.text, "nobody finds out whether another has one"
    query = {"k": "i", "m": "t", "start": start.isoformat()}
    page = (await world.amina.page("GET", f"/t/kbt011/request?{urlencode(query)}")).text
    assert 'href="/me/account"' in page
    assert "Send the request" not in page
    sent = await world.amina.page("POST", "/t/kbt011/request", data=query)
    assert (sent.status_code, "Add a number" in sent.text) == (422, True)
    await world.request()  # any other way she is seen


async def test_who_signs_up_for_it_gives_a_number_not_an_address(world: apps.World) -> None:
    query = {"k": "i", "m": "t", "start": workday(world.now).isoformat()}
    page = (await world.nobody.page("GET", f"/t/kbt011/request?{urlencode(query)}")).text
    assert "You are rung on it." in page
    async with world.db.connection() as conn:
        text = str(await conn.fetchval("select id from accounts.consent_text where language = 'en'"))
    typed = {**query, "name": "Neema", "password": "mango juice at noon", "for": "me", "consent": "1",
             "consent_text": text}  # fmt: skip
    refused = await world.nobody.page("POST", "/t/kbt011/request", data=typed | {"contact": "neema@example.test"})
    assert refused.status_code == 422
    assert "please give a phone number" in refused.text
    taken = await world.nobody.page("POST", "/t/kbt011/request", data=typed | {"contact": "0700 000 041"})
    assert taken.status_code == 303, taken.text


async def test_desk_books_nobody_by_phone_whose_number_nobody_confirmed(world: apps.World) -> None:
    kamau, at = world.cast.kamau, workday(world.now)
    body = apps.asking(world.cast.otieno, at) | {"mode": "Phone", "personId": str(kamau.person_id)}
    await run(world, "update accounts.contact_point set proved_at = null where person_id = $1", kamau.person_id)
    refused = await world.wambui.api("POST", "/api/sessions", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "no_number")
    page = await world.wambui.page("GET", f"/book/{kamau.person_id}?{urlencode({'t': 'kbt011', 'm': 't'})}"
                                          f"&{urlencode({'start': at.isoformat()})}")  # fmt: skip
    assert "the desk has one confirmed on their page" in page.text
    await run(world, "update accounts.contact_point set proved_at = now() where person_id = $1", kamau.person_id)
    booked = await world.wambui.api("POST", "/api/sessions", json=body)
    assert booked.status_code == 201, booked.text


async def test_a_number_that_is_gone_is_asked_for_on_the_session_s_page(world: apps.World) -> None:
    session = await confirmed(world)
    await without_a_phone(world, world.cast.amina)
    address = f"/s/{session['reference']}"
    mine = (await world.amina.page("GET", address)).text
    assert "No number to ring yet" in mine
    assert 'href="/me/account"' in mine
    assert "The client has no confirmed number yet." in (await world.otieno.page("GET", address)).text
