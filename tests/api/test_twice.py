"""A double tap, a second tab, a lost answer: one effect."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from kikao.accounts.standing import set_state
from kikao.core import db, idempotency
from kikao.core.db import Conn
from kikao.core.errors import InProgress
from support import app as apps
from support.app import asking
from support.cast import workday
from support.refusals import nothing_changes, page, problem
from support.routes import NOT_THERE


async def _count(world: apps.World, table: str) -> int:
    async with world.db.connection() as conn:
        return int(await conn.fetchval(f"select count(*) from {table}"))


async def test_ten_taps_with_one_key_are_one_session(world: apps.World) -> None:
    body = asking(world.cast.otieno, workday(world.now))
    headers = {"Idempotency-Key": "one"}
    answers = await asyncio.gather(
        *(world.amina.api("POST", "/api/sessions/request", json=body, headers=headers) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert await _count(world, "sessions.session") == 1
    async with nothing_changes(world.db):
        other = body | {"note": "something else"}
        answer = await world.amina.api("POST", "/api/sessions/request", json=other, headers=headers)
    problem(answer, 422, "idempotency_key_reused")


async def test_a_key_belongs_to_its_account(world: apps.World) -> None:
    """Another's key leads to one's own answer, not to theirs."""
    body = asking(world.cast.otieno, workday(world.now))
    headers = {"Idempotency-Key": "one"}
    first = await world.amina.api("POST", "/api/sessions/request", json=body, headers=headers)
    second = await world.baraka.api("POST", "/api/sessions/request", json=body, headers=headers)
    assert first.status_code == 201
    assert problem(second, 409, "slot_taken")["alternatives"]


async def test_what_was_answered_of_somebody_who_is_erased_is_kept_no_more(world: apps.World) -> None:
    """Answers hold names; the key stays used, and nothing is done twice."""
    hers, his = await world.request("amina"), await world.request("baraka", hour=14)
    for session in (hers, his):
        answer = await world.otieno.api("PUT", f"/api/sessions/{session['id']}/approve", headers={
            "Idempotency-Key": session["reference"]})  # fmt: skip
        assert answer.status_code == 200, answer.text
    vault, amina = world.app.state.kit.vault, world.cast.amina.person_id

    async def kept() -> str:
        async with world.db.connection() as conn:
            return str(await conn.fetchval("select string_agg(answer::text, ' ') from core.idempotency"))

    assert "Amina" in await kept()
    async with world.db.transaction() as conn:
        await set_state(conn, world.cast.njeri.actor, vault, amina, "erased", "she asked for it", world.now)
    assert "Amina" not in await kept()
    assert "Baraka" in await kept(), "the negative control"
    again = await world.otieno.api("PUT", f"/api/sessions/{hers['id']}/approve", headers={
        "Idempotency-Key": hers["reference"]})  # fmt: skip
    problem(again, 404, "not_found")


async def test_a_meeting_link_is_shown_again_and_kept_with_no_key(world: apps.World) -> None:
    session = await world.approved()
    waived = await world.njeri.api("POST", f"/api/sessions/{session['id']}/waive", json={"reason": "a gift"})
    assert waived.json()["status"] == "Confirmed", waived.text
    link = "https://meet.example.test/only-this-one"
    answers = [
        await world.otieno.api("PUT", f"/api/sessions/{session['id']}/link", json={"meetingLink": link},
                               headers={"Idempotency-Key": "one"})
        for _ in range(2)
    ]  # fmt: skip
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["meetingLink"] == link
    async with world.db.connection() as conn:
        kept = await conn.fetchval("select string_agg(answer::text, ' ') from core.idempotency")
    assert session["id"] in kept
    assert "only-this-one" not in kept


async def test_who_waits_for_a_rival_with_the_same_key_is_told_so_and_nobody_else(
    world: apps.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_MS", 50)
    key = idempotency.make_key(NOT_THERE, "PUT", "/x", "one", b"")

    async def done(_conn: Conn) -> idempotency.Answer:
        return idempotency.Answer(200, {})

    async def locked(_conn: Conn) -> idempotency.Answer:
        raise asyncpg.LockNotAvailableError

    async with world.db.transaction() as conn:
        await idempotency._claim(conn, key, world.now)
        with pytest.raises(InProgress):
            await idempotency.once(world.db, key, world.now, done)
    other = idempotency.make_key(NOT_THERE, "PUT", "/x", "two", b"")
    with pytest.raises(asyncpg.LockNotAvailableError):
        await idempotency.once(world.db, other, world.now, locked)


async def test_ten_taps_without_a_key_are_one_session_too(world: apps.World) -> None:
    body = asking(world.cast.otieno, workday(world.now))
    answers = await asyncio.gather(*(world.amina.api("POST", "/api/sessions/request", json=body) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await _count(world, "sessions.session") == 1


async def test_a_double_tap_on_the_page_is_one_session(world: apps.World) -> None:
    form = {"k": "i", "start": workday(world.now).isoformat(), "note": "", "idempotency_key": "tap"}
    answers = await asyncio.gather(*(world.amina.page("POST", "/t/kbt011/request", data=form) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await _count(world, "sessions.session") == 1


async def test_the_same_request_in_two_tabs_is_one_session(world: apps.World) -> None:
    """Each tab's form has a key of its own."""
    form = {"k": "i", "start": workday(world.now).isoformat(), "note": ""}
    tabs = [await world.amina.page("POST", "/t/kbt011/request", data=form | {"idempotency_key": key}) for key in "ab"]
    assert [tab.status_code for tab in tabs] == [303, 303]
    assert tabs[0].headers["location"] == tabs[1].headers["location"]
    assert await _count(world, "sessions.session") == 1


