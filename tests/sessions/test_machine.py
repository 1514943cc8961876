"""Random histories of many sessions: whatever people do, and whenever, nothing of `test_invariants` becomes true.

One connection and one outer transaction that is rolled back at the end of each history; each verb runs in a savepoint,
as it would in a transaction of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kikao.accounts.wires import Verified
from kikao.core.errors import Refusal
from kikao.core.practice import EMPTY
from kikao.payments import wires
from kikao.sessions import actions, booking, evidence, queries, rules
from kikao.sessions.rules import APPROVED, CANCELLED, CONFIRMED, DECLINED, EXPIRED, PENDING_APPROVAL
from sessions.conftest import VAULT
from sessions.staging import money_arrives
from sessions.test_invariants import wrong
from support.alone import Alone
from support.cast import Member, workday
from support.sizes import size

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

BEGINS = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)  # a Monday, nine in the morning in Nairobi
STEPS = 24
FORWARD = {  # what the verbs that are built may do to a session
    (None, PENDING_APPROVAL), (PENDING_APPROVAL, APPROVED), (PENDING_APPROVAL, DECLINED), (PENDING_APPROVAL, CANCELLED),
    (PENDING_APPROVAL, EXPIRED), (APPROVED, CONFIRMED), (APPROVED, CANCELLED), (APPROVED, EXPIRED),
    (CONFIRMED, CANCELLED), (EXPIRED, CONFIRMED),
}  # fmt: skip
seen: Counter[str] = Counter()


world: Alone

clients = st.sampled_from(("amina", "baraka", "halima"))
psychologists = st.sampled_from(("otieno", "wanjiru"))
# Close together, so that they meet: two mornings, on and between each other's buffers.
times = st.tuples(st.sampled_from((0, 1)), st.sampled_from((0, 30, 60, 90, 120)))
picks = st.integers(0, 7)
waits = st.sampled_from((1, 5, 20, 31, 60, 90, 6 * 60, 12 * 60, 25 * 60, 36 * 60))
one_in_six = st.integers(0, 5).map(lambda found: found == 5)


class Practice(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = BEGINS
        self.day = workday(BEGINS, ahead=2)
        self.made: list[UUID] = []
        self.last: dict[UUID, str] = {}
        self.came = self.looks = 0
        world.begin()

    def teardown(self) -> None:
        world.undo()

    def do(self, what: str, verb: Awaitable[Any]) -> Any:
        """In a savepoint; a refusal is one of the answers, anything else is a defect."""

        async def tried() -> Any:
            with suppress(Refusal):
                async with world.conn.transaction():
                    result = await verb
                    seen[what] += 1
                    return result
            seen[f"{what}, refused"] += 1
            return None

        return world.run(tried())

    def one(self, pick: int) -> UUID:
        return self.made[-1 - pick % len(self.made)]

    async def psychologist_of(self, session_id: UUID, another: bool) -> Member:
        theirs = await world.conn.fetchval("select psychologist_id from sessions.session where id = $1", session_id)
        return next(one for one in world.cast.psychologists if (one.person_id != theirs) == another)

    def who(self, name: str) -> Member:
        found: Member = getattr(world.cast, name)
        return found

    async def see(self, who: Member, session_id: UUID) -> queries.Session:
        return await queries.visible(world.conn, who.actor, session_id, self.now)

    @initialize(first=times, second=times)
    def two_requests(self, first: tuple[int, int], second: tuple[int, int]) -> None:
        self.book("amina", "otieno", first, proved=True)
        self.book("baraka", "wanjiru", second, proved=True)

    @rule(client=clients, psychologist=psychologists, time=times, proved=st.sampled_from((True, True, True, False)))
    def request(self, client: str, psychologist: str, time: tuple[int, int], proved: bool) -> None:
        self.book(client, psychologist, time, proved=proved)

    def book(self, client: str, psychologist: str, time: tuple[int, int], *, proved: bool) -> None:
        day, minutes = time
        asked = booking.Request(
            psychologist_id=self.who(psychologist).person_id, session_type="Individual",
            starts_at=self.day + timedelta(days=day, minutes=minutes), client_id=self.who(client).person_id,
            account_id=self.who(client).account_id, proved=proved,
        )
        booked = self.do("request", booking.request(world.conn, asked, self.now, EMPTY, VAULT))
        if booked is not None and booked.made:
            self.made.append(booked.session_id)

    @precondition(lambda self: self.made)
    @rule(pick=picks, by_another=one_in_six)
    def approve(self, pick: int, by_another: bool) -> None:
        async def verb() -> None:
            who = await self.psychologist_of(self.one(pick), by_another)
            session = await self.see(who, self.one(pick))
            await actions.approve(world.conn, who.actor, session, self.now, EMPTY)

        self.do("approve", verb())

    @precondition(lambda self: APPROVED in self.last.values())
    @rule()
    def pay_what_was_accepted(self) -> None:
        session_id = next(one for one, status in self.last.items() if status == APPROVED)
        self.do("be paid", self.arrive(session_id, 1.0))

    @precondition(lambda self: self.made)
    @rule(pick=picks, who=st.sampled_from(("otieno", "wanjiru", "njeri")))
    def decline(self, pick: int, who: str) -> None:
        async def verb() -> None:
            session = await self.see(self.who(who), self.one(pick))
            await actions.decline(world.conn, self.who(who).actor, session, actions.Reason("full"), self.now, VAULT)

        self.do("decline", verb())

    @precondition(lambda self: self.made)
    @rule(pick=picks, who=st.sampled_from(("amina", "baraka", "otieno", "wambui")))
    def cancel(self, pick: int, who: str) -> None:
        async def verb() -> None:
            session = await self.see(self.who(who), self.one(pick))
            back = await actions.cancel(
                world.conn, self.who(who).actor, session, actions.Reason("ill"), self.now, VAULT)
            assert 0 <= back <= session.received

        self.do("cancel", verb())

    @precondition(lambda self: self.made)
    @rule(pick=picks)
    def expire(self, pick: int) -> None:
        self.do("expire", actions.expire(world.conn, self.one(pick), self.now))

    @precondition(lambda self: self.made)
    @rule(pick=picks, part=st.sampled_from((1.0, 1.0, 1.0, 0.4, 1.2)))
    def money(self, pick: int, part: float) -> None:
        """On time, late, in part, too much, for what nobody asked to be paid: it may always arrive."""
        self.do("money", self.arrive(self.one(pick), part))

    async def arrive(self, session_id: UUID, part: float) -> None:
        price = await world.conn.fetchval("select price from sessions.session where id = $1", session_id)
        await money_arrives(world.conn, session_id, int(price * part), self.now)
        self.came += int(price * part)

    @precondition(lambda self: PENDING_APPROVAL in self.last.values())
    @rule(who=clients, newcomer=clients)
    def verified(self, who: str, newcomer: str) -> None:
        member = self.who(who)
        instead = self.who(newcomer).person_id if newcomer != who else None
        told = Verified(member.person_id, member.account_id, self.now, instead)
        self.do("verified", evidence.release(world.conn, told))

    @rule(minutes=waits)
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert world.run(wrong(world.conn)) == {}

    @invariant()
    def every_shilling_is_somewhere(self) -> None:
        found = world.run(world.conn.fetchval(
            "select (select coalesce(sum(paid + verified + covered - given_back), 0) from payments.charge)"
            " + (select coalesce(sum(amount), 0) from payments.duty)"))
        assert found == self.came

    @invariant()
    def they_only_go_forward(self) -> None:
        rows = world.run(world.conn.fetch("select id, status from sessions.session"))
        for row in rows:
            before = self.last.get(row["id"])
            if before != row["status"]:
                # Several verbs can lie between two looks only where one expires what it finds overdue.
                path = {(before, row["status"])} if before else {(None, PENDING_APPROVAL)}
                assert path <= FORWARD or (before, row["status"]) == (PENDING_APPROVAL, CONFIRMED), path
            self.last[row["id"]] = row["status"]

    @precondition(lambda self: self.made)
    @invariant()
    def readers_see_what_the_clock_says(self) -> None:
        self.looks += 1
        session = world.run(self.see(self.who("njeri"), self.one(self.looks)))
        assert (session.status in rules.WAITING) == (session.hold_until is not None)
        assert session.hold_until is None or session.hold_until > self.now


def test_random_histories(capsys: pytest.CaptureFixture[str]) -> None:
    global world  # noqa: PLW0603  hypothesis makes the machines itself
    wires.decided["session"] = evidence.payment_decided
    world = Alone(BEGINS)
    try:
        run_state_machine_as_test(
            Practice,
            settings=settings(
                max_examples=size("state histories"), stateful_step_count=STEPS, deadline=None, database=None,
                derandomize=True, suppress_health_check=list(HealthCheck), print_blob=False,
            ),
        )
    finally:
        world.close()
    with capsys.disabled():
        print("\n  " + ", ".join(f"{what} {number:,}" for what, number in sorted(seen.items())))
    done = {"request", "approve", "decline", "cancel", "expire", "be paid", "money", "verified"}
    assert all(seen[what] > 20 for what in done), seen
