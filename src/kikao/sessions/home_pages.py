"""A client's home: what needs doing first, what is ahead, once more the same; and what is over.

Each part is a function of what was read; what a psychologist sees first stands above them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response
from litestar.di import NamedDependency

from kikao.accounts import queries as accounts
from kikao.accounts.queries import User
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.core.paging import or_begin
from kikao.core.render import own_pages, page
from kikao.core.web import Kit, Req, need, read
from kikao.directory.rules import code_of, mode_code
from kikao.payments.links import pay_token
from kikao.sessions import queries, rules, said, words
from kikao.sessions.queries import Again, Session
from kikao.sessions.said import Said

SHOWN = 20
OVER_AFTER = timedelta(hours=2)  # so long after its end a session still stands under what is ahead
OPENS_BEFORE = timedelta(minutes=15)
NEWS = timedelta(days=2)  # so long one is told at home that a time was not kept


class Home(msgspec.Struct, frozen=True):
    """Everything that the page is made of, as it was read."""

    user: User
    agreed: bool
    ahead: list[Session]
    lost: list[Session]
    said: list[Said]
    requests: list[Session]
    again: list[Again]


async def _read(kit: Kit, actor: Actor, now: datetime) -> Home:
    assert actor.account_id is not None
    assert actor.person_id is not None
    own = msgspec.structs.replace(actor, roles=actor.roles - {"desk", "admin"})
    holding = queries.Wanted(statuses=list(rules.HOLDING), from_at=now - timedelta(hours=12), most=50)
    lost = queries.Wanted(role="client", statuses=[rules.DECLINED, rules.EXPIRED], from_at=now, most=10)
    async with kit.db.connection() as conn:
        user = await accounts.user(conn, actor.account_id)
        assert user is not None
        return Home(
            user=user, agreed=await accounts.has_consent(conn, actor.person_id, now),
            ahead=[one for one in await queries.listed(conn, own, holding, now) if one.ends_at > now - OVER_AFTER],
            lost=[one for one in await queries.listed(conn, own, lost, now) if one.updated_at > now - NEWS],
            said=await said.to_anybody(conn, actor, now, (await kit.numbers(conn, actor, now)).of(rules.Numbers)),
            requests=await queries.requests(conn, actor, now, most=50) if actor.has("psychologist") else [],
            again=await queries.again(conn, actor, now),
        )


# what needs doing ---------------------------------------------------------------------------------


def _todo(title: str, text: str, *actions: dict[str, Any], left: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"title": title, "text": text, "left": left, "actions": list(actions)}


def _go(label: str, url: str, kind: str = "main") -> dict[str, Any]:
    return {"label": label, "url": url, "kind": kind, "method": "get"}


def _whose(text: str, session: Session, actor: Actor) -> str:
    """Said where it is not one's own."""
    if session.client_id == actor.person_id:
        return text
    return f"{text} {_('For %(name)s.') % {'name': session.client_name}}"


