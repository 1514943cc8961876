"""Accounts that the practice makes: usable at once, with an e-mail for those who work here."""

from datetime import datetime

import pytest

from kikao.accounts import actions, queries, signing_in
from kikao.core.actor import THE_SYSTEM
from kikao.core.crypto import hash_password, hash_token
from kikao.core.db import Database
from kikao.core.errors import Invalid
from kikao.journal.queries import history
from support.cast import Cast
from support.people import NETWORK, PASSWORD, USUAL, read


async def test_a_new_psychologist_can_sign_in_at_once(db: Database, cast: Cast, now: datetime) -> None:
    """D11: nothing sets it back to waiting."""
    hashed = await hash_password(PASSWORD)
    async with db.transaction() as conn:
        made = await actions.create_account(
            conn, cast.njeri.actor, name="Dr Achieng", contacts=[read("achieng@example.test"), read("0700000061")],
            password_hash=hashed, roles={"psychologist", "client"}, now=now, own_name="achieng",
            time_zone="Africa/Nairobi",
        )  # fmt: skip
    for login in ("achieng@example.test", "0700 000 061", "Achieng"):
        token = await signing_in.sign_in(
            db, login, PASSWORD, kind="page", own_phone=False, now=now, network=NETWORK, numbers=USUAL
        )
        async with db.connection() as conn:
            actor = await queries.who_is(conn, hash_token(token), "page", now)
        assert actor is not None
        assert actor.account_id == made.account_id
        assert actor.roles == {"psychologist", "client"}
    async with db.connection() as conn:
        roles = await conn.fetch("select granted_by from accounts.role where account_id = $1", made.account_id)
        user = await queries.user(conn, made.account_id)
    assert {row["granted_by"] for row in roles} == {cast.njeri.account_id}
    assert user is not None
    assert user.roles == ("psychologist", "client")


@pytest.mark.parametrize("role", ["psychologist", "desk", "finance", "admin"])
async def test_those_who_work_here_need_an_email(db: Database, now: datetime, role: str) -> None:
    with pytest.raises(Invalid):
        async with db.transaction() as conn:
            await actions.create_account(
                conn, THE_SYSTEM, name="N", contacts=[read("0700000061")], password_hash="x", roles={role}, now=now,
                time_zone="Africa/Nairobi"
            )


async def test_a_contact_signs_one_account_in(db: Database, cast: Cast, now: datetime) -> None:
    with pytest.raises(actions.LoginTaken):
        async with db.transaction() as conn:
            await actions.create_account(
                conn, THE_SYSTEM, name="N", contacts=[read(cast.amina.email)], password_hash="x", roles={"client"},
                now=now, time_zone="Africa/Nairobi",
            )  # fmt: skip
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from accounts.person where name = 'N'") == 0


async def test_the_operators_first_account(db: Database, now: datetime) -> None:
    hashed = await hash_password(PASSWORD)
    async with db.transaction() as conn:
        made = await actions.create_admin(
            conn, name="Njeri", email="Njeri@example.test", password_hash=hashed, now=now, time_zone="UTC"
        )
    async with db.connection() as conn:
        user = await queries.user(conn, made.account_id)
    assert user is not None
    assert user.roles == ("admin",)
    with pytest.raises(Invalid):
        async with db.transaction() as conn:
            await actions.create_admin(
                conn, name="Njeri", email="0700000061", password_hash=hashed, now=now, time_zone="UTC"
            )


async def test_reading_language_and_zone_are_checked_and_a_change_is_noted(
    db: Database, cast: Cast, now: datetime
) -> None:
    async with db.transaction() as conn:
        for _twice in range(2):
            await actions.set_reading(conn, cast.amina.actor, "en", "Europe/London", now)
        assert [line.verb for line in await history(conn, cast.amina.person_id)] == ["set_reading"]
        for language, zone in (("xx", "Europe/London"), ("en", "Mars/Olympus"), ("en", "../../etc/passwd")):
            with pytest.raises(Invalid):
                await actions.set_reading(conn, cast.amina.actor, language, zone, now)
        user = await queries.user(conn, cast.amina.account_id)
    assert user is not None
    assert user.time_zone == "Europe/London"
