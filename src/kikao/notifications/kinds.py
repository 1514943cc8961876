"""What kinds of messages there are. Upper rooms bring theirs, and kikao/wiring_work.py puts them here.

A row of the outbox holds ids. When it is due, its kind is asked two things in one go: is this still true,
and what does it say to this reader, now. The reader's language is set (`core.i18n.language`) meanwhile.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.phone import Contact
from kikao.notifications.gsm7 import parts
from kikao.notifications.rules import Timing


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the outbox. `about` is a row in the room of its kind; `recipient` is a person, or a contact
    for codes."""

    id: UUID
    kind: str
    about: UUID
    recipient: UUID
    version: int
    created_at: datetime


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads it. `contacts` are the proved ones, the chosen one first, at most one a kind."""

    person_id: UUID
    state: str
    language: str
    time_zone: str
    contacts: tuple[Contact, ...] = ()

    @property
    def email(self) -> str | None:
        return next((one.value for one in self.contacts if one.kind == "email"), None)

    @property
    def phone(self) -> str | None:
        return next((one.value for one in self.contacts if one.kind == "phone"), None)

    def __repr__(self) -> str:  # a struct would print its addresses into a log
        return f"Reader({self.person_id})"


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind needs besides the database. `base_url` has no slash at its end; `mail_sender` is the bare
    address that mail comes from; `now` is this decision's."""

    vault: Vault
    trading_name: str
    base_url: str
    practice_phone: str
    now: datetime
    mail_sender: str = ""


class Button(msgspec.Struct, frozen=True):
    label: str
    url: str


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """One message in its reader's language and zone, ready for either channel.

    `sms` is the whole SMS, with its link, in at most 160 characters of GSM-7 where the language allows it.
    `subject` and the rest make the e-mail; the trading name stands above `heading` by itself. Attachments are
    (file name, type with its parameters, bytes): they go by e-mail only, so no message may depend on one.
    `to` is for codes: an address that is not proved yet, and the only one that this message goes to; their
    `language` is that of whom the code is for, who is no reader yet.
    `timing` says what may not wait for the morning; codes never wait.
    `spoken`: nothing is sent; somebody of the practice rings the reader and says it.
    """

    subject: str
    sms: str
    heading: str
    paragraphs: tuple[str, ...] = ()
    button: Button | None = None
    facts: tuple[tuple[str, str], ...] = ()
    footer_lines: tuple[str, ...] = ()
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    to: Contact | None = None
    language: str | None = None
    timing: Timing = Timing()
    spoken: bool = False

    def texts(self) -> Iterator[str]:
        """Everything that leaves the building, for tests that look for telling words."""
        yield from (self.subject, self.sms, self.heading, *self.paragraphs, *self.footer_lines)
        yield from (part for fact in self.facts for part in fact)
        if self.button:
            yield from (self.button.label, self.button.url)
        for name, kind, content in self.attachments:
            yield from (name, kind, content.decode("utf-8", "replace"))

    def __repr__(self) -> str:  # a struct would print its text into a log
        return "Composed(…)"


def one_sms(*texts: str) -> str:
    """The first of these that goes as one SMS; the last one where none does."""
    return next((text for text in texts if parts(text) == 1), texts[-1])


# None: this is no longer true, or no longer matters, and nobody is told. It is called in a short transaction
# that ends before anything is sent. It may be called again for the same row (a try failed, a worker died) and
# gives the same message then: a code that was made for it is used again. It writes its own room's rows only.
Compose = Callable[[Conn, Post, Reader | None, Tools], Awaitable[Composed | None]]


class Kind(msgspec.Struct, frozen=True):
    """`code`: goes to the one address that it names (`Composed.to`), perhaps not proved yet, at any hour, and to a
    blocked person too. Nothing else does, and its `reader` may be None: a code may be for somebody who has no row."""

    name: str
    compose: Compose
    code: bool = False


KINDS: dict[str, Kind] = {}


def add(*kinds: Kind) -> None:
    """Called by kikao/wiring_work.py, once a program. Raises ValueError for a name that is taken."""
    for kind in kinds:
        if KINDS.setdefault(kind.name, kind) is not kind:
            raise ValueError(f"there are two kinds of messages named {kind.name}")
