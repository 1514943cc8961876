"""Signing in tells nobody who exists, counts before it looks, and lasts as long as it should."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import argon2
import pytest

from kikao.accounts import actions, queries, signing_in
from kikao.accounts.signing_in import SignInRefused
from kikao.core import crypto
from kikao.core.crypto import hash_token
from kikao.core.db import Database
from support.cast import PASSWORD, Cast
from support.people import NETWORK, USUAL, proved, sign_up


async def enter(db: Database, login: str, password: str, now: datetime, **more: Any) -> str:
    given: dict[str, Any] = {"kind": "page", "own_phone": False, "network": NETWORK, "numbers": USUAL} | more
    return await signing_in.sign_in(db, login, password, now=now, **given)


async def refused(db: Database, login: str, password: str, now: datetime) -> tuple[int, str, str, str]:
    with pytest.raises(SignInRefused) as refusal:
        await enter(db, login, password, now)
    caught = refusal.value
    return caught.status, caught.code, caught.detail, str(caught.facts)


async def lock_state(db: Database, cast: Cast) -> tuple[int, datetime | None]:
    async with db.connection() as conn:
        row = await conn.fetchrow(
            "select wrong_tries, locked_until from accounts.account where id = $1", cast.amina.account_id
        )
    assert row is not None
    return row["wrong_tries"], row["locked_until"]


@pytest.mark.parametrize(
    "typed", ["+254700000001", "0700 000 001", "254700000001", "AMINA@example.test ", "0700-000-001"]
)
async def test_any_form_of_a_proved_contact_signs_in(db: Database, cast: Cast, now: datetime, typed: str) -> None:
    token = await enter(db, typed, PASSWORD, now)
    async with db.connection() as conn:
        actor = await queries.who_is(conn, hash_token(token), "page", now)
    assert actor is not None
    assert (actor.account_id, actor.person_id, actor.name) == (cast.amina.account_id, cast.amina.person_id, "Amina")


async def test_unknown_wrong_paused_disabled_and_unproved_are_answered_alike(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D28. Alike in words and, by structure, in time: each checks exactly one hash, a decoy where there is none."""
    await sign_up(db, now, "0700 000 040")
    for _ in range(5):
        await refused(db, cast.baraka.email, "wrong wrong", now)
    async with db.transaction() as conn:
        await actions.disable(conn, cast.njeri.actor, cast.halima.account_id, now)
    checked: list[bool] = []
    real = crypto.password_fits

    async def counting(password: str, stored: str | None) -> bool:
        checked.append(stored is None)
        return await real(password, stored)

    monkeypatch.setattr(signing_in, "password_fits", counting)
    answers = {
        await refused(db, "nobody@example.test", PASSWORD, now),
        await refused(db, cast.amina.email, "wrong wrong", now),
        await refused(db, cast.baraka.email, PASSWORD, now),
        await refused(db, cast.halima.email, PASSWORD, now),
        await refused(db, "0700 000 040", PASSWORD, now),
        await refused(db, "not.a.name\u0663", PASSWORD, now),
    }
    assert len(answers) == 1
    assert checked == [True, False, True, False, True, True]


async def test_a_decoy_is_hashed_as_expensively_as_a_password() -> None:
    assert crypto._DECOY.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not crypto.needs_rehash(crypto._DECOY)
    with pytest.raises(argon2.exceptions.VerifyMismatchError):  # it was worked out, and differs
        crypto._HASHER.verify(crypto._DECOY, "anything")
    assert not await crypto.password_fits("anything", None)


async def test_five_wrong_tries_make_a_pause_that_ends(db: Database, cast: Cast, now: datetime) -> None:
    """D28: the counter starts anew after the pause; one slip does not lock again."""
    for _ in range(5):
        await refused(db, cast.amina.email, "wrong wrong", now)
    assert await lock_state(db, cast) == (5, now + timedelta(minutes=15))
    await refused(db, cast.amina.phone, PASSWORD, now + timedelta(minutes=14))
    later = now + timedelta(minutes=15)
    await refused(db, cast.amina.email, "wrong wrong", later)
    assert await lock_state(db, cast) == (1, None)
    await enter(db, cast.amina.email, PASSWORD, later)
    assert await lock_state(db, cast) == (0, None)
    async with db.connection() as conn:
        paused = await conn.fetchval("select count(*) from journal.entry where verb = 'pause'")
    assert paused == 1


async def test_the_fifth_try_may_still_be_the_right_one(db: Database, cast: Cast, now: datetime) -> None:
    for _ in range(4):
        await refused(db, cast.amina.email, "wrong wrong", now)
    await enter(db, cast.amina.email, PASSWORD, now)
    assert await lock_state(db, cast) == (0, None)


