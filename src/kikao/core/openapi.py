"""The API's own description: OpenAPI as JSON, and the same as a page for people, from our own files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from litestar import Litestar, Response
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.config.app import AppConfig
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.response import ServerSentEvent
from litestar.routes import HTTPRoute

from kikao.core import i18n
from kikao.core.actor import NOBODY
from kikao.core.render import page
from kikao.core.web import Kit, Req, read

VERSION = "0.1.0"
PROBLEM = "application/problem+json"
_WITHOUT_KEY = ("/api/users", "/api/verification", "/api/mpesa/test-connection")
METHODS = ("get", "post", "put", "delete")
ABOUT = (
    "Errors are problems (RFC 9457) with a stable `code` for programs and `msg`, the same sentence as `detail`. "
    "They come in this order: 401, 403, 404, 422, 409. Words like `status` are open sets: more may come. "
    "Times are ISO 8601 with an offset, money is whole Kenyan shillings."
)
WHEN = {
    "400": "The body cannot be read.",
    "401": "Not signed in.",
    "403": "Signed in, but this role may not do this at all.",
    "404": "No such thing, or not yours.",
    "409": "The world has moved on; `code` says how.",
    "413": "The body is too large.",
    "422": "Read, but refused; `errors` names the fields.",
    "429": "Too often; `Retry-After` says for how many seconds.",
    "503": "Too busy for a moment, or the database is away.",
}
_TEXT = {"type": "string"}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "msg", "code"],
    "properties": {
        "type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT,
        "msg": {"type": "string", "description": "The same sentence as `detail`."},
        "code": {"type": "string", "description": "A stable name for programs."},
        "errors": {"type": "array", "items": {
            "type": "object", "required": ["field", "code", "detail"],
            "properties": {"field": _TEXT, "code": _TEXT, "detail": _TEXT},
        }},
    },
}  # fmt: skip
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The token that signing in answered."},
    "authToken": {"type": "apiKey", "in": "header", "name": "x-auth-token", "description": "The same token."},
    "payToken": {"type": "apiKey", "in": "header", "name": "X-Pay-Token", "description": "Names one charge by itself."},
}
_SIGNED_IN: list[dict[str, Any]] = [{"bearer": []}, {"authToken": []}]
_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "Sent again with the same body within 24 h, the call has one effect and the same answer.",
}  # fmt: skip


def camel(name: str) -> str:
    first, *others = name.strip("_").split("_")
    return first + "".join(part.capitalize() for part in others)


def _room(handler: HTTPRouteHandler) -> str:
    return str(handler.fn.__module__).split(".")[1]


def _operation_id(handler: HTTPRouteHandler, method: Any, _path: list[Any]) -> str:
    name = camel(f"{_room(handler)}_{handler.handler_name}")
    return f"{name}Head" if str(getattr(method, "value", method)).upper() == "HEAD" else name


def _generated(app: Litestar) -> dict[str, Any]:
    """What the framework knows of our handlers. Its own routes, which load scripts of strangers, are not used."""
    plugin = OpenAPIPlugin(app)
    plugin.on_app_init(AppConfig(openapi_config=OpenAPIConfig(
        title="Kikao", version=VERSION, description=ABOUT, use_handler_docstrings=True,
        operation_id_creator=_operation_id,
    )))  # fmt: skip
    for route in app.routes:
        plugin.receive_route(route)
    return plugin.provide_openapi_schema()


def document(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document, with what the framework does not know: our errors, our closed bodies, who may call."""
    found = _generated(app)
    handlers = dict(_handlers(app))
    paths: dict[str, Any] = {}
    for path, item in found["paths"].items():
        operations = {
            method: _operation(path, method, operation, handlers[path, method.upper()])
            for method, operation in item.items() if method in METHODS
        }
        if operations:
            paths[re.sub(r"{(\w+)}", lambda name: f"{{{camel(name[1])}}}", path)] = operations
    schemas = found["components"].get("schemas", {})
    for name in _sent(paths, schemas):
        schemas[name]["additionalProperties"] = False
    found["components"] = {
        "schemas": {**schemas, "Problem": _PROBLEM}, "responses": {code: _response(code) for code in WHEN},
        "securitySchemes": _SCHEMES,
    }
    return {**found, "paths": dict(sorted(paths.items())), "security": _SIGNED_IN}


