"""The life of a session: which verb leads from where to where, by whom, until when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated

import msgspec

from kikao.core.errors import Forbidden, Invalid, NotPossible
from kikao.core.money import share

PENDING_APPROVAL = "Pending Approval"
APPROVED = "Approved"
PAYMENT_SUBMITTED = "Payment Submitted"
CONFIRMED = "Confirmed"
IN_PROGRESS = "In Progress"
COMPLETED = "Completed"
DECLINED = "Declined"
CANCELLED = "Cancelled"
EXPIRED = "Expired"
NO_SHOW = "No Show"

STATUSES = (
    PENDING_APPROVAL, APPROVED, PAYMENT_SUBMITTED, CONFIRMED, IN_PROGRESS,
    COMPLETED, DECLINED, CANCELLED, EXPIRED, NO_SHOW,
)
WAITING = frozenset({PENDING_APPROVAL, APPROVED, PAYMENT_SUBMITTED})
HOLDING = WAITING | {CONFIRMED, IN_PROGRESS}
MUST_BE_SETTLED = frozenset({CONFIRMED, IN_PROGRESS, COMPLETED, NO_SHOW})
ENDED = frozenset({COMPLETED, DECLINED, CANCELLED, EXPIRED, NO_SHOW})
ENDED_WITHOUT = frozenset({DECLINED, CANCELLED, EXPIRED})  # before it could begin

# Who somebody can be to a session.
CLIENT, PSYCHOLOGIST, DESK, FINANCE, ADMIN, SYSTEM = "client", "psychologist", "desk", "finance", "admin", "system"
ANSWERING_DESK = "desk where allowed"  # the psychologist lets the desk answer requests
CALLERS_DESK = "desk for a caller"  # whoever asked cannot sign in, and rings
LEFT_TO_ADMIN = "admin where its psychologist has left"  # nobody else can say what became of it
CHECKING = frozenset({DESK, FINANCE, ADMIN})  # who says whether money has come
PARTIES = (CLIENT, PSYCHOLOGIST, DESK, ANSWERING_DESK, CALLERS_DESK, FINANCE, ADMIN, LEFT_TO_ADMIN, SYSTEM)


class Step(msgspec.Struct, frozen=True):
    """One line of the table of verbs: from one of these statuses to that one, by one of these parties."""

    come_from: frozenset[str]
    to: str
    by: frozenset[str]
    reason: bool = False
    condition: str = ""


def _step(come_from: Iterable[str], to: str, by: Iterable[str], *, reason: bool = False, condition: str = "") -> Step:
    return Step(frozenset(come_from), to, frozenset(by), reason, condition)


# The same verb can have several lines (correct). `extend` and `reschedule` keep the status they come from.
SAME = "the same"
_WITHIN = "within 48 h; that the psychologist did not come: admin only; admin: until money has moved"
STEPS: dict[str, tuple[Step, ...]] = {
    "approve": (_step({PENDING_APPROVAL}, APPROVED, {PSYCHOLOGIST, ANSWERING_DESK},
                      condition="Confirmed at once when nothing is owed"),),
    "decline": (_step({PENDING_APPROVAL}, DECLINED, {PSYCHOLOGIST, ANSWERING_DESK, ADMIN}, reason=True),),
    "submit a payment code": (_step({APPROVED}, PAYMENT_SUBMITTED, {CLIENT}, condition="twice at most"),),
    "reject the code": (_step({PAYMENT_SUBMITTED}, APPROVED, CHECKING, reason=True),),
    "verify": (_step({PAYMENT_SUBMITTED, APPROVED}, CONFIRMED, CHECKING,
                     condition="when nothing is left to pay"),),
    "be paid": (_step({APPROVED, PAYMENT_SUBMITTED}, CONFIRMED, {SYSTEM}, condition="on evidence"),),
    "be covered": (_step({APPROVED, PAYMENT_SUBMITTED}, CONFIRMED, {SYSTEM}, condition="on evidence"),),
    "be paid late": (_step({EXPIRED}, CONFIRMED, {SYSTEM},
                           condition="after it had been Approved, lies ahead, could still be booked, "
                                     "the time is free"),),
    "waive": (_step({APPROVED, PAYMENT_SUBMITTED}, CONFIRMED, {ADMIN}, reason=True),),
    "extend": (_step(WAITING, SAME, {PSYCHOLOGIST, DESK, ADMIN}, reason=True,
                     condition="once, 48 h at most, never past the start"),),
    "start": (_step({CONFIRMED, IN_PROGRESS}, IN_PROGRESS, {CLIENT, PSYCHOLOGIST},
                    condition="from 15 minutes before to 120 after the start"),),
    "complete": (_step({CONFIRMED, IN_PROGRESS}, COMPLETED, {PSYCHOLOGIST, LEFT_TO_ADMIN, SYSTEM},
                       condition="Confirmed: once it has begun by the clock; the system: 24 h after its end, "
                                 "unless its psychologist has left"),),
    "break off": (_step({IN_PROGRESS}, CANCELLED, {PSYCHOLOGIST, ADMIN}, reason=True),),
    "mark a no-show": (_step({CONFIRMED, IN_PROGRESS}, NO_SHOW, {PSYCHOLOGIST, DESK, CLIENT, CALLERS_DESK},
                             condition="from 15 minutes after the start; each side says that the other did not come"),),
    "object": (_step({NO_SHOW, COMPLETED}, SAME, {CLIENT, PSYCHOLOGIST, CALLERS_DESK}, reason=True,
                     condition="within 24 h, once: who is said to be absent; the client, that it did not take place"),),
    "decide": (_step({NO_SHOW, COMPLETED}, SAME, {ADMIN}, reason=True,
                     condition="while an objection is open: it stays, or the other side did not come"),),
    "correct": (
        _step({DECLINED}, PENDING_APPROVAL, {PSYCHOLOGIST}, reason=True, condition="within 10 minutes"),
        _step({NO_SHOW}, COMPLETED, {PSYCHOLOGIST, ADMIN}, reason=True, condition=_WITHIN),
        _step({COMPLETED}, NO_SHOW, {PSYCHOLOGIST, ADMIN}, reason=True, condition=_WITHIN),
    ),
    "give back more": (_step({CANCELLED, NO_SHOW, COMPLETED}, SAME, {ADMIN}, reason=True,
                             condition="than the terms, never less, until it is earned"),),
    "cancel": (_step(WAITING | {CONFIRMED}, CANCELLED, {CLIENT, PSYCHOLOGIST, DESK, ADMIN}, reason=True,
                     condition="client until the start; the others until the end; "
                               "admin also later where its psychologist has left"),),
    "reschedule": (_step({APPROVED, PAYMENT_SUBMITTED, CONFIRMED}, SAME, {CLIENT, PSYCHOLOGIST, DESK, ADMIN},
                         condition="at most twice; inside 24 h the other side decides"),),
    "expire": (_step(WAITING, EXPIRED, {SYSTEM}, condition="when hold_until has passed"),),
}


def step(verb: str, status: str, parties: frozenset[str]) -> Step:
    """The line by which one of `parties` may do `verb` from `status`.

    Raises Forbidden when none of them may ever do it, NotPossible when not from here.
    """
    lines = STEPS[verb]
    if not any(line.by & parties for line in lines):
        raise Forbidden
    for line in lines:
        if status in line.come_from and line.by & parties:
            return line
    raise NotPossible(sessionStatus=status)


def can(verb: str, status: str, parties: frozenset[str]) -> bool:
    return any(status in line.come_from and line.by & parties for line in STEPS[verb])


def status_now(status: str, hold_until: datetime | None, now: datetime) -> str:
    """What a reader is shown: an overdue hold is over, worker or not."""
    return EXPIRED if hold_until is not None and hold_until <= now else status


class Numbers(msgspec.Struct, frozen=True):
    """The practice's numbers for holds and limits."""

    unproved_minutes: Annotated[int, msgspec.Meta(ge=5, le=240)] = 30
    answer_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 24
    answer_before_start_minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 60
    pay_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 24
    pay_before_start_minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 120
    first_pay_minutes: Annotated[int, msgspec.Meta(ge=10, le=1440)] = 60
    pay_least_minutes: Annotated[int, msgspec.Meta(ge=10, le=240)] = 30
    hold_after_pay_minutes: Annotated[int, msgspec.Meta(ge=2, le=60)] = 5
    code_check_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 48
    open_at_first: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    open_when_known: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    extend_hours: Annotated[int, msgspec.Meta(ge=1, le=48)] = 48
    start_before_minutes: Annotated[int, msgspec.Meta(ge=0, le=120)] = 15
    start_after_minutes: Annotated[int, msgspec.Meta(ge=15, le=480)] = 120
    no_show_after_minutes: Annotated[int, msgspec.Meta(ge=5, le=120)] = 15
    close_after_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 24      # after its end the system completes it
    object_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 24
    correct_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 48
    correct_answer_minutes: Annotated[int, msgspec.Meta(ge=0, le=60)] = 10  # a decline is told after these
    earn_after_hours: Annotated[int, msgspec.Meta(ge=1, le=168)] = 24
    earn_after_clock_days: Annotated[int, msgspec.Meta(ge=1, le=30)] = 7
    whole_back_minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 60  # after paying, a change of mind is free
    whole_back_before_start_hours: Annotated[int, msgspec.Meta(ge=0, le=720)] = 12  # while the start is so far away


