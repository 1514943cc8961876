"""Paying by JSON and by page: the written contract, and what a pay link shows to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kikao.core.clock import utc_now
from kikao.core.ids import new_id, new_reference
from kikao.payments import actions, letters, links
from kikao.payments.codes import Push
from kikao.payments.rules import Numbers
from kikao.payments.wires import Decided, decided
from payments.conftest import AMOUNT, PURPOSE, Rung
from support import app as apps

PHONE = "0700 000 041"
TELLING = ("therap", "counsel", "psycholog", "session", "otieno", "wanjiru", "amina")


class Shop:
    """The web program, with charges for an invented purpose."""

    def __init__(self, world: apps.World) -> None:
        self.world = world
        self.kit = world.app.state.kit

    async def owed(self, amount: int = AMOUNT, *, opened: bool = True) -> tuple[UUID, str]:
        charge_id, now = new_id(), utc_now()
        token = links.pay_token(self.kit.vault, charge_id)
        async with self.kit.db.transaction() as conn:
            await conn.execute(
                "insert into payments.charge (id, purpose, purpose_id, reference, payer_account, amount, link_hash,"
                " created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
                charge_id, PURPOSE, new_id(), new_reference(), self.world.cast.amina.account_id, amount,
                links.link_hash(token), now,
            )  # fmt: skip
            if opened:
                await actions.open_charge(conn, charge_id, now + timedelta(hours=20))
        return charge_id, token

    async def initiate(self, visitor: apps.Visitor, body: dict[str, Any], **headers: str) -> Any:
        return await visitor.api("POST", "/api/mpesa/initiate", json=body, headers={**visitor.headers, **headers})

    async def rung(self, charge_id: UUID, attempt_id: UUID) -> Rung:
        """As the worker would have done it."""
        now, numbers = utc_now(), Numbers()
        merchant, checkout = "m-1", f"ws_CO_{attempt_id}"
        async with self.kit.db.transaction() as conn:
            ringing = await actions.begin_ringing(conn, attempt_id, now, numbers)
            assert ringing is not None
            answer = Push("accepted", merchant_request_id=merchant, checkout_request_id=checkout)
            await actions.note_answer(conn, attempt_id, answer, now, numbers)
        return Rung(attempt_id, charge_id, ringing.token, merchant, checkout, ringing.amount)

    async def read(self) -> None:
        async with self.kit.db.connection() as conn:
            due = await conn.fetch("select id from payments.letter where due_at is not null")
        for row in due:
            async with self.kit.db.transaction() as conn:
                await letters.read_letter(conn, self.kit.vault, row["id"], utc_now(), Numbers())


async def _take(_conn: object, _told: Decided) -> bool:
    return True


@pytest.fixture
async def door(url: str) -> AsyncIterator[Shop]:
    async with apps.world(url, utc_now()) as world:
        decided[PURPOSE] = _take
        yield Shop(world)


# JSON ---------------------------------------------------------------------------------------------


async def test_a_pay_token_names_its_charge_by_itself(door: Shop) -> None:
    _, token = await door.owed()
    nobody = door.world.nobody
    answer = await door.initiate(nobody, {"phoneNumber": PHONE}, **{"X-Pay-Token": token})
    assert answer.status_code == 202, answer.text
    body = answer.json()
    assert (body["state"], body["amount"], body["currency"]) == ("created", AMOUNT, "KES")
    again = await door.initiate(nobody, {"phoneNumber": PHONE}, **{"X-Pay-Token": token})
    assert (again.status_code, again.json()["code"]) == (409, "prompt_open")
    assert again.json()["attemptId"] == body["attemptId"]


async def test_the_same_key_has_one_effect(door: Shop) -> None:
    _, token = await door.owed()
    headers = {"X-Pay-Token": token, "Idempotency-Key": "k1"}
    first, second = [await door.initiate(door.world.nobody, {"phoneNumber": PHONE}, **headers) for _ in range(2)]
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    _, other = await door.owed()  # the same key with another link is another stranger's
    third = await door.initiate(
        door.world.nobody, {"phoneNumber": "0700000042"}, **{"X-Pay-Token": other, "Idempotency-Key": "k1"}
    )
    assert third.status_code == 202


async def test_who_may_have_a_phone_rung(door: Shop) -> None:
    charge_id, _ = await door.owed()
    body = {"chargeId": str(charge_id), "phoneNumber": PHONE}
    world = door.world
    found = {name: (await door.initiate(visitor, body)).status_code for name, visitor in world.by_name.items()}
    allowed = {name for name, status in found.items() if status in (202, 409)}
    assert allowed == {"amina", "wambui"}
    assert found["nobody"] == 401
    assert {found[name] for name in ("halima", "baraka", "otieno", "wanjiru")} == {404}
    assert {found[name] for name in ("makena", "njeri")} == {403}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"phoneNumber": PHONE}, 422), ({"chargeId": "x", "phoneNumber": PHONE}, 404), ({"phoneNumber": 5}, 422),
        ({"sessionId": str(new_id()), "phoneNumber": PHONE}, 404), ({}, 422),
    ],
)  # fmt: skip
async def test_bad_input_has_its_status(door: Shop, body: dict[str, Any], status: int) -> None:
    answer = await door.initiate(door.world.amina, body)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_a_number_that_cannot_ring_is_named(door: Shop) -> None:
    charge_id, _ = await door.owed()
    answer = await door.initiate(door.world.amina, {"chargeId": str(charge_id), "phoneNumber": "12"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "phoneNumber")


async def test_the_whole_way_by_json(door: Shop) -> None:
    charge_id, token = await door.owed()
    nobody, link = door.world.nobody, {"X-Pay-Token": token}
    made = (await door.initiate(nobody, {"phoneNumber": PHONE}, **link)).json()
    attempt_id = UUID(made["attemptId"])
    rung = await door.rung(charge_id, attempt_id)
    stored = await nobody.api("POST", f"/callbacks/{rung.token}", content=rung.letter())
    assert (stored.status_code, stored.json()) == (200, {"ResultCode": 0, "ResultDesc": "Accepted"})
    await door.read()
    shown = await nobody.api("GET", f"/api/mpesa/attempts/{attempt_id}", headers=link)
    assert shown.json()["state"] == "paid"
    events = await nobody.api("GET", f"/api/mpesa/events/{attempt_id}", headers=link)
    assert '"state":"paid"' in events.text
    async with door.kit.db.connection() as conn:
        purpose_id = await conn.fetchval("select purpose_id from payments.charge_state where id = $1", charge_id)
    status = await door.world.amina.api("GET", f"/api/mpesa/status/{purpose_id}")
    assert (status.json()["paymentStatus"], status.json()["receipt"]) == ("Paid", rung.receipt)
    assert "700000041" not in status.text + shown.text + events.text
    again = await door.initiate(nobody, {"phoneNumber": PHONE}, **link)
    assert (again.status_code, again.json()["code"]) == (409, "already_paid")


async def test_an_attempt_is_shown_to_whom_it_concerns(door: Shop) -> None:
    charge_id, token = await door.owed()
    _, other = await door.owed()
    made = await door.initiate(door.world.amina, {"chargeId": str(charge_id), "phoneNumber": PHONE})
    path = f"/api/mpesa/attempts/{made.json()['attemptId']}"
    world = door.world
    found = {name: (await visitor.api("GET", path)).status_code for name, visitor in world.by_name.items()}
    assert {name for name, status in found.items() if status == 200} == {"amina", "wambui", "njeri"}
    by_link = {one: (await world.nobody.api("GET", path, headers={"X-Pay-Token": one})).status_code
               for one in (token, other, "nothing")}  # fmt: skip
    assert by_link == {token: 200, other: 404, "nothing": 404}


async def test_finance_and_admin_list_payments_and_each_look_is_noted(door: Shop) -> None:
    charge_id, _ = await door.owed()
    made = await door.initiate(door.world.amina, {"chargeId": str(charge_id), "phoneNumber": PHONE})
    for path in ("/api/admin/payments", "/api/admin/duties"):
        found = {name: (await one.api("GET", path)).status_code for name, one in door.world.by_name.items()}
        assert {name for name, status in found.items() if status == 200} == {"makena", "njeri"}
        assert found["nobody"] == 401
    listed = (await door.world.makena.api("GET", "/api/admin/payments?phone=041")).json()["payments"]
    assert [(one["id"], one["phone"]) for one in listed] == [(made.json()["attemptId"], "+2547•••••041")]
    for query in ("phone=1", "phone=abc", "cursor=x", "limit=0", "since=2026-11-22T00:00:00"):
        assert (await door.world.makena.api("GET", f"/api/admin/payments?{query}")).status_code == 422
    async with door.kit.db.connection() as conn:
        assert await conn.fetchval("select count(*) from journal.line where verb = 'look'") == 5


# The letterbox ------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["0" * 32, "short", "G" * 32, "0" * 33])
async def test_a_path_of_nobody_stores_nothing(door: Shop, token: str) -> None:
    answer = await door.world.nobody.api("POST", f"/callbacks/{token}", content=b"{}")
    assert answer.status_code == 404
    async with door.kit.db.connection() as conn:
        assert await conn.fetchval("select count(*) from payments.letter_log") == 0


async def test_a_letter_has_64_kib_at_most(door: Shop) -> None:
    charge_id, token = await door.owed()
    made = await door.initiate(door.world.nobody, {"phoneNumber": PHONE}, **{"X-Pay-Token": token})
    rung = await door.rung(charge_id, UUID(made.json()["attemptId"]))
    path = f"/callbacks/{rung.token}"
    assert (await door.world.nobody.api("POST", path, content=b"x" * (64 * 1024 + 1))).status_code == 413
    assert (await door.world.nobody.api("POST", path, content=b"x" * 1024)).status_code == 200


# Pages --------------------------------------------------------------------------------------------


async def test_the_pay_page_shows_an_amount_a_reference_and_nothing_of_the_rest(door: Shop) -> None:
    _, token = await door.owed()
    page = await door.world.nobody.page("GET", f"/p/{token}")
    assert page.status_code == 200
    assert "KSh 2,500" in page.text
    assert door.kit.receiver_name in page.text
    assert not [word for word in TELLING if word in page.text.lower()]


async def test_pressing_pay_leads_to_the_waiting_page_and_twice_rings_once(door: Shop) -> None:
    charge_id, token = await door.owed()
    nobody = door.world.nobody
    form = {"phone": PHONE, "idempotency_key": "f1"}
    for _ in range(2):
        pressed = await nobody.page("POST", f"/p/{token}", data=form)
        assert (pressed.status_code, pressed.headers["location"]) == (303, f"/p/{token}/wait")
    async with door.kit.db.connection() as conn:
        attempts = await conn.fetch("select id from payments.open_attempt where charge_id = $1", charge_id)
    assert len(attempts) == 1
    assert (await nobody.page("GET", f"/p/{token}")).headers["location"] == f"/p/{token}/wait"
    waiting = await nobody.page("GET", f"/p/{token}/wait")
    assert 'data-face="ringing"' in waiting.text
    assert not [word for word in TELLING if word in waiting.text.lower()]
    rung = await door.rung(charge_id, attempts[0]["id"])
    part = f"/p/{token}/attempt?seen=ringing-{str(rung.attempt_id)[-12:]}"
    assert (await nobody.page("GET", part)).status_code == 204
    await nobody.api("POST", f"/callbacks/{rung.token}", content=rung.letter())
    await door.read()
    moved = await nobody.page("GET", part)
    assert (moved.status_code, 'data-face="paid"' in moved.text) == (200, True)
    receipt = await nobody.page("GET", f"/p/{token}/receipt")
    assert rung.receipt in receipt.text
    assert not [word for word in TELLING if word in receipt.text.lower()]
    closed = await nobody.page("GET", f"/p/{token}")
    assert "Nothing more is owed" in closed.text


async def test_a_failure_says_so_and_offers_another_try(door: Shop) -> None:
    charge_id, token = await door.owed()
    nobody = door.world.nobody
    made = await door.initiate(nobody, {"phoneNumber": PHONE}, **{"X-Pay-Token": token})
    rung = await door.rung(charge_id, UUID(made.json()["attemptId"]))
    await nobody.api("POST", f"/callbacks/{rung.token}", content=rung.letter(2001))
    await door.read()
    page = await nobody.page("GET", f"/p/{token}/wait")
    assert 'data-face="failed"' in page.text
    assert "The PIN was not right" in page.text
    assert "Send it to the phone again" in page.text
    assert "700000041" not in page.text.replace(" ", "")
    again = await nobody.page("POST", f"/p/{token}", data={"again": "yes", "phone": ""})
    assert again.headers["location"] == f"/p/{token}/wait"
    async with door.kit.db.connection() as conn:
        tried = await conn.fetch("select phone from payments.attempt where charge_id = $1", charge_id)
    assert [row["phone"] for row in tried] == ["+254700000041"] * 2


async def test_what_was_typed_stays_when_it_is_refused(door: Shop) -> None:
    _, token = await door.owed()
    page = await door.world.nobody.page("POST", f"/p/{token}", data={"phone": "12 34"})
    assert page.status_code == 422
    assert 'value="12 34"' in page.text


@pytest.mark.parametrize("path", ["/p/nothing", "/p/nothing/wait", "/p/nothing/attempt", "/p/nothing/receipt"])
async def test_a_link_of_nobody_is_not_there(door: Shop, path: str) -> None:
    assert (await door.world.nobody.page("GET", path)).status_code == 404


async def test_what_cannot_be_paid_now_says_why_and_whom_to_call(door: Shop) -> None:
    charge_id, token = await door.owed(opened=False)

    async def page(change: str = "") -> str:
        async with door.kit.db.connection() as conn:
            await conn.execute(f"update payments.charge set {change or 'amount = amount'} where id = $1", charge_id)
        shown: str = (await door.world.nobody.page("GET", f"/p/{token}")).text
        return shown

    for shown, why in (
        (await page(), "has not begun"),
        (await page("open_until = now() - interval '1 hour'"), "It could be paid until "),
        (await page("open_until = null, closed_at = now()"), "It has been closed since "),
    ):
        assert "This cannot be paid now" in shown
        assert why in shown
        assert f'href="tel:{door.kit.practice_phone}"' in shown
    pressed = await door.world.nobody.page("POST", f"/p/{token}", data={"phone": PHONE})
    assert pressed.status_code == 409
    assert "Nothing to pay" in await page("waived = amount, closed_at = null")


async def test_opening_a_link_changes_no_row(door: Shop) -> None:
    charge_id, token = await door.owed()
    # A row's system column xmin names who wrote it last.
    written = "select (select xmin::text from payments.charge where id = $1), (select count(*) from journal.line)"
    async with door.kit.db.connection() as conn:
        before = await conn.fetchrow(written, charge_id)
    for path in (f"/p/{token}", f"/p/{token}/wait", f"/p/{token}/receipt"):
        await door.world.nobody.page("GET", path)
    async with door.kit.db.connection() as conn:
        assert await conn.fetchval("select count(*) from payments.attempt") == 0
        assert await conn.fetchrow(written, charge_id) == before
