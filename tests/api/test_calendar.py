"""The psychologist's week and the desk's day: what keeps time stands there, at its hour, and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from kikao.core.clock import local_day
from kikao.sessions import grid
from support.app import World

NAIROBI = "Africa/Nairobi"
SPAN = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 12, 31, tzinfo=UTC).timestamp())
moments = st.integers(*SPAN).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
zones = st.sampled_from([NAIROBI, "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])


@given(moments, st.integers(1, 400), zones)
def test_a_span_lies_within_its_days_and_nowhere_else(start: datetime, minutes: int, zone: str) -> None:
    end = start + timedelta(minutes=minutes)
    first, last = local_day(start, zone), local_day(end - timedelta(microseconds=1), zone)
    around = [first + timedelta(days=n) for n in range(-1, (last - first).days + 2)]
    found = {day: grid.block((start, end), day, zone) for day in around}
    assert all(found[day] for day in around if first <= day <= last)
    assert not any(found[day] for day in around if not first <= day <= last)
    assert all(0 <= block.row < block.end <= grid.QUARTERS for block in found.values() if block)


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 6))))
def test_lanes_keep_apart_what_overlaps(spans: list[tuple[int, int]]) -> None:
    placed = grid.lanes([(grid.Block(row, rows), number) for number, (row, rows) in enumerate(spans)])
    assert sorted(what for _block, what, _lane in placed) == list(range(len(spans)))
    for n, (one, _what, lane) in enumerate(placed):
        for other, _other, other_lane in placed[n + 1:]:
            assert lane != other_lane or one.end <= other.row or other.end <= one.row


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 6))))
def test_the_hours_that_are_shown_hold_everything(spans: list[tuple[int, int]]) -> None:
    first, last = grid.hours_shown(grid.Block(row, min(rows, grid.QUARTERS - row)) for row, rows in spans)
    assert first % 4 == last % 4 == 0
    assert 0 <= first < last <= grid.QUARTERS
    assert all(first <= row and min(row + rows, grid.QUARTERS) <= last for row, rows in spans)


def _entries(html: str) -> list[tuple[str, str]]:
    """(reference, classes) of what stands on the calendar."""
    found = re.findall(r'<li class="cal__entry ([^"]+)">\s*<a href="/s/(\w+)">', html)
    return [(reference, classes) for classes, reference in found]


def _week_of(session: dict[str, str]) -> str:
    start = datetime.fromisoformat(session["sessionDate"]).astimezone(ZoneInfo(NAIROBI))
    return str(grid.monday_of(start.date()))


async def test_a_request_stands_in_its_psychologists_week_at_its_hour(world: World) -> None:
    session = await world.request("amina", ahead=3, hour=10)
    shown = await world.otieno.page("GET", f"/me/calendar?from={_week_of(session)}")
    [(reference, classes)] = _entries(shown.text)
    assert reference == session["reference"]
    # The usual day begins at 08:00, so ten o'clock is eight quarters down; an hour is four.
    assert {"at-8", "for-4", "cal__entry--todo"} <= set(classes.split())
    assert "Amina" in shown.text
    other = await world.wanjiru.page("GET", f"/me/calendar?from={_week_of(session)}")
    assert _entries(other.text) == []
    assert "Open 09:00–17:00" in other.text


async def test_what_ended_is_gone_from_the_week(world: World) -> None:
    session = await world.request("amina", ahead=3, hour=10)
    cancelled = await world.amina.api("POST", f"/api/sessions/{session['id']}/cancel", json={})
    assert cancelled.status_code == 200
    shown = await world.otieno.page("GET", f"/me/calendar?from={_week_of(session)}")
    assert _entries(shown.text) == []


async def test_an_overdue_hold_is_on_no_calendar(world: World) -> None:
    session = await world.request("amina", ahead=3, hour=10)
    async with world.db.connection() as conn:
        await conn.execute("update sessions.session set hold_until = now() - interval '1 minute'")
    shown = await world.otieno.page("GET", f"/me/calendar?from={_week_of(session)}")
    assert _entries(shown.text) == []
    day = _day_of(session)
    assert _entries((await world.wambui.page("GET", f"/practice/day?on={day}")).text) == []


def _day_of(session: dict[str, str]) -> date:
    return datetime.fromisoformat(session["sessionDate"]).astimezone(ZoneInfo(NAIROBI)).date()


async def test_the_desks_day_has_everybody_side_by_side(world: World) -> None:
    one = await world.request("amina", "otieno", ahead=3, hour=10)
    two = await world.request("baraka", "wanjiru", ahead=3, hour=10)
    shown = await world.wambui.page("GET", f"/practice/day?on={_day_of(one)}")
    assert sorted(reference for reference, _ in _entries(shown.text)) == sorted([one["reference"], two["reference"]])
    heads = re.findall(r'<section class="cal__col" aria-label="([^"]+)"', shown.text)
    assert heads == ["Dr Otieno", "Dr Wanjiru"]


async def test_what_waits_is_said_first(world: World) -> None:
    await world.request("amina", ahead=3, hour=10)
    shown = (await world.otieno.page("GET", "/me/calendar")).text
    assert "One request waits for your answer." in shown
    await world.request("baraka", ahead=3, hour=14)
    assert "2 requests wait for your answer." in (await world.otieno.page("GET", "/me/calendar")).text


async def test_a_day_that_is_none_gets_a_sentence(world: World) -> None:
    for typed in ("yesterday", "2026-13-40", "9999-01-01", "0001-01-01"):
        assert (await world.otieno.page("GET", f"/me/calendar?from={typed}")).status_code == 422
        assert (await world.wambui.page("GET", f"/practice/day?on={typed}")).status_code == 422


