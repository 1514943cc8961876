"""What was typed into a form of somebody whose sign-in had ended: sealed for their account, given back once they are
signed in again, and nowhere else."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
import tink
from litestar import Response
from litestar.datastructures import Cookie
from litestar.di import NamedDependency

from kikao.accounts import queries
from kikao.accounts.page_parts import asked_next
from kikao.core.actor import Actor
from kikao.core.crypto import hash_token
from kikao.core.errors import Refusal
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later
from kikao.core.render import page
from kikao.core.web import Kit, Req, need, read, read_form, see_other

COOKIE = "typed"
FOR = timedelta(minutes=30)
ROOM = 3_800  # what browsers keep in one cookie
SECRETS = {"password", "current_password", "new_password", "code"}
_MACHINERY = {"idempotency_key", "consent_text", "next", "login"}  # the name stands hidden beside a new password
# What is shown again, by which word: the fields that people write into, not what they choose from a list.
_WRITTEN = {
    "address": later("Address"), "amount": later("Amount"), "bio": later("About"), "contact": later("Contact"),
    "email": later("E-mail"), "forName": later("Name"), "hours": later("Hours"), "languages": later("Languages"),
    "link": later("Link"), "meeting_link": later("Link"), "name": later("Name"), "note": later("Note"),
    "number": later("Number"), "phone": later("Phone number"), "q": later("Looked for"), "reason": later("Reason"),
    "specialities": later("Works with"), "title": later("Title"), "transaction_code": later("M-Pesa code"),
    "who": later("Looked for"), "why": later("Reason"),
}
_SEALED = ("accounts.sign_in", "typed")


class Kept(msgspec.Struct, frozen=True):
    """Where it was sent to, and the form as it was."""

    to: str
    typed: tuple[tuple[str, str], ...]
    until: datetime

    @property
    def words(self) -> list[tuple[str, str]]:
        return [(_(_WRITTEN[name]), text) for name, text in self.typed if name in _WRITTEN and text.strip()]


async def keep(request: Req, kit: Kit, token: str, now: datetime) -> Cookie | None:
    """For the form of this request. Without its secrets, which are asked for again. None where nothing else was typed,
    where it is too long for a cookie, and where nobody knows any more whose sign-in it was."""
    with suppress(Refusal):
        form = await read_form(request)
        typed = tuple(
            (name, text) for name, texts in form.lists.items() if name not in SECRETS for text in texts
        )
        kept = Kept(request.scope["path"], typed, now + FOR)
        if not any(text.strip() for name, text in typed if name not in _MACHINERY):
            return None
        async with kit.db.connection() as conn:
            whose = await queries.whose_sign_in(conn, hash_token(token))
        if whose is None:
            return None
        sealed = kit.vault.seal(msgspec.json.encode(kept).decode(), *_SEALED, whose)
        value = base64.urlsafe_b64encode(sealed).decode()
        if len(value) <= ROOM:
            return Cookie(key=COOKIE, value=value, path="/", httponly=True, samesite="lax", secure=kit.secure,
                          max_age=int(FOR.total_seconds()))
    return None


def _opened(request: Req, kit: Kit, actor: Actor, now: datetime) -> Kept | None:
    """None for everybody but whose it is, and after half an hour."""
    assert actor.account_id is not None
    with suppress(tink.TinkError, binascii.Error, msgspec.MsgspecError, ValueError):
        sealed = base64.urlsafe_b64decode(request.cookies.get(COOKIE, ""))
        kept = msgspec.json.decode(kit.vault.open(sealed, *_SEALED, actor.account_id), type=Kept)
        return kept if now < kept.until else None
    return None


@read("/kept")
async def kept_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """What was typed, to be sent by one button. It is shown once."""
    need(actor)
    kept = _opened(request, kit, actor, now)
    back = asked_next(request) or "/me"
    answer: Response[Any] = see_other(back) if kept is None else page(
        request, kit, actor, "accounts/kept.html", url=kept.to, typed=kept.typed, words=kept.words, back_url=back,
    )
    answer.delete_cookie(COOKIE, path="/")
    return answer


pages: list[Any] = [kept_page]
