"""One's own account: contacts, language and zone, sign-ins, password."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts import queries, rules
from kikao.accounts.actions import LoginTaken, set_reading
from kikao.accounts.contacts import ask_again, check_own, choose, not_sign_in_with, remove, sign_in_with
from kikao.accounts.page_parts import errors_of, numbers_now, status_of, waiting, with_next
from kikao.accounts.queries import OwnContact, SignIn, User
from kikao.accounts.rules import Numbers
from kikao.accounts.signing_in import Certain, change_password, end_all, end_one, make_certain
from kikao.accounts.signing_up import add_contact
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.errors import Invalid, NotFound, NotPossible, NotSignedIn, Refusal, TooOften
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
    pressed: str = ""  # the address of the button beside a contact, whose password is to be put right

    def of(self, part: str) -> list[dict[str, str]]:
        return errors_of(self.refusal) if part == self.part else []


def _done(request: Req) -> dict[str, Any] | None:
    sentences = {
        "contact": _("We can reach you there now."),
        "reading": _("Saved."),
        "password": _("Your password is new. Everybody else who was signed in with the old one is signed out."),
        "ended": _("Signed out there."),
        "chosen": _("Messages go there first now."),
        "removed": _("Removed. Nothing is sent there any more."),
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


def _used(one: SignIn, current: bool, zone: str) -> str:
    times = {"since": i18n.day_and_clock(one.since, zone), "seen": i18n.day_and_clock(one.seen_at, zone)}
    if current:
        return _("Since %(since)s, in use now") % times
    text = _("Since %(since)s") if times["since"] == times["seen"] else _("Since %(since)s, last used %(seen)s")
    return text % times


def _sign_in(one: SignIn, actor: Actor) -> dict[str, Any]:
    current = one.id == actor.sign_in_id
    end = {"label": _("End"), "url": f"{HERE}/sign-ins/{one.id}/end", "kind": "link"}
    return {
        "text": _("A browser") if one.kind == "page" else _("A program"),
        "when": _used(one, current, actor.time_zone), "current": current,
        "actions": [] if current else [end],
    }


def _asked(one: OwnContact, verb: str, faults: _Faults) -> dict[str, Any]:
    """A button that asks for the password first."""
    title, button, text = {
        "prove": (_("Send a code to %(contact)s?"), _("Send a code"),
                  _("You type it on the next page. After that messages can go there, and it can sign you in.")),
        "sign-in": (_("Sign in with %(contact)s?"), _("Sign in with it"),
                    _("It signs you in from then on, with your password.")),
        "not-sign-in": (_("Not sign in with %(contact)s?"), _("Do not sign in with it"),
                        _("Messages can still go there.")),
        "remove": (_("Remove %(contact)s?"), _("Remove it"),
                   _("Nothing is sent there any more, and it signs nobody in.")),
    }[verb]
    label = {"prove": _("Send a code"), "sign-in": _("Sign in with this too"),
             "not-sign-in": _("Do not sign in with this"), "remove": _("Remove…")}[verb]
    url = f"{HERE}/contacts/{one.id}/{verb}"
    refused = {"error": faults.of("contacts")[0]["detail"]} if faults.pressed == url else None
    return {"label": label, "url": url, "kind": "plain" if verb == "prove" else "link", "confirm": {
        "title": title % {"contact": one.masked}, "button": button, "text": text, "password": True,
        "kind": "danger" if verb == "remove" else "",
    }} | ({"refused": refused} if refused else {})


def _contact(one: OwnContact, alone: bool, faults: _Faults) -> dict[str, Any]:
    """`alone`: the only proved one, which cannot be taken away."""
    facts = [
        _("Confirmed.") if one.proved else _("Not confirmed yet: nothing is sent there."),
        *([_("Messages go here first.")] if one.chosen and not alone else []),
        *([_("You sign in with it.")] if one.signs_in and one.proved else []),
    ]
    choose = {"label": _("Send messages here first"), "url": f"{HERE}/contacts/{one.id}/choose", "kind": "link"}
    more = [] if one.chosen or not one.proved else [choose]
    if one.proved and not alone:
        more.append(_asked(one, "not-sign-in" if one.signs_in else "sign-in", faults))
    if not (one.proved and alone):
        more.append(_asked(one, "remove", faults))
    first = [] if one.proved else [_asked(one, "prove", faults)]
    return {"text": one.masked, "facts": " ".join(facts), "actions": first, "more": more,
            "open": any("refused" in action for action in more)}


def _contacts(user: User, faults: _Faults) -> list[dict[str, Any]]:
    alone = sum(one.proved for one in user.contacts) == 1
    return [_contact(one, alone, faults) for one in user.contacts]


def _rows(user: User) -> list[tuple[str, str]]:
    rows = [(_("Your name here"), user.name)]
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
        acted_for = await queries.acted_for(conn, user.person_id, now) if user else []
        agreed = await queries.has_consent(conn, user.person_id, now) if user else False
    if user is None:
        raise NotSignedIn
    others = {"label": _("End all others"), "url": f"{HERE}/sign-ins/end-others", "kind": "plain"}
    return page(
        request, kit, actor, "accounts/account.html", status=status_of(faults.refusal),
        headers=waiting(faults.refusal), notice=None if faults.refusal else _done(request), rows=_rows(user),
        contacts=_contacts(user, faults), contact_errors=faults.of("contacts") + faults.of("contact"),
        add_contact={"url": f"{HERE}/contacts", "errors": faults.of("contact"), "value": faults.typed},
        people=[{"name": name, "text": _("You book and agree for them.")} for name in acted_for],
        reading=_reading(user, now) | {"errors": faults.of("reading")},
        password={"url": f"{HERE}/password", "errors": faults.of("password"), "login": "".join(user.own_names[:1])},
        sign_ins=[_sign_in(one, actor) for one in sign_ins], zone_line=i18n.times_are(now, actor.time_zone),
        sign_in_actions=[others] if len(sign_ins) > 1 else [],
        agreed=agreed, consent_url=f"{HERE}/consent",
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
            await set_reading(conn, actor, form["language"], form["time_zone"], now)
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
        rules.contact(form["contact"])
        sure = await make_certain(kit.db, actor, form.raw("password"), now, field="password", numbers=numbers)
        async with kit.db.transaction() as conn:
            about = await add_contact(
                conn, kit.vault, sure, actor, form["contact"], now, network=network(request), numbers=numbers
            )
    except Refusal as refusal:
        return await _account_page(request, kit, actor, now, _Faults("contact", refusal, form["contact"]))
    return see_other(with_next(f"/code/{about}", HERE))


async def _certain(
    request: Req, kit: Kit, actor: Actor, now: datetime, contact_id: UUID, numbers: Numbers
) -> Certain:
    """The password that was typed beside one contact. Raises NotFound for another's, Invalid, TooOften."""
    form = await read_form(request)
    async with kit.db.connection() as conn:
        await check_own(conn, actor, contact_id)
    return await make_certain(kit.db, actor, form.raw("password"), now, field="password", numbers=numbers)


