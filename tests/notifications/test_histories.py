"""Any order of posting, ending, failing, dying and draining: nothing stale, nothing missing, and at most one
copy more for each worker that died."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kikao.core.jobs import drain
from kikao.notifications.channels import Sent
from kikao.notifications.channels.email import Email, EmailChannel
from kikao.notifications.channels.sms import Sms, SmsChannel
from kikao.notifications.jobs import TABLE
from notifications import story as told
from notifications.story import Story
from support.cast import Cast, Member
from support.sizes import size

FACTS = 3
UNTIL_ALL_IS_WELL = 0
fact = st.integers(0, FACTS - 1)
readers = st.sampled_from(["amina", "halima", "baraka"])  # by mail first · by SMS only · by SMS first
STEP = st.one_of(
    st.tuples(st.just("post"), fact, readers),
    st.tuples(st.just("post"), fact, readers),
    st.tuples(st.just("ends"), fact),
    st.tuples(st.just("drain")),
    st.tuples(st.just("two drain")),
    st.tuples(st.just("time passes")),
    st.tuples(st.just("dies"), st.sampled_from(["before", "after"])),
    st.tuples(st.just("fails"), st.sampled_from(["email", "sms"]), st.sampled_from([1, 3, UNTIL_ALL_IS_WELL])),
    st.tuples(st.just("night passes")),
)


class Died(BaseException):
    """Nothing catches it: the row stays taken, as after a kill."""


class DyingMail(EmailChannel):
    after = False

    async def send(self, message: Email) -> Sent:
        if self.after:
            await super().send(message)
        raise Died


class DyingSms(SmsChannel):
    after = False

    async def send(self, message: Sms) -> Sent:
        if self.after:
            await super().send(message)
        raise Died


class History:
    """What happened, next to what must be true of it."""

    def __init__(self, story: Story, cast: Cast, facts: list[UUID]) -> None:
        self.story, self.cast, self.facts = story, cast, facts
        self.posted: set[tuple[UUID, UUID]] = set()
        self.told_when_it_ended: dict[UUID, int] = {}
        self.copies_of_the_dead: Counter[UUID] = Counter()

    async def do(self, step: tuple[str, ...]) -> None:
        match step:
            case ("post", fact, reader):
                who: Member = getattr(self.cast, reader)
                await self.story.post(who.person_id, self.facts[int(fact)])
                self.posted.add((self.facts[int(fact)], who.person_id))
            case ("ends", fact):
                await self.ends(self.facts[int(fact)])
            case ("drain",):
                await self.story.drain()
            case ("two drain",):
                await asyncio.gather(self.story.drain(), self.story.drain())
            case ("time passes",):
                await self.story.time_passes()
            case ("night passes",):
                await self.story.days_pass()
            case ("dies", when):
                await self.dies(after=when == "after")
            case ("fails", channel, times):
                await self.story.order(channel=channel, status=451 if channel == "email" else 502, times=times)

    async def ends(self, fact: UUID) -> None:
        await self.story.ends(fact)
        self.told_when_it_ended.setdefault(fact, await self.told(fact))

    async def dies(self, *, after: bool) -> None:
        """One worker takes one row and is gone, before or after sending it."""
        mail = told.mail_channel(self.story.sink.smtp_port, DyingMail)
        sms = told.sms_channel(self.story.sink.url, DyingSms)
        mail.after = sms.after = after
        (_, messages) = told.queues_of(self.story.db, mail, sms)
        taken_before = await self.taken()
        try:
            await drain(self.story.db, msgspec.structs.replace(messages, at_once=1))
        except Died:
            if after:
                self.copies_of_the_dead.update(await self.taken() - taken_before)
        finally:
            await sms.close()

    async def taken(self) -> set[UUID]:
        rows = await self.story.db.pool.fetch(f"select id from {TABLE} where taken_until is not null")
        return {row["id"] for row in rows}

    async def copies(self) -> Counter[UUID]:
        """By row: mail by its Message-ID, SMS by the row that stands at their end."""
        return Counter(
            UUID(one["headers"]["Message-ID"][1:37] if one["channel"] == "email" else one["text"][-36:])
            for one in await self.story.received()
        )

    async def told(self, fact: UUID) -> int:
        copies = await self.copies()
        rows = await self.story.db.pool.fetch(f"select id from {TABLE} where about = $1", fact)
        return sum(copies[row["id"]] for row in rows)

    async def holds(self) -> None:
        await self.story.all_is_well()
        await self.story.days_pass()
        for fact, before in self.told_when_it_ended.items():
            assert await self.told(fact) == before, "told after it had ended"
        copies = await self.copies()
        rows = await self.story.db.pool.fetch(f"select * from {TABLE}")
        assert {(row["about"], row["recipient"]) for row in rows} == self.posted
        for row in rows:
            assert copies[row["id"]] <= 1 + self.copies_of_the_dead[row["id"]], "a copy that no death explains"
            assert row["due_at"] is None, "left behind"
            assert (row["sent_at"] is not None) <= (copies[row["id"]] > 0), "noted and not sent"
            if row["about"] not in self.told_when_it_ended:
                assert row["sent_at"], "true, and not told"


@pytest.fixture
async def told_in_their_way(story: Story, cast: Cast) -> Story:
    await story.contacts(cast.amina.person_id, cast.amina.email, cast.amina.phone)
    await story.contacts(cast.halima.person_id, cast.halima.phone)
    await story.contacts(cast.baraka.person_id, cast.baraka.phone, cast.baraka.email)
    return story


@pytest.mark.slow
@settings(
    max_examples=size("message histories"),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=3, max_size=14))
async def test_nothing_is_stale_missing_or_told_twice(
    told_in_their_way: Story, cast: Cast, steps: list[tuple[str, ...]]
) -> None:
    story = told_in_their_way
    await story.db.pool.execute(f"truncate {TABLE}, story.fact")
    await story.inbox.delete("/api/messages")
    await story.all_is_well()
    history = History(story, cast, [await story.fact() for _ in range(FACTS)])
    for step in steps:
        await history.do(step)
    await history.holds()