def request_hold(now: datetime, start: datetime, numbers: Numbers, *, proved: bool) -> datetime:
    """Until when a request keeps its time; later than `now` for every start that lies ahead."""
    if not proved:
        return min(now + timedelta(minutes=numbers.unproved_minutes), start)
    wished = min(
        now + timedelta(hours=numbers.answer_hours),
        start - timedelta(minutes=numbers.answer_before_start_minutes),
    )
    # A psychologist with next to no notice still gets half an hour to answer, never past the start.
    return max(wished, min(now + timedelta(minutes=numbers.pay_least_minutes), start))


def pay_until(now: datetime, start: datetime, numbers: Numbers) -> datetime:
    """Until when an approved session can be paid; later than `now` for every start that lies ahead."""
    wished = min(
        now + timedelta(hours=numbers.pay_hours),
        start - timedelta(minutes=numbers.pay_before_start_minutes),
    )
    return min(max(wished, now + timedelta(minutes=numbers.pay_least_minutes)), start)


def first_pay_until(now: datetime, start: datetime, numbers: Numbers) -> datetime:
    """The same for somebody who is taken at once and has never paid here: no longer than the usual time."""
    shorter = now + timedelta(minutes=max(numbers.first_pay_minutes, numbers.pay_least_minutes))
    return min(shorter, pay_until(now, start, numbers))


