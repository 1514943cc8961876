"""What this room's pages share: the cookie, errors beside their fields, the numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.datastructures import Cookie

from kikao.accounts.rules import Numbers
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.answers import rest_of, sentence
from kikao.core.errors import Refusal, TooOften
from kikao.core.i18n import gettext as _
from kikao.core.web import SIGN_IN_COOKIE, Form, Kit, Req, safe_next

DAY_SECONDS = 24 * 3600
LANGUAGE_SECONDS = 365 * DAY_SECONDS

Errors = list[dict[str, str]]


def set_sign_in_cookie(
    response: Response[Any], token: str, own_phone: bool, secure: bool, numbers: Numbers
) -> None:
    """Without "my own phone" the browser forgets it when it closes."""
    response.set_cookie(
        Cookie(
            key=SIGN_IN_COOKIE, value=token, path="/", httponly=True, samesite="lax", secure=secure,
            max_age=numbers.own_phone_days * DAY_SECONDS if own_phone else None,
        )
    )


def set_language_cookie(response: Response[Any], code: str, secure: bool) -> None:
    response.set_cookie(
        Cookie(
            key=i18n.COOKIE, value=code, path="/", httponly=True, samesite="lax", secure=secure,
            max_age=LANGUAGE_SECONDS,
        )
    )


def drop_sign_in_cookie(response: Response[Any]) -> None:
    response.delete_cookie(SIGN_IN_COOKIE, path="/")


async def numbers_now(kit: Kit, actor: Actor, now: datetime) -> Numbers:
    async with kit.db.connection() as conn:
        return (await kit.numbers(conn, actor, now)).of(Numbers)


def errors_of(refusal: Refusal | None) -> Errors:
    """For `p.error_summary` and `p.error_of`, in the reader's language."""
    if refusal is None:
        return []
    if isinstance(refusal, TooOften):
        return [{"field": "", "detail": rest_of(refusal), "waits": "yes"}]
    if not refusal.fields:
        return [{"field": "", "detail": sentence(refusal)}]
    return [{"field": error.field, "detail": _(error.detail)} for error in refusal.fields]


def status_of(refusal: Refusal | None) -> int:
    return refusal.status if refusal else 200


def waiting(refusal: Refusal | None) -> dict[str, str]:
    """The headers of a refusal."""
    seconds = refusal.facts.get("retryAfter") if refusal else None
    return {"Retry-After": str(seconds)} if seconds else {}


def onward(form: Form) -> str:
    return safe_next(form["next"])


def asked_next(request: Req) -> str:
    """Where to go on to afterwards, as the address says; empty when it does not."""
    typed = request.query_params.get("next") or ""
    return safe_next(typed) if typed else ""


def with_next(address: str, next_: str, **more: str) -> str:
    """`address` with a query that keeps where to go on to."""
    query = {key: value for key, value in {**more, "next": next_}.items() if value}
    return f"{address}?{urlencode(query)}" if query else address
