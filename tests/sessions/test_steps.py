"""The table of verbs: each from every status, by everybody; and that nothing is stuck but the ends."""

from __future__ import annotations

import itertools

import pytest

from kikao.core.errors import Forbidden, NotPossible
from kikao.sessions import rules
from kikao.sessions.rules import (
    ADMIN,
    ANSWERING_DESK,
    APPROVED,
    CALLERS_DESK,
    CANCELLED,
    CLIENT,
    COMPLETED,
    CONFIRMED,
    DECLINED,
    DESK,
    EXPIRED,
    FINANCE,
    IN_PROGRESS,
    LEFT_TO_ADMIN,
    NO_SHOW,
    PAYMENT_SUBMITTED,
    PENDING_APPROVAL,
    PSYCHOLOGIST,
    SAME,
    STATUSES,
    STEPS,
    SYSTEM,
)  # fmt: skip

# The table of the product's description once more, as verb, from, to, by. The rules must say the same.
WAITING = (PENDING_APPROVAL, APPROVED, PAYMENT_SUBMITTED)
PAYABLE = (APPROVED, PAYMENT_SUBMITTED)
WRITTEN: dict[tuple[str, str], tuple[str, set[str]]] = {
    ("approve", PENDING_APPROVAL): (APPROVED, {PSYCHOLOGIST, ANSWERING_DESK}),
    ("decline", PENDING_APPROVAL): (DECLINED, {PSYCHOLOGIST, ANSWERING_DESK, ADMIN}),
    ("submit a payment code", APPROVED): (PAYMENT_SUBMITTED, {CLIENT}),
    ("reject the code", PAYMENT_SUBMITTED): (APPROVED, {DESK, FINANCE, ADMIN}),
    **{("verify", status): (CONFIRMED, {DESK, FINANCE, ADMIN}) for status in PAYABLE},
    **{("be paid", status): (CONFIRMED, {SYSTEM}) for status in PAYABLE},
    **{("be covered", status): (CONFIRMED, {SYSTEM}) for status in PAYABLE},
    ("be paid late", EXPIRED): (CONFIRMED, {SYSTEM}),
    **{("waive", status): (CONFIRMED, {ADMIN}) for status in PAYABLE},
    **{("extend", status): (SAME, {PSYCHOLOGIST, DESK, ADMIN}) for status in WAITING},
    **{("start", status): (IN_PROGRESS, {CLIENT, PSYCHOLOGIST}) for status in (CONFIRMED, IN_PROGRESS)},
    **{("complete", status): (COMPLETED, {PSYCHOLOGIST, LEFT_TO_ADMIN, SYSTEM}) for status in (CONFIRMED, IN_PROGRESS)},
    ("break off", IN_PROGRESS): (CANCELLED, {PSYCHOLOGIST, ADMIN}),
    **{("mark a no-show", status): (NO_SHOW, {PSYCHOLOGIST, DESK, CLIENT, CALLERS_DESK})
       for status in (CONFIRMED, IN_PROGRESS)},
    ("object", NO_SHOW): (SAME, {CLIENT, PSYCHOLOGIST, CALLERS_DESK}),
    ("object", COMPLETED): (SAME, {CLIENT, PSYCHOLOGIST, CALLERS_DESK}),
    **{("decide", status): (SAME, {ADMIN}) for status in (NO_SHOW, COMPLETED)},
    **{("give back more", status): (SAME, {ADMIN}) for status in (CANCELLED, NO_SHOW, COMPLETED)},
    ("correct", DECLINED): (PENDING_APPROVAL, {PSYCHOLOGIST}),
    ("correct", NO_SHOW): (COMPLETED, {PSYCHOLOGIST, ADMIN}),
    ("correct", COMPLETED): (NO_SHOW, {PSYCHOLOGIST, ADMIN}),
    **{("cancel", status): (CANCELLED, {CLIENT, PSYCHOLOGIST, DESK, ADMIN}) for status in (*WAITING, CONFIRMED)},
    **{("reschedule", status): (SAME, {CLIENT, PSYCHOLOGIST, DESK, ADMIN}) for status in (*PAYABLE, CONFIRMED)},
    **{("expire", status): (EXPIRED, {SYSTEM}) for status in WAITING},
}
ENDS = {COMPLETED, DECLINED, CANCELLED, EXPIRED, NO_SHOW}
MEETS = {CONFIRMED, IN_PROGRESS, COMPLETED, NO_SHOW}
NEED_A_REASON = {
    "decline", "reject the code", "waive", "extend", "break off", "correct", "cancel", "object", "decide",
    "give back more",
}  # fmt: skip


