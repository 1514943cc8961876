"""The two messages of this room: a trading name, a code, and nothing that tells what the place is."""

from datetime import datetime, timedelta

import pytest

from kikao.accounts import signing_in, signing_up
from kikao.accounts.notices import KINDS
from kikao.core.db import Database
from support.cast import Cast
from support.people import NETWORK, USUAL, VAULT, code_of, message, sign_up

TELLING = ("therap", "psycholog", "counsel", "session", "mental", "clinic", "otieno", "wanjiru", "chebet")


async def test_the_code_goes_to_the_address_that_was_typed_and_says_little(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    sent = await message(db, made.verification_id, now)
    assert sent is not None
    assert sent.to is not None
    assert (sent.to.kind, sent.to.value) == ("phone", "+254700000031")
    code = sent.heading[-6:]
    assert sent.sms == f"Mti & Co: your code is {code}. Give it to nobody."
    assert len(sent.sms) <= 160
    assert code not in sent.subject  # subjects show on a locked screen
    assert not any(word in text.lower() for text in sent.texts() for word in TELLING)


async def test_the_reset_says_as_little(db: Database, cast: Cast, now: datetime) -> None:
    async with db.transaction() as conn:
        about = await signing_in.forgot(conn, VAULT, cast.amina.email, now, network=NETWORK, numbers=USUAL)
    sent = await message(db, about, now, kind="reset")
    assert sent is not None
    assert not any(word in text.lower() for text in sent.texts() for word in TELLING)


async def test_composed_again_it_is_the_same_code(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    assert await code_of(db, made.verification_id, now) == await code_of(db, made.verification_id, now)


async def test_a_code_that_is_over_is_not_sent(db: Database, now: datetime) -> None:
    late, used = await sign_up(db, now), await sign_up(db, now, "0700 000 032")
    assert await message(db, late.verification_id, now + timedelta(minutes=10)) is None
    code = await code_of(db, used.verification_id, now)
    await signing_up.prove(db, VAULT, used.verification_id, code, now, network=NETWORK, numbers=USUAL)
    assert await message(db, used.verification_id, now) is None


async def test_neither_code_nor_address_stands_in_the_table(db: Database, now: datetime) -> None:
    made = await sign_up(db, now)
    code = await code_of(db, made.verification_id, now)
    async with db.connection() as conn:
        row = await conn.fetchrow("select sealed_to, sealed_code from accounts.verification")
    assert row is not None
    for sealed in row:
        assert code.encode() not in sealed
        assert b"7000000" not in sealed
    assert VAULT.open(row["sealed_code"], "accounts.verification", "sealed_code", made.verification_id) == code


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_they_are_codes(kind: object) -> None:
    assert getattr(kind, "code", False)
