"""Signing up stores a person who cannot sign in yet, and tells a stranger nothing about anybody."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from kikao.accounts import rules, signing_up
from kikao.accounts.actions import OutdatedConsent, ensure_consent_texts
from kikao.accounts.queries import consent_text, has_consent
from kikao.accounts.signing_in import SignInRefused, sign_in
from kikao.core import i18n
from kikao.core.db import Database
from kikao.core.errors import Invalid, TooOften
from kikao.core.ids import new_id
from support.cast import Cast
from support.people import NETWORK, PASSWORD, USUAL, VAULT, message, proved, read, sign_up


async def enter(db: Database, login: str, password: str, now: datetime) -> str:
    return await sign_in(db, login, password, kind="page", own_phone=False, now=now, network=NETWORK, numbers=USUAL)


async def counts(db: Database) -> dict[str, Any]:
    tables = ("person", "account", "contact_point", "role", "consent", "verification", "login")
    async with db.connection() as conn:
        found = {name: await conn.fetchval(f"select count(*) from accounts.{name}") for name in tables}
        found["outbox"] = await conn.fetchval("select count(*) from notifications.outbox")
        found["journal"] = await conn.fetchval("select array_agg(verb order by at, id) from journal.entry")
    return found


async def test_a_sign_up_leaves_a_client_with_consent_and_a_code_on_its_way(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    async with db.connection() as conn:
        assert await has_consent(conn, made.person_id, now)
        roles = await conn.fetchval("select array_agg(role) from accounts.role where account_id = $1", made.account_id)
        row = await conn.fetchrow("select kind, about, recipient, due_at from notifications.outbox")
        verbs = await conn.fetch("select verb, facts::text from journal.entry order by at, id")
    assert roles == ["client"]
    assert row is not None
    assert tuple(row) == ("code", made.verification_id, made.verification_id, now)
    assert {line["verb"] for line in verbs} == {"sign_up", "give_consent"}
    assert not any("Chebet" in (line["facts"] or "") or "7000000" in (line["facts"] or "") for line in verbs)


async def test_an_unproved_contact_signs_nobody_in(db: Database, now: datetime) -> None:
    """D25: nothing in a request makes an account usable before its code was typed."""
    await sign_up(db, now)
    with pytest.raises(SignInRefused):
        await enter(db, "0700 000 031", PASSWORD, now)


async def test_the_work_is_the_same_for_a_contact_that_is_known(db: Database, now: datetime) -> None:
    """D28: known and unknown leave the same rows, and so take the same time and give the same answer."""
    await proved(db, now)
    before = await counts(db)
    await sign_up(db, now)
    known = await counts(db)
    await sign_up(db, now, "0700 000 032")
    unknown = await counts(db)
    grown = [
        {name: after[name] - first[name] for name in after if name != "journal"}
        for first, after in ((before, known), (known, unknown))
    ]
    assert grown[0] == grown[1]
    assert known["journal"][len(before["journal"]):] == unknown["journal"][len(known["journal"]):]


@pytest.mark.parametrize("password", ["$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=8", "ünïcödé 密码密码"])
async def test_a_password_that_looks_like_a_hash_is_hashed_and_works(
    db: Database, now: datetime, password: str
) -> None:
    """D29."""
    got = await proved(db, now, password=password)
    async with db.connection() as conn:
        stored = await conn.fetchval("select password_hash from accounts.account where id = $1", got.account_id)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password not in stored
    await enter(db, "0700000031", password, now)


async def test_a_foreign_number_is_asked_for_an_email(db: Database, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        await sign_up(db, now, "+44 7400 123456")
    assert [(error.field, error.code) for error in refused.value.fields] == [("contact", "email_needed")]
    assert await counts(db) | {"journal": None} == {
        "person": 0, "account": 0, "contact_point": 0, "role": 0, "consent": 0, "verification": 0, "login": 0,
        "outbox": 0, "journal": None,
    }  # fmt: skip
    await sign_up(db, now, "amani@example.test")


async def test_three_codes_an_hour_and_ten_a_day_to_one_contact(db: Database, now: datetime) -> None:
    hour = now.replace(minute=0, second=0, microsecond=0)
    midnight = hour.replace(hour=0)
    sent = 0
    for later in range(4):
        at = midnight + timedelta(days=1, hours=later)
        for _ in range(3):
            if sent == 10:
                break
            await sign_up(db, at)
            sent += 1
        with pytest.raises(TooOften) as refused:
            await sign_up(db, at)
        assert 0 < refused.value.facts["retryAfter"] <= 86400
        if sent == 10:
            break
    assert sent == 10
    await sign_up(db, midnight + timedelta(days=1, hours=3), "0700 000 033")  # nobody else is touched
    await sign_up(db, midnight + timedelta(days=2))


async def test_many_people_behind_one_network_address_do_not_meet_a_limit(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D41: sixty sign-ups of sixty contacts from one address in one minute."""
    async with db.transaction() as conn:
        await ensure_consent_texts(conn, now)
        text = await consent_text(conn, "en")

    async def quick(_password: str) -> str:
        return "x"

    monkeypatch.setattr(signing_up, "hash_password", quick)
    for number in range(60):
        await signing_up.first_password(db, PASSWORD, now, network=NETWORK)
        async with db.transaction() as conn:
            await signing_up.sign_up(
                conn, VAULT, name="N", contact=read(f"07000000{number:02d}"), password_hash="x",
                consent_text_id=text.id, language="en", now=now, numbers=USUAL,
                time_zone="Africa/Nairobi",
            )  # fmt: skip


