"""Which contact messages go to, which signs in, and taking one away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import pytest

from kikao.accounts import actions, contacts, queries
from kikao.core.db import Database
from kikao.core.errors import NotFound
from kikao.notifications.queries import reader
from support.cast import Cast, Member
from support.people import sure

Verb = Callable[..., Awaitable[None]]


async def contact_of(db: Database, who: Member, value: str) -> UUID:
    async with db.connection() as conn:
        found: UUID = await conn.fetchval(
            "select id from accounts.contact_point where person_id = $1 and value = $2", who.person_id, value
        )
    return found


async def do(db: Database, verb: Verb, who: Member, value: str, now: datetime, *, by: Member | None = None) -> None:
    contact_id = await contact_of(db, who, value)
    async with db.transaction() as conn:
        certain = () if verb is contacts.choose else (sure(by or who),)
        await verb(conn, *certain, (by or who).actor, contact_id, now)


async def ways(db: Database, who: Member) -> list[str]:
    async with db.connection() as conn:
        found = await reader(conn, who.person_id)
    assert found is not None
    return [one.kind for one in found.contacts]


async def test_messages_go_first_where_one_wants_them(db: Database, cast: Cast, now: datetime) -> None:
    before = await ways(db, cast.amina)
    other = cast.amina.email if before[0] == "phone" else cast.amina.phone
    await do(db, contacts.choose, cast.amina, other, now)
    assert await ways(db, cast.amina) == before[::-1]
    with pytest.raises(NotFound):
        await do(db, contacts.choose, cast.amina, other, now, by=cast.baraka)


async def test_what_is_taken_away_gets_nothing_and_signs_nobody_in(db: Database, cast: Cast, now: datetime) -> None:
    await do(db, contacts.remove, cast.amina, cast.amina.phone, now)
    assert await ways(db, cast.amina) == ["email"]
    async with db.connection() as conn:
        assert not await conn.fetchval("select count(*) from accounts.login where name = $1", cast.amina.phone)
    with pytest.raises(contacts.LastContact):
        await do(db, contacts.remove, cast.amina, cast.amina.email, now)


async def test_two_taken_away_at_once_leave_one(db: Database, cast: Cast, now: datetime) -> None:
    done = await asyncio.gather(
        *(do(db, contacts.remove, cast.amina, value, now) for value in (cast.amina.phone, cast.amina.email)),
        return_exceptions=True,
    )
    assert [type(one) for one in done if one] == [contacts.LastContact]
    assert len(await ways(db, cast.amina)) == 1


async def test_one_of_them_always_signs_in(db: Database, cast: Cast, now: datetime) -> None:
    await do(db, contacts.not_sign_in_with, cast.amina, cast.amina.phone, now)
    for verb in (contacts.not_sign_in_with, contacts.remove):
        with pytest.raises(contacts.LastSignIn):
            await do(db, verb, cast.amina, cast.amina.email, now)
    await do(db, contacts.sign_in_with, cast.amina, cast.amina.phone, now)
    await do(db, contacts.remove, cast.amina, cast.amina.email, now)


async def test_a_name_that_signs_somebody_else_in_stays_theirs(db: Database, cast: Cast, now: datetime) -> None:
    async with db.transaction() as conn:
        await conn.execute(
            """
            insert into accounts.contact_point (id, person_id, kind, value, proved_at, created_at)
            values (gen_random_uuid(), $1, 'phone', $2, $3, $3)
            """,
            cast.amina.person_id, cast.baraka.phone, now,
        )  # fmt: skip
    with pytest.raises(actions.LoginTaken):
        await do(db, contacts.sign_in_with, cast.amina, cast.baraka.phone, now)
    await do(db, contacts.remove, cast.amina, cast.baraka.phone, now)
    async with db.connection() as conn:
        assert await conn.fetchval("select account_id from accounts.login where name = $1", cast.baraka.phone) == (
            cast.baraka.account_id)


async def test_who_works_here_keeps_an_email(db: Database, cast: Cast, now: datetime) -> None:
    with pytest.raises(contacts.EmailNeeded):
        await do(db, contacts.remove, cast.wambui, cast.wambui.email, now)
    await do(db, contacts.remove, cast.wambui, cast.wambui.phone, now)


async def test_one_that_somebody_pays_from_stays_without_its_value(db: Database, cast: Cast, now: datetime) -> None:
    contact_id = await contact_of(db, cast.amina, cast.amina.phone)
    async with db.transaction() as conn:
        await conn.execute(
            """
            insert into payments.charge
                (id, purpose, purpose_id, reference, payer_contact, amount, link_hash, created_at)
            values (gen_random_uuid(), 'session', gen_random_uuid(), 'K7Q2M9X4', $1, 100, 'x', $2)
            """,
            contact_id, now,
        )  # fmt: skip
    await do(db, contacts.remove, cast.amina, cast.amina.phone, now)
    async with db.connection() as conn:
        assert await conn.fetchval("select value from accounts.contact_point where id = $1", contact_id) == (
            f"gone:{contact_id}")
        user = await queries.user(conn, cast.amina.account_id)
    assert user is not None
    assert [one.kind for one in user.contacts] == ["email"]
