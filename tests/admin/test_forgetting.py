"""What the worker forgets once an hour, and what it does not."""

from __future__ import annotations

from datetime import timedelta

from kikao import wiring, wiring_work
from kikao.core.clock import utc_now
from kikao.core.db import Conn
from kikao.core.ids import new_id
from support import app as apps

NOW = utc_now()
DAY = timedelta(days=1)


async def answered(conn: Conn, key: str, ago: timedelta) -> None:
    await conn.execute(
        """
        insert into core.idempotency (account_id, method, path, key, body_hash, status, created_at)
        values ($1, 'POST', '/api/sessions/request', $2, '', 201, $3)
        """,
        new_id(), key, NOW - ago,
    )  # fmt: skip


async def letter(conn: Conn, read: timedelta | None, received: timedelta) -> None:
    await conn.execute(
        """
        insert into payments.letter (id, sealed_body, received_at, read_at, outcome, due_at)
        values ($1, '', $2, $3, $4, $5)
        """,
        new_id(), NOW - received, NOW - read if read else None, "settled" if read else None,
        None if read else NOW - received,
    )  # fmt: skip


async def test_old_keys_and_letters_that_were_read_long_ago_go(conn: Conn, url: str) -> None:
    await answered(conn, "old", DAY + timedelta(minutes=1))
    await answered(conn, "young", DAY - timedelta(minutes=1))
    for read, received in ((91 * DAY, 91 * DAY), (89 * DAY, 120 * DAY), (None, 120 * DAY)):
        await letter(conn, read, received)
    async with wiring.house(apps.machine(url)) as house:
        await wiring_work.forget(house, NOW)
    assert [row["key"] for row in await conn.fetch("select key from core.idempotency")] == ["young"]
    left = await conn.fetch("select read_at from payments.letter order by read_at nulls last")
    assert [row["read_at"] for row in left] == [NOW - 89 * DAY, None]
