"""What one psychologist and one client have agreed: both live by it, and nobody else is shown it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from support import app as apps
from support.app import World, asking
from support.cast import workday

OWN = {"sessionType": "Individual", "amount": 1200, "minutes": 45}


@pytest.fixture
async def world(url: str, now: datetime) -> AsyncIterator[World]:
    async with apps.world(url, now) as made:
        await made.request()  # Amina's has reached Dr Otieno
        yield made


async def agree(world: World, **what: Any) -> Any:
    answer = await world.otieno.api(
        "PUT", f"/api/psychologists/me/clients/{world.cast.amina.person_id}", json=what
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def slots(world: World, who: str) -> Any:
    answer = await world.by_name[who].api("GET", f"/api/psychologists/{world.cast.otieno.person_id}/slots")
    assert answer.headers["cache-control"] == "private, no-store"
    return answer.json()


async def test_an_agreed_rate_is_asked_for_shown_to_its_client_and_found_nowhere_else(world: World) -> None:
    shown = await agree(world, rates=[OWN])
    assert shown["rates"] == [OWN | {"currency": "KES"}]
    assert [(await slots(world, who))["amount"] for who in ("amina", "baraka", "nobody")] == [1200, 2500, 2500]
    session = await world.request(hour=13)
    assert (session["price"], session["minutes"]) == (1200, 45)
    profile = await world.amina.browser.get("/t/kbt011")
    assert "KSh 1,200" in profile.text
    for who in ("baraka", "nobody", "wanjiru"):
        for address in ("/", "/team", "/t/kbt011"):
            page = await world.by_name[who].browser.get(address)
            assert "1,200" not in page.text, (who, address)
        for address in ("/api/public/psychologists?maxPrice=1500", "/api/public/psychologists/kbt011",
                        "/api/public/psychologists"):  # fmt: skip
            answer = await world.by_name[who].api("GET", address)
            assert "1200" not in answer.text, (who, address)
            assert "maxPrice" not in address or answer.json()["psychologists"] == []


async def test_its_end_gives_the_public_rate_back_and_what_was_asked_for_stays(world: World) -> None:
    await agree(world, rates=[OWN])
    before = await world.request(hour=13)
    assert (await agree(world, rates=[OWN | {"amount": None, "minutes": None}]))["rates"] == []
    assert (await slots(world, "amina"))["amount"] == 2500
    again = await world.amina.api("GET", f"/api/sessions/{before['id']}")
    assert again.json()["price"] == 1200
    async with world.db.connection() as conn:
        with pytest.raises(asyncpg.RestrictViolationError):
            await conn.execute("update directory.agreed_rate set amount = 1")


async def test_a_closed_relation_shows_no_times_is_answered_taken_and_nothing_says_why(world: World) -> None:
    await agree(world, closed=True)
    assert (await slots(world, "amina"))["slots"] == []
    assert (await slots(world, "baraka"))["slots"] != []
    body = asking(world.cast.otieno, workday(world.now, hour=14))
    refused = await world.amina.api("POST", "/api/sessions/request", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "slot_taken")
    assert refused.json()["alternatives"] == []
    for address in (f"/api/public/psychologists/{world.cast.otieno.person_id}", "/api/public/psychologists"):
        shown = (await world.amina.api("GET", address)).json()
        each = shown.get("psychologists", [shown])
        assert [one["nextFree"] for one in each if one["slug"] == "kbt011"] == [None]
    page = await world.amina.browser.get("/t/kbt011")
    assert "/request?" not in page.text
    await agree(world, closed=False)
    assert (await world.amina.api("POST", "/api/sessions/request", json=body)).status_code == 201


async def test_a_blocked_person_is_answered_the_same(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute(
            "update accounts.person set state = 'blocked' where id = $1", world.cast.amina.person_id)
    assert (await slots(world, "amina"))["slots"] == []
    body = asking(world.cast.otieno, workday(world.now, hour=14))
    refused = await world.amina.api("POST", "/api/sessions/request", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "slot_taken")


async def test_taken_at_once_or_as_everybody(world: World) -> None:
    assert (await agree(world, atOnce=True))["atOnce"] is True
    assert (await world.request(hour=13))["status"] == "Approved"
    shown = await agree(world, atOnce=None, known=True)
    assert (shown["atOnce"], shown["known"]) == (None, True)
    async with world.db.connection() as conn:
        verbs = await conn.fetch("select verb from journal.entry where noun = 'relation' order by at, id")
    assert [row["verb"] for row in verbs] == ["take at once", "take at once", "know"]


async def test_only_clients_who_reached_one_and_only_ones_own(world: World) -> None:
    listed = (await world.otieno.api("GET", "/api/psychologists/me/clients")).json()["clients"]
    assert [(one["name"], one["known"], one["completed"]) for one in listed] == [("Amina", False, 0)]
    assert (await world.wanjiru.api("GET", "/api/psychologists/me/clients")).json()["clients"] == []
    address = f"/api/psychologists/me/clients/{world.cast.amina.person_id}"
    assert (await world.wanjiru.api("PUT", address, json={"closed": True})).status_code == 404
    wrong = await world.otieno.api("PUT", address, json={"rates": [OWN | {"amount": 250_001}]})
    assert wrong.json()["errors"][0]["field"] == "amount"


async def test_a_request_that_reached_nobody_makes_nobody_a_client(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute("update sessions.session set sent_at = null")
    assert (await world.otieno.api("GET", "/api/psychologists/me/clients")).json()["clients"] == []


async def test_whoever_was_erased_is_among_nobodys_clients(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute(
            "update accounts.person set name = '–', state = 'erased' where id = $1", world.cast.amina.person_id)
    assert (await world.otieno.api("GET", "/api/psychologists/me/clients")).json()["clients"] == []
    assert "Nobody here yet" in (await world.otieno.page("GET", "/me/clients")).text
    assert (await world.otieno.page("GET", f"/me/clients/{world.cast.amina.person_id}")).status_code == 404


async def test_a_child_is_a_client_of_its_own(world: World) -> None:
    """The parent's agreement is not the child's: times and prices are the child's when one asks for it."""
    zuri = world.cast.zuri.person_id
    session = await world.request("halima", hour=15, forPersonId=str(zuri))
    assert (session["clientId"], session["requestedById"]) == (str(zuri), str(world.cast.halima.person_id))
    answer = await world.otieno.api("PUT", f"/api/psychologists/me/clients/{zuri}", json={"rates": [OWN]})
    assert answer.status_code == 200
    path = f"/api/psychologists/{world.cast.otieno.person_id}/slots"
    assert (await world.halima.api("GET", path)).json()["amount"] == 2500
    assert (await world.halima.api("GET", f"{path}?forPersonId={zuri}")).json()["amount"] == 1200
    assert (await world.amina.api("GET", f"{path}?forPersonId={zuri}")).status_code == 404
