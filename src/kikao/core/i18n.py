"""The reader's language: gettext, dates, money. English stands in the code; other languages are catalogues."""

from __future__ import annotations

import gettext as _gettext
from contextvars import ContextVar
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_timezone_name

LANGUAGES = (("en", "English"),)
_LOCALES = Path(__file__).resolve().parent / "locale"

language: ContextVar[str] = ContextVar("language", default="en")


@lru_cache
def _catalogue(code: str) -> _gettext.NullTranslations:
    return _gettext.translation("kikao", _LOCALES, [code], fallback=True)


def gettext(text: str) -> str:
    return _catalogue(language.get()).gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    return _catalogue(language.get()).ngettext(one, many, number)


def _locale() -> str:
    return "en_GB" if language.get() == "en" else language.get()


def day(at: datetime, zone: str) -> str:
    """`Tuesday 24 November`, in the reader's zone; with the year when it is not this one's."""
    local = at.astimezone(ZoneInfo(zone))
    pattern = "EEEE d MMMM" if abs((local - datetime.now(local.tzinfo)).days) < 300 else "EEEE d MMMM y"
    return format_date(local.date(), pattern, locale=_locale())


def clock(at: datetime, zone: str) -> str:
    """`14:30`, in the reader's zone."""
    return format_time(at.astimezone(ZoneInfo(zone)), "HH:mm", locale=_locale())


def zone_name(at: datetime, zone: str) -> str:
    """`East Africa Time`."""
    name = get_timezone_name(at.astimezone(ZoneInfo(zone)), width="long", locale=_locale())
    return {"Eastern Africa Time": "East Africa Time", "East Africa Time": "East Africa Time"}.get(name, name)


def when(at: datetime, zone: str) -> str:
    """Day, hour and zone: what every message and page names."""
    return f"{day(at, zone)}, {clock(at, zone)} {zone_name(at, zone)}"


def day_and_clock(at: datetime, zone: str) -> str:
    """`Tuesday 24 November, 14:30`: where the zone stands beside it already."""
    return f"{day(at, zone)}, {clock(at, zone)}"


def short_day(at: datetime, zone: str) -> str:
    """`Tue 24 Nov`, in the reader's zone."""
    return format_date(at.astimezone(ZoneInfo(zone)).date(), "EEE d MMM", locale=_locale())


def short_day_and_clock(at: datetime, zone: str) -> str:
    """`Tue 24 Nov 14:30`."""
    return f"{short_day(at, zone)} {clock(at, zone)}"


def day_name(day_: date) -> str:
    """`Tue`."""
    return format_date(day_, "EEE", locale=_locale())


def full_day(day_: date) -> str:
    """`Tuesday 24 November`."""
    return format_date(day_, "EEEE d MMMM", locale=_locale())


def short_date(day_: date) -> str:
    """`Tue 24 Nov`."""
    return format_date(day_, "EEE d MMM", locale=_locale())
