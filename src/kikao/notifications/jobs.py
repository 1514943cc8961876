"""The outbox is drained here: look, compose, let the database go, send, note."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parseaddr
from uuid import UUID

import msgspec

from kikao.core import i18n, logs
from kikao.core.clock import utc_now
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.jobs import MOST_TRIES, Queue
from kikao.core.phone import Contact
from kikao.core.practice import load
from kikao.notifications import actions, queries, rules, sending
from kikao.notifications.channels import Failure
from kikao.notifications.channels.email import EmailChannel
from kikao.notifications.channels.sms import SmsChannel
from kikao.notifications.kinds import KINDS, Composed, Kind, Post, Reader, Tools

TABLE = "notifications.outbox"
log = logs.get("outbox")


class UnknownKind(LookupError):
    """No room brought this kind. The row is kept and gets stuck: a newer program may know it."""


class CodeAddressOnly(RuntimeError):
    """A kind that is no code named an address by itself: it could be one that nobody has proved."""


def queues(
    db: Database, email: EmailChannel, sms: SmsChannel, *,
    vault: Vault, trading_name: str, base_url: str, practice_phone: str, mail_sender: str,
    clock: Callable[[], datetime] = utc_now,
) -> list[Queue]:  # fmt: skip
    """Call it after the wiring. Codes have a queue of their own: somebody is waiting for each, and no slow mail
    server stands in front of them."""
    tools = Tools(
        vault=vault,
        trading_name=trading_name,
        base_url=base_url.rstrip("/"),
        practice_phone=practice_phone,
        mail_sender=parseaddr(mail_sender)[1],
        now=clock(),
    )
    outbox = Outbox(db, sending.Channels(email, sms), tools, clock)
    codes = ", ".join(f"'{name}'" for name, kind in KINDS.items() if kind.code) or "''"
    return [
        Queue("codes", TABLE, outbox.tell, at_once=4, where=f"kind in ({codes})"),
        Queue("messages", TABLE, outbox.tell, at_once=8, where=f"kind not in ({codes})"),
    ]


class Ready(msgspec.Struct, frozen=True):
    """A message that may go now, and by which ways."""

    parcel: sending.Parcel
    ways: tuple[Contact, ...]
    tries: int


class Outbox:
    def __init__(
        self, db: Database, channels: sending.Channels, tools: Tools, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._channels = channels
        self._tools = tools
        self._clock = clock

    async def tell(self, row_id: UUID) -> None:
        now = self._clock()
        # A transaction, so that a code that is made here is kept, and so that no kind can open a socket.
        async with self._db.transaction() as conn:
            ready = await self._prepare(conn, row_id, now)
        if ready is None:
            return
        outcome = await sending.deliver(self._channels, ready.parcel, ready.ways, tries=ready.tries)
        channel = outcome.channel
        async with self._db.connection() as conn:
            # Whoever dies before this sends it once more, under the same Message-ID: so nothing comes before it.
            if channel is not None:
                await actions.note_sent(conn, row_id, channel, self._clock())
            await _note_ways(conn, outcome, self._clock())
        if channel is None:
            await self._put_off(ready, outcome.failure, now)
            return
        log.info("message_sent", row=str(row_id), kind=ready.parcel.post.kind, channel=channel)

    async def _prepare(self, conn: Conn, row_id: UUID, now: datetime) -> Ready | None:
        due = await queries.due_post(conn, row_id)
        if due is None:
            return None
        post, tries = due
        kind = KINDS.get(post.kind)
        if kind is None:
            raise UnknownKind(post.kind)
        reader = await queries.reader(conn, post.recipient)
        found = await self._compose(conn, kind, post, reader, now)
        if isinstance(found, str):
            await _drop(conn, post, found, now)
            return None
        composed, ways = found
        if reader is not None and not kind.code and await _waits_for_morning(conn, post, reader, composed, now):
            return None
        language = composed.language or (reader.language if reader else i18n.ENGLISH)
        parcel = sending.Parcel(post, composed, language, self._tools.trading_name, now)
        return Ready(parcel, ways, tries)

    async def _compose(
        self, conn: Conn, kind: Kind, post: Post, reader: Reader | None, now: datetime
    ) -> tuple[Composed, tuple[Contact, ...]] | str:
        """What to say and by which ways, or why it is not said."""
        why = rules.withheld(reader.state, code=kind.code) if reader else None
        if why is not None:
            return why
        with i18n.speaking(reader.language if reader else i18n.ENGLISH):
            composed = await kind.compose(conn, post, reader, msgspec.structs.replace(self._tools, now=now))
        if composed is None:
            return rules.NO_LONGER_TRUE
        if composed.spoken:
            return rules.SPOKEN
        ways = _ways(kind, composed, reader)
        return (composed, ways) if ways else rules.NO_CONTACT

    async def _put_off(self, ready: Ready, failure: Failure, now: datetime) -> None:
        """Drops what has no hope; raises the failure otherwise, so that the row backs off."""
        post = ready.parcel.post
        async with self._db.connection() as conn:
            if not sending.waits(failure):
                await _drop(conn, post, failure.reason_code, now)
                return
            if ready.tries >= MOST_TRIES:
                # Stuck is for what no time heals. A gateway comes back, after an hour or a night.
                await actions.wait_on(conn, post.id, MOST_TRIES - 1, now + rules.PATIENCE)
        log.warning("message_put_off", row=str(post.id), kind=post.kind, reason=failure.reason_code)
        raise failure


def _ways(kind: Kind, composed: Composed, reader: Reader | None) -> tuple[Contact, ...]:
    if composed.to is None:
        return reader.contacts if reader else ()
    if not kind.code:
        raise CodeAddressOnly(kind.name)
    return (composed.to,)


async def _note_ways(conn: Conn, outcome: sending.Outcome, now: datetime) -> None:
    """What fails for one reader only says nothing about the way."""
    for channel, failure in outcome.said.items():
        if failure is None or sending.waits(failure):
            await actions.note_way(conn, channel, failure.reason_code if failure else None, now)


async def _waits_for_morning(conn: Conn, post: Post, reader: Reader, composed: Composed, now: datetime) -> bool:
    """It is composed again then, if it is still true."""
    numbers = (await load(conn, now)).of(rules.Numbers)
    at = rules.goes_at(now, reader.time_zone, composed.timing, numbers)
    if at <= now:
        return False
    await actions.wait_on(conn, post.id, 0, at)
    log.info("message_waits_for_morning", row=str(post.id), kind=post.kind)
    return True


async def _drop(conn: Conn, post: Post, why: str, now: datetime) -> None:
    await actions.drop(conn, post.id, why, now)
    log.info("message_dropped", row=str(post.id), kind=post.kind, why=why)