def verdict(verb: str, status: str, *parties: str) -> str:
    try:
        return rules.step(verb, status, frozenset(parties)).to
    except Forbidden:
        return "forbidden"
    except NotPossible as refused:
        return "not possible" if refused.facts == {"sessionStatus": status} else str(refused.facts)


def expected(verb: str, status: str, party: str) -> str:
    to, by = WRITTEN.get((verb, status), ("", set()))
    if party in by:
        return to
    ever = any(party in who for (name, _), (_, who) in WRITTEN.items() if name == verb)
    return "not possible" if ever else "forbidden"


def test_both_tables_have_the_same_verbs() -> None:
    assert set(STEPS) == {verb for verb, _ in WRITTEN}


@pytest.mark.parametrize("verb", STEPS)
def test_a_verb_from_every_status_by_everybody(verb: str) -> None:
    for status, party in itertools.product(STATUSES, rules.PARTIES):
        assert verdict(verb, status, party) == expected(verb, status, party), (status, party)
        assert rules.can(verb, status, frozenset({party})) == (party in WRITTEN.get((verb, status), ("", set()))[1])


@pytest.mark.parametrize("verb", STEPS)
def test_whoever_is_two_things_may_what_one_of_them_may(verb: str) -> None:
    pairs = itertools.combinations(rules.PARTIES, 2)
    for status, (one, other) in itertools.product(STATUSES, pairs):
        single = {expected(verb, status, one), expected(verb, status, other)}
        wanted = (single - {"forbidden", "not possible"}) or (single - {"forbidden"}) or {"forbidden"}
        assert {verdict(verb, status, one, other)} == wanted


@pytest.mark.parametrize("verb", STEPS)
def test_nobody_may_nothing(verb: str) -> None:
    assert {verdict(verb, status) for status in STATUSES} == {"forbidden"}


def test_reasons_are_asked_for_where_the_table_says() -> None:
    assert {verb for verb, lines in STEPS.items() if any(line.reason for line in lines)} == NEED_A_REASON


def ways_out() -> dict[str, set[str]]:
    """From each status to the other ones, computed from the table."""
    found: dict[str, set[str]] = {status: set() for status in STATUSES}
    for lines in STEPS.values():
        for line in lines:
            for status in line.come_from:
                found[status] |= {line.to} - {status, SAME}
    return found


def test_no_status_without_a_way_out_but_the_ends() -> None:
    assert {status for status, out in ways_out().items() if not out} <= ENDS


def test_ends_have_only_the_ways_out_that_the_table_shows() -> None:
    assert {status: out for status, out in ways_out().items() if status in ENDS} == {
        COMPLETED: {NO_SHOW}, NO_SHOW: {COMPLETED}, DECLINED: {PENDING_APPROVAL}, EXPIRED: {CONFIRMED},
        CANCELLED: set(),
    }


def test_every_status_is_reached_from_a_request() -> None:
    reached, todo = {PENDING_APPROVAL}, [PENDING_APPROVAL]
    while todo:
        new = ways_out()[todo.pop()] - reached
        reached |= new
        todo += new
    assert reached == set(STATUSES)


def test_the_system_ends_everything_that_nobody_touches() -> None:
    """No status waits for a person for ever: by the clock alone each comes to an end."""
    lines = [line for of_verb in STEPS.values() for line in of_verb if SYSTEM in line.by]
    for status in set(STATUSES) - ENDS:
        assert {line.to for line in lines if status in line.come_from} & ENDS, status


def test_only_saved_exceptions_go_back() -> None:
    """Forward only, save reject, correct and late money."""
    place = dict(zip((*WAITING, CONFIRMED, IN_PROGRESS), range(5), strict=True)) | dict.fromkeys(ENDS, 9)
    back = {
        verb for verb, lines in STEPS.items() for line in lines for status in line.come_from
        if line.to != SAME and (place[line.to] < place[status] or (status in ENDS and line.to != status))
    }
    assert back == {"reject the code", "correct", "be paid late"}


def test_words_that_say_the_same_in_sets() -> None:
    assert frozenset(WAITING) == rules.WAITING
    assert frozenset(MEETS) == rules.MUST_BE_SETTLED
    assert {*WAITING, CONFIRMED, IN_PROGRESS} == rules.HOLDING
    assert set(STATUSES) - ENDS == rules.HOLDING
    assert frozenset(ENDS) == rules.ENDED
