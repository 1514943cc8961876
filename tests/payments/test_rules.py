"""What is decided from values alone: moves, schedule, limits, and one truth in any order of evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kikao.payments import codes, rules
from kikao.payments.rules import Evidence, Known, Numbers, Try

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NUMBERS = Numbers()
ASKED = 2500
IDS: dict[str, Any] = {"merchant_request_id": "m-1", "checkout_request_id": "ws_CO_1"}


# Moves --------------------------------------------------------------------------------------------


def test_every_state_has_its_moves_and_success_goes_nowhere_but_to_its_receipt() -> None:
    assert set(rules.MOVES) == set(rules.STATES)
    assert rules.MOVES[rules.PAID] == frozenset()
    assert rules.MOVES[rules.PAID_NO_RECEIPT] == {rules.PAID}


def test_late_success_can_follow_every_state_that_is_not_waiting_to_be_sent() -> None:
    waiting = {rules.CREATED, rules.SUBMITTING, *rules.SUCCESS}
    assert all(rules.PAID in rules.MOVES[state] for state in rules.STATES if state not in waiting)


def test_an_open_prompt_ends_by_the_clock_without_a_worker() -> None:
    until = NOW + timedelta(seconds=90)
    for state, after, becomes in (
        (rules.CREATED, 29, rules.CREATED), (rules.CREATED, 30, rules.NOT_SENT),
        (rules.SUBMITTING, 89, rules.SUBMITTING), (rules.SUBMITTING, 90, rules.SUBMIT_UNKNOWN),
        (rules.ACCEPTED, 89, rules.ACCEPTED), (rules.ACCEPTED, 90, rules.UNKNOWN),
    ):  # fmt: skip
        assert rules.state_now(state, NOW, until, NOW + timedelta(seconds=after), NUMBERS) == becomes


# Look-ups -----------------------------------------------------------------------------------------


def test_look_ups_come_by_the_schedule_and_end_after_a_day() -> None:
    at: datetime | None = NOW
    seconds = []
    while at is not None:
        at = rules.next_look_up(NOW, at, NUMBERS)
        if at is not None:
            seconds.append(int((at - NOW).total_seconds()))
    assert seconds[:8] == [20, 35, 50, 65, 80, 180, 600, 1800]
    assert all(second - first == 3600 for first, second in pairwise(seconds[8:]))
    assert seconds[-1] == 86_400


def test_an_open_prompt_is_also_due_at_its_end() -> None:
    until = NOW + timedelta(seconds=90)
    at = NOW + timedelta(seconds=81)
    assert rules.next_due(rules.ACCEPTED, NOW, until, at, NUMBERS) == until
    assert rules.next_due(rules.UNKNOWN, NOW, until, until, NUMBERS) == NOW + timedelta(seconds=180)


# The next try -------------------------------------------------------------------------------------


def _try(state: str, code: str | None = None, *, checked: int | None = None) -> Try:
    decided = None if state in rules.OPEN else NOW + timedelta(seconds=10)
    looked = None if checked is None else NOW + timedelta(seconds=checked)
    return Try(state, code, NOW, NOW + timedelta(seconds=90), decided, looked)


@pytest.mark.parametrize(
    ("last", "seconds"),
    [
        (_try(rules.PAID), None),
        (_try(rules.CREATED), 30),
        (_try(rules.ACCEPTED), 90),
        (_try(rules.UNKNOWN), 90),
        (_try(rules.SUBMIT_UNKNOWN), 90),
        (_try(rules.FAILED, "1032"), 10),
        (_try(rules.FAILED, "2001"), 10),
        (_try(rules.REFUSED, "busy"), 10),
        (_try(rules.REFUSED, "line_busy"), 70),
        (_try(rules.NOT_SENT), 10),
        (_try(rules.AMOUNT_MISMATCH), 10),
        (_try(rules.FAILED, "17", checked=131), 131),
        (_try(rules.FAILED, "17"), 190),
        (_try(rules.FAILED, "17", checked=400), 190),
    ],
)
def test_when_the_next_try_may_follow(last: Try, seconds: int | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert rules.retry_at(last, NUMBERS) == expected


@pytest.mark.parametrize("code", ["17", "26", "1001", "1025", "9999"])
def test_codes_that_do_not_exclude_a_payment_wait_two_minutes(code: str) -> None:
    assert codes.meaning(code).kind == codes.WAIT
    assert codes.meaning(code).pause == 120


def test_three_in_five_minutes_and_six_a_day() -> None:
    def made(*minutes: int) -> list[datetime]:
        return [NOW - timedelta(minutes=ago) for ago in minutes]

    assert rules.too_often_until(made(1, 2), NOW, NUMBERS) is None
    assert rules.too_often_until(made(1, 2, 4), NOW, NUMBERS) == NOW + timedelta(minutes=1)
    assert rules.too_often_until(made(1, 2, 6), NOW, NUMBERS) is None
    day = made(10, 60, 120, 300, 600, 1439)
    assert rules.too_often_until(day, NOW, NUMBERS) == NOW + timedelta(minutes=1)


def test_every_sentence_is_a_sentence() -> None:
    for known in (*codes.RESULTS.values(), *codes.REFUSALS.values(), codes.ANY_OTHER):
        assert known.sentence.endswith(".")
        assert known.kind in (codes.PAID, codes.FAILED, codes.WAIT, codes.PROCESSING, codes.UNKNOWN)
    for state in rules.STATES:
        assert rules.told(state, None).endswith(".")


def test_the_reference_is_short_and_plain() -> None:
    assert rules.neutral("K7Q2-M9X4 and more", rules.LONGEST_REFERENCE) == "K7Q2M9X4andm"


# One truth ----------------------------------------------------------------------------------------

RECEIPT = "UKM7A1B2C3"
EVIDENCE = st.one_of(
    st.sampled_from([
        Evidence(rules.CALLBACK, "0", amount=Decimal("2500.00"), receipt=RECEIPT, **IDS),
        Evidence(rules.CALLBACK, "0", amount=Decimal(2500), receipt=RECEIPT, **IDS),
        Evidence(rules.CALLBACK, "0", amount=Decimal(2000), receipt=RECEIPT, **IDS),
        Evidence(rules.CALLBACK, "0", amount=None, receipt=RECEIPT, **IDS),
        Evidence(rules.CALLBACK, "0", amount=None, receipt=None, **IDS),
        Evidence(rules.CALLBACK, "0", amount=Decimal("2500.5"), receipt=RECEIPT, **IDS),
        Evidence(rules.QUERY, "0", **IDS),
        Evidence(rules.QUERY, "4999", **IDS),
        Evidence(rules.CALLBACK, "0", "forged", "m-2", "ws_CO_1", Decimal(2500), "FORGED1234"),
        Evidence(rules.CALLBACK, "0", "forged", "m-1", "ws_CO_2", Decimal(2500), "FORGED1234"),
    ]),
    st.builds(
        Evidence, st.sampled_from([rules.CALLBACK, rules.QUERY]),
        st.sampled_from(["1", "1032", "1037", "2001", "17", "9999", "E3008", "SFC_IC0003"]),
        merchant_request_id=st.just("m-1"), checkout_request_id=st.just("ws_CO_1"),
    ),
)  # fmt: skip


def _weigh(start: str, evidence: list[Evidence]) -> tuple[str, str | None, int | None]:
    """What the rules make of it, with letters that wait being read again, as settling does."""
    known, parked = Known(start, ASKED, "m-1", "ws_CO_1"), []
    for one in evidence:
        queue = [one]
        while queue:
            said = queue.pop(0)
            verdict = rules.judge(known, said)
            if verdict.do == rules.PARK:
                parked.append(said)
            assert verdict.state == known.state or verdict.state in rules.MOVES[known.state]
            moved = verdict.state != known.state
            known = _applied(known, said, verdict)
            if moved:
                queue, parked = [*queue, *parked], []
    return known.state, known.receipt, known.received


def _applied(known: Known, said: Evidence, verdict: rules.Verdict) -> Known:
    money = verdict.do in (rules.CREDIT, rules.COMPLETE, rules.CORRECT, rules.MISMATCH)
    return Known(
        verdict.state, ASKED, "m-1", "ws_CO_1",
        receipt=(said.receipt or known.receipt) if money else known.receipt,
        received=verdict.amount if money else known.received,
    )  # fmt: skip


@given(
    st.lists(EVIDENCE, max_size=8), st.randoms(use_true_random=False),
    st.sampled_from([rules.ACCEPTED, rules.UNKNOWN]),
)
def test_any_order_of_evidence_ends_in_one_truth(evidence: list[Evidence], chance: object, start: str) -> None:
    first = _weigh(start, evidence)
    shuffled = list(evidence)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    # Not knowing is an end only while nothing better was said; open and unknown wait alike.
    assert _settled(_weigh(start, shuffled)) == _settled(first)


@given(st.lists(EVIDENCE, max_size=6))
def test_the_same_evidence_again_changes_nothing(evidence: list[Evidence]) -> None:
    once = _weigh(rules.ACCEPTED, evidence)
    assert _weigh(rules.ACCEPTED, evidence + evidence) == once


def _settled(truth: tuple[str, str | None, int | None]) -> tuple[str, str | None, int | None]:
    state = rules.UNKNOWN if truth[0] == rules.ACCEPTED else truth[0]
    return state, truth[1], truth[2]


@given(st.lists(EVIDENCE, max_size=8))
def test_what_was_forged_moves_nothing(evidence: list[Evidence]) -> None:
    forged = [one for one in evidence if one.text == "forged"]
    assert _weigh(rules.ACCEPTED, forged) == (rules.ACCEPTED, None, None)


def test_success_is_never_downgraded() -> None:
    for state in rules.SUCCESS:
        for code in (*codes.RESULTS, "nonsense"):
            for source in (rules.CALLBACK, rules.QUERY):
                known = Known(state, ASKED, "m-1", "ws_CO_1", RECEIPT, ASKED)
                verdict = rules.judge(known, Evidence(source, code, **IDS))
                assert verdict.state in rules.SUCCESS
