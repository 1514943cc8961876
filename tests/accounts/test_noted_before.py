"""Who signs up with a number that desk has noted: whose they are, and whose they are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest

from kikao.accounts import acting, by_desk, signing_up, standing
from kikao.accounts.by_desk import Newcomer
from kikao.accounts.signing_up import Proved
from kikao.core.actor import Actor
from kikao.core.db import Conn, Database
from support.cast import Cast
from support.people import NETWORK, USUAL, VAULT, code_of, proved, read, sign_up

PHONE = "0700 000 031"
HEARD: Any = {"how": "voice", "time_zone": "Africa/Nairobi"}


async def noted(conn: Conn, cast: Cast, now: datetime, *, child: str | None = "Tatu") -> UUID:
    """Grace, without an account, as desk notes her down, and her child."""
    text = cast.consent_text_id
    grace = await by_desk.make_person(
        conn, cast.wambui.actor, Newcomer(name="Grace", consent_text_id=text, **HEARD, contacts=[read(PHONE)]), now)
    if child:
        await by_desk.make_person(conn, cast.wambui.actor, Newcomer(
            name=child, consent_text_id=text, **HEARD, birth_date=date(now.year - 6, 3, 4), parent_id=grace), now)
    return grace


async def joined(db: Database, now: datetime, *, name: str, child: str = "tatu", language: str = "en") -> Proved:
    """Somebody who signs up with her number for a child."""
    signed_up = await sign_up(db, now, PHONE, name=name, language=language)
    async with db.transaction() as conn:
        who = Actor(account_id=signed_up.account_id, person_id=signed_up.person_id)
        text = await conn.fetchval("select text_id from accounts.consent where person_id = $1", signed_up.person_id)
        await acting.add_person(conn, who, name=child, birth_date=date(now.year - 6, 3, 4), relation="parent",
                                consent_text_id=text, now=now)
    code = await code_of(db, signed_up.verification_id, now)
    return await signing_up.prove(db, VAULT, signed_up.verification_id, code, now, network=NETWORK, numbers=USUAL)


async def test_who_proves_the_number_and_brings_the_child_gets_the_account_of_whoever_was_noted(
    db: Database, cast: Cast, now: datetime
) -> None:
    async with db.transaction() as conn:
        grace = await noted(conn, cast, now)
    made = await joined(db, now, name="Mama Tatu", language="sw")
    assert (made.person_id, made.known) == (grace, False)
    async with db.connection() as conn:
        people = await acting.people_of(conn, grace, now)
        person = await conn.fetchrow(
            "select account_id, language, can_sign_in from accounts.people where id = $1", grace)
        login = await conn.fetchval("select account_id from accounts.login where name = '+254700000031'")
        roles = await conn.fetch("select role from accounts.roles where account_id = $1", made.account_id)
        reached = await by_desk.reach(conn, [grace])
    assert person is not None
    assert (*person, login) == (made.account_id, "sw", True, made.account_id)
    assert [(one.name, one.agreed) for one in people] == [("Tatu", True)]
    assert [row["role"] for row in roles] == ["client"]
    assert [one.proved for one in reached] == [True]


async def twice(conn: Conn, cast: Cast, now: datetime) -> None:
    await noted(conn, cast, now)
    await noted(conn, cast, now)


async def without_a_child(conn: Conn, cast: Cast, now: datetime) -> None:
    await noted(conn, cast, now, child=None)


async def of_age(conn: Conn, cast: Cast, now: datetime) -> None:
    await noted(conn, cast, now)
    await conn.execute("update accounts.person set birth_date = '1990-01-01' where name = 'Tatu'")
    await conn.execute("update accounts.acts_for set since = '2007-01-01' where by_person <> $1", cast.halima.person_id)


async def erased(conn: Conn, cast: Cast, now: datetime) -> None:
    grace = await noted(conn, cast, now)
    await standing.set_state(conn, cast.njeri.actor, VAULT, grace, "erased", "she asked for it", now)
    assert await acting.people_of(conn, grace, now) == []


@pytest.mark.parametrize("name", ["Grace", "Otis"])
async def test_a_number_and_a_name_are_nobody(db: Database, cast: Cast, now: datetime, name: str) -> None:
    """On a shared phone somebody may know both: they are somebody new, with nothing."""
    async with db.transaction() as conn:
        grace = await noted(conn, cast, now)
    made = await proved(db, now, PHONE, name=name)
    assert made.person_id != grace
    async with db.connection() as conn:
        assert await acting.people_of(conn, made.person_id, now) == []
        assert await conn.fetchval("select count(*) from accounts.consent where person_id = $1", made.person_id) == 1


async def another_child(conn: Conn, cast: Cast, now: datetime) -> None:
    await noted(conn, cast, now, child="Zawadi")


@pytest.mark.parametrize("before", [another_child, twice, without_a_child, of_age, erased])
async def test_who_it_is_must_be_plain(
    db: Database, cast: Cast, now: datetime, before: Callable[..., object]
) -> None:
    """Another child, two whom it could be, nobody to act for: somebody new, with the child that they brought."""
    async with db.transaction() as conn:
        await before(conn, cast, now)  # type: ignore[misc]
        noted_people = {row["id"] for row in await conn.fetch("select id from accounts.person where name = 'Grace'")}
    made = await joined(db, now, name="Grace")
    assert made.person_id not in noted_people
    async with db.connection() as conn:
        assert [one.name for one in await acting.people_of(conn, made.person_id, now)] == ["tatu"]
        assert await conn.fetchval("select name from accounts.person where id = $1", made.person_id) == "Grace"
