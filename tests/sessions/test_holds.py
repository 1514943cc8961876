"""Holds, last moments to pay and refunds: arithmetic that must hold for every minute and every setting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kikao.core.errors import Invalid
from kikao.core.money import share
from kikao.sessions import rules
from kikao.sessions.rules import USUAL_TIERS, Numbers, Tier

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
USUAL = Numbers()
MINUTE = timedelta(minutes=1)


def bounded(name: str) -> st.SearchStrategy[int]:
    """Any value that an admin may set."""
    schema = msgspec.json.schema(Numbers)["$defs"]["Numbers"]["properties"][name]
    return st.integers(schema["minimum"], schema["maximum"])


any_numbers = st.builds(Numbers, **{name: bounded(name) for name in Numbers.__struct_fields__})
# From the next moment to the furthest horizon and past it.
ahead = st.one_of(
    st.timedeltas(timedelta(microseconds=1), timedelta(hours=3)), st.timedeltas(timedelta(hours=3), timedelta(days=400))
)


@given(numbers=any_numbers, left=ahead, proved=st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_request_is_held_from_now_on_and_never_past_its_start(
    numbers: Numbers, left: timedelta, proved: bool
) -> None:
    hold = rules.request_hold(NOW, NOW + left, numbers, proved=proved)
    assert NOW < hold <= NOW + left
    longest = timedelta(hours=numbers.answer_hours, minutes=numbers.pay_least_minutes)
    assert hold - NOW <= (longest if proved else timedelta(minutes=numbers.unproved_minutes))


@given(numbers=any_numbers, left=ahead)
@settings(max_examples=200, deadline=None)
def test_an_approved_session_can_be_paid_from_now_on_and_never_past_its_start(
    numbers: Numbers, left: timedelta
) -> None:
    start = NOW + left
    until = rules.pay_until(NOW, start, numbers)
    assert NOW < until <= start
    # Never less than the least, but for the start itself.
    assert until >= min(NOW + timedelta(minutes=numbers.pay_least_minutes), start)
    assert until <= NOW + max(timedelta(hours=numbers.pay_hours), timedelta(minutes=numbers.pay_least_minutes))
    assert rules.hold_for_payment(until, numbers) - until == timedelta(minutes=numbers.hold_after_pay_minutes)


@given(notice=st.integers(1, 5 * 24 * 60), answered_after=st.integers(0, 24 * 60))
@settings(max_examples=200, deadline=None)
def test_for_every_notice_and_every_minute_of_approval_the_hold_is_later_than_now(
    notice: int, answered_after: int
) -> None:
    """The path of one session: requested `notice` minutes before, approved at any minute while it was held."""
    start = NOW + notice * MINUTE
    held = rules.request_hold(NOW, start, USUAL, proved=True)
    approved = NOW + answered_after * MINUTE
    if approved >= held:
        return  # over: the request has lapsed
    until = rules.pay_until(approved, start, USUAL)
    assert approved < until <= start
    assert approved < rules.hold_for_payment(until, USUAL)


def test_the_usual_numbers_in_clock_times() -> None:
    far, hours = NOW + timedelta(days=5), timedelta(hours=1)
    assert rules.request_hold(NOW, far, USUAL, proved=True) == NOW + 24 * hours
    assert rules.request_hold(NOW, far, USUAL, proved=False) == NOW + 30 * MINUTE
    assert rules.request_hold(NOW, NOW + 13 * hours, USUAL, proved=True) == NOW + 12 * hours
    assert rules.pay_until(NOW, far, USUAL) == NOW + 24 * hours
    assert rules.pay_until(NOW, NOW + 13 * hours, USUAL) == NOW + 11 * hours
    assert rules.pay_until(NOW, NOW + 2 * hours, USUAL) == NOW + 30 * MINUTE
    assert rules.pay_until(NOW, NOW + 10 * MINUTE, USUAL) == NOW + 10 * MINUTE


def test_a_hold_is_over_at_its_last_moment() -> None:
    assert rules.status_now(rules.APPROVED, NOW, NOW - timedelta(microseconds=1)) == rules.APPROVED
    assert rules.status_now(rules.APPROVED, NOW, NOW) == rules.EXPIRED
    assert rules.status_now(rules.CONFIRMED, None, NOW) == rules.CONFIRMED


# refunds ------------------------------------------------------------------------------------------

falling_tiers = st.lists(
    st.tuples(st.integers(0, 720), st.integers(0, 100)), max_size=6, unique_by=lambda tier: tier[0]
).map(lambda found: tuple(
    Tier(hours, percent) for hours, percent in zip(
        sorted((hours for hours, _ in found), reverse=True), sorted((percent for _, percent in found), reverse=True),
        strict=True)
))
minutes_around = st.integers(-24 * 60, 40 * 24 * 60)  # of notice: from a day after the start to long before it
amounts = st.integers(0, 250_000)


whole_back = st.builds(
    lambda minutes, hours: Numbers(whole_back_minutes=minutes, whole_back_before_start_hours=hours),
    st.integers(0, 1440), st.integers(0, 720))


@given(tiers=falling_tiers, notice=minutes_around, paid=amounts, paid_before=st.none() | st.integers(0, 3000),
       numbers=whole_back)
@settings(max_examples=300, deadline=None)
def test_what_is_shown_before_is_what_comes_back(
    tiers: tuple[Tier, ...], notice: int, paid: int, paid_before: int | None, numbers: Numbers
) -> None:
    """The terms as clock times, and the decision when somebody cancels, are one rule; the hour after paying, too."""
    start = NOW + timedelta(days=60)
    now = start - notice * MINUTE
    whole = None if paid_before is None else rules.whole_back_until(now - paid_before * MINUTE, start, numbers)
    lines = rules.deadlines(tiers, start, paid, whole_until=whole)
    assert [line.until for line in lines] == sorted(line.until for line in lines)
    promised = next((line.refund for line in lines if now <= line.until), 0)
    back = share(paid, rules.percent_back(tiers, start, now, whole_until=whole))
    assert back == promised
    if paid_before is not None and paid_before <= numbers.whole_back_minutes and (
            notice >= numbers.whole_back_before_start_hours * 60):
        assert back == paid
    assert 0 <= back <= paid


@given(tiers=falling_tiers, notice=minutes_around, later=st.integers(0, 3000), paid_before=st.integers(0, 3000))
@settings(max_examples=200, deadline=None)
def test_what_comes_back_only_falls_with_time(
    tiers: tuple[Tier, ...], notice: int, later: int, paid_before: int
) -> None:
    start = NOW + timedelta(days=60)
    now = start - notice * MINUTE
    for whole in (None, rules.whole_back_until(now - paid_before * MINUTE, start, Numbers())):
        first = rules.percent_back(tiers, start, now, whole_until=whole)
        then = rules.percent_back(tiers, start, now + later * MINUTE, whole_until=whole)
        assert 0 <= then <= first <= 100


@given(tiers=falling_tiers, paid=amounts)
def test_the_terms_fall_line_by_line(tiers: tuple[Tier, ...], paid: int) -> None:
    lines = rules.deadlines(tiers, NOW, paid)
    assert [line.until for line in lines] == sorted(line.until for line in lines)
    assert [line.refund for line in lines] == sorted((line.refund for line in lines), reverse=True)
    assert all(0 <= line.refund <= paid for line in lines)


@pytest.mark.parametrize(
    ("hours", "percent"),
    [(48, 100), (47.99, 75), (24, 75), (23.99, 50), (12, 50), (11.99, 25), (6, 25), (5.99, 0), (0, 0), (-1, 0)],
)
def test_the_usual_terms(hours: float, percent: int) -> None:
    assert rules.percent_back(USUAL_TIERS, NOW + timedelta(hours=hours), NOW) == percent


@pytest.mark.parametrize(
    ("notice_hours", "paid_minutes_ago", "percent"),
    [(13, 59, 100), (13, 60, 100), (13, 61, 50), (12, 30, 100), (11.9, 30, 25), (2, 1, 0)],
)
def test_second_thoughts_within_the_hour(notice_hours: float, paid_minutes_ago: int, percent: int) -> None:
    start, paid_at = NOW + timedelta(hours=notice_hours), NOW - paid_minutes_ago * MINUTE
    whole = rules.whole_back_until(paid_at, start, Numbers())
    assert rules.percent_back(USUAL_TIERS, start, NOW, whole_until=whole) == percent


@given(moved=st.timedeltas(timedelta(days=-20), timedelta(days=20)), notice=minutes_around)
def test_moving_a_session_never_climbs_a_tier(moved: timedelta, notice: int) -> None:
    first = NOW + timedelta(days=60)
    now = first - notice * MINUTE
    unmoved = rules.percent_back(USUAL_TIERS, first, now)
    counted = rules.counted_from(first + moved, first)
    assert rules.percent_back(USUAL_TIERS, counted, now) <= unmoved


@pytest.mark.parametrize(
    "tiers", [(Tier(48, 50), Tier(24, 75)), (Tier(24, 50), Tier(24, 25)), (Tier(12, 0), Tier(48, 100))]
)
def test_terms_that_do_not_fall_are_refused(tiers: tuple[Tier, ...]) -> None:
    """Waiting would pay, and the lines that are shown would not be what comes back."""
    with pytest.raises(Invalid):
        rules.check_tiers(tiers)


@given(tiers=falling_tiers)
def test_terms_that_fall_are_fine(tiers: tuple[Tier, ...]) -> None:
    rules.check_tiers(tiers)
    rules.check_tiers(USUAL_TIERS)
