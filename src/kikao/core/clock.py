"""Time. Decided in UTC; local only at the edge. One `now` per decision, handed in."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

EAST_AFRICA = ZoneInfo("Africa/Nairobi")


def utc_now() -> datetime:
    """The one clock of the programs, aware, in UTC."""
    return datetime.now(UTC)


def is_zone(name: str) -> bool:
    return name in available_timezones()


def local_day(at: datetime, zone: str) -> date:
    """The day of this instant by the clocks of a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def wall_time(at: datetime, zone: str) -> str:
    """`2026-11-24 14:30` by the clocks of a zone: for tables that programs read."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
