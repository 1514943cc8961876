"""A caller on the line: desk makes them a person, reaches them, books for them, rings their phone, takes cash."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kikao.accounts import notices
from kikao.core.ids import new_id
from kikao.notifications.kinds import Post
from support import app as apps
from support.app import World, asking
from support.cast import workday
from support.people import tools

CALLER = "0700 000 061"


@pytest.fixture
async def world(url: str, now: datetime) -> AsyncIterator[World]:
    async with apps.world(url, now) as made:
        async with made.db.connection() as conn:
            await conn.execute("update directory.psychologist set desk_may_answer = true")
        yield made


async def make(world: World, expect: int = 201, **more: Any) -> Any:
    body = {"name": "Achieng", "consent": {"textId": str(world.cast.consent_text_id)}} | more
    answer = await world.wambui.api("POST", "/api/people", json=body)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def book(world: World, person_id: str, **more: Any) -> Any:
    body = asking(world.cast.otieno, workday(world.now)) | {"personId": person_id} | more
    return await world.wambui.api("POST", "/api/sessions", json=body)


async def test_a_caller_is_made_a_person_booked_rung_and_has_paid_by_cash(world: World) -> None:
    person = await make(world, phone=CALLER)
    assert (person["hasAccount"], len(person["contacts"])) == (False, 1)
    assert CALLER.replace(" ", "")[-7:] not in str(person)
    session = (await book(world, person["id"])).json()
    assert session["status"] == "Approved"
    assert session["clientId"] == session["requestedById"] == person["id"]
    rung = await world.wambui.api(
        "POST", "/api/mpesa/initiate", json={"sessionId": session["id"], "phoneNumber": CALLER})
    assert (rung.status_code, rung.json()["amount"]) == (202, 2500)
    cash = await world.wambui.api(
        "PUT", f"/api/sessions/{session['id']}/verify-payment", json={"method": "cash", "number": "31", "amount": 2500})
    assert (cash.status_code, cash.json()["status"]) == (200, "Confirmed")
    async with world.db.connection() as conn:
        consent = await conn.fetchrow(
            "select how, given_by from accounts.consent where person_id = $1", UUID(person["id"]))
        told = await conn.fetch("select kind from notifications.outbox where recipient = $1", UUID(person["id"]))
    assert consent is not None
    assert tuple(consent) == ("voice", UUID(person["id"]))
    assert {row["kind"] for row in told} == {"accepted", "paid"}


async def test_a_contact_is_proved_by_the_code_that_the_caller_reads_out(world: World) -> None:
    person = await make(world, phone=CALLER)
    sent = await world.wambui.api("POST", f"/api/people/{person['id']}/code", json={"contact": CALLER})
    assert sent.status_code == 202, sent.text
    verification = sent.json()["verificationId"]
    async with world.db.connection() as conn:
        before = await conn.fetchval(
            "select proved_at from accounts.contact where person_id = $1", UUID(person["id"]))
    assert before is None
    again = await world.wambui.api("POST", f"/api/people/{person['id']}/code", json={"contact": CALLER})
    assert again.status_code == 202
    async with world.db.connection() as conn:  # the number is known already: nothing was added
        noted = await conn.fetchval("select count(*) from journal.line where verb = 'add_contact'")
    assert noted == 1
    verification = again.json()["verificationId"]
    code = await _code(world, UUID(verification))
    wrong = "000000" if code != "000000" else "111111"
    address = f"/api/people/code/{verification}"
    assert (await world.wambui.api("POST", address, json={"code": wrong})).json()["code"] == "code_refused"
    assert (await world.amina.api("POST", address, json={"code": code})).status_code == 403
    assert (await world.wambui.api("POST", address, json={"code": code})).status_code == 204
    assert (await world.wambui.api("POST", address, json={"code": code})).json()["code"] == "code_refused"
    async with world.db.connection() as conn:
        proved = await conn.fetchval(
            "select proved_at from accounts.contact where person_id = $1", UUID(person["id"]))
    assert proved is not None
    # Whoever has an account looks after their contacts themselves.
    refused = await world.wambui.api(
        "POST", f"/api/people/{world.cast.amina.person_id}/code", json={"contact": CALLER})
    assert refused.json()["code"] == "not_possible"


async def _code(world: World, verification_id: UUID) -> str:
    row = Post(id=new_id(), kind="code", about=verification_id, recipient=verification_id, version=1,
               created_at=world.now)
    vault = world.app.state.kit.vault
    async with world.db.transaction() as conn:
        made = await notices.compose_code(conn, row, None, msgspec.structs.replace(tools(world.now), vault=vault))
    assert made is not None
    return made.heading.rsplit(" ", 1)[-1]


async def test_a_child_needs_a_parent_with_an_account_who_then_acts_for_it(world: World) -> None:
    born = f"{world.now.year - 6}-03-04"
    refused = await make(world, 422, name="Tatu", birthDate=born)
    assert refused["errors"][0]["field"] == "parentId"
    child = await make(world, name="Tatu", birthDate=born, parentId=str(world.cast.amina.person_id))
    session = (await book(world, child["id"])).json()
    assert session["requestedById"] == str(world.cast.amina.person_id)
    assert (await world.amina.api("GET", f"/api/sessions/{session['id']}")).json()["client"]["name"] == "Tatu"
    people = (await world.amina.api("GET", "/api/users/me/people")).json()["people"]
    assert [(one["name"], one["agreed"]) for one in people] == [("Tatu", True)]


async def test_without_consent_nobody_is_booked_and_a_wrong_way_to_agree_is_refused(world: World) -> None:
    refused = await make(world, 422, consent={"textId": str(world.cast.consent_text_id), "how": "page"})
    assert refused["errors"][0]["field"] == "how"
    assert (await make(world, 422, name=" "))["errors"][0]["field"] == "name"
    nobody = await book(world, str(world.cast.terms_id))
    assert nobody.status_code == 404


async def test_people_are_found_by_name_number_and_reference_and_each_look_is_in_the_journal(world: World) -> None:
    session = await world.request()
    for typed in ("amina", world.cast.amina.phone, session["reference"].lower()):
        answer = await world.wambui.api("POST", "/api/people/search", json={"who": typed})
        assert "Amina" in [one["name"] for one in answer.json()["people"]], typed
        assert world.cast.amina.phone not in answer.text
    async with world.db.connection() as conn:
        assert await conn.fetchval("select count(*) from journal.entry where verb = 'search people'") == 3
    assert (await world.otieno.api("POST", "/api/people/search", json={"who": "amina"})).status_code == 403
