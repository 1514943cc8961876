"""The reader's language: gettext, dates, money. English stands in the code; other languages are catalogues.

A catalogue is `locale/<code>/LC_MESSAGES/kikao.po`, read as it stands when its language is first spoken: there is no
compiled copy that could be older. `make catalogue` brings new strings into it.
"""

from __future__ import annotations

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ENGLISH = "en"
LANGUAGES = ((ENGLISH, "English"), ("sw", "Kiswahili"))
COOKIE = "language"
# Whose days, months and zones CLDR gives.
_REGIONS = {ENGLISH: "en_GB", "sw": "sw_KE"}
# CLDR has no short names in Swahili: what it gives is the whole word, too wide for a strip of days and for an SMS.
_SHORT_DAYS = {"sw": ("Jtt", "Jnn", "Jtn", "Alh", "Iju", "Jmo", "Jpi")}
# Stored, and said to programs, with capitals; read in a sentence.
_READ_AS = {"In Person": "In person", "In Progress": "In progress"}
# CLDR's English names of these are not those that people here use.
_AS_IN_KENYA = {"luy": "Luhya", "mas": "Maasai", "guz": "Kisii"}
_LOCALES = Path(__file__).resolve().parent / "locale"

# Whose eyes the text of this moment is for. `web.Application` sets it for each request, `speaking` for a message.
language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def catalogue_path(code: str) -> Path:
    return _LOCALES / code / "LC_MESSAGES" / "kikao.po"


@lru_cache
def _catalogue(code: str) -> _gettext.NullTranslations:
    if code == ENGLISH or not is_spoken(code):
        return _gettext.NullTranslations()
    compiled = BytesIO()
    with catalogue_path(code).open("rb") as written:
        write_mo(compiled, read_po(written, locale=code))
    compiled.seek(0)
    return _gettext.GNUTranslations(compiled)


def gettext(text: str) -> str:
    found = _catalogue(language.get()).gettext(text)
    return _READ_AS.get(found, found)


def ngettext(one: str, many: str, number: int) -> str:
    return _catalogue(language.get()).ngettext(one, many, number)


def later(text: str) -> str:
    """Marks a string for the catalogue where its reader is not known yet; `gettext` translates it where one is."""
    return text


def is_spoken(code: str) -> bool:
    return any(code == known for known, _name in LANGUAGES)


@contextmanager
def speaking(code: str | None) -> Iterator[None]:
    """Everything inside is for a reader of this language; English where there is no such catalogue."""
    token = language.set(code if code and is_spoken(code) else ENGLISH)
    try:
        yield
    finally:
        language.reset(token)


@lru_cache(maxsize=512)
def accepted(header: str) -> str | None:
    """The language of ours that an Accept-Language header likes best; None when it names none of them."""
    wishes: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _semicolon, weight = part.partition(";")
        code = tag.strip().lower().split("-")[0]
        if is_spoken(code):
            wishes.append((_weight(weight), code))
    best = max(wishes, key=lambda wish: wish[0], default=(0.0, ENGLISH))
    return best[1] if best[0] > 0 else None


def _weight(typed: str) -> float:
    name, _equals, value = typed.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0


def _locale() -> str:
    return _REGIONS[language.get()]


@lru_cache
def _languages(locale: str) -> dict[str, str]:
    found = dict(Locale.parse(locale).languages.items())
    return found | _AS_IN_KENYA if locale.startswith(ENGLISH) else found


def language_name(code: str) -> str:
    """What the reader calls it; a code that CLDR has no name for stands as it is."""
    return str(_languages(_locale()).get(code, code))


def language_code(name: str) -> str | None:
    """Of a language that is called so by the reader or in English, or that is named by its code already."""
    wanted = name.strip().casefold()
    for locale in (_locale(), ENGLISH):
        for code, called in (*_languages(locale).items(), *Locale.parse(locale).languages.items()):
            if wanted in (code, called.casefold()) and code.isalpha():
                return str(code)
    return None


def _short_day_name(day_: date) -> str:
    own = _SHORT_DAYS.get(language.get())
    return own[day_.weekday()] if own else format_date(day_, "EEE", locale=_locale())


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


