"""Free times are told with the offset that the psychologist's zone has at that very moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from kikao.availability.queries import Slot
from kikao.directory.api import _in_zone

ZONES = ("Africa/Nairobi", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu",
         "America/St_Johns", "Africa/Cairo")


@pytest.mark.parametrize("name", ZONES)
def test_each_time_has_the_offset_of_its_moment(name: str) -> None:
    zone, begin = ZoneInfo(name), datetime(2026, 1, 1, tzinfo=UTC)
    found = [Slot(UUID(int=1), begin + timedelta(minutes=15 * n), "Online") for n in range(365 * 96)]
    told = _in_zone(found, zone, {})
    assert [one.start.isoformat() for one in told] == [one.start.astimezone(zone).isoformat() for one in found]
