"""An admin's decisions that reach further than the list, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.admin import listing
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.idempotency import Answer
from kikao.core.web import Kit, Req, must_be_id, need, once, only
from kikao.directory import own
from kikao.directory.own_api import entry


@put("/api/admin/psychologists/{psychologist_id:str}/disable", opt=only("admin"))
async def disable(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    psychologist_id: FromPath[str],
) -> Response[Any]:
    """Off the list, signed out, open requests ended; Confirmed sessions stay until an admin decides."""
    need(actor, "admin")
    found = must_be_id(psychologist_id)

    async def run(conn: Conn) -> Answer:
        await listing.disable(conn, actor, kit.vault, found, now)
        return Answer(200, entry(await own.profile(conn, found)))

    return await once(request, kit, actor, now, run)


api: list[Any] = [disable]
