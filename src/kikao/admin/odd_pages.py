"""What a person has to look at: typed codes, letters that do not fit, what is stuck, who could not be reached."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup

from kikao.admin import reports, words
from kikao.admin.parts import (
    CODES,
    MESSAGES,
    MONEY,
    Parts,
    action,
    charge_link,
    columns,
    link,
    note_look,
    reference,
    sections,
)
from kikao.admin.typed import Cursor, Typed, typed
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import NotFound
from kikao.core.i18n import gettext as _
from kikao.core.money import shown
from kikao.core.paging import make_cursor, or_begin, read_cursor
from kikao.core.render import page
from kikao.core.web import Kit, Req, form_once, must_be_id, need, read, read_form
from kikao.journal.actions import record
from kikao.notifications import queries as notifications
from kikao.notifications.actions import told_by_telephone, wait_on
from kikao.notifications.queries import Message
from kikao.payments import office
from kikao.payments.office import Contradiction, Filter, Stray, Stuck

EACH = 50
UNREACHED = "/practice/unreached"


def _table(
    heading: str | None, caption: str, shape: list[dict[str, Any]], rows: list[list[Any]], none: tuple[str, str]
) -> dict[str, Any]:
    return {
        "heading": heading, "caption": caption, "columns": shape, "rows": rows, "next_url": None, "first_url": None,
        "empty": {"title": none[0], "text": none[1]},
    }


def _on(url: str, after: Cursor | None, more: Cursor | None, **kept: str) -> dict[str, str | None]:
    """The way on in a list that goes by time, and back to its begin."""
    begin = f"{url}?{urlencode(kept)}" if kept else url
    going_on = f"{url}?{urlencode(kept | {'after': make_cursor(more)})}" if more else None
    return {"next_url": going_on, "first_url": begin if after else None}


def _page(
    request: Req, kit: Kit, actor: Actor, heading: str, section: str, blocks: list[dict[str, Any]],
    lead: str | None = None,
) -> Response[str]:
    return page(
        request, kit, actor, "admin/money.html", heading=heading, sections=sections(actor, section), tabs=[],
        notices=[], lead=lead, search=None, errors=[], blocks=blocks,
    )


# codes --------------------------------------------------------------------------------------------


@read("/practice/codes")
async def typed_codes(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, *CODES)
    show, after = request.query_params.get("show"), or_begin(request.query_params.get("after"))
    late, parts, blocks = show == "late", Parts(actor, now), []
    async with kit.db.transaction() as conn:
        if not late:
            blocks.append(_kept(*await _typed(conn, now, after, kept=True), parts))
        rest, more, begun = await _typed(conn, now, after if late else None, kept=False)
        await note_look(conn, actor, now, page="codes")
    if rest or late:
        blocks.append(_late(rest, more, begun, parts))
    return _page(request, kit, actor, _("Codes to check"), "codes", blocks)


async def _typed(
    conn: Conn, now: datetime, after: Cursor | None, *, kept: bool
) -> tuple[list[Typed], Cursor | None, Cursor | None]:
    """What stands there, where it goes on, and after what it begins: anew where the page is empty by now."""
    found, more = await typed(conn, now, kept=kept, limit=EACH, after=after)
    if after and not found:
        return await _typed(conn, now, None, kept=kept)
    return found, more, after


def _kept(found: list[Typed], more: Cursor | None, after: Cursor | None, parts: Parts) -> dict[str, Any]:
    none = (_("No code to check"), _("Codes of M-Pesa messages that clients type stand here until somebody looks."))
    table = _table(
        None, _("The oldest first. %(zone)s") % {"zone": parts.zone}, _of_codes(), [_code(one, parts) for one in found],
        none,
    )
    return table | _on("/practice/codes", after, more)


def _late(found: list[Typed], more: Cursor | None, after: Cursor | None, parts: Parts) -> dict[str, Any]:
    table = _table(
        _("No time waits for these"), _("They ended, or were settled in another way. Did this money come, too?"),
        _of_codes()[:-1], [_code(one, parts)[:-1] for one in found], (_("No such code is left to answer."), ""),
    )
    return table | _on("/practice/codes", after, more, show="late")


def _of_codes() -> list[dict[str, Any]]:
    return columns(_("Reference"), _("Code"), _("Still to pay"), _("Typed"), _("Status"), _("Kept until"), num=(2,))


def _code(one: Typed, parts: Parts) -> list[Any]:
    return [
        reference(one.reference, f"/s/{one.reference}/money"), one.code, shown(one.missing), parts.at(one.made_at),
        parts.badges(one.status) if one.status else "–", parts.at(one.hold_until) if one.hold_until else "–",
    ]


# letters ------------------------------------------------------------------------------------------


@read("/practice/strays")
async def strays(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, *MONEY)
    after = read_cursor(request.query_params.get("after"))
    async with kit.db.transaction() as conn:
        alarms = await office.contradictions(conn) if after is None else []
        found, more = await office.strays(conn, Filter(), limit=EACH, after=after)
        await note_look(conn, actor, now, page="strays")
    parts = Parts(actor, now)
    letters = _table(
        _("Letters that do not fit"), _("The newest first. %(zone)s") % {"zone": parts.zone},
        columns(_("Reference"), _("When"), _("What it did"), _("Why")), [_stray(one, parts) for one in found],
        (_("Every letter fits."), ""),
    ) | _on("/practice/strays", after, more)
    contradictions = _table(
        _("What does not add up"), parts.zone,
        columns(_("Reference"), _("When"), _("What stands"), _("Why somebody should look")),
        [_alarm(one, parts) for one in alarms], ("", ""),
    )
    blocks = [contradictions, letters] if alarms else [letters]
    return _page(request, kit, actor, _("Letters"), "strays", blocks, lead=_(
        "A letter is what comes to the address at which M-Pesa tells us of payments. One that moved nothing may be"
        " forged or meant for somebody else: nothing has to be done about it."
    ))  # fmt: skip


def _stray(one: Stray, parts: Parts) -> list[Any]:
    return [
        charge_link(one.reference, one.charge_id), parts.at(one.received_at),
        _(words.OUTCOMES[one.outcome]) if one.outcome else _("Not read yet"),
        _(words.REASONS.get(one.why, one.why)) if one.why else "–",
    ]


def _alarm(one: Contradiction, parts: Parts) -> list[Any]:
    tone, icon, word = words.STATES[one.state]
    return [
        charge_link(one.reference, one.charge_id), parts.at(one.at), parts.sign(tone, icon, _(word)),
        _(words.REASONS.get(one.alarm, one.alarm)),
    ]


# stuck --------------------------------------------------------------------------------------------


@read("/practice/stuck")
async def stuck(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, *CODES)
    parts, blocks = Parts(actor, now), []
    async with kit.db.connection() as conn:
        if actor.has(*MONEY):
            blocks.append(_stuck_money(await office.stuck(conn, now), parts))
        if actor.has(*MESSAGES):
            still = await notifications.stuck(conn)
            about = await reports.about(conn, [one.id for one in still])
            blocks.append(_stuck_messages(still, about, parts))
    return _page(request, kit, actor, _("What is stuck"), "stuck", blocks)


def _stuck_money(found: list[Stuck], parts: Parts) -> dict[str, Any]:
    rows = [
        [_(words.STUCK[one.kind]), charge_link(one.reference, one.charge_id), parts.at(one.due_at), _error(one.error),
         parts.actions(_again(one.kind, str(one.id)))]
        for one in found
    ]
    shape = columns(_("What"), _("Reference"), _("Due since"), _("What stopped it"), _("What can be done"), bare=(4,))
    caption = _("Eight tries did not settle it. %(zone)s") % {"zone": parts.zone}
    return _table(_("Payments"), caption, shape, rows, (_("Nothing is stuck."), ""))


def _error(name: str | None) -> Any:
    """What stopped it, in words; what the program calls it stands small beside them, for whoever mends it."""
    if name is None:
        return "–"
    said = _(words.FAULTS.get(name, words.FAULTS_ELSE))
    return Markup('{}<br><span class="quiet small">{}</span>').format(said, name)


def _again(kind: str, row_id: str) -> dict[str, Any]:
    return action(
        _("Try again"), f"/practice/stuck/{kind}/{row_id}/again", _("Has what stopped it been mended?"),
        _("It is tried eight times more. A phone is never rung late."),
    )


def _whom(one: Message, about: dict[Any, reports.About]) -> list[Any]:
    found = about.get(one.id) or reports.About(None, None)
    session = reference(found.reference, f"/s/{found.reference}") if found.reference else "–"
    kind = _(words.KINDS.get(one.kind, one.kind.capitalize()))
    name = link(found.name, f"/practice/caller/{found.person_id}") if found.name else _("a contact that is not proved")
    return [name, session, kind]


def _stuck_messages(found: list[Message], about: dict[Any, reports.About], parts: Parts) -> dict[str, Any]:
    rows = [
        [*_whom(one, about), _error(one.last_error), parts.actions(_again("message", str(one.id)))] for one in found
    ]
    shape = columns(_("For"), _("Reference"), _("About"), _("What stopped it"), _("What can be done"), bare=(4,))
    caption = _("A fault of ours stopped these.")
    return _table(_("Messages"), caption, shape, rows, (_("Every message has left."), ""))


@post("/practice/stuck/{kind:str}/{row_id:str}/again")
async def again(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    kind: FromPath[str], row_id: FromPath[str],
) -> Response[Any]:
    need(actor, *(MESSAGES if kind == "message" else MONEY))
    found = must_be_id(row_id)
    if kind not in words.STUCK:
        raise NotFound
    await read_form(request)

    async def run(conn: Conn) -> str:
        still = await notifications.stuck(conn) if kind == "message" else await office.stuck(conn, now)
        if any(one.id == found for one in still):  # else somebody was faster
            if kind == "message":
                await wait_on(conn, found, 0, now)
            else:
                await office.try_again(conn, kind, found, now)
            await record(conn, actor, "try again", kind, found, now)
        return "/practice/stuck"

    return await form_once(request, kit, actor, now, run)


# who could not be reached --------------------------------------------------------------------------


@read(UNREACHED)
async def unreached(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, *MESSAGES)
    after = or_begin(request.query_params.get("after"))
    async with kit.db.connection() as conn:
        found, more = await notifications.unreachable(conn, most=EACH, after=after)
        if after and not found:  # the last of this page was told
            after = None
            found, more = await notifications.unreachable(conn, most=EACH)
        about = await reports.about(conn, [one.id for one in found])
    parts = Parts(actor, now)
    block = _table(
        None, _("The newest first. %(zone)s") % {"zone": parts.zone},
        columns(_("For"), _("Reference"), _("About"), _("When"), _("Why"), _("What can be done"), bare=(5,)),
        [_unreached(one, about, parts, after) for one in found],
        (_("Everybody could be reached"), _("Whom neither mail nor SMS reaches stands here, to be rung.")),
    ) | _on(UNREACHED, after, more)
    return _page(request, kit, actor, _("Could not be reached"), "unreached", [block])


def _page_of(after: Cursor | None) -> str:
    """Where somebody is in the list of whom to ring, as an address carries it along."""
    return f"?{urlencode({'after': make_cursor(after)})}" if after else ""


def _unreached(one: Message, about: dict[Any, reports.About], parts: Parts, after: Cursor | None) -> list[Any]:
    why = one.dropped_why or one.last_error or "–"
    name = (about.get(one.id) or reports.About(None, None)).name
    told = action(
        _("I told them"), f"{UNREACHED}/{one.id}/told{_page_of(after)}",
        _("Did you tell %(name)s?") % {"name": name} if name else _("Did you tell them?"),
        _("It is taken off this list, and no message is sent any more."),
    )
    at = parts.at(one.dropped_at or one.created_at)
    return [*_whom(one, about), at, _(words.UNREACHED.get(why, words.UNREACHED_ELSE)), parts.actions(told)]


@post("/practice/unreached/{row_id:str}/told")
async def told(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    row_id: FromPath[str],
) -> Response[Any]:
    need(actor, *MESSAGES)
    found, after = must_be_id(row_id), or_begin(request.query_params.get("after"))
    await read_form(request)

    async def run(conn: Conn) -> str:
        await told_by_telephone(conn, actor, found, now)
        return f"{UNREACHED}{_page_of(after)}"

    return await form_once(request, kit, actor, now, run)


pages: list[Any] = [typed_codes, strays, stuck, again, unreached, told]
