"""A time that cannot be had is refused by its name, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from support import app as apps
from support.app import asking
from support.cast import NAIROBI, workday
from support.refusals import nothing_changes, page, problem

Wish = Callable[[datetime], datetime | str]

def _sunday(now: datetime) -> datetime:
    day = now.astimezone(NAIROBI) + timedelta(days=3)
    return (day + timedelta(days=7 - day.isoweekday())).replace(hour=10, minute=0, second=0, microsecond=0)


WISHES: dict[str, tuple[Wish, str, str]] = {
    "last week": (lambda now: workday(now, ahead=-10), "in_the_past", "This time lies in the past."),
    "a second ago": (lambda now: now - timedelta(seconds=1), "in_the_past", "This time lies in the past."),
    "in an hour": (lambda now: now + timedelta(hours=1), "too_soon", "This time is too soon to be booked."),
    "a minute inside the notice": (
        lambda now: now + timedelta(hours=11, minutes=59), "too_soon", "This time is too soon to be booked."),
    "in three months": (
        lambda now: workday(now, ahead=90), "beyond_horizon", "This time is further ahead than can be booked yet."),
    "the last day of the calendar": (
        lambda _: "9999-12-31T23:59:59+00:00", "beyond_horizon", "This time is further ahead than can be booked yet."),
    "seven minutes past": (
        lambda now: workday(now, minute=7), "off_grid", "Sessions begin at the times that are offered only."),
    "one second past": (
        lambda now: workday(now) + timedelta(seconds=1), "off_grid",
        "Sessions begin at the times that are offered only."),
    "a microsecond past": (
        lambda now: workday(now) + timedelta(microseconds=1), "off_grid",
        "Sessions begin at the times that are offered only."),
    "at night": (
        lambda now: workday(now, hour=3), "outside_hours", "This time lies outside the psychologist's hours."),
    "so late that it would end after hours": (
        lambda now: workday(now, hour=16, minute=30), "outside_hours",
        "This time lies outside the psychologist's hours."),
    "on a Sunday": (
        _sunday, "outside_hours", "This time lies outside the psychologist's hours."),
    "the right hour of another zone": (
        lambda now: workday(now).replace(tzinfo=None).isoformat() + "-11:00", "outside_hours",
        "This time lies outside the psychologist's hours."),
}  # fmt: skip
UNREADABLE: dict[str, tuple[Any, str]] = {
    "without an offset": ("2026-11-24T09:00:00", "no_offset"),
    "a day": ("2026-11-24", "no_offset"),
    "words": ("tomorrow at ten", "not_a_time"),
    "nothing": ("", "not_a_time"),
    "null": (None, "wrong_value"),
    "a number": (1_800_000_000, "wrong_value"),
    "a month too many": ("2026-13-01T09:00:00+03:00", "not_a_time"),
    "the 30th of February": ("2027-02-30T09:00:00+03:00", "not_a_time"),
    "a leap second": ("2026-12-31T23:59:60Z", "not_a_time"),
    "an offset of a day": ("2026-11-24T09:00:00+24:00", "not_a_time"),
    "the year 0": ("0000-01-01T00:00:00Z", "not_a_time"),
}


@pytest.mark.parametrize("wish", WISHES)
async def test_a_time_that_cannot_be_had_has_its_code_and_sentence(house: apps.World, wish: str) -> None:
    when, code, sentence = WISHES[wish]
    async with nothing_changes(house.db):
        answer = await house.amina.api(
            "POST", "/api/sessions/request", json=asking(house.cast.otieno, when(house.now))
        )
    body = problem(answer, 422, "invalid", "sessionDate", code)
    assert body["detail"] == body["errors"][0]["detail"] == sentence


@pytest.mark.parametrize("wish", UNREADABLE)
async def test_what_is_no_time_is_refused_by_its_field(house: apps.World, wish: str) -> None:
    text, code = UNREADABLE[wish]
    async with nothing_changes(house.db):
        answer = await house.amina.api(
            "POST", "/api/sessions/request", json=asking(house.cast.otieno, "") | {"sessionDate": text}
        )
    problem(answer, 422, "invalid", "sessionDate", code)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
async def test_the_ends_of_the_calendar_are_no_trouble(house: apps.World, text: str) -> None:
    async with nothing_changes(house.db):
        answer = await house.amina.api("POST", "/api/sessions/request", json=asking(house.cast.otieno, text))
    problem(answer, 422, "invalid")


@pytest.mark.parametrize("wish", [name for name in WISHES if name != "the last day of the calendar"])
async def test_the_page_says_the_same_and_keeps_what_was_typed(house: apps.World, wish: str) -> None:
    when, _, sentence = WISHES[wish]
    start = when(house.now)
    form = {
        "k": "i", "start": start if isinstance(start, str) else start.isoformat(),
        "note": "I would rather sit by the window.",
    }  # fmt: skip
    async with nothing_changes(house.db):
        answer = await house.amina.page("POST", "/t/kbt011/request", data=form)
    shown = page(answer, 422)
    assert sentence.replace("'", "&#39;") in shown
    assert "I would rather sit by the window." in shown


@pytest.mark.parametrize("text", [
    "", "soon", "2026-11-24T09:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9" * 400,
])
async def test_a_page_with_a_time_that_is_none_asks_for_one(house: apps.World, text: str) -> None:
    async with nothing_changes(house.db):
        looked = await house.amina.page("GET", "/t/kbt011/request", params={"k": "i", "start": text})
        sent = await house.amina.page(
            "POST", "/t/kbt011/request", data={"k": "i", "start": text, "note": "By the window."}
        )
    assert looked.status_code in (200, 303)
    assert "By the window." in page(sent, 422)
