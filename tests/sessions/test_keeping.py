"""The table *Keeping*: rows of all ages, and nothing older after the job. Without the job they are there."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from kikao import wiring, wiring_work
from kikao.accounts.rules import FORGOTTEN
from kikao.core.ids import SYSTEM, new_id
from kikao.journal import actions as journal
from kikao.payments import charges, ledger
from kikao.sessions import rules
from sessions.conftest import VAULT, Desk
from support import app as apps
from support import people

DAY = timedelta(days=1)
YEARS = timedelta(days=7 * 365 + 10)
AGES = (DAY, 8 * DAY, 31 * DAY, 91 * DAY, 200 * DAY, 367 * DAY, 5 * 365 * DAY, YEARS)

# What may not be there any more: how many rows of it there are. $1 is now.
TOO_OLD = {
    "a sign-up never proved, after 7 days": """
        select count(*) from accounts.account a left join sessions.session s on s.requested_by = a.person_id
        where a.proved_at is null and a.created_at < $1::timestamptz - interval '7 days'""",
    "its request": """
        select count(*) from sessions.session s join accounts.account a on a.person_id = s.requested_by
        where a.proved_at is null and s.created_at < $1::timestamptz - interval '7 days'""",
    "the note of a request that came to nothing, after 30 days": """
        select count(*) from sessions.session where sealed_note is not null and confirmed_at is null
        and ended_at < $1::timestamptz - interval '30 days'""",
    "its person, after 12 months": """
        select count(*) from sessions.session s where status in ('Declined', 'Expired') and client_id <> $2
        and ended_at < $1::timestamptz - interval '366 days'
        and not exists (select from payments.receipt r where r.charge_id = s.charge_id)""",
    "its payer, after 12 months": """
        select count(*) from payments.charge c join sessions.session s on s.charge_id = c.id
        where s.status in ('Declined', 'Expired') and s.ended_at < $1::timestamptz - interval '366 days'
        and c.payer_account is not null
        and not exists (select from payments.receipt r where r.charge_id = c.id)""",
    "a letter that was read 90 days ago": """
        select count(*) from payments.letter where read_at < $1::timestamptz - interval '90 days'""",
    "a message that went 12 months ago": """
        select count(*) from notifications.outbox where sent_at < $1::timestamptz - interval '366 days'""",
    "a session, after 7 years": """
        select count(*) from sessions.session where ended_at < $1::timestamptz - interval '2558 days'""",
    "a receipt, after 7 years": """
        select count(*) from payments.receipt where received_at < $1::timestamptz - interval '2558 days'""",
    "a move of the ledger, after 7 years": """
        select count(*) from payments.move where at < $1::timestamptz - interval '2558 days'""",
    "a charge, after 7 years": """
        select count(*) from payments.charge where created_at < $1::timestamptz - interval '2558 days'""",
    "a duty that was done, after 7 years": """
        select count(*) from payments.duty where done_at < $1::timestamptz - interval '2558 days'""",
    "a consent, 7 years after the last session": """
        select count(*) from accounts.consent c where given_at < $1::timestamptz - interval '2558 days'
        and not exists (select from sessions.session s where s.client_id = c.person_id
                        and s.starts_at > $1::timestamptz - interval '2556 days')""",
    "the journal, 7 years after the last session": """
        select count(*) from journal.entry e where at < $1::timestamptz - interval '2558 days'
        and not exists (select from sessions.session s join accounts.people p on p.id in (s.client_id, s.requested_by)
                        where e.noun_id in (p.id, p.account_id))""",
}


async def too_old(desk: Desk) -> dict[str, int]:
    return {
        what: await desk.value(f"{statement} and $2::uuid is not null", desk.now, FORGOTTEN)
        for what, statement in TOO_OLD.items()
    }


async def life_of(desk: Desk, ago: timedelta) -> None:
    """What a practice leaves behind of one day, that long ago."""
    cast, then = desk.cast, desk.now - ago
    start = then + timedelta(hours=3)
    for status, who in ((rules.DECLINED, cast.amina), (rules.EXPIRED, cast.baraka), (rules.COMPLETED, cast.halima)):
        session_id = await desk.stage(status, start, then, client=who)
        note = VAULT.seal("Please speak slowly.", "sessions.session", "sealed_note", session_id)
        await desk.run("update sessions.session set sealed_note = $2 where id = $1", session_id, note)
        await line(desk, session_id, then)
        start += timedelta(hours=2)
    paid = await desk.stage(rules.CANCELLED, start, then)
    await desk.pay(paid, 2500, then)
    await everything_given_back(desk, then)
    await a_stray(desk, then)
    await a_letter(desk, ago)
    await a_message(desk, then)
    await line(desk, cast.amina.account_id, then)
    await line(desk, cast.kamau.person_id, then)
    for who in (cast.amina, cast.kamau):
        await desk.run(
            """
            insert into accounts.consent (id, text_id, person_id, given_by, how, given_at)
            values ($1, $2, $3, $4, 'voice', $5)
            """, new_id(), cast.consent_text_id, who.person_id, who.person_id, then)  # fmt: skip


async def line(desk: Desk, about: UUID, then: datetime) -> None:
    async with desk.db.transaction() as conn:
        await journal.record(conn, desk.cast.wambui.actor, "look", "thing", about, then)


async def everything_given_back(desk: Desk, then: datetime) -> None:
    async with desk.db.transaction() as conn:
        for row in await conn.fetch("select id from payments.duty where done_at is null"):
            await charges.done(conn, desk.cast.njeri.actor, row["id"], then)


async def a_stray(desk: Desk, then: datetime) -> None:
    """Money that belonged to nothing, and went back."""
    receipt = new_id()
    back = ledger.of_duty(None)
    async with desk.db.transaction() as conn:
        await conn.execute(
            """
            insert into payments.receipt (id, channel, number, amount, method, by_account, received_at)
            values ($1, 'bank', $2, 700, 'person', $3, $4)
            """,
            receipt, str(receipt).upper(), SYSTEM, then,
        )  # fmt: skip
        await conn.execute(
            """
            insert into payments.duty (id, receipt_id, amount, why, created_at, until_at, done_at, done_by)
            values ($1, $2, 700, 'suspense', $3, $3, $3, $4)
            """,
            new_id(), receipt, then, desk.cast.njeri.account_id,
        )  # fmt: skip
        for source, target, why in ((ledger.DESK, ledger.SUSPENSE, ledger.ARRIVED), (ledger.SUSPENSE, back, "owed"),
                                    (back, ledger.DESK, "given back")):
            await ledger.move(conn, source, target, 700, why, receipt, then)


async def a_letter(desk: Desk, ago: timedelta) -> None:
    await desk.run(
        """
        insert into payments.letter (id, sealed_body, received_at, read_at, outcome) values ($1, '', $2, $2, 'stray')
        """, new_id(), desk.now - ago)  # fmt: skip


async def a_message(desk: Desk, then: datetime) -> None:
    await desk.run(
        """
        insert into notifications.outbox (id, kind, about, recipient, created_at, sent_at, channel)
        values ($1, 'confirmed', $1, $1, $2, $2, 'sms')
        """, new_id(), then)  # fmt: skip


async def a_sign_up(desk: Desk, ago: timedelta, number: int) -> None:
    """With a request, by somebody whose contact nobody ever proved."""
    then = desk.now - ago
    made = await people.sign_up(desk.db, then, f"0700 000 {60 + number:03d}")
    session_id = await desk.stage(rules.EXPIRED, then + timedelta(hours=20), then, expired_from=rules.PENDING_APPROVAL)
    await desk.run(
        "update sessions.session set client_id = $2, requested_by = $3, sent_at = null where id = $1",
        session_id, made.person_id, made.person_id,
    )
    await desk.run(
        "update payments.charge set payer_account = $2 where purpose_id = $1", session_id, made.account_id
    )


async def job(desk: Desk, url: str) -> None:
    async with wiring.house(apps.machine(url)) as house:
        await wiring_work.forget(house, desk.now)


@pytest.mark.slow
async def test_nothing_is_older_than_the_table_says(desk: Desk, url: str) -> None:
    for number, ago in enumerate(AGES):
        await life_of(desk, ago)
        await a_sign_up(desk, ago, number)
    before = await too_old(desk)
    assert [what for what, number in before.items() if not number] == [], "without the job they are there"
    await job(desk, url)
    assert {what: number for what, number in (await too_old(desk)).items() if number} == {}
    await job(desk, url)

    # and what is younger is there still
    assert await desk.value("select count(*) from payments.receipt") == 2 * (len(AGES) - 1)
    assert await desk.value("select count(*) from accounts.account where proved_at is null") == 1
    assert await desk.value("select count(*) from sessions.session") == 4 * (len(AGES) - 1) + 1
    assert await desk.value("select count(*) from sessions.session where sealed_note is not null") == (
        len(AGES) - 1 + 2 * len([ago for ago in AGES if ago < 30 * DAY]))
    assert await desk.value("select count(*) from accounts.consent where given_at < $1", desk.now - 8 * 365 * DAY) == 0
    async with desk.db.connection() as conn:
        assert sum((await ledger.balances(conn)).values()) == 0


async def test_what_is_not_settled_is_not_forgotten(desk: Desk, url: str) -> None:
    """An old duty that nobody has paid out yet, with the session that it is from."""
    then = desk.now - YEARS
    session_id = await desk.stage(rules.CANCELLED, then + timedelta(hours=3), then)
    await desk.pay(session_id, 2500, then)
    await line(desk, session_id, then)
    await job(desk, url)
    assert await desk.owed(session_id) == 2500
    charge_id = await desk.value("select charge_id from sessions.session where id = $1", session_id)
    for about in (session_id, charge_id):
        assert await desk.value("select count(*) from journal.entry where noun_id = $1", about) > 0
    await everything_given_back(desk, then)
    await job(desk, url)
    assert await desk.value("select count(*) from sessions.session") == 0
    assert await desk.value("select count(*) from payments.move") == 0


async def test_the_ledger_loses_nothing_young_whoever_asks(desk: Desk) -> None:
    for years, gone in ((6, False), (8, True)):
        await a_stray(desk, desk.now - years * 366 * DAY)
        try:
            await desk.run("delete from payments.move")
        except asyncpg.RestrictViolationError:
            assert not gone
            await desk.run("alter table payments.move disable trigger all")
            await desk.run("delete from payments.move")
            await desk.run("alter table payments.move enable trigger all")
        assert await desk.value("select count(*) from payments.move") == 0
