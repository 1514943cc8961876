"""Money that has to go back is given back once; money that belongs to nothing finds its place or goes back."""

from __future__ import annotations

import re

from admin.books import Books, Owed
from support.app import World


async def to_give_back(world: World, books: Books) -> Owed:
    """Paid, and then cancelled by the psychologist: all of it goes back."""
    owed = await books.owed(await world.approved())
    await books.paid(owed, "+254700000042")
    answer = await world.otieno.api("POST", f"/api/sessions/{owed.session_id}/cancel", json={"reason": "unwell"})
    assert answer.status_code == 200, answer.text
    return owed


async def keys(world: World, address: str, verb: str) -> tuple[str, str]:
    """The action of the first form that ends so, and its key."""
    html = (await world.makena.page("GET", address)).text
    form = re.search(rf'action="([^"]+/{verb})".*?name="idempotency_key" value="([^"]+)"', html, re.DOTALL)
    assert form is not None, html
    return form[1], form[2]


async def test_a_duty_is_listed_with_what_is_needed_to_give_it_back(world: World, books: Books) -> None:
    owed = await to_give_back(world, books)
    html = (await world.makena.page("GET", "/practice/duties")).text
    for told in (owed.reference, "KSh 2,500", "Cancelled", "+2547•••••042", "Note as done", ">Open</span>"):
        assert told in html
    assert f"/practice/payments/{owed.charge_id}" in html


async def test_only_money_that_came_by_mpesa_is_looked_for_in_its_portal(world: World, books: Books) -> None:
    await to_give_back(world, books)
    portal = "portal shows the number by the receipt"
    assert portal in (await world.makena.page("GET", "/practice/duties")).text
    await books.value("update payments.receipt set channel = 'cash' returning id")
    assert portal not in (await world.makena.page("GET", "/practice/duties")).text


async def test_given_back_has_one_effect_however_often_it_is_tapped(world: World, books: Books) -> None:
    owed = await to_give_back(world, books)
    address, key = await keys(world, "/practice/duties", "done")
    form = {"idempotency_key": key, "back": f"/practice/payments/{owed.charge_id}"}
    for sent in (form, form, {**form, "idempotency_key": "another"}, {}):
        answer = await world.makena.page("POST", address, data=sent)
        assert answer.status_code == 303
    moves = await books.value("select count(*) from payments.move where why = 'given back'")
    lines = await books.value("select count(*) from journal.entry where verb = 'give back'")
    assert (moves, lines) == (1, 1)
    await books.till.ledger_is_true()


async def test_nobody_gives_back_another_amount_than_their_page_showed(world: World, books: Books) -> None:
    await to_give_back(world, books)
    address, key = await keys(world, "/practice/duties", "done")
    assert 'name="seen" value="2500"' in (await world.makena.page("GET", "/practice/duties")).text
    await books.value("update payments.duty set amount = 1500")
    refused = await world.makena.page("POST", address, data={"idempotency_key": key, "seen": "2500"})
    assert refused.status_code == 409
    for told in ("The amount has changed since you looked", "KSh 1,500", 'name="seen" value="1500"'):
        assert told in refused.text
    assert await books.value("select count(*) from payments.duty where done_at is null") == 1
    again = await world.makena.page("POST", address, data={"idempotency_key": key, "seen": "1500"})
    assert again.status_code == 303
    assert await books.value("select count(*) from payments.duty where done_at is null") == 0


async def test_who_gave_it_back_and_when_is_shown(world: World, books: Books) -> None:
    owed = await to_give_back(world, books)
    address, key = await keys(world, "/practice/duties", "done")
    back = f"/practice/payments/{owed.charge_id}"
    answer = await world.makena.page("POST", address, data={"idempotency_key": key, "back": back})
    assert answer.headers["location"] == back
    assert "Nothing to give back" in (await world.makena.page("GET", "/practice/duties")).text
    for page in (back, "/practice/duties?show=all"):
        html = (await world.njeri.page("GET", page)).text
        assert re.search(r"Given back <[^>]+>\w+ \d+ \w+, \d\d:\d\d</span> by Makena", html), page
        assert "/done" not in html


async def test_a_form_leads_back_to_the_practice_only(world: World, books: Books) -> None:
    await to_give_back(world, books)
    address, key = await keys(world, "/practice/duties", "done")
    answer = await world.makena.page("POST", address, data={"idempotency_key": key, "back": "//example.test/x"})
    assert answer.headers["location"] == "/practice/duties"


async def test_only_finance_and_admin_give_back(world: World, books: Books) -> None:
    await to_give_back(world, books)
    address, _ = await keys(world, "/practice/duties", "done")
    for who in ("wambui", "otieno", "amina"):
        assert (await world.by_name[who].page("POST", address)).status_code == 403
    assert (await world.nobody.page("POST", address)).headers["location"].startswith("/sign-in")
    assert await books.value("select count(*) from payments.duty where done_at is null") == 1
    assert (await world.makena.page("POST", "/practice/duties/x/done")).status_code == 404


