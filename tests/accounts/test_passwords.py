"""A new password: by the old one, or by a code that goes to an e-mail and never to a phone alone (D63)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kikao.accounts import queries, signing_in
from kikao.accounts.codes import CodeRefused
from kikao.accounts.signing_in import SignInRefused
from kikao.core.actor import Actor
from kikao.core.crypto import hash_token, password_fits
from kikao.core.db import Database
from kikao.core.errors import Invalid, TooOften
from kikao.core.ids import new_id
from support.cast import PASSWORD, Cast
from support.people import NETWORK, USUAL, VAULT, code_of, message, proved

NEW = "a better one, longer"


async def enter(db: Database, login: str, password: str, now: datetime, kind: str = "page") -> str:
    return await signing_in.sign_in(
        db, login, password, kind=kind, own_phone=False, now=now, network=NETWORK, numbers=USUAL
    )


async def actor_of(db: Database, token: str, now: datetime) -> Actor:
    async with db.connection() as conn:
        found = await queries.who_is(conn, hash_token(token), "page", now)
    assert found is not None
    return found


async def alive(db: Database, token: str, now: datetime, kind: str = "page") -> bool:
    async with db.connection() as conn:
        return await queries.who_is(conn, hash_token(token), kind, now) is not None


async def forgot(db: Database, typed: str, now: datetime) -> UUID:
    async with db.transaction() as conn:
        return await signing_in.forgot(conn, VAULT, typed, now, network=NETWORK, numbers=USUAL)


async def reset(db: Database, reset_id: UUID, code: str, now: datetime, password: str = NEW) -> UUID:
    return await signing_in.reset(db, VAULT, reset_id, code, password, now, network=NETWORK, numbers=USUAL)


async def change(db: Database, actor: Actor, current: str, new: str, now: datetime) -> None:
    await signing_in.change_password(
        db, actor, current, new, now, fields=("currentPassword", "newPassword"), numbers=USUAL
    )


async def test_a_changed_password_ends_all_other_sign_ins(db: Database, cast: Cast, now: datetime) -> None:
    """D27: tokens do not survive a change of password."""
    here, there = await enter(db, cast.amina.email, PASSWORD, now), await enter(db, cast.amina.email, PASSWORD, now)
    program = await enter(db, cast.amina.email, PASSWORD, now, "api")
    await change(db, await actor_of(db, here, now), PASSWORD, NEW, now)
    assert await alive(db, here, now)
    assert not await alive(db, there, now)
    assert not await alive(db, program, now, "api")
    with pytest.raises(SignInRefused):
        await enter(db, cast.amina.email, PASSWORD, now)
    await enter(db, cast.amina.email, NEW, now)


async def test_the_old_password_is_asked_for_and_counted(db: Database, cast: Cast, now: datetime) -> None:
    token = await enter(db, cast.amina.email, PASSWORD, now)
    actor = await actor_of(db, token, now)
    for _ in range(5):
        with pytest.raises(Invalid) as refused:
            await change(db, actor, "wrong wrong", NEW, now)
        assert refused.value.fields[0].field == "currentPassword"
    with pytest.raises(TooOften) as pause:
        await change(db, actor, PASSWORD, NEW, now)
    assert pause.value.facts["retryAfter"] == 15 * 60
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from journal.entry where verb = 'pause'") == 1
    await change(db, actor, PASSWORD, NEW, now + timedelta(minutes=15))


async def test_strangers_who_guess_outside_keep_nobody_from_their_own_account(
    db: Database, cast: Cast, now: datetime
) -> None:
    actor = await actor_of(db, await enter(db, cast.amina.email, PASSWORD, now), now)
    for _ in range(6):
        with pytest.raises(SignInRefused):
            await enter(db, cast.amina.email, "wrong wrong", now)
    await change(db, actor, PASSWORD, NEW, now)


async def test_a_password_that_changed_in_another_window_is_told_beside_its_field(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = await actor_of(db, await enter(db, cast.amina.email, PASSWORD, now), now)
    fits = password_fits

    async def meanwhile(password: str, stored: str | None) -> bool:
        await db.pool.execute(
            "update accounts.account set password_hash = password_hash || ' ' where id = $1", cast.amina.account_id)
        return await fits(password, stored)

    monkeypatch.setattr(signing_in, "password_fits", meanwhile)
    with pytest.raises(Invalid) as refused:
        await signing_in.make_certain(db, actor, PASSWORD, now, field="password", numbers=USUAL)
    assert refused.value.fields[0].field == "password"


@pytest.mark.parametrize("password, code", [("", "too_short"), ("1234567", "too_short"), ("x" * 257, "too_long")])
async def test_one_rule_for_every_new_password(
    db: Database, cast: Cast, now: datetime, password: str, code: str
) -> None:
    """D63: the same bounds at a change and at a reset; sign-up uses the same function."""
    token = await enter(db, cast.amina.email, PASSWORD, now)
    actor = await actor_of(db, token, now)
    with pytest.raises(Invalid) as refused:
        await change(db, actor, PASSWORD, password, now)
    assert (refused.value.fields[0].field, refused.value.fields[0].code) == ("newPassword", code)
    with pytest.raises(Invalid) as refused:
        await reset(db, new_id(), "123456", now, password)
    assert refused.value.fields[0].code == code


@pytest.mark.parametrize("typed", ["amina@example.test", "AMINA@example.test", "0700 000 001"])
async def test_a_reset_goes_to_the_proved_email(db: Database, cast: Cast, now: datetime, typed: str) -> None:
    reset_id = await forgot(db, typed, now)
    sent = await message(db, reset_id, now, kind="reset")
    assert sent is not None
    assert sent.to is not None
    assert (sent.to.kind, sent.to.value, sent.sms) == ("email", "amina@example.test", "")
    assert sent.button is not None
    assert sent.button.url.endswith(f"/reset/{reset_id}")
    assert sent.heading[-6:] not in sent.button.url  # the code stands beside the link, not in it


async def test_a_reset_ends_all_sign_ins_and_the_pause(db: Database, cast: Cast, now: datetime) -> None:
    token = await enter(db, cast.amina.email, PASSWORD, now)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            await enter(db, cast.amina.email, "wrong wrong", now)
    reset_id = await forgot(db, cast.amina.email, now)
    code = await code_of(db, reset_id, now, kind="reset")
    assert await reset(db, reset_id, code, now) == cast.amina.account_id
    assert not await alive(db, token, now)
    await enter(db, cast.amina.phone, NEW, now)
    with pytest.raises(CodeRefused):
        await reset(db, reset_id, code, now)


@pytest.mark.parametrize("minutes, works", [(59, True), (61, False)])
async def test_a_reset_works_for_an_hour(db: Database, cast: Cast, now: datetime, minutes: int, works: bool) -> None:
    reset_id = await forgot(db, cast.amina.email, now)
    code = await code_of(db, reset_id, now, kind="reset")
    later = now + timedelta(minutes=minutes)
    if works:
        await reset(db, reset_id, code, later)
    else:
        with pytest.raises(CodeRefused):
            await reset(db, reset_id, code, later)


async def test_five_wrong_codes_end_a_reset(db: Database, cast: Cast, now: datetime) -> None:
    reset_id = await forgot(db, cast.amina.email, now)
    code = await code_of(db, reset_id, now, kind="reset")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        with pytest.raises(CodeRefused):
            await reset(db, reset_id, wrong, now)
    with pytest.raises(CodeRefused):
        await reset(db, reset_id, code, now)


async def test_a_code_that_proves_a_contact_resets_nothing(db: Database, cast: Cast, now: datetime) -> None:
    from support.people import sign_up

    made = await sign_up(db, now, cast.amina.email)
    code = await code_of(db, made.verification_id, now)
    with pytest.raises(CodeRefused):
        await reset(db, made.verification_id, code, now)


async def test_nobody_without_an_email_gets_a_code(db: Database, now: datetime) -> None:
    """Never by SMS alone: who holds a phone is not always who it belongs to."""
    await proved(db, now)
    reset_id = await forgot(db, "0700 000 031", now)
    assert await message(db, reset_id, now, kind="reset") is None
    with pytest.raises(CodeRefused):
        await reset(db, reset_id, "000000", now)


async def test_known_and_unknown_are_answered_alike(db: Database, cast: Cast, now: datetime) -> None:
    """D28: one row and one message each, whoever asks for whom; only the worker finds out that nobody is there."""

    async def left_behind(typed: str) -> dict[str, Any]:
        reset_id = await forgot(db, typed, now)
        async with db.connection() as conn:
            row = await conn.fetchrow(
                """
                select purpose, channel, contact_id, expires_at, octet_length(sealed_to) > 20 as sealed,
                       (select array_agg(kind) from notifications.outbox where about = v.id) as posted
                from accounts.verification v where id = $1
                """,
                reset_id,
            )
        assert row is not None
        return dict(row)

    async with db.transaction() as conn:
        await conn.execute("update accounts.account set disabled_at = $2, disabled_by = $1 where id = $1",
                           cast.halima.account_id, now)  # fmt: skip
    known = await left_behind(cast.amina.email)
    assert known == await left_behind("nobody@example.test")
    assert known == await left_behind(cast.halima.email)
    assert known == await left_behind("no.such.name")
    reset_id = await forgot(db, "somebody.else@example.test", now)
    assert await message(db, reset_id, now, kind="reset") is None


async def test_asking_too_often_is_answered_alike(db: Database, cast: Cast, now: datetime) -> None:
    at = now.replace(minute=0, second=0, microsecond=0)
    answers = []
    for typed in (cast.amina.email, "nobody@example.test"):
        for _ in range(10):
            await forgot(db, typed, at)
        with pytest.raises(TooOften) as refused:
            await forgot(db, typed, at)
        answers.append((refused.value.detail, refused.value.facts))
    assert answers[0] == answers[1]


async def test_three_reset_mails_an_hour_whichever_name_was_typed(db: Database, cast: Cast, now: datetime) -> None:
    at = now.replace(minute=0, second=0, microsecond=0)
    sent = []
    for typed in (cast.amina.email, cast.amina.phone, cast.amina.email, cast.amina.phone, cast.amina.email):
        sent.append(await message(db, await forgot(db, typed, at), at, kind="reset"))
    assert [bool(one) for one in sent] == [True, True, True, False, False]
