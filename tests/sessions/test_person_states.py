"""How a person stands (active, blocked, deceased, erased), consent taken back, and all that follows for sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from kikao import wiring_work
from kikao.accounts import standing
from kikao.accounts.acting import agree_for
from kikao.admin import reports
from kikao.core.errors import Forbidden, Invalid, NotFound, NotPossible
from kikao.core.ids import new_id
from kikao.core.practice import EMPTY
from kikao.notifications import actions as notifications
from kikao.notifications import kinds
from kikao.notifications.kinds import Kind, Post, Reader
from kikao.notifications.queries import unreachable
from kikao.notifications.rules import SPOKEN
from kikao.payments import charges
from kikao.sessions import booking, notices, reminding, rules
from kikao.sessions.actions import SlotTaken
from kikao.sessions.leaving import StillAhead
from kikao.wiring import wire
from sessions.conftest import VAULT, Desk
from support.cast import Member
from support.people import tools


@pytest.fixture(autouse=True)
def _all_wires() -> None:
    wire()


async def set_state(desk: Desk, by: Member, of: Member, state: str, reason: str = "told so by a relative") -> None:
    async with desk.db.transaction() as conn:
        await standing.set_state(conn, by.actor, VAULT, of.person_id, state, reason, desk.now)


async def withdraw(desk: Desk, by: Member, of: Member) -> bool:
    async with desk.db.transaction() as conn:
        return await standing.withdraw_consent(conn, by.actor, VAULT, of.person_id, desk.now)


async def waiting_and_confirmed(desk: Desk) -> tuple[UUID, UUID]:
    """Both of Amina with Dr Otieno: one that waits for its money, one that is paid."""
    waits = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, waits)
    paid = await desk.request(desk.cast.amina, desk.cast.otieno, desk.start + timedelta(hours=2))
    await desk.approve(desk.cast.otieno, paid)
    await desk.pay(paid)
    return waits, paid


@pytest.mark.parametrize("state", ["blocked", "deceased"])
async def test_what_waits_ends_and_what_is_confirmed_stays_the_practice_s_to_cancel(desk: Desk, state: str) -> None:
    waits, paid = await waiting_and_confirmed(desk)
    await set_state(desk, desk.cast.wambui, desk.cast.amina, state)
    assert [await desk.stored(one) for one in (waits, paid)] == ["Cancelled", "Confirmed"]
    with pytest.raises(SlotTaken):
        await desk.request(desk.cast.amina, desk.cast.otieno, desk.start + timedelta(hours=4))
    await desk.cancel(desk.cast.njeri, paid)
    assert await desk.owed(paid) == 2500
    await set_state(desk, desk.cast.wambui, desk.cast.amina, "active", "it was somebody else")
    await desk.request(desk.cast.amina, desk.cast.otieno, desk.start + timedelta(hours=4))


async def test_whoever_is_blocked_books_for_nobody_else_either(desk: Desk) -> None:
    await set_state(desk, desk.cast.njeri, desk.cast.halima, "blocked")
    asked = msgspec.structs.replace(desk.asked(desk.cast.halima, desk.cast.otieno), client_id=desk.cast.zuri.person_id)
    with pytest.raises(SlotTaken):
        async with desk.db.transaction() as conn:
            await booking.request(conn, asked, desk.now, EMPTY, VAULT)


# What is no message about a client: codes, and a psychologist's own day.
OF_NO_CLIENT = {"tomorrow"}


async def test_nothing_is_sent_for_the_deceased(desk: Desk) -> None:
    """Whatever the kind and the status, to whoever requested or paid; the psychologist still hears that a time is free.
    Of every kind that there is, so a new one says how it is here."""
    told: dict[str, set[str]] = {"active": set(), "deceased": set(), "erased": set()}
    theirs, every = set(), [kind for kind in every_kind() if not kind.code]
    for number, status in enumerate(rules.STATUSES):
        session_id = await desk.stage(status, desk.start + timedelta(days=7 * number), open_no=number + 1)
        attempt = await tried(desk, session_id, "+254700000077", "failed")
        abouts = [session_id, attempt, *await two_duties(desk, session_id)]
        for state, found in told.items():
            await desk.run("update accounts.person set state = $2 where id = $1", desk.cast.amina.person_id, state)
            for about in abouts:
                found |= await kinds_told(desk, about, desk.cast.halima, every)
        theirs |= await kinds_told(desk, session_id, desk.cast.otieno)
    assert {kind.name for kind in every} - OF_NO_CLIENT == told["active"]
    assert told["deceased"] == told["erased"] == set()
    assert "cancelled" in theirs


def every_kind() -> list[Kind]:
    """All kinds of messages of the running program."""
    before = dict(kinds.KINDS)
    kinds.KINDS.clear()
    wiring_work.wire()
    found = list(kinds.KINDS.values())
    kinds.KINDS.clear()
    kinds.KINDS.update(before)
    return found


async def two_duties(desk: Desk, session_id: UUID) -> list[UUID]:
    """Money that comes back for it, and money that is back."""
    found = []
    for done_at in (None, desk.now):
        found.append(new_id())
        await desk.run(
            """
            insert into payments.duty (id, charge_id, amount, why, until_at, created_at, done_at, done_by)
            select $1, charge_id, 100, 'cancelled', $3, $3, $4, $5 from sessions.session where id = $2
            """,
            found[-1], session_id, desk.now, done_at, desk.cast.njeri.account_id if done_at else None)
    return found


async def test_of_money_that_goes_back_whoever_paid_for_the_deceased_is_told_by_a_person(desk: Desk) -> None:
    """It is written to nobody, and stands on the list of whom the desk rings, with its reference."""
    halima, paid = desk.cast.halima, await desk.paid_one()
    await desk.run("update payments.charge set payer_account = $1", halima.account_id)
    await set_state(desk, desk.cast.wambui, desk.cast.amina, "deceased")
    await desk.cancel(desk.cast.wambui, paid)
    duty = await desk.value("select id from payments.duty")
    assert await kinds_told(desk, duty, halima, every_kind()) == set()
    coming = "select recipient from notifications.message where kind = 'money comes back'"
    assert await desk.value(coming) == halima.person_id, "before it is back, too: no message of the session goes out"
    async with desk.db.transaction() as conn:
        await charges.done(conn, desk.cast.njeri.actor, duty, desk.now)
    assert await kinds_told(desk, duty, halima, every_kind()) == set()
    row = await desk.value("select id from notifications.message where kind = 'money given back' and recipient = $1",
                           halima.person_id)
    async with desk.db.transaction() as conn:
        await notifications.drop(conn, row, SPOKEN, desk.now)
        assert [one.id for one in (await unreachable(conn))[0]] == [row]
        about = (await reports.about(conn, [row]))[row]
        reference = await conn.fetchval("select reference from sessions.session where id = $1", paid)
    assert (about.name, about.reference) == ("Halima", reference)


async def test_what_the_clock_tells_of_somebody_away_goes_to_nobody_who_acts_for_them(desk: Desk) -> None:
    """Whatever the kind: to whom the session is told while all is well, and to whom not any more."""
    cast = desk.cast
    told: dict[str, set[str]] = {"active": set(), "blocked": set(), "deceased": set(), "erased": set()}
    to_psychologist = set()
    for number, status in enumerate(("Pending Approval", "Approved", "Confirmed")):
        session_id = await desk.stage(status, desk.start + timedelta(days=7 * number), open_no=number + 1)
        for state, found in told.items():
            await desk.run("update accounts.person set state = $2 where id = $1", cast.amina.person_id, state)
            found |= await kinds_told(desk, session_id, cast.halima, reminding.KINDS)
        to_psychologist |= await kinds_told(desk, session_id, cast.otieno, reminding.KINDS)
    assert told["active"] >= {"unpaid", "reminder", "soon"}
    assert told["blocked"] == told["deceased"] == told["erased"] == set()
    assert "answer soon" in to_psychologist, "who waits for an answer is told of nobody's state"


async def kinds_told(
    desk: Desk, session_id: UUID, to: Member, of: Iterable[Kind] = notices.KINDS
) -> set[str]:
    reader = Reader(person_id=to.person_id, state="active", language="en", time_zone="Africa/Nairobi")
    found = set()
    for kind in of:
        post = Post(id=new_id(), kind=kind.name, about=session_id, recipient=to.person_id, version=1,
                    created_at=desk.now)
        async with desk.db.transaction() as conn:
            made = await kind.compose(conn, post, reader, tools(desk.now))
            if made is not None and not made.spoken:
                found.add(kind.name)
    return found


async def test_erased_name_contacts_and_words_go_and_the_ledger_keeps_an_id(desk: Desk) -> None:
    amina = desk.cast.amina
    waits, paid = await waiting_and_confirmed(desk)
    noted = await desk.request(amina, desk.cast.wanjiru, desk.start + timedelta(hours=4), note="Please speak slowly.")
    with pytest.raises(StillAhead):
        await set_state(desk, desk.cast.njeri, amina, "erased")
    assert await desk.stored(waits) == "Approved", "a refusal undoes all of it"
    await desk.cancel(desk.cast.njeri, paid)
    phone = await desk.value("select id from accounts.contact_point where value = $1", amina.phone)
    await desk.run("update payments.charge set payer_contact = $1", phone)
    await set_state(desk, desk.cast.njeri, amina, "erased", "she asked for it")

    left = await desk.value("select to_jsonb(p)::text from accounts.person p where id = $1", amina.person_id)
    everything = [left] + [
        await desk.value(f"select coalesce(string_agg(to_jsonb(t)::text, ' '), '') from {table} t")
        for table in ("accounts.account", "accounts.contact_point", "accounts.login", "accounts.verification",
                      "journal.entry", "notifications.outbox", "payments.charge", "payments.move", "payments.receipt",
                      "sessions.session")
    ]
    for word in ("Amina", amina.phone, amina.email):
        assert word not in " ".join(everything)
    assert await desk.value("select sealed_note from sessions.session where id = $1", noted) is None
    assert await desk.value("select count(*) from payments.charge where payer_account = $1", amina.account_id) == 3
    assert await desk.value("select sum(amount) from payments.move") > 0
    assert await desk.value("select count(*) from accounts.consent where person_id = $1", amina.person_id) == 1
    with pytest.raises(NotPossible):
        await set_state(desk, desk.cast.njeri, amina, "active")


async def test_of_the_erased_only_the_number_that_paid_stays(desk: Desk) -> None:
    amina, baraka = desk.cast.amina, desk.cast.baraka
    _waits, paid = await waiting_and_confirmed(desk)
    theirs = await desk.request(baraka, desk.cast.otieno, desk.start + timedelta(hours=5))
    for session_id, state in ((paid, "paid"), (paid, "failed"), (paid, "unknown"), (theirs, "failed")):
        await tried(desk, session_id, amina.phone, state)
    await tried(desk, paid, "+254700000077", "refused")
    await tried(desk, theirs, baraka.phone, "failed")
    await desk.cancel(desk.cast.njeri, paid)
    await set_state(desk, desk.cast.njeri, amina, "erased", "she asked for it")
    kept = await desk.value(
        "select array_agg(state || ' ' || phone order by state, phone) from payments.attempt where phone is not null")
    assert kept == [f"failed {baraka.phone}", f"paid {amina.phone}", f"unknown {amina.phone}"]
    assert await desk.value("select count(*) from payments.attempt where phone is null") == 3


async def tried(desk: Desk, session_id: UUID, phone: str, state: str) -> UUID:
    made = new_id()
    await desk.run(
        """
        insert into payments.attempt
            (id, charge_id, amount, phone, state, created_at, expires_at, decided_at, token_hash)
        select $1, charge_id, 100, $2, $3, now(), now() + interval '90 s', now(), $4
        from sessions.session where id = $5
        """,
        made, phone, state, made.bytes, session_id,
    )
    return made


async def test_who_may_say_how_a_person_stands(desk: Desk) -> None:
    cast = desk.cast
    for by, of, state, refusal in (
        (cast.baraka, cast.amina, "blocked", Forbidden),
        (cast.otieno, cast.amina, "blocked", Forbidden),
        (cast.wambui, cast.amina, "erased", Forbidden),
        (cast.wambui, cast.otieno, "blocked", Forbidden),
        (cast.njeri, cast.njeri, "blocked", Forbidden),
        (cast.njeri, cast.otieno, "erased", NotPossible),  # who works here
        (cast.njeri, cast.amina, "active", NotPossible),  # so it is
        (cast.njeri, cast.amina, "asleep", Invalid),
    ):
        with pytest.raises(refusal):
            await set_state(desk, by, of, state)
    with pytest.raises(Invalid):
        await set_state(desk, cast.njeri, cast.amina, "blocked", "  ")
    await set_state(desk, cast.wambui, cast.kamau, "deceased", "his daughter rang")
    async with desk.db.transaction() as conn:
        lines = await standing.standings(conn, cast.njeri.actor, VAULT, cast.kamau.person_id, desk.now)
        with pytest.raises(Forbidden):
            await standing.standings(conn, cast.otieno.actor, VAULT, cast.kamau.person_id, desk.now)
    assert [(line.state, line.reason, line.by_account) for line in lines] == [
        ("deceased", "his daughter rang", cast.wambui.account_id)]
    assert "daughter" not in await desk.value("select string_agg(to_jsonb(e)::text, ' ') from journal.entry e")


async def test_consent_taken_back_ends_what_waits_and_takes_no_new_request(desk: Desk) -> None:
    amina = desk.cast.amina
    waits, paid = await waiting_and_confirmed(desk)
    await desk.pay(waits, 500)
    assert await withdraw(desk, amina, amina)
    assert not await withdraw(desk, amina, amina), "a second time changes nothing"
    assert [await desk.stored(one) for one in (waits, paid)] == ["Cancelled", "Confirmed"]
    assert (await desk.owed(waits), await desk.owed(paid)) == (500, 0)
    row = await desk.value("select to_jsonb(c) from accounts.consent c where person_id = $1", amina.person_id)
    assert (row["withdrawn_by"], row["withdrawn_at"] is not None) == (str(amina.account_id), True)
    with pytest.raises(Invalid) as refused:
        await desk.request(amina, desk.cast.otieno, desk.start + timedelta(hours=4))
    assert refused.value.fields[0].field == "consent"


async def test_consent_is_taken_back_also_in_the_minutes_after_the_start(desk: Desk) -> None:
    """An unpaid one keeps its time a little longer than it can be paid; too late to cancel, and not to say no."""
    amina, begun = desk.cast.amina, desk.now + timedelta(minutes=3)
    waits = await desk.stage("Approved", desk.now + timedelta(minutes=1), hold=timedelta(minutes=6))
    await desk.pay(waits, 500)
    async with desk.db.transaction() as conn:
        assert await standing.withdraw_consent(conn, amina.actor, VAULT, amina.person_id, begun)
    assert (await desk.stored(waits), await desk.owed(waits)) == ("Cancelled", 500)


async def both_ask_for_zuri(desk: Desk) -> tuple[UUID, UUID]:
    """Halima and Amina act for Zuri, both have agreed, each asked for a time."""
    cast = desk.cast
    await desk.act_for(cast.amina, cast.zuri)
    await agree(desk, cast.amina, cast.zuri)
    return (await desk.request(cast.zuri, cast.otieno, by=cast.halima),
            await desk.request(cast.zuri, cast.wanjiru, desk.start + timedelta(hours=2), by=cast.amina))


async def agree(desk: Desk, by: Member, of: Member) -> None:
    async with desk.db.transaction() as conn:
        await agree_for(conn, by.actor, of.person_id, desk.cast.consent_text_id, desk.now)


async def test_of_two_who_act_for_one_child_each_takes_back_their_own(desk: Desk) -> None:
    cast, later = desk.cast, desk.start + timedelta(hours=5)
    of_halima, of_amina = await both_ask_for_zuri(desk)
    assert await withdraw(desk, cast.halima, cast.zuri)
    assert not await withdraw(desk, cast.halima, cast.zuri), "hers is gone, the other is not hers"
    assert [await desk.stored(one) for one in (of_halima, of_amina)] == ["Cancelled", "Pending Approval"]
    with pytest.raises(Invalid) as refused:
        await desk.request(cast.zuri, cast.otieno, later, by=cast.halima)
    assert refused.value.fields[0].field == "consent"
    await agree(desk, cast.halima, cast.zuri)
    assert await desk.request(cast.zuri, cast.otieno, later, by=cast.halima)


async def test_with_the_last_consent_for_a_child_all_that_waits_ends(desk: Desk) -> None:
    cast = desk.cast
    of_halima, of_amina = await both_ask_for_zuri(desk)
    await desk.run("update sessions.session set requested_by = $2 where id = $1", of_amina, cast.wambui.person_id)
    done = await asyncio.gather(withdraw(desk, cast.halima, cast.zuri), withdraw(desk, cast.amina, cast.zuri))
    assert all(done)
    assert [await desk.stored(one) for one in (of_halima, of_amina)] == ["Cancelled", "Cancelled"]


async def test_the_practice_takes_back_all_consent_for_a_child(desk: Desk) -> None:
    asked = await both_ask_for_zuri(desk)
    assert await withdraw(desk, desk.cast.wambui, desk.cast.zuri)
    assert [await desk.stored(one) for one in asked] == ["Cancelled", "Cancelled"]


async def test_who_may_take_consent_back(desk: Desk) -> None:
    cast = desk.cast
    for stranger in (cast.baraka, cast.otieno):
        with pytest.raises(NotFound):
            await withdraw(desk, stranger, cast.zuri)
    assert await withdraw(desk, cast.halima, cast.zuri)  # acts for him
    assert await withdraw(desk, cast.wambui, cast.kamau)  # he rang the desk
