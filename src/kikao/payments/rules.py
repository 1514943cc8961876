"""A prompt's life: states and moves, limits, when to look up, when the next try may follow, what evidence does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from kikao.core.i18n import later
from kikao.core.money import whole
from kikao.payments import codes

CREATED, SUBMITTING, ACCEPTED = "created", "submitting", "accepted"
REFUSED, NOT_SENT, FAILED = "refused", "not_sent", "failed"
SUBMIT_UNKNOWN, UNKNOWN = "submit_unknown", "unknown"
PAID, PAID_NO_RECEIPT, AMOUNT_MISMATCH = "paid", "paid_no_receipt", "amount_mismatch"

OPEN = frozenset({CREATED, SUBMITTING, ACCEPTED})
INDEFINITE = frozenset({SUBMIT_UNKNOWN, UNKNOWN})
SUCCESS = frozenset({PAID, PAID_NO_RECEIPT})
STATES = (
    CREATED, SUBMITTING, ACCEPTED, REFUSED, NOT_SENT, FAILED,
    SUBMIT_UNKNOWN, UNKNOWN, PAID, PAID_NO_RECEIPT, AMOUNT_MISMATCH,
)
_MONEY = frozenset({PAID, PAID_NO_RECEIPT, AMOUNT_MISMATCH})

# From where to where. Success is an end but for its own completion; failure is none: late success still wins.
MOVES: dict[str, frozenset[str]] = {
    CREATED: frozenset({SUBMITTING, NOT_SENT}),
    SUBMITTING: frozenset({ACCEPTED, REFUSED, NOT_SENT, SUBMIT_UNKNOWN}),
    ACCEPTED: frozenset({FAILED, UNKNOWN}) | _MONEY,
    SUBMIT_UNKNOWN: frozenset({REFUSED, NOT_SENT, FAILED, UNKNOWN}) | _MONEY,
    UNKNOWN: frozenset({FAILED}) | _MONEY,
    REFUSED: _MONEY,
    FAILED: _MONEY,
    AMOUNT_MISMATCH: frozenset({PAID}),
    PAID_NO_RECEIPT: frozenset({PAID}),
    PAID: frozenset(),
    NOT_SENT: _MONEY,
}
# What an open attempt becomes when its time is over; a reader sees it so, worker or not.
OVERDUE = {CREATED: NOT_SENT, SUBMITTING: SUBMIT_UNKNOWN, ACCEPTED: UNKNOWN}

MOST_KES = 250_000
LONGEST_REFERENCE, LONGEST_DESCRIPTION = 12, 13

Seconds = Annotated[int, msgspec.Meta(ge=1, le=86_400)]
Count = Annotated[int, msgspec.Meta(ge=1, le=100)]


class Numbers(msgspec.Struct, frozen=True):
    """The practice's numbers for paying."""

    prompt_seconds: Annotated[int, msgspec.Meta(ge=2, le=300)] = 90   # by then decided, or unknown
    queue_seconds: Annotated[int, msgspec.Meta(ge=1, le=120)] = 30    # older in our queue: never rung
    prompts_at_once: Count = 3                                        # a charge and a phone, in each window
    window_seconds: Seconds = 300
    prompts_a_day: Count = 6
    look_up_seconds: tuple[Seconds, ...] = (20, 35, 50, 65, 80, 180, 600, 1800)   # after ringing
    look_up_every_seconds: Seconds = 3600                             # after the last of those
    look_up_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 24
    check_after_seconds: Seconds = 30                                 # a success is looked up as well
    unchecked_seconds: Seconds = 60     # a retry that waits for a look-up waits this much longer at most
    give_back_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 72  # money that must go back, by then
    practice_share_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0  # of what is earned


def neutral(text: str, longest: int) -> str:
    """Letters and figures only, at most `longest`: M-Pesa shows it to whoever holds the phone."""
    return "".join(character for character in text if character.isascii() and character.isalnum())[:longest]


# Time ---------------------------------------------------------------------------------------------


def overdue_at(state: str, created_at: datetime, expires_at: datetime, numbers: Numbers) -> datetime:
    """When an open attempt stops being open."""
    waited = created_at + timedelta(seconds=numbers.queue_seconds)
    return min(waited, expires_at) if state == CREATED else expires_at


def state_now(state: str, created_at: datetime, expires_at: datetime, now: datetime, numbers: Numbers) -> str:
    """What a reader is shown: an overdue prompt is over."""
    if state in OPEN and overdue_at(state, created_at, expires_at, numbers) <= now:
        return OVERDUE[state]
    return state


