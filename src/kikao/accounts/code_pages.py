"""Signing up, typing the code, and saying whose contact it is when it signs somebody in already."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts import queries, rules
from kikao.accounts.codes import CodeRefused, resend
from kikao.accounts.page_parts import (
    asked_next,
    errors_of,
    numbers_now,
    onward,
    set_sign_in_cookie,
    status_of,
    waiting,
    with_next,
)
from kikao.accounts.queries import Verification
from kikao.accounts.rules import Numbers
from kikao.accounts.signing_in import open_sign_in
from kikao.accounts.signing_up import Proved, first_password, join_existing, prove, sign_up, someone_else
from kikao.core.actor import Actor
from kikao.core.crypto import check_new_password
from kikao.core.errors import Invalid, NotFound, Refusal, TooOften, all_of, refused
from kikao.core.i18n import gettext as _
from kikao.core.ids import read_id
from kikao.core.phone import Contact, masked
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, must_be_id, network, read, read_form, see_other

# signing up without a request ---------------------------------------------------------------------


async def _sign_up_page(
    request: Req, kit: Kit, actor: Actor, form: Form, next_: str, refusal: Refusal | None = None
) -> Response[str]:
    async with kit.db.connection() as conn:
        text = await queries.consent_text(conn, actor.language)
    return page(
        request, kit, actor, "accounts/sign_up.html", status=status_of(refusal), headers=waiting(refusal),
        url="/sign-up", next=next_, errors=errors_of(refusal), sign_in_url=with_next("/sign-in", next_),
        values={"name": form["name"], "contact": form["contact"], "consent": form.ticked("consent")},
        consent={"text_id": str(text.id), "lines": text.lines},
    )


@read("/sign-up")
async def sign_up_page(request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor]) -> Response[Any]:
    next_ = asked_next(request)
    if actor.signed_in:
        return see_other(next_ or "/me")
    return await _sign_up_page(request, kit, actor, Form({}), next_)


def _checked(form: Form) -> tuple[Contact, UUID]:
    """Raises Invalid with every field that cannot be used, so that one correction is enough."""
    found: list[Contact] = []

    agreed = read_id(form["consent_text"]) if form.ticked("consent") else None
    missing = Invalid.field("consent", "missing", "Please read what is kept about you, and agree to it first.")
    wrong = all_of(
        refused(lambda: rules.called(form["name"])),
        refused(lambda: found.append(rules.contact(form["contact"]))),
        refused(lambda: check_new_password(form.raw("password"))),
        None if agreed else missing,
    )
    if wrong or agreed is None:
        raise wrong or missing
    return found[0], agreed


@post("/sign-up")
async def do_sign_up(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    form = await read_form(request)
    next_ = onward(form)
    numbers = await numbers_now(kit, actor, now)
    try:
        contact, text_id = _checked(form)
        password_hash = await first_password(kit.db, form.raw("password"), now, network=network(request))

        async def verb(conn: Any) -> str:
            made = await sign_up(
                conn, kit.vault, name=form["name"], contact=contact, password_hash=password_hash,
                consent_text_id=text_id, language=actor.language, now=now, time_zone=kit.time_zone, numbers=numbers,
            )
            return with_next(f"/code/{made.verification_id}", next_)

        return await form_once(request, kit, actor, now, verb)
    except Refusal as refusal:
        return await _sign_up_page(request, kit, actor, form, next_, refusal)


# the code -----------------------------------------------------------------------------------------


async def _waiting_for(kit: Kit, actor: Actor, verification_id: UUID) -> Verification | None:
    """The code that this page is about; None when it was used. A further contact's is its own account's."""
    async with kit.db.connection() as conn:
        found = await queries.verification(conn, verification_id, "sign_up", "contact")
    if found is not None and found.purpose == "contact" and found.account_id != actor.account_id:
        raise NotFound
    return found


def _over(found: Verification, numbers: Numbers, now: datetime) -> dict[str, str] | None:
    """Why no code of this page works any more, whatever is typed; None while one does."""
    text = _("Ask for a new one. Nothing else has to be filled in again.")
    if found.expires_at <= now:
        return {"tone": "attention", "title": _("This code has run out"), "text": text}
    if found.tries >= numbers.code_tries:
        return {"tone": "attention", "title": _("That was tried too often with this code"), "text": text}
    return None


def _code_errors(refusal: Refusal | None, *, over: bool, resending: bool) -> list[dict[str, str]]:
    if isinstance(refusal, TooOften) and resending and not over:
        works = _("The code that we sent last still works.")
        return [error | {"detail": f"{error['detail']} {works}"} for error in errors_of(refusal)]
    if over and not isinstance(refusal, TooOften):
        return []
    if isinstance(refusal, CodeRefused):
        text = _("This is not the code that we sent last. Look at it again, or ask for a new one.")
        return [{"field": "code", "detail": text}]
    return errors_of(refusal)


async def _code_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, about: UUID, *, next_: str, typed: str = "",
    refusal: Refusal | None = None, resending: bool = False,
) -> Response[Any]:
    """Where the code was used already: on to where it led. `resending`: another code was what was refused."""
    found, numbers = await _waiting_for(kit, actor, about), await numbers_now(kit, actor, now)
    if found is None:
        return see_other(next_ or "/me") if actor.signed_in else see_other(with_next("/sign-in", next_))
    address, over = f"/code/{about}", _over(found, numbers, now)
    to = masked(found.contact.value) if found.contact else ""
    sent = {"tone": "good", "title": _("A new code is on its way"), "text": None}
    return page(
        request, kit, actor, "accounts/code.html", status=status_of(refusal), headers=waiting(refusal),
        heading=_("One more step: the code"), text=_("We sent 6 figures to %(to)s.") % {"to": to},
        url=address, hidden={"next": next_}, resend_url=f"{address}/resend", over=over, code=typed,
        errors=_code_errors(refusal, over=over is not None, resending=resending),
        seconds=int((found.expires_at - now).total_seconds()),
        notice=sent if "sent" in request.query_params and not refusal else None, ask_own_phone=not actor.signed_in,
    )


@read("/code/{verification_id:str}")
async def code_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    verification_id: FromPath[str],
) -> Response[Any]:
    return await _code_page(request, kit, actor, now, must_be_id(verification_id), next_=asked_next(request))


@post("/code/{verification_id:str}")
async def do_code(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    verification_id: FromPath[str],
) -> Response[Any]:
    form = await read_form(request)
    about = must_be_id(verification_id)
    numbers = await numbers_now(kit, actor, now)
    found = await _waiting_for(kit, actor, about)
    try:
        proved = await prove(
            kit.db, kit.vault, about, form["code"], now, network=network(request), numbers=numbers,
            by=actor.account_id,
        )
    except Refusal as refusal:
        return await _code_page(
            request, kit, actor, now, about, next_=onward(form), typed=form["code"], refusal=refusal
        )
    if proved.known:
        return _known_page(request, kit, actor, found, proved, form)
    if found is not None and found.purpose == "contact":
        return see_other("/me/account?done=contact")
    return await _go_in(kit, actor, now, proved.account_id, form)


async def _go_in(kit: Kit, actor: Actor, now: datetime, account_id: UUID, form: Form) -> Response[Any]:
    numbers = await numbers_now(kit, actor, now)
    own_phone = form.ticked("own_phone")
    async with kit.db.transaction() as conn:
        token = await open_sign_in(conn, account_id, kind="page", own_phone=own_phone, now=now, numbers=numbers)
    answer = see_other(onward(form))
    set_sign_in_cookie(answer, token, own_phone, kit.secure, numbers)
    return answer


@post("/code/{verification_id:str}/resend")
async def do_resend(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    verification_id: FromPath[str],
) -> Response[Any]:
    form = await read_form(request)
    about = must_be_id(verification_id)
    numbers = await numbers_now(kit, actor, now)
    found = await _waiting_for(kit, actor, about)
    if found is None:
        return see_other(with_next("/sign-in", onward(form)))
    try:
        async with kit.db.transaction() as conn:
            await resend(conn, about, now, numbers)
    except Refusal as refusal:
        return await _code_page(
            request, kit, actor, now, about, next_=onward(form), refusal=refusal, resending=True
        )
    return see_other(with_next(f"/code/{about}", onward(form), sent="1"))


# a contact that signs somebody in already ---------------------------------------------------------


def _known_page(
    request: Req, kit: Kit, actor: Actor, found: Verification | None, proved: Proved | None, form: Form, *,
    refusal: Refusal | None = None, side: str = "",
) -> Response[str]:
    """`side` says which of the two forms the refusal belongs to."""
    if found is None or found.contact is None:
        raise CodeRefused
    address = f"/code/{found.id}"
    errors = errors_of(refusal)
    return page(
        request, kit, actor, "accounts/known.html", status=status_of(refusal), headers=waiting(refusal),
        to=masked(found.contact.value), errors=errors,
        join={"url": f"{address}/join", "login": form["login"] if side == "join" else found.contact.value,
              "errors": errors if side == "join" else []},
        other={"url": f"{address}/else", "login": form["login"] if side == "else" else "",
               "errors": errors if side == "else" else []},
        hidden={"ticket": proved.ticket if proved else form["ticket"], "next": onward(form)},
    )


@post("/code/{verification_id:str}/join")
async def do_join(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    verification_id: FromPath[str],
) -> Response[Any]:
    """"That is me": the other account's password is asked for."""
    form = await read_form(request)
    about = must_be_id(verification_id)
    numbers = await numbers_now(kit, actor, now)
    try:
        joined = await join_existing(
            kit.db, kit.vault, about, ticket=form["ticket"], login=form["login"], password=form.raw("password"),
            now=now, network=network(request), numbers=numbers,
        )
    except CodeRefused:
        return see_other(with_next("/sign-in", onward(form)))
    except Refusal as refusal:
        found = await _waiting_for(kit, actor, about)
        return _known_page(request, kit, actor, found, None, form, refusal=refusal, side="join")
    return await _go_in(kit, actor, now, joined.account_id, form)


@post("/code/{verification_id:str}/else")
async def do_else(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    verification_id: FromPath[str],
) -> Response[Any]:
    """"I am someone else": a sign-in name, or an e-mail that gets a code of its own."""
    form = await read_form(request)
    about = must_be_id(verification_id)
    numbers = await numbers_now(kit, actor, now)
    try:
        async with kit.db.transaction() as conn:
            new = await someone_else(
                conn, kit.vault, about, ticket=form["ticket"], login=form["login"], now=now, network=network(request),
                numbers=numbers,
            )
    except CodeRefused:
        return see_other(with_next("/sign-in", onward(form)))
    except Refusal as refusal:
        found = await _waiting_for(kit, actor, about)
        return _known_page(request, kit, actor, found, None, form, refusal=refusal, side="else")
    if new.verification_id is not None:
        return see_other(with_next(f"/code/{new.verification_id}", onward(form)))
    return await _go_in(kit, actor, now, new.account_id, form)


pages: list[Any] = [sign_up_page, do_sign_up, code_page, do_code, do_resend, do_join, do_else]
