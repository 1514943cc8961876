"""A room for tests: facts that hold or not, and two kinds of messages about them. Everything else is real."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import httpx

from demo_sink.server import Addresses
from kikao.core import i18n
from kikao.core.clock import utc_now
from kikao.core.crypto import Secret, Vault
from kikao.core.db import Conn, Database
from kikao.core.ids import new_id
from kikao.core.jobs import Queue, drain
from kikao.core.phone import Contact
from kikao.notifications import actions
from kikao.notifications.channels.email import EmailChannel
from kikao.notifications.channels.sms import SmsChannel
from kikao.notifications.jobs import queues
from kikao.notifications.kinds import Button, Composed, Kind, Post, Reader, Tools
from kikao.notifications.queries import Message, messages_about

TABLE = "create schema story; create table story.fact (id uuid primary key, holds boolean not null, goes_to text)"
PRACTICE = "Mti Practice <desk@practice.example.test>"
TLS = ssl.create_default_context()


async def told(conn: Conn, post: Post, reader: Reader | None, tools: Tools) -> Composed | None:
    if reader is None or not await conn.fetchval("select holds from story.fact where id = $1", post.about):
        return None
    when = i18n.when(post.created_at, reader.time_zone)
    return Composed(
        subject=f"{tools.trading_name} K7Q2M9X4",
        sms=f"{tools.trading_name} K7Q2M9X4: {when}. {tools.base_url}/s/K7Q2M9X4 {post.id}",
        heading="Your time is kept",
        paragraphs=(f"Until {when}.",),
        button=Button("Open", f"{tools.base_url}/s/K7Q2M9X4"),
        facts=(("Row", str(post.id)),),
        footer_lines=(tools.practice_phone,),
        attachments=(("K7Q2M9X4.ics", "text/calendar; method=REQUEST", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),),
    )


async def code(conn: Conn, post: Post, _reader: Reader | None, tools: Tools) -> Composed | None:
    to = await conn.fetchval("select goes_to from story.fact where id = $1 and holds", post.about)
    if to is None:
        return None
    contact = Contact("email" if "@" in to else "phone", to)
    return Composed(subject=tools.trading_name, sms=f"123456 {post.id}", heading="123456", to=contact)


KINDS = (Kind("told", told), Kind("code", code, code=True))


Mail = TypeVar("Mail", bound=EmailChannel)
Sms = TypeVar("Sms", bound=SmsChannel)


def mail_channel(port: int, made: type[Mail] = EmailChannel) -> Mail:  # type: ignore[assignment]
    return made(
        "127.0.0.1", port, username=None, password=None, starttls=False, sender=PRACTICE, tls=TLS
    )


def sms_channel(url: str, made: type[Sms] = SmsChannel) -> Sms:  # type: ignore[assignment]
    return made(url, "sandbox", Secret("an-api-key"), "MTI", tls=TLS)


def queues_of(
    db: Database, email: EmailChannel, sms: SmsChannel, clock: Callable[[], datetime] = utc_now, *,
    trading_name: str = "Mti", base_url: str = "http://127.0.0.1:8000/",
) -> list[Queue]:
    return queues(
        db, email, sms, vault=Vault([b"k" * 32]), trading_name=trading_name, base_url=base_url,
        practice_phone="254700000099", mail_sender=PRACTICE, clock=clock,
    )  # fmt: skip


class Story:
    """Facts happen, messages are posted, workers drain, time passes; then one looks into the inbox."""

    def __init__(self, db: Database, sink: Addresses, inbox: httpx.AsyncClient) -> None:
        self.db, self.sink, self.inbox = db, sink, inbox
        self.email: EmailChannel = mail_channel(sink.smtp_port)
        self.sms: SmsChannel = sms_channel(sink.url)
        self.trading_name, self.base_url = "Mti", "http://127.0.0.1:8000/"

    @property
    def queues(self) -> list[Queue]:
        return queues_of(self.db, self.email, self.sms, trading_name=self.trading_name, base_url=self.base_url)

    async def fact(self, goes_to: str | None = None) -> UUID:
        made = new_id()
        await self.db.pool.execute("insert into story.fact values ($1, true, $2)", made, goes_to)
        return made

    async def ends(self, fact: UUID) -> None:
        await self.db.pool.execute("update story.fact set holds = false where id = $1", fact)

    async def post(self, recipient: UUID, fact: UUID | None = None, kind: str = "told", version: int = 1) -> UUID:
        about = fact or await self.fact()
        async with self.db.transaction() as conn:
            await actions.post(conn, kind, about, recipient, utc_now(), version=version)
        return about

    async def drain(self) -> int:
        """Everything that is due now, once."""
        taken = 0
        for queue in self.queues:
            while found := await drain(self.db, queue):
                taken += found
        return taken

    async def time_passes(self) -> None:
        """Back-offs and leases are over."""
        await self.db.pool.execute(
            "update notifications.outbox set due_at = least(due_at, $1), taken_until = null where due_at is not null",
            utc_now(),
        )  # fmt: skip

    async def days_pass(self) -> None:
        """More tries than the longest night of a gateway."""
        for _ in range(12):
            await self.drain()
            await self.time_passes()
        await self.drain()

    async def row(self, about: UUID) -> Message:
        async with self.db.connection() as conn:
            (found,) = await messages_about(conn, about)
        return found

    async def received(self, to: str = "") -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = (await self.inbox.get("/api/messages", params={"to": to})).json()["messages"]
        return found

    async def order(self, **fault: object) -> None:
        assert (await self.inbox.post("/api/faults", json=fault)).status_code == 204

    async def all_is_well(self) -> None:
        await self.inbox.delete("/api/faults")

    async def contacts(self, person: UUID, *in_the_order_they_were_proved: str) -> None:
        await self.db.pool.execute("delete from accounts.contact_point where person_id = $1", person)
        await self.db.pool.executemany(
            """
            insert into accounts.contact_point (id, person_id, kind, value, proved_at, created_at)
            values ($1, $2, $3, $4, now() - interval '1 day' + make_interval(mins => $5), now())
            """,
            [(new_id(), person, "email" if "@" in value else "phone", value, place)
             for place, value in enumerate(in_the_order_they_were_proved)],
        )  # fmt: skip
