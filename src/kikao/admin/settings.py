"""Changing practice settings: one row for each, judged together at every moment from which it would count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from kikao.admin.rules import SETTINGS, check_together, check_value
from kikao.core import practice
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.ids import SYSTEM
from kikao.core.practice import Entry
from kikao.journal.actions import record

AHEAD = timedelta(days=2 * 366)
LONGEST_REASON = 500


class Change(msgspec.Struct, frozen=True):
    """New values by name, from when (None: from now on), why, and the newest version that their author has seen."""

    values: Mapping[str, Any]
    reason: str
    seen: int
    from_at: datetime | None = None


def read_reason(typed: str) -> str:
    """Why something changes for everybody. Raises Invalid."""
    reason = typed.strip()
    if not reason:
        raise Invalid.field("reason", "missing", "Please say why.")
    if len(reason) > LONGEST_REASON:
        raise Invalid.field("reason", "too_long", "Please say why in at most 500 characters.")
    return reason


def from_day(typed: str, zone: str, now: datetime) -> datetime | None:
    """The first instant of a day of the practice; None for today, or for nothing typed. Raises Invalid."""
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError as error:
        raise Invalid.field("from", "not_a_day", "Please write the day like 2026-11-24.") from error
    today = now.astimezone(ZoneInfo(zone)).date()
    if day == today:
        return None
    begins = datetime.combine(day, time(), ZoneInfo(zone)) if abs(day - today) <= AHEAD else None
    check_begin(begins or (now + 2 * AHEAD if day > today else now - AHEAD), now)
    return begins


def check_begin(from_at: datetime, now: datetime) -> None:
    """Raises Invalid: nothing is changed for what has been."""
    if from_at < now:
        raise Invalid.field("from", "in_the_past", "This lies in the past. What was made then stays as it is.")
    if from_at > now + AHEAD:
        raise Invalid.field("from", "too_far", "This lies more than two years ahead.")


async def change(conn: Conn, actor: Actor, wanted: Change, now: datetime) -> None:
    """One new row for each value; what was set before stays. Raises Invalid, SettingsChanged."""
    assert actor.account_id is not None
    reason = read_reason(wanted.reason)
    if not wanted.values:
        raise Invalid.field("settings", "missing", "There is nothing to change.")
    for name, value in wanted.values.items():
        if name not in SETTINGS:
            raise Invalid.field("name", "unknown_setting", "There is no such setting.")
        check_value(SETTINGS[name], value)
    if wanted.from_at is not None:
        check_begin(wanted.from_at, now)
    before = await practice.hold(conn, wanted.seen)
    begins = wanted.from_at or now
    for values in _from_then_on(before, wanted.values, begins):
        check_together(values, wanted.values)
    for name, value in wanted.values.items():
        setting = SETTINGS[name]
        await practice.put(
            conn, setting.struct, setting.field, value, by=actor.account_id, reason=reason, now=now, from_at=begins
        )
    await record(
        conn, actor, "change settings", "setting", SYSTEM, now,
        settings=dict(wanted.values), fromAt=begins.isoformat(),
    )


def _from_then_on(before: list[Entry], new: Mapping[str, Any], begins: datetime) -> Iterator[dict[str, Any]]:
    """All values at `begins` and at every change that is planned after it, with the new ones among them."""
    moments = sorted({begins, *(entry.from_at for entry in before if entry.from_at > begins)})
    for moment in moments:
        later = {entry.name for entry in before if begins < entry.from_at <= moment}
        yield practice.values_at(before, moment) | {name: new[name] for name in new if name not in later}
