"""Time. Decided in UTC; local only at the edge. One `now` per decision, handed in."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

EAST_AFRICA = ZoneInfo("Africa/Nairobi")


def utc_now() -> datetime:
    """The one clock of the programs, aware, in UTC."""
    return datetime.now(UTC)


def is_zone(name: str) -> bool:
    return name in available_timezones()
