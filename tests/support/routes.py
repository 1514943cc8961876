"""Every route of the application, as the application itself lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from kikao import web
from support.app import machine

NOT_THERE = UUID("01900000-0000-7000-8000-0000000000ff")


class Route(msgspec.Struct, frozen=True):
    """`may`: by name, one of the cast who gets past 401 and 403."""

    method: str
    path: str
    may: str
    reads_body: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def address(self, _world: Any) -> str:
        """With an id that nobody has where one is asked for."""
        return re.sub(r"{\w+}", str(NOT_THERE), self.path)


def _may(handler: HTTPRouteHandler) -> str:
    roles = handler.opt.get("roles") or ("client",)
    people = {"client": "amina", "psychologist": "otieno", "desk": "wambui", "finance": "makena", "admin": "njeri"}
    return people[roles[0]]


@cache
def all_routes() -> tuple[tuple[str, str, HTTPRouteHandler], ...]:
    """Method, path and handler; HEAD goes with GET, and the framework answers OPTIONS."""
    return tuple(sorted(_listed(), key=lambda one: (one[1], one[0])))


def _listed() -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in web.build(machine("postgresql://nobody@127.0.0.1:9/none")).routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _kwargs) in route.route_handler_map.items():
                if method not in ("HEAD", "OPTIONS"):
                    yield str(method), route.path_format, handler


def api_routes() -> list[Route]:
    return [
        Route(method, path, _may(handler), handler.parsed_data_field is not None)
        for method, path, handler in all_routes() if path.startswith("/api/")
    ]
