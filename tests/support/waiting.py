"""Rivals at one instant, by the database's own word, so that a slow machine changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kikao.core.db import Conn

SOMEBODY_WAITS = """
select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
"""


async def until(conn: Conn, question: str = SOMEBODY_WAITS, *, or_: Callable[[], bool] = lambda: False) -> None:
    """Until the database says yes to `question`, or `or_` is true. Fails when neither comes."""
    for _ in range(6000):
        if or_() or await conn.fetchval(question):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody has decided, and nobody has come to wait")
