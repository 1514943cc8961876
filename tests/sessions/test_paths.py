"""Every path that can take a time honours a time that is held: one table for all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from kikao.core.errors import Refusal
from kikao.core.practice import EMPTY
from kikao.sessions import by_hand
from kikao.sessions.rules import APPROVED, CONFIRMED, EXPIRED, IN_PROGRESS, PAYMENT_SUBMITTED, PENDING_APPROVAL
from sessions.conftest import VAULT, Desk
from sessions.test_invariants import overlapping
from support.cast import Member

pytestmark = pytest.mark.database
AN_HOUR = timedelta(hours=1)


class Time:
    """Whose time is wanted: this psychologist's at the desk's start, for this client."""

    def __init__(self, client: Member, psychologist: Member) -> None:
        self.client, self.psychologist = client, psychologist


Path = Callable[[Desk, Time], Awaitable[bool]]


async def request(desk: Desk, time: Time) -> bool:
    try:
        await desk.request(time.client, time.psychologist)
    except Refusal:
        return False
    return True


async def be_paid_late(desk: Desk, time: Time) -> bool:
    late = await desk.stage(EXPIRED, client=time.client, psychologist=time.psychologist)
    await desk.pay(late)
    return await desk.stored(late) == CONFIRMED


async def taken_over_by_a_verified_account(desk: Desk, time: Time) -> bool:
    """A sign-up of somebody who has an account asks for the time; then the account takes the request over."""
    newcomer = desk.cast.halima
    try:
        asked = await desk.request(newcomer, time.psychologist, proved=False)
    except Refusal:
        return False
    await desk.verified(time.client, instead_of=newcomer)
    return bool(await desk.value("select sent_at is not null from sessions.session where id = $1", asked))


async def raw_insert(desk: Desk, time: Time) -> bool:
    """As an importer or somebody at midnight would."""
    try:
        await desk.stage(PENDING_APPROVAL, client=time.client, psychologist=time.psychologist, open_no=2)
    except asyncpg.ExclusionViolationError:
        return False
    return True


async def raw_move(desk: Desk, time: Time) -> bool:
    """A session of another day that is moved here."""
    moved = await desk.stage(
        CONFIRMED, desk.start + timedelta(days=1), client=time.client, psychologist=time.psychologist)
    try:
        await desk.run(
            """
            update sessions.session set starts_at = starts_at - interval '1 day', ends_at = ends_at - interval '1 day',
                   occupied_until = occupied_until - interval '1 day' where id = $1
            """,
            moved,
        )
    except asyncpg.ExclusionViolationError:
        return False
    return True


async def taken_at_once(desk: Desk, time: Time) -> bool:
    await desk.run("update directory.psychologist set takes = 'everyone at once'")
    return await request(desk, time)


async def book_by_hand(desk: Desk, time: Time) -> bool:
    """With a reason, against every rule that gives way."""
    await desk.run("update directory.psychologist set desk_may_answer = true")
    wanted = by_hand.ByHand(
        psychologist_id=time.psychologist.person_id, person_id=time.client.person_id, session_type="Individual",
        starts_at=desk.start, reason="It has to be then.",
    )
    try:
        async with desk.db.transaction() as conn:
            await by_hand.book(conn, desk.cast.wambui.actor, wanted, desk.now, EMPTY, VAULT)
    except Refusal:
        return False
    return True


PATHS: dict[str, Path] = {
    "request": request, "at once": taken_at_once, "book": book_by_hand,
    "be paid late": be_paid_late, "taken over": taken_over_by_a_verified_account,
    "raw insert": raw_insert, "raw move": raw_move,
}  # fmt: skip
HOLDS = (PENDING_APPROVAL, APPROVED, PAYMENT_SUBMITTED, CONFIRMED, IN_PROGRESS)


@pytest.mark.parametrize("path", PATHS)
async def test_a_free_time_is_taken(desk: Desk, path: str) -> None:
    """The control: each path works."""
    assert await PATHS[path](desk, Time(desk.cast.baraka, desk.cast.otieno))


@pytest.mark.parametrize("path", PATHS)
async def test_a_psychologists_held_time_is_not(desk: Desk, path: str) -> None:
    for held in HOLDS:
        await desk.stage(held)
        assert not await PATHS[path](desk, Time(desk.cast.baraka, desk.cast.otieno)), held
        assert not await overlapping(desk.db)
        await _clear(desk)


@pytest.mark.parametrize("path", PATHS)
async def test_nor_the_buffer_after_a_session(desk: Desk, path: str) -> None:
    await desk.stage(CONFIRMED, desk.start - AN_HOUR)
    assert not await PATHS[path](desk, Time(desk.cast.baraka, desk.cast.otieno))
    assert not await overlapping(desk.db)


@pytest.mark.parametrize("path", PATHS)
async def test_nor_a_time_at_which_the_client_is_somewhere_else(desk: Desk, path: str) -> None:
    for held in HOLDS:
        await desk.stage(held, client=desk.cast.baraka, psychologist=desk.cast.wanjiru)
        assert not await PATHS[path](desk, Time(desk.cast.baraka, desk.cast.otieno)), held
        assert not await overlapping(desk.db)
        await _clear(desk)


@pytest.mark.parametrize("path", PATHS)
async def test_what_has_ended_is_in_nobodys_way(desk: Desk, path: str) -> None:
    for number, ended in enumerate(("Completed", "Declined", "Cancelled", EXPIRED, "No Show")):
        await desk.stage(ended, psychologist=desk.cast.otieno if number % 2 else desk.cast.wanjiru)
    assert await PATHS[path](desk, Time(desk.cast.baraka, desk.cast.otieno))


@pytest.mark.parametrize("path", [name for name in PATHS if not name.startswith("raw")])
async def test_an_overdue_hold_is_in_nobodys_way_with_every_worker_dead(desk: Desk, path: str) -> None:
    """Whoever wants the time expires it first. (Plain SQL has to do that itself: the constraint cannot see a clock.)"""
    await desk.stage(APPROVED, now=desk.now - timedelta(days=1))
    await desk.stage(
        APPROVED, now=desk.now - timedelta(days=1), client=desk.cast.baraka, psychologist=desk.cast.wanjiru)
    assert await PATHS[path](desk, Time(desk.cast.baraka, desk.cast.otieno))
    assert not await overlapping(desk.db)


async def _clear(desk: Desk) -> None:
    """For the next round."""
    await desk.run("delete from sessions.session")
