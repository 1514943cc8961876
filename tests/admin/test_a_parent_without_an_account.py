"""A parent rings who has no account: desk notes both down, hears the consent, books for the child, rings the parent's
phone; and when the parent signs up one day, all of it is theirs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from admin.books import Books
from admin.test_caller import _code as code_of
from admin.test_caller import book, make
from admin.test_caller_pages import booking, get, newcomer, send
from kikao.accounts import jobs
from kikao.accounts.actions import ensure_consent_texts
from kikao.accounts.queries import consent_text
from kikao.notifications.queries import reader
from kikao.payments import charges
from support.app import World
from support.cast import PASSWORD, workday
from support.people import USUAL

GRACE = "0700 000 061"
PHONE = "+254700000061"


@pytest.fixture(autouse=True)
async def _desk_may_book(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute("update directory.psychologist set desk_may_answer = true")


def six_years_old(world: World) -> str:
    return f"{world.now.year - 6}-03-04"


def id_in(address: str) -> str:
    return address.split("?")[0].rsplit("/", 1)[-1]


async def test_from_the_ring_to_confirmed_it_is_the_parent_who_agrees_pays_and_is_told(
    world: World, books: Books
) -> None:
    wambui = world.wambui
    made = await send(wambui, "/practice/caller/new", **newcomer(world, name="Grace", phone=GRACE))
    grace = id_in(made.headers["location"])
    home = f"/practice/caller/{grace}"
    sent = await send(wambui, f"{home}/code", contact=GRACE)
    verification = sent.headers["location"].rsplit("=", 1)[-1]
    await send(wambui, f"{home}/read-out", sent=verification, code=await code_of(world, UUID(verification)))

    assert "They ring for a child" in await get(wambui, home)
    young = newcomer(world, name="Tatu", birthDate=six_years_old(world), relation="parent")
    unheard = await send(wambui, f"{home}/child", **{k: v for k, v in young.items() if k != "agreed"})
    assert unheard.status_code == 422
    noted = await send(wambui, f"{home}/child", **young)
    tatu = id_in(noted.headers["location"])
    shown = await get(wambui, noted.headers["location"])
    assert f'href="{home}"' in shown
    assert "Messages about them go to Grace." in shown
    assert "They ring for a child" not in shown
    assert f'href="/practice/caller/{tatu}"' in await get(wambui, home)

    booked = await send(wambui, f"/book/{tatu}", **booking(workday(world.now)))
    assert booked.status_code == 303, booked.text
    address = re.search(r"/s/[0-9A-Z]{8}", booked.headers["location"])
    assert address
    money = await get(wambui, f"{address[0]}/money")
    contact = re.search(r'name="which" value="([0-9a-f-]{36})"', money)
    assert contact
    assert (await send(wambui, f"{address[0]}/ring", which=contact[1])).status_code == 303
    attempt = await books.till.rows("select id, phone from payments.attempt")
    assert [one["phone"] for one in attempt] == [PHONE]
    rung = await books.till.accepted(attempt[0]["id"])
    await books.till.post(rung.token, rung.letter())
    assert await books.till.read_letters() == ["settled"]

    rows = books.till.rows
    (session,) = await rows("select id, client_id::text, requested_by::text, status from sessions.session")
    assert (session["client_id"], session["requested_by"], session["status"]) == (tatu, grace, "Confirmed")
    told = await rows("select kind, recipient::text from notifications.outbox where recipient <> $1 and about = $2",
                      world.cast.otieno.person_id, session["id"])
    assert {(one["kind"], one["recipient"]) for one in told} == {("accepted", grace), ("paid", grace)}
    # Money that goes back is told to her, too.
    gone = await world.otieno.api("POST", f"/api/sessions/{session['id']}/cancel", json={"reason": "ill"})
    assert gone.status_code == 200, gone.text
    (duty,) = await rows("select id from payments.duty")
    async with world.db.transaction() as conn:
        await charges.done(conn, world.cast.njeri.actor, duty["id"], world.now)
        to = await reader(conn, UUID(grace))
    back = await rows("select kind, recipient::text from notifications.outbox where about = $1", duty["id"])
    assert [tuple(one.values()) for one in back] == [("money given back", grace)]
    assert to is not None
    assert [one.value for one in to.contacts] == [PHONE]
    await _agreed_by_grace_heard_by_desk(world, books, grace, tatu)


async def _agreed_by_grace_heard_by_desk(world: World, books: Books, grace: str, tatu: str) -> None:
    """The row says who agreed, the journal who heard it."""
    rows, text_id = books.till.rows, world.cast.consent_text_id
    consents = await rows("select person_id::text, given_by::text, how, text_id from accounts.consent"
                          " where given_by = $1 order by given_at, id", UUID(grace))
    assert [tuple(one.values()) for one in consents] == [
        (grace, grace, "voice", text_id), (tatu, grace, "voice", text_id)]
    noted_by = await rows("select verb, by_account, facts->>'who' as who from journal.entry where noun_id = $1"
                          " and verb in ('act_for', 'give_consent')", UUID(tatu))
    assert {tuple(one.values()) for one in noted_by} == {
        (verb, world.cast.wambui.account_id, grace) for verb in ("act_for", "give_consent")}


async def _two_children(world: World) -> tuple[Any, Any, Any]:
    grace = await make(world, name="Grace", phone=GRACE)
    young = {"birthDate": six_years_old(world), "parentId": grace["id"]}
    return grace, await make(world, name="Tatu", **young), await make(world, name="Musa", **young)


async def test_one_child_typed_twice_is_one_child_and_all_that_a_parent_waits_for_counts(world: World) -> None:
    grace, tatu, musa = await _two_children(world)
    assert (await make(world, name="tatu", birthDate=six_years_old(world), parentId=grace["id"]))["id"] == tatu["id"]
    # A child acts for nobody, and nobody for somebody who is grown up and not cared for.
    refused = await make(world, 404, name="Kioko", birthDate=six_years_old(world), parentId=tatu["id"])
    assert refused["code"] == "not_found"
    await make(world, 422, name="Kioko", birthDate="1990-01-01", parentId=grace["id"])
    start = workday(world.now, hour=9)
    for hours, whose in ((0, tatu), (0, musa), (2, tatu), (4, musa), (4, tatu)):
        who = world.cast.wanjiru if whose is musa else world.cast.otieno
        answer = await book(world, whose["id"], psychologistId=str(who.person_id),
                            sessionDate=(start + timedelta(hours=hours)).isoformat())
        assert answer.json()["requestedById"] == grace["id"], answer.text
    sixth = await book(world, musa["id"], sessionDate=(start + timedelta(hours=6)).isoformat())
    assert sixth.json()["code"] == "too_many_open"


async def test_at_eighteen_acting_ends_and_who_was_a_child_is_asked_and_told(world: World) -> None:
    grace, tatu, _ = await _two_children(world)
    async with world.db.connection() as conn:
        await conn.execute("update accounts.person set birth_date = $2 where id = $1", UUID(tatu["id"]),
                           world.now.date() - timedelta(days=18 * 366))
        await conn.execute("update accounts.acts_for set since = since - interval '10 years'")
    assert "Grace" not in await get(world.wambui, f"/practice/caller/{tatu['id']}")
    refused = await book(world, tatu["id"])
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "consent"), "what she agreed to is over"
    agreed = await send(world.wambui, f"/practice/caller/{tatu['id']}/agree", how="voice", agreed="yes",
                        consent_text=str(world.cast.consent_text_id))
    assert agreed.status_code == 303
    session = (await book(world, tatu["id"])).json()
    assert session["requestedById"] == tatu["id"]
    async with world.db.connection() as conn:
        told = await conn.fetch("select recipient from notifications.outbox where kind = 'accepted'")
        given_by = await conn.fetchval("select given_by from accounts.consent where person_id = $1"
                                       " order by given_at desc limit 1", UUID(tatu["id"]))
    assert [str(row["recipient"]) for row in told] == [tatu["id"]]
    assert str(given_by) == tatu["id"] != grace["id"]


async def test_who_signs_up_later_has_what_they_had_and_no_second_child(world: World) -> None:
    grace, tatu, _ = await _two_children(world)
    session = (await book(world, tatu["id"])).json()
    async with world.db.connection() as conn:
        await ensure_consent_texts(conn, world.now)
        text = await consent_text(conn, "en")
    asked = await world.nobody.page("POST", "/t/kbt011/request", data={
        "k": "i", "start": workday(world.now, hour=13).isoformat(), "consent_text": str(text.id), "consent": "yes",
        "name": "grace", "contact": GRACE, "password": PASSWORD, "note": "",
        "for": "new", "forName": "TATU", "birthDate": six_years_old(world), "relation": "parent", "forConsent": "yes"})
    assert asked.status_code == 303, asked.text
    address = asked.headers["location"]
    code = await code_of(world, UUID(id_in(address)))
    inside = await world.nobody.page("POST", address.split("?")[0], data={"code": code, "next": "/me"})
    assert inside.status_code == 303, inside.text
    # What desk had booked and what they ask for themselves is of one child and one parent, and in their list.
    home = await get(world.nobody, f"/s/{session['reference']}")
    assert "<dt>For</dt><dd>Tatu</dd>" in home
    assert "Tatu" in await get(world.nobody, "/me/people")
    rows = Books.of(world).till.rows
    both = await rows("select client_id::text, requested_by::text, sent_at is not null as sent from sessions.session")
    assert [tuple(one.values()) for one in both] == [(tatu["id"], grace["id"], True)] * 2
    payers = await rows("select p.id::text from payments.charge c join accounts.people p on p.account_id ="
                        " c.payer_account")
    assert [one["id"] for one in payers] == [grace["id"]] * 2
    stands = await rows("select distinct person_id::text from accounts.valid_consent where given_by = $1",
                        UUID(grace["id"]))
    assert {tatu["id"], grace["id"]} <= {one["person_id"] for one in stands}
    # What is left of the sign-up goes within a week, and nobody else.
    named = "select name from accounts.person where lower(name) in ('grace', 'tatu', 'musa') order by name"
    assert [one["name"] for one in await rows(named)] == ["Grace", "Musa", "TATU", "Tatu", "grace"]
    await jobs.forget(world.db, world.now + timedelta(days=7, hours=1), numbers=USUAL)
    assert [one["name"] for one in await rows(named)] == ["Grace", "Musa", "Tatu"]