def zone_of_year(at: datetime, zone: str) -> str:
    """The same, for what holds in summer and in winter: `United Kingdom Time`."""
    half = timedelta(days=182)
    if at.astimezone(ZoneInfo(zone)).utcoffset() == (at + half).astimezone(ZoneInfo(zone)).utcoffset():
        return zone_name(at, zone)
    return str(get_timezone_name(ZoneInfo(zone), width="long", locale=_locale()))


def zone_choice(at: datetime, zone: str) -> str:
    """`East Africa Time (Nairobi)`, where one zone is chosen among others that are called alike."""
    city = zone.rpartition("/")[2].replace("_", " ")
    return f"{zone_of_year(at, zone)} ({city})"


def times_are(at: datetime, zone: str) -> str:
    """Said once beside a list whose times leave the zone out."""
    return gettext("Times are %(zone)s.") % {"zone": zone_name(at, zone)}


def when(at: datetime, zone: str) -> str:
    """Day, hour and zone: what every message and page names."""
    return f"{day(at, zone)}, {clock(at, zone)} {zone_name(at, zone)}"


def day_and_clock(at: datetime, zone: str) -> str:
    """`Tuesday 24 November, 14:30`: where the zone stands beside it already."""
    return f"{day(at, zone)}, {clock(at, zone)}"


def short_day(at: datetime, zone: str) -> str:
    """`Tue 24 Nov`, in the reader's zone."""
    local = at.astimezone(ZoneInfo(zone)).date()
    return f"{_short_day_name(local)} {format_date(local, 'd MMM', locale=_locale())}"


def short_day_and_clock(at: datetime, zone: str) -> str:
    """`Tue 24 Nov 14:30`."""
    return f"{short_day(at, zone)} {clock(at, zone)}"


def short_when(at: datetime, zone: str) -> str:
    """`Tue 24 Nov 14:30 EAT`: for an SMS, where every character counts."""
    return f"{short_day_and_clock(at, zone)} {short_zone(at, zone)}"


def short_zone(at: datetime, zone: str) -> str:
    """`EAT`."""
    return at.astimezone(ZoneInfo(zone)).tzname() or zone


def lasting_words() -> dict[str, str]:
    """Each part of a duration, with %n for its number, and how two of them stand together."""
    return {
        "days": gettext("%(n)s days") % {"n": "%n"}, "hours": gettext("%(n)s h") % {"n": "%n"},
        "minutes": gettext("%(n)s min") % {"n": "%n"}, "seconds": gettext("%(n)s s") % {"n": "%n"},
        "both": gettext("%(more)s %(less)s") % {"more": "%1", "less": "%2"},
    }


def lasting(seconds: float) -> str:
    """`4 h 53 min`: the greatest part and the next, without what is nought."""
    left = int(seconds)
    hours, minutes = left // 3600, left // 60 % 60
    if left >= 172_800:
        parts = [(left // 86_400, "days"), (hours % 24, "hours")]
    elif hours:
        parts = [(hours, "hours"), (minutes, "minutes")]
    else:
        parts = [(minutes, "minutes"), (left % 60 if minutes < 10 else 0, "seconds")]
    words = lasting_words()
    said = [words[unit].replace("%n", str(number)) for number, unit in parts if number]
    if len(said) == 2:
        return words["both"].replace("%1", said[0]).replace("%2", said[1])
    return said[0] if said else words["minutes"].replace("%n", "0")


def day_name(day_: date) -> str:
    """`Tue`."""
    return _short_day_name(day_)


def weekday_name(number: int) -> str:
    """`Tuesday`, for 2: Monday is 1."""
    return format_date(date(2024, 1, number), "EEEE", locale=_locale())


def day_and_month(day_: date) -> str:
    """`24 Nov`."""
    return format_date(day_, "d MMM", locale=_locale())


def full_day(day_: date) -> str:
    """`Tuesday 24 November`."""
    return format_date(day_, "EEEE d MMMM", locale=_locale())


def date_of_year(day_: date) -> str:
    """`12 April 2018`."""
    return format_date(day_, "d MMMM y", locale=_locale())


def short_date(day_: date) -> str:
    """`Tue 24 Nov`."""
    return f"{_short_day_name(day_)} {format_date(day_, 'd MMM', locale=_locale())}"


def month(day_: date) -> str:
    """`November 2026`."""
    return format_date(day_, "LLLL y", locale=_locale())
