"""A client needs no reason to cancel, finance needs no session to see its money, and all payers are needed."""

from __future__ import annotations

import asyncpg
import pytest

from kikao.core.actor import Actor
from kikao.core.errors import Forbidden, Invalid, NotFound
from kikao.core.ids import new_id
from kikao.sessions import actions, queries, rules
from kikao.sessions.rules import APPROVED
from sessions.conftest import Desk

pytestmark = pytest.mark.database

CONFIRM = """
update sessions.session set status = 'Confirmed', hold_until = null, due_at = ends_at, open_no = null,
       confirmed_at = $2, confirmed_by = requested_by where id = $1
"""


async def test_a_client_needs_no_reason_to_cancel_and_the_practice_does(desk: Desk) -> None:
    session_id = await desk.stage(APPROVED)
    async with desk.db.connection() as conn:
        cast = desk.cast
        needed = [actions.acts_for_practice(await desk.see(conn, who, session_id))
                  for who in (cast.amina, cast.otieno, cast.wambui, cast.njeri)]  # fmt: skip
    assert needed == [False, True, True, True]
    assert actions.read_reason(None, needed=False).text == ""
    with pytest.raises(Invalid):
        actions.read_reason(" ", needed=True)


async def test_finance_sees_the_money_of_a_session_only(desk: Desk) -> None:
    session_id = await desk.stage(APPROVED)
    finance = Actor(account_id=new_id(), person_id=new_id(), roles=frozenset({"finance"}))
    async with desk.db.connection() as conn:
        with pytest.raises(NotFound):
            await queries.visible(conn, finance, session_id, desk.now)
        seen = await queries.visible(conn, finance, session_id, desk.now, for_money=True)
    assert rules.can("verify", seen.status, seen.parties)
    with pytest.raises(Forbidden):
        rules.step("waive", seen.status, seen.parties)


async def test_confirmed_needs_every_payer_of_a_chain(desk: Desk) -> None:
    session_id = await desk.stage(APPROVED)
    charge_id = await desk.value("select charge_id from sessions.session where id = $1", session_id)
    second = await desk.value(
        """
        insert into payments.charge (id, purpose, purpose_id, reference, amount, link_hash, created_at)
        select $1, purpose, purpose_id, reference, 500, '\\x02', created_at from payments.charge where id = $2
        returning id
        """,
        new_id(), charge_id,
    )  # fmt: skip
    await desk.run(
        "update payments.charge set paid = amount, next_id = $2 where id = $1", charge_id, second
    )
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="settled_before_confirmed"):
        await desk.run(CONFIRM, session_id, desk.now)
    with pytest.raises(asyncpg.ForeignKeyViolationError, match="charge_chain"):
        await desk.run("update payments.charge set next_settled = true where id = $1", charge_id)
    await desk.run("update payments.charge set paid = 500 where id = $1", second)
    await desk.run("update payments.charge set next_settled = true where id = $1", charge_id)
    await desk.run(CONFIRM, session_id, desk.now)
    assert await desk.stored(session_id) == "Confirmed"