async def test_a_duty_whose_time_is_over_says_so(world: World, books: Books) -> None:
    await to_give_back(world, books)
    await books.value("update payments.duty set until_at = now() - interval '1 hour'")
    assert ">Late</span>" in (await world.makena.page("GET", "/practice/duties")).text
    assert "should have gone back by now" in (await world.makena.page("GET", "/practice")).text


async def test_a_session_is_refunded_when_the_money_has_left(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    await books.paid(owed)
    await world.otieno.api("POST", f"/api/sessions/{owed.session_id}/cancel", json={"reason": "ill"})
    seen = (await world.amina.page("GET", f"/s/{owed.reference}")).text
    for told in ("Refund on its way", "To be given back", "KSh 2,500 will be given back to the number that paid."):
        assert told in seen
    assert ">Paid back<" not in seen
    address, key = await keys(world, "/practice/duties", "done")
    await world.makena.page("POST", address, data={"idempotency_key": key})
    seen = (await world.amina.page("GET", f"/s/{owed.reference}")).text
    for told in ("Paid back</span>", "<dt>Given back</dt>", "KSh 2,500 has been given back."):
        assert told in seen
    for past in ("Refund on its way", "To be given back", "will be given back"):
        assert past not in seen


# suspense -----------------------------------------------------------------------------------------


async def too_much(world: World, books: Books) -> Owed:
    """9,000 came where 2,500 was asked for."""
    owed = await books.owed(await world.approved())
    await books.paid(owed, amount=9000)
    return owed


async def test_money_in_suspense_is_put_where_it_belongs(world: World, books: Books) -> None:
    owed = await too_much(world, books)
    html = (await world.makena.page("GET", "/practice/suspense")).text
    assert "KSh 9,000" in html
    assert f"/practice/payments/{owed.charge_id}" in html, "for which it was asked for"
    assert "KSh 2,500 (" in html
    address, key = await keys(world, "/practice/suspense", "place")
    form = {"idempotency_key": key, "reference": owed.reference.lower()}
    answers = [await world.makena.page("POST", address, data=form) for _ in range(2)]
    assert [one.headers["location"] for one in answers] == [f"/practice/payments/{owed.charge_id}"] * 2
    assert await books.value("select status from sessions.session where id = $1", owed.session_id) == "Confirmed"
    assert await books.value("select sum(amount) from payments.duty") == 6500
    assert "Nothing lies in suspense" in (await world.makena.page("GET", "/practice/suspense")).text
    await books.till.ledger_is_true()


async def test_a_reference_that_is_none_is_said_and_nothing_moves(world: World, books: Books) -> None:
    await too_much(world, books)
    address, key = await keys(world, "/practice/suspense", "place")
    for typed in ("", "K7Q2M9X4", "nonsense"):
        answer = await world.makena.page("POST", address, data={"idempotency_key": key, "reference": typed})
        assert answer.status_code == 422
        assert "There is no such reference" in answer.text
        assert re.search(r'<details class="ask" open>', answer.text)
        assert f'value="{typed}"' in answer.text or not typed
    assert await books.value("select count(*) from payments.receipt where charge_id is null") == 1


async def test_money_in_suspense_goes_back_once(world: World, books: Books) -> None:
    await too_much(world, books)
    address, key = await keys(world, "/practice/suspense", "back")
    answers = [await world.makena.page("POST", address, data={"idempotency_key": key}) for _ in range(2)]
    assert [one.headers["location"] for one in answers] == ["/practice/duties"] * 2
    gone = await world.makena.page("POST", address, data={"idempotency_key": "later"})
    assert gone.status_code == 404
    assert "Somebody was faster" in gone.text
    assert "Nothing lies in suspense" in gone.text
    assert await books.value("select sum(amount) from payments.duty") == 9000
    assert "Nothing lies in suspense" in (await world.makena.page("GET", "/practice/suspense")).text
    assert "Belongs to nothing" in (await world.makena.page("GET", "/practice/duties")).text
    address, key = await keys(world, "/practice/duties", "done")
    await world.makena.page("POST", address, data={"idempotency_key": key})
    assert "by Makena" in (await world.makena.page("GET", "/practice/duties?show=all")).text
    await books.till.ledger_is_true()


async def test_only_finance_and_admin_settle_suspense(world: World, books: Books) -> None:
    await too_much(world, books)
    for verb in ("place", "back"):
        address, _ = await keys(world, "/practice/suspense", verb)
        for who in ("wambui", "otieno", "amina"):
            assert (await world.by_name[who].page("POST", address)).status_code == 403
