"""The pages of one session. Home and lists are in home_pages.py, the request in asking.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Busy, Invalid, NotFound, NotPossible, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import new_id
from kikao.core.render import page, to_put_right
from kikao.core.web import Form, Kit, Req, form_once, need, read, read_form
from kikao.journal.queries import Line, history
from kikao.payments.links import pay_token
from kikao.sessions import (
    actions,
    asking,
    by_hand,
    calling,
    calling_words,
    doors,
    home_pages,
    meeting_words,
    queries,
    reasons,
    ringing,
    rules,
    words,
)
from kikao.sessions.doors import Door, Press
from kikao.sessions.queries import Session
from kikao.sessions.terms import whole_back_until

# one session --------------------------------------------------------------------------------------


@read("/s/{reference:str}")
async def session_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    need(actor)
    return await _session_page(request, kit, actor, now, reference)


async def _session_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, reference: str, refusal: Refusal | None = None,
    typed: Form | None = None,
) -> Response[Any]:
    async with kit.db.transaction() as conn:
        session = queries.with_link(await queries.visible(conn, actor, reference, now), kit.vault)
        session = await calling.with_number(conn, actor, session, now)
        note = await actions.open_note(conn, actor, session, kit.vault, now)
        reason = await actions.open_reason(conn, actor, session, kit.vault, now)
        said = await reasons.open_reasons(conn, actor, session, kit.vault, now)
        by_hand_why = await by_hand.open_against(conn, actor, session, kit.vault, now)
        numbers = (await kit.numbers(conn, actor, now)).of(rules.Numbers)
        lines = await history(conn, session.id)
        there = await queries.zone_there(conn, session, kit.time_zone)
        instead = await queries.in_its_place(conn, actor, session, now)
        whole = await whole_back_until(conn, session, now)
        parties = await queries.who_acted(conn, session, [line.by_account for line in lines])
    zone = actor.time_zone
    told = words.told(session, zone, now, _ended_by(lines, parties, actor))
    objection = meeting_words.objection(said, session)
    pay_url = f"/p/{pay_token(kit.vault, session.charge_id)}"
    events = [
        {"text": _(words.VERBS[line.verb]), "when": i18n.when(line.at, zone),
         "by": words.by_whom(parties[line.by_account])}
        for line in reversed(lines) if line.verb in words.VERBS
    ]
    first = [*meeting_words.meeting_actions(session, now, numbers), *words.first_actions(session, pay_url)]
    more = [*words.more_actions(session, actions.comes_back(session, now, whole), zone, now),
            *meeting_words.after_actions(session, zone, now, numbers)]
    opened = to_put_right([*first, *more], request.scope["path"], refusal, typed["reason"] if typed else "")
    code_form = _code_form(session, refusal, typed["transaction_code"] if typed else "")
    link_form = meeting_words.link_form(session, refusal, typed["link"] if typed else "")
    errors = _errors(refusal, code_form, link_form, opened=opened)
    waits = rules.CLIENT in session.parties and session.status == rules.PENDING_APPROVAL
    return page(
        request, kit, actor, "sessions/session.html", status=refusal.status if refusal else 200,
        reference=session.reference, headline=told.headline, sentence=told.sentence, badges=words.page_badges(session),
        step=words.step(session), stopped=words.stopped(session), for_nothing=words.for_nothing(session),
        left=words.left(session, now),
        errors=errors, opened=opened,
        notices=[*words.in_its_place(instead), *([] if errors else _refused(refusal)),
                 *calling_words.notices(session), *meeting_words.after_lines(session, zone, now, numbers, objection)],
        actions=_paid_already(words.before(instead, first)) if code_form else words.before(instead, first),
        more=more, code_form=code_form, link_form=link_form,
        meeting=_meeting(session), rows=words.rows(session, zone, actor.person_id, there, kit.time_zone),
        terms=words.terms(session, zone, now, whole),
        against={"rules": words.against(session), "reason": by_hand_why} if session.against else None,
        note={"label": _("What was written with the request"), "text": note} if note else None,
        reasons=[*([{"label": _("Why"), "text": reason}] if reason else []), *meeting_words.reasons(said, objection)],
        events=events, emergency=waits,
        aloud=ringing.aloud(session, zone, now, kit.paybill), pay_link=f"{kit.base_url}{pay_url}",
        poll_url=f"/s/{session.reference}/news?seen={session.updated_at.timestamp():.6f}" if waits else None,
        to_ring=rules.CLIENT in session.parties and session.status == rules.NO_SHOW,
        wipe=rules.CLIENT in session.parties and session.status != rules.APPROVED,
    )


def _ended_by(lines: list[Line], parties: dict[UUID, str], actor: Actor) -> str | None:
    """What ended it, and who: "you" for the viewer themselves."""
    ended = next((one for one in reversed(lines) if one.verb in ("cancel", "break off", "decline")), None)
    if ended is None:
        return None
    return words.who_ended(ended.verb, "you" if ended.by_account == actor.account_id else parties[ended.by_account])


def _errors(
    refusal: Refusal | None, code_form: dict[str, Any] | None, link_form: dict[str, Any] | None, *, opened: bool
) -> list[dict[str, str]]:
    """What is to be put right in a field of this page, which is told beside it as well."""
    if not isinstance(refusal, Invalid):
        return []
    if opened:
        return [error for error in asking.errors(refusal) if error["field"] == "reason"]
    if code_form:
        return [{"field": "transaction_code", "detail": code_form["error"]}]
    return [{"field": "link", "detail": link_form["error"]}] if link_form and link_form["error"] else []


def _refused(refusal: Refusal | None) -> list[dict[str, Any]]:
    """What has no field here; how it stands now is all around."""
    changed = isinstance(refusal, NotPossible) and refusal.detail == NotPossible.detail
    told = ([_("That was no longer possible. This page shows how it stands now.")] if changed
            else [one["detail"] for one in asking.errors(refusal)])  # fmt: skip
    return [{"tone": "attention", "title": None, "text": text, "focus": True} for text in told]


def _paid_already(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whoever types a code has paid: the way to pay stands back, and says so."""
    label = _("I have not paid yet: %(pay)s")
    return [one | {"kind": "plain", "label": label % {"pay": one["label"]} if one["url"].startswith("/p/")
                   else one["label"]} for one in found]


