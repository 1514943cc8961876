"""How a person stands, as signing in and codes see it."""

from __future__ import annotations

from datetime import datetime

import pytest

from kikao.accounts import queries, signing_in, standing
from kikao.core.crypto import hash_token
from kikao.core.db import Database
from support.cast import PASSWORD, Cast
from support.people import NETWORK, USUAL, VAULT, further, message


@pytest.mark.parametrize("state, comes", [("blocked", True), ("deceased", False), ("erased", False)])
async def test_who_may_still_sign_in_and_be_sent_a_code(
    db: Database, cast: Cast, now: datetime, state: str, comes: bool
) -> None:
    async def sign_in() -> str:
        return await signing_in.sign_in(
            db, cast.amina.email, PASSWORD, kind="page", own_phone=True, now=now, network=NETWORK, numbers=USUAL
        )

    token = await sign_in()
    async with db.transaction() as conn:
        reset = await signing_in.forgot(conn, VAULT, cast.amina.email, now, network=NETWORK, numbers=USUAL)
        code = await further(conn, cast.amina, "0700 000 051", now)
        await standing.set_state(conn, cast.njeri.actor, VAULT, cast.amina.person_id, state, "told so", now)
    async with db.connection() as conn:
        assert (await queries.who_is(conn, hash_token(token), "page", now) is not None) == comes
    assert (await message(db, code, now) is not None) == comes
    assert (await message(db, reset, now, kind="reset") is not None) == comes
    if comes:
        await sign_in()
    else:
        with pytest.raises(signing_in.SignInRefused):
            await sign_in()
