"""Calendar files, read back by a parser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest

from kikao.notifications.calendar_file import Attachment, cancellation, invitation, publication
from kikao.notifications.rules import telling_words

START = datetime(2026, 11, 24, 14, 30, tzinfo=ZoneInfo("Africa/Nairobi"))
GIVEN: dict[str, Any] = {
    "session_id": UUID("01900000-0000-7000-8000-000000000007"),
    "reference": "K7Q2M9X4",
    "trading_name": "Mti, Mwanga; na Kivuli",
    "base_url": "https://mti.example.test",
    "starts_at": START,
    "ends_at": START + timedelta(hours=1),
    "now": datetime(2026, 11, 1, 9, 0, 0, 5, UTC),
}
BOTH = pytest.mark.parametrize(
    ("make", "method", "status"),
    [(invitation, "REQUEST", "CONFIRMED"), (cancellation, "CANCEL", "CANCELLED"),
     (publication, "PUBLISH", "CONFIRMED")],
)
Make = Callable[..., Attachment]


def parsed(file: Attachment) -> tuple[icalendar.Calendar, icalendar.Event]:
    calendar = icalendar.Calendar.from_ical(file[2])
    assert isinstance(calendar, icalendar.Calendar)
    (event,) = calendar.events
    assert not event.errors
    return calendar, event


@BOTH
def test_it_says_when_in_utc_and_what_to_do_with_it(make: Make, method: str, status: str) -> None:
    file = make(**GIVEN, sequence=3)
    calendar, event = parsed(file)
    assert (str(calendar["METHOD"]), str(calendar["VERSION"]), str(event["STATUS"])) == (method, "2.0", status)
    assert file[:2] == ("K7Q2M9X4.ics", f"text/calendar; method={method}; charset=utf-8")
    assert b"DTSTART:20261124T113000Z\r\nDTEND:20261124T123000Z\r\nDTSTAMP:20261101T090000Z\r\n" in file[2]
    assert event.sequence == 3


def test_one_session_is_one_entry_whatever_happens_to_it() -> None:
    moved = GIVEN | {"starts_at": START + timedelta(days=1), "ends_at": START + timedelta(days=1, hours=1)}
    entries = [
        parsed(file)[1]
        for file in (invitation(**GIVEN), invitation(**moved, sequence=1), cancellation(**moved, sequence=2))
    ]
    assert {str(entry["UID"]) for entry in entries} == {"01900000-0000-7000-8000-000000000007@mti.example.test"}
    assert [entry.sequence for entry in entries] == [0, 1, 2]


@BOTH
def test_it_names_nothing_but_practice_reference_and_link(make: Make, method: str, status: str) -> None:
    file = make(**GIVEN)
    _, event = parsed(file)
    assert str(event["SUMMARY"]) == "Mti, Mwanga; na Kivuli K7Q2M9X4"
    assert str(event["URL"]) == "https://mti.example.test/s/K7Q2M9X4"
    assert {"DESCRIPTION", "LOCATION", "COMMENT", "CATEGORIES", "CONTACT", "ATTENDEE"}.isdisjoint(event)
    assert telling_words(file[0] + file[2].decode()) == []


@BOTH
def test_it_is_from_the_practice_to_its_reader_where_both_are_known(make: Make, method: str, status: str) -> None:
    reader = {} if method == "PUBLISH" else {"attendee": "amina@example.test"}
    _, event = parsed(make(**GIVEN, organizer="desk@example.test", **reader))
    assert str(event["ORGANIZER"]) == "mailto:desk@example.test"
    if method == "PUBLISH":  # nobody is asked to answer it
        assert "ATTENDEE" not in event
        return
    assert str(event["ATTENDEE"]) == "mailto:amina@example.test"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"


@BOTH
def test_lines_are_folded_and_end_as_the_standard_says(make: Make, method: str, status: str) -> None:
    lines = make(**GIVEN | {"trading_name": "Mti 🌳 " * 20})[2].split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line for line in lines)
