"""Mail servers and gateways that are slow, down, or say no."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from kikao.core.clock import utc_now
from kikao.core.db import Database
from kikao.core.jobs import MOST_TRIES, drain
from kikao.notifications import queries, rules, sending
from notifications.story import Story, mail_channel, sms_channel
from support.cast import Cast


async def test_a_failure_that_passes_backs_off_and_then_goes(story: Story, cast: Cast) -> None:
    await story.order(channel="email", status=451)
    about = await story.post(cast.amina.person_id)
    await story.drain()
    row = await story.row(about)
    assert (row.tries, row.last_error, row.sent_at) == (1, "mail_put_off", None)
    assert row.due_at
    assert row.due_at > utc_now()
    assert await story.drain() == 0
    await story.time_passes()
    await story.drain()
    assert len(await story.received()) == 1
    assert (await story.row(about)).channel == "email"


@pytest.mark.parametrize(("first", "second"), [("phone", "email"), ("email", "phone")])
async def test_a_way_that_stays_down_is_left_for_the_other(
    story: Story, cast: Cast, nobody: int, first: str, second: str
) -> None:
    await story.contacts(cast.amina.person_id, getattr(cast.amina, first), getattr(cast.amina, second))
    if first == "phone":
        story.sms = sms_channel(f"http://127.0.0.1:{nobody}")
    else:
        story.email = mail_channel(nobody)
    about = await story.post(cast.amina.person_id)
    for tries in range(1, rules.TRIES_BY_ONE_WAY):
        await story.drain()
        assert (await story.row(about)).tries == tries
        await story.time_passes()
    await story.drain()
    assert [one["to"] for one in await story.received()] == [getattr(cast.amina, second)]
    # The message went, and still one sees which way is down.
    down = await story.db.pool.fetch("select channel from notifications.failing")
    assert [row["channel"] for row in down] == [sending.CHANNEL[first]]


async def test_a_way_that_works_again_is_down_no_more(story: Story, cast: Cast, nobody: int) -> None:
    there, story.email = story.email, mail_channel(nobody)
    await story.post(cast.amina.person_id)
    await story.drain()
    assert await story.db.pool.fetchval("select reason from notifications.failing") == "no_connection"
    story.email = there
    await story.time_passes()
    await story.drain()
    assert await story.db.pool.fetchval("select count(*) from notifications.failing") == 0


async def test_a_mailbox_that_does_not_exist_says_nothing_about_the_way(story: Story, cast: Cast) -> None:
    await story.contacts(cast.amina.person_id, cast.amina.email)
    await story.order(channel="email", status=550)
    await story.post(cast.amina.person_id)
    await story.drain()
    assert await story.db.pool.fetchval("select count(*) from notifications.failing") == 0


async def test_an_outage_of_hours_loses_nothing_and_is_never_stuck(
    story: Story, cast: Cast, nobody: int
) -> None:
    there, story.sms = story.sms, sms_channel(f"http://127.0.0.1:{nobody}")
    await story.contacts(cast.amina.person_id, cast.amina.phone)
    about = await story.post(cast.amina.person_id)
    for _ in range(30):
        await story.drain()
        row = await story.row(about)
        assert not row.stuck
        await story.time_passes()
    assert row.due_at
    assert utc_now() < row.due_at <= utc_now() + rules.PATIENCE
    await story.sms.close()
    story.sms = there
    await story.drain()
    assert len(await story.received()) == 1


async def test_the_first_tries_are_seconds_apart_and_the_later_ones_minutes(
    story: Story, cast: Cast, nobody: int
) -> None:
    story.email = mail_channel(nobody)
    await story.contacts(cast.amina.person_id, cast.amina.email)
    about = await story.post(cast.amina.person_id)
    waits = []
    for _ in range(MOST_TRIES + 2):
        await story.drain()
        due = (await story.row(about)).due_at
        assert due
        waits.append((due - utc_now()).total_seconds())
        await story.time_passes()
    # Looked at a moment later, on a slow machine.
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 64, 300, 300, 300], rel=0.05, abs=0.9)


async def test_a_refused_address_is_left_for_the_other_at_once(story: Story, cast: Cast) -> None:
    await story.order(channel="email", stage="rcpt", status=550)
    about = await story.post(cast.amina.person_id)
    await story.drain()
    assert [one["to"] for one in await story.received()] == [cast.amina.phone]
    assert (await story.row(about)).channel == "sms"


async def test_who_cannot_be_reached_by_any_way_is_listed_with_the_first_reason(
    story: Story, cast: Cast
) -> None:
    await story.order(channel="email", stage="rcpt", status=550)
    await story.order(channel="sms", statusCode=403)
    about = await story.post(cast.amina.person_id)
    await story.drain()
    row = await story.row(about)
    assert (row.due_at, row.dropped_why) == (None, "mail_no_such_reader")
    async with story.db.connection() as conn:
        assert await queries.unreachable(conn) == ([row], None)


async def test_what_the_operator_has_to_mend_waits_for_it(story: Story, cast: Cast) -> None:
    await story.contacts(cast.amina.person_id, cast.amina.phone)
    await story.order(channel="sms", message="InvalidSenderId", times=0)
    about = await story.post(cast.amina.person_id)
    await story.days_pass()
    assert (await story.row(about)).dropped_at is None
    await story.all_is_well()
    await story.days_pass()
    assert (await story.row(about)).channel == "sms"


async def test_what_became_untrue_while_it_waited_is_not_told(story: Story, cast: Cast) -> None:
    await story.order(channel="email", status=451)
    about = await story.post(cast.amina.person_id)
    await story.drain()
    await story.ends(about)
    await story.days_pass()
    assert await story.received() == []
    assert (await story.row(about)).dropped_why == rules.NO_LONGER_TRUE


async def test_a_stranger_who_thinks_too_long_is_left(
    story: Story, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "LONGEST", 0.2)
    await story.order(channel="email", stage="rcpt", delay=10.0)
    about = await story.post(cast.amina.person_id)
    await asyncio.wait_for(story.drain(), 8)
    assert (await story.row(about)).last_error == "no_answer"
    await story.days_pass()
    assert len(await story.received()) == 1


# workers that die ---------------------------------------------------------------------------------


async def dies(story: Story, url: str, when: str) -> None:
    """A worker in a process of its own, killed as the machine kills."""
    program = Path(__file__).with_name("dying_worker.py")
    worker = await asyncio.create_subprocess_exec(
        sys.executable, str(program), when, url, str(story.sink.smtp_port), story.sink.url,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert await asyncio.wait_for(worker.wait(), 30) == -signal.SIGKILL


@pytest.mark.parametrize(("when", "copies"), [("before", 1), ("after", 2)])
async def test_a_worker_killed_between_sending_and_noting_costs_one_copy_at_most(
    story: Story, cast: Cast, url: str, when: str, copies: int
) -> None:
    about = await story.post(cast.amina.person_id)
    await dies(story, url, when)
    assert (await story.row(about)).sent_at is None
    assert await story.drain() == 0  # its lease holds
    await story.time_passes()
    await story.drain()
    await story.time_passes()
    assert await story.drain() == 0
    row = await story.row(about)
    named = [mail["headers"]["Message-ID"] for mail in await story.received()]
    assert named == [f"<{row.id}@practice.example.test>"] * copies


async def test_a_database_that_goes_away_before_the_note_costs_one_copy_at_most(
    story: Story, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = await story.post(cast.amina.person_id)
    await story.db.pool.execute(
        """
        create function story.away() returns trigger language plpgsql as
            $$ begin raise exception 'away' using errcode = '57P01'; end $$;
        create trigger away before update on notifications.outbox for each row
            when (new.sent_at is not null) execute function story.away();
        """
    )
    await story.drain()
    await story.db.pool.execute("drop trigger away on notifications.outbox")
    await story.days_pass()
    assert len(await story.received()) == 2
    assert (await story.row(about)).sent_at


async def test_standing_says_what_waits(story: Story, cast: Cast, nobody: int) -> None:
    async def standing(db: Database) -> tuple[int, int, int]:
        async with db.connection() as conn:
            found = await queries.waiting(conn, utc_now())
        return found.due, found.put_off, found.stuck

    assert await standing(story.db) == (0, 0, 0)
    story.email = mail_channel(nobody)
    await story.contacts(cast.amina.person_id, cast.amina.email)
    about = await story.post(cast.amina.person_id)
    assert await standing(story.db) == (1, 0, 0)
    (_, messages) = story.queues
    await drain(story.db, messages)
    assert await standing(story.db) == (0, 1, 0)
    await story.db.pool.execute("update notifications.outbox set tries = 8")
    assert await standing(story.db) == (0, 0, 1)
    async with story.db.connection() as conn:
        assert [one.about for one in await queries.stuck(conn)] == [about]
