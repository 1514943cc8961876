"""The code: it works once, for its own sign-up, five tries and ten minutes long."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from kikao.accounts import signing_up, wires
from kikao.accounts.codes import CodeRefused
from kikao.core.db import Conn, Database
from kikao.core.errors import Invalid
from kikao.core.ids import new_id
from support.people import NETWORK, USUAL, VAULT, code_of, proved, sign_up

OWNER = "select account_id from accounts.login where name = '+254700000031'"


async def prove(db: Database, verification_id: UUID, code: str, now: datetime) -> signing_up.Proved:
    return await signing_up.prove(db, VAULT, verification_id, code, now, network=NETWORK, numbers=USUAL)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_the_right_code_makes_the_account_usable_and_tells_upstairs(
    db: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[wires.Verified] = []

    async def hear(conn: Conn, fact: wires.Verified) -> None:
        assert conn.is_in_transaction()
        told.append(fact)

    monkeypatch.setattr(wires, "verified", [hear])
    made = await sign_up(db, now)
    got = await prove(db, made.verification_id, await code_of(db, made.verification_id, now), now)
    assert (got.account_id, got.person_id, got.known) == (made.account_id, made.person_id, False)
    assert told == [wires.Verified(made.person_id, made.account_id, now)]
    async with db.connection() as conn:
        assert await conn.fetchval("select proved_at from accounts.account where id = $1", made.account_id) == now
        assert await conn.fetchval(OWNER) == made.account_id


async def test_a_code_can_be_typed_with_blanks(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    code = await code_of(db, made.verification_id, now)
    assert not (await prove(db, made.verification_id, f" {code[:3]} {code[3:]} ", now)).known


async def test_a_code_works_once(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    code = await code_of(db, made.verification_id, now)
    await prove(db, made.verification_id, code, now)
    with pytest.raises(CodeRefused):
        await prove(db, made.verification_id, code, now)


async def test_five_wrong_codes_and_the_right_one_is_refused_too(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    code = await code_of(db, made.verification_id, now)
    for _ in range(5):
        with pytest.raises(CodeRefused):
            await prove(db, made.verification_id, wrong(code), now)
    with pytest.raises(CodeRefused):
        await prove(db, made.verification_id, code, now)


async def test_negative_control_four_wrong_codes_leave_one_try(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    code = await code_of(db, made.verification_id, now)
    for _ in range(4):
        with pytest.raises(CodeRefused):
            await prove(db, made.verification_id, wrong(code), now)
    assert not (await prove(db, made.verification_id, code, now)).known


@pytest.mark.parametrize("seconds, works", [(599, True), (601, False)])
async def test_a_code_works_for_ten_minutes(db: Database, now: datetime, seconds: int, works: bool) -> None:
    made = await sign_up(db, now)
    code = await code_of(db, made.verification_id, now)
    later = now + timedelta(seconds=seconds)
    if works:
        await prove(db, made.verification_id, code, later)
    else:
        with pytest.raises(CodeRefused):
            await prove(db, made.verification_id, code, later)


async def test_used_expired_and_invented_ids_are_refused_alike(db: Database, now: datetime) -> None:
    used, late = await sign_up(db, now), await sign_up(db, now, "0700 000 032")
    code = await code_of(db, used.verification_id, now)
    await prove(db, used.verification_id, code, now)
    late_code = await code_of(db, late.verification_id, now)
    answers = []
    for about, typed, at in (
        (used.verification_id, code, now),
        (late.verification_id, late_code, now + timedelta(minutes=11)),
        (new_id(), code, now),
    ):
        with pytest.raises(CodeRefused) as refused:
            await prove(db, about, typed, at)
        answers.append((refused.value.status, refused.value.code, refused.value.detail, refused.value.fields))
    assert answers[0] == answers[1] == answers[2]


async def test_a_code_works_for_its_own_sign_up_only(db: Database, now: datetime) -> None:
    """Two sign-ups with one contact: neither can be finished with the other's code."""
    first, second = await sign_up(db, now), await sign_up(db, now)
    theirs = await code_of(db, second.verification_id, now)
    if theirs == await code_of(db, first.verification_id, now):
        return  # one in a million
    with pytest.raises(CodeRefused):
        await prove(db, first.verification_id, theirs, now)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "' or 1=1"])
async def test_what_is_no_code_costs_no_try(db: Database, now: datetime, typed: str) -> None:
    made = await sign_up(db, now)
    await code_of(db, made.verification_id, now)
    with pytest.raises(Invalid):
        await prove(db, made.verification_id, typed, now)
    async with db.connection() as conn:
        assert await conn.fetchval("select tries from accounts.verification where id = $1", made.verification_id) == 0


async def test_a_known_contact_is_proved_but_signs_nobody_else_in(db: Database, now: datetime) -> None:
    first = await proved(db, now)
    second = await proved(db, now)
    assert not first.known
    assert second.known
    async with db.connection() as conn:
        assert await conn.fetchval("select proved_at from accounts.account where id = $1", second.account_id) is None
        assert await conn.fetchval(OWNER) == first.account_id


async def test_while_it_is_open_whose_contact_it_is_the_code_answers_the_same(db: Database, now: datetime) -> None:
    await proved(db, now)
    made = await sign_up(db, now)
    code = await code_of(db, made.verification_id, now)
    first = await prove(db, made.verification_id, code, now)
    assert await prove(db, made.verification_id, code, now) == first


async def test_a_code_that_was_not_sent_yet_cannot_be_guessed(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    with pytest.raises(CodeRefused):
        await prove(db, made.verification_id, "000000", now)


async def test_two_sign_ups_with_one_contact_at_once_one_is_known(db: Database, now: datetime) -> None:
    made = [await sign_up(db, now), await sign_up(db, now)]
    codes = [await code_of(db, one.verification_id, now) for one in made]
    got = await asyncio.gather(
        *(prove(db, one.verification_id, code, now) for one, code in zip(made, codes, strict=True))
    )
    assert sorted(one.known for one in got) == [False, True]


async def test_one_code_typed_in_two_tabs_at_once_works_once(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    code = await code_of(db, made.verification_id, now)
    got = await asyncio.gather(
        *(prove(db, made.verification_id, code, now) for _ in range(3)), return_exceptions=True
    )
    assert len([one for one in got if isinstance(one, signing_up.Proved)]) == 1
    assert len([one for one in got if isinstance(one, CodeRefused)]) == 2
