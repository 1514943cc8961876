"""The verbs that are built, tried on the database from every status."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable
from datetime import timedelta
from uuid import UUID

import pytest

from kikao.core.errors import NotPossible
from kikao.sessions import rules
from kikao.sessions.rules import (
    APPROVED,
    CANCELLED,
    COMPLETED,
    CONFIRMED,
    DECLINED,
    EXPIRED,
    IN_PROGRESS,
    MUST_BE_SETTLED,
    NO_SHOW,
    PAYMENT_SUBMITTED,
    PENDING_APPROVAL,
    STATUSES,
    WAITING,
)
from sessions.conftest import Desk
from sessions.staging import HOLD
from support.cast import workday

pytestmark = pytest.mark.database
AFTER_THE_HOLD = HOLD + timedelta(minutes=1)


async def one_of_each(desk: Desk, statuses: Iterable[str] = STATUSES) -> AsyncIterator[tuple[str, UUID]]:
    """A session in each status, each on a working day of its own."""
    start = desk.start
    for number, status in enumerate(sorted(statuses), start=1):
        start = workday(start, ahead=1)
        yield status, await desk.stage(status, start, open_no=number)


async def refused(attempt: Awaitable[object]) -> dict[str, object]:
    with pytest.raises(NotPossible) as caught:
        await attempt
    return caught.value.facts


async def test_approve(desk: Desk) -> None:
    async for status, session_id in one_of_each(desk):
        if status == PENDING_APPROVAL:
            await desk.approve(desk.cast.otieno, session_id)
            assert await desk.stored(session_id) == APPROVED
        else:
            assert await refused(desk.approve(desk.cast.otieno, session_id)) == {"sessionStatus": status}
            assert await desk.stored(session_id) == status


async def test_decline(desk: Desk) -> None:
    async for status, session_id in one_of_each(desk):
        if status == PENDING_APPROVAL:
            await desk.decline(desk.cast.otieno, session_id)
            assert await desk.stored(session_id) == DECLINED
        else:
            assert await refused(desk.decline(desk.cast.otieno, session_id)) == {"sessionStatus": status}
            assert await desk.stored(session_id) == status


@pytest.mark.parametrize("who", ["amina", "otieno", "wambui", "njeri"])
async def test_cancel(desk: Desk, who: str) -> None:
    member = getattr(desk.cast, who)
    async for status, session_id in one_of_each(desk):
        if status in WAITING | {CONFIRMED}:
            await desk.cancel(member, session_id)
            assert await desk.stored(session_id) == CANCELLED
        else:
            assert await refused(desk.cancel(member, session_id)) == {"sessionStatus": status}
            assert await desk.stored(session_id) == status


async def test_expire(desk: Desk) -> None:
    async for status, session_id in one_of_each(desk):
        assert not await desk.expire(session_id, desk.now)
        assert await desk.expire(session_id, desk.now + AFTER_THE_HOLD) is (status in WAITING)
        assert await desk.stored(session_id) == (EXPIRED if status in WAITING else status)


async def test_an_overdue_hold_is_over_for_every_verb(desk: Desk) -> None:
    later = desk.now + AFTER_THE_HOLD
    async for status, session_id in one_of_each(desk, WAITING):
        for verb, who in (("approve", "otieno"), ("decline", "otieno"), ("cancel", "amina"), ("cancel", "njeri")):
            attempt = getattr(desk, verb)(getattr(desk.cast, who), session_id, later)
            assert await refused(attempt) == {"sessionStatus": EXPIRED}, (verb, who)
        assert (await desk.stored(session_id), await desk.status(session_id, later)) == (status, EXPIRED)


async def test_be_paid(desk: Desk) -> None:
    """What cannot be confirmed is owed back in the same transaction; what is settled already stays as it is."""
    async for status, session_id in one_of_each(desk):
        await desk.pay(session_id)
        if status in (APPROVED, PAYMENT_SUBMITTED, EXPIRED):  # staged as expired after it had been approved
            assert (await desk.stored(session_id), await desk.owed(session_id)) == (CONFIRMED, 0)
            assert await desk.value("select confirmed_by from sessions.session where id = $1", session_id) is not None
        else:
            assert (await desk.stored(session_id), await desk.owed(session_id)) == (status, 2500)


async def test_be_paid_when_the_hold_has_just_run_out(desk: Desk) -> None:
    """With no worker that has expired it: the same as after the expiry."""
    async for status, session_id in one_of_each(desk, WAITING):
        await desk.pay(session_id, now=desk.now + AFTER_THE_HOLD)
        approved = status != PENDING_APPROVAL
        wanted = (CONFIRMED, 0) if approved else (EXPIRED, 2500)
        assert (await desk.stored(session_id), await desk.owed(session_id)) == wanted
        verbs = await desk.value(
            "select array_agg(verb order by id) from journal.entry where noun_id = $1 and noun = 'session'", session_id)
        assert verbs[0] == "expire"
        assert ("be paid late" in verbs) == approved


async def test_be_paid_late(desk: Desk) -> None:
    """Only what had been approved, lies ahead and is free."""
    early = await desk.stage(EXPIRED, expired_from=PENDING_APPROVAL)
    await desk.pay(early)
    assert (await desk.stored(early), await desk.owed(early)) == (EXPIRED, 2500)

    for from_status in (APPROVED, PAYMENT_SUBMITTED):
        late = await desk.stage(EXPIRED, expired_from=from_status)
        await desk.pay(late, now=desk.start)
        assert (await desk.stored(late), await desk.owed(late)) == (EXPIRED, 2500)

    taken = await desk.stage(EXPIRED)
    await desk.stage(CONFIRMED, client=desk.cast.baraka)
    await desk.pay(taken)
    assert (await desk.stored(taken), await desk.owed(taken)) == (EXPIRED, 2500)


async def test_part_of_the_money_confirms_nothing(desk: Desk) -> None:
    session_id = await desk.stage(APPROVED)
    await desk.pay(session_id, 1000)
    assert await desk.stored(session_id) == APPROVED
    await desk.pay(session_id, 1500)
    assert await desk.stored(session_id) == CONFIRMED


async def test_part_paid_and_expired_gives_back_what_came(desk: Desk) -> None:
    session_id = await desk.stage(APPROVED)
    await desk.pay(session_id, 1000)
    await desk.expire(session_id, desk.now + AFTER_THE_HOLD)
    assert await desk.owed(session_id) == 1000
    await desk.pay(session_id, 1500, desk.now + AFTER_THE_HOLD)
    assert (await desk.stored(session_id), await desk.owed(session_id)) == (EXPIRED, 2500)


async def test_paying_twice_is_owed_back(desk: Desk) -> None:
    async for status, session_id in one_of_each(desk, MUST_BE_SETTLED):
        await desk.pay(session_id)
        await desk.pay(session_id)
        assert (await desk.stored(session_id), await desk.owed(session_id)) == (status, 5000)


# Who does it, in which statuses it is possible, and how it ends; at the start, or a quarter past, where that counts.
AROUND: dict[str, tuple[str, frozenset[str], str | None]] = {
    "extend": ("otieno", WAITING, None),
    "start": ("amina", frozenset({CONFIRMED, IN_PROGRESS}), IN_PROGRESS),
    "complete": ("otieno", frozenset({CONFIRMED, IN_PROGRESS}), COMPLETED),
    "break off": ("otieno", frozenset({IN_PROGRESS}), CANCELLED),
    "mark a no-show": ("wambui", frozenset({CONFIRMED, IN_PROGRESS}), NO_SHOW),
    "object": ("amina", frozenset({COMPLETED, NO_SHOW}), None),
}


@pytest.mark.parametrize("verb", AROUND)
async def test_around_the_meeting(desk: Desk, verb: str) -> None:
    who, possible, to = AROUND[verb]
    member = getattr(desk.cast, who)
    async for status, session_id in one_of_each(desk):
        start = await desk.value("select starts_at from sessions.session where id = $1", session_id)
        now = desk.now if status in WAITING or verb in ("extend", "object") else start + timedelta(minutes=15)
        if status in possible:
            await desk.do(verb, member, session_id, now)
            assert await desk.stored(session_id) == (to or status)
        else:
            assert await refused(desk.do(verb, member, session_id, now)) == {"sessionStatus": status}
            assert await desk.stored(session_id) == status


async def test_correct(desk: Desk) -> None:
    ways = {DECLINED: PENDING_APPROVAL, NO_SHOW: COMPLETED, COMPLETED: NO_SHOW}
    async for status, session_id in one_of_each(desk, set(STATUSES) - {EXPIRED}):
        if status in ways:
            await desk.do("correct", desk.cast.otieno, session_id, desk.now + timedelta(minutes=5))
        else:
            await refused(desk.do("correct", desk.cast.otieno, session_id, desk.now))
        assert await desk.stored(session_id) == ways.get(status, status)


def test_every_built_verb_is_tried_here() -> None:
    tried = {name.removeprefix("test_").replace("_", " ") for name in globals() if name.startswith("test_")}
    built = {"approve", "decline", "cancel", "expire", "be paid", "be paid late"}
    assert built <= tried
    assert built | set(AROUND) | {"correct"} <= set(rules.STEPS)
