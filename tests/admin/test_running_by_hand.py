"""What docs/running.md tells the operator to do with psql does what it says there."""

from __future__ import annotations

import re
from datetime import timedelta

from kikao.core import practice
from kikao.core.clock import utc_now
from kikao.core.db import Conn
from kikao.directory.queries import emergency_lines
from kikao.sessions.rules import Numbers
from support.cast import Cast
from support.papers import RUNNING


async def test_the_statements_of_running_do_what_it_says(conn: Conn, cast: Cast) -> None:
    [statements] = re.findall(r"^```sql\n(.*?)^```$", RUNNING.read_text(), re.MULTILINE | re.DOTALL)
    before = await emergency_lines(conn)
    await conn.execute(statements)
    roles = await conn.fetch("select role from accounts.roles where account_id = $1", cast.halima.account_id)
    assert {row["role"] for row in roles} == {"client", "desk"}
    assert [line.name for line in set(await emergency_lines(conn)) - set(before)] == ["Helpline"]
    assert (await practice.load(conn, utc_now() + timedelta(seconds=1))).of(Numbers).pay_hours == 12
