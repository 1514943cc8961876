"""Typed codes, cash and waiving: what each does to the session, the charge and the ledger."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from kikao.core.errors import Forbidden, Invalid, NotPossible, TooOften
from kikao.core.practice import EMPTY
from kikao.payments.errors import AlreadyPaid, ClaimTaken
from kikao.sessions import checking
from kikao.sessions.actions import Reason, TooManyOpen
from sessions.conftest import VAULT, Desk
from support.cast import Member, workday


async def approved(desk: Desk, client: Member | None = None, hours: int = 0) -> UUID:
    session_id = await desk.request(
        client or desk.cast.amina, desk.cast.otieno, desk.start + timedelta(hours=hours)
    )
    await desk.approve(desk.cast.otieno, session_id)
    return session_id


async def submit(desk: Desk, who: Member, session_id: UUID, code: str = "UKM7A1B2C3") -> None:
    async with desk.db.transaction() as conn:
        session = await desk.see(conn, who, session_id)
        await checking.submit_code(conn, who.actor, session, code, desk.now, EMPTY)


async def reject(desk: Desk, who: Member, session_id: UUID) -> None:
    async with desk.db.transaction() as conn:
        session = await desk.see(conn, who, session_id)
        await checking.reject_code(conn, who.actor, session, Reason("no such payment"), desk.now, EMPTY, VAULT)


async def verify(desk: Desk, who: Member, session_id: UUID, amount: int = 2500, method: str = "cash") -> None:
    async with desk.db.transaction() as conn:
        session = await desk.see(conn, who, session_id)
        number = "UKM7A1B2C3" if method == "mpesa" else "slip 17"
        await checking.verify(conn, who.actor, session, method, number, amount, desk.now, EMPTY)


async def waive(desk: Desk, who: Member, session_id: UUID) -> None:
    async with desk.db.transaction() as conn:
        session = await desk.see(conn, who, session_id)
        await checking.waive(conn, who.actor, session, Reason("hardship"), desk.now, VAULT)


async def test_a_typed_code_waits_to_be_checked(desk: Desk) -> None:
    session_id = await approved(desk)
    await submit(desk, desk.cast.amina, session_id, "ukm7 a1b2-c3")
    assert await desk.status(session_id) == "Payment Submitted"
    await verify(desk, desk.cast.wambui, session_id, method="mpesa")
    async with desk.db.connection() as conn:
        session = await desk.see(conn, desk.cast.amina, session_id)
        assert (session.status, session.payment_status) == ("Confirmed", "Verified")
        rows = await conn.fetch("select recipient from notifications.outbox where kind = 'paid'")
        assert {row["recipient"] for row in rows} == {desk.cast.amina.person_id, desk.cast.otieno.person_id}


async def test_a_code_that_nobody_checks_lapses_with_every_worker_dead(desk: Desk) -> None:
    session_id = await approved(desk)
    await submit(desk, desk.cast.amina, session_id)
    assert await desk.status(session_id, desk.start - timedelta(minutes=1)) in ("Payment Submitted", "Expired")
    assert await desk.status(session_id, desk.now + timedelta(hours=49)) == "Expired"
    assert await desk.request(desk.cast.baraka, desk.cast.otieno, now=desk.now + timedelta(hours=49))


async def test_a_rejected_code_is_payable_again_and_the_code_is_free(desk: Desk) -> None:
    session_id = await approved(desk)
    await submit(desk, desk.cast.amina, session_id)
    await reject(desk, desk.cast.njeri, session_id)
    assert await desk.status(session_id) == "Approved"
    await submit(desk, desk.cast.amina, session_id)
    await reject(desk, desk.cast.njeri, session_id)
    with pytest.raises(TooOften):
        await submit(desk, desk.cast.amina, session_id)
    async with desk.db.connection() as conn:
        versions = await conn.fetch("select version from notifications.outbox where kind = 'code rejected' order by 1")
        assert [row["version"] for row in versions] == [1, 2]


async def test_one_code_pays_for_one_thing(desk: Desk) -> None:
    first = await approved(desk)
    second = await approved(desk, desk.cast.baraka, hours=2)
    await submit(desk, desk.cast.amina, first)
    with pytest.raises(ClaimTaken):
        await submit(desk, desk.cast.baraka, second)


async def test_who_may_do_what(desk: Desk) -> None:
    session_id = await approved(desk)
    with pytest.raises(Forbidden):
        await submit(desk, desk.cast.otieno, session_id)
    for who in (desk.cast.amina, desk.cast.otieno):  # a psychologist does not confirm their own payment
        with pytest.raises(Forbidden):
            await verify(desk, who, session_id)
    with pytest.raises(Invalid):
        await submit(desk, desk.cast.amina, session_id, "short")


async def test_cash_in_two_parts(desk: Desk) -> None:
    session_id = await approved(desk)
    await verify(desk, desk.cast.wambui, session_id, 1000)
    async with desk.db.connection() as conn:
        session = await desk.see(conn, desk.cast.amina, session_id)
        assert (session.status, session.payment_status, session.missing) == ("Approved", "Part Paid", 1500)
    async with desk.db.transaction() as conn:
        session = await desk.see(conn, desk.cast.wambui, session_id)
        await checking.verify(conn, desk.cast.wambui.actor, session, "cash", "slip 18", 1500, desk.now, EMPTY)
    assert await desk.status(session_id) == "Confirmed"
    with pytest.raises((AlreadyPaid, NotPossible)):
        await verify(desk, desk.cast.wambui, session_id)


async def test_an_admin_waives_and_both_are_told(desk: Desk) -> None:
    session_id = await approved(desk)
    with pytest.raises(Forbidden):
        await waive(desk, desk.cast.wambui, session_id)
    await waive(desk, desk.cast.njeri, session_id)
    async with desk.db.connection() as conn:
        session = await desk.see(conn, desk.cast.amina, session_id)
        assert (session.status, session.payment_status) == ("Confirmed", "Waived")
    async with desk.db.connection() as conn:
        told = await conn.fetch(
            "select recipient from notifications.outbox where about = $1 and kind = 'confirmed'", session_id)
    assert {row["recipient"] for row in told} == {desk.cast.amina.person_id, desk.cast.otieno.person_id}


@pytest.mark.parametrize(("paid", "more"), [(0, 2), (1000, 5)])
async def test_what_was_waived_does_not_count_as_paid_here(desk: Desk, paid: int, more: int) -> None:
    """Two unpaid sessions at once until money has come, then five; a part of it is money."""
    first = await approved(desk)
    if paid:
        await desk.pay(first, paid)
    await waive(desk, desk.cast.njeri, first)
    for number in range(1, more + 1):
        await desk.request(desk.cast.amina, desk.cast.otieno, workday(desk.now, ahead=3 + 7 * number))
    with pytest.raises(TooManyOpen):
        await desk.request(desk.cast.amina, desk.cast.otieno, workday(desk.now, ahead=3 + 7 * (more + 1)))


@pytest.mark.parametrize(("paid", "hours"), [(0, 1), (2500, 24)])
async def test_who_never_paid_here_and_is_taken_at_once_has_an_hour_to_pay(desk: Desk, paid: int, hours: int) -> None:
    first = await approved(desk)
    if paid:
        await desk.pay(first)
    else:
        await waive(desk, desk.cast.njeri, first)
    await desk.run("update directory.psychologist set takes = 'everyone at once'")
    second = await desk.request(desk.cast.amina, desk.cast.otieno, workday(desk.now, ahead=10))
    until = await desk.value(
        "select open_until from payments.charge where purpose_id = $1", second)
    assert until - desk.now == timedelta(hours=hours)
