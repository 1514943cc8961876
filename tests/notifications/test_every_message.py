"""Every message that the rooms can send, as it arrives: what a stranger may read of it, and what not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from demo_sink.server import Addresses
from kikao import wiring_work
from kikao.accounts import codes, hiring
from kikao.core.clock import utc_now
from kikao.core.db import Database
from kikao.core.i18n import LANGUAGES
from kikao.core.ids import new_id
from kikao.core.phone import Contact
from kikao.core.practice import EMPTY
from kikao.notifications import kinds
from kikao.notifications.actions import post
from kikao.notifications.gsm7 import fits_gsm7, parts
from kikao.notifications.rules import telling_words
from kikao.payments import charges
from kikao.sessions import checking
from kikao.sessions.actions import Reason, expire
from kikao.sessions.reminding import (
    ANSWER_SOON,
    REMINDER,
    SOON,
    STILL_TO_ANSWER,
    TOMORROW,
    UNPAID,
    day_number,
)
from kikao.sessions.rules import CONFIRMED, IN_PROGRESS
from notifications.story import Story
from sessions.conftest import VAULT, Desk
from support import english
from support.cast import NAIROBI, Cast, Member, workday
from support.people import USUAL, sign_up
from support.rows import NO_NIGHT

PEOPLE = ("Amina", "Baraka", "Dr Otieno", "Dr Wanjiru")
# As long as they may be if every SMS is to stay one.
LONG = "Mti na Mawingu", "https://mti-mawingu.example.test"
PLACES = ("Online", "In Person", "Anxiety")
ZONES = ("East Africa Time", "Saa za Afrika Mashariki", "EAT")
ABOUT_NO_HOUR = ("code", "did not go through", "msimbo", "Msimbo", "hayakufaulu",
                 "one more", "moja zaidi")


@pytest.fixture
async def practice(db: Database, cast: Cast, sink: Addresses, inbox: httpx.AsyncClient) -> AsyncIterator[Story]:
    """The real kinds of all rooms."""
    before = dict(kinds.KINDS)
    kinds.KINDS.clear()
    wiring_work.wire()
    opened = Story(db, sink, inbox)
    opened.trading_name, opened.base_url = LONG
    await db.pool.execute(NO_NIGHT)
    await opened.contacts(cast.baraka.person_id, cast.baraka.phone)
    await db.pool.execute(
        """
        insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)
        values (gen_random_uuid(), $1, 'Individual', 0, 60, now() - interval '1 hour', $1)
        """,
        cast.wanjiru.person_id,
    )
    yield opened
    await opened.sms.close()
    kinds.KINDS.clear()
    kinds.KINDS.update(before)


async def a_year_of(practice: Story, desk: Desk, client: Member, hour: int) -> None:
    """Everything that can happen to a client who asks four times, told as it happens."""
    otieno, wanjiru = desk.cast.otieno, desk.cast.wanjiru

    async def asks(psychologist: Member) -> UUID:
        session_id = await desk.request(client, psychologist, workday(desk.now, hour=hour))
        await practice.drain()
        return session_id

    await desk.decline(otieno, await asks(otieno))
    await practice.time_passes()  # until it is told, it could be taken back
    await practice.drain()
    accepted = await asks(otieno)
    await desk.approve(otieno, accepted)
    await desk.do("extend", otieno, accepted, desk.now)
    await practice.drain()
    await payment_fails(practice, client)
    await practice.post(client.person_id, accepted, UNPAID)
    await practice.post(otieno.person_id, accepted, "taken")
    await practice.drain()
    await money_comes_twice(practice, desk, accepted)
    await a_typed_code_is_refused(practice, desk, client, accepted)
    await desk.cancel(client, accepted)
    lapsed = await asks(otieno)
    await is_nudged(practice, desk, otieno, lapsed)
    await lapses(practice, lapsed)
    await practice.post(client.person_id, lapsed, "paid too late")
    await practice.drain()
    free = await asks(wanjiru)
    await desk.approve(wanjiru, free)
    await practice.post(client.person_id, free, "paid")
    await is_reminded(practice, client, wanjiru, free)
    await desk.cancel(wanjiru, free)
    await practice.drain()
    await around_the_meeting(practice, desk, client)


async def around_the_meeting(practice: Story, desk: Desk, client: Member) -> None:
    """Broken off; not come, by either side; put right."""
    cast = desk.cast
    on = await desk.stage(IN_PROGRESS, client=client)
    await desk.do("break off", cast.otieno, on, desk.now)
    await practice.drain()
    for who in (client, cast.otieno):
        started = desk.now - timedelta(hours=1)
        missed = await desk.stage(CONFIRMED, started, started - timedelta(days=1), client=client)
        await desk.do("mark a no-show", who, missed, desk.now)
        await practice.drain()
        await desk.do("correct", cast.njeri, missed, desk.now)
        await practice.drain()


async def a_typed_code_is_refused(practice: Story, desk: Desk, client: Member, session_id: UUID) -> None:
    admin = desk.cast.njeri
    async with practice.db.transaction() as conn:
        session = await desk.see(conn, client, session_id)
        await checking.submit_code(conn, client.actor, session, "UKM7A1B2C3", desk.now, EMPTY)
    async with practice.db.transaction() as conn:
        session = await desk.see(conn, admin, session_id)
        await checking.reject_code(conn, admin.actor, session, Reason("no such payment"), desk.now, EMPTY, VAULT)
    await practice.drain()


async def is_nudged(practice: Story, desk: Desk, psychologist: Member, session_id: UUID) -> None:
    for kind in (STILL_TO_ANSWER, ANSWER_SOON):
        await practice.post(psychologist.person_id, session_id, kind)
    await practice.drain()


async def is_reminded(practice: Story, client: Member, psychologist: Member, session_id: UUID) -> None:
    """Something was paid for it, so that the hour from which less comes back is told too."""
    await practice.db.pool.execute(
        "update payments.charge set verified = 3000 where purpose_id = $1", session_id
    )
    for kind in (REMINDER, SOON):
        await practice.post(client.person_id, session_id, kind)
    start = await practice.db.pool.fetchval("select starts_at from sessions.session where id = $1", session_id)
    day = day_number(start.astimezone(NAIROBI).date())
    await practice.post(psychologist.person_id, psychologist.person_id, TOMORROW, day)
    await practice.drain()
    await practice.db.pool.execute("update payments.charge set verified = 0 where purpose_id = $1", session_id)


async def money_comes_twice(practice: Story, desk: Desk, session_id: UUID) -> None:
    """More than is owed: it comes back, and then it is back."""
    charge_id = await desk.value("select charge_id from sessions.session where id = $1", session_id)
    async with practice.db.transaction() as conn:
        duty_id = await charges.owe(conn, charge_id, None, 700, "twice", desk.now, desk.now + timedelta(days=3))
    assert duty_id is not None
    await practice.drain()
    async with practice.db.transaction() as conn:
        await charges.done(conn, desk.cast.njeri.actor, duty_id, desk.now)
    await practice.drain()


async def lapses(practice: Story, session_id: UUID) -> None:
    await practice.db.pool.execute("update sessions.session set hold_until = $2 where id = $1", session_id, utc_now())
    async with practice.db.transaction() as conn:
        assert await expire(conn, session_id, utc_now())


async def payment_fails(practice: Story, client: Member) -> None:
    attempt = new_id()
    await practice.db.pool.execute(
        """
        insert into payments.attempt (id, charge_id, amount, phone, state, created_at, expires_at, decided_at,
            token_hash, result_code)
        select $1, charge_id, price, $2, 'failed', now(), now() + interval '90 s', now(), $3, '1032'
        from sessions.session where status = 'Approved'
        """,
        attempt, client.phone, attempt.bytes,
    )  # fmt: skip
    await practice.post(client.person_id, attempt, "payment failed")
    await practice.drain()


async def codes_are_asked_for(practice: Story, cast: Cast, spoken: str) -> None:
    now = utc_now()
    await sign_up(practice.db, now, "+254700000031", language=spoken)
    await sign_up(practice.db, now, "chebet@example.test", language=spoken)
    async with practice.db.transaction() as conn:
        asked = codes.Asked(
            purpose="reset", to=Contact("email", cast.amina.email), account_id=cast.amina.account_id
        )
        await codes.ask(conn, VAULT, asked, 60, now)
        await hiring.invite(conn, cast.njeri.actor, VAULT, cast.wambui.account_id, now, numbers=USUAL)
        for kind in ("phone", "email"):
            theirs = await conn.fetchval(
                "select id from accounts.contact_point where person_id = $1 and kind = $2", cast.amina.person_id, kind)
            await post(conn, "contact added", new_id(), theirs, now)
    await practice.drain()


@pytest.fixture(params=[code for code, _name in LANGUAGES])
def spoken(request: pytest.FixtureRequest) -> str:
    """What everybody reads."""
    return str(request.param)


@pytest.fixture
async def told(practice: Story, cast: Cast, now: datetime, spoken: str) -> list[dict[str, Any]]:
    await practice.db.pool.execute("update accounts.person set language = $1", spoken)
    desk = Desk(practice.db, cast, now)
    await a_year_of(practice, desk, desk.cast.amina, 10)
    for reader in (cast.otieno, cast.wanjiru):  # Baraka has only a phone already
        await practice.contacts(reader.person_id, reader.phone)
    await a_year_of(practice, desk, desk.cast.baraka, 13)
    await codes_are_asked_for(practice, cast, spoken)
    rows = await practice.db.pool.fetch("select * from notifications.outbox")
    assert [(row["kind"], row["dropped_why"], row["last_error"]) for row in rows if not row["sent_at"]] == []
    assert {row["kind"] for row in rows} == set(kinds.KINDS), "a kind that this test does not know"
    return await practice.received()


def shown(message: dict[str, Any]) -> str:
    files = [part for file in message["attachments"] for part in (file["name"], file["content"])]
    words = "\n".join((message["subject"], message["text"], message["html"].split("<body>")[-1], *files))
    return words.replace(message["to"], "")  # a calendar file names the reader's own address


async def test_every_message(told: list[dict[str, Any]], spoken: str) -> None:
    assert {message["channel"] for message in told} == {"email", "sms"}
    texts = {message["text"] for message in told if message["channel"] == "sms"}
    assert [f"{len(text)}: {text}" for text in sorted(texts) if parts(text) > 1] == []
    for message in told:
        words = shown(message)
        assert telling_words(words, PEOPLE, PLACES) == [], words
        assert message["text"].startswith("Mti"), words
        assert any(zone in words for zone in (*ZONES, *ABOUT_NO_HOUR)), words
        assert spoken == "en" or english.left(message["subject"] + "\n" + message["text"]) == [], words
        if message["channel"] == "sms":
            assert fits_gsm7(message["text"]), words
            assert [len(one) for one in LONG] == [14, 32]
        else:
            assert message["subject"].startswith("Mti"), words
