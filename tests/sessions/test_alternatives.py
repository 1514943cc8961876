"""Who loses a time is offered the three nearest ones that suit them, found in a small window first."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kikao.availability.queries import Wanted, free
from kikao.availability.rules import Numbers
from kikao.core.db import Conn
from kikao.core.practice import EMPTY
from kikao.sessions import booking
from support.cast import Cast, workday


@pytest.mark.parametrize("hour", [6, 9, 13, 17, 23])
async def test_they_are_the_nearest_of_all(conn: Conn, cast: Cast, now: datetime, hour: int) -> None:
    around, practice = workday(now, hour=hour), EMPTY
    found = await booking.nearest(conn, cast.otieno.person_id, 60, None, around, now, practice, None)
    slots = await free(
        conn, [Wanted(cast.otieno.person_id, 60)], around - timedelta(days=9), around + timedelta(days=9),
        now=now, numbers=practice.of(Numbers),
    )
    assert len(found) == booking.NEAREST
    distances = sorted(abs(slot.start - around) for slot in slots)
    assert sorted(abs(start - around) for start in found) == distances[: booking.NEAREST]
