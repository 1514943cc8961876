"""Practice settings: rows with value, from when, by whom and why; programs hold a frozen snapshot.

Rooms declare their numbers as frozen structs with defaults (`sessions.rules.Numbers`); a setting's name is the
room and the field: `sessions.pay_hours`. The statement that knows the caller also returns the newest version, and
an older snapshot is loaded again before the verb runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from kikao.core.db import Conn
from kikao.core.errors import Invalid, Refusal

T = TypeVar("T", bound=msgspec.Struct)

# Composed into the statement that knows the caller: how many settings have begun.
VERSION = "(select count(*) from core.setting where from_at <= :now::timestamptz)"


class Snapshot:
    """All practice settings as they were at one version."""

    __slots__ = ("_structs", "values", "version")

    def __init__(self, version: int, values: dict[str, Any]) -> None:
        self.version = version
        self.values = values
        self._structs: dict[type[Any], Any] = {}

    def of(self, kind: type[T]) -> T:
        """The numbers of one room, checked against the bounds that its struct declares."""
        if kind not in self._structs:
            room = kind.__module__.split(".")[1]
            names = [name for name in kind.__struct_fields__ if f"{room}.{name}" in self.values]
            known = {name: self.values[f"{room}.{name}"] for name in names}
            self._structs[kind] = msgspec.convert(known, kind)
        return self._structs[kind]  # type: ignore[no-any-return]


EMPTY = Snapshot(0, {})


async def load(conn: Conn, now: datetime) -> Snapshot:
    rows = await conn.fetch(
        """
        select distinct on (name) name, value
        from core.setting where from_at <= $1 order by name, from_at desc, version desc
        """,
        now,
    )
    version = await conn.fetchval("select count(*) from core.setting where from_at <= $1", now)
    return Snapshot(version, {row["name"]: row["value"] for row in rows})


class Practice:
    """Holds the newest snapshot that this program has seen."""

    def __init__(self) -> None:
        self.snapshot = EMPTY

    async def at(self, conn: Conn, version: int, now: datetime) -> Snapshot:
        """The snapshot of `version` or newer."""
        if self.snapshot.version < version:
            self.snapshot = await load(conn, now)
        return self.snapshot


async def put(
    conn: Conn, kind: type[msgspec.Struct], field: str, value: Any, *,
    by: UUID, reason: str, now: datetime, from_at: datetime | None = None,
) -> None:
    """A new row for one setting. Raises Invalid when the value lies outside its bounds or the reason is missing."""
    if field not in kind.__struct_fields__:
        raise Invalid.field("name", "unknown_setting", "There is no such setting.")
    if not 1 <= len(reason.strip()) <= 500:
        raise Invalid.field("reason", "missing", "Please say why, in up to 500 characters.")
    try:
        msgspec.convert({field: value}, kind)
    except msgspec.ValidationError as error:
        raise Invalid.field("value", "out_of_range", "This value cannot be used for this setting.") from error
    room = kind.__module__.split(".")[1]
    await conn.execute(
        "insert into core.setting (name, value, from_at, set_at, set_by, reason) values ($1, $2, $3, $4, $5, $6)",
        f"{room}.{field}", value, from_at or now, now, by, reason.strip(),
    )


# the whole story ----------------------------------------------------------------------------------


class Entry(msgspec.Struct, frozen=True):
    """One row: what somebody set, from when it counts, when they did it, and why."""

    version: int
    name: str
    value: Any
    from_at: datetime
    set_at: datetime
    set_by: UUID
    reason: str


class SettingsChanged(Refusal):
    code = "settings_changed"
    detail = "Somebody else has changed the settings meanwhile. Look at what stands now, then save again."


async def entries(conn: Conn) -> list[Entry]:
    """Everything that was ever set, the newest first."""
    rows = await conn.fetch(
        "select version, name, value, from_at, set_at, set_by, reason from core.setting order by version desc"
    )
    return [Entry(*row.values()) for row in rows]


def newest(found: Iterable[Entry]) -> int:
    """What a form that is filled in now has seen."""
    return max((entry.version for entry in found), default=0)


def values_at(found: Iterable[Entry], moment: datetime) -> dict[str, Any]:
    """What counts at a moment; a name that is not in it has its default."""
    begun = sorted((entry for entry in found if entry.from_at <= moment), key=lambda one: (one.from_at, one.version))
    return {entry.name: entry.value for entry in begun}


def planned(found: Iterable[Entry], after: datetime) -> Mapping[str, Entry]:
    """Of each name the next value that will begin."""
    ahead = sorted((entry for entry in found if entry.from_at > after), key=lambda one: (one.from_at, one.version))
    return {entry.name: entry for entry in reversed(ahead)}


async def hold(conn: Conn, seen: int) -> list[Entry]:
    """Everything that was ever set, kept as it is until the transaction ends. Raises SettingsChanged when that is
    more than somebody has `seen` who decides on it."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended('core.setting', 0))")
    found = await entries(conn)
    if newest(found) != seen:
        raise SettingsChanged
    return found
