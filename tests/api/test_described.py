"""The OpenAPI document says what the API does, and the API does what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kikao import web
from kikao.core.openapi import document
from support import app as apps
from support.refusals import page
from support.routes import all_routes

CODES = ("400", "401", "403", "404", "409", "422", "429")
DOCUMENT = document(web.build(apps.machine("postgresql://nobody@127.0.0.1:9/none")))
OPERATIONS = [
    (method, path, operation) for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
]
TAKEN = ("method", "url", "params", "json", "content", "data")  # of what schemathesis makes for its own client
CHECKS = [
    not_a_server_error, content_type_conformance, response_headers_conformance, response_schema_conformance,
    status_code_conformance,
]


def _ids(found: Any) -> str:
    return str(found)[:60] if not isinstance(found, dict) else ""


def test_every_route_of_the_api_is_described() -> None:
    described = {(method.upper(), path.lower()) for method, path, _ in OPERATIONS}
    routes = {
        (method, path.replace("_", "").lower()) for method, path, _ in all_routes() if path.startswith("/api/")
    }
    assert described == routes


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=_ids)
def test_every_operation_tells_its_errors_as_problems(method: str, path: str, operation: dict[str, Any]) -> None:
    for code in CODES:
        answer = operation["responses"][code]
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rsplit("/", 1)[-1]]
        assert list(answer["content"]) == ["application/problem+json"]
    assert "Retry-After" in DOCUMENT["components"]["responses"]["429"]["headers"]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=_ids)
def test_every_operation_says_who_may_call_it(method: str, path: str, operation: dict[str, Any]) -> None:
    handler = next(
        one for verb, address, one in all_routes()
        if verb == method.upper() and address.replace("_", "").lower() == path.lower()
    )
    open_to_all = {} in operation["security"] or {"payToken": []} in operation["security"]
    assert open_to_all == bool(handler.opt.get("anyone"))
    assert {scheme for one in operation["security"] for scheme in one} <= set(DOCUMENT["components"]["securitySchemes"])


def test_names_are_unique_and_camel_case() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))
    names = [*ids, *re.findall(r"{(\w+)}", " ".join(DOCUMENT["paths"]))]
    for schema in DOCUMENT["components"]["schemas"].values():
        names += list(schema.get("properties", {}))
    for _, _, operation in OPERATIONS:
        names += [one["name"] for one in operation.get("parameters", []) if one["in"] != "header"]
    assert [name for name in names if not re.fullmatch(r"[a-z][a-zA-Z0-9]*", name)] == []


def test_bodies_take_nothing_unknown() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    open_bodies = [
        name for name, schema in schemas.items()
        if name.endswith("Body") and schema.get("additionalProperties") is not False
    ]
    assert open_bodies == []


async def test_people_can_read_it_without_anything_of_another_site(house: apps.World) -> None:
    html = page(await house.nobody.page("GET", "/schema"), 200)
    for method, path, _ in OPERATIONS:
        assert f"{method.upper()} {path}" in html
    assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)", html)
    assert not re.search(r"(?:src|href)=\"(?!/|#|tel:)", html)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["nobody", "amina", "otieno", "wambui", "njeri"])
async def test_the_api_does_what_it_says(world: apps.World, who: str) -> None:
    """Cases made from the document itself, sent by somebody of each role."""
    await world.approved()
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    visitor = world.by_name[who]
    sent = 0
    operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    for operation in operations:
        if "logout" in operation.path or "events" in operation.path or "test-connection" in operation.path:
            continue  # ends the visitor's sign-in; has no end; asks another company's computer
        for case in _cases(operation, 6):
            made = case.as_transport_kwargs(base_url=apps.BASE)
            headers = {**dict(made.get("headers") or {}), **visitor.headers}
            request = {name: made[name] for name in TAKEN if name in made}
            answer = await visitor.program.request(**request, headers=headers)
            case.validate_response(schemathesis.Response.from_httpx(answer, verify=False), checks=CHECKS)
            sent += 1
    assert sent > 100


def _cases(operation: Any, number: int) -> list[Any]:
    """Examples of one operation, the same in every run."""
    found: list[Any] = []

    @seed(7)
    @settings(
        max_examples=number, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def collect(case: Any) -> None:
        found.append(case)

    collect()
    return found
