"""Beside when something was done stands who did it, or the decision says why not."""

from __future__ import annotations

import re

import pytest

from kikao.core.db import Conn
from support.tree import ROOT

pytestmark = pytest.mark.database
DECISION = ROOT / "docs" / "decisions" / "0028-who-did-it-stands-beside-when.md"
ALONE = r"""
select format('%s.%s.%s', n.nspname, t.relname, a.attname) from pg_attribute a
join pg_class t on t.oid = a.attrelid and t.relkind = 'r' join pg_namespace n on n.oid = t.relnamespace
where n.nspname not in ('pg_catalog', 'information_schema') and a.attnum > 0 and not a.attisdropped
  and a.attname like '%\_at' and not exists (
    select from pg_attribute b where b.attrelid = a.attrelid and not b.attisdropped
      and b.attname = regexp_replace(a.attname, '_at$', '_by'))
"""


async def alone(conn: Conn) -> set[str]:
    return {row[0] for row in await conn.fetch(ALONE)}


def written() -> list[str]:
    rows = [line.split("|") for line in DECISION.read_text().splitlines() if line.startswith("| `")]
    assert all(len(why.strip()) > 15 for _, _, why, _ in rows), "each with its reason"
    return [name for _, names, _, _ in rows for name in re.findall(r"`([\w.]+)`", names)]


async def test_whoever_did_it_stands_beside_when_or_the_decision_says_why_not(conn: Conn) -> None:
    assert await alone(conn) == set(written())
    assert len(written()) == len(set(written()))


async def test_negative_control_a_new_instant_of_nobody_is_noticed(conn: Conn) -> None:
    await conn.execute("alter table payments.charge add column forgiven_at timestamptz")
    assert await alone(conn) - set(written()) == {"payments.charge.forgiven_at"}
    await conn.execute("alter table payments.charge add column forgiven_by uuid")
    assert await alone(conn) == set(written())
