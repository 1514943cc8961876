"""Signing in and out, leaving, a forgotten password. Titles are neutral; nothing here says what the place is."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath

from kikao.accounts import account_pages, acting_pages, code_pages, consent_pages, kept, queries
from kikao.accounts.actions import check_language, set_reading
from kikao.accounts.page_parts import (
    asked_next,
    drop_sign_in_cookie,
    errors_of,
    numbers_now,
    onward,
    set_language_cookie,
    set_sign_in_cookie,
    status_of,
    waiting,
    with_next,
)
from kikao.accounts.signing_in import forgot, open_sign_in, reset, sign_in, sign_out
from kikao.core.actor import NOBODY, Actor
from kikao.core.errors import Invalid, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.render import page
from kikao.core.web import LEAVE_TO, Form, Kit, Req, must_be_id, network, read, read_form, safe_next, see_other


def _sign_in_page(
    request: Req, kit: Kit, actor: Actor, *, next_: str, login: str = "", refusal: Refusal | None = None
) -> Response[str]:
    return page(
        request, kit, actor, "accounts/sign_in.html", status=status_of(refusal), headers=waiting(refusal),
        url="/sign-in", next=next_, login=login, errors=errors_of(refusal),
        notice=_ended(request.query_params.get("ended")),
        forgot_url="/forgot", join_url="/team", sign_up_url=with_next("/sign-up", next_),
    )


def _ended(how: str | None) -> dict[str, str] | None:
    texts = {
        "1": _("Nothing was saved. Sign in, and you are back on the page that you came from."),
        "went": _("Sign in, and you are back where you were going."),
        "kept": _("What you typed was not sent, and is not lost: sign in, and send it with one tap."),
    }
    return {"tone": "attention", "title": _("Your sign-in has ended"), "text": texts[how]} if how in texts else None


@read("/sign-in")
async def sign_in_page(request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor]) -> Response[Any]:
    next_ = asked_next(request)
    if actor.signed_in:
        return see_other(next_ or "/me")
    return _sign_in_page(request, kit, actor, next_=next_)


@post("/sign-in")
async def do_sign_in(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    form = await read_form(request)
    own_phone = form.ticked("own_phone")
    try:
        if not form["login"]:
            raise Invalid.field("login", "missing", "Please type your phone number, e-mail or sign-in name.")
        numbers = await numbers_now(kit, actor, now)
        token = await sign_in(
            kit.db, form["login"], form.raw("password"), kind="page", own_phone=own_phone, now=now,
            network=network(request), numbers=numbers,
        )
    except Refusal as refusal:
        return _sign_in_page(
            request, kit, actor, next_=safe_next(form["next"]) if form["next"] else "", login=form["login"],
            refusal=refusal,
        )
    answer = see_other(with_next("/kept", onward(form)) if kept.COOKIE in request.cookies else onward(form))
    set_sign_in_cookie(answer, token, own_phone, kit.secure, numbers)
    return answer


@post("/sign-out", status_code=200)
async def do_sign_out(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """Ends the sign-in and has the browser wipe what it kept of this place."""
    async with kit.db.transaction() as conn:
        await sign_out(conn, actor, now)
    answer = page(
        request, kit, NOBODY, "accounts/signed_out.html",
        headers={"Clear-Site-Data": '"cache", "cookies", "storage"'},
    )
    drop_sign_in_cookie(answer)
    return answer


# A redirect of a form to another site is refused by the content policy (form-action), and rightly so: the browser
# is told to go there by itself.
_GONE = f'<!doctype html><html lang="en"><title>.</title><a href="{LEAVE_TO}">.</a></html>'


@post("/leave", status_code=200)
async def leave(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """Somebody looks over the shoulder. Wiping the cache would hold the browser up for seconds: not here."""
    async with kit.db.transaction() as conn:
        await sign_out(conn, actor, now)
    answer = Response(content=_GONE, media_type=MediaType.HTML, headers={"Refresh": f"0;url={LEAVE_TO}"})
    drop_sign_in_cookie(answer)
    answer.delete_cookie(kept.COOKIE, path="/")
    return answer


@post("/language")
async def language(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """This browser keeps it for the pages of before one signs in; for somebody signed in it is kept here, too."""
    form = await read_form(request)
    code = check_language(form["language"])
    if actor.signed_in:
        async with kit.db.transaction() as conn:
            await set_reading(conn, actor, code, actor.time_zone, now)
    answer = see_other(safe_next(form["next"] or "/"))
    set_language_cookie(answer, code, kit.secure)
    return answer


# a forgotten password -----------------------------------------------------------------------------


def _forgot_page(
    request: Req, kit: Kit, actor: Actor, *, contact: str = "", reset_url: str | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    return page(
        request, kit, actor, "accounts/forgot.html", status=status_of(refusal), headers=waiting(refusal),
        url="/forgot", contact=contact, errors=errors_of(refusal), sent=reset_url is not None, reset_url=reset_url,
    )


@read("/forgot")
async def forgot_page(request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor]) -> Response[str]:
    return _forgot_page(request, kit, actor)


@post("/forgot", status_code=200)
async def do_forgot(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    form = await read_form(request)
    contact = form["contact"]
    try:
        if not contact:
            raise Invalid.field("contact", "missing", "Please type your e-mail, phone number or sign-in name.")
        numbers = await numbers_now(kit, actor, now)
        async with kit.db.transaction() as conn:
            reset_id = await forgot(conn, kit.vault, contact, now, network=network(request), numbers=numbers)
    except Refusal as refusal:
        return _forgot_page(request, kit, actor, contact=contact, refusal=refusal)
    return _forgot_page(request, kit, actor, reset_url=f"/reset/{reset_id}")


async def _reset_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, reset_id: UUID, *, form: Form | None = None,
    refusal: Refusal | None = None,
) -> Response[str]:
    async with kit.db.connection() as conn:
        found = await queries.verification(conn, reset_id, "reset")
    return page(
        request, kit, actor, "accounts/reset.html", status=status_of(refusal), headers=waiting(refusal),
        url=f"/reset/{reset_id}", hidden={}, errors=errors_of(refusal), code=form["code"] if form else "",
        over=found is not None and found.expires_at <= now, forgot_url="/forgot",
    )


@read("/reset/{reset_id:str}")
async def reset_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reset_id: FromPath[str],
) -> Response[str]:
    """Opening it changes nothing, and tells only whether its hour is over: for an id that nobody was given it looks
    like for one that works."""
    return await _reset_page(request, kit, actor, now, must_be_id(reset_id))


@post("/reset/{reset_id:str}")
async def do_reset(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reset_id: FromPath[str],
) -> Response[Any]:
    form = await read_form(request)
    numbers = await numbers_now(kit, actor, now)
    try:
        account_id = await reset(
            kit.db, kit.vault, must_be_id(reset_id), form["code"], form.raw("password"), now,
            network=network(request), numbers=numbers,
        )
        async with kit.db.transaction() as conn:
            token = await open_sign_in(conn, account_id, kind="page", own_phone=False, now=now, numbers=numbers)
    except Refusal as refusal:
        return await _reset_page(request, kit, actor, now, must_be_id(reset_id), form=form, refusal=refusal)
    answer = see_other("/me")
    set_sign_in_cookie(answer, token, False, kit.secure, numbers)
    return answer


pages: list[Any] = [
    sign_in_page, do_sign_in, do_sign_out, leave, language, forgot_page, do_forgot, reset_page, do_reset,
    *code_pages.pages, *account_pages.pages, *consent_pages.pages, *acting_pages.pages, *kept.pages,
]
