"""Who may name whose tables: reads the SQL in programs and in schema.sql."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from support.tree import KIKAO, ROOMS, strings

_NAMED = re.compile(
    r"\b(?P<verb>insert\s+into|update|delete\s+from|truncate(?:\s+table)?|from|join|references)\s+(?:only\s+|lateral\s+)?"
    rf"(?P<room>{'|'.join(ROOMS)})\.(?P<name>[a-z_]+)\b(?!\s*\()",
    re.IGNORECASE,
)
_READS = ("from", "join")


@cache
def views() -> frozenset[str]:
    """What the rooms publish: `room.view`."""
    found = (
        re.findall(r"create(?: or replace)? view\s+([a-z_]+\.[a-z_]+)", path.read_text(), re.IGNORECASE)
        for path in KIKAO.glob("*/schema.sql")
    )
    return frozenset(name for names in found for name in names)


def crossings(sql: str, room: str, published: frozenset[str]) -> list[str]:
    """The names in a piece of a room's SQL that this room may not use that way.

    It writes its own tables only, reads its own and what others publish, and refers to its own and lower ones.
    """
    wrong = []
    for found in _NAMED.finditer(sql):
        verb = " ".join(found["verb"].lower().split())
        name = f"{found['room']}.{found['name']}"
        if verb == "references":
            fine = ROOMS.index(found["room"].lower()) >= ROOMS.index(room)
        elif verb in _READS:
            fine = found["room"] == room or name in published
        else:
            fine = found["room"] == room
        if not fine:
            wrong.append(f"{verb} {name}")
    return wrong


def of_room(room: str) -> Iterator[tuple[str, str]]:
    """File and SQL text of one room. A part that another room's sql.py offers is not in the text."""
    schema = KIKAO / room / "schema.sql"
    if schema.exists():
        yield f"{room}/schema.sql", re.sub(r"--.*", "", schema.read_text())
    for path in sorted((KIKAO / room).rglob("*.py")):
        for text in strings(ast.parse(path.read_text())):
            yield str(path.relative_to(KIKAO)), re.sub(r"--.*", "", text)
