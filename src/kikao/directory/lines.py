"""The numbers that ring in an emergency: on every page once a person has rung them."""

from __future__ import annotations

import re
from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, all_of
from kikao.core.ids import new_id
from kikao.journal.actions import record

LONGEST = {"name": 80, "for_whom": 120, "hours": 80, "for_whom_sw": 120, "hours_sw": 80}
NEEDED = ("name", "for_whom", "hours")
MOST = 12


class Line(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    number: str
    for_whom: str
    hours: str
    for_whom_sw: str
    hours_sw: str
    invented: bool
    rung_at: datetime | None
    rung_by: UUID | None


class NewLine(msgspec.Struct, frozen=True):
    """As it was typed."""

    name: str
    number: str
    for_whom: str
    hours: str
    for_whom_sw: str = ""
    hours_sw: str = ""


async def lines(conn: Conn) -> list[Line]:
    """All of them, rung or not, in their order."""
    rows = await conn.fetch(
        """
        select id, name, number, for_whom, hours, for_whom_sw, hours_sw, invented, rung_at, rung_by
        from directory.emergency_line order by position, name, id
        """
    )
    return [Line(*row.values()) for row in rows]


def check(wanted: NewLine) -> NewLine:
    """The same without blanks around it. Raises Invalid, for all that cannot be used at once."""
    found = NewLine(*(" ".join(text.split()) for text in msgspec.structs.astuple(wanted)))
    wrong = {
        name: Invalid.field(name, "missing", "Please fill this in, in a few words.")
        for name, longest in LONGEST.items() if not (name in NEEDED) <= len(getattr(found, name)) <= longest
    }
    if not re.fullmatch(r"\+?[0-9][0-9 ]{2,18}", found.number):
        wrong["number"] = Invalid.field(
            "number", "not_a_number", "Please write the number as one dials it, like 0700 000 095."
        )
    if refusal := all_of(*(wrong.get(name) for name in NewLine.__struct_fields__)):
        raise refusal
    return found


async def add(conn: Conn, actor: Actor, wanted: NewLine, now: datetime) -> UUID:
    """At the end of the list, and on no page yet: nobody has rung it. Raises Invalid."""
    line, line_id = check(wanted), new_id()
    if len(await _held(conn)) >= MOST:
        raise Invalid.field("name", "too_many", "That are too many numbers for one page. Remove one first.")
    await conn.execute(
        """
        insert into directory.emergency_line (id, name, number, for_whom, hours, for_whom_sw, hours_sw, position)
        select $1, $2, $3, $4, $5, $6, $7, coalesce(max(position), 0) + 1 from directory.emergency_line
        """,
        line_id, *msgspec.structs.astuple(line),
    )
    await record(conn, actor, "add a number", "line", line_id, now)
    return line_id


async def note_rung(conn: Conn, actor: Actor, line_id: UUID, now: datetime) -> None:
    """Somebody has rung it now and was answered: it stands on every page. Raises NotFound."""
    changed = await conn.fetchval(
        "update directory.emergency_line set rung_at = $2, rung_by = $3 where id = $1 returning true",
        line_id, now, actor.account_id,
    )
    if not changed:
        raise NotFound
    await record(conn, actor, "ring a number", "line", line_id, now)


async def move_up(conn: Conn, actor: Actor, line_id: UUID, now: datetime) -> None:
    """Before the one that it follows; the first one stays. Raises NotFound."""
    order = await _held(conn)
    if line_id not in order:
        raise NotFound
    at = order.index(line_id)
    if at == 0:
        return
    order[at - 1], order[at] = order[at], order[at - 1]
    await conn.executemany(
        "update directory.emergency_line set position = $2 where id = $1",
        [(one, position) for position, one in enumerate(order, start=1)],
    )
    await record(conn, actor, "move a number", "line", line_id, now)


async def remove(conn: Conn, actor: Actor, line_id: UUID, now: datetime) -> None:
    """From every page. A second call changes nothing."""
    gone = await conn.fetchval("delete from directory.emergency_line where id = $1 returning true", line_id)
    if gone:
        await record(conn, actor, "remove a number", "line", line_id, now)


async def _held(conn: Conn) -> list[UUID]:
    rows = await conn.fetch("select id from directory.emergency_line order by position, name, id for update")
    return [row["id"] for row in rows]
