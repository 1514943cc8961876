"""Desk has a caller's phone rung, and says aloud what the caller has to know."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kikao.accounts import by_desk
from kikao.accounts.by_desk import Reach
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Forbidden
from kikao.core.i18n import gettext as _
from kikao.core.ids import read_id
from kikao.core.money import shown
from kikao.core.phone import can_be_prompted
from kikao.core.practice import Snapshot
from kikao.payments.actions import Attempt, ask_to_pay
from kikao.payments.charges import is_rung_at
from kikao.payments.rules import Numbers
from kikao.sessions import rules, words
from kikao.sessions.actions import who_is_told
from kikao.sessions.queries import Session


def open_to_pay(session: Session) -> bool:
    return session.status == rules.APPROVED and session.missing > 0


def may(session: Session) -> bool:
    """Desk rings, nobody else of the practice; a client pays by their own page."""
    return open_to_pay(session) and rules.DESK in session.parties


async def phones(conn: Conn, session: Session, now: datetime) -> list[Reach]:
    """The numbers, masked, that M-Pesa can ring: of the client, and of whoever is told of it."""
    people: list[UUID] = list({session.client_id, await who_is_told(conn, session.id, now)})
    found = {one.value: one for one in await by_desk.reach(conn, people) if can_be_prompted(one.value)}
    return list(found.values())


async def ring(
    conn: Conn, actor: Actor, session: Session, which: str, typed: str, now: datetime, practice: Snapshot
) -> Attempt:
    """`which`: the id of one of their contacts. A number that was typed is meant, whatever else is ticked.

    Raises Forbidden and what `ask_to_pay` raises.
    """
    if rules.DESK not in session.parties:
        raise Forbidden
    contact_id = read_id(which)
    known = next((one for one in await phones(conn, session, now) if one.id == contact_id), None)
    number = typed if typed or known is None else known.value
    if known is not None and not typed:
        await is_rung_at(conn, session.charge_id, known.id)
    return await ask_to_pay(conn, actor, session.charge_id, number, now, practice.of(Numbers))


def aloud(session: Session, zone: str, now: datetime, paybill: str) -> list[str]:
    """What a caller is told: reference, day and hour, price and until when, how to pay, what a cancellation gives back.
    For desk and admin while it waits for its money."""
    if not open_to_pay(session) or not session.parties & {rules.DESK, rules.ADMIN} or rules.CLIENT in session.parties:
        return []
    spelt = " ".join(session.reference[:4]) + " – " + " ".join(session.reference[4:])
    facts = {
        "reference": spelt, "when": i18n.when(session.starts_at, zone), "minutes": session.minutes,
        "amount": shown(session.missing), "paybill": paybill, "name": session.psychologist_name,
        "until": i18n.when(session.pay_until, zone) if session.pay_until else "",
    }
    terms = words.terms(session, zone, now)
    back = ". ".join(f"{until}: {text}" for until, text in terms.rows) if terms else ""
    cancelled = _("If you cancel after you have paid: %(terms)s.") % {"terms": back}
    return [
        _("Your reference is %(reference)s.") % facts,
        _("%(when)s, %(minutes)s minutes, with %(name)s.") % facts,
        _("It costs %(amount)s. The time is kept until %(until)s; then it is free for others.") % facts,
        _("We ring your phone now; or use Pay Bill %(paybill)s with the reference as account number.") % facts,
        *([f"{cancelled} {terms.zone_line}"] if terms else []),
    ]