async def test_no_consent_no_sign_up(db: Database, now: datetime) -> None:
    await sign_up(db, now)
    async with db.transaction() as conn:
        await conn.execute(
            """
            insert into accounts.consent_text (id, language, version, text, from_at) values ($1, 'en', 2, 'new', $2)
            """,
            new_id(), now,
        )  # fmt: skip
        old = await conn.fetchval("select id from accounts.consent_text where version = 1")
    before = await counts(db)
    for text_id in (old, new_id()):
        with pytest.raises(OutdatedConsent):
            async with db.transaction() as conn:
                await signing_up.sign_up(
                    conn, VAULT, name="Chebet", contact=read("0700000035"), password_hash="x",
                    consent_text_id=text_id, language="en", now=now, numbers=USUAL,
                    time_zone="Africa/Nairobi",
                )  # fmt: skip
    assert await counts(db) == before


@pytest.mark.parametrize("name, code", [("   ", "missing"), ("x" * 81, "too_long"), ("a\u202eb", "unusable_text")])
def test_a_name_that_cannot_be_used_is_refused(name: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.called(name)
    assert [(error.field, error.code) for error in refused.value.fields] == [("name", code)]


async def test_a_new_code_replaces_the_old_one(db: Database, now: datetime) -> None:
    from kikao.accounts.codes import CodeRefused, resend

    made = await sign_up(db, now)
    first = await message(db, made.verification_id, now)
    async with db.transaction() as conn:
        until = await resend(conn, made.verification_id, now + timedelta(minutes=9), numbers=USUAL)
    assert until == now + timedelta(minutes=19)
    assert await message(db, made.verification_id, now, version=1) is None  # the old message is no longer true
    second = await message(db, made.verification_id, now, version=2)
    assert first is not None
    assert second is not None
    old, new = first.heading[-6:], second.heading[-6:]
    if old != new:
        with pytest.raises(CodeRefused):
            await signing_up.prove(db, VAULT, made.verification_id, old, now, network=NETWORK, numbers=USUAL)
    await signing_up.prove(
        db, VAULT, made.verification_id, new, now + timedelta(minutes=18), network=NETWORK, numbers=USUAL
    )


async def test_the_text_that_is_agreed_to_has_six_lines(db: Database, cast: Cast, now: datetime) -> None:
    async with db.transaction() as conn:
        await conn.execute("delete from accounts.consent; delete from accounts.consent_text")
        await ensure_consent_texts(conn, now)
        await ensure_consent_texts(conn, now)
        texts = [await consent_text(conn, code) for code, _name in i18n.LANGUAGES]
        assert await conn.fetchval("select count(*) from accounts.consent_text") == len(i18n.LANGUAGES)
        assert (await consent_text(conn, "fr")).language == "en"
    assert [(text.language, len(text.lines)) for text in texts] == [("en", 6), ("sw", 6)]
