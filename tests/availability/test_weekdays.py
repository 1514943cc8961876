"""Seven times seven: a psychologist opens one day of the week, and the client sees exactly that day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from availability.calendars import OPEN_NUMBERS, book, offered, set_calendar
from kikao.availability.rules import Hours
from kikao.core.db import Conn
from support.cast import Cast

MONDAY = datetime(2027, 1, 4, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """When the practice began: before the times of this file, in whatever year it is read."""
    return MONDAY - timedelta(days=9)


@pytest.mark.parametrize("zone", ["Africa/Nairobi", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_the_day_that_is_open_is_the_day_that_is_seen(conn: Conn, cast: Cast, zone: str) -> None:
    here = ZoneInfo(zone)
    now = MONDAY - timedelta(days=2)
    for opened in range(1, 8):
        await set_calendar(conn, cast.otieno, zone, [Hours(opened, 9 * 60, 17 * 60)])
        for looked in range(1, 8):
            day = (MONDAY + timedelta(days=looked - 1)).replace(tzinfo=here)
            assert day.isoweekday() == looked
            found = await offered(
                conn, cast.otieno, day, day + timedelta(days=1), now=now, numbers=OPEN_NUMBERS)
            local = [at.astimezone(here) for at in found]
            assert bool(local) == (looked == opened)
            assert all((at.isoweekday(), at.date()) == (opened, day.date()) for at in local)
            ten = day.replace(hour=10)
            said = await book(conn, cast.otieno, cast.amina, ten, now=now, numbers=OPEN_NUMBERS)
            assert said == ("booked" if looked == opened else "outside_hours")
