"""The outbox against a real database, a real mail server and a real gateway."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta

import pytest

from kikao.core import db as database
from kikao.core import i18n
from kikao.core.clock import EAST_AFRICA, utc_now
from kikao.core.db import Conn, Database, transaction_open
from kikao.core.ids import SYSTEM, new_id
from kikao.core.jobs import MOST_TRIES, drain
from kikao.core.phone import Contact
from kikao.core.practice import load, put
from kikao.notifications import actions, kinds, queries, rules, sending
from kikao.notifications.channels import Sent
from kikao.notifications.channels.email import Email
from kikao.notifications.kinds import Composed, Kind, Post, Reader, Tools
from notifications.story import Story, queues_of
from support.cast import Cast


async def test_a_message_goes_once(story: Story, cast: Cast) -> None:
    about = await story.post(cast.amina.person_id)
    await story.post(cast.amina.person_id, about)  # the same again changes nothing
    assert await story.drain() == 1
    await story.time_passes()
    assert await story.drain() == 0
    (mail,) = await story.received()
    row = await story.row(about)
    assert (row.channel, row.due_at, row.dropped_at) == ("email", None, None)
    assert row.sent_at
    assert mail["to"] == cast.amina.email
    assert mail["headers"]["Message-ID"] == f"<{row.id}@practice.example.test>"


async def test_a_mail_shows_nothing_but_the_practice_before_it_is_opened(story: Story, cast: Cast) -> None:
    await story.post(cast.amina.person_id)
    await story.drain()
    (mail,) = await story.received()
    assert mail["subject"] == "Mti K7Q2M9X4"
    assert mail["text"].startswith("Mti\n\nYour time is kept\n\nUntil ")
    assert "http://127.0.0.1:8000/s/K7Q2M9X4" in mail["html"]
    assert [(file["name"], file["method"]) for file in mail["attachments"]] == [("K7Q2M9X4.ics", "REQUEST")]


async def test_two_workers_at_once_send_once(story: Story, cast: Cast, url: str) -> None:
    for _ in range(40):
        await story.post(cast.amina.person_id)
    others = await database.connect(url)

    async def work(db: Database) -> None:
        (_, messages) = queues_of(db, story.email, story.sms)
        while await drain(db, messages):
            pass

    await asyncio.gather(*(work(db) for db in (story.db, others, story.db, others)))
    await others.close()
    received = [mail["headers"]["Message-ID"] for mail in await story.received()]
    assert len(received) == len(set(received)) == 40


async def test_what_is_no_longer_true_is_not_told(story: Story, cast: Cast) -> None:
    about = await story.post(cast.amina.person_id)
    await story.ends(about)
    await story.drain()
    assert await story.received() == []
    assert (await story.row(about)).dropped_why == rules.NO_LONGER_TRUE


async def test_a_moved_time_tells_again(story: Story, cast: Cast) -> None:
    about = await story.post(cast.amina.person_id)
    await story.post(cast.amina.person_id, about, version=2)
    await story.drain()
    assert len(await story.received()) == 2


async def night_falls(story: Story) -> None:
    """By the clock of Nairobi, for two hours from the beginning of this one."""
    hour = utc_now().astimezone(EAST_AFRICA).hour
    async with story.db.transaction() as conn:
        for name, value in (("quiet_from_hour", hour), ("quiet_until_hour", (hour + 2) % 24)):
            await put(conn, rules.Numbers, name, value, by=SYSTEM, reason="night", now=utc_now())


async def test_at_night_a_message_waits_for_the_morning_and_is_looked_at_again(story: Story, cast: Cast) -> None:
    await night_falls(story)
    about, stale = await story.post(cast.amina.person_id), await story.post(cast.amina.person_id)
    await story.drain()
    row = await story.row(about)
    assert row.due_at is not None
    assert (await story.received(), row.tries, row.last_error) == ([], 0, None)
    assert timedelta(hours=1) <= row.due_at - utc_now() <= timedelta(hours=2)
    assert not rules.is_quiet(row.due_at, "Africa/Nairobi", await numbers(story))
    await story.ends(stale)
    async with story.db.connection() as conn:
        await put(conn, rules.Numbers, "quiet_until_hour", 0, by=SYSTEM, reason="morning", now=utc_now())
        await put(conn, rules.Numbers, "quiet_from_hour", 0, by=SYSTEM, reason="morning", now=utc_now())
    await story.time_passes()
    await story.drain()
    assert len(await story.received()) == 1
    assert (await story.row(stale)).dropped_why == rules.NO_LONGER_TRUE


async def numbers(story: Story) -> rules.Numbers:
    async with story.db.connection() as conn:
        return (await load(conn, utc_now())).of(rules.Numbers)


async def test_a_reader_elsewhere_has_a_night_of_their_own(story: Story, cast: Cast) -> None:
    await night_falls(story)
    await story.db.pool.execute(
        "update accounts.person set time_zone = 'America/New_York' where id = $1", cast.baraka.person_id
    )
    await story.post(cast.amina.person_id)
    await story.post(cast.baraka.person_id)
    await story.drain()
    assert [one["to"] for one in await story.received()] == [cast.baraka.email]


async def test_a_code_never_waits(story: Story, cast: Cast) -> None:
    await night_falls(story)
    contact = await story.db.pool.fetchval(
        "select id from accounts.contact where person_id = $1 limit 1", cast.amina.person_id
    )
    await story.post(contact, await story.fact(goes_to="new@example.test"), kind="code")
    await story.drain()
    assert len(await story.received()) == 1


# which way ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contacts", "channel"),
    [
        (("+254700000001", "amina@example.test"), "sms"),
        (("amina@example.test", "+254700000001"), "email"),
        (("amina@example.test",), "email"),
        (("+254700000001",), "sms"),
    ],
)
async def test_people_are_told_by_what_they_signed_up_with(
    story: Story, cast: Cast, contacts: tuple[str, ...], channel: str
) -> None:
    await story.contacts(cast.amina.person_id, *contacts)
    await story.post(cast.amina.person_id)
    await story.drain()
    assert [(one["channel"], one["to"]) for one in await story.received()] == [(channel, contacts[0])]


async def test_who_has_no_proved_contact_is_listed_for_the_desk(story: Story, cast: Cast) -> None:
    await story.db.pool.execute(
        "update accounts.contact_point set proved_at = null where person_id = $1", cast.amina.person_id
    )
    about = await story.post(cast.amina.person_id)
    stale = await story.post(cast.zuri.person_id)
    await story.ends(stale)
    await story.drain()
    async with story.db.connection() as conn:
        listed, _ = await queries.unreachable(conn)
    assert [(one.about, one.dropped_why) for one in listed] == [(about, rules.NO_CONTACT)]


async def test_whom_somebody_still_has_to_ring_is_not_forgotten(story: Story, cast: Cast) -> None:
    await story.db.pool.execute("update accounts.contact_point set proved_at = null")
    for who in (cast.amina, cast.baraka, cast.halima):
        await story.post(who.person_id)
    await story.drain()
    later = utc_now() + timedelta(days=400)
    async with story.db.transaction() as conn:
        [untold, told, gone] = (await queries.unreachable(conn))[0]
        await actions.told_by_telephone(conn, cast.wambui.actor, told.id, later)
        await conn.execute("update accounts.person set state = 'erased' where id = $1", gone.recipient)
        assert await actions.forget_old(conn, later) == 2
        assert (await queries.unreachable(conn))[0] == [untold]
        assert await queries.count_unreachable(conn) == 1


async def test_what_a_person_has_to_say_is_not_sent_and_listed_for_the_desk(story: Story, cast: Cast) -> None:
    async def delicate(_conn: Conn, _post: Post, _reader: Reader | None, _tools: Tools) -> Composed:
        return Composed(subject="x", sms="x", heading="x", spoken=True)

    kinds.add(Kind("delicate", delicate))
    about = await story.post(cast.amina.person_id, kind="delicate")
    await story.drain()
    assert await story.received() == []
    async with story.db.connection() as conn:
        listed, _ = await queries.unreachable(conn)
    assert [(one.about, one.dropped_why) for one in listed] == [(about, rules.SPOKEN)]


@pytest.mark.parametrize("state", ["blocked", "deceased", "erased"])
async def test_nothing_is_sent_for_who_is_no_longer_active(story: Story, cast: Cast, state: str) -> None:
    await story.db.pool.execute(
        "update accounts.person set state = $2 where id = $1", cast.amina.person_id, state
    )
    about = await story.post(cast.amina.person_id)
    await story.drain()
    assert await story.received() == []
    assert (await story.row(about)).dropped_why == f"reader is {state}"


@pytest.mark.parametrize(
    ("state", "sent"), [("active", 1), ("blocked", 1), ("deceased", 0), ("erased", 0)]
)
async def test_a_code_goes_to_the_address_that_it_proves(
    story: Story, cast: Cast, state: str, sent: int
) -> None:
    await story.db.pool.execute(
        "update accounts.person set state = $2 where id = $1", cast.amina.person_id, state
    )
    contact = await story.db.pool.fetchval(
        "select id from accounts.contact where person_id = $1 limit 1", cast.amina.person_id
    )
    about = await story.fact(goes_to="+254700000031")
    await story.post(contact, about, kind="code")
    await story.drain()
    assert [one["to"] for one in await story.received()] == ["+254700000031"] * sent


async def test_a_code_may_be_for_somebody_without_a_row(story: Story, cast: Cast) -> None:
    await story.post(new_id(), await story.fact(goes_to="new@example.test"), kind="code")
    await story.drain()
    assert [one["to"] for one in await story.received()] == ["new@example.test"]


async def test_only_a_code_may_name_an_address(story: Story, cast: Cast) -> None:
    async def gossip(_conn: Conn, _post: Post, _reader: Reader | None, _tools: Tools) -> Composed:
        return Composed(subject="", sms="", heading="", to=Contact("email", "new@example.test"))

    kinds.add(Kind("gossip", gossip))
    about = await story.post(cast.amina.person_id, kind="gossip")
    await story.drain()
    assert await story.received() == []
    assert (await story.row(about)).last_error == "CodeAddressOnly"


async def test_codes_do_not_stand_in_line_behind_messages(story: Story, cast: Cast) -> None:
    code = await story.post(new_id(), await story.fact(goes_to="new@example.test"), kind="code")
    message = await story.post(cast.amina.person_id)
    codes, messages = story.queues
    assert await drain(story.db, codes) == 1
    assert (await story.row(code)).sent_at
    assert (await story.row(message)).sent_at is None
    assert await drain(story.db, messages) == 1


# its reader's language and zone -------------------------------------------------------------------


async def test_day_hour_and_zone_are_the_readers(story: Story, cast: Cast) -> None:
    await story.db.pool.execute(
        "update accounts.person set time_zone = 'Asia/Tokyo' where id = $1", cast.baraka.person_id
    )
    about = await story.fact()
    for who in (cast.amina, cast.baraka):
        await story.post(who.person_id, about)
    await story.db.pool.execute("update notifications.outbox set created_at = '2026-11-24 20:00+00'")
    await story.drain()
    texts = {mail["to"]: mail["text"] for mail in await story.received()}
    assert re.search("24 November(,| [0-9]+,) 23:00 East Africa Time", texts[cast.amina.email])
    assert re.search("25 November(,| [0-9]+,) 05:00 Japan Standard Time", texts[cast.baraka.email])


async def test_the_readers_language_is_set_while_a_text_is_made(story: Story, cast: Cast) -> None:
    seen = []

    async def listen(_conn: Conn, _post: Post, reader: Reader | None, _tools: Tools) -> None:
        assert reader
        seen.append((reader.language, i18n.language.get()))

    await story.db.pool.execute("update accounts.person set language = 'sw' where id = $1", cast.amina.person_id)
    await story.db.pool.execute("update accounts.person set language = 'xx' where id = $1", cast.baraka.person_id)
    kinds.add(Kind("listen", listen))
    for who in (cast.amina, cast.baraka):
        await story.post(who.person_id, kind="listen")
    await story.drain()
    assert sorted(seen) == [("en", "en"), ("sw", "sw")]


@pytest.mark.parametrize("zone", ["EAT", "Mars/Olympus"])
async def test_a_zone_that_only_the_database_knows_is_shown_as_east_africa(
    story: Story, cast: Cast, zone: str
) -> None:
    await story.db.pool.execute("alter table accounts.person drop constraint person_zone")
    await story.db.pool.execute("update accounts.person set time_zone = $1", zone)
    await story.post(cast.amina.person_id)
    await story.drain()
    (mail,) = await story.received()
    assert "East Africa Time" in mail["text"]


# what nobody may see ------------------------------------------------------------------------------


async def test_nothing_is_sent_inside_a_transaction(story: Story, cast: Cast) -> None:
    about = await story.post(cast.amina.person_id)
    token = transaction_open.set(True)
    try:
        await story.drain()
    finally:
        transaction_open.reset(token)
    assert await story.received() == []
    assert (await story.row(about)).last_error == "SocketInsideTransaction"


async def test_no_kind_can_send_by_itself(story: Story, cast: Cast) -> None:
    async def hasty(_conn: Conn, post: Post, reader: Reader | None, _tools: Tools) -> None:
        assert reader
        made = Composed(subject="x", sms="x", heading="x")
        parcel = sending.Parcel(post, made, "en", "Mti", post.created_at)
        await sending.deliver(sending.Channels(story.email, story.sms), parcel, reader.contacts, tries=1)

    kinds.add(Kind("hasty", hasty))
    about = await story.post(cast.amina.person_id, kind="hasty")
    await story.drain()
    assert await story.received() == []
    assert (await story.row(about)).last_error == "SocketInsideTransaction"


async def test_no_connection_is_kept_while_a_stranger_thinks(
    story: Story, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    sends = story.email.send

    async def thinks(message: Email) -> Sent:
        kept.append(story.db.pool.get_size() - story.db.pool.get_idle_size())
        return await sends(message)

    monkeypatch.setattr(story.email, "send", thinks)
    about = await story.post(cast.amina.person_id)
    await story.drain()
    assert (await story.row(about)).sent_at
    assert kept == [0]


async def test_logs_hold_nothing_personal(story: Story, cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    await story.contacts(cast.amina.person_id, cast.amina.phone)
    await story.order(channel="sms", statusCode=500)
    await story.order(channel="sms", statusCode=403)
    await story.post(cast.amina.person_id)
    await story.post(cast.baraka.person_id)
    await story.days_pass()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    events = {line["event"] for line in lines}
    assert events == {"message_put_off", "job_failed", "message_dropped", "message_sent"}
    written = str(lines)
    assert not any(word in written for word in ("@", "2547000000", "Amina", "K7Q2M9X4"))


async def test_an_unknown_kind_waits_for_a_program_that_knows_it(story: Story, cast: Cast) -> None:
    about = await story.post(cast.amina.person_id, kind="of tomorrow")
    await story.days_pass()
    row = await story.row(about)
    assert (row.stuck, row.tries, row.last_error) == (True, MOST_TRIES, "UnknownKind")