def _to_join(ahead: list[Session], actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """From a quarter of an hour before the start until its end."""
    return [
        _todo(_("It begins at %(clock)s") % {"clock": i18n.clock(one.starts_at, actor.time_zone)}
              if now < one.starts_at else _("It has begun"),
              _whose(_("With %(name)s.") % {"name": one.psychologist_name}, one, actor),
              _go(_("Open the session"), f"/s/{one.reference}"))
        for one in ahead
        if one.status in (rules.CONFIRMED, rules.IN_PROGRESS) and rules.CLIENT in one.parties
        and one.starts_at - OPENS_BEFORE <= now < one.ends_at
    ]


def _to_pay(ahead: list[Session], kit: Kit, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """What lapses first stands first."""
    waiting = [one for one in ahead if one.status == rules.APPROVED and one.missing and rules.CLIENT in one.parties]
    zone = actor.time_zone
    return [
        _todo(_("Pay %(amount)s") % {"amount": shown(one.missing)},
              _whose(_("Kept for you: %(when)s.") % {"when": i18n.day_and_clock(one.starts_at, zone)}, one, actor),
              _go(_("Pay"), f"/p/{pay_token(kit.vault, one.charge_id)}"),
              _go(_("See it"), f"/s/{one.reference}", "link"), left=words.left(one, now))
        for one in sorted(waiting, key=lambda one: one.hold_until or one.starts_at)
    ]


def _lost(lost: list[Session], actor: Actor, now: datetime) -> list[dict[str, Any]]:
    zone = actor.time_zone
    return [
        _todo(words.told(one, zone, now).headline, _whose(f"{i18n.day_and_clock(one.starts_at, zone)}.", one, actor),
              _go(_("Choose another time"), f"/t/{one.psychologist_slug}"),
              _go(_("See it"), f"/s/{one.reference}", "link"))
        for one in lost
    ]


def _said(those: list[Said], actor: Actor) -> list[dict[str, Any]]:
    """What can be objected to, then what was confirmed and is no more; to its client, or its psychologist."""
    return [
        _not_come(one, actor) if one.object_until else _cancelled(one, actor)
        for one in sorted(those, key=lambda one: one.object_until is None)
    ]


def _which(one: Said, actor: Actor) -> str:
    day = f"{i18n.day_and_clock(one.starts_at, actor.time_zone)}."
    if one.psychologist_id == actor.person_id:
        return f"{day} {_('With %(name)s.') % {'name': one.client_name}}"
    whose = "" if one.client_id == actor.person_id else f" {_('For %(name)s.') % {'name': one.client_name}}"
    return f"{day} {_('With %(name)s.') % {'name': one.psychologist_name}}{whose}"


def _not_come(one: Said, actor: Actor) -> dict[str, Any]:
    assert one.object_until is not None
    until = _("Not so? You can object until %(until)s.") % {
        "until": i18n.day_and_clock(one.object_until, actor.time_zone)}
    return _todo(_("It was noted that you did not come"), f"{_which(one, actor)} {until}",
                 _go(_("See it"), f"/s/{one.reference}"))


def _cancelled(one: Said, actor: Actor) -> dict[str, Any]:
    again = [] if one.psychologist_id == actor.person_id else [
        _go(_("Choose another time"), f"/t/{one.psychologist_slug}")]
    look = _go(_("See it"), f"/s/{one.reference}", "link" if again else "main")
    return _todo(_("A confirmed session was cancelled"), _which(one, actor), *again, look)


def _to_prove(user: User) -> list[dict[str, Any]]:
    return [
        _todo(_("Confirm %(contact)s") % {"contact": one.masked},
              _("Nothing is sent there before you have typed the code that we send to it."),
              _go(_("Confirm it"), "/me/account", "plain"))
        for one in user.contacts if not one.proved
    ]


def _to_agree(home: Home, actor: Actor) -> list[dict[str, Any]]:
    if home.agreed or not actor.has("client"):
        return []
    return [_todo(_("You have not agreed to what is kept about you"),
                  _("Nothing new can be requested before you do."), _go(_("Read it"), "/me/account/consent", "plain"))]


def todo(home: Home, kit: Kit, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """In the order in which it is done."""
    return [
        *_to_join(home.ahead, actor, now), *_to_pay(home.ahead, kit, actor, now), *_said(home.said, actor),
        *_lost(home.lost, actor, now), *_to_agree(home, actor), *_to_prove(home.user),
    ]


# the rest of the page -----------------------------------------------------------------------------


def entry(session: Session, zone: str, now: datetime, own_person: UUID | None = None) -> dict[str, Any]:
    mine = rules.CLIENT in session.parties
    facts = [_(session.session_type), _(session.mode)]
    if not words.for_nothing(session):
        facts.append(shown(session.price))
    if mine and own_person is not None and session.client_id != own_person:
        facts.insert(0, _("for %(name)s") % {"name": session.client_name})
    return {
        "title": session.psychologist_name if mine else session.client_name, "url": f"/s/{session.reference}",
        "reference": session.reference, "badges": words.badges(session),
        "when": i18n.day_and_clock(session.starts_at, zone),
        "facts": facts, "note": None, "left": words.left(session, now),
        "actions": [action for action in words.first_actions(session, None) if action.get("method") != "get"],
    }


def once_more(found: list[Again]) -> list[dict[str, Any]]:
    """Each leads to the times of the same psychologist, type and mode."""
    return [
        {"name": one.psychologist_name, "text": f"{_(one.session_type)} · {_(one.mode)}",
         "url": f"/t/{one.slug}?{urlencode({'k': code_of(one.session_type), 'm': mode_code(one.mode)})}#times"}
        for one in found
    ]


def _empty(actor: Actor) -> dict[str, str]:
    if actor.has("psychologist"):
        return {"title": _("No session planned"), "text": _("What clients request appears here, with what to do next."),
                "label": _("See your hours"), "url": "/me/hours"}
    return {"title": _("No session planned"), "text": _("What you request appears here, with what happens next."),
            "label": _("Find a time"), "url": "/team"}


@read("/me")
async def home(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """What needs doing first, then what is ahead; `?show=past` is what is over."""
    need(actor)
    if request.query_params.get("show") == "past":
        return await _past_page(request, kit, actor, now)
    found = await _read(kit, actor, now)
    asked = {one.id for one in found.requests}
    zone = actor.time_zone
    return page(
        request, kit, actor, "sessions/home.html", tabs=own_pages(actor, "/me"), todo=todo(found, kit, actor, now),
        requests=[entry(one, zone, now) for one in found.requests],
        entries=[entry(one, zone, now, actor.person_id) for one in found.ahead if one.id not in asked],
        empty=_empty(actor), again=once_more(found.again), zone_line=i18n.times_are(now, zone),
    )


# what is over -------------------------------------------------------------------------------------


async def _past_page(request: Req, kit: Kit, actor: Actor, now: datetime) -> Response[Any]:
    before = or_begin(request.query_params.get("before"))
    async with kit.db.connection() as conn:
        found = await queries.past(conn, actor, now, over=now - OVER_AFTER, before=before, most=SHOWN)
    here = "/me?show=past"
    more = f"{here}&{urlencode({'before': queries.cursor_at(found[SHOWN - 1])})}" if len(found) > SHOWN else None
    return page(
        request, kit, actor, "sessions/list.html", heading=_("Past and cancelled"), intro=None,
        tabs=own_pages(actor, here),
        entries=[entry(one, actor.time_zone, now, actor.person_id) for one in found[:SHOWN]],
        empty=_empty(actor) | {"title": _("Nothing here yet"), "text": _("Your past sessions will be listed here.")},
        zone_line=i18n.times_are(now, actor.time_zone), next_url=more, first_url=here if before else None,
    )


pages: list[Any] = [home]
