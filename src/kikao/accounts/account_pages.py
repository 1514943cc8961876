"""One's own account: contacts, language and zone, sign-ins, password."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts import queries
from kikao.accounts.actions import set_reading
from kikao.accounts.page_parts import errors_of, numbers_now, status_of, waiting, with_next
from kikao.accounts.queries import SignIn, User
from kikao.accounts.signing_in import change_password, end_all, end_one
from kikao.accounts.signing_up import add_contact
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.errors import NotSignedIn, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.render import page
from kikao.core.web import Kit, Req, must_be_id, need, network, read, read_form, see_other

# A short list: all zones would be heavier than the rest of the page. One's own is added to it.
ZONES = (
    "Africa/Nairobi", "Africa/Addis_Ababa", "Africa/Cairo", "Africa/Dar_es_Salaam", "Africa/Johannesburg",
    "Africa/Kampala", "Africa/Kigali", "Africa/Lagos", "America/Los_Angeles", "America/New_York", "Asia/Dubai",
    "Asia/Kolkata", "Australia/Sydney", "Europe/Berlin", "Europe/London", "UTC",
)
HERE = "/me/account"


class _Faults(msgspec.Struct, frozen=True):
    """A refusal, the form of this page that it belongs to, and what was typed there."""

    part: str = ""
    refusal: Refusal | None = None
    typed: str = ""

    def of(self, part: str) -> list[dict[str, str]]:
        return errors_of(self.refusal) if part == self.part else []


def _done(request: Req) -> dict[str, Any] | None:
    sentences = {
        "contact": _("We can reach you there now."),
        "reading": _("Saved."),
        "password": _("Your password is new. Everybody else who was signed in with the old one is signed out."),
        "ended": _("Signed out there."),
    }
    text = sentences.get(request.query_params.get("done") or "")
    return {"tone": "good", "title": text, "text": None} if text else None


def _zone_label(zone: str, now: datetime) -> str:
    place = zone.rsplit("/", 1)[-1].replace("_", " ")
    offset = now.astimezone(ZoneInfo(zone)).strftime("%z")
    return f"{place} (UTC{offset[:3]}:{offset[3:]})"


def _reading(user: User, now: datetime) -> dict[str, Any]:
    zones = [user.time_zone, *(zone for zone in ZONES if zone != user.time_zone)]
    return {
        "url": f"{HERE}/reading", "languages": list(i18n.LANGUAGES), "language": user.language,
        "time_zones": [(zone, _zone_label(zone, now)) for zone in zones], "time_zone": user.time_zone,
    }


def _sign_in(one: SignIn, actor: Actor) -> dict[str, Any]:
    current = one.id == actor.sign_in_id
    seen = {"when": i18n.when(one.seen_at, actor.time_zone)}
    end = {"label": _("End"), "url": f"{HERE}/sign-ins/{one.id}/end", "kind": "link"}
    return {
        "text": _("A browser") if one.kind == "page" else _("A program"), "when": _("Last used %(when)s") % seen,
        "current": current, "actions": [] if current else [end],
    }


def _rows(user: User) -> list[tuple[str, str]]:
    rows = [(_("Called"), user.name)]
    if user.own_names:
        rows.append((_("Sign-in name"), ", ".join(user.own_names)))
    return rows


async def _account_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, faults: _Faults = _Faults()  # noqa: B008  frozen
) -> Response[str]:
    if actor.account_id is None:
        raise NotSignedIn
    async with kit.db.connection() as conn:
        user = await queries.user(conn, actor.account_id)
        sign_ins = await queries.sign_ins(conn, actor.account_id, now)
        acted_for = await queries.acted_for(conn, actor.account_id, now)
        consents = await queries.consents(conn, actor.account_id)
    if user is None:
        raise NotSignedIn
    others = {"label": _("End all others"), "url": f"{HERE}/sign-ins/end-others", "kind": "plain"}
    return page(
        request, kit, actor, "accounts/account.html", status=status_of(faults.refusal),
        headers=waiting(faults.refusal), notice=None if faults.refusal else _done(request), rows=_rows(user),
        contacts=[{"text": one.masked, "proved": _("proved") if one.proved else _("not proved yet"), "actions": []}
                  for one in user.contacts],
        add_contact={"url": f"{HERE}/contacts", "errors": faults.of("contact"), "value": faults.typed},
        people=[{"name": name, "text": _("You book and agree for them.")} for name in acted_for],
        reading=_reading(user, now) | {"errors": faults.of("reading")},
        password={"url": f"{HERE}/password", "errors": faults.of("password"), "login": "".join(user.own_names[:1])},
        sign_ins=[_sign_in(one, actor) for one in sign_ins],
        sign_in_actions=[others] if len(sign_ins) > 1 else [],
        consents=[{"text": _("What is kept, and who sees it"), "when": i18n.when(at, actor.time_zone), "actions": []}
                  for at in consents],
        actions=[],
    )


@read(HERE)
async def account_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor)
    return await _account_page(request, kit, actor, now)


@post(f"{HERE}/reading")
async def do_reading(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor)
    form = await read_form(request)
    try:
        async with kit.db.transaction() as conn:
            await set_reading(conn, actor, form["language"], form["time_zone"])
    except Refusal as refusal:
        return await _account_page(request, kit, actor, now, _Faults("reading", refusal))
    return see_other(f"{HERE}?done=reading")


@post(f"{HERE}/password")
async def do_password(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor)
    form = await read_form(request)
    try:
        await change_password(
            kit.db, actor, form.raw("current_password"), form.raw("new_password"), now,
            fields=("current_password", "new_password"), numbers=await numbers_now(kit, actor, now),
        )
    except Refusal as refusal:
        return await _account_page(request, kit, actor, now, _Faults("password", refusal))
    return see_other(f"{HERE}?done=password")


@post(f"{HERE}/contacts")
async def do_contact(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor)
    form = await read_form(request)
    numbers = await numbers_now(kit, actor, now)
    try:
        async with kit.db.transaction() as conn:
            about = await add_contact(
                conn, kit.vault, actor, form["contact"], now, network=network(request), numbers=numbers
            )
    except Refusal as refusal:
        return await _account_page(request, kit, actor, now, _Faults("contact", refusal, form["contact"]))
    return see_other(with_next(f"/code/{about}", HERE))


@post(f"{HERE}/sign-ins/end-others")
async def do_end_others(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    need(actor)
    async with kit.db.transaction() as conn:
        await end_all(conn, actor, now, but_this=True)
    return see_other(f"{HERE}?done=ended")


@post(f"{HERE}/sign-ins/{{sign_in_id:str}}/end")
async def do_end_one(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime], sign_in_id: FromPath[str]
) -> Response[Any]:
    need(actor)
    async with kit.db.transaction() as conn:
        await end_one(conn, actor, must_be_id(sign_in_id), now)
    return see_other(f"{HERE}?done=ended")


pages: list[Any] = [account_page, do_reading, do_password, do_contact, do_end_others, do_end_one]
