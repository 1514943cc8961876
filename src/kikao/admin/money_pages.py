"""What came in: payments as finance finds them, and everything that is known of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.admin import duty_pages, reports, search, words
from kikao.admin.parts import (
    MONEY,
    Parts,
    action,
    charge_link,
    columns,
    note_look,
    sections,
    together,
)
from kikao.admin.search import Search
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid, NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import SYSTEM
from kikao.core.money import shown
from kikao.core.paging import make_cursor, read_cursor
from kikao.core.render import page
from kikao.core.web import Kit, Req, form_once, must_be_id, need, read, read_form, see_other
from kikao.journal.actions import UNKNOWN
from kikao.journal.queries import Line, history
from kikao.payments import codes, office, queries, reversals
from kikao.payments.office import Cursor, Duty, Filter, Move, Payment
from kikao.payments.queries import Bill
from kikao.sessions.asking import errors

EACH = 25
MOST = 200  # tries of one charge: six a day at most
HISTORY = 50


# searching ----------------------------------------------------------------------------------------


@post("/practice/payments")
async def find(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[Any]:
    """A form, so that what is looked for stands in no address and no history."""
    need(actor, *MONEY)
    wanted = search.typed(await read_form(request))
    try:
        search.read(wanted, actor.time_zone)
    except Invalid as refusal:
        return _list(request, kit, actor, now, wanted, ([], None), refusal=refusal)
    found = wanted != Search()
    return see_other(f"/practice/payments?f={search.pack(kit.vault, actor, wanted)}" if found else "/practice/payments")


@read("/practice/payments")
async def payments(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, *MONEY)
    wanted = search.unpack(kit.vault, actor, request.query_params.get("f"))
    after = read_cursor(request.query_params.get("after"))
    if wanted is None:
        lost = NotFound("This search cannot be opened any more. Please type it again.")
        return _list(request, kit, actor, now, Search(), ([], None), refusal=lost)
    async with kit.db.transaction() as conn:
        given = await search.whom(conn, wanted, search.read(wanted, actor.time_zone))
        found = await office.payments(conn, given, limit=EACH, after=after)
        await note_look(conn, actor, now, by=wanted.keys, charges=sorted({one.charge_id for one in found[0]}))
    return _list(request, kit, actor, now, wanted, found)


def _list(
    request: Req, kit: Kit, actor: Actor, now: datetime, wanted: Search,
    found: tuple[list[Payment], Cursor | None], *, refusal: Refusal | None = None,
) -> Response[str]:
    parts, filtered = Parts(actor, now), wanted != Search()
    kept = {"f": search.pack(kit.vault, actor, wanted)} if filtered else {}
    after = make_cursor(found[1])
    empty = {"title": _("No payment fits that"), "text": _("Leave something out, or look at all of them.")}
    if not filtered:
        empty = {"title": _("No payment yet"), "text": _("Every try and everything that comes in stands here.")}
    return page(
        request, kit, actor, "admin/money.html", status=refusal.status if refusal else 200, heading=_("Payments"),
        sections=sections(actor, "payments"), lead=None, tabs=[], notices=[], errors=errors(refusal),
        search={
            "url": "/practice/payments", "typed": msgspec.structs.asdict(wanted), "open": filtered or bool(refusal),
        },
        blocks=[] if refusal else [{
            "heading": None, "caption": _("The newest first. %(zone)s") % {"zone": parts.zone},
            "columns": columns(_("Reference"), _("When"), _("Phone"), _("Asked for"), _("How it stands"), _("Receipt"),
                               _("Came"), num=(3, 6)),
            "rows": [_line(one, parts) for one in found[0]], "empty": empty,
            "next_url": f"/practice/payments?{urlencode(kept | {'after': after})}" if after else None,
            "first_url": f"/practice/payments?{urlencode(kept)}" if request.query_params.get("after") else None,
        }],
    )


def _line(one: Payment, parts: Parts) -> list[Any]:
    return [charge_link(one.reference, one.charge_id), *_try(one, parts)]


def _try(one: Payment, parts: Parts) -> list[Any]:
    tone, icon, word = words.STATES[one.state]
    states = [parts.sign(tone, icon, _(word))]
    if one.alarm:
        states.append(parts.sign("bad", "alert", _("Does not add up")))
    return [
        parts.at(one.at), one.phone or "–", shown(one.amount) if one.phone else "–", together(*states),
        one.receipt or (_("to come") if one.received else "–"), shown(one.received) if one.received else "–",
    ]


# one payment --------------------------------------------------------------------------------------


class Known(msgspec.Struct, frozen=True):
    """Everything about one charge, as it was read in one look."""

    bill: Bill
    tries: list[Payment]
    letters: list[reports.Letter]
    moves: list[Move]
    duties: list[Duty]
    came: list[reversals.Came]
    lines: list[Line]
    people: reports.People
    givers: dict[UUID, UUID]
    status: str | None


async def _known(conn: Conn, charge_id: UUID, now: datetime) -> Known:
    bill = await queries.bill(conn, charge_id)
    if bill is None:
        raise NotFound
    same = Filter(reference=bill.reference)
    tries = [one for one in (await office.payments(conn, same, limit=MOST))[0] if one.charge_id == charge_id]
    duties = [
        one for one in (await office.duties(conn, same, limit=MOST, open_only=False))[0] if one.charge_id == charge_id
    ]
    lines = (await history(conn, charge_id))[-HISTORY:]
    givers = await reports.gave_back(conn, [charge_id])
    people = await reports.people(conn, [*givers.values(), *(line.by_account for line in lines)], bill.payer_account)
    return Known(
        bill, tries, await reports.letters(conn, [one.id for one in tries]), await office.moves(conn, charge_id),
        duties, await reversals.came(conn, charge_id), lines, people, givers,
        await reports.status_of(conn, charge_id, now),
    )


@read("/practice/payments/{charge_id:str}")
async def payment(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    charge_id: FromPath[str],
) -> Response[str]:
    need(actor, *MONEY)
    async with kit.db.transaction() as conn:
        known = await _known(conn, must_be_id(charge_id), now)
        await note_look(conn, actor, now, known.bill.id)
    parts, bill = Parts(actor, now), known.bill
    alarms = [one.alarm for one in known.tries if one.alarm]
    return page(
        request, kit, actor, "admin/payment.html", reference=bill.reference,
        url=f"/s/{bill.reference}/money" if bill.purpose == "session" else None,
        badges=[word for word in (known.status, bill.payment_status) if word], amount=bill.amount,
        rows=_summary(known, actor, now),
        notices=[
            {"tone": "danger", "title": _("Something does not add up here"), "text": _(words.REASONS.get(alarm, alarm))}
            for alarm in sorted(set(alarms))
        ],
        blocks=[block(known, parts) for block in (_tries, _evidence, _letters, _moves, _duties, _reversals)],
        events=_events(known, actor), zone=parts.zone,
    )


def _summary(known: Known, actor: Actor, now: datetime) -> list[tuple[str, Any]]:
    bill = known.bill
    rows = [
        (_("Owed by"), known.people.name(bill.payer_account) or _("whoever has the pay link")),
        (_("Came"), shown(bill.received)), (_("Still to pay"), shown(bill.missing)),
    ]
    if bill.given_back:
        rows.append((_("Given back, or to be"), shown(bill.given_back)))
    if bill.payable(now) and bill.open_until:
        rows.append((_("Can be paid until"), i18n.when(bill.open_until, actor.time_zone)))
    if bill.closed_at:
        rows.append((_("Closed"), i18n.when(bill.closed_at, actor.time_zone)))
    return rows


def _block(heading: str, caption: str, shape: list[dict[str, Any]], rows: list[list[Any]], none: str) -> dict[str, Any]:
    return {
        "heading": heading, "caption": caption, "columns": shape, "rows": rows, "empty": {"title": none, "text": ""},
        "next_url": None, "first_url": None,
    }


def _tries(known: Known, parts: Parts) -> dict[str, Any]:
    shape = columns(
        _("When"), _("Phone"), _("Asked for"), _("How it stands"), _("Receipt"), _("Came"), num=(2, 5)
    )
    rows = [_try(one, parts) for one in known.tries]
    caption = _("The newest first. %(zone)s") % {"zone": parts.zone}
    return _block(_("Tries and receipts"), caption, shape, rows, _("Nobody has tried to pay yet."))


def _evidence(known: Known, parts: Parts) -> dict[str, Any]:
    rows = [
        [parts.at(one.at), one.receipt or "–", _(words.METHODS[one.method]) if one.method else "–", _said(one)]
        for one in known.tries
    ]
    shape = columns(_("When"), _("Receipt"), _("Known by"), _("M-Pesa's code"))
    return _block(_("Evidence"), _("How we know"), shape, rows, _("Nothing is known yet."))


def _said(one: Payment) -> str:
    if one.code is None:
        return "–"
    return f"{one.code}: {_(codes.meaning(one.code).sentence)}"


def _letters(known: Known, parts: Parts) -> dict[str, Any]:
    rows = [
        [parts.at(one.received_at), _(words.OUTCOMES[one.outcome]) if one.outcome else _("Not read yet"),
         _(words.REASONS.get(one.why, one.why)) if one.why else "–"]
        for one in reversed(known.letters)
    ]
    caption = _("What M-Pesa, or somebody in its name, sent about these tries. The newest first.")
    return _block(_("Letters"), caption, columns(_("When"), _("What it did"), _("Why")), rows, _("No letter has come."))


def _moves(known: Known, parts: Parts) -> dict[str, Any]:
    rows = [
        [parts.at(one.at), _(words.MOVES.get(one.why, one.why)), _(words.PLACES[one.come_from]),
         _(words.PLACES[one.to]), shown(one.amount)]
        for one in reversed(known.moves)
    ]
    shape = columns(_("When"), _("What"), _("From"), _("To"), _("Amount"), num=(4,))
    return _block(_("Ledger"), _("Every shilling's way, the last step first"), shape, rows, _("No shilling has moved."))


def _duties(known: Known, parts: Parts) -> dict[str, Any]:
    here = f"/practice/payments/{known.bill.id}"
    rows = [duty_pages.row(one, parts, known.people, known.givers, here)[1:] for one in known.duties]
    shape = duty_pages.shape()[1:]
    return _block(_("To give back"), _("By whom and when"), shape, rows, _("Nothing has to be given back."))


def _reversals(known: Known, parts: Parts) -> dict[str, Any]:
    rows = []
    for one in known.came:
        noted = one.taken_back_at
        taken = action(
            _("Note that M-Pesa took it back"), f"/practice/payments/{known.bill.id}/reversed/{one.receipt_id}",
            _("Is %(amount)s gone from the account again?") % {"amount": shown(one.amount)},
            _("Say so only after you have seen it in M-Pesa's statement. An admin then decides who bears it."),
        )
        state = parts.beside(parts.sign("bad", "undo", _("Taken back")), parts.at(noted)) if noted else _("Still here")
        rows.append([one.number or "–", shown(one.amount), state, "" if noted else parts.actions(taken)])
    shape = columns(_("Receipt"), _("Amount"), _("State"), _("What can be done"), num=(1,), bare=(3,))
    gone = any(one.taken_back_at for one in known.came)
    heading = _("Money that M-Pesa took back") if gone else _("If M-Pesa takes money back")
    return _block(heading, _("What came by M-Pesa, and whether it is still here"), shape, rows,
                  _("Nothing has come by M-Pesa."))


@post("/practice/payments/{charge_id:str}/reversed/{receipt_id:str}")
async def taken_back(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    charge_id: FromPath[str], receipt_id: FromPath[str],
) -> Response[Any]:
    need(actor, *MONEY)
    await read_form(request)

    async def run(conn: Conn) -> str:
        await reversals.note(conn, actor, must_be_id(charge_id), must_be_id(receipt_id), now)
        return f"/practice/payments/{must_be_id(charge_id)}"

    return await form_once(request, kit, actor, now, run)


def _events(known: Known, actor: Actor) -> list[dict[str, Any]]:
    return [
        {"text": _(words.JOURNAL.get(line.verb, line.verb)) + _more(line), "by": _by(line, known.people),
         "when": i18n.day_and_clock(line.at, actor.time_zone)}
        for line in reversed(known.lines)
    ]


def _more(line: Line) -> str:
    amount, why = line.facts.get("amount"), str(line.facts.get("why"))
    if line.verb == "contradiction":
        return f": {_(words.REASONS.get(why, why))}"
    return f": {shown(amount)}" if isinstance(amount, int) else ""


def _by(line: Line, people: reports.People) -> str | None:
    if line.by_account == SYSTEM:
        return None
    stranger = _("somebody with the pay link") if line.by_account == UNKNOWN else _("a client or a colleague")
    return people.name(line.by_account) or stranger


pages: list[Any] = [payments, find, payment, taken_back]
