"""What arrived, newest last, and never more than fits."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import Literal

Channel = Literal["email", "sms"]

MOST_MESSAGES = 2_000
MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    type: str
    content: bytes
    method: str = ""  # of a calendar file: REQUEST, CANCEL, …

    @property
    def is_text(self) -> bool:
        return self.type.startswith("text/")


@dataclass(frozen=True, slots=True)
class Message:
    channel: Channel
    to: str
    sender: str
    text: str
    subject: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    id: int = 0
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def size(self) -> int:
        return len(self.text) + len(self.html) + sum(len(a.content) for a in self.attachments)


def same_recipient(a: str, b: str) -> bool:
    """Mail without regard to case; a phone by its digits: a plus in a query string arrives as a space."""
    if "@" in a or "@" in b:
        return a.strip().casefold() == b.strip().casefold()
    return re.sub(r"\D", "", a) == re.sub(r"\D", "", b)


class Store:
    def __init__(self, most_messages: int = MOST_MESSAGES, most_bytes: int = MOST_BYTES) -> None:
        self._messages: deque[Message] = deque()
        self._ids = count(1)
        self._bytes = 0
        self._most_messages = most_messages
        self._most_bytes = most_bytes

    def add(self, message: Message) -> None:
        message = replace(message, id=next(self._ids))
        self._messages.append(message)
        self._bytes += message.size
        while len(self._messages) > self._most_messages or self._bytes > self._most_bytes:
            self._bytes -= self._messages.popleft().size

    def newest_first(self, to: str = "") -> Iterator[Message]:
        return (m for m in reversed(self._messages) if not to or same_recipient(m.to, to))

    def get(self, id: int) -> Message | None:
        return next((m for m in self._messages if m.id == id), None)

    def recipients(self) -> list[str]:
        return sorted({m.to for m in self._messages})

    def clear(self) -> None:
        self._messages.clear()
        self._bytes = 0

    @property
    def newest_id(self) -> int:
        return self._messages[-1].id if self._messages else 0

    def __len__(self) -> int:
        return len(self._messages)