async def test_a_verb_done_again_writes_nothing(world: apps.World) -> None:
    session = await world.approved()
    async with nothing_changes(world.db):
        again = await world.otieno.api("PUT", f"/api/sessions/{session['id']}/approve")
        page_again = await world.otieno.page("POST", f"/s/{session['reference']}/approve")
    assert (again.status_code, again.json()["status"]) == (200, "Approved")
    assert page_again.status_code == 303


async def test_a_second_tab_with_an_older_state_is_told_what_happened(world: apps.World) -> None:
    """Declined in one tab, accepted in the other: the second one is refused, on a page that shows how it is now."""
    session = await world.request()
    address = f"/s/{session['reference']}"
    done = await world.otieno.page("POST", f"{address}/decline", data={"reason": "full that week"})
    assert done.status_code == 303
    async with nothing_changes(world.db, without=frozenset({"journal.entry"})):  # the page opens the reason
        shown = page(await world.otieno.page("POST", f"{address}/approve"), 409)
        refused = await world.otieno.api("PUT", f"/api/sessions/{session['id']}/approve")
    assert "Declined" in shown
    assert problem(refused, 409, "not_possible")["detail"] == (
        "This is not possible now. The session was declined."
    )


async def test_two_prompts_for_one_bill_are_one(world: apps.World) -> None:
    link = await world.pay_link(await world.approved())
    pay: dict[str, Any] = {"json": {"phoneNumber": "0700000001"}, "headers": {"X-Pay-Token": link}}
    answers = await asyncio.gather(*(world.nobody.api("POST", "/api/mpesa/initiate", **pay) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409, 409]
    assert await _count(world, "payments.attempt") == 1
    taps = [await world.nobody.page("POST", f"/p/{link}", data={"phone": "0700000001"}) for _ in range(2)]
    assert [tap.headers["location"] for tap in taps] == [f"/p/{link}/wait"] * 2
    assert await _count(world, "payments.attempt") == 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(db.LIMITS, "lock_timeout", "60")


@pytest.mark.usefixtures("impatient")  # before there is a world
async def test_what_was_typed_comes_back_where_somebody_else_keeps_the_row_too_long(world: apps.World) -> None:
    session = await world.request()
    address = f"/s/{session['reference']}/decline"
    async with world.db.transaction() as conn:
        await conn.execute("select from sessions.session for update")
        shown = page(await world.otieno.page("POST", address, data={"reason": "Full that week"}), 503)
        told = await world.otieno.api("PUT", f"/api/sessions/{session['id']}/approve")
    assert "Full that week" in shown
    assert "The system is busy" in shown
    problem(told, 503, "busy")
    assert (await world.otieno.page("POST", address, data={"reason": "Full that week"})).status_code == 303
