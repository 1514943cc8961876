"""What a payee has earned, month by month: read from what was moved and what is promised."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

import msgspec

from kikao.core.db import Conn
from kikao.core.sql import Statement

MONTHS = 36
MOST = 2_000
EARNED, PROMISED, WAITS = "earned", "promised", "waits"
# A spreadsheet would take what begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Month(msgspec.Struct, frozen=True):
    """Shillings of one month: passed on, and still to come. `first`: its first day."""

    first: date
    earned: int
    to_come: int


class Line(msgspec.Struct, frozen=True):
    """One earning. `at`: when it was passed on, or will be at the earliest; KES."""

    reference: str
    state: str
    amount: int
    share: int
    at: datetime


_MONTHS = Statement("""
select date_trunc('month', coalesce(e.moved_at, e.payable_at) at time zone :zone::text)::date as first,
       coalesce(sum(e.amount) filter (where e.state = 'earned'), 0)::bigint as earned,
       coalesce(sum(e.amount) filter (where e.state <> 'earned'), 0)::bigint as to_come
from payments.earning_state e where e.payee = :payee::uuid
group by 1 order by 1 desc limit :most::integer
""")
_LINES = Statement("""
select e.reference, e.state, e.amount, e.share, coalesce(e.moved_at, e.payable_at) as at
from payments.earning_state e
where e.payee = :payee::uuid
  and date_trunc('month', coalesce(e.moved_at, e.payable_at) at time zone :zone::text)::date = :first::date
order by at, e.reference limit :most::integer
""")


async def months(conn: Conn, payee: UUID, zone: str) -> list[Month]:
    """The newest first; a month is one of the reader's zone."""
    rows = await _MONTHS.rows(conn, payee=payee, zone=zone, most=MONTHS)
    return [Month(row["first"], row["earned"], row["to_come"]) for row in rows]


async def lines(conn: Conn, payee: UUID, first: date, zone: str) -> list[Line]:
    rows = await _LINES.rows(conn, payee=payee, first=first, zone=zone, most=MOST)
    return [Line(*row.values()) for row in rows]


def plain(cell: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def as_csv(heads: Iterable[str], rows: Iterable[Iterable[str | int]]) -> str:
    """RFC 4180, with the mark by which spreadsheets know UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([plain(head) for head in heads])
    writer.writerows([plain(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return "\N{ZERO WIDTH NO-BREAK SPACE}" + text.getvalue()
