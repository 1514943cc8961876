"""A practice to which random things happen: the rules by which a history goes on, and what must hold after each step.

One connection and one outer transaction that is rolled back at the end of each history; each verb runs in a savepoint,
as it would in a transaction of its own.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Awaitable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kikao.accounts.wires import Verified
from kikao.core.actor import Actor
from kikao.core.errors import Refusal
from kikao.core.practice import EMPTY
from kikao.payments import charges
from kikao.sessions import booking, by_hand, closing, evidence, queries, rules
from kikao.sessions.rules import APPROVED, CONFIRMED, DECLINED, ENDED, EXPIRED, IN_PROGRESS, PENDING_APPROVAL, WAITING
from sessions.conftest import VAULT
from sessions.machine_looks import Look, Seen, judge, look, word_now
from sessions.machine_verbs import DOES, SIDES, Deed, may, member, prove_elsewhere, receive
from support.alone import Alone
from support.cast import workday

BEGINS = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)  # a Monday, nine in the morning in Nairobi
ANSWERS = ("approve", "approve", "decline", "extend", "cancel")
CODES = ("submit a payment code", "reject the code")
MONEY = (*CODES, *CODES, "verify", "waive", "extend", "cancel")
MEETING = ("start", "start", "complete", "break off", "mark a no-show", "cancel")
AFTER = ("object", "decide", "decide", "correct", "give back more")
ANYTHING = tuple(sorted(DOES))
ALIVE = rules.HOLDING | {rules.COMPLETED, rules.NO_SHOW, DECLINED}  # something can be done to it still

clients = st.sampled_from(("amina", "baraka", "halima"))
psychologists = st.sampled_from(("otieno", "wanjiru"))
# Close together, so that they meet: two mornings, on and between each other's buffers.
times = st.tuples(st.sampled_from((0, 1)), st.sampled_from((0, 30, 60, 90, 120)))
picks = st.integers(0, 59)
waits = st.sampled_from((1, 5, 20, 31, 60, 90, 6 * 60, 25 * 60))
one_in_four = st.integers(0, 3).map(lambda found: found == 3)
parts = st.sampled_from((1.0, 1.0, 1.0, 0.4, 1.2))
# Mostly one who may.
by_whom = st.sampled_from((*["who may"] * 9, *SIDES))
who_was_absent = st.sampled_from(("", "client", "psychologist"))


class Practice(RuleBasedStateMachine):
    world: ClassVar[Alone]
    seen: ClassVar[Counter[str]] = Counter()  # what was tried, and what of it was refused
    lived: ClassVar[Counter[tuple[str, str]]] = Counter()  # (verb, from which status), as the journal has it

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGINS
        self.day = workday(BEGINS, ahead=2)
        self.last: Look | None = None
        self.came = self.slips = self.turn = 0
        self.done = True
        self.world.begin()
        self.world.run(self.world.conn.execute("savepoint verb"))

    # How a verb is done ---------------------------------------------------------------------------

    def do(self, what: str, verb: Awaitable[Any]) -> Any:
        """In a savepoint; a refusal is one of the answers, anything else is a defect."""

        async def tried() -> Any:
            try:
                result = await verb
            except Refusal:
                await self.world.conn.execute("rollback to savepoint verb")
                self.seen[f"{what}, refused"] += 1
                return None
            await self.world.conn.execute("release savepoint verb; savepoint verb")
            self.done = True
            self.seen[what] += 1
            return result

        return self.world.run(tried())

    def act(
        self, verb: str, session_id: UUID, side: str, *, says: str = "", share: float = 1.0,
        seen: queries.Session | None = None,
    ) -> None:
        """`seen`: what they had before their eyes, if that is not how it is now."""

        async def acted() -> int | None:
            session = seen or await self.see(session_id, side)
            return await DOES[verb](Deed(
                conn=self.world.conn, actor=self.who(session_id, side), session=session, now=self.now, says=says,
                share=share, slip=self.slips))

        self.slips += 1
        self.came += self.do(verb, acted()) or 0

    def who(self, session_id: UUID, side: str) -> Actor:
        about = self.sessions[session_id]
        return member(self.world.cast, side, about.client_id, about.psychologist_id).actor

    async def see(self, session_id: UUID, side: str) -> queries.Session:
        session = await queries.visible(self.world.conn, self.who(session_id, side), session_id, self.now)
        assert (session.status in WAITING) == (session.hold_until is not None), f"{session.status}: its hold"
        assert session.hold_until is None or session.hold_until > self.now, "readers see what the clock says"
        return session

    @property
    def sessions(self) -> dict[UUID, Seen]:
        return self.last.sessions if self.last else {}

    def those(self, *statuses: str) -> list[Seen]:
        """As readers are shown them: an overdue hold is over."""
        return [one for one in self.sessions.values()
                if rules.status_now(one.status, one.hold_until, self.now) in statuses]

    def unsent(self) -> list[Seen]:
        return [one for one in self.those(PENDING_APPROVAL) if not one.sent]

    def kept(self) -> list[Seen]:
        return [one for one in self.those(rules.CANCELLED) if one.kept > 0]

    def choose(self, verbs: Collection[str], statuses: Collection[str], pick: int) -> tuple[str, Seen]:
        """A verb that the table has from where some session is; equal picks make the round."""
        found = [(verb, one) for one in self.those(*statuses) for verb in verbs if self.worth_a_try(verb, one)]
        self.turn += 1
        return found[(pick + self.turn) % len(found)]

    def worth_a_try(self, verb: str, about: Seen) -> bool:
        useless = {
            "give back more": not about.kept, "object": about.objected,
            "decide": about.objected and not about.to_decide,
        }  # fmt: skip
        return bool(may(verb, about.status)) and not useless.get(verb, False)

    def by(self, verb: str, about: Seen, who: str, pick: int) -> str:
        """The side: of those who may, or the one that is named."""
        able = may(verb, about.status)
        if verb == "object":
            able = [about.absent or rules.CLIENT]
        if who != "who may" or not able:
            return SIDES[pick % len(SIDES)] if who == "who may" else who
        return able[(pick + self.turn) % len(able)]

    # How it begins --------------------------------------------------------------------------------

    @initialize(takes=st.sampled_from(("asks first", "known clients at once", "everyone at once")), first=times,
                second=times)
    def a_practice(self, takes: str, first: tuple[int, int], second: tuple[int, int]) -> None:
        """Two sessions, the first of them Confirmed, so that there is something to meet for."""
        self.take(takes)
        self.ask("amina", "otieno", first)
        self.look_around()
        for one in self.those(PENDING_APPROVAL):
            self.act("approve", one.id, rules.PSYCHOLOGIST)
            self.arrive(one.id, 1.0)
        self.ask("baraka", "wanjiru", second)

    def take(self, how: str) -> None:
        """So Dr Wanjiru takes clients; Dr Otieno is asked first, and lets the desk answer."""
        self.world.run(self.world.conn.execute(
            "update directory.psychologist set desk_may_answer = (id = $1),"
            " takes = case when id = $1 then 'asks first' else $2 end", self.world.cast.otieno.person_id, how))

    def starts(self, time: tuple[int, int]) -> datetime:
        """That morning, or the same of a later week."""
        start = self.day + timedelta(days=time[0], minutes=time[1])
        while start < self.now + timedelta(hours=12):
            start += timedelta(days=7)
        return start

    def ask(self, client: str, psychologist: str, time: tuple[int, int], *, proved: bool = True) -> None:
        who = getattr(self.world.cast, client)
        asked = booking.Request(
            psychologist_id=getattr(self.world.cast, psychologist).person_id, session_type="Individual",
            starts_at=self.starts(time), client_id=who.person_id, asker_id=who.person_id, proved=proved,
        )
        self.do("request", booking.request(self.world.conn, asked, self.now, EMPTY, VAULT))

    @rule(client=clients, psychologist=psychologists, time=times, unproved=one_in_four, accepted=st.booleans())
    def request(self, client: str, psychologist: str, time: tuple[int, int], unproved: bool, accepted: bool) -> None:
        self.ask(client, psychologist, time, proved=not unproved)
        if accepted and self.done:
            self.look_around()
            for one in self.those(PENDING_APPROVAL)[-1:]:
                self.act("approve", one.id, rules.PSYCHOLOGIST)

    @precondition(lambda self: len(self.those(*WAITING)) < 4)
    @rule(who=st.sampled_from(("wambui", "njeri", "otieno")), client=st.sampled_from(("baraka", "kamau", "zuri")),
          time=times, reason=st.sampled_from(("", "They rang.", "They rang.")))
    def book(self, who: str, client: str, time: tuple[int, int], reason: str) -> None:
        wanted = by_hand.ByHand(
            psychologist_id=self.world.cast.otieno.person_id, person_id=getattr(self.world.cast, client).person_id,
            session_type="Individual", starts_at=self.starts(time), reason=reason,
        )
        actor = getattr(self.world.cast, who).actor
        self.do("book", by_hand.book(self.world.conn, actor, wanted, self.now, EMPTY, VAULT))

    @precondition(lambda self: self.unsent())
    @rule(who=clients, themselves=st.booleans())
    def verified(self, who: str, themselves: bool) -> None:
        """The contact of a newcomer was proved; perhaps it is that of an account which there is already."""
        newcomer = self.unsent()[-1].client_id
        one = member(self.world.cast, rules.CLIENT, newcomer, newcomer) if themselves else getattr(self.world.cast, who)
        told = Verified(one.person_id, one.account_id, self.now, newcomer if newcomer != one.person_id else None)
        self.do("verified", evidence.release(self.world.conn, told))

    # While it waits -------------------------------------------------------------------------------

    @precondition(lambda self: self.those(PENDING_APPROVAL))
    @rule(pick=picks, who=by_whom, and_back=st.booleans())
    def answer(self, pick: int, who: str, and_back: bool) -> None:
        verb, about = self.choose(ANSWERS, {PENDING_APPROVAL}, pick)
        self.act(verb, about.id, self.by(verb, about, who, pick))
        if verb == "decline" and and_back:
            self.act("correct", about.id, rules.PSYCHOLOGIST)

    @precondition(lambda self: self.those(APPROVED, rules.PAYMENT_SUBMITTED))
    @rule(pick=picks, who=by_whom, share=parts, and_then=st.booleans())
    def while_it_waits_for_money(self, pick: int, who: str, share: float, and_then: bool) -> None:
        verb, about = self.choose(MONEY, {APPROVED, rules.PAYMENT_SUBMITTED}, pick)
        self.act(verb, about.id, self.by(verb, about, who, pick), share=share)
        if and_then and verb == "submit a payment code" and self.done:
            self.look_around()
            verb, about = self.choose(MONEY, {rules.PAYMENT_SUBMITTED}, pick)
            self.act(verb, about.id, self.by(verb, about, "who may", pick), share=share)

    def payable(self) -> list[Seen]:
        """What was accepted, and what expired and lies ahead still."""
        late = [one for one in self.those(EXPIRED) if one.starts_at > self.now]
        return [*late, *self.those(APPROVED, rules.PAYMENT_SUBMITTED)]

    @precondition(lambda self: self.payable())
    @rule(pick=picks, part=parts, anything=one_in_four)
    def money(self, pick: int, part: float, anything: bool) -> None:
        """Or for anything, asked for or not: it may always arrive."""
        found = list(self.sessions.values()) if anything else self.payable()
        self.arrive(found[-1 - pick % len(found)].id, part)

    def arrive(self, session_id: UUID, part: float) -> None:
        price = 3000 if self.sessions[session_id].psychologist_id == self.world.cast.wanjiru.person_id else 2500
        paid = receive(self.world.conn, session_id, int(price * part), self.now)
        self.came += self.do("money", paid)

    @precondition(lambda self: self.those(rules.PAYMENT_SUBMITTED))
    @rule(pick=picks)
    def the_code_was_for_something_else(self, pick: int) -> None:
        about, others = self.those(rules.PAYMENT_SUBMITTED)[0], list(self.sessions.values())
        other = others[pick % len(others)].charge_id
        self.do("code proved", prove_elsewhere(self.world.conn, about.id, other, self.now))

    # The meeting, and after it --------------------------------------------------------------------

    @precondition(lambda self: self.those(CONFIRMED, IN_PROGRESS))
    @rule(pick=picks, who=by_whom, minutes=st.sampled_from((-15, 0, 15, 40, 90)))
    def meet(self, pick: int, who: str, minutes: int) -> None:
        """When it is time for it."""
        verb, about = self.choose(MEETING, {CONFIRMED, IN_PROGRESS}, pick)
        self.now = max(self.now, about.starts_at + timedelta(minutes=minutes))
        self.act(verb, about.id, self.by(verb, about, who, pick))

    @precondition(lambda self: self.those(rules.COMPLETED, rules.NO_SHOW) or self.kept())
    @rule(pick=picks, who=by_whom, says=who_was_absent, share=parts)
    def afterwards(self, pick: int, who: str, says: str, share: float) -> None:
        verb, about = self.choose(AFTER, ENDED - {DECLINED, EXPIRED}, pick)
        if verb == "decide" and not about.to_decide:
            self.act("object", about.id, about.absent or rules.CLIENT)
        says = "" if verb == "decide" and about.status == rules.COMPLETED else says
        self.act(verb, about.id, self.by(verb, about, who, pick), says=says, share=min(share, 1.0))

    @precondition(lambda self: self.sessions)
    @rule(verb=st.sampled_from(ANYTHING), pick=picks, who=st.sampled_from((*SIDES, "stranger")), says=who_was_absent)
    def anything(self, verb: str, pick: int, who: str, says: str) -> None:
        """By anybody, from anywhere: most of it is refused, and changes nothing."""
        self.act(verb, list(self.sessions)[-1 - pick % len(self.sessions)], who, says=says)

    @precondition(lambda self: self.those(*ALIVE))
    @rule(pick=picks, first=st.sampled_from(("money", *ANYTHING)), says=who_was_absent, share=parts)
    def two_at_once(self, pick: int, first: str, says: str, share: float) -> None:
        """Somebody has it before their eyes, somebody else is quicker, and then they do what they could have done."""
        verb, about = self.choose(ANYTHING, ALIVE, pick)
        side = self.by(verb, about, "who may", pick)
        seen = self.do("look", self.see(about.id, side))
        if seen is None:
            return
        if first == "money":
            self.arrive(about.id, share)
        else:
            first = first if may(first, about.status) else verb
            self.act(first, about.id, self.by(first, about, "who may", pick + 1), says=says, share=min(share, 1.0))
        self.act(verb, about.id, side, says=says, share=min(share, 1.0), seen=seen)

    # The clock ------------------------------------------------------------------------------------

    @rule(minutes=waits, and_the_clock=st.booleans(), and_duties=one_in_four)
    def time_passes(self, minutes: int, and_the_clock: bool, and_duties: bool) -> None:
        """With a worker that is quick, or slow; now and then what is owed back is given back."""
        self.now += timedelta(minutes=minutes)
        if and_the_clock:
            self.all_that_is_due()
        if and_duties:
            self.money_is_given_back()

    def all_that_is_due(self) -> int:
        """As the worker would. Answers how many were due."""
        due = self.world.run(self.world.conn.fetch(
            "select id from sessions.session where due_at <= $1 order by due_at, id", self.now))
        for row in due:
            self.do("the clock", closing.by_the_clock(self.world.conn, row["id"], self.now))
        return len(due)

    def money_is_given_back(self) -> None:
        duties = self.world.run(self.world.conn.fetch("select id from payments.duty where done_at is null"))
        for row in duties:
            self.do("give back", charges.done(self.world.conn, self.world.cast.njeri.actor, row["id"], self.now))

    # What must hold -------------------------------------------------------------------------------

    @invariant()
    def look_around(self) -> None:
        if self.last and not self.done:
            assert self.world.run(word_now(self.world.conn)) == self.last.word, "a refusal changed something"
            return
        found = self.world.run(look(self.world.conn))
        assert found.wrong == {}, f"wrong: {found.wrong}"
        assert found.money == self.came, f"{self.came} shillings came, {found.money} are somewhere"
        judge(self.last, found, self.lived)
        self.last, self.done = found, False

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:
                self.come_to_an_end()
        finally:
            self.world.undo()

    def come_to_an_end(self) -> None:
        """No status is without a way out, and no money stays anywhere: time passes, and an admin acts."""
        for _week in range(8):
            for one in self.sessions.values():
                if one.to_decide:
                    self.act("decide", one.id, rules.ADMIN)
            self.money_is_given_back()
            self.now += timedelta(days=8)
            if not self.all_that_is_due():
                break
            self.look_around()
        self.look_around()
        left = self.world.run(self.world.conn.fetchrow(_LEFT))
        assert tuple(left) == (0, 0, 0, 0), f"sessions, waiting, shillings, duties that are left: {left}"


_LEFT = """
select (select count(*) from sessions.session
        where status not in ('Completed', 'Declined', 'Cancelled', 'Expired', 'No Show')),
       (select count(*) from sessions.session where due_at is not null),
       (select coalesce(sum(paid + verified + covered - given_back - taken_back - earned), 0) from payments.charge),
       (select count(*) from payments.duty where done_at is null)
"""