async def test_many_guesses_at_once_count_one_by_one(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counter is raised before the password is checked: of twenty guesses at once five reach the hash."""
    reached: list[str | None] = []

    async def slow(_password: str, stored: str | None) -> bool:
        reached.append(stored)
        await asyncio.sleep(0.05)
        return False

    monkeypatch.setattr(signing_in, "password_fits", slow)
    guesses = [refused(db, cast.amina.email, f"guess {n} {n}", now) for n in range(20)]
    await asyncio.gather(*guesses)
    assert len(reached) == 20
    assert len([stored for stored in reached if stored is not None]) == 5


async def test_negative_control_counting_after_the_check_lets_all_guesses_through(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = "update accounts.account set wrong_tries = wrong_tries + 1 where password_hash = $1"
    reached: list[str | None] = []
    all_are_there = asyncio.Event()

    async def check_then_count(_password: str, stored: str | None) -> bool:
        reached.append(stored)
        if len(reached) == 20:
            all_are_there.set()
        await asyncio.wait_for(all_are_there.wait(), 60)
        await db.pool.execute(count, stored)
        return False

    class OnlyLooking:
        async def first(self, conn: Any, **values: Any) -> Any:
            return await conn.fetchrow(
                """
                select a.id, a.password_hash, true as usable, false as last_try from accounts.account a
                join accounts.login l on l.account_id = a.id where l.name = $1 and a.wrong_tries < 5
                """,
                values["login"],
            )

    monkeypatch.setattr(signing_in, "password_fits", check_then_count)
    monkeypatch.setattr(signing_in, "_COUNT_TRY", OnlyLooking())
    await asyncio.gather(*(refused(db, cast.amina.email, f"guess {n} {n}", now) for n in range(20)))
    assert len([stored for stored in reached if stored is not None]) == 20
    assert (await lock_state(db, cast))[0] == 20, "each was counted, too late"
    await refused(db, cast.amina.email, "guess again", now)
    assert reached[20:] == [None], "from then on it holds"


async def test_a_password_changed_while_it_was_checked_opens_nothing(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def meanwhile(_password: str, _stored: str | None) -> bool:
        async with db.connection() as conn:
            await conn.execute("update accounts.account set password_hash = 'new' where id = $1", cast.amina.account_id)
        return True

    monkeypatch.setattr(signing_in, "password_fits", meanwhile)
    monkeypatch.setattr(signing_in, "needs_rehash", lambda _stored: False)
    await refused(db, cast.amina.email, PASSWORD, now)
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from accounts.sign_in") == 0


async def test_a_hash_of_old_costs_is_made_anew(db: Database, cast: Cast, now: datetime) -> None:
    await enter(db, cast.amina.email, PASSWORD, now)
    async with db.connection() as conn:
        stored = await conn.fetchval(
            "select password_hash from accounts.account where id = $1", cast.amina.account_id
        )
    assert not crypto.needs_rehash(stored)
    await enter(db, cast.amina.email, PASSWORD, now)


async def test_five_hundred_sign_ins_from_one_address_leave_others_unaffected(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def quick(_password: str, _stored: str | None) -> bool:
        return False

    with monkeypatch.context() as patched:
        patched.setattr(signing_in, "password_fits", quick)
        for number in range(500):
            await refused(db, f"guess{number}@example.test", "wrong wrong", now)
    await enter(db, cast.amina.email, PASSWORD, now)


async def test_how_long_a_sign_in_lasts(db: Database, cast: Cast, now: datetime) -> None:
    spans = {}
    for name, member, kind, own in (
        ("browser", cast.amina, "page", False), ("own phone", cast.amina, "page", True),
        ("psychologist", cast.otieno, "page", True), ("desk", cast.wambui, "page", False),
        ("program", cast.amina, "api", False), ("desk's program", cast.wambui, "api", False),
        ("psychologist's program", cast.otieno, "api", True),
    ):
        token = await enter(db, member.email, PASSWORD, now, kind=kind, own_phone=own)
        async with db.connection() as conn:
            row = await conn.fetchrow(
                "select expires_at, idle_minutes from accounts.sign_in where token_hash = $1", hash_token(token)
            )
        assert row is not None
        spans[name] = (row["expires_at"] - now, row["idle_minutes"])
    assert spans == {
        "browser": (timedelta(hours=24), 30), "own phone": (timedelta(days=30), None),
        "psychologist": (timedelta(hours=12), None), "desk": (timedelta(hours=12), None),
        "program": (timedelta(days=30), None), "desk's program": (timedelta(hours=12), None),
        "psychologist's program": (timedelta(hours=12), None),
    }  # fmt: skip


async def test_a_token_is_stored_as_a_hash_only(db: Database, cast: Cast, now: datetime) -> None:
    token = await enter(db, cast.amina.email, PASSWORD, now)
    async with db.connection() as conn:
        row = await conn.fetchval("select s::text from accounts.sign_in s")
    assert len(token) >= 43
    assert token not in row


async def test_the_journal_knows_the_kind_and_nothing_personal(db: Database, now: datetime) -> None:
    await proved(db, now)
    await enter(db, "0700 000 031", "mango juice at noon", now)
    async with db.connection() as conn:
        facts = await conn.fetchval("select facts from journal.entry where verb = 'sign_in' order by id desc limit 1")
    assert facts == {"kind": "page"}