def pay_again_until(
    now: datetime, start: datetime, kept: datetime | None, promised: datetime | None, numbers: Numbers
) -> datetime:
    """The same once a code was refused: while the time was kept to look at it, as far as a payment may come at all, and
    never less than was promised before."""
    last = start - timedelta(minutes=numbers.pay_before_start_minutes)
    looked = min(paid_within(kept, numbers), last) if kept is not None else now
    return max(pay_until(now, start, numbers), looked, promised or now)


def hold_for_payment(until: datetime, numbers: Numbers) -> datetime:
    """The hold outlives the last moment to pay, so that it does not lapse while a prompt is open."""
    return until + timedelta(minutes=numbers.hold_after_pay_minutes)


def paid_within(hold_until: datetime, numbers: Numbers) -> datetime:
    """The last moment to pay within such a hold."""
    return hold_until - timedelta(minutes=numbers.hold_after_pay_minutes)


def extended(until: datetime, start: datetime, numbers: Numbers) -> datetime:
    """The end of a wait that somebody makes longer: never past the start. Not later than `until` when that is there."""
    return max(until, min(until + timedelta(hours=numbers.extend_hours), start))


def may_start(start: datetime, now: datetime, numbers: Numbers) -> bool:
    before, after = timedelta(minutes=numbers.start_before_minutes), timedelta(minutes=numbers.start_after_minutes)
    return start - before <= now <= start + after


def may_be_missed(start: datetime, now: datetime, numbers: Numbers) -> bool:
    """Whether one side has waited long enough to say that the other did not come."""
    return now >= start + timedelta(minutes=numbers.no_show_after_minutes)


def completes_at(end: datetime, numbers: Numbers) -> datetime:
    """When the clock completes what nobody has said anything about."""
    return end + timedelta(hours=numbers.close_after_hours)