def _faults_beside(request: Req, refusal: Refusal) -> _Faults:
    """Beside one contact: a wrong password is told where it was typed."""
    return _Faults("contacts", refusal, pressed=request.scope["path"] if refusal.fields else "")


@post(f"{HERE}/contacts/{{contact_id:str}}/choose")
async def do_choose(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime], contact_id: FromPath[str]
) -> Response[Any]:
    need(actor)
    async with kit.db.transaction() as conn:
        await choose(conn, actor, must_be_id(contact_id), now)
    return see_other(f"{HERE}?done=chosen")


def _with_contact(path: str, done: str, verb: Any) -> Any:
    """A button beside one contact that asks for the password."""

    @post(f"{HERE}/contacts/{{contact_id:str}}/{path}")
    async def pressed(
        request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
        contact_id: FromPath[str],
    ) -> Response[Any]:
        need(actor)
        numbers = await numbers_now(kit, actor, now)
        try:
            sure = await _certain(request, kit, actor, now, must_be_id(contact_id), numbers)
            async with kit.db.transaction() as conn:
                await verb(conn, sure, actor, must_be_id(contact_id), now)
        except (NotPossible, LoginTaken, Invalid, TooOften) as refusal:
            return await _account_page(request, kit, actor, now, _faults_beside(request, refusal))
        return see_other(f"{HERE}?done={done}")

    return pressed


@post(f"{HERE}/contacts/{{contact_id:str}}/prove")
async def do_prove(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    contact_id: FromPath[str],
) -> Response[Any]:
    need(actor)
    numbers = await numbers_now(kit, actor, now)
    try:
        sure = await _certain(request, kit, actor, now, must_be_id(contact_id), numbers)
        async with kit.db.transaction() as conn:
            about = await ask_again(
                conn, kit.vault, sure, actor, must_be_id(contact_id), now, network=network(request), numbers=numbers
            )
    except NotFound:
        raise
    except Refusal as refusal:
        return await _account_page(request, kit, actor, now, _faults_beside(request, refusal))
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


pages: list[Any] = [
    account_page, do_reading, do_password, do_contact, do_choose,
    _with_contact("sign-in", "reading", sign_in_with), _with_contact("not-sign-in", "reading", not_sign_in_with),
    _with_contact("remove", "removed", remove), do_prove, do_end_others, do_end_one,
]
