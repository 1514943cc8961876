"""One statement knows the caller, as they are now."""

from datetime import datetime, timedelta

import pytest

from kikao.accounts import actions, queries, signing_in
from kikao.core.actor import Actor
from kikao.core.crypto import hash_token
from kikao.core.db import Database
from support.cast import PASSWORD, Cast, Member
from support.people import NETWORK, USUAL


async def enter(db: Database, member: Member, now: datetime, *, kind: str = "page", own_phone: bool = False) -> str:
    return await signing_in.sign_in(
        db, member.email, PASSWORD, kind=kind, own_phone=own_phone, now=now, network=NETWORK, numbers=USUAL
    )


async def who(db: Database, token: str, now: datetime, kind: str = "page") -> Actor | None:
    async with db.connection() as conn:
        return await queries.who_is(conn, hash_token(token), kind, now)


async def test_the_actor_has_roles_language_zone_and_the_settings_version(
    db: Database, cast: Cast, now: datetime
) -> None:
    token = await enter(db, cast.otieno, now)
    async with db.connection() as conn:
        await conn.execute(
            """
            insert into core.setting (name, value, from_at, set_at, set_by, reason)
            values ('accounts.code_minutes', '12', $1, $1, $2, 'slow networks'),
                   ('accounts.code_minutes', '15', $1 + interval '1 hour', $1, $2, 'later')
            """,
            now, cast.njeri.account_id,
        )  # fmt: skip
        assert await queries.settings_version(conn, now) == 1
    actor = await who(db, token, now)
    assert actor is not None
    assert actor.roles == {"psychologist"}
    assert (actor.language, actor.time_zone, actor.settings_version) == ("en", "Africa/Nairobi", 1)
    later = await who(db, token, now + timedelta(hours=2))
    assert later is not None
    assert later.settings_version == 2


async def test_a_role_that_is_taken_away_is_gone_at_the_next_request(db: Database, cast: Cast, now: datetime) -> None:
    """D27: the role is read from the database, never from a token."""
    token = await enter(db, cast.wambui, now)
    async with db.transaction() as conn:
        await actions.revoke_role(conn, cast.njeri.actor, cast.wambui.account_id, "desk", now)
        await actions.grant_role(conn, cast.njeri.actor, cast.wambui.account_id, "client", now)
    actor = await who(db, token, now)
    assert actor is not None
    assert actor.roles == {"client"}


async def test_a_disabled_account_is_out_at_once(db: Database, cast: Cast, now: datetime) -> None:
    """D12, D27: disabling ends every sign-in; enabling again brings none of them back."""
    tokens = [await enter(db, cast.otieno, now), await enter(db, cast.otieno, now, kind="api")]
    async with db.transaction() as conn:
        await actions.disable(conn, cast.njeri.actor, cast.otieno.account_id, now)
        await actions.disable(conn, cast.njeri.actor, cast.otieno.account_id, now)
    assert [await who(db, tokens[0], now), await who(db, tokens[1], now, "api")] == [None, None]
    async with db.transaction() as conn:
        await actions.enable(conn, cast.njeri.actor, cast.otieno.account_id, now)
        assert await conn.fetchval("select count(*) from journal.entry where verb = 'disable'") == 1
    assert await who(db, tokens[0], now) is None
    assert await who(db, await enter(db, cast.otieno, now), now) is not None


@pytest.mark.parametrize(
    "state, seen", [("active", True), ("blocked", True), ("deceased", False), ("erased", False)]
)
async def test_the_state_of_the_person_counts(
    db: Database, cast: Cast, now: datetime, state: str, seen: bool
) -> None:
    """Somebody blocked is not told so: they sign in, and see no free times."""
    token = await enter(db, cast.amina, now)
    async with db.connection() as conn:
        await conn.execute("update accounts.person set state = $2 where id = $1", cast.amina.person_id, state)
    assert (await who(db, token, now) is not None) is seen


async def test_half_an_hour_without_a_request_ends_it(db: Database, cast: Cast, now: datetime) -> None:
    token = await enter(db, cast.amina, now)
    assert await who(db, token, now + timedelta(minutes=29)) is not None  # and this counts as a request
    assert await who(db, token, now + timedelta(minutes=58)) is not None
    assert await who(db, token, now + timedelta(minutes=58 + 30)) is None


async def test_ones_own_phone_may_rest_for_a_month(db: Database, cast: Cast, now: datetime) -> None:
    token = await enter(db, cast.amina, now, own_phone=True)
    assert await who(db, token, now + timedelta(days=29)) is not None
    assert await who(db, token, now + timedelta(days=30)) is None


async def test_seen_at_moves_once_a_minute_at_most(db: Database, cast: Cast, now: datetime) -> None:
    token = await enter(db, cast.amina, now)
    seen = []
    for seconds in (30, 60, 61, 90):
        await who(db, token, now + timedelta(seconds=seconds))
        async with db.connection() as conn:
            seen.append(int((await conn.fetchval("select seen_at from accounts.sign_in") - now).total_seconds()))
    assert seen == [0, 0, 61, 61]


async def test_a_token_works_for_its_own_kind_only(db: Database, cast: Cast, now: datetime) -> None:
    """A page's cookie is no token of the API, so no other site can use it there."""
    page, program = await enter(db, cast.amina, now), await enter(db, cast.amina, now, kind="api")
    assert await who(db, page, now, "api") is None
    assert await who(db, program, now, "page") is None
    assert await who(db, program, now, "api") is not None


async def test_a_made_up_token_is_nobodys(db: Database, cast: Cast, now: datetime) -> None:
    """D24: there is no secret that could sign a token; a token is a row or nothing."""
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6IjEiLCJyb2xlIjoiYWRtaW4ifQ.XbPfbIHMI6arZ3Y922BhjWgQzWXcXNrz0ogtVhfEd2o"
    for token in (jwt, "", "x" * 10_000):
        assert await who(db, token, now, "api") is None


async def test_signing_out_ends_this_one_and_no_other(db: Database, cast: Cast, now: datetime) -> None:
    here, there = await enter(db, cast.amina, now), await enter(db, cast.amina, now)
    actor = await who(db, here, now)
    assert actor is not None
    async with db.transaction() as conn:
        await signing_in.sign_out(conn, actor, now)
    assert await who(db, here, now) is None
    assert await who(db, there, now) is not None


async def test_end_all_others_leaves_this_one(db: Database, cast: Cast, now: datetime) -> None:
    here, there, program = (
        await enter(db, cast.amina, now), await enter(db, cast.amina, now), await enter(db, cast.amina, now, kind="api")
    )  # fmt: skip
    actor = await who(db, here, now)
    assert actor is not None
    async with db.transaction() as conn:
        await signing_in.end_all(conn, actor, now, but_this=True)
    assert await who(db, here, now) is not None
    assert [await who(db, there, now), await who(db, program, now, "api")] == [None, None]
    async with db.transaction() as conn:
        await signing_in.end_all(conn, actor, now)
    assert await who(db, here, now) is None
