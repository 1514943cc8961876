"""The wire from accounts: a contact was proved, and what this person asked for reaches its psychologist."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from sessions.conftest import Desk
from support.cast import Member

pytestmark = pytest.mark.database


async def waits(desk: Desk, client: Member | None = None) -> UUID:
    """A request of somebody whose contact nobody has proved."""
    return await desk.request(client or desk.cast.baraka, desk.cast.otieno, proved=False)


async def sent(desk: Desk, session_id: UUID) -> bool:
    return bool(await desk.value("select sent_at is not null from sessions.session where id = $1", session_id))


async def client_of(desk: Desk, session_id: UUID) -> UUID:
    found: UUID = await desk.value("select client_id from sessions.session where id = $1", session_id)
    return found


async def test_before_it_is_proved_a_request_reaches_nobody(desk: Desk) -> None:
    session_id = await waits(desk)
    assert not await sent(desk, session_id)
    assert await desk.value("select count(*) from notifications.outbox") == 0


async def test_once_proved_it_reaches_its_psychologist_with_the_full_time_to_answer(desk: Desk) -> None:
    session_id = await waits(desk)
    later = desk.now + timedelta(minutes=10)
    await desk.verified(desk.cast.baraka, later)
    assert await sent(desk, session_id)
    assert await desk.value("select hold_until from sessions.session where id = $1", session_id) == (
        later + timedelta(hours=24))
    assert await desk.value("select recipient from notifications.outbox where kind = 'requested'") == (
        desk.cast.otieno.person_id)


async def test_what_had_lapsed_before_stays_over(desk: Desk) -> None:
    session_id = await waits(desk)
    later = desk.now + timedelta(minutes=31)
    await desk.verified(desk.cast.baraka, later)
    assert not await sent(desk, session_id)
    assert await desk.status(session_id, later) == "Expired"


async def test_an_account_takes_over_what_its_owner_asked_for_anew(desk: Desk) -> None:
    session_id = await waits(desk)
    await desk.verified(desk.cast.amina, instead_of=desk.cast.baraka)
    assert await sent(desk, session_id)
    assert await client_of(desk, session_id) == desk.cast.amina.person_id
    assert await desk.value("select requested_by from sessions.session where id = $1", session_id) == (
        desk.cast.amina.person_id)


async def test_who_has_one_unpaid_session_takes_over_a_second(desk: Desk) -> None:
    """Both count as the first of their owner; the one that moves gets a seat of its own."""
    await desk.request(desk.cast.amina, desk.cast.wanjiru, desk.start + timedelta(hours=3))
    session_id = await waits(desk)
    await desk.verified(desk.cast.amina, instead_of=desk.cast.baraka)
    assert await client_of(desk, session_id) == desk.cast.amina.person_id
    assert await desk.value("select open_no from sessions.session where id = $1", session_id) == 2


async def test_who_has_two_unpaid_sessions_does_not(desk: Desk) -> None:
    for hours in (3, 5):
        await desk.request(desk.cast.amina, desk.cast.wanjiru, desk.start + timedelta(hours=hours))
    session_id = await waits(desk)
    await desk.verified(desk.cast.amina, instead_of=desk.cast.baraka)
    assert not await sent(desk, session_id)
    # It is theirs to look at, and the time is free again.
    assert await client_of(desk, session_id) == desk.cast.amina.person_id
    assert await desk.stored(session_id) == "Expired"


async def test_an_overdue_hold_of_theirs_is_not_in_the_way(desk: Desk) -> None:
    """With every worker dead: it is expired first."""
    await desk.request(desk.cast.amina, desk.cast.wanjiru, proved=False)
    later = desk.now + timedelta(minutes=40)
    session_id = await desk.request(desk.cast.baraka, desk.cast.otieno, now=later, proved=False)
    await desk.verified(desk.cast.amina, later, instead_of=desk.cast.baraka)
    assert await client_of(desk, session_id) == desk.cast.amina.person_id


@pytest.mark.parametrize(
    "change",
    [
        "update accounts.person set state = 'blocked' where id = $1",
        "insert into directory.relation (psychologist_id, client_id, closed_at, closed_by)"
        " select id, $1, now(), id from directory.psychologist",
    ],
)
async def test_whom_the_booking_statement_refuses_cannot_come_in_by_a_new_sign_up(desk: Desk, change: str) -> None:
    await desk.run(change, desk.cast.amina.person_id)
    session_id = await waits(desk)
    await desk.verified(desk.cast.amina, instead_of=desk.cast.baraka)
    assert not await sent(desk, session_id)
    assert await desk.value("select count(*) from notifications.outbox") == 0


async def test_a_psychologist_does_not_become_their_own_client(desk: Desk) -> None:
    session_id = await waits(desk)
    await desk.verified(desk.cast.otieno, instead_of=desk.cast.baraka)
    assert not await sent(desk, session_id)


async def test_telling_twice_changes_once(desk: Desk) -> None:
    session_id = await waits(desk)
    await desk.verified(desk.cast.baraka)
    await desk.verified(desk.cast.baraka, desk.now + timedelta(minutes=1))
    assert await desk.value(
        "select count(*) from journal.entry where verb = 'send' and noun_id = $1", session_id) == 1
