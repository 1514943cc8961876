"""Practice settings as JSON: what counts, what may be, what was ever set."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, put
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import field

from kikao.admin import settings
from kikao.admin.rules import SETTINGS
from kikao.core import practice
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.idempotency import Answer
from kikao.core.web import Json, Kit, Req, Shown, need, once, only, read

Value = int | bool | str | list[int]


class SettingShown(Shown):
    """`value` counts now; `least` and `most` bound a number, or each number of a list."""

    name: str
    value: Value
    default: Value
    least: int | None
    most: int | None


class EntryShown(Shown):
    """`version` grows with every row."""

    version: int
    name: str
    value: Value
    from_: datetime = field(name="from")
    set_at: datetime
    set_by: UUID
    reason: str


class SettingsShown(Shown):
    """`version` is what a change has to bring back: it is refused when there is a newer one."""

    version: int
    settings: list[SettingShown]
    history: list[EntryShown]


class NewValue(Json):
    name: str
    value: Value


class SettingsBody(Json):
    """`from`: when the new values begin to count, now when it is left out."""

    version: int
    settings: list[NewValue]
    reason: str
    from_: datetime | None = field(name="from", default=None)


async def _shown(conn: Conn, now: datetime) -> SettingsShown:
    found = await practice.entries(conn)
    values = practice.values_at(found, now)
    return SettingsShown(
        version=practice.newest(found),
        settings=[
            SettingShown(
                name=one.name, value=values.get(one.name, one.default), default=one.default, least=one.least,
                most=one.most,
            )
            for one in SETTINGS.values()
        ],
        history=[
            EntryShown(
                version=entry.version, name=entry.name, value=entry.value, from_=entry.from_at, set_at=entry.set_at,
                set_by=entry.set_by, reason=entry.reason,
            )
            for entry in found
        ],
    )


@read("/api/admin/settings", opt=only("admin"))
async def get_settings(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> SettingsShown:
    need(actor, "admin")
    async with kit.db.connection() as conn:
        return await _shown(conn, now)


@put("/api/admin/settings", opt=only("admin"))
async def put_settings(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[SettingsBody],
) -> Response[Any]:
    """New values, judged together, from one moment on and for one reason."""
    need(actor, "admin")
    names = [one.name for one in data.settings]
    if len(set(names)) != len(names):
        raise Invalid.field("settings", "twice", "A setting is named twice.")
    if data.from_ is not None and data.from_.tzinfo is None:
        raise Invalid.field("from", "no_offset", "Please give the time with its offset.")
    wanted = settings.Change({one.name: one.value for one in data.settings}, data.reason, data.version, data.from_)

    async def verb(conn: Conn) -> Answer:
        await settings.change(conn, actor, wanted, now)
        return Answer(200, await _shown(conn, now))

    return await once(request, kit, actor, now, verb)


api: list[Any] = [get_settings, put_settings]
