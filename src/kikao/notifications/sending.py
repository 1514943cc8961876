"""One composed message, by one way or the other. Nothing here touches the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import jinja2
import msgspec

from kikao.core.phone import Contact
from kikao.notifications import rules
from kikao.notifications.channels import Failure, TemporaryFailure
from kikao.notifications.channels.email import Email, EmailChannel
from kikao.notifications.channels.sms import Sms, SmsChannel
from kikao.notifications.kinds import Composed, Post

# Seconds for one way. Both ways together stay below the lease of a due row (60 s), or a second worker would
# take the row while the first still talks.
LONGEST = 25.0
CHANNEL = {"email": "email", "phone": "sms"}

_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("kikao.notifications"),
    autoescape=jinja2.select_autoescape(["html"]),
    undefined=jinja2.StrictUndefined,
    auto_reload=False,
)


class Channels(msgspec.Struct, frozen=True):
    email: EmailChannel
    sms: SmsChannel


class Parcel(msgspec.Struct, frozen=True):
    """What both ways need to make their own of it."""

    post: Post
    composed: Composed
    language: str
    trading_name: str
    now: datetime

    def __repr__(self) -> str:
        return f"Parcel({self.post.id})"


class Outcome(msgspec.Struct, frozen=True):
    """What each way that was tried said: None took it. `failure`, when none did, is one that `waits` while there is
    hope by any way, else the one of the preferred way."""

    said: dict[str, Failure | None]

    @property
    def channel(self) -> str | None:
        return next((channel for channel, failure in self.said.items() if failure is None), None)

    @property
    def failure(self) -> Failure:
        failures = [failure for failure in self.said.values() if failure is not None]
        return next((failure for failure in failures if waits(failure)), failures[0])


async def deliver(channels: Channels, parcel: Parcel, ways: Sequence[Contact], *, tries: int) -> Outcome:
    """By the preferred way; by the other one when the first has no hope, or none for a while."""
    said: dict[str, Failure | None] = {}
    for way in ways:
        failure = said[CHANNEL[way.kind]] = await _try(channels, parcel, way)
        if failure is None or (waits(failure) and tries < rules.TRIES_BY_ONE_WAY):
            break
    return Outcome(said)


def waits(failure: Failure) -> bool:
    """Whether the same message may go through later: the trouble passes, or the operator ends it."""
    return isinstance(failure, TemporaryFailure) or failure.ours


async def _try(channels: Channels, parcel: Parcel, way: Contact) -> Failure | None:
    try:
        async with asyncio.timeout(LONGEST):
            if way.kind == "email":
                await channels.email.send(as_email(parcel, way.value))
            else:
                await channels.sms.send(Sms(way.value, parcel.composed.sms))
    except Failure as failure:
        return failure
    except TimeoutError:
        pass
    else:
        return None
    return TemporaryFailure("no_answer")


def as_email(parcel: Parcel, to: str) -> Email:
    """Its Message-ID is made from the row, so that a second copy after a crash is known as one."""
    made = parcel.composed
    words = {
        "language": parcel.language,
        "trading_name": parcel.trading_name,
        "heading": made.heading,
        "paragraphs": made.paragraphs,
        "button": made.button,
        "facts": made.facts,
        "footer_lines": made.footer_lines,
    }
    text, html = (_templates.get_template(name).render(words) for name in ("email.txt", "email.html"))
    return Email(
        to=to,
        subject=made.subject,
        text=text,
        html=html,
        message_id=parcel.post.id,
        at=parcel.now,
        attachments=made.attachments,
    )
