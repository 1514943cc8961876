"""Money that M-Pesa takes back after it was counted: noted once, nobody is passed on anything, an admin decides."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx

from admin.books import Books, Owed
from kikao.core.actor import THE_SYSTEM
from kikao.payments import earnings, ledger
from support.app import World


async def _counted(world: World, books: Books) -> tuple[Owed, str]:
    """A session that was paid by M-Pesa, and the address at which its reversal is noted."""
    owed = await books.owed(await world.approved())
    await books.paid(owed)
    receipt = await books.value("select id from payments.receipt where charge_id = $1", owed.charge_id)
    return owed, f"/practice/payments/{owed.charge_id}/reversed/{receipt}"


async def _earn(world: World, books: Books, owed: Owed, days: int = 0) -> Any:
    """What was promised a day ago is passed on, if it may be; when it is looked at again."""
    at = world.now + timedelta(days=days)
    async with books.db.transaction() as conn:
        await earnings.promise(
            conn, THE_SYSTEM, owed.charge_id, world.cast.otieno.person_id, 0, world.now - timedelta(days=1), at)
        return await earnings.pass_on(conn, owed.charge_id, at)


async def _balances(books: Books) -> dict[str, int]:
    async with books.db.connection() as conn:
        found = await ledger.balances(conn)
    assert sum(found.values()) == 0
    return {kind: amount for kind, amount in found.items() if amount}


async def _bear(world: World, reason: str) -> httpx.Response:
    html = (await world.njeri.page("GET", "/practice/decisions")).text
    (address,) = set(re.findall(r"/practice/decisions/reversed/[0-9a-f-]{36}", html))
    key = html.split(f'action="{address}"')[1].split('name="idempotency_key" value="')[1].split('"')[0]
    form = {"reason": reason, "idempotency_key": key}
    answer = await world.njeri.page("POST", address, data=form)
    return answer if answer.status_code == 422 else await world.njeri.page("POST", address, data=form)


async def test_what_was_earned_already_waits_for_an_admin_and_no_shilling_is_lost(world: World, books: Books) -> None:
    owed, address = await _counted(world, books)
    assert await _earn(world, books, owed) is None
    assert await _balances(books) == {"utility": -2500, "earned": 2500}
    for _twice in range(2):
        noted = await world.makena.page("POST", address)
        assert noted.headers["location"] == f"/practice/payments/{owed.charge_id}"
    assert await _balances(books) == {"earned": 2500, "reversed": -2500}, "M-Pesa holds nothing of it any more"
    assert "Money that M-Pesa took back" in (await world.njeri.page("GET", "/practice")).text
    decisions = (await world.njeri.page("GET", "/practice/decisions")).text
    assert f"/practice/payments/{owed.charge_id}" in decisions
    assert decisions.count("KSh 2,500") >= 2, "what is gone, and what was passed on already"
    seen = (await world.amina.api("GET", f"/api/sessions/{owed.session_id}")).json()
    assert (seen["status"], seen["paymentStatus"]) == ("Confirmed", "Reversed")

    refused = await _bear(world, " ")
    assert (refused.status_code, "Please say why" in refused.text) == (422, True)
    assert (await _bear(world, "M-Pesa reversed it in error")).headers["location"] == "/practice/decisions"
    assert await _balances(books) == {"earned": 2500, "share": -2500}
    assert "Money that M-Pesa took back" not in (await world.njeri.page("GET", "/practice/decisions")).text
    page = (await world.makena.page("GET", f"/practice/payments/{owed.charge_id}")).text
    for told in ("Taken back", "The practice bears it"):
        assert told in page
    assert "in error" not in page


async def test_nothing_is_earned_of_it_before_the_decision(world: World, books: Books) -> None:
    owed, address = await _counted(world, books)
    await world.makena.page("POST", address)
    assert await _earn(world, books, owed) is not None, "it waits"
    assert await books.value("select state from payments.earning_state where charge_id = $1", owed.charge_id) == "waits"
    await _bear(world, "It was ours to bear")
    assert await _earn(world, books, owed, 1) is None
    assert await _balances(books) == {"earned": 2500, "share": -2500}


async def test_what_is_cancelled_then_is_not_given_back_twice(world: World, books: Books) -> None:
    """Whoever paid has it already: no duty, and nothing is left to decide."""
    owed, address = await _counted(world, books)
    await world.makena.page("POST", address)
    cancelled = await world.otieno.api("POST", f"/api/sessions/{owed.session_id}/cancel", json={"reason": "ill"})
    assert cancelled.status_code == 200, cancelled.text
    assert await books.value("select count(*) from payments.duty") == 0
    assert await books.value("select given_back from payments.charge where id = $1", owed.charge_id) == 2500
    assert await _balances(books) == {}
    assert "Money that M-Pesa took back" not in (await world.njeri.page("GET", "/practice/decisions")).text


async def test_what_had_to_go_back_anyway_is_back_by_it(world: World, books: Books) -> None:
    owed, address = await _counted(world, books)
    await world.otieno.api("POST", f"/api/sessions/{owed.session_id}/cancel", json={"reason": "ill"})
    assert await _balances(books) == {"utility": -2500, "duty": 2500}
    await world.makena.page("POST", address)
    assert await _balances(books) == {}
    assert "Nothing to give back" in (await world.makena.page("GET", "/practice/duties")).text
    assert "Money that M-Pesa took back" not in (await world.njeri.page("GET", "/practice/decisions")).text


async def test_only_what_m_pesa_brought_for_this_payment_can_be_taken_back(world: World, books: Books) -> None:
    _, address = await _counted(world, books)
    other = await books.owed(await world.approved("baraka", hour=12))
    receipt = address.rsplit("/", 1)[1]
    answer = await world.makena.page("POST", f"/practice/payments/{other.charge_id}/reversed/{receipt}")
    assert answer.status_code == 404
    assert await books.value("select count(*) from payments.reversal") == 0
