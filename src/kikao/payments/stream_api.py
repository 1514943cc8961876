"""An attempt to pay, told whenever it changes, to whoever may still see it."""

from __future__ import annotations

import asyncio
import re
import weakref
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import msgspec
from litestar.response import ServerSentEvent, ServerSentEventMessage

from kikao.accounts.queries import still
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.clock import utc_now
from kikao.core.db import Conn
from kikao.core.errors import TooOften
from kikao.core.money import CURRENCY
from kikao.core.web import Kit, Req, Shown
from kikao.payments import queries
from kikao.payments.rules import Numbers

STREAM_SECONDS = 150
LOOK_SECONDS = 1.0
# Each asks the database once a second and keeps a place among the requests of its process. Pages ask by themselves
# where none is to be had.
MOST_OF_ONE = 6
MOST = 100
_open: Counter[UUID] = Counter()


class AttemptShown(Shown):
    id: UUID
    state: str
    amount: int
    code: str | None
    message: str
    can_retry: bool
    retry_after: int | None
    currency: str = CURRENCY


class Viewer(msgspec.Struct, frozen=True):
    """Who was let in: somebody signed in, or whoever holds a link to pay."""

    actor: Actor
    token: str | None


def told(shown: queries.Shown) -> AttemptShown:
    return AttemptShown(
        id=shown.id, state=shown.state, amount=shown.amount, code=shown.code, message=i18n.gettext(shown.message),
        can_retry=shown.can_retry, retry_after=shown.retry_after,
    )


async def seen_by(
    conn: Conn, viewer: Viewer, attempt_id: UUID, now: datetime, numbers: Numbers
) -> queries.Shown | None:
    """None where this viewer may not see it, or where there is none."""
    linked = None
    if viewer.token is not None:
        linked = await queries.bill_by_link(conn, viewer.token)
        if linked is None:
            return None
    shown = await queries.attempt(conn, attempt_id, now, numbers)
    if shown is None:
        return None
    return shown if (shown.charge_id == linked.id if linked else queries.may_see(viewer.actor, shown)) else None


def open_stream(request: Req, kit: Kit, viewer: Viewer, attempt_id: UUID, numbers: Numbers) -> ServerSentEvent:
    """Raises TooOften where as many are open already as one attempt, or one process, may have."""
    if _open[attempt_id] >= MOST_OF_ONE or _open.total() >= MOST:
        raise TooOften(retryAfter=10)
    place = _Place(attempt_id)
    return ServerSentEvent(_watch(place, kit, viewer, attempt_id, numbers, request.app.state.get("stopping")))


class _Place:
    """Counted from before the answer begins, so that streams which are asked for at once see each other. It is free
    again when it is left, or when nobody holds it any more: whoever is gone before the first event never leaves."""

    def __init__(self, attempt_id: UUID) -> None:
        _open[attempt_id] += 1
        self.leave = weakref.finalize(self, _one_less, attempt_id)


def _one_less(attempt_id: UUID) -> None:
    _open[attempt_id] -= 1
    if not _open[attempt_id]:
        del _open[attempt_id]


async def _watch(
    place: _Place, kit: Kit, viewer: Viewer, attempt_id: UUID, numbers: Numbers, stopping: asyncio.Event | None
) -> AsyncIterator[ServerSentEventMessage]:
    """Until nothing more will change, the viewer may not see it any more, 150 s are over, or the program stops."""
    before: bytes | None = None
    ends = asyncio.get_running_loop().time() + STREAM_SECONDS
    try:
        while asyncio.get_running_loop().time() < ends and not (stopping and stopping.is_set()):
            async with kit.db.connection() as conn:
                shown = await _still_seen(conn, viewer, attempt_id, numbers)
            if shown is None:
                return
            body = msgspec.json.encode(told(shown))
            if _changed(before, body):
                yield ServerSentEventMessage(event="attempt", data=body.decode())
                before = body
            if shown.over:
                return
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        place.leave()


async def _still_seen(conn: Conn, viewer: Viewer, attempt_id: UUID, numbers: Numbers) -> queries.Shown | None:
    now = utc_now()
    if viewer.token is None:
        actor = await still(conn, viewer.actor, now)
        if actor is None:
            return None
        viewer = Viewer(actor, None)
    return await seen_by(conn, viewer, attempt_id, now, numbers)


def _changed(before: bytes | None, body: bytes) -> bool:
    """The seconds until a retry count down without being news."""
    return before is None or re.sub(rb'"retryAfter":\d+', b"", before) != re.sub(rb'"retryAfter":\d+', b"", body)
