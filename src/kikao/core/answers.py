"""Refusals become answers here, and nowhere else: a problem (RFC 9457) for programs, a page for people."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime
from typing import Any, get_args
from urllib.parse import quote

import asyncpg
import msgspec
from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import QueryParameter
from litestar.routes import HTTPRoute
from litestar.types import ExceptionHandlersMap, Receive, Scope, Send

from kikao.core import i18n, logs, phone
from kikao.core.actor import NOBODY, Actor
from kikao.core.addresses import parts_of
from kikao.core.clock import utc_now
from kikao.core.errors import STANDS, Busy, FieldError, Forbidden, Invalid, NotSignedIn, Refusal, from_constraint
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later, ngettext
from kikao.core.render import page
from kikao.core.web import SIGN_IN_COOKIE, Req, safe_next, same_site, see_other

PROBLEM = "application/problem+json"
log = logs.get("web")

_SENTENCES = {
    400: ("bad_request", later("What was sent cannot be read.")),
    401: ("not_signed_in", later("Please sign in first.")),
    403: ("forbidden", later("Your account may not do this.")),
    404: ("not_found", later("This cannot be found, or it belongs to another account.")),
    405: ("method_not_allowed", later("This address does not answer to that method.")),
    413: ("too_large", later("What was sent is too large.")),
    415: ("unsupported_media_type", later("This kind of body is not understood.")),
    429: ("too_often", later("That was too often. Please wait a little.")),
    500: ("internal", later("It is not your fault, and it has been noted. Please try again.")),
}


class _Other(Refusal):
    """An HTTP error of the framework, told like one of ours."""

    def __init__(self, status: int, allow: str = "", **facts: Any) -> None:
        self.allow = allow
        known = status if status in _SENTENCES else (500 if status >= 500 else 400)
        self.status = status
        self.code, sentence = _SENTENCES[known]
        super().__init__(sentence, **facts)


def sentence(refusal: Refusal) -> str:
    """The refusal's sentence in the reader's language, with its facts."""
    return _with_facts(refusal.detail, refusal)


def of_field(refusal: Refusal, error: FieldError) -> str:
    """The sentence of one refused field, in the same way."""
    return _with_facts(error.detail, refusal)


def _with_facts(text: str, refusal: Refusal) -> str:
    shown = {}
    for key, value in refusal.facts.items():
        if isinstance(value, str | int):
            shown[key] = _(STANDS.get(value, value)) if value and isinstance(value, str) else value
        elif isinstance(value, date) and not isinstance(value, datetime):
            shown[key] = i18n.date_of_year(value)
    return _(text).format_map(shown)


def rest_of(refusal: Refusal) -> str:
    """When it is of use to try again: nothing has to be put right, only waited for."""
    minutes = -(-int(refusal.facts.get("retryAfter") or 60) // 60)
    if minutes < 100:
        return ngettext(
            "That was too often. You can try again in one minute.",
            "That was too often. You can try again in %(num)s minutes.", minutes,
        ) % {"num": minutes}
    hours = -(-minutes // 60)
    return ngettext(
        "That was too often. You can try again in one hour.",
        "That was too often. You can try again in %(num)s hours.", hours,
    ) % {"num": hours}


def problem(refusal: Refusal) -> Response[dict[str, Any]]:
    detail = sentence(refusal)
    body: dict[str, Any] = {
        "type": f"urn:kikao:problem:{refusal.code}",
        "title": _title(refusal),
        "status": refusal.status,
        "detail": detail,
        "msg": detail,
        "code": refusal.code,
        **refusal.facts,
    }
    if refusal.fields:
        body["errors"] = [FieldError(error.field, error.code, of_field(refusal, error)) for error in refusal.fields]
    return Response(
        content=body, status_code=refusal.status, media_type=PROBLEM, headers=_headers(refusal)
    )


def _title(refusal: Refusal) -> str:
    known = _SENTENCES.get(refusal.status)
    return _(known[1]) if known else refusal.code.replace("_", " ").capitalize()


def _headers(refusal: Refusal) -> dict[str, str]:
    headers = {"Content-Language": i18n.language.get()}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "retryAfter" in refusal.facts:
        headers["Retry-After"] = str(refusal.facts["retryAfter"])
    if isinstance(refusal, _Other) and refusal.allow:
        headers["Allow"] = refusal.allow
    return headers


def _is_program(request: Req) -> bool:
    # Never by request.url: it is put together with the Host header, which can hold anything.
    return request.scope["path"].startswith(("/api", "/callbacks", "/schema", "/health", "/ready", "/metrics"))


def _answer(request: Req, refusal: Refusal) -> Response[Any]:
    if _is_program(request):
        return problem(refusal)
    if isinstance(refusal, NotSignedIn):
        before = _before(request)
        here = request.scope["path"] if request.method == "GET" else before or "/me"
        kept = request.scope["state"].get("kept") if before else None  # a cookie: what was typed into the form
        went = request.method == "GET" and SIGN_IN_COOKIE in request.cookies
        how = "&ended=kept" if kept else "&ended=1" if before else "&ended=went" if went else ""
        answer = see_other(f"/sign-in?next={quote(here)}{how}")
        if kept:
            answer.set_cookie(kept)
        return answer
    # Whoever is signed in stays so on a page that refuses something.
    viewer: Actor = request.scope["state"].get("viewer", NOBODY)
    return page(
        request, request.app.state.kit, viewer, "core/error.html", status=refusal.status, headers=_headers(refusal),
        **_told(request, refusal),
        # Something that went wrong is not tried again by a change of language, and says nothing of where it was.
        here=request.scope["path"] if request.method == "GET" and refusal.status < 500 else "/",
        next_steps=[{"label": label, "url": url} for label, url in _next_steps(request, viewer, refusal.status)],
    )


def _before(request: Req) -> str | None:
    """The page of ours with the form that was sent, where there was one and it can be opened again."""
    before = parts_of(request.headers.get("referer", "") if request.method == "POST" else "")
    if before is None or before.netloc != request.headers.get("host") or "GET" not in _methods(request, before.path):
        return None
    return safe_next(before.path + (f"?{before.query}" if before.query else ""))


def _by_a_link_to_pay(request: Req) -> bool:
    """Whoever was sent one knows nothing here but whom to call."""
    return request.scope["path"].startswith("/p/")


def _told(request: Req, refusal: Refusal) -> dict[str, str]:
    if refusal.status == 404 and _by_a_link_to_pay(request):
        return {
            "title": _("This link leads nowhere"),
            "sentence": _("Perhaps a part of it is missing. Open it from the message itself, or call the practice."),
        }
    return {"title": _error_title(refusal.status), "sentence": sentence(refusal)}


def _next_steps(request: Req, viewer: Actor, status: int) -> list[tuple[str, str]]:
    """Once more where that can help, back to the page with the form, where there was one, and to where this viewer's
    pages begin."""
    before = _before(request)
    steps = [(_("Back to the page before"), before)] if before else []
    if status >= 500 and request.method == "GET":
        steps.append((_("Try again"), ""))  # this very address, which need not be written into the page
    if _by_a_link_to_pay(request):
        steps.append((_("Call the practice"), phone.link(request.app.state.kit.practice_phone)))
    if viewer.has("desk", "finance", "admin"):
        steps.append((_("The practice"), "/practice"))
    elif viewer.signed_in:
        steps.append((_("My sessions"), "/me"))
    else:
        steps.append((_("Go to the first page"), "/"))
    return steps


def _error_title(status: int) -> str:
    titles = {403: _("Not for this account"), 404: _("We cannot find this page"), 429: _("A little slower, please")}
    return titles.get(status, _("That did not work") if status < 500 else _("Something went wrong"))


def on_refusal(request: Req, refusal: Refusal) -> Response[Any]:
    return _answer(request, refusal)


_MISSING = re.compile(r"missing required field `([^`]+)`")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_UNUSABLE = re.compile(r"unusable text in `([^`]+)`")


def _as_written(request: Req, name: str, source: Any) -> str:
    """A parameter's name as the caller wrote it; the framework tells ours."""
    if str(getattr(source, "value", source)) != "query":
        return name
    parameter = request.route_handler.parsed_fn_signature.parameters.get(name)
    notes = (*get_args(parameter.raw), *parameter.metadata) if parameter else ()
    return next((note.name for note in notes if isinstance(note, QueryParameter) and note.name), name)


