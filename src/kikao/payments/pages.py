"""The pay link: pay, wait, receipt. It shows the trading name, a reference, an amount; never who, what or when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import ServerSentEvent

from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.answers import rest_of, sentence
from kikao.core.db import Conn
from kikao.core.errors import Busy, Invalid, NotFound, NotPossible, Refusal, TooOften
from kikao.core.i18n import gettext as _
from kikao.core.ids import new_id
from kikao.core.render import page
from kikao.core.web import Kit, Req, form_once, read, read_form, see_other
from kikao.payments import actions, faces, own_pages, queries, rules, wires
from kikao.payments.errors import AlreadyPaid, PromptOpen
from kikao.payments.queries import Bill
from kikao.payments.rules import Numbers
from kikao.payments.stream_api import Viewer, open_stream


async def _bill(conn: Conn, token: str) -> Bill:
    found = await queries.bill_by_link(conn, token)
    if found is None:
        raise NotFound("Nothing is paid by this link. It may be cut off: please ask for it again.")
    return found


def _ways(kit: Kit, bill: Bill, token: str, now: datetime, actor: Actor) -> dict[str, Any]:
    """How else it can be paid. Nothing once it cannot."""
    if not bill.payable(now):
        return {"share": None, "paybill": None}
    own = _own_page(actor, bill) if actor.account_id == bill.payer_account else None
    paybill = {
        "number": kit.paybill, "reference": bill.reference, "amount": bill.missing,
        "code_url": f"{own}/code" if own else None, "code_key": str(new_id()), "code_errors": [],
    }  # fmt: skip
    return {"share": {"url": f"{kit.base_url}/p/{token}"}, "paybill": paybill}


async def _numbers(conn: Conn, kit: Kit, actor: Actor, now: datetime) -> Numbers:
    return (await kit.numbers(conn, actor, now)).of(Numbers)


# Paying -------------------------------------------------------------------------------------------


@read("/p/{token:str}")
async def pay_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    token: FromPath[str],
) -> Response[Any]:
    async with kit.db.connection() as conn:
        bill = await _bill(conn, token)
        last = await queries.latest_attempt(conn, bill.id, now, await _numbers(conn, kit, actor, now))
        phone = await queries.own_phone(conn, actor, bill)
    if last is not None and last.state in rules.OPEN and bill.missing:
        return see_other(f"/p/{token}/wait")
    return _pay_page(request, kit, actor, now, bill, token, phone=phone)


def _pay_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, bill: Bill, token: str, *,
    phone: str = "", refusal: Refusal | None = None,
) -> Response[str]:
    until = bill.open_until or now
    return page(
        request, kit, actor, "payments/pay.html", status=refusal.status if refusal else 200,
        headers=_retry_after(refusal),
        reference=bill.reference, missing=bill.missing, until=i18n.when(until, actor.time_zone),
        seconds=max(int((until - now).total_seconds()), 0), receiver=kit.receiver_name, url=f"/p/{token}",
        phone=phone, errors=_errors(refusal), ways=_ways(kit, bill, token, now, actor),
        closed=faces.closed(
            bill, now, f"/p/{token}/receipt", zone=actor.time_zone, practice_phone=kit.practice_phone
        ), wipe=actor.signed_in,
    )


def _errors(refusal: Refusal | None) -> list[dict[str, str]]:
    if refusal is None:
        return []
    if isinstance(refusal, TooOften):
        return [{"field": "", "detail": rest_of(refusal), "waits": "yes"}]
    if refusal.fields:
        return [{"field": "phone", "detail": _(error.detail)} for error in refusal.fields]
    return [{"field": "", "detail": sentence(refusal)}]


def _retry_after(refusal: Refusal | None) -> dict[str, str]:
    wait = refusal.facts.get("retryAfter") if isinstance(refusal, TooOften) else None
    return {"Retry-After": str(wait)} if wait else {}


@post("/p/{token:str}", status_code=303)
async def pay(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    token: FromPath[str],
) -> Response[Any]:
    """Have the phone rung. A double tap rings once; a phone that rings already is waited for."""
    form = await read_form(request)
    async with kit.db.connection() as conn:
        bill = await _bill(conn, token)
        again = form.ticked("again") and not form["phone"]
        phone = await queries.tried_last(conn, bill.id) if again else form["phone"]

    async def verb(conn: Conn) -> str:
        await actions.ask_to_pay(conn, actor, bill.id, phone, now, await _numbers(conn, kit, actor, now))
        return f"/p/{token}/wait"

    try:
        # Strangers with pay links are all nobody: their form keys belong to the charge instead.
        return await form_once(request, kit, actor if actor.signed_in else Actor(account_id=bill.id), now, verb)
    except AlreadyPaid:
        return see_other(f"/p/{token}")
    except PromptOpen as busy:
        if "attemptId" in busy.facts:
            return see_other(f"/p/{token}/wait")
        return _pay_page(request, kit, actor, now, bill, token, phone=form["phone"], refusal=busy)
    except (Busy, Invalid, TooOften, NotPossible) as refusal:
        return _pay_page(request, kit, actor, now, bill, token, phone=form["phone"], refusal=refusal)


def _own_page(actor: Actor, bill: Bill) -> str | None:
    """Where the payer, signed in, goes on, or desk that has rung for them; a stranger with the link is led nowhere."""
    path = wires.page_of.get(bill.purpose)
    mine = actor.signed_in and (actor.account_id == bill.payer_account or actor.has("desk"))
    return path.format(reference=bill.reference) if path and mine else None


# Waiting ------------------------------------------------------------------------------------------


async def _moving(
    kit: Kit, actor: Actor, now: datetime, token: str
) -> tuple[Bill, queries.Shown | None, dict[str, Any]]:
    """The bill, its last attempt, and what the waiting page shows of both."""
    async with kit.db.connection() as conn:
        bill = await _bill(conn, token)
        last = await queries.latest_attempt(conn, bill.id, now, await _numbers(conn, kit, actor, now))
        came = await queries.receipts(conn, bill.id)
        phone = await queries.own_phone(conn, actor, bill)
    if last is None:
        return bill, None, {}
    own = _own_page(actor, bill)
    return bill, last, faces.face(bill, last, now, f"/p/{token}", str(new_id()), came=came, own_page=own, phone=phone)


@read("/p/{token:str}/wait")
async def waiting_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    token: FromPath[str],
) -> Response[Any]:
    bill, last, face = await _moving(kit, actor, now, token)
    if last is None:
        return see_other(f"/p/{token}")
    return page(
        request, kit, actor, "payments/waiting.html", reference=bill.reference,
        missing=bill.missing or bill.amount, receiver=kit.receiver_name, refresh_url=f"/p/{token}/wait",
        attempt=face, ways=_ways(kit, bill, token, now, actor), wipe=actor.signed_in and face["poll_url"] is None,
    )


@read("/p/{token:str}/attempt")
async def moving_part(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    token: FromPath[str],
) -> Response[Any]:
    """The part of the waiting page that moves; 204 while nothing is new, so that nobody's typing is disturbed."""
    bill, last, face = await _moving(kit, actor, now, token)
    if last is None:
        raise NotFound
    if request.query_params.get("seen") == faces.seen(face["face"], last):
        return Response(content=b"", status_code=204)
    return page(request, kit, actor, "payments/attempt.html", attempt=face, ways=_ways(kit, bill, token, now, actor))


@read("/p/{token:str}/events")
async def news(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    token: FromPath[str],
) -> ServerSentEvent:
    """Says when there is something new to ask for; the waiting page also asks by itself, where this fails."""
    async with kit.db.connection() as conn:
        bill = await _bill(conn, token)
        numbers = await _numbers(conn, kit, actor, now)
        last = await queries.latest_attempt(conn, bill.id, now, numbers)
    if last is None:
        raise NotFound
    return open_stream(request, kit, Viewer(actor, token), last.id, numbers)


@read("/p/{token:str}/receipt")
async def receipt_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    token: FromPath[str],
) -> Response[Any]:
    async with kit.db.connection() as conn:
        bill = await _bill(conn, token)
        came = await queries.receipts(conn, bill.id)
    if not came:
        return see_other(f"/p/{token}")
    return page(
        request, kit, actor, "payments/receipt.html", reference=bill.reference, receiver=kit.receiver_name,
        rows=[faces.receipt_row(one, actor.time_zone) for one in came], received=bill.received,
        given_back=bill.given_back, missing=bill.missing, wipe=actor.signed_in,
    )


pages: list[Any] = [*own_pages.pages, pay_page, pay, waiting_page, moving_part, news, receipt_page]
