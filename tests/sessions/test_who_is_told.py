"""Who is told of a session where whoever asked for it is not there any more: nobody comes to a cancelled one."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from kikao.accounts import standing
from kikao.sessions.planning import due
from kikao.wiring import wire
from sessions.conftest import VAULT, Desk
from support.cast import Member

pytestmark = pytest.mark.database
AWAY = ("blocked", "deceased")


@pytest.fixture(autouse=True)
def _all_wires() -> None:
    wire()


async def paid_for_zuri(desk: Desk) -> UUID:
    """Asked for by her mother, and Confirmed."""
    session_id = await desk.request(desk.cast.zuri, desk.cast.otieno, by=desk.cast.halima)
    await desk.approve(desk.cast.otieno, session_id)
    await desk.pay(session_id)
    return session_id


async def set_state(desk: Desk, of: Member, state: str) -> None:
    async with desk.db.transaction() as conn:
        await standing.set_state(conn, desk.cast.njeri.actor, VAULT, of.person_id, state, "told so", desk.now)


async def told(desk: Desk, session_id: UUID, kind: str) -> list[UUID]:
    """Whom a message of this kind about it is for, but its psychologist."""
    found: list[UUID] = await desk.value(
        "select coalesce(array_agg(recipient order by id), '{}') from notifications.message"
        " where about = $1 and kind = $2 and recipient <> $3", session_id, kind, desk.cast.otieno.person_id)
    return found


@pytest.mark.parametrize("state", AWAY)
async def test_where_whoever_asked_is_away_another_who_acts_is_told(desk: Desk, state: str) -> None:
    cast = desk.cast
    session_id = await paid_for_zuri(desk)
    await desk.act_for(cast.kamau, cast.zuri)
    await desk.act_for(cast.baraka, cast.zuri)
    await set_state(desk, cast.halima, state)
    await set_state(desk, cast.kamau, state)
    async with desk.db.connection() as conn:
        soon = await due(conn, desk.start - timedelta(minutes=30))
    assert {one.recipient for one in soon if one.about == session_id} == {cast.baraka.person_id}
    await desk.cancel(cast.wambui, session_id)
    assert await told(desk, session_id, "cancelled") == [cast.baraka.person_id]


@pytest.mark.parametrize("state", AWAY)
async def test_where_nobody_else_acts_it_is_the_client_s_and_so_the_desk_s_to_ring(desk: Desk, state: str) -> None:
    """A child has no number: its message stands among those that could not be told."""
    session_id = await paid_for_zuri(desk)
    await set_state(desk, desk.cast.halima, state)
    await desk.cancel(desk.cast.wambui, session_id)
    assert await told(desk, session_id, "cancelled") == [desk.cast.zuri.person_id]


async def test_what_was_on_its_way_to_them_goes_to_whoever_is_told_now(desk: Desk) -> None:
    """A message waits for the morning; by then its reader has died."""
    session_id = await paid_for_zuri(desk)
    await desk.cancel(desk.cast.wambui, session_id)
    assert await told(desk, session_id, "cancelled") == [desk.cast.halima.person_id]
    await desk.act_for(desk.cast.baraka, desk.cast.zuri)
    await set_state(desk, desk.cast.halima, "deceased")
    assert desk.cast.baraka.person_id in await told(desk, session_id, "cancelled")


async def test_what_was_told_already_is_told_nobody_again(desk: Desk) -> None:
    session_id = await paid_for_zuri(desk)
    await desk.cancel(desk.cast.wambui, session_id)
    await desk.run("update notifications.outbox set sent_at = now(), channel = 'sms', due_at = null")
    await desk.act_for(desk.cast.baraka, desk.cast.zuri)
    await set_state(desk, desk.cast.halima, "deceased")
    assert await told(desk, session_id, "cancelled") == [desk.cast.halima.person_id]
