"""Free times are told with the offset that the psychologist's zone has at that very moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from availability.calendars import OPEN_NUMBERS, set_calendar
from kikao.availability.queries import Wanted, runs
from kikao.availability.rules import Hours
from kikao.core.db import Conn
from kikao.directory.api import _in_order
from support.cast import Cast

ZONES = ("Africa/Nairobi", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu",
         "America/St_Johns", "Africa/Cairo")
ALWAYS = [Hours(weekday, 0, 1440, ("Online",)) for weekday in range(1, 8)]


@pytest.mark.parametrize("name", ZONES)
async def test_each_time_has_the_offset_of_its_moment(conn: Conn, cast: Cast, name: str) -> None:
    zone, begin = ZoneInfo(name), datetime(2026, 1, 1, tzinfo=UTC)
    await set_calendar(conn, cast.otieno, name, ALWAYS)
    found = await runs(
        conn, [Wanted(cast.otieno.person_id, 15)], begin, begin + timedelta(days=364), now=begin, numbers=OPEN_NUMBERS)
    told = _in_order(found, {})
    assert len(told) > 17_000
    assert [one.start.isoformat() for one in told] == [one.start.astimezone(zone).isoformat() for one in told]
    assert all(later.start - one.start == timedelta(minutes=30) for one, later in pairwise(told))
