"""An address of a psychologist names nobody: made of figures and consonants, and the table takes nothing else."""

from __future__ import annotations

import asyncpg
import pytest

from kikao.core.db import Conn
from kikao.core.ids import new_slug
from support.cast import Cast

pytestmark = pytest.mark.database

PUT = "update directory.psychologist set slug = $2 where id = $1"


@pytest.mark.parametrize("slug", ["dr-otieno", "otieno", "dr0t1n0a", "abc", "DRTN2345"])
async def test_a_name_is_no_address(conn: Conn, cast: Cast, slug: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="slug_says_nothing"):
        await conn.execute(PUT, cast.otieno.person_id, slug)


async def test_what_is_made_is_taken(conn: Conn, cast: Cast) -> None:
    for _ in range(50):
        await conn.execute(PUT, cast.otieno.person_id, new_slug())
