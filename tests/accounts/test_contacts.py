"""A further contact of somebody signed in."""

from datetime import datetime

import pytest

from kikao.accounts import queries, signing_up
from kikao.accounts.codes import CodeRefused
from kikao.accounts.notices import compose_contact_added
from kikao.core.db import Database
from kikao.core.errors import Invalid
from kikao.notifications.kinds import Post
from support.cast import Cast
from support.people import NETWORK, USUAL, VAULT, code_of, further, tools


async def test_its_own_account_proves_it_and_nobody_else(db: Database, cast: Cast, now: datetime) -> None:
    async with db.transaction() as conn:
        about = await further(conn, cast.amina, "0700 000 051", now)
    code = await code_of(db, about, now)
    for by in (None, cast.baraka.account_id):
        with pytest.raises(CodeRefused):
            await signing_up.prove(db, VAULT, about, code, now, network=NETWORK, by=by, numbers=USUAL)
    await signing_up.prove(db, VAULT, about, code, now, network=NETWORK, by=cast.amina.account_id, numbers=USUAL)
    async with db.connection() as conn:
        user = await queries.user(conn, cast.amina.account_id)
        owner = await conn.fetchval("select account_id from accounts.login where name = '+254700000051'")
    assert user is not None
    assert len([one for one in user.contacts if one.proved]) == 3
    assert owner == cast.amina.account_id


async def test_a_contact_that_signs_somebody_else_in_stays_theirs(db: Database, cast: Cast, now: datetime) -> None:
    """Both are reached there; one signs in with it."""
    async with db.transaction() as conn:
        about = await further(conn, cast.amina, cast.baraka.phone, now)
    await signing_up.prove(
        db, VAULT, about, await code_of(db, about, now), now, network=NETWORK, by=cast.amina.account_id, numbers=USUAL
    )
    async with db.connection() as conn:
        assert await conn.fetchval(
            "select account_id from accounts.login where name = $1", cast.baraka.phone
        ) == cast.baraka.account_id
        assert await conn.fetchval(
            "select proved_at from accounts.contact_point where person_id = $1 and value = $2",
            cast.amina.person_id, cast.baraka.phone,
        ) == now  # fmt: skip


async def test_a_foreign_number_is_refused(db: Database, cast: Cast, now: datetime) -> None:
    with pytest.raises(Invalid):
        async with db.transaction() as conn:
            await further(conn, cast.amina, "+1 202 555 0123", now)


async def test_one_that_is_confirmed_already_is_not_asked_for_again(db: Database, cast: Cast, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        async with db.transaction() as conn:
            await further(conn, cast.amina, cast.amina.phone, now)
    assert refused.value.fields[0].code == "there_already"


async def test_contacts_leave_the_room_masked(db: Database, cast: Cast) -> None:
    async with db.connection() as conn:
        user = await queries.user(conn, cast.amina.account_id)
    assert user is not None
    assert {one.masked for one in user.contacts} == {"+2547•••••001", "a•••@example.test"}
    assert cast.amina.email not in repr(user)


async def test_the_contacts_that_were_there_are_told_of_one_more(db: Database, cast: Cast, now: datetime) -> None:
    """Each of them, whichever messages go to first: whoever added it may have chosen it already."""
    async with db.transaction() as conn:
        about = await further(conn, cast.amina, "0700 000 051", now)
    await signing_up.prove(
        db, VAULT, about, await code_of(db, about, now), now, network=NETWORK, by=cast.amina.account_id, numbers=USUAL
    )
    async with db.connection() as conn:
        rows = await conn.fetch("select about, recipient from notifications.outbox where kind = 'contact added'")
        told = [
            await compose_contact_added(
                conn, Post(id=row["about"], kind="contact added", about=row["about"], recipient=row["recipient"],
                           version=1, created_at=now), None, tools(now))
            for row in rows
        ]  # fmt: skip
    assert {one.to.value for one in told if one and one.to} == {cast.amina.phone, cast.amina.email}
    assert {one.sms for one in told if one} == {
        "Mti & Co: your account has one more phone number or e-mail. Was it not you? Ring +254700000099."}
