"""What is kept about somebody, that they agreed to it, and how they take that back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts import queries
from kikao.accounts.actions import OutdatedConsent, give_consent
from kikao.accounts.page_parts import errors_of, status_of
from kikao.accounts.queries import Consent
from kikao.accounts.standing import withdraw_consent
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.errors import Invalid, NotSignedIn, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import read_id
from kikao.core.render import page
from kikao.core.web import Kit, Req, must_be_id, need, read, read_form, see_other

HERE = "/me/account/consent"


def _line(one: Consent, actor: Actor) -> dict[str, Any]:
    when = i18n.when(one.given_at, actor.time_zone)
    own = one.person_id == actor.person_id
    text = _("You agreed for yourself") if own else _("You agreed for %(name)s") % {"name": one.name}
    if one.withdrawn_at is not None:
        back = {"when": i18n.when(one.withdrawn_at, actor.time_zone)}
        return {"text": text, "when": f"{when}. {_('Taken back %(when)s') % back}", "actions": []}
    if not one.theirs:
        return {"text": text, "when": when, "actions": []}
    confirm = {
        "title": _("Take your agreement back?"), "button": _("Take it back"),
        "text": _("Requests that still wait end at once, and what was paid for them comes back. What is confirmed "
                  "stays until you cancel it. Nothing new can be requested until you agree again."),
    }
    back_action = {"label": _("Take it back…"), "url": f"{HERE}/{one.person_id}/withdraw", "kind": "danger",
                   "confirm": confirm}
    return {"text": text, "when": when, "actions": [back_action]}


async def _page(
    request: Req, kit: Kit, actor: Actor, now: datetime, *, ticked: bool = False, refusal: Refusal | None = None
) -> Response[str]:
    if actor.person_id is None:
        raise NotSignedIn
    async with kit.db.connection() as conn:
        text = await queries.consent_text(conn, actor.language)
        agreed = await queries.has_consent(conn, actor.person_id, now)
        given = await queries.consents(conn, actor.person_id, now)
    return page(
        request, kit, actor, "accounts/consent.html", status=status_of(refusal), errors=errors_of(refusal),
        lines=text.lines, text_id=str(text.id), agreed=agreed, ticked=ticked, url=HERE,
        given=[_line(one, actor) for one in given], back_url="/me/account",
        done=request.query_params.get("done") if refusal is None else None,
    )


@read(HERE)
async def consent_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor)
    return await _page(request, kit, actor, now)


@post(HERE)
async def do_agree(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """Once is enough: a second time changes nothing."""
    need(actor)
    form = await read_form(request)
    text_id = read_id(form["consent_text"])
    try:
        if not form.ticked("consent") or text_id is None:
            raise Invalid.field("consent", "missing", "Please read what is kept about you, and agree to it first.")
        async with kit.db.transaction() as conn:
            assert actor.person_id is not None
            if not await queries.has_consent(conn, actor.person_id, now):
                await give_consent(conn, actor, text_id, actor.person_id, now)
    except (Invalid, OutdatedConsent) as refusal:
        return await _page(request, kit, actor, now, ticked=form.ticked("consent"), refusal=refusal)
    return see_other(f"{HERE}?done=agreed")


@post(f"{HERE}/{{person_id:str}}/withdraw")
async def do_withdraw(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime], person_id: FromPath[str]
) -> Response[Any]:
    need(actor)
    async with kit.db.transaction() as conn:
        await withdraw_consent(conn, actor, kit.vault, must_be_id(person_id), now)
    return see_other(f"{HERE}?done=withdrawn")


pages: list[Any] = [consent_page, do_agree, do_withdraw]
