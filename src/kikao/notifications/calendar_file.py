"""Calendar entries (RFC 5545, sent by the rules of RFC 5546) as attachments of a mail.

A calendar is shown on other people's screens and synchronised to other companies: its title is the trading name
and the reference, and nothing in it says what the time is for, with whom, or where.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from icalendar import Calendar, Event, vCalAddress

Attachment = tuple[str, str, bytes]


def invitation(
    *, session_id: UUID, reference: str, trading_name: str, base_url: str, starts_at: datetime, ends_at: datetime,
    now: datetime, sequence: int = 0, organizer: str | None = None, attendee: str | None = None,
) -> Attachment:  # fmt: skip
    """(file name, type, bytes). The same `session_id` with a higher `sequence` replaces the entry: a moved time.
    `organizer` is the address that the mail comes from and `attendee` the reader's: where either is missing,
    some mail programs show a file to open instead of an entry."""
    event = _event(session_id, reference, trading_name, base_url, starts_at, ends_at, now, sequence)
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    return _file("REQUEST", event, reference, organizer, attendee)


def publication(
    *, session_id: UUID, reference: str, trading_name: str, base_url: str, starts_at: datetime, ends_at: datetime,
    now: datetime, sequence: int = 0, organizer: str | None = None,
) -> Attachment:  # fmt: skip
    """The entry of `invitation` for whoever fetches it: nobody is invited, and nothing is to be answered."""
    event = _event(session_id, reference, trading_name, base_url, starts_at, ends_at, now, sequence)
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    return _file("PUBLISH", event, reference, organizer, None)


def cancellation(
    *, session_id: UUID, reference: str, trading_name: str, base_url: str, starts_at: datetime, ends_at: datetime,
    now: datetime, sequence: int = 1, organizer: str | None = None, attendee: str | None = None,
) -> Attachment:  # fmt: skip
    """Takes the entry of `invitation` away. `sequence` must be higher than the last one sent."""
    event = _event(session_id, reference, trading_name, base_url, starts_at, ends_at, now, sequence)
    event.add("status", "CANCELLED")
    event.add("transp", "TRANSPARENT")
    return _file("CANCEL", event, reference, organizer, attendee)


def _event(
    session_id: UUID, reference: str, trading_name: str, base_url: str,
    starts_at: datetime, ends_at: datetime, now: datetime, sequence: int,
) -> Event:  # fmt: skip
    event = Event()
    # An id of this installation for ever: calendars know the entry again by it.
    event.add("uid", f"{session_id}@{urlsplit(base_url).hostname or 'localhost'}")
    event.add("sequence", sequence)
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", starts_at.astimezone(UTC))
    event.add("dtend", ends_at.astimezone(UTC))
    event.add("summary", f"{trading_name} {reference}")
    event.add("url", f"{base_url.rstrip('/')}/s/{reference}")
    event.add("class", "PRIVATE")
    return event


def _file(
    method: str, event: Event, reference: str, organizer: str | None, attendee: str | None
) -> Attachment:
    if organizer:
        event.add("organizer", vCalAddress(f"mailto:{organizer}"))
    if attendee:
        person = vCalAddress(f"mailto:{attendee}")
        person.params["RSVP"] = "FALSE"  # answering happens on our pages, not by mail
        person.params["PARTSTAT"] = "ACCEPTED"
        event.add("attendee", person)
    calendar = Calendar()
    calendar.add("prodid", "-//Kikao//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(event)
    return f"{reference}.ics", f"text/calendar; method={method}; charset=utf-8", calendar.to_ical()
