"""Plans made while nobody waits: a connection plans each statement once, and the longest take a tenth of a second.

Every verb here is asked for something that nobody has. It runs the very statement that people wait for, finds
nothing and writes nothing, so this cannot drift from what is really used.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta

from kikao.accounts.queries import who_is
from kikao.availability.queries import Wanted, next_free
from kikao.availability.rules import Numbers
from kikao.core.actor import NOBODY
from kikao.core.clock import utc_now
from kikao.core.db import Conn
from kikao.core.errors import Refusal
from kikao.core.ids import new_id
from kikao.core.web import Kit
from kikao.directory import queries as directory
from kikao.payments.letters import store_letter
from kikao.sessions import booking, rivals
from kikao.sessions import queries as sessions

# The pool closes what nobody has used for five minutes, and its plans with it.
AGAIN_SECONDS = 240.0


async def keep_warm(kit: Kit, connections: int) -> None:
    """Until it is cancelled."""
    while True:
        with suppress(Exception):  # the database may be away; then people's own requests plan, as without this
            await once(kit, connections)
        await asyncio.sleep(AGAIN_SECONDS)


async def once(kit: Kit, connections: int) -> None:
    """On so many connections, one after the other. All are held until the last is ready, since the pool gives what
    came back last; one more is left for people who come meanwhile, where there is one."""
    async with AsyncExitStack() as held:
        for _ in range(max(connections - 1, 1)):
            await ask_for_nothing(await held.enter_async_context(kit.db.connection()), kit, utc_now())


async def ask_for_nothing(conn: Conn, kit: Kit, now: datetime) -> None:
    nobody, soon, practice = new_id(), now + timedelta(days=1), await kit.practice.at(conn, 0, now)
    await who_is(conn, b"", "api", now)
    await next_free(conn, [Wanted(nobody, 60)], now, soon, now=now, numbers=practice.of(Numbers))
    await booking.nearest(conn, nobody, 60, None, soon, now, practice, nobody)
    await sessions.listed(conn, NOBODY, sessions.Wanted(), now)
    await store_letter(conn, kit.vault, "", b"", None, now)
    asked = booking.Request(
        psychologist_id=nobody, session_type="Individual", starts_at=soon, client_id=nobody, asker_id=nobody,
        proved=True,
    )  # fmt: skip
    await rivals.weigh_all(conn, [asked], now, practice)
    # There is nothing like it. Each is made when its turn comes: whoever stops in the middle leaves none unasked.
    with suppress(Refusal):
        await booking.request(conn, asked, now, practice, kit.vault)
    with suppress(Refusal):
        await directory.one(conn, str(nobody), now, practice)
    with suppress(Refusal):
        await sessions.visible(conn, NOBODY, nobody, now)