def payable_at(ended_at: datetime, numbers: Numbers, *, by_clock: bool) -> datetime:
    """From when on what was earned is its psychologist's; no money of a no-show moves before, either."""
    wait = timedelta(days=numbers.earn_after_clock_days) if by_clock else timedelta(hours=numbers.earn_after_hours)
    return ended_at + wait


def sides(absent: str | None, status: str) -> frozenset[str]:
    """Who can object to what an end is called: who is said not to have come; to `Completed`, the client."""
    if status == COMPLETED:
        return frozenset({CLIENT})
    return frozenset({absent} if absent else ())


def speaks_for(parties: frozenset[str]) -> frozenset[str]:
    """The sides for which somebody says what happened: desk for the client who rang."""
    return parties | {CLIENT} if CALLERS_DESK in parties else parties


class Tier(msgspec.Struct, frozen=True):
    """With at least `hours` of notice, `percent` comes back."""

    hours: Annotated[int, msgspec.Meta(ge=0, le=720)]
    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]


class Deadline(msgspec.Struct, frozen=True):
    """Whoever cancels before `until` is given `refund` shillings back."""

    until: datetime
    refund: int
    percent: int


USUAL_TIERS = (Tier(48, 100), Tier(24, 75), Tier(12, 50), Tier(6, 25))
LONGEST_WHOLE_BACK = timedelta(minutes=1440)


def whole_back_until(paid_at: datetime, counted_from: datetime, numbers: Numbers) -> datetime | None:
    """Until when whoever has just paid is given all of it back, however little notice the terms then see; None where
    the start was too near already."""
    until = min(
        paid_at + timedelta(minutes=numbers.whole_back_minutes),
        counted_from - timedelta(hours=numbers.whole_back_before_start_hours),
    )
    return until if until >= paid_at else None


def percent_back(
    tiers: Iterable[Tier], counted_from: datetime, now: datetime, *, whole_until: datetime | None = None
) -> int:
    """What a client who cancels at `now` is given back, in percent. `counted_from`: the start that notice counts to."""
    if whole_until is not None and now <= whole_until:
        return 100
    notice = counted_from - now
    return max((tier.percent for tier in tiers if notice >= timedelta(hours=tier.hours)), default=0)


def deadlines(
    tiers: Iterable[Tier], counted_from: datetime, paid: int, *, whole_until: datetime | None = None
) -> tuple[Deadline, ...]:
    """The terms as clock times and shillings, latest money first; before them the hour after paying, where it gives
    more than they do."""
    lines = tuple(
        Deadline(counted_from - timedelta(hours=tier.hours), share(paid, tier.percent), tier.percent)
        for tier in sorted(tiers, key=lambda tier: -tier.hours)
    )
    if whole_until is None or any(line.percent == 100 and line.until >= whole_until for line in lines):
        return lines
    return (Deadline(whole_until, paid, 100), *(line for line in lines if line.until > whole_until))


MOST_TIERS = 8


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Raises Invalid unless less notice gives less back, tier by tier: then the terms as clock times are the rule."""
    for at, tier in enumerate(tiers):
        if not 0 <= tier.hours <= 720:
            raise Invalid.field(f"tiers[{at}].hours", "out_of_range", "This is 0 to 720 hours.")
        if not 0 <= tier.percent <= 100:
            raise Invalid.field(f"tiers[{at}].percent", "out_of_range", "This is 0 to 100 percent.")
    for at, (more, less) in enumerate(pairwise(tiers), start=1):
        if less.hours >= more.hours:
            raise Invalid.field(f"tiers[{at}].hours", "not_falling", "Fewer than the line above.")
        if less.percent > more.percent:
            raise Invalid.field(f"tiers[{at}].percent", "not_falling", "Not more than the line above.")


def check_number_of_tiers(tiers: Sequence[Tier]) -> None:
    """Raises Invalid: terms that give nothing back say so in a tier."""
    if not 1 <= len(tiers) <= MOST_TIERS:
        raise Invalid.field("tiers", "wrong_list", "Terms have one to eight lines.")


def counted_from(starts_at: datetime, first_starts_at: datetime) -> datetime:
    """Notice counts to the first time once a session was moved, so that moving never climbs a tier."""
    return min(starts_at, first_starts_at)
