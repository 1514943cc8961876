"""A room's tables are written by this room and read by others through its views."""

from __future__ import annotations

import pytest

from support.borders import crossings, of_room, views
from support.tree import ROOMS

pytestmark = pytest.mark.house

VIEWS = frozenset({"accounts.people", "sessions.busy"})


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_writes_its_own_tables_and_reads_views_of_others(room: str) -> None:
    wrong = {f"{file}: {name}" for file, sql in of_room(room) for name in crossings(sql, room, views())}
    assert wrong == set()


@pytest.mark.parametrize(
    ("room", "sql", "wrong"),
    [
        ("sessions", "select 1 from accounts.account", ["from accounts.account"]),
        ("sessions", "select 1 from x join  payments.charge c on true", ["join payments.charge"]),
        ("sessions", "select 1 from x cross join lateral payments.charge", ["join payments.charge"]),
        ("sessions", "with a as (INSERT INTO journal.entry select 1)", ["insert into journal.entry"]),
        ("sessions", "update accounts.people set name = ''", ["update accounts.people"]),
        ("sessions", "delete\nfrom notifications.outbox", ["delete from notifications.outbox"]),
        ("payments", "create table t (id uuid references sessions.session)", ["references sessions.session"]),
        ("sessions", "select 1 from accounts.people p join sessions.session s on true", []),
        ("availability", "select 1 from sessions.busy", []),
        ("sessions", "insert into sessions.session select 1 from accounts.people", []),
        ("sessions", "create table t (id uuid references accounts.person)", []),
        ("journal", "insert into journal.entry select 1 from new_entry", []),
        ("sessions", "select core.something() from core.something(1)", []),
    ],
)
def test_a_crossing_is_noticed(room: str, sql: str, wrong: list[str]) -> None:
    assert crossings(sql, room, VIEWS) == wrong
