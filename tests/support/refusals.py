"""What every refusal of ours looks like, to a program and to a person."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from kikao.core.db import Database
from support.rows import changed, picture

PROBLEM = "application/problem+json"
# What only a program that fell over would show.
TRACES = re.compile(
    r"Traceback|File \"|\.py[\":]|asyncpg|psycopg|msgspec|litestar|jinja2|insert into \w+\.|constraint|<built-in"
)


def problem(answer: httpx.Response, status: int, code: str, field: str | None = None, why: str | None = None) -> Any:
    """The body of a problem with this status and code, and with this refused field when one is named."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert {"type", "title", "status", "detail", "msg", "code"} <= set(body)
    assert body["status"] == status
    assert body["msg"] == body["detail"]
    assert re.fullmatch(r"[A-Z][^\n]*[.!]", body["detail"]), body["detail"]
    assert body["code"] == code, body
    assert no_trace(answer)
    if field is not None:
        found = {one["field"]: one for one in body["errors"]}
        assert field in found, body
        assert re.fullmatch(r"[A-Z][^\n]*[.!]", found[field]["detail"])
        assert why is None or found[field]["code"] == why, body
    return body


def page(answer: httpx.Response, status: int) -> str:
    """The HTML of a page with this status: never JSON, never a trace."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!doctype html>")
    assert no_trace(answer)
    return answer.text


def no_trace(answer: httpx.Response) -> bool:
    found = TRACES.search(answer.text)
    assert found is None, f"{found} in {answer.text}"
    return True


@asynccontextmanager
async def nothing_changes(db: Database, *, without: frozenset[str] = frozenset()) -> AsyncIterator[None]:
    """Whatever is sent inside leaves every row of every table as it was (counted tries and looks apart)."""
    before = await picture(db, without=without)
    yield
    assert changed(before, await picture(db, without=without)) == []
