"""Statements are planned before people come, by asking for what nobody has."""

from __future__ import annotations

from datetime import datetime

import pytest

from kikao import warming
from support import app as apps
from support.refusals import nothing_changes


@pytest.mark.parametrize("connections", [1, 3])
async def test_every_connection_has_its_plans_and_nothing_is_written(
    url: str, now: datetime, connections: int
) -> None:
    async with apps.world(url, now) as world:
        kit = world.app.state.kit
        async with nothing_changes(world.db):
            await warming.once(kit, connections)
        async with world.db.connection() as conn:
            statements = [row["statement"] for row in await conn.fetch(
                "select statement from pg_prepared_statements where generic_plans > 0")]
    for word in ("insert into sessions.session", "insert into payments.letter", "local_day", "accounts.sign_in"):
        assert any(word in statement for statement in statements), word
