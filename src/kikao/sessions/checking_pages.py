"""The money of one session, as desk, finance and admin handle it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from kikao.accounts.by_desk import Reach
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Forbidden, Invalid, NotFound, Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import new_id
from kikao.core.money import shown
from kikao.core.render import page
from kikao.core.web import Form, Kit, Req, form_once, need, read, read_form, see_other
from kikao.payments.errors import PromptOpen
from kikao.payments.links import pay_token
from kikao.payments.queries import open_claim
from kikao.sessions import asking, checking, doors, queries, ringing, rules, words
from kikao.sessions.doors import Door, Press
from kikao.sessions.queries import Session

REASONS = ("reject", "waive", "give-back")  # each has a form of its own on one page


def _methods() -> list[tuple[str, str]]:
    return [("mpesa", "M-Pesa"), ("cash", _("Cash")), ("bank", _("Bank slip")), ("card", _("Card slip"))]


@read("/s/{reference:str}/money")
async def money_page(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    need(actor, *rules.CHECKING)
    return await _money_page(request, kit, actor, now, reference)


async def _money_page(
    request: Req, kit: Kit, actor: Actor, now: datetime, reference: str, *,
    form: Form | None = None, refusal: Refusal | None = None,
) -> Response[Any]:
    async with kit.db.connection() as conn:
        session = await queries.visible(conn, actor, reference, now, for_money=True)
        claim = await open_claim(conn, session.charge_id)
        rings = await ringing.phones(conn, session, now) if ringing.may(session) else None
    late = claim is not None and checking.may_answer_late(session.status, session.parties)
    address, back = f"/s/{session.reference}", _more_back(session)
    sees = session.parties - {rules.FINANCE}
    usual = {"amount": str(session.missing or (session.price if late else "")), "number": claim.code if claim else ""}
    given = Form(usual | (form.values if form else {}))
    sent = request.scope["path"].rsplit("/", 1)[-1] if form else None
    of_back = back if sent == "give-back" else None
    can = {verb: rules.can(verb, session.status, session.parties) or (late and verb != "waive")
           for verb in ("verify", "reject the code", "waive")}
    return page(
        request, kit, actor, "sessions/money.html", status=refusal.status if refusal else 200,
        reference=session.reference, badges=words.badges(session), missing=session.missing,
        code={"code": claim.code, "when": i18n.when(claim.made_at, actor.time_zone)} if claim else None,
        values={name: given[name] for name in ("method", "number", "amount")}, errors=_errors(refusal, of_back),
        rows=words.money_rows(session), back_url=address if sees else "/practice/payments",
        back_label=_("Back to the session") if sees else _("All payments"),
        reasons={name: given["reason"] if sent == name else "" for name in REASONS}, sent=sent,
        ring=_ring(rings, session, given) if rings is not None else None,
        link=f"{kit.base_url}/p/{pay_token(kit.vault, session.charge_id)}" if ringing.open_to_pay(session) else None,
        methods=_methods(), verify_url=f"{address}/verify" if can["verify"] else None,
        reject_url=f"{address}/reject" if can["reject the code"] and claim else None,
        waive_url=f"{address}/waive" if can["waive"] else None, reject_key=str(new_id()), waive_key=str(new_id()),
        back=back, late=_late(session) if late else None,
    )


def _late(session: Session) -> str:
    """What becomes of money that a code of such a session has brought."""
    if session.status in rules.MUST_BE_SETTLED:
        return _("This was settled in another way. Did the money of the code come as well? Then it goes back.")
    if session.status == rules.EXPIRED:
        return _("The time ran out. Did the money come? Then the time is taken again if it still can be; if not, the"
                 " money goes back, and the client is offered other times.")
    return _("This has ended. Did the money come? Then it goes back.")


def _more_back(session: Session) -> dict[str, Any] | None:
    if not rules.can("give back more", session.status, session.parties) or session.kept <= 0:
        return None
    return {"url": f"/s/{session.reference}/give-back", "already": session.given_back,
            "most": session.given_back + session.kept, "key": str(new_id())}  # fmt: skip


def _errors(refusal: Refusal | None, back: dict[str, Any] | None) -> list[dict[str, str]]:
    """What more can be given back is told in shillings."""
    found = asking.errors(refusal)
    if back is None or refusal is None or not any(one.code == "out_of_range" for one in refusal.fields):
        return found
    span = {"least": shown(back["already"] + 1), "most": shown(back["most"])}
    return [error | {"detail": _("Type an amount from %(least)s to %(most)s.") % span}
            if error["field"] == "amount" else error for error in found]


def _ring(phones: list[Reach], session: Session, given: Form) -> dict[str, Any]:
    """Their own numbers, masked, and one that is typed."""
    options = [{"value": str(one.id), "label": one.masked, "hint": None if one.proved else _("not proved")}
               for one in phones]  # fmt: skip
    if options:
        options.append({"value": "typed", "label": _("Another number"), "hint": None})
    return {
        "url": f"/s/{session.reference}/ring", "key": str(new_id()), "options": options, "phone": given["phone"],
        "which": given["which"] or (options[0]["value"] if options else "typed"),
    }


@post("/s/{reference:str}/ring")
async def ring(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    reference: FromPath[str],
) -> Response[Any]:
    """The caller's phone rings and asks for the PIN. A double tap rings once; one that rings already is waited for."""
    need(actor, rules.DESK)
    form = await read_form(request)
    async with kit.db.connection() as conn:
        session = await queries.visible(conn, actor, reference, now)
    wait = f"/p/{pay_token(kit.vault, session.charge_id)}/wait"

    async def run(conn: Conn) -> str:
        numbers = await kit.numbers(conn, actor, now)
        await ringing.ring(conn, actor, session, form["which"], form["phone"], now, numbers)
        return wait

    try:
        return await form_once(request, kit, actor, now, run)
    except PromptOpen as busy:
        if "attemptId" in busy.facts:
            return see_other(wait)
        return await _money_page(request, kit, actor, now, reference, form=form, refusal=busy)
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        return await _money_page(request, kit, actor, now, reference, form=form, refusal=refusal)


def shillings(typed: str) -> int:
    text = typed.replace(",", "").replace(" ", "")
    if not text.isdecimal() or len(text) > 7:
        raise Invalid.field("amount", "not_a_number", "Please write the amount in whole shillings, like 2500.")
    return int(text)


def money_button(path: str, door: Door) -> Any:
    """A form of the page of a session's money: look, do, and go back there; what is refused is said there, with what
    was typed."""

    @post(f"/s/{{reference:str}}/{path}")
    async def pressed(
        request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
        reference: FromPath[str],
    ) -> Response[Any]:
        need(actor, *rules.CHECKING)
        form = await read_form(request)

        async def run(conn: Conn) -> str:
            session = await queries.visible(conn, actor, reference, now, for_money=True)
            await door(Press(conn, actor, session, now, kit, form))
            return f"/s/{session.reference}/money"

        try:
            return await form_once(request, kit, actor, now, run)
        except NotFound:
            raise
        except Refusal as refusal:
            return await _money_page(request, kit, actor, now, reference, form=form, refusal=refusal)

    return pressed


async def _verify(on: Press) -> None:
    numbers, amount = await on.numbers(), shillings(on.typed["amount"])
    method, number = on.typed["method"], on.typed["number"]
    await checking.verify(on.conn, on.actor, on.session, method, number, amount, on.now, numbers)


pages: list[Any] = [
    money_page, ring, money_button("verify", _verify), money_button("reject", doors.reject_code),
    money_button("waive", doors.waive),
]
