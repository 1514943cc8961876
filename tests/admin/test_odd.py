"""What a person has to look at is listed for whoever can do something about it."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from admin.books import Books, Owed
from support.app import World


async def typed_code(world: World, books: Books, code: str = "UKM1234567") -> Owed:
    owed = await books.owed(await world.approved())
    answer = await world.amina.api(
        "POST", f"/api/sessions/{owed.session_id}/submit-payment", json={"transactionCode": code}
    )
    assert answer.status_code == 200, answer.text
    return owed


@pytest.mark.parametrize(
    ("page", "allowed"),
    [("codes", {"wambui", "makena", "njeri"}), ("stuck", {"wambui", "makena", "njeri"}),
     ("unreached", {"wambui", "njeri"})],
)
async def test_desk_sees_codes_and_who_was_not_reached(world: World, page: str, allowed: set[str]) -> None:
    for who in ("wambui", "makena", "njeri", "otieno", "amina"):
        answer = await world.by_name[who].page("GET", f"/practice/{page}")
        assert answer.status_code == (200 if who in allowed else 403), who


# codes --------------------------------------------------------------------------------------------


async def test_a_typed_code_waits_with_what_is_needed_to_check_it(world: World, books: Books) -> None:
    owed = await typed_code(world, books)
    for who in ("wambui", "makena"):
        html = (await world.by_name[who].page("GET", "/practice/codes")).text
        for told in (f"/s/{owed.reference}/money", "UKM1234567", "KSh 2,500", "Code being checked"):
            assert told in html
        assert (await world.by_name[who].page("GET", f"/s/{owed.reference}/money")).status_code == 200
        assert "Codes to check" in (await world.by_name[who].page("GET", "/practice")).text


async def test_a_code_that_was_checked_is_gone_from_the_list(world: World, books: Books) -> None:
    owed = await typed_code(world, books)
    form = {"method": "mpesa", "number": "UKM1234567", "amount": "2500"}
    assert (await world.wambui.page("POST", f"/s/{owed.reference}/verify", data=form)).status_code == 303
    assert "No code to check" in (await world.wambui.page("GET", "/practice/codes")).text


async def test_a_code_that_nobody_checked_in_time_stands_apart(world: World, books: Books) -> None:
    owed = await typed_code(world, books)
    await books.value(
        "update sessions.session set hold_until = now() - interval '1 minute' where id = $1", owed.session_id
    )
    html = (await world.wambui.page("GET", "/practice/codes")).text
    assert html.index("No code to check") < html.index("No time waits for these") < html.index("UKM1234567")
    assert "Expired" in html
    assert "Codes to check" in (await world.wambui.page("GET", "/practice")).text


@pytest.mark.parametrize("deed", ["came", "did not come"])
async def test_no_code_stays_in_the_list_for_ever(world: World, books: Books, deed: str) -> None:
    owed = await typed_code(world, books)
    await books.value("update sessions.session set hold_until = now() - interval '1 minute'")
    html = (await world.makena.page("GET", f"/s/{owed.reference}/money")).text
    assert "Did the money come?" in html
    assert "Nothing to do here" not in html
    if deed == "came":
        form = {"method": "mpesa", "number": "UKM1234567", "amount": "2500"}
        answer = await world.makena.page("POST", f"/s/{owed.reference}/verify", data=form)
    else:
        assert (await world.makena.page("POST", f"/s/{owed.reference}/reject", data={})).status_code == 422
        answer = await world.makena.page("POST", f"/s/{owed.reference}/reject", data={"reason": "not there"})
    assert answer.status_code == 303, answer.text
    html = (await world.wambui.page("GET", "/practice/codes")).text
    assert "UKM1234567" not in html
    assert "No code to check" in html
    assert "Codes to check" not in (await world.wambui.page("GET", "/practice")).text


async def test_old_codes_never_hide_one_whose_time_is_kept(world: World, books: Books) -> None:
    """More than a page of those that nobody answered, all older; and each list goes on."""
    owed = await typed_code(world, books)
    await books.value(
        """
        with old as (
            insert into payments.charge (id, purpose, purpose_id, reference, amount, link_hash, created_at, closed_at)
            select gen_random_uuid(), 'session', gen_random_uuid(), 'OLD' || n, 100, n::text::bytea, now(), now()
            from generate_series(101, 160) n returning id, reference)
        insert into payments.claim (id, charge_id, code, state, made_at, made_by)
        select id, id, 'UKM0000' || right(reference, 3), 'open', now() - interval '90 days', id from old
        """)
    html = (await world.wambui.page("GET", "/practice/codes")).text
    assert html.index("UKM1234567") < html.index("No time waits for these") < html.index("UKM0000")
    first = set(re.findall(r"UKM0000\d{3}", html))
    [more] = re.findall(r'href="(/practice/codes\?show=late[^"]+)"', html)
    html = (await world.wambui.page("GET", more.replace("&amp;", "&"))).text
    rest = set(re.findall(r"UKM0000\d{3}", html))
    assert (len(first), len(rest), first & rest) == (50, 10, set())
    assert owed.reference not in html
    # Answered meanwhile: the page is empty, and the list begins anew; what it says then is true of this list alone.
    await books.value("delete from payments.claim where code = any ($1)", list(rest))
    html = (await world.wambui.page("GET", more.replace("&amp;", "&"))).text
    assert set(re.findall(r"UKM0000\d{3}", html)) == first
    await books.value("delete from payments.claim where code like 'UKM0000%'")
    html = (await world.wambui.page("GET", more.replace("&amp;", "&"))).text
    assert "Every code is answered." not in html
    assert "No such code is left to answer." in html
    assert owed.reference in (await world.wambui.page("GET", "/practice/codes")).text


# letters ------------------------------------------------------------------------------------------


async def test_contradictions_stand_before_letters_that_fit_nothing(world: World, books: Books) -> None:
    contradicted = await books.owed(await world.approved())
    await books.contradicted(contradicted)
    forged = await books.owed(await world.approved("baraka", hour=12))
    await books.forged(await books.paid(forged, "+254700000004"))
    html = (await world.makena.page("GET", "/practice/strays")).text
    assert html.index("now says that it was not") < html.index("Moved nothing")
    for owed in (contradicted, forged):
        assert f"/practice/payments/{owed.charge_id}" in html
    one = (await world.makena.page("GET", f"/practice/payments/{contradicted.charge_id}")).text
    assert "Something does not add up here" in one
    assert "Payments that do not add up" in (await world.makena.page("GET", "/practice")).text


# stuck --------------------------------------------------------------------------------------------


async def again(world: World, who: str, kind: str, row_id: UUID, key: str = "one") -> int:
    answer = await world.by_name[who].page(
        "POST", f"/practice/stuck/{kind}/{row_id}/again", data={"idempotency_key": key}
    )
    return answer.status_code


async def test_a_stuck_try_is_tried_again_once(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    attempt = await books.stuck_attempt(owed)
    html = (await world.makena.page("GET", "/practice/stuck")).text
    assert f"/practice/stuck/attempt/{attempt}/again" in html
    assert "TimeoutError" in html
    assert "Something is stuck" in (await world.makena.page("GET", "/practice")).text
    assert [await again(world, "makena", "attempt", attempt, key) for key in ("one", "one", "two")] == [303] * 3
    assert await books.value("select tries from payments.attempt where id = $1", attempt) == 0
    assert await books.value("select count(*) from journal.entry where verb = 'try again'") == 1
    assert "Nothing is stuck." in (await world.makena.page("GET", "/practice/stuck")).text


async def test_messages_are_the_desks_and_money_is_finances(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    attempt = await books.stuck_attempt(owed)
    message = await books.message(owed.session_id, world.cast.amina.person_id)
    desk, finance, admin = [
        (await world.by_name[who].page("GET", "/practice/stuck")).text for who in ("wambui", "makena", "njeri")
    ]
    assert [str(attempt) in html for html in (desk, finance, admin)] == [False, True, True]
    assert [str(message) in html for html in (desk, finance, admin)] == [True, False, True]
    assert await again(world, "wambui", "attempt", attempt) == 403
    assert await again(world, "makena", "message", message) == 403
    assert await again(world, "njeri", "nonsense", attempt) == 404
    assert await again(world, "wambui", "message", message) == 303
    assert await books.value("select tries from notifications.outbox where id = $1", message) == 0


async def test_somebody_who_could_not_be_reached_is_named_with_their_session(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    message = await books.message(owed.session_id, world.cast.amina.person_id, dropped="no contact")
    html = (await world.wambui.page("GET", "/practice/unreached")).text
    assert re.search(rf"Amina.*/s/{owed.reference}.*No contact that works", html, re.DOTALL)
    assert str(message) in html
    assert "could not be reached" in (await world.wambui.page("GET", "/practice")).text


@pytest.mark.parametrize("dropped", ["no contact", None])
async def test_who_was_told_by_telephone_is_off_the_list_and_gets_no_message(
    world: World, books: Books, dropped: str | None
) -> None:
    """Also where the message was stuck."""
    owed = await books.owed(await world.approved())
    message = await books.message(owed.session_id, world.cast.amina.person_id, dropped=dropped)
    address = f"/practice/unreached/{message}/told"
    assert (await world.makena.page("POST", address)).status_code == 403
    for key in ("one", "one", "two"):
        answer = await world.wambui.page("POST", address, data={"idempotency_key": key})
        assert (answer.status_code, answer.headers["location"]) == (303, "/practice/unreached")
    assert "Everybody could be reached" in (await world.wambui.page("GET", "/practice/unreached")).text
    told_by = "select told_by from notifications.outbox where id = $1 and due_at is null"
    assert await books.value(told_by, message) == world.cast.wambui.account_id
    assert await books.value("select count(*) from journal.entry where verb = 'tell by telephone'") == 1


async def test_nobody_drops_off_untold_and_the_overview_counts_the_very_list(world: World, books: Books) -> None:
    """Two pages of people, the first of them 40 days old: told by nobody, so still to be rung."""
    owed = await books.owed(await world.approved())
    oldest = await books.message(owed.session_id, world.cast.amina.person_id, dropped="no contact")
    await books.value(
        "update notifications.outbox set dropped_at = dropped_at - interval '40 days' where id = $1", oldest)
    await books.value(
        """
        insert into notifications.outbox (id, kind, about, recipient, created_at, dropped_at, dropped_why)
        select gen_random_uuid(), kind, gen_random_uuid(), recipient, created_at, created_at, dropped_why
        from notifications.outbox, generate_series(1, 69) where id = $1
        """,
        oldest,
    )
    assert "could not be reached: 70<" in (await world.wambui.page("GET", "/practice")).text
    first = (await world.wambui.page("GET", "/practice/unreached")).text
    [on] = re.findall(r'href="(/practice/unreached\?after=[^"]+)"', first)
    second = (await world.wambui.page("GET", on)).text
    listed = [re.findall(r'action="/practice/unreached/([^/]+)/told[?"]', html) for html in (first, second)]
    assert [len(set(one)) for one in listed] == [50, 20]
    assert len({*listed[0], *listed[1]}) == 70
    assert listed[1][-1] == str(oldest)
    assert 'href="/practice/unreached"' in second
    assert 'href="/practice/unreached?after=' not in second
    for address in re.findall(r'action="(/practice/unreached/[^"]+)"', second):
        answer = await world.wambui.page("POST", address)
        assert answer.headers["location"] == on
    assert (await world.wambui.page("GET", on)).text.count("/told") == first.count("/told")


@pytest.mark.parametrize("why", ["no longer true", "reader is deceased"])
async def test_what_nobody_has_to_tell_cannot_be_ticked_off(world: World, books: Books, why: str) -> None:
    owed = await books.owed(await world.approved())
    message = await books.message(owed.session_id, world.cast.amina.person_id, dropped=why)
    assert "Amina" not in (await world.wambui.page("GET", "/practice/unreached")).text
    answer = await world.wambui.page("POST", f"/practice/unreached/{message}/told", data={"idempotency_key": "one"})
    assert answer.status_code == 404


@pytest.mark.parametrize("state", ["blocked", "deceased", "erased"])
async def test_nobody_is_asked_to_ring_for_the_dead(world: World, books: Books, state: str) -> None:
    owed = await books.owed(await world.approved())
    await books.message(owed.session_id, world.cast.amina.person_id, dropped="no contact")
    await books.value("update accounts.person set state = $2 where id = $1", world.cast.amina.person_id, state)
    assert "Amina" not in (await world.wambui.page("GET", "/practice/unreached")).text


# the overview -------------------------------------------------------------------------------------


async def test_the_overview_leads_everybody_only_where_they_may_go(world: World, books: Books) -> None:
    owed = await typed_code(world, books)
    await books.stuck_attempt(owed)
    for who in ("wambui", "makena", "njeri"):
        html = (await world.by_name[who].page("GET", "/practice")).text
        addresses = set(re.findall(r'href="(/practice/[^"#]+)"', html))
        assert addresses
        for address in addresses:
            answer = await world.by_name[who].page("GET", address.replace("&amp;", "&"))
            assert answer.status_code == 200, (who, address)


async def test_an_empty_practice_has_a_face_for_every_page(world: World) -> None:
    for page in ("payments", "duties", "duties?show=all", "suspense", "strays", "stuck", "unreached", "codes"):
        answer = await world.njeri.page("GET", f"/practice/{page}")
        assert answer.status_code == 200, page
        assert 'role="table"' not in answer.text, page