def _field_error(request: Req, extra: dict[str, Any]) -> FieldError:
    """One refused field, by the name that the caller wrote."""
    message = str(extra.get("message", ""))
    for pattern, code, text in (
        (_MISSING, "missing", "Please fill this in."), (_UNKNOWN, "unknown_field", "There is no such field."),
        (_UNUSABLE, "unusable_text", "This text cannot be used."),
    ):
        found = pattern.search(message)
        if found:
            return FieldError(found.group(1), code, text)
    name = _as_written(request, str(extra.get("key", "body")), extra.get("source"))
    if name == "data":
        return FieldError("body", "not_an_object", "Please send one JSON object.")
    if "timezone" in message:
        return FieldError(name, "no_offset", "Please give the time with its offset, like 2026-11-24T09:00:00+03:00.")
    return FieldError(name, "wrong_value", "This value cannot be used here.")


def on_validation(request: Req, error: ValidationException) -> Response[Any]:
    extra = error.extra if isinstance(error.extra, list) else []
    fields = [_field_error(request, item) for item in extra if isinstance(item, dict)]
    return _answer(request, Invalid(fields=fields))


# What the framework says of a body that ends before its end: whoever sent it broke off, or counted its parts wrongly.
_BROKEN_OFF = "client disconnected prematurely"


