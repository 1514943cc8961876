"""The way to a time: type, mode, day, time. For whoever looks at a profile, and for the practice when it books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kikao.availability.queries import Place, Slot, Wanted, free, places_of
from kikao.availability.rules import IN_PERSON, MODES, window
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.i18n import gettext as _
from kikao.core.practice import Snapshot
from kikao.directory.queries import Profile, Rate
from kikao.directory.rules import MODE_CODES, TYPE_CODES, code_of, mode_code

DAYS_SHOWN = 14


class Way(msgspec.Struct, frozen=True):
    """Where this is looked at, where a time leads, and what both carry along."""

    here: str
    to: str
    kept: dict[str, str] = {}

    def url(self, **query: str) -> str:
        return f"{self.here}?{urlencode(self.kept | query)}#times"

    def time(self, session_type: str, slot: Slot) -> str:
        # Which mode is said by a letter, and which place not at all: an address can be read over a shoulder.
        chosen = {"k": code_of(session_type), "m": mode_code(slot.mode), "start": slot.start.isoformat()}
        return f"{self.to}?{urlencode(self.kept | chosen)}"


def public(profile: Profile) -> Way:
    return Way(f"/t/{profile.slug}", f"/t/{profile.slug}/request")


async def look(
    conn: Conn, profile: Profile, actor: Actor, given: Callable[[str], str | None], now: datetime, practice: Snapshot,
    way: Way, client_id: UUID | None,
) -> Times:
    """The times that suit this client, of the type (`k`), the mode (`m`) and the days (`from`, `day`) asked for."""
    rate = profile.rate(TYPE_CODES.get(given("k") or "", "")) or profile.rates[0]
    zone = ZoneInfo(profile.time_zone)
    first, begin = _begin(given("from"), now.astimezone(zone).date())
    lower, upper = window(begin, begin + timedelta(days=DAYS_SHOWN - 1), zone)
    slots = [] if profile.no_times else await free(
        conn, [Wanted(profile.id, rate.minutes, profile.licensed_until)], lower, upper, now=now,
        numbers=practice.of(CalendarNumbers), client_id=client_id,
    )
    met = Met(profile, slots, await places_of(conn, slots), MODE_CODES.get(given("m") or ""))
    return Times(profile, rate, met, (first, begin), day_asked(given("day")), actor, way)


def chip(way: Way, session_type: str, slot: Slot, zone: str, hint: str | None = None) -> dict[str, Any]:
    return {
        "label": i18n.clock(slot.start, zone), "hint": hint, "full": i18n.when(slot.start, zone),
        "url": way.time(session_type, slot), "value": slot.start.isoformat(),
    }


def day_asked(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _begin(text: str | None, today: date) -> tuple[date, date]:
    """Today, and the first of the two weeks that are shown."""
    asked = day_asked(text)
    return today, min(max(asked, today), today + timedelta(days=365)) if asked else today


class Met:
    """The modes among which one chooses, and the times in the one that is chosen, with their places."""

    def __init__(self, profile: Profile, slots: list[Slot], places: dict[UUID, Place], asked: str | None) -> None:
        there = {slot.mode for slot in slots} | ({asked} & set(profile.modes))
        self.modes = [mode for mode in MODES if mode in there] or [MODES[0]]
        self.mode = asked if asked in self.modes else self.modes[0]
        self.places = places
        self.slots = [slot for slot in slots if slot.mode == self.mode]

    def label(self, mode: str) -> str:
        if mode == IN_PERSON and len(self.places) == 1:
            (place,) = self.places.values()
            return _("In person at %(place)s") % {"place": place.name}
        return _(mode)

    def hint(self, slot: Slot) -> str | None:
        """Where, unless that is said above already."""
        return self.places[slot.place_id].name if slot.place_id and len(self.places) > 1 else None


class Times:
    """The day strip and the times of one day, in the reader's zone."""

    def __init__(
        self, profile: Profile, rate: Rate, met: Met, days: tuple[date, date], asked: date | None, actor: Actor,
        way: Way,
    ) -> None:
        self.profile, self.rate, self.met, self.way = profile, rate, met, way
        (self.today, self.begin), begin = days, days[1]
        self.slots = slots = met.slots
        self.zone = actor.time_zone
        self.free = Counter(slot.start.astimezone(ZoneInfo(self.zone)).date() for slot in slots)
        self.first_free = min(self.free, default=None)
        self.chosen = asked if asked and begin <= asked < begin + timedelta(days=DAYS_SHOWN) else self.first_free

    def _url(self, **query: str) -> str:
        kept = {"k": code_of(self.rate.session_type), "m": mode_code(self.met.mode)}
        return self.way.url(**(kept | query))

    def _type(self, rate: Rate) -> dict[str, Any]:
        return {
            "label": _(rate.session_type), "price": rate.amount, "minutes": rate.minutes,
            "current": rate is self.rate, "url": self.way.url(k=code_of(rate.session_type)),
        }

    def _modes(self) -> list[dict[str, Any]]:
        """Nothing to choose where there is one, unless that has to be said."""
        if self.met.modes == [MODES[0]]:
            return []
        return [
            {"label": self.met.label(mode), "current": mode == self.met.mode,
             "url": self._url(m=mode_code(mode), **{"from": self.begin.isoformat()})}
            for mode in self.met.modes
        ]

    def _days(self) -> list[dict[str, Any]]:
        days = [self.begin + timedelta(days=number) for number in range(DAYS_SHOWN)]
        return [
            {
                "name": i18n.day_name(day), "number": day.day, "full": i18n.full_day(day), "free": self.free[day],
                "url": self._url(**{"from": self.begin.isoformat(), "day": day.isoformat()}),
                "current": day == self.chosen,
            }
            for day in days
        ]

    def _groups(self) -> list[dict[str, Any]]:
        parts: dict[str, list[Slot]] = {_("Morning"): [], _("Afternoon"): [], _("Evening"): []}
        names = list(parts)
        for slot in self.slots:
            local = slot.start.astimezone(ZoneInfo(self.zone))
            if local.date() == self.chosen:
                parts[names[0 if local.hour < 12 else 1 if local.hour < 17 else 2]].append(slot)
        return [
            {"label": label,
             "slots": [chip(self.way, self.rate.session_type, slot, self.zone, self.met.hint(slot)) for slot in found]}
            for label, found in parts.items() if found
        ]

    def context(self) -> dict[str, Any]:
        step = timedelta(days=DAYS_SHOWN)
        at = self.slots[0].start if self.slots else datetime.now(ZoneInfo(self.zone))
        return {
            "types": [self._type(each) for each in self.profile.rates],
            "days": self._days(), "groups": self._groups(), "modes": self._modes(),
            "chosen": i18n.full_day(self.chosen) if self.chosen else None,
            "zone_line": i18n.times_are(at, self.zone),
            "earlier_url": self._url(**{"from": max(self.begin - step, self.today).isoformat()})
            if self.begin > self.today else None,
            "later_url": self._url(**{"from": (self.begin + step).isoformat()}),
            "first_url": self._url(**{"from": self.begin.isoformat(), "day": self.first_free.isoformat()})
            if self.first_free else None,
        }
