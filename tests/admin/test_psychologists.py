"""An admin says who may be listed; nobody is before an emergency number was rung."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from kikao.core.ids import new_id
from support.app import World
from support.rows import changed, picture


async def rung(world: World, at: datetime | None) -> None:
    """Whether somebody has rung the emergency numbers."""
    async with world.db.connection() as conn:
        await conn.execute(
            "update directory.emergency_line set rung_at = $1, rung_by = $2", at,
            world.cast.njeri.account_id if at else None,
        )


async def waiting(world: World) -> str:
    """Dr Wanjiru waits to be listed (again); the address of the decisions about her."""
    async with world.db.connection() as conn:
        await conn.execute(
            "update directory.psychologist set status = 'waiting' where id = $1", world.cast.wanjiru.person_id
        )
    return f"/practice/listing/{world.cast.wanjiru.person_id}"


async def status(world: World) -> str:
    async with world.db.connection() as conn:
        found: str = await conn.fetchval(
            "select status from directory.psychologist where id = $1", world.cast.wanjiru.person_id
        )
    return found


async def decide(world: World, address: str, decision: str, key: str = "one") -> Any:
    return await world.njeri.page("POST", f"{address}/{decision}", data={"idempotency_key": key})


async def test_a_listing_waits_until_a_number_was_rung(world: World) -> None:
    address = await waiting(world)
    await rung(world, None)
    refused = await decide(world, address, "list")
    assert refused.status_code == 409
    assert "No emergency number has been rung" in refused.text
    assert await status(world) == "waiting"
    await rung(world, world.now)
    assert (await decide(world, address, "list")).status_code == 303
    assert await status(world) == "listed"


async def test_a_listing_without_licence_or_yes_says_what_is_missing(world: World) -> None:
    address = await waiting(world)
    async with world.db.connection() as conn:
        await conn.execute(
            "update directory.psychologist set public_yes_at = null, licence_until = current_date - 1 where id = $1",
            world.cast.wanjiru.person_id,
        )
    refused = await decide(world, address, "list")
    assert refused.status_code == 409
    assert "The licence has run out" in refused.text
    assert "have not said yes" in refused.text


async def test_each_decision_has_one_effect(world: World) -> None:
    address = await waiting(world)
    for decision, after in (("list", "listed"), ("disable", "disabled")):
        for _tap in range(2):
            answer = await decide(world, address, decision, key=decision)
            assert answer.headers["location"] == "/practice/listing"
        assert await status(world) == after
    async with world.db.connection() as conn:
        verbs = await conn.fetch(
            "select verb from journal.entry where noun = 'psychologist' and noun_id = $1 order by at, id",
            world.cast.wanjiru.person_id,
        )
    assert [row["verb"] for row in verbs] == ["list", "disable"]


async def test_refused_and_disabled_can_be_listed_later(world: World) -> None:
    address = await waiting(world)
    for decision, offered in (("refuse", {"list"}), ("list", {"disable"}), ("disable", {"list"})):
        await decide(world, address, decision, key=str(new_id()))
        html = (await world.njeri.page("GET", "/practice/listing")).text
        assert set(re.findall(rf'action="{address}/(\w+)"', html)) == offered


async def test_only_an_admin_decides(world: World) -> None:
    address = await waiting(world)
    before = await picture(world.db)
    for who, expected in (("makena", 403), ("wambui", 403), ("otieno", 403), ("amina", 403), ("nobody", 303)):
        visitor = world.by_name[who]
        assert (await visitor.page("GET", "/practice/listing")).status_code == expected
        for decision in ("list", "refuse", "disable"):
            assert (await visitor.page("POST", f"{address}/{decision}")).status_code == expected
    assert (await decide(world, address, "promote")).status_code == 404
    assert (await decide(world, "/practice/listing/x", "list")).status_code == 404
    assert (await decide(world, f"/practice/listing/{new_id()}", "list")).status_code == 404
    assert changed(before, await picture(world.db)) == []