def on_http(request: Req, error: HTTPException) -> Response[Any]:
    if error.detail == _BROKEN_OFF:
        return _answer(request, _Other(400))
    if error.status_code >= 500:
        return on_anything(request, error)
    allow = _methods(request, request.scope["path"]) if error.status_code == 405 else ""
    refusal = _Other(error.status_code, allow=allow)
    unknown = request.method == "GET" and "viewer" not in request.scope["state"] and not _is_program(request)
    return _OnceKnown(request, refusal) if unknown else _answer(request, refusal)


class _OnceKnown(Response[Any]):
    """The page for an address that leads nowhere: no handler was found, so nobody has asked yet who is here."""

    def __init__(self, request: Req, refusal: Refusal) -> None:
        super().__init__(content=None)
        self._about = request, refusal

    def to_asgi_response(self, **options: Any) -> Any:  # type: ignore[override]
        request, refusal = self._about

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            with suppress(Exception):  # the page says the same to nobody
                await request.app.state.recognize(request, request.app.state.kit, utc_now())
            await _answer(request, refusal).to_asgi_response(**options)(scope, receive, send)

        return answer


def _methods(request: Req, path: str) -> str:
    """What this address does answer to, which the framework keeps to itself."""
    here = path.rstrip("/") or "/"
    found = {
        str(method) for route in request.app.routes if isinstance(route, HTTPRoute)
        and re.fullmatch(re.sub(r"{\w+}", "[^/]+", route.path_format), here) for method in route.methods
    }
    return ", ".join(sorted(found))


def on_database(request: Req, error: asyncpg.PostgresError) -> Response[Any]:
    refusal = from_constraint(getattr(error, "constraint_name", None))
    if refusal is None and isinstance(error, asyncpg.DataError):
        refusal = Invalid("Something that was sent holds characters or numbers that cannot be kept.")
    if refusal is None and isinstance(error, asyncpg.LockNotAvailableError | asyncpg.QueryCanceledError):
        refusal = Busy()
    return _answer(request, refusal) if refusal else on_anything(request, error)


def on_anything(request: Req, error: Exception) -> Response[Any]:
    # Never the text of an error: it can hold what somebody typed.
    log.error("failed", path=_template(request), error=type(error).__name__, at=logs.where(error))
    return _answer(request, _Other(500))


def on_unreachable(request: Req, error: Exception) -> Response[Any]:
    log.error("database_away", path=_template(request), error=type(error).__name__)
    return _answer(request, Busy(retryAfter=5))


def _template(request: Req) -> str:
    """The route, not the address: addresses hold references and tokens."""
    return str(request.scope.get("path_template") or "?")


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    Refusal: on_refusal,
    ValidationException: on_validation,
    HTTPException: on_http,
    asyncpg.PostgresError: on_database,
    asyncpg.InterfaceError: on_unreachable,
    OSError: on_unreachable,
    RecursionError: lambda request, _error: _answer(request, _Other(400)),  # a body nested too deeply
    msgspec.DecodeError: lambda request, _error: _answer(request, _Other(400)),
    UnicodeDecodeError: lambda request, _error: _answer(request, _Other(400)),  # a body that is no UTF-8
    Exception: on_anything,
}


async def refuse_strangers_forms(request: Req) -> Response[Any] | None:
    """A form of another site may not act for somebody who is signed in here."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    if not same_site(request, request.app.state.kit.base_url):
        return _answer(request, Forbidden("This form came from another site."))
    return None
