"""Money that comes when the time is gone is never silent: a duty, a message with other times, a line in the journal."""

from __future__ import annotations

from datetime import timedelta

from kikao.core.crypto import Vault
from kikao.notifications.kinds import Tools
from kikao.sessions import notices
from sessions.conftest import VAULT, Desk
from sessions.staging import money_arrives


async def test_a_late_payment_is_owed_back_and_other_times_are_offered(desk: Desk) -> None:
    first = await desk.request(desk.cast.amina, desk.cast.otieno)
    await desk.approve(desk.cast.otieno, first)
    later = desk.now + timedelta(hours=26)
    assert await desk.request(desk.cast.baraka, desk.cast.otieno, now=later)
    async with desk.db.transaction() as conn:
        await money_arrives(conn, first, 2500, later)
    assert await desk.status(first, later) == "Expired"
    async with desk.db.connection() as conn:
        duty = await conn.fetchrow("select amount, why from payments.duty")
        assert duty is not None
        assert tuple(duty) == (2500, "late")
        told = await conn.fetchrow("select recipient, kind from notifications.outbox where kind = 'paid too late'")
        assert told is not None
        assert told["recipient"] == desk.cast.amina.person_id
        facts = await notices.facts_of(conn, first)
        assert facts is not None
        others = await notices.other_times(conn, facts, tools(desk, VAULT))
        assert len(others) == 3
        assert desk.start not in others


def tools(desk: Desk, vault: Vault) -> Tools:
    return Tools(
        vault=vault, trading_name="Mti", base_url="http://127.0.0.1:8000", practice_phone="254700000099", now=desk.now
    )
