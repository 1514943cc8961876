"""Opening any link changes no row: previews of messengers and scanners of mail open them before people do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from support import app
from support.app import World
from support.rows import changed, picture

JOURNAL = frozenset({"journal.entry"})
LOOKS = ["open the note", "open the number", "open the reason", "look", "look at payments"]


def addresses(world: World, known: dict[str, str]) -> Iterator[str]:
    """Every address that can be opened, with real references and tokens where there are some."""
    for route in world.app.routes:
        if "GET" in getattr(route, "methods", ()):
            yield re.sub(r"\{(\w+):str\}", lambda found: known.get(found[1], "nothing"), route.path)


async def known(world: World, session: dict[str, Any]) -> dict[str, str]:
    async with world.db.connection() as conn:
        slug = await conn.fetchval(
            "select slug from directory.psychologist where id = $1", world.cast.otieno.person_id)
    return {
        "slug": slug, "reference": session["reference"], "session_id": session["id"],
        "psychologist_id": str(world.cast.otieno.person_id), "token": await world.pay_link(session),
        "name": "kikao.css",
    }  # fmt: skip


@pytest.mark.slow
async def test_opening_any_link_changes_no_row(url: str, now: datetime) -> None:
    async with app.world(url, now) as world:
        session = await world.approved(note="I would rather not say")
        waiting = await world.request("baraka", hour=14)
        before, opened = await picture(world.db, without=JOURNAL), 0
        async with world.db.connection() as conn:
            done = await conn.fetchval("select count(*) from journal.entry")
        for about in (session, waiting):
            for address in addresses(world, await known(world, about)):
                for who in ("nobody", "amina", "otieno", "njeri"):
                    visitor = world.by_name[who]
                    go = visitor.api if address.startswith("/api") else visitor.page
                    answer = await go("GET", address)
                    assert answer.status_code < 500, (address, who, answer.text)
                    opened += answer.status_code == 200
        assert changed(before, await picture(world.db, without=JOURNAL)) == []
        assert opened > 60, "real pages were opened"
        async with world.db.connection() as conn:
            lines = await conn.fetch("select distinct verb, by_account from journal.entry where verb = any ($1)", LOOKS)
            others = await conn.fetchval("select count(*) from journal.entry where verb <> all ($1)", LOOKS)
        # Who looked at what is for the journal; whoever is not signed in leaves nothing there either.
        assert others == done
        assert {(line["verb"], line["by_account"]) for line in lines} >= {
            ("open the note", world.cast.otieno.account_id)}
        assert {line["by_account"] for line in lines} <= {
            member.account_id for member in (world.cast.amina, world.cast.otieno, world.cast.njeri)}
