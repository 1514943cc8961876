"""Acting for a child: who asks, who sees, who is told, what counts, and that it ends at eighteen."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from kikao.accounts.acting import add_person, agree_for, end_acting
from kikao.accounts.wires import Verified
from kikao.core.errors import Invalid, NotFound
from kikao.sessions import actions, evidence, queries, ringing, rules
from sessions.conftest import VAULT, Desk
from support import app as apps
from support.cast import Member, workday

pytestmark = pytest.mark.database


async def a_child(desk: Desk, who: Member, name: str = "Tatu") -> Member:
    """Another child of theirs, as if it were in the cast."""
    async with desk.db.transaction() as conn:
        person_id = await add_person(
            conn, who.actor, name=name, birth_date=date(desk.now.year - 5, 3, 4), relation="parent",
            consent_text_id=desk.cast.consent_text_id, now=desk.now,
        )
    return Known(person_id, name)  # type: ignore[return-value]


class Known:
    has_account = False

    def __init__(self, person_id: UUID, name: str) -> None:
        self.person_id, self.name = person_id, name


async def test_a_mother_asks_sees_is_told_and_acts_as_the_client(desk: Desk) -> None:
    cast = desk.cast
    session_id = await desk.request(cast.zuri, cast.otieno, by=cast.halima)
    await desk.approve(cast.otieno, session_id)
    told = await desk.value(
        "select recipient from notifications.outbox where about = $1 and kind = 'accepted'", session_id)
    assert told == cast.halima.person_id
    async with desk.db.connection() as conn:
        seen = await desk.see(conn, cast.halima, session_id)
        assert (seen.client_name, seen.requested_by) == ("Zuri", cast.halima.person_id)
        assert seen.parties == {rules.CLIENT}
        listed = await queries.listed(conn, cast.halima.actor, queries.Wanted(role="client"), desk.now)
        assert [one.id for one in listed] == [session_id]
        for stranger in (cast.amina, cast.baraka, cast.wanjiru):
            with pytest.raises(NotFound):
                await desk.see(conn, stranger, session_id)
    await desk.cancel(cast.halima, session_id)


async def test_nobody_else_asks_for_a_child(desk: Desk) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.request(desk.cast.zuri, desk.cast.otieno, by=desk.cast.amina)
    assert refused.value.fields[0].code == "not_yours"


async def test_two_children_at_one_hour_are_booked_one_child_twice_is_refused(desk: Desk) -> None:
    cast = desk.cast
    tatu = await a_child(desk, cast.halima)
    await desk.request(cast.zuri, cast.otieno, by=cast.halima)
    assert await desk.request(tatu, cast.wanjiru, by=cast.halima)
    with pytest.raises(actions.OwnOverlap):
        await desk.request(cast.zuri, cast.wanjiru, desk.start + timedelta(minutes=30), by=cast.halima)


async def test_what_one_account_asks_for_counts_whoever_it_is_for(desk: Desk) -> None:
    cast = desk.cast
    tatu = await a_child(desk, cast.halima)
    await desk.request(cast.zuri, cast.otieno, by=cast.halima)
    paid = await desk.request(tatu, cast.wanjiru, by=cast.halima)
    with pytest.raises(actions.TooManyOpen):
        await desk.request(cast.halima, cast.otieno, desk.start + timedelta(hours=3))
    await desk.approve(cast.wanjiru, paid)
    await desk.pay(paid, 3000)  # then up to five
    await desk.request(cast.halima, cast.otieno, desk.start + timedelta(hours=3))
    assert await desk.request(cast.halima, cast.otieno, desk.start + timedelta(hours=5))


async def test_the_other_parent_sees_the_session_and_not_the_note(desk: Desk) -> None:
    cast = desk.cast
    session_id = await desk.request(cast.zuri, cast.otieno, by=cast.halima, note="He does not sleep.")
    await desk.act_for(cast.baraka, cast.zuri)
    async with desk.db.connection() as conn:
        for who, note in ((cast.halima, "He does not sleep."), (cast.otieno, "He does not sleep."),
                          (cast.baraka, None)):
            seen = await desk.see(conn, who, session_id)
            assert await actions.open_note(conn, who.actor, seen, VAULT, desk.now) == note


async def test_at_eighteen_and_when_it_was_ended_the_parent_may_no_longer_act(desk: Desk) -> None:
    cast = desk.cast
    birthday = datetime(2036, 4, 11, 21, 0, tzinfo=UTC)
    session_id = await desk.request(cast.zuri, cast.otieno, by=cast.halima)
    async with desk.db.connection() as conn:
        assert await desk.see(conn, cast.halima, session_id, birthday - timedelta(seconds=1))
        with pytest.raises(NotFound):
            await desk.see(conn, cast.halima, session_id, birthday)
        as_desk = await desk.see(conn, cast.wambui, session_id)
        rung = [len(await ringing.phones(conn, as_desk, at)) for at in (desk.now, birthday)]
        assert rung == [1, 0], "nor is her phone rung for it"
    async with desk.db.transaction() as conn:  # … and is told nothing more
        for kind, when in (("cancelled", birthday - timedelta(seconds=1)), ("expired", birthday)):
            await actions.tell(conn, kind, session_id, when)
        told = await conn.fetch(
            "select kind, recipient from notifications.outbox where kind in ('cancelled', 'expired')")
    assert {tuple(row) for row in told} == {("cancelled", cast.halima.person_id), ("expired", cast.zuri.person_id)}
    await desk.run("update directory.psychologist set licence_until = '2037-01-01'")
    with pytest.raises(Invalid) as refused:
        await desk.request(
            cast.zuri, cast.otieno, desk.start.replace(year=2036, month=4, day=15), by=cast.halima, now=birthday)
    assert refused.value.fields[0].code == "not_yours"
    async with desk.db.transaction() as conn:
        await end_acting(conn, cast.halima.actor, cast.zuri.person_id, desk.now)
        with pytest.raises(NotFound):
            await desk.see(conn, cast.halima, session_id)


async def test_who_is_no_psychologist_any_more_sees_nobody_s_sessions(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    before = desk.cast.otieno.actor
    after = msgspec.structs.replace(before, roles=before.roles - {"psychologist"})
    async with desk.db.connection() as conn:
        assert await queries.visible(conn, before, session_id, desk.now)
        with pytest.raises(NotFound):
            await queries.visible(conn, after, session_id, desk.now)
        assert await queries.listed(conn, after, queries.Wanted(), desk.now) == []


async def test_a_child_needs_the_consent_of_somebody_who_acts_for_it_still(desk: Desk) -> None:
    cast = desk.cast
    await desk.act_for(cast.amina, cast.zuri)
    assert await desk.request(cast.zuri, cast.otieno, by=cast.amina)  # Halima has agreed
    async with desk.db.transaction() as conn:
        await end_acting(conn, cast.halima.actor, cast.zuri.person_id, desk.now)
    with pytest.raises(Invalid) as refused:
        await desk.request(cast.zuri, cast.otieno, desk.start + timedelta(hours=3), by=cast.amina)
    assert refused.value.fields[0].field == "consent"


async def test_of_somebody_grown_up_only_their_own_consent_counts_or_a_carer_s(desk: Desk) -> None:
    cast, came_of_age = desk.cast, desk.now.date() - timedelta(days=18 * 366)
    await desk.run("update accounts.person set birth_date = $2 where id = $1", cast.zuri.person_id, came_of_age)
    await desk.act_for(cast.amina, cast.zuri)
    with pytest.raises(Invalid) as refused:
        await desk.request(cast.zuri, cast.otieno, by=cast.amina)
    assert refused.value.fields[0].field == "consent"
    async with desk.db.transaction() as conn:
        await agree_for(conn, cast.amina.actor, cast.zuri.person_id, cast.consent_text_id, desk.now)
    assert await desk.request(cast.zuri, cast.otieno, by=cast.amina)


async def test_a_sign_up_for_a_child_is_sent_once_the_parent_is_proved(desk: Desk) -> None:
    cast = desk.cast
    session_id = await desk.request(cast.zuri, cast.otieno, by=cast.halima, proved=False)
    assert await desk.value("select count(*) from notifications.outbox") == 0
    await desk.verified(cast.halima)
    assert await desk.value("select recipient from notifications.outbox") == cast.otieno.person_id
    async with desk.db.connection() as conn:
        assert (await desk.see(conn, cast.halima, session_id)).client_id == cast.zuri.person_id


async def test_where_the_parent_has_an_account_already_the_childs_request_goes_over(desk: Desk) -> None:
    """`hand_over` of accounts has made the account act for the child in the same transaction."""
    cast = desk.cast
    session_id = await desk.request(cast.zuri, cast.otieno, by=cast.halima, proved=False)
    await desk.run("update accounts.acts_for set by_person = $1", cast.baraka.person_id)
    async with desk.db.transaction() as conn:
        await evidence.release(conn, Verified(
            cast.baraka.person_id, cast.baraka.account_id, desk.now, cast.halima.person_id))
        seen = await desk.see(conn, cast.baraka, session_id)
    assert (seen.client_id, seen.requested_by, seen.sent_at) == (
        cast.zuri.person_id, cast.baraka.person_id, desk.now)


async def test_the_form_asks_for_whom_where_one_acts_for_somebody(url: str, now: datetime) -> None:
    async with apps.world(url, now) as world:
        query = {"k": "i", "start": workday(now).isoformat()}
        assert "Zuri" not in (await world.amina.browser.get("/t/kbt011/request", params=query)).text
        page = await world.halima.browser.get("/t/kbt011/request", params=query)
        assert f'value="{world.cast.zuri.person_id}"' in page.text
        form = query | {"for": str(world.cast.zuri.person_id)}
        sent = await world.halima.browser.post("/t/kbt011/request", data=form)
        assert sent.status_code == 303, sent.text
        async with world.db.connection() as conn:
            assert await conn.fetchval("select client_id from sessions.session") == world.cast.zuri.person_id
        refused = await world.amina.browser.post("/t/kbt011/request", data=form)
        assert refused.status_code == 422


async def _agreed(world: apps.World, amount: int, minutes: int) -> None:
    """Halima asked for Zuri once; Dr Otieno has agreed a rate for him since."""
    session = await world.request("halima", hour=9, forPersonId=str(world.cast.zuri.person_id))
    await world.otieno.api("PUT", f"/api/sessions/{session['id']}/decline", json={"reason": "full"})
    rate = {"sessionType": "Individual", "amount": amount, "minutes": minutes}
    address = f"/api/psychologists/me/clients/{world.cast.zuri.person_id}"
    assert (await world.otieno.api("PUT", address, json={"rates": [rate]})).status_code == 200


async def test_nobody_is_booked_at_a_price_that_their_page_did_not_show(url: str, now: datetime) -> None:
    async with apps.world(url, now) as world:
        await _agreed(world, 1200, 60)
        page = await world.halima.browser.get(
            "/t/kbt011/request", params={"k": "i", "start": workday(now, hour=11).isoformat()})
        typed = {"for": str(world.cast.zuri.person_id), "note": "He is shy."}
        form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)) | typed
        assert "KSh 2,500" in page.text
        refused = await world.halima.browser.post("/t/kbt011/request", data=form)
        assert refused.status_code == 409
        chosen = f'value="{typed["for"]}" checked'
        for kept in ("The price is not the one that was shown", "KSh 1,200", "He is shy.", chosen):
            assert kept in refused.text
        again = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', refused.text)) | typed
        sent = await world.halima.browser.post("/t/kbt011/request", data=again)
        assert sent.status_code == 303, sent.text
        async with world.db.connection() as conn:
            prices = await conn.fetch("select price from sessions.session where status = 'Pending Approval'")
        assert [row["price"] for row in prices] == [1200]


async def test_whose_consent_was_taken_back_is_agreed_for_in_the_form(url: str, now: datetime) -> None:
    """The refusal leads to the box that it asks for, and a second sending is enough."""
    async with apps.world(url, now) as world:
        zuri = world.cast.zuri.person_id
        await world.halima.page("POST", f"/me/account/consent/{zuri}/withdraw")
        form = {"k": "i", "start": workday(now).isoformat(), "for": str(zuri)}
        refused = await world.halima.browser.post("/t/kbt011/request", data=form)
        assert refused.status_code == 422
        for told in ('href="#f-agreeFor"', 'id="f-agreeFor"', "what is kept about them"):
            assert told in refused.text
        text = re.findall(r'name="consent_text" value="([^"]+)"', refused.text)[0]
        agreed = form | {"consent_text": text, "agreeFor": "yes"}
        assert (await world.halima.browser.post("/t/kbt011/request", data=agreed)).status_code == 303
        stranger = await world.amina.browser.post("/t/kbt011/request", data=agreed)
        assert "You do not act for this person." in stranger.text
