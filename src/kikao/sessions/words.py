"""How a session is told to whoever looks at it: plain words, what to do next, what can be done. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kikao.core import i18n
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later
from kikao.core.money import shown
from kikao.payments.rules import badge
from kikao.sessions import calling_words, clocks, rules
from kikao.sessions.queries import Session
from kikao.sessions.rules import (
    APPROVED,
    CANCELLED,
    COMPLETED,
    CONFIRMED,
    DECLINED,
    EXPIRED,
    IN_PROGRESS,
    NO_SHOW,
    PAYMENT_SUBMITTED,
    PENDING_APPROVAL,
)

STEP = {
    PENDING_APPROVAL: 2, APPROVED: 3, PAYMENT_SUBMITTED: 3, CONFIRMED: 4, IN_PROGRESS: 4, COMPLETED: 5,
    DECLINED: 2, CANCELLED: 4, EXPIRED: 3, NO_SHOW: 4,
}
VERBS = {
    "request": later("Requested"), "book": later("Booked by the practice"), "send": later("Sent"),
    "approve": later("Accepted"),
    "decline": later("Declined"), "cancel": later("Cancelled"),
    "submit a payment code": later("Payment code typed"), "reject the code": later("Payment code refused"),
    "verify": later("Payment checked"),
    "check late": later("Payment code checked late"), "waive": later("Waived"), "expire": later("No longer kept"),
    "be paid": later("Paid"),
    "be paid late": later("Paid, after the time had run out"),
    "be paid too late": later("Paid, when the time was gone"),
    "extend": later("Kept longer"), "start": later("Begun"), "complete": later("Completed"),
    "break off": later("Broken off"), "mark a no-show": later("Noted that somebody did not come"),
    "object": later("Objected"), "decide": later("Decided"), "correct": later("Put right"),
    "give back more": later("More given back"),
}


# What a booking by hand can go against.
RULES = {
    "too_soon": later("It begins sooner than the notice that everybody else has to give."),
    "beyond_horizon": later("It lies further ahead than times are offered."),
    "off_grid": later("It begins between the times that are offered."),
    "outside_hours": later("It lies outside the hours."),
    "buffer": later("It leaves no pause before what comes next."),
}


class Told(msgspec.Struct, frozen=True):
    headline: str
    sentence: str | None


def _mine(session: Session) -> bool:
    return rules.CLIENT in session.parties


def told(session: Session, zone: str, now: datetime, ended_by: str | None = None) -> Told:
    """Headline and what happens next, for this viewer. `ended_by`: what ended it, a key of _ENDED, where that is
    known."""
    words = _for_client(session, zone) if _mine(session) else _for_practice(session, zone, now)
    headline, sentence = words[session.status]
    if session.status == CANCELLED or (session.status == DECLINED and not _mine(session)):
        headline = _(_ENDED.get(ended_by or "", headline))
    return Told(headline, sentence)


def who_ended(verb: str, party: str) -> str:
    """A key of _ENDED. `party`: "you", or one of `by_whom`."""
    return f"{verb} {party}"


_ENDED = {
    "cancel you": later("You cancelled this session"), "cancel client": later("Cancelled by the client"),
    "cancel practice": later("Cancelled by the practice"),
    "cancel psychologist": later("Cancelled by the psychologist"),
    "break off you": later("You broke this session off"), "break off practice": later("Broken off by the practice"),
    "break off psychologist": later("Broken off by the psychologist"),
    "decline you": later("You declined this request"), "decline practice": later("Declined by the practice"),
    "decline psychologist": later("Declined by the psychologist"),
}  # fmt: skip


def for_nothing(session: Session) -> bool:
    """Nobody owes or paid anything for it."""
    return session.payment_status == "Waived"


def _for_client(session: Session, zone: str) -> dict[str, tuple[str, str | None]]:
    name = {"name": session.psychologist_name}
    kept = _("Your time is kept for you until %(until)s.") % {"until": _until(session, zone)}
    return {
        PENDING_APPROVAL: (
            _("%(name)s has not answered yet") % name,
            _("Your time is kept meanwhile. We send you a message with the answer; you can close this page.")
            if session.sent_at else _("Type the code that we sent you, and the request goes out."),
        ),
        APPROVED: (_("Accepted: %(amount)s to pay") % {"amount": shown(session.missing)}, kept),
        PAYMENT_SUBMITTED: (_("Your payment code is being checked"), kept),
        CONFIRMED: (_("Confirmed"), _how_to_meet(session)),
        IN_PROGRESS: (_("Your session is on"), None),
        COMPLETED: (_("This session is over"), _given(session)),
        DECLINED: (_("%(name)s cannot take this time") % name, _("Nothing was charged. Other times are free.")),
        CANCELLED: (_("Cancelled"), _together(_at(session, zone), _back(session))),
        EXPIRED: (_("This time is no longer kept"), _uncharged(session, _("You can choose another time."))
                  if session.received == 0 else _given(session) or _("What you paid will be given back.")),
        NO_SHOW: (_("This session did not take place"), _absent(session)),
    }


def _for_practice(session: Session, zone: str, now: datetime) -> dict[str, tuple[str, str | None]]:
    until = {"until": _until(session, zone)}
    kept = _("The time is kept until %(until)s.") % until
    free = _("The time is free again.") if now < session.starts_at else None
    unanswered = session.expired_from == PENDING_APPROVAL
    return {
        PENDING_APPROVAL: (_("A request to answer"), kept),
        APPROVED: (_("Accepted, not paid yet"), _("The time is kept until %(until)s, then it is free again.") % until),
        PAYMENT_SUBMITTED: (_("A payment code is being checked"), kept),
        CONFIRMED: (_("Confirmed, nothing to pay") if for_nothing(session) else _("Confirmed and paid"), None),
        IN_PROGRESS: (_("Under way"), None),
        COMPLETED: (_("This session is over"), None),
        DECLINED: (_("Declined"), _together(_at(session, zone), free)),
        CANCELLED: (_("Cancelled"), _together(_at(session, zone), free)),
        EXPIRED: (_("Not answered in time") if unanswered else _("Not paid in time"), free),
        NO_SHOW: (_("This session did not take place"), _absent(session)),
    }


def _until(session: Session, zone: str) -> str:
    """Until when it is kept: for whoever pays, a little before the hold ends."""
    until = (session.pay_until if _mine(session) else None) or session.hold_until
    return i18n.when(until, zone) if until else ""


def _at(session: Session, zone: str) -> str | None:
    return _("On %(when)s.") % {"when": i18n.when(session.ended_at, zone)} if session.ended_at else None


def _together(*sentences: str | None) -> str | None:
    return " ".join(one for one in sentences if one) or None


def _how_to_meet(session: Session) -> str:
    if session.mode == "Phone":
        return calling_words.how_to_meet(session)
    if session.mode != "Online":
        return _("Everything is arranged.")
    if session.meeting_link:
        return _("Everything is arranged. The link to meet stands here.")
    return _("Everything is arranged. The link to meet will stand here before it begins.")


def _absent(session: Session) -> str:
    side = rules.CLIENT if _mine(session) else rules.PSYCHOLOGIST
    if session.absent == side and side in session.parties:
        return _("It was noted that you did not come.")
    if session.absent == rules.CLIENT:
        return _("It was noted that the client did not come.")
    return _("It was noted that the psychologist did not come.")


def _given(session: Session) -> str | None:
    if session.given_back == 0:
        return None
    if session.owed_back:
        return _("%(amount)s will be given back to the number that paid.") % {"amount": shown(session.owed_back)}
    return _("%(amount)s has been given back.") % {"amount": shown(session.given_back)}


def _uncharged(session: Session, then: str = "") -> str:
    """Of what nobody has seen money for: a code that was typed may have brought some."""
    told = _("The payment code is still being checked.") if session.code_open else _("Nothing was charged.")
    return f"{told} {then}".strip()


def _back(session: Session) -> str | None:
    if session.received == 0:
        return _uncharged(session)
    if session.given_back == 0:
        return _("By the terms, nothing comes back.")
    return _given(session)


_LEFT = {PENDING_APPROVAL: later("Left to answer:"), APPROVED: later("Left to pay:"),
         PAYMENT_SUBMITTED: later("Left to check the code:")}  # fmt: skip


def left(session: Session, now: datetime) -> dict[str, Any] | None:
    """How long something is waited for, as `p.countdown` shows it."""
    until = session.pay_until or session.hold_until
    if until is None or session.status not in _LEFT:
        return None
    return {"label": _(_LEFT[session.status]), "seconds": int((until - now).total_seconds()), "over": None}


def stopped(session: Session) -> str | None:
    words = {DECLINED: _("Declined"), CANCELLED: _("Cancelled"), EXPIRED: _("Expired"), NO_SHOW: _("Not met")}
    return words.get(session.status)


def step(session: Session) -> int:
    if session.status == EXPIRED and session.expired_from == PENDING_APPROVAL:
        return 2
    if session.status == CANCELLED and session.confirmed_at is None:
        return 3 if session.approved_at else 2
    return STEP[session.status]


def badges(session: Session) -> list[str]:
    """Its status, and what is to be known of its money besides."""
    money = badge(session.payment_status, session.owed_back)
    same = {PAYMENT_SUBMITTED: "Submitted", CONFIRMED: "Paid"}.get(session.status)
    return [session.status, *([money] if money not in ("Pending", same) else [])]


def page_badges(session: Session) -> list[str]:
    """The same on its own page, where the headline or the steps say already that it is confirmed, or how it ended."""
    return badges(session)[1:] if stopped(session) or session.status == CONFIRMED else badges(session)


def rows(
    session: Session, zone: str, own_person: UUID | None, there: str, practice_zone: str
) -> list[tuple[str, str]]:
    """The summary: who, for whom where that is not oneself, when (by each clock that differs), how, how much."""
    who = (_("With"), session.psychologist_name) if _mine(session) else (_("Client"), session.client_name)
    return [
        who, *([(_("For"), session.client_name)] if _mine(session) and session.client_id != own_person else []),
        (_("When"), i18n.when(session.starts_at, zone)), *clocks.others(session.starts_at, zone, there, practice_zone),
        (_("Kind"), _("%(type)s, %(minutes)s minutes") % {"type": _(session.session_type), "minutes": session.minutes}),
        (_("How"), _(session.mode)), *calling_words.rows(session),
        *([(_("Where"), f"{session.place.name}, {session.place.address}")] if session.place else []),
        *money_rows(session),
    ]


def money_rows(session: Session) -> list[tuple[str, str]]:
    price = shown(session.price)
    waived = for_nothing(session) and session.price > 0
    return [
        (_("Price"), _("%(amount)s, waived: nothing to pay") % {"amount": price} if waived else price),
        *([(_("Paid"), shown(session.received))] if session.received else []),
        *([(_("To be given back"), shown(session.owed_back))] if session.owed_back else []),
        *([(_("Given back"), shown(back))] if (back := session.given_back - session.owed_back) > 0 else []),
    ]


def against(session: Session) -> str | None:
    """The rules that a booking by hand went against, for those who work with it."""
    if not session.against or not session.parties & {rules.PSYCHOLOGIST, rules.DESK, rules.ADMIN}:
        return None
    return " ".join(_(RULES[rule]) for rule in session.against if rule in RULES)


class Terms(msgspec.Struct, frozen=True):
    """What a cancellation by the client gives back, for whoever looks; `rows` as `p.summary` shows them."""

    title: str
    intro: str | None
    rows: list[tuple[str, str]]
    zone_line: str


def terms(session: Session, zone: str, now: datetime, whole_until: datetime | None = None) -> Terms | None:
    """None where nothing is left to plan, or no money can come back."""
    if session.status in rules.ENDED or now >= session.starts_at:
        return None
    counted = rules.counted_from(session.starts_at, session.first_starts_at)
    lines = rules.deadlines(session.tiers, counted, session.received + session.missing, whole_until=whole_until)
    return terms_of(lines, zone, now, mine=_mine(session), paid=session.missing == 0)


def terms_of(
    lines: tuple[rules.Deadline, ...], zone: str, now: datetime, *, mine: bool, paid: bool = False
) -> Terms | None:
    found = terms_lines(lines, zone, now)
    if not found:
        return None
    title = _("If you cancel") if mine else _("If the client cancels")
    before = (_("Before you have paid, nothing is charged. Once you have paid:") if mine
              else _("Once it is paid, this comes back to the client:"))  # fmt: skip
    return Terms(title, None if paid else before, found, i18n.times_are(now, zone))


def terms_lines(lines: tuple[rules.Deadline, ...], zone: str, now: datetime) -> list[tuple[str, str]]:
    """The cancellation terms as clock times and shillings; what has passed is not promised any more."""
    if not any(line.refund for line in lines):
        return []
    lines = tuple(line for line in lines if line.until > now)
    if not lines:
        return [(_("From now on"), _("nothing back"))]
    until, back = _("Until %(time)s"), _("%(amount)s back")
    told_lines = [
        (until % {"time": i18n.day_and_clock(line.until, zone)}, back % {"amount": shown(line.refund)})
        for line in lines
    ]
    return [*told_lines, (_("Later"), _("nothing back"))]


def dialog(label: str, url: str, kind: str, title: str, text: str, button: str, reason: str | None) -> dict[str, Any]:
    confirm = {"title": title, "text": text, "button": button, "reason": reason}
    return {"label": label, "url": url, "kind": kind, "confirm": confirm}


def first_actions(session: Session, pay_url: str | None) -> list[dict[str, Any]]:
    """What to do now."""
    found: list[dict[str, Any]] = []
    address = f"/s/{session.reference}"
    if pay_url and _mine(session) and session.status == APPROVED:
        label = _("Pay %(amount)s") % {"amount": shown(session.missing)}
        found.append({"label": label, "url": pay_url, "kind": "main", "method": "get"})
    if _answers(session):
        found.append({"label": _("Accept"), "url": f"{address}/approve", "kind": "main"})
        found.append(dialog(
            _("Decline…"), f"{address}/decline", "plain", _("Decline this request?"),
            _("The time is free again at once."), _("Decline"),
            _("Why? The client reads this."),
        ))
    if rules.can("verify", session.status, session.parties) or (
            session.code_open and session.parties & rules.CHECKING):
        caller = session.status == APPROVED and rules.DESK in session.parties and not _mine(session)
        label, kind = (_("Ring a phone, or take cash…"), "main") if caller else (_("Payment…"), "plain")
        found.append({"label": label, "url": f"{address}/money", "kind": kind, "method": "get"})
    if _mine(session) and session.status in (DECLINED, EXPIRED, CANCELLED, NO_SHOW):
        found.append({"label": _("Choose another time"), "url": f"/t/{session.psychologist_slug}", "kind": "main",
                      "method": "get"})
    return found


def in_its_place(other: Session | None) -> list[dict[str, Any]]:
    """Why a request was not sent, above what to do now."""
    if other is None:
        return []
    text = _("So this request was not sent. %(reference)s stands as it was.") % {"reference": other.reference}
    return [{"tone": "attention", "title": _("There is a session at that time already"), "text": text, "focus": True}]


def before(other: Session | None, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What to do now, where there is one that stands in the way: look at it first."""
    if other is None:
        return found
    look = {"label": _("Look at %(reference)s") % {"reference": other.reference}, "url": f"/s/{other.reference}",
            "kind": "main", "method": "get"}
    return [look, *(one | {"kind": "plain"} for one in found)]