def next_look_up(rung_at: datetime, now: datetime, numbers: Numbers) -> datetime | None:
    """The next moment of the schedule after `now`; None when a day has gone by. Missed moments are not made up."""
    for seconds in numbers.look_up_seconds:
        if rung_at + timedelta(seconds=seconds) > now:
            return rung_at + timedelta(seconds=seconds)
    every = timedelta(seconds=numbers.look_up_every_seconds)
    following = rung_at + every * ((now - rung_at) // every + 1)
    return following if following <= rung_at + timedelta(hours=numbers.look_up_hours) else None


def next_due(
    state: str, rung_at: datetime, expires_at: datetime, now: datetime, numbers: Numbers
) -> datetime | None:
    """When the worker must come back to an attempt that was rung: to look it up, or to end its open time."""
    look = next_look_up(rung_at, now, numbers)
    if state != ACCEPTED or expires_at <= now:
        return look
    return min(look or expires_at, expires_at)


class Try(msgspec.Struct, frozen=True):
    """What the rules need to know of the last attempt. `checked_at`: looked up after it had failed."""

    state: str
    code: str | None
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    checked_at: datetime | None


def retry_at(last: Try, numbers: Numbers) -> datetime | None:
    """From when another prompt may follow this attempt; None after a success."""
    if last.state in SUCCESS:
        return None
    if last.state in OPEN:
        return overdue_at(last.state, last.created_at, last.expires_at, numbers)
    if last.state in INDEFINITE:
        return last.expires_at
    decided = last.decided_at or last.created_at
    known = codes.meaning(last.code)
    earliest = decided + timedelta(seconds=known.pause if last.state in (FAILED, REFUSED) else 0)
    if known.kind != codes.WAIT or last.state != FAILED:
        return earliest
    # A look-up that cannot be had (M-Pesa away, worker down) must not shut the door for ever.
    patience = earliest + timedelta(seconds=numbers.unchecked_seconds)
    return max(earliest, min(last.checked_at or patience, patience))


def too_often_until(made: Sequence[datetime], now: datetime, numbers: Numbers) -> datetime | None:
    """`made`: when earlier prompts of one charge or one phone were made. From when the next may follow, if not now."""
    waits = []
    for most, seconds in ((numbers.prompts_at_once, numbers.window_seconds), (numbers.prompts_a_day, 86_400)):
        window = timedelta(seconds=seconds)
        inside = sorted(at for at in made if at > now - window)
        if len(inside) >= most:
            waits.append(inside[-most] + window)
    return max(waits, default=None)


def seconds_until(moment: datetime, now: datetime) -> int:
    """Whole seconds, rounded up, at least 1: for Retry-After."""
    return max(1, -int((now - moment).total_seconds() // 1))


_TOLD = {
    CREATED: later("M-Pesa is being asked to send the message."),
    SUBMITTING: later("M-Pesa is being asked to send the message."),
    ACCEPTED: later("Look at the phone: M-Pesa asks for the PIN there."),
    NOT_SENT: later("The request could not be sent in time. Nothing was sent to the phone. Please try again."),
    PAID: later("Paid. Thank you."),
    PAID_NO_RECEIPT: later("Paid. Thank you. The receipt's number follows."),
    AMOUNT_MISMATCH: later(
        "M-Pesa named another amount than was asked for. It is noted, and the practice looks into it."
    ),
}
_MAY_STILL_ARRIVE = later(
    "We do not know yet whether the payment went through, and go on asking M-Pesa. Your first try may still arrive; "
    "if both do, one is given back."
)


def told(state: str, code: str | None) -> str:
    """What the payer is told of an attempt (a msgid)."""
    if state in INDEFINITE:
        return _MAY_STILL_ARRIVE
    return _TOLD.get(state) or codes.meaning(code).sentence


# Evidence -----------------------------------------------------------------------------------------

CALLBACK, QUERY = "callback", "query"


class Evidence(msgspec.Struct, frozen=True):
    """What M-Pesa says about one attempt: by a callback on its secret path, or by an answer to our look-up.
    A look-up knows neither amount nor receipt."""

    source: str
    code: str
    text: str = ""
    merchant_request_id: str | None = None
    checkout_request_id: str | None = None
    amount: Decimal | None = None
    receipt: str | None = None
    paid_at: datetime | None = None


class Known(msgspec.Struct, frozen=True):
    """What we know of the attempt; `receipt` is the number of its receipt, `amount` what was asked, in KES."""

    state: str
    amount: int
    merchant_request_id: str | None = None
    checkout_request_id: str | None = None
    receipt: str | None = None
    received: int | None = None


# What is to be done with evidence.
CREDIT, COMPLETE, CORRECT, MISMATCH = "credit", "complete", "correct", "mismatch"
NOTE, REPEAT, PARK, STRAY, DECIDE = "note", "repeat", "park", "stray", "decide"


class Verdict(msgspec.Struct, frozen=True):
    """`do`: credit, complete (a receipt's number came), correct (a mismatch was), mismatch, decide (a state without
    money), note, repeat, park (wait for more), stray (moves nothing, is listed). `alarm`: somebody should look."""

    do: str
    state: str
    amount: int = 0
    why: str | None = None
    alarm: bool = False
    look_up: bool = False


def judge(known: Known, evidence: Evidence) -> Verdict:
    """One truth in any order: what agrees with what was asked beats what does not, success beats failure,
    failure beats not knowing."""
    doubt = _ids_disagree(known, evidence)
    if doubt:
        return doubt
    kind = codes.meaning(evidence.code).kind
    if kind == codes.PROCESSING:
        return Verdict(NOTE, known.state)
    if kind == codes.PAID:
        return _judge_success(known, evidence)
    if known.state in _MONEY:
        return Verdict(NOTE, known.state, why="contradiction", alarm=True)
    if kind == codes.UNKNOWN:
        new = UNKNOWN if known.state in OPEN | INDEFINITE else known.state
        return Verdict(DECIDE if new != known.state else NOTE, new, why="unknown code", alarm=True)
    if known.state in OPEN | INDEFINITE:
        return Verdict(DECIDE, FAILED)
    return Verdict(REPEAT, known.state)


def _ids_disagree(known: Known, evidence: Evidence) -> Verdict | None:
    if known.checkout_request_id is None:
        # The callback overtook the answer to our own call: wait until that answer is noted. When it never
        # comes, the secret path alone names the attempt, and the look-up that follows checks the ids.
        return Verdict(PARK, known.state, why="ids not known yet") if known.state in OPEN else None
    if evidence.checkout_request_id != known.checkout_request_id:
        return Verdict(STRAY, known.state, why="ids", alarm=True)
    # A look-up's answer may lack the merchant's id; a callback has it always.
    lacks = evidence.source == QUERY and not evidence.merchant_request_id
    agrees = lacks or known.merchant_request_id in (None, evidence.merchant_request_id)
    return None if agrees else Verdict(STRAY, known.state, why="ids", alarm=True)


def _judge_success(known: Known, evidence: Evidence) -> Verdict:
    if evidence.source == QUERY:
        # A prompt's amount is ours and the payer cannot change it, so a success is a success for that amount.
        return _agreed(known, None)
    if evidence.amount is None:
        if known.state == PAID_NO_RECEIPT and evidence.receipt:
            return Verdict(COMPLETE, PAID, known.amount)
        same = known.state in SUCCESS and evidence.receipt in (None, known.receipt)
        return Verdict(REPEAT, known.state) if same else Verdict(PARK, known.state, why="no amount", look_up=True)
    if evidence.amount == known.amount:
        return _agreed(known, evidence.receipt)
    return _mismatch(known, evidence)


def _agreed(known: Known, receipt: str | None) -> Verdict:
    state = PAID if receipt or known.receipt else PAID_NO_RECEIPT
    if known.state == AMOUNT_MISMATCH:
        return Verdict(CORRECT, PAID, known.amount, why="amount", alarm=True)
    if known.state not in SUCCESS:
        return Verdict(CREDIT, state, known.amount)
    if known.state == PAID_NO_RECEIPT and receipt:
        return Verdict(COMPLETE, PAID, known.amount)
    if receipt and receipt != known.receipt:
        return Verdict(STRAY, known.state, why="another receipt", alarm=True)
    return Verdict(REPEAT, known.state)


def _mismatch(known: Known, evidence: Evidence) -> Verdict:
    """Another amount than was asked for. Less is part paid, anything else waits in suspense for a person."""
    amount = whole(evidence.amount) if evidence.amount is not None else None
    usable = evidence.receipt and amount is not None and 0 < amount <= MOST_KES
    if known.state == PAID_NO_RECEIPT and usable:
        return Verdict(COMPLETE, PAID, known.amount, why="amount", alarm=True)
    if known.state in SUCCESS or not usable or amount is None:
        return Verdict(STRAY, known.state, why="amount", alarm=True, look_up=known.state not in SUCCESS)
    if known.state == AMOUNT_MISMATCH:
        same = (evidence.receipt, amount) == (known.receipt, known.received)
        return Verdict(REPEAT, known.state) if same else Verdict(STRAY, known.state, why="amount", alarm=True)
    return Verdict(MISMATCH, AMOUNT_MISMATCH, amount, why="amount", alarm=True, look_up=True)


def moves() -> Iterable[tuple[str, str]]:
    """Every move, for the docs and for tests."""
    return ((come_from, to) for come_from in STATES for to in sorted(MOVES[come_from]))


_REFUNDED = ("Refunded", "Partially Refunded")
ON_ITS_WAY = "Refund On Its Way"  # a badge, no paymentStatus


def badge(payment_status: str, owed_back: int) -> str:
    """What a page calls it: what is owed back is not back yet, and paymentStatus knows one word for both."""
    return ON_ITS_WAY if owed_back and payment_status in _REFUNDED else payment_status
