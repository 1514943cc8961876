"""Statements with named parameters, so that rooms can offer parts and upper rooms compose them."""

from __future__ import annotations

import re
from typing import Any

from kikao.core.db import Conn, Row, one

_NAME = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


class Statement:
    """SQL in which `:name` is a parameter; the same name is the same value wherever it stands.

    Parts are joined as plain text before they come here. Every call must give exactly the names that
    the text uses.
    """

    __slots__ = ("names", "numbered", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: list[str] = []
        self.numbered = _NAME.sub(self._number, text)

    def _number(self, found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in self.names:
            self.names.append(name)
        return f"${self.names.index(name) + 1}"

    def _ordered(self, values: dict[str, Any]) -> list[Any]:
        if len(values) != len(self.names):
            raise TypeError(f"parameters {sorted(set(values) ^ set(self.names))} do not fit the statement")
        return [values[name] for name in self.names]

    async def rows(self, conn: Conn, **values: Any) -> list[Row]:
        return await conn.fetch(self.numbered, *self._ordered(values))

    async def first(self, conn: Conn, **values: Any) -> Row | None:
        return await conn.fetchrow(self.numbered, *self._ordered(values))

    async def one(self, conn: Conn, **values: Any) -> Row:
        """Raises LookupError when there is no row."""
        return one(await self.first(conn, **values))

    async def value(self, conn: Conn, **values: Any) -> Any:
        return await conn.fetchval(self.numbered, *self._ordered(values))

    async def run(self, conn: Conn, **values: Any) -> int:
        """How many rows it changed."""
        tag = await conn.execute(self.numbered, *self._ordered(values))
        return int(tag.rsplit(" ", 1)[-1])
