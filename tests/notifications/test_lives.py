"""Whole lives of sessions, told by mail: any order of verbs, nights without a worker, failures and deaths. What was
told was true when it left, what should have been told was, and nobody is told twice but for a worker that died."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo_sink.server import Addresses
from kikao import wiring_work
from kikao.core.db import Conn, Database, Row
from kikao.core.errors import Refusal
from kikao.core.jobs import drain
from kikao.notifications import kinds
from kikao.notifications.jobs import TABLE
from kikao.notifications.kinds import Composed, Kind, Post
from kikao.sessions import planning
from notifications import story as told
from notifications.story import Story
from notifications.test_histories import Died, DyingMail, DyingSms
from sessions.conftest import Desk
from support.cast import NAIROBI, Cast, Member, workday
from support.rows import NO_NIGHT
from support.sizes import size

HOUR = timedelta(hours=1)
TICK = timedelta(minutes=30)
SLOTS = 3
slot = st.integers(0, SLOTS - 1)
STEP = st.one_of(
    st.tuples(st.just("request"), slot),
    st.tuples(st.just("approve"), slot),
    st.tuples(st.just("approve"), slot),
    st.tuples(st.just("pay"), slot),
    st.tuples(st.just("pay"), slot),
    st.tuples(st.just("decline"), slot),
    st.tuples(st.just("cancel"), slot, st.sampled_from(["client", "otieno"])),
    st.tuples(st.just("works"), st.sampled_from([1, 4, 12])),
    st.tuples(st.just("works"), st.sampled_from([14, 26])),
    st.tuples(st.just("is away"), st.sampled_from([1, 11, 25])),
    st.tuples(st.just("near"), slot, st.sampled_from([27, 20, 1])),
    st.tuples(st.just("dies"), st.sampled_from(["before", "after"])),
    st.tuples(st.just("fails"), st.sampled_from([1, 3])),
)

# In which statuses each message may leave; what has to be told of a status, to whom.
TRUE_IN = {
    "requested": {"Pending Approval"}, "still to answer": {"Pending Approval"}, "answer soon": {"Pending Approval"},
    "accepted": {"Approved"}, "unpaid": {"Approved"}, "paid": {"Confirmed"}, "confirmed": {"Confirmed"},
    "reminder": {"Confirmed"}, "soon": {"Confirmed"}, "declined": {"Declined"}, "cancelled": {"Cancelled"},
    "expired": {"Expired"}, "paid too late": {"Expired", "Cancelled", "Declined"},
}
BY_THE_CLOCK = {"still to answer", "answer soon", "unpaid", "reminder", "soon"}
OWED_BY = {
    "Pending Approval": [("requested", "psychologist")], "Approved": [("accepted", "client")],
    "Confirmed": [("paid", "client"), ("paid", "psychologist")], "Declined": [("declined", "client")],
    "Cancelled": [("cancelled", "client"), ("cancelled", "psychologist")],
    "Expired": [("expired", "client"), ("expired", "psychologist")],
}


class Lives:
    """A practice with a clock of its own. What happens stands next to what must be true of it."""

    def __init__(self, story: Story, cast: Cast, now: datetime) -> None:
        self.story, self.cast, self.now = story, cast, now
        self.desk = Desk(story.db, cast, now)
        day = workday(now, ahead=2)
        self.starts = [day, day + 4 * HOUR, day + 6 * HOUR]
        self.clients: list[Member] = [cast.amina, cast.baraka, cast.amina]
        self.ids: dict[int, UUID] = {}
        self.seen: Counter[UUID] = Counter()
        self.excused: Counter[UUID] = Counter()
        self.kinds: set[str] = set()

    def clock(self) -> datetime:
        return self.now

    async def do(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("works", hours):
                await self.pass_time(hours * HOUR, TICK)
            case ("is away", hours):
                self.now += hours * HOUR
            case ("near", slot, hours):
                await self.pass_time(max(self.starts[slot] - hours * HOUR - self.now, timedelta()), 4 * HOUR)
                await self.pass_time(TICK, TICK)
            case ("dies", when):
                await self.dies(after=when == "after")
            case ("fails", times):
                await self.story.order(channel="email", status=451, times=times)
            case _:
                with suppress(Refusal):
                    await self.verb(*step)

    async def verb(self, verb: str, slot: int, who: str = "") -> None:
        client, otieno = self.clients[slot], self.cast.otieno
        if verb == "request":
            self.ids[slot] = await self.desk.request(client, otieno, self.starts[slot], now=self.now)
        elif slot in self.ids:
            session_id = self.ids[slot]
            match verb:
                case "approve":
                    await self.desk.approve(otieno, session_id, now=self.now)
                case "decline":
                    await self.desk.decline(otieno, session_id, now=self.now)
                case "pay":
                    if (await self.row(session_id))["approved_at"]:
                        await self.desk.pay(session_id, now=self.now)
                case "cancel":
                    await self.desk.cancel(otieno if who == "otieno" else client, session_id, now=self.now)

    async def row(self, session_id: UUID) -> Row:
        row = await self.story.db.pool.fetchrow("select * from sessions.session where id = $1", session_id)
        assert row is not None
        return row

    async def pass_time(self, span: timedelta, tick: timedelta) -> None:
        end = self.now + span
        while self.now < end:
            self.now = min(self.now + tick, end)
            await self.work()

    async def work(self) -> None:
        """One look of a worker: holds, plans, letters."""
        pool = self.story.db.pool
        for row in await pool.fetch("select id from sessions.session where hold_until <= $1", self.now):
            await self.desk.expire(row["id"], self.now)
        await planning.post_due(self.story.db, self.now)
        (_, messages) = told.queues_of(self.story.db, self.story.email, self.story.sms, self.clock)
        left = False
        while await drain(self.story.db, messages, now=self.now):
            left = True
        if left:
            await self.judge()

    async def dies(self, *, after: bool) -> None:
        mail = told.mail_channel(self.story.sink.smtp_port, DyingMail)
        sms = told.sms_channel(self.story.sink.url, DyingSms)
        mail.after = sms.after = after
        (_, messages) = told.queues_of(self.story.db, mail, sms, self.clock)
        before = await self.taken()
        with suppress(Died):
            await drain(self.story.db, msgspec.structs.replace(messages, at_once=1), now=self.now)
        if after:
            self.excused.update(await self.taken() - before)
        await sms.close()
        await self.judge()

    async def letters(self) -> list[Row]:
        found: list[Row] = await self.story.db.pool.fetch(f"select id, due_at from {TABLE} order by id")
        return found

    async def taken(self) -> set[UUID]:
        rows = await self.story.db.pool.fetch(f"select id from {TABLE} where taken_until > $1", self.now)
        return {row["id"] for row in rows}

    # what must be true -----------------------------------------------------------------------------

    async def judge(self) -> None:
        """Whatever has just arrived is true just now."""
        copies = Counter(UUID(one["headers"]["Message-ID"][1:37]) for one in await self.story.received())
        new = copies - self.seen
        self.seen = copies
        arrived = f"select id, kind, about, version from {TABLE} where id = any ($1)"
        for row in await self.story.db.pool.fetch(arrived, list(new)):
            self.kinds.add(row["kind"])
            await self.was_true(row)
        for row_id, number in copies.items():
            assert number <= 1 + self.excused[row_id], "a copy that no death explains"

    async def was_true(self, row: Row) -> None:
        kind = row["kind"]
        if kind == "tomorrow":
            day = datetime.strptime(str(row["version"]), "%Y%m%d").date()  # noqa: DTZ007  a day of the reader's
            starts = await self.story.db.pool.fetch("select starts_at from sessions.session where status = 'Confirmed'")
            assert day in {one["starts_at"].astimezone(NAIROBI).date() for one in starts}, "a list of nothing"
        elif kind in TRUE_IN:
            session = await self.row(row["about"])
            assert session["status"] in TRUE_IN[kind], f"{kind} of what is {session['status']}"
            assert kind not in BY_THE_CLOCK or session["starts_at"] > self.now, f"{kind} of what has begun"
        else:
            assert kind == "money comes back", kind

    async def ends(self) -> None:
        """All is well again, and a worker has looked: everything that has to be told has been."""
        await self.story.all_is_well()
        self.now += TICK
        there = None
        while there != (there := await self.letters()):
            await self.work()
        await self.judge()
        left = await self.story.db.pool.fetch(f"select kind from {TABLE} where due_at is not null")
        assert left == [], "left behind"
        rows = await self.story.db.pool.fetch(f"select about, kind, recipient from {TABLE} where sent_at is not null")
        sent = {(row["about"], row["kind"], row["recipient"]) for row in rows}
        for session in await self.story.db.pool.fetch("select * from sessions.session"):
            people = {"client": session["client_id"], "psychologist": session["psychologist_id"]}
            owed = [(kind, people[who]) for kind, who in OWED_BY[session["status"]]]
            for kind, person in [*owed, *self.owed_by_the_clock(session)]:
                assert (session["id"], kind, person) in sent, f"{kind} was never told"
            assert self.list_owed(session) <= {(row["about"], row["kind"]) for row in rows}, "no list for tomorrow"

    def owed_by_the_clock(self, session: Row) -> list[tuple[str, UUID]]:
        """By arithmetic of our own, of what is so now."""
        client, psychologist = session["client_id"], session["psychologist_id"]
        if session["status"] == "Pending Approval":
            passed, whole = self.now - session["updated_at"], session["hold_until"] - session["updated_at"]
            if whole > 4 * HOUR and whole - passed <= 2 * HOUR:
                return [("answer soon", psychologist)]
            return [("still to answer", psychologist)] if 2 * passed >= whole else []
        if session["status"] == "Approved":
            whole = session["hold_until"] - timedelta(minutes=5) - session["updated_at"]
            passed = self.now - session["updated_at"]
            return [("unpaid", client)] if 2 * passed >= whole and passed < whole else []
        if session["status"] != "Confirmed" or session["starts_at"] <= self.now:
            return []
        ahead, booked = session["starts_at"] - self.now, session["starts_at"] - session["confirmed_at"]
        if ahead <= HOUR:
            return [("soon", client)] if booked >= HOUR else []
        return [("reminder", client)] if ahead <= 27 * HOUR <= booked else []

    def list_owed(self, session: Row) -> set[tuple[UUID, str]]:
        day = session["starts_at"].astimezone(NAIROBI).date()
        evening = datetime.combine(day - timedelta(days=1), time(18), NAIROBI)
        if session["status"] != "Confirmed" or not session["confirmed_at"] < evening <= self.now < session["starts_at"]:
            return set()
        return {(session["psychologist_id"], "tomorrow")}


@pytest.fixture
def now() -> datetime:
    """Noon of a Wednesday: the same history is the same at whatever hour it is told."""
    return datetime(2027, 1, 27, 12, tzinfo=NAIROBI)


@pytest.fixture
async def practice(db: Database, cast: Cast, sink: Addresses, inbox: httpx.AsyncClient) -> AsyncIterator[Story]:
    before = dict(kinds.KINDS)
    kinds.KINDS.clear()
    wiring_work.wire()
    opened = Story(db, sink, inbox)
    await db.pool.execute(NO_NIGHT)
    for member in (cast.amina, cast.baraka, cast.otieno):  # no other way: a failure is waited for
        await opened.contacts(member.person_id, member.email)
    yield opened
    await opened.sms.close()
    kinds.KINDS.clear()
    kinds.KINDS.update(before)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@settings(
    max_examples=size("message histories"),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=4, max_size=16))
async def test_what_is_told_is_true_what_is_owed_is_told_and_nobody_is_told_twice(
    practice: Story, cast: Cast, now: datetime, steps: list[tuple[Any, ...]]
) -> None:
    await practice.db.pool.execute(f"truncate {TABLE}, sessions.session, payments.charge cascade")
    await practice.inbox.delete("/api/messages")
    await practice.all_is_well()
    lives = Lives(practice, cast, now)
    for step in [("request", 0), *steps]:
        await lives.do(step)
    await lives.ends()


async def lived(practice: Story, cast: Cast, now: datetime, *steps: tuple[Any, ...]) -> Lives:
    lives = Lives(practice, cast, now)
    for step in steps:
        await lives.do(step)
    await lives.ends()
    return lives


PAID = (("request", 0), ("works", 1), ("approve", 0), ("works", 1), ("pay", 0), ("works", 1), ("near", 0, 27))


async def test_a_life_from_request_to_the_last_hour(practice: Story, cast: Cast, now: datetime) -> None:
    lives = await lived(practice, cast, now, *PAID, ("near", 0, 1))
    assert lives.kinds == {"requested", "accepted", "paid", "reminder", "soon", "tomorrow"}


async def test_the_judge_misses_what_was_never_planned(
    practice: Story, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_conn: Conn, _now: datetime) -> list[planning.Planned]:
        return []

    monkeypatch.setattr(planning, "due", nothing)
    with pytest.raises(AssertionError, match="reminder was never told"):
        await lived(practice, cast, now, *PAID)


async def test_the_judge_hears_what_is_no_longer_true(practice: Story, cast: Cast, now: datetime) -> None:
    """With a kind that does not look."""
    kinds.KINDS["accepted"] = Kind("accepted", lambda _conn, post, _reader, _tools: says(post))
    with pytest.raises(AssertionError, match="accepted of what is Cancelled"):
        await lived(practice, cast, now, ("request", 0), ("approve", 0), ("cancel", 0, "client"), ("works", 1))


async def says(_post: Post) -> Composed:
    return Composed(subject="Mti", sms="Mti", heading="Pay")