def _code_form(session: Session, refusal: Refusal | None, typed: str) -> dict[str, Any] | None:
    if not typed or not isinstance(refusal, Invalid | Busy):
        return None
    return {"url": f"/s/{session.reference}/code", "key": str(new_id()), "value": typed, "error": _(refusal.detail)}


def _meeting(session: Session) -> dict[str, str] | None:
    if session.meeting_link is None or session.mode == calling.PHONE:
        return calling_words.to_ring(session)
    return {"label": _("Open the meeting"), "url": session.meeting_link, "text": _("This is where you meet."),
            "icon": "video"}


@read("/s/{reference:str}/news")
async def news(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[bytes]:
    """Nothing (204) while nothing changed; else the page is asked to load again."""
    need(actor)
    async with kit.db.connection() as conn:
        session = await queries.visible(conn, actor, reference, now)
    seen = f"{session.updated_at.timestamp():.6f}" == request.query_params.get("seen")
    same = seen and session.status == rules.PENDING_APPROVAL
    headers = {} if same else {"HX-Refresh": "true"}
    return Response(content=b"", status_code=204, headers=headers, media_type="text/plain")


async def act(
    request: Req, kit: Kit, actor: Actor, now: datetime, reference: str, done: str | None, door: Door
) -> Response[Any]:
    """Look, do, and go back to the session; what is refused is said on its page. What somebody has `done` already
    is done."""
    need(actor)
    form = await read_form(request)

    async def run(conn: Conn) -> str:
        session = await queries.visible(conn, actor, reference, now)
        if done is None or not await queries.done_already(conn, session.id, done, actor):
            await door(Press(conn, actor, session, now, kit, form))
        return f"/s/{session.reference}"

    try:
        return await form_once(request, kit, actor, now, run)
    except (Busy, Invalid, NotPossible, actions.SlotTaken, actions.TooManyOpen) as refusal:
        return await _session_page(request, kit, actor, now, reference, refusal, await read_form(request))


def button(path: str, door: Door, done: str | None = None) -> Any:
    """A button of a session's page."""

    @post(f"/s/{{reference:str}}/{path}")
    async def pressed(
        request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
        reference: FromPath[str],
    ) -> Response[Any]:
        return await act(request, kit, actor, now, reference, done, door)

    return pressed


@post("/s/{reference:str}/code")
async def type_code(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    """The code of an M-Pesa message, typed by the client."""
    need(actor)
    form = await read_form(request)

    async def run(conn: Conn) -> str:
        session = await queries.visible(conn, actor, reference, now)
        if not await queries.done_already(conn, session.id, "submit a payment code", actor):
            await doors.submit_code(Press(conn, actor, session, now, kit, form))
        return f"/s/{session.reference}"

    try:
        return await form_once(request, kit, actor, now, run)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _session_page(request, kit, actor, now, reference, refusal, form)


pages: list[Any] = [
    *asking.pages, *home_pages.pages, session_page, news, button("approve", doors.approve, "approve"),
    button("decline", doors.decline, "decline"), button("cancel", doors.cancel, "cancel"), type_code,
]
