"""The verb *book*: what gives way to a reason, what never does, who may, and who is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kikao.accounts.wires import Stands
from kikao.core.errors import Forbidden, Invalid, NotFound, Refusal
from kikao.core.ids import new_id
from kikao.core.practice import EMPTY
from kikao.sessions import actions, booking, by_hand, forgetting, leaving, rules
from sessions.conftest import VAULT, Desk
from support import app as apps
from support.cast import Member, workday

pytestmark = pytest.mark.database
HOUR = timedelta(hours=1)


async def book(desk: Desk, who: Member, client: Member, *, psychologist: Member | None = None, **more: Any) -> UUID:
    values = {"starts_at": desk.start} | more
    wanted = by_hand.ByHand(
        psychologist_id=(psychologist or desk.cast.otieno).person_id, person_id=client.person_id,
        session_type="Individual", **values,
    )
    async with desk.db.transaction() as conn:
        return (await by_hand.book(conn, who.actor, wanted, desk.now, EMPTY, VAULT)).session_id


async def allow(desk: Desk) -> None:
    await desk.run("update directory.psychologist set desk_may_answer = true where id = $1", desk.cast.otieno.person_id)


async def told(desk: Desk, session_id: UUID) -> set[tuple[str, UUID]]:
    async with desk.db.connection() as conn:
        rows = await conn.fetch("select kind, recipient from notifications.outbox where about = $1", session_id)
    return {(row["kind"], row["recipient"]) for row in rows}


async def test_desk_books_for_a_person_without_an_account(desk: Desk) -> None:
    cast = desk.cast
    await allow(desk)
    session_id = await book(desk, cast.wambui, cast.kamau)
    async with desk.db.connection() as conn:
        seen = await desk.see(conn, cast.wambui, session_id)
        line = await conn.fetchrow("select verb, by_account from journal.entry where noun_id = $1", session_id)
    assert (seen.status, seen.requested_by) == ("Approved", cast.kamau.person_id)
    assert seen.booked_by == cast.wambui.account_id
    assert seen.pay_until == desk.now + timedelta(hours=24)
    assert line is not None
    assert tuple(line) == ("book", cast.wambui.account_id)
    # Nobody acts for him: he is told himself. And whoever booked is not his client.
    assert await told(desk, session_id) == {
        ("taken", cast.otieno.person_id), ("accepted", cast.kamau.person_id)}
    assert rules.CLIENT not in seen.parties
    await desk.pay(session_id)
    assert await desk.stored(session_id) == "Confirmed"


async def test_whoever_acts_for_the_person_is_told_and_acts_as_the_client(desk: Desk) -> None:
    cast = desk.cast
    await allow(desk)
    session_id = await book(desk, cast.wambui, cast.zuri)
    assert ("accepted", cast.halima.person_id) in await told(desk, session_id)
    await desk.cancel(cast.halima, session_id)


async def test_a_psychologist_books_for_a_client_of_theirs_only(desk: Desk) -> None:
    cast = desk.cast
    with pytest.raises(NotFound):
        await book(desk, cast.otieno, cast.amina)
    await desk.stage("Completed", desk.now - timedelta(days=9))
    session_id = await book(desk, cast.otieno, cast.amina)
    assert await told(desk, session_id) == {("accepted", cast.amina.person_id)}
    with pytest.raises(Forbidden):
        await book(desk, cast.otieno, cast.amina, psychologist=cast.wanjiru, starts_at=desk.start + 2 * HOUR)


@pytest.mark.parametrize("who", ["wambui", "njeri"])
async def test_desk_and_admin_only_where_the_psychologist_allows_it(desk: Desk, who: str) -> None:
    member: Member = getattr(desk.cast, who)
    with pytest.raises(Forbidden):
        await book(desk, member, desk.cast.amina)
    await allow(desk)
    assert await book(desk, member, desk.cast.amina)
    with pytest.raises(Forbidden):
        await book(desk, desk.cast.halima, desk.cast.amina)


RULES: dict[str, dict[str, timedelta]] = {
    "too_soon": {}, "beyond_horizon": {"shift": timedelta(days=91)},
    "off_grid": {"shift": timedelta(minutes=7)}, "outside_hours": {"shift": timedelta(hours=9)},
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
async def test_rules_give_way_to_a_reason_which_is_kept_and_marked(desk: Desk, rule: str) -> None:
    cast = desk.cast
    await allow(desk)
    if rule == "too_soon":
        await desk.run("update availability.calendar set notice_minutes = 43200")
        start = desk.start
    else:
        start = desk.start + RULES[rule]["shift"]
    with pytest.raises(Invalid) as refused:
        await book(desk, cast.wambui, cast.amina, starts_at=start)
    assert refused.value.fields[0].field == "reason"
    assert rule in refused.value.facts["against"]
    session_id = await book(desk, cast.wambui, cast.amina, starts_at=start, reason="He flies tomorrow")
    async with desk.db.connection() as conn:
        seen = await desk.see(conn, cast.otieno, session_id)
        assert rule in seen.against
        assert await by_hand.open_against(conn, cast.otieno.actor, seen, VAULT, desk.now) == "He flies tomorrow"
        as_client = await desk.see(conn, cast.amina, session_id)
        assert await by_hand.open_against(conn, cast.amina.actor, as_client, VAULT, desk.now) is None
        sealed = await conn.fetchval("select sealed_against from sessions.session where id = $1", session_id)
    assert b"flies" not in sealed


@pytest.mark.parametrize("how", ["old", "erased"])
async def test_why_a_rule_gave_way_is_forgotten_with_the_other_words(desk: Desk, how: str) -> None:
    cast = desk.cast
    await allow(desk)
    start = desk.start + RULES["off_grid"]["shift"]
    session_id = await book(desk, cast.wambui, cast.amina, starts_at=start, reason="He flies tomorrow")
    await desk.cancel(cast.njeri, session_id)
    if how == "old":
        await forgetting.forget(desk.db, desk.now + timedelta(days=31))
    else:
        async with desk.db.transaction() as conn:
            await leaving.stands(conn, Stands(
                cast.amina.person_id, cast.amina.account_id, "erased", cast.njeri.actor, VAULT, desk.now))
    assert await desk.value("select sealed_against from sessions.session where id = $1", session_id) is None


async def test_the_buffer_after_it_gives_way_and_a_kept_time_does_not(desk: Desk) -> None:
    cast = desk.cast
    await allow(desk)
    await desk.stage("Confirmed", desk.start + HOUR)
    session_id = await book(desk, cast.wambui, cast.baraka, reason="It fits")
    assert await desk.value("select buffer_minutes from sessions.session where id = $1", session_id) == 0
    assert await desk.value("select against from sessions.session where id = $1", session_id) == ["buffer"]
    for minutes in (30, 60, 90, 120):  # at it, in it, and in the quarter of an hour that it keeps after itself
        start = desk.start + timedelta(minutes=minutes)
        with pytest.raises(actions.SlotTaken):
            await book(desk, cast.wambui, cast.halima, starts_at=start, reason="Please")


async def test_in_person_against_the_hours_whoever_books_says_where(desk: Desk) -> None:
    cast = desk.cast
    await allow(desk)
    place, late = new_id(), desk.start + 9 * HOUR
    await desk.run(
        "insert into availability.place (id, name, address, created_at) values ($1, 'Mti', 'Ngong Road', $2)",
        place, desk.now)
    with pytest.raises(Invalid) as refused:
        await book(desk, cast.wambui, cast.amina, mode="In Person", starts_at=late, reason="He flies tomorrow")
    (error,) = refused.value.fields
    assert (error.field, error.code) == ("placeId", "missing")
    assert error.detail == "Please say at which of the practice's places."
    session_id = await book(
        desk, cast.wambui, cast.amina, mode="In Person", place_id=place, starts_at=late, reason="He flies tomorrow")
    assert await desk.value("select place_id from sessions.session where id = $1", session_id) == place


async def test_its_page_says_which_rules_it_went_against_and_why_to_those_who_work_with_it(
    url: str, now: datetime
) -> None:
    async with apps.world(url, now) as world:
        async with world.db.transaction() as conn:
            await conn.execute("update directory.psychologist set desk_may_answer = true")
            wanted = by_hand.ByHand(
                psychologist_id=world.cast.otieno.person_id, person_id=world.cast.amina.person_id,
                session_type="Individual", starts_at=workday(now) + 9 * HOUR, reason="He flies tomorrow",
            )
            booked = await by_hand.book(conn, world.cast.wambui.actor, wanted, now, EMPTY, world.app.state.kit.vault)
            reference = await conn.fetchval("select reference from sessions.session where id = $1", booked.session_id)
        for who in ("wambui", "otieno", "njeri"):
            shown = (await world.by_name[who].page("GET", f"/s/{reference}")).text
            assert "It lies outside the hours." in shown
            assert "He flies tomorrow" in shown
        shown = (await world.amina.page("GET", f"/s/{reference}")).text
        assert "outside the hours" not in shown
        assert "flies" not in shown


async def test_what_nobody_goes_against(desk: Desk) -> None:
    cast = desk.cast
    await allow(desk)
    for start in (desk.now - HOUR, desk.start + timedelta(days=400)):
        with pytest.raises(Invalid) as refused:
            await book(desk, cast.wambui, cast.amina, reason="All the same", starts_at=start)
        assert refused.value.fields[0].code in ("in_the_past", "after_licence")
    await desk.run("update accounts.person set state = 'deceased' where id = $1", cast.kamau.person_id)
    with pytest.raises(Invalid):
        await book(desk, cast.wambui, cast.kamau)
    await desk.run(
        "update accounts.consent set withdrawn_at = given_at, withdrawn_by = $1", cast.wambui.account_id)
    with pytest.raises(Invalid) as refused:
        await book(desk, cast.wambui, cast.amina)
    assert refused.value.fields[0].field == "consent"


async def test_a_closed_relation_is_said_to_its_psychologist_and_to_nobody_else(desk: Desk) -> None:
    cast = desk.cast
    await allow(desk)
    await desk.stage("Completed", desk.now - timedelta(days=9))
    await desk.run(
        "insert into directory.relation (psychologist_id, client_id, closed_at, closed_by) values ($1, $2, $3, $1)",
        cast.otieno.person_id, cast.amina.person_id, desk.now,
    )
    with pytest.raises(booking.RelationClosed):
        await book(desk, cast.otieno, cast.amina)
    with pytest.raises(actions.SlotTaken):
        await book(desk, cast.wambui, cast.amina)


async def test_five_unpaid_ones_at_most_and_a_free_one_is_confirmed(desk: Desk) -> None:
    cast = desk.cast
    await allow(desk)
    for number in range(5):
        await book(desk, cast.wambui, cast.kamau, starts_at=desk.start + number * 75 * timedelta(minutes=1), reason="x")
    with pytest.raises(actions.TooManyOpen):
        await book(desk, cast.wambui, cast.kamau, starts_at=workday(desk.start, ahead=1))
    await desk.run(
        "insert into directory.agreed_rate"
        " (id, psychologist_id, client_id, session_type, amount, minutes, from_at, set_by)"
        " values ($1, $2, $3, 'Individual', 0, 60, $4, $1)",
        new_id(), cast.otieno.person_id, cast.baraka.person_id, desk.now)
    free = await book(desk, cast.wambui, cast.baraka, starts_at=workday(desk.start, ahead=1))
    assert await desk.stored(free) == "Confirmed"


async def test_the_same_booking_again_is_the_same_session(desk: Desk) -> None:
    await allow(desk)
    first = await book(desk, desk.cast.wambui, desk.cast.kamau)
    assert await book(desk, desk.cast.wambui, desk.cast.kamau) == first
    with pytest.raises(Refusal):  # by somebody else: he is there already
        await book(desk, desk.cast.njeri, desk.cast.kamau)


async def test_booked_by_hand_costs_what_its_psychologist_asks(desk: Desk) -> None:
    """The public rate, or what was agreed with this client: the same as when they ask themselves, and nothing typed."""
    cast = desk.cast
    await allow(desk)
    assert not {"price", "amount", "rate"} & set(by_hand.ByHand.__struct_fields__)
    await desk.run(
        "insert into directory.agreed_rate"
        " (id, psychologist_id, client_id, session_type, amount, minutes, from_at, set_by)"
        " values ($1, $2, $3, 'Individual', 1200, 45, $4, $5)",
        new_id(), cast.otieno.person_id, cast.baraka.person_id, desk.now, cast.otieno.account_id,
    )
    prices = {}
    for number, (client, by) in enumerate(((cast.amina, cast.wambui), (cast.baraka, cast.wambui))):
        ours = await book(desk, by, client, starts_at=desk.start + 2 * number * HOUR)
        theirs = await desk.request(client, cast.otieno, workday(desk.start, ahead=1) + 2 * number * HOUR)
        prices[client.name] = [await desk.value(
            "select c.amount from sessions.session s join payments.charge c on c.id = s.charge_id where s.id = $1", one)
            for one in (ours, theirs)]
    assert prices == {"Amina": [2500, 2500], "Baraka": [1200, 1200]}