def _handlers(app: Litestar) -> Iterator[tuple[tuple[str, str], HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _kwargs) in route.route_handler_map.items():
                yield (route.path_format, str(method)), handler


def _operation(path: str, method: str, found: dict[str, Any], handler: HTTPRouteHandler) -> dict[str, Any]:
    room = _room(handler)
    told = (handler.fn.__doc__ or "").strip().split("\n\n")[0]
    operation = {
        **found, "tags": [room], "summary": told.split(". ")[0].rstrip(".") or handler.handler_name.replace("_", " "),
        "security": _security(path, handler),
    }
    parameters = [{**one, "name": _shown_name(one)} for one in found.get("parameters", [])]
    if method == "post" and not path.startswith(_WITHOUT_KEY):
        parameters.append(_KEY)
    if parameters:
        operation["parameters"] = parameters
    operation["responses"] = _responses(found, "requestBody" in found)
    if handler.parsed_fn_signature.return_type.annotation is ServerSentEvent:
        operation["responses"]["200"]["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    return operation


def _shown_name(parameter: dict[str, Any]) -> str:
    name = str(parameter["name"])
    return camel(name) if parameter["in"] == "path" else name


def _security(path: str, handler: HTTPRouteHandler) -> list[dict[str, Any]]:
    if not handler.opt.get("anyone"):
        return _SIGNED_IN
    return [*_SIGNED_IN, {"payToken": []}] if path.startswith("/api/mpesa/") else [{}]


def _responses(found: dict[str, Any], has_body: bool) -> dict[str, Any]:
    good = {code: answer for code, answer in found["responses"].items() if code < "400"}
    if "201" in good:  # asked for once more, while it is still open
        good["200"] = {**good["201"], "description": "It was there already; nothing was written."}
    unlikely = () if has_body else ("413",)
    return good | {
        code: {"$ref": f"#/components/responses/{code}"} for code in WHEN if code not in unlikely
    }


def _response(code: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": WHEN[code], "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if code in ("429", "503"):
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return answer


def _sent(paths: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    """Names of what is read as a body, the parts of bodies included: they take no unknown field."""
    found: set[str] = set()
    todo = [operation.get("requestBody") for item in paths.values() for operation in item.values()]
    while todo:
        for name in _names(todo.pop()):
            if name not in found:
                found.add(name)
                todo.append(schemas[name])
    return found


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield str(part["$ref"]).rsplit("/", 1)[-1]
        for inner in part.values():
            yield from _names(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _names(inner)


# served -------------------------------------------------------------------------------------------


def _kept(app: Litestar) -> dict[str, Any]:
    if "openapi" not in app.state:
        app.state.openapi = document(app)
    kept: dict[str, Any] = app.state.openapi
    return kept


@read("/schema/openapi.json", include_in_schema=False)
async def as_json(request: Req) -> Response[dict[str, Any]]:
    return Response(_kept(request.app))


@read("/schema", include_in_schema=False)
async def for_people(request: Req, kit: NamedDependency[Kit]) -> Response[str]:
    """No script and nothing of another site: it reads well on a phone and on paper."""
    found = _kept(request.app)
    rooms: dict[str, list[dict[str, Any]]] = {}
    for path, item in found["paths"].items():
        for method, operation in item.items():
            rooms.setdefault(operation["tags"][0], []).append(_entry(path, method, operation, found))
    with i18n.speaking(i18n.ENGLISH):  # what is described here has English names only
        return page(
            request, kit, NOBODY, "core/schema.html", about=ABOUT.replace("`", ""), rooms=rooms,
            problems=[(code, text.replace("`", "")) for code, text in WHEN.items()], version=VERSION,
        )


def _entry(path: str, method: str, operation: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    schemas = found["components"]["schemas"]
    body = operation.get("requestBody", {}).get("content", {})
    answers = [
        {"status": code, "fields": _fields(_schema(answer.get("content", {})), schemas)}
        for code, answer in sorted(operation["responses"].items()) if code < "300"
    ]
    return {
        "id": operation["operationId"], "method": method.upper(), "path": path, "summary": operation["summary"],
        "description": operation.get("description"), "open": {} in operation["security"],
        "by_link": {"payToken": []} in operation["security"],
        "parameters": [
            {"name": one["name"], "where": one["in"], "needed": one.get("required", False),
             "kind": _kind(one.get("schema", {}))}
            for one in operation.get("parameters", [])
        ],
        "body": _fields(_schema(body), schemas), "answers": answers,
    }  # fmt: skip


def _schema(content: dict[str, Any]) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = list(content.values())
    return (kinds[0].get("schema") if kinds else None) or {}


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    needed = schema.get("required", [])
    return [
        {"name": name, "kind": _kind(field), "needed": name in needed}
        for name, field in schema.get("properties", {}).items()
    ]


def _kind(schema: dict[str, Any]) -> str:
    """A type in words: `text`, `whole number`, `list of Charge`."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    either: list[Any] = schema.get("oneOf") or schema.get("anyOf") or []
    if either:
        return " or ".join(dict.fromkeys(_kind(one) for one in either))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(_kind({**schema, "type": one}) for one in kind)
    if kind == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    words = {"string": schema.get("format", "text"), "integer": "whole number", "boolean": "yes or no", "null": "null"}
    return str(words.get(str(kind), kind or "anything"))


handlers: list[Any] = [as_json, for_people]