def more_actions(session: Session, back: int, zone: str, now: datetime) -> list[dict[str, Any]]:
    """What can be done as well: cancelling, with what it gives back now."""
    over = session.starts_at if _mine(session) else session.ends_at
    found: list[dict[str, Any]] = []
    if session.status == CONFIRMED and session.parties & {rules.CLIENT, rules.PSYCHOLOGIST}:
        found.append({"label": _("Into my calendar"), "url": f"/s/{session.reference}/calendar", "kind": "link",
                      "method": "get", "file": True})
    if not rules.can("cancel", session.status, session.parties) or _answers(session) or (
            now >= over and rules.LEFT_TO_ADMIN not in session.parties):
        return found
    reason = None if _mine(session) else _("Why? The client reads this.")
    text = f"{i18n.when(session.starts_at, zone)}. {_cancelling(session, back)}"
    return [*found, dialog(_("Cancel…"), f"/s/{session.reference}/cancel", "link", _("Cancel this session?"), text,
                           _("Cancel the session"), reason)]


def _answers(session: Session) -> bool:
    """Whoever can decline need not cancel."""
    return rules.can("approve", session.status, session.parties & {rules.PSYCHOLOGIST, rules.ANSWERING_DESK})


def _cancelling(session: Session, back: int) -> str:
    """What it does with the money."""
    amount, paid = shown(back), shown(session.received)
    if session.received == 0:
        return _uncharged(session, _("The time is free for others at once."))
    if not _mine(session):
        return _("The client is given everything back: %(amount)s.") % {"amount": amount}
    if back == 0:
        return _("If you cancel now, nothing of the %(paid)s comes back.") % {"paid": paid}
    if back == session.received:
        return _("If you cancel now, all of it comes back, to the number that paid: %(amount)s.") % {"amount": amount}
    return _("If you cancel now, %(amount)s of %(paid)s comes back, to the number that paid.") % {
        "amount": amount, "paid": paid}


def by_whom(party: str) -> str | None:
    names = {"client": _("by the client"), "psychologist": _("by the psychologist"), "practice": _("by the practice")}
    return names.get(party)
