"""Doors alone see a request, and hold no SQL. Everything else of a room is called by them and knows none of them.

The contracts of pyproject.toml name the files that every room may have; this reads all files of all rooms.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePath

import pytest

from support.tree import KIKAO, ROOMS, python_files

pytestmark = pytest.mark.house

DOORS = ("pages.py", "api.py", "_page.py")
# Parts of pages: they read a form or answer one, for several doors.
PARTS = frozenset({
    "accounts/kept.py", "accounts/page_parts.py", "admin/search.py", "sessions/asking.py", "sessions/doors.py",
    "sessions/for_whom.py",
})  # fmt: skip
# What is no room, and what serves every door.
PROGRAMS = frozenset({"web", "worker", "wiring", "wiring_work", "warming", "cli", "demo", "core"})
TO_STRANGERS = frozenset({"notifications/jobs.py", "notifications/sending.py", "payments/tokens.py"})
STRANGERS = ("providers", "channels")
SAYS_SQL = frozenset({"fetch", "fetchrow", "fetchval", "execute", "executemany", "prepare", "cursor"})
SHOWN_BY_PAGES = frozenset({"EmergencyLine"})  # a value that every page has, and no request


def is_door(file: str) -> bool:
    return file.endswith(DOORS) or file in PARTS


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Module, and the name that is taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((one.name, "") for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", one.name) for one in node.names)


def file_of(module: str, name: str) -> str | None:
    """The file of a room that such an import reads: `sessions/queries.py`."""
    for dotted in (f"{module}.{name}".rstrip("."), module):
        parts = dotted.split(".")
        if parts[0] == "kikao" and len(parts) > 2 and (KIKAO / "/".join(parts[1:])).with_suffix(".py").is_file():
            return "/".join(parts[1:]) + ".py"
    return None


def wrong(file: str, text: str) -> list[str]:
    """What a file of a room holds and may not."""
    tree = ast.parse(text)
    if is_door(file):
        said = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        return [f"SQL: {ast.unparse(call.func)}" for call in said if _says_sql(call.func)]
    found = []
    for module, name in imported(tree):
        read = file_of(module, name)
        if module.split(".")[0] == "litestar" or (module == "kikao.core.web" and name not in SHOWN_BY_PAGES):
            found.append(f"sees a request: {module}")
        if read is not None and is_door(read):
            found.append(f"knows a door: {read}")
        if _strange(module, name) and file not in TO_STRANGERS and PurePath(file).parts[1] not in STRANGERS:
            found.append(f"talks to strangers: {module}")
    return found


def _strange(module: str, name: str) -> bool:
    parts = [*module.split("."), name]
    return parts[0] == "kikao" and (parts[1:3] == ["core", "outgoing"] or any(one in parts[2:3] for one in STRANGERS))


def _says_sql(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name in SAYS_SQL or name == "Statement"


def of_rooms() -> Iterator[tuple[str, str]]:
    for path in python_files("src"):
        if path.is_relative_to(KIKAO) and (file := path.relative_to(KIKAO)).parts[0] in {*ROOMS} - PROGRAMS:
            yield str(file), path.read_text()


def test_doors_alone_see_a_request_and_hold_no_sql() -> None:
    assert {file: found for file, text in of_rooms() if (found := wrong(file, text))} == {}


def test_every_part_of_a_page_is_there_and_is_one() -> None:
    """Who is excused and needs it no more is struck off."""
    texts = dict(of_rooms())
    for file in PARTS:
        assert any(module.startswith(("litestar", "kikao.core.web")) for module, _ in imported(ast.parse(texts[file])))
    for file in TO_STRANGERS:
        assert any(_strange(*one) for one in imported(ast.parse(texts[file]))), file


@pytest.mark.parametrize(
    ("file", "line", "noticed"),
    [
        ("sessions/meeting.py", "from litestar import Request", "sees a request: litestar"),
        ("payments/charges.py", "import litestar.exceptions", "sees a request: litestar.exceptions"),
        ("accounts/actions.py", "from kikao.core.web import Req", "sees a request: kikao.core.web"),
        ("sessions/booking.py", "import kikao.sessions.pages", "knows a door: sessions/pages.py"),
        ("sessions/rivals.py", "from kikao.directory import own_api", "knows a door: directory/own_api.py"),
        ("admin/weeks.py", "from kikao.sessions.asking import errors", "knows a door: sessions/asking.py"),
        ("payments/claims.py", "import kikao.payments.providers", "talks to strangers: kikao.payments.providers"),
        ("payments/claims.py", "from kikao.core import outgoing", "talks to strangers: kikao.core"),
        ("admin/api.py", "async def f(conn): await conn.fetchval('select 1')", "SQL: conn.fetchval"),
        ("sessions/calendar_pages.py", "_ONE = Statement('select 1')", "SQL: Statement"),
        ("sessions/entry_page.py", "async def f(db): await db.pool.execute('select 1')", "SQL: db.pool.execute"),
        ("directory/queries.py", "from kikao.core.web import EmergencyLine", None),
        ("payments/tokens.py", "from kikao.payments.providers.token import Held", None),
    ],
)
def test_a_break_is_noticed(file: str, line: str, noticed: str | None) -> None:
    text = dict(of_rooms())[file]
    assert wrong(file, f"{text}\n{line}\n") == ([noticed] if noticed else [])
