"""A refusal as programs read it: RFC 9457, and facts that never stand in the way of its own words."""

from __future__ import annotations

from typing import Any

import pytest

from kikao.core.answers import problem
from kikao.core.errors import Invalid, NotPossible, Refusal, TooOften
from kikao.wiring import wire

wire()  # every room's words are there, as in the program


def body(refusal: Refusal) -> dict[str, Any]:
    content: dict[str, Any] = problem(refusal).content
    return content


def test_the_status_is_the_https_one_and_the_sessions_stands_beside_it() -> None:
    told = body(NotPossible(sessionStatus="Payment Submitted"))
    assert (told["status"], told["sessionStatus"], told["code"]) == (409, "Payment Submitted", "not_possible")
    assert told["detail"] == told["msg"] == "This is not possible now. A payment code for the session is being checked."


@pytest.mark.parametrize("refusal", [NotPossible(sessionStatus="Expired"), Invalid.field("a", "b", "c"), TooOften()])
def test_a_problem_has_the_members_of_the_standard(refusal: Refusal) -> None:
    told = body(refusal)
    assert {"type", "title", "status", "detail"} <= set(told)
    assert isinstance(told["status"], int)
    assert problem(refusal).media_type == "application/problem+json"


def test_too_often_says_when_to_come_back() -> None:
    assert problem(TooOften(retryAfter=7)).headers["Retry-After"] == "7"


def test_refused_fields_are_named() -> None:
    [error] = body(Invalid.field("sessionDate", "in_the_past", "This time lies in the past."))["errors"]
    assert (error.field, error.code) == ("sessionDate", "in_the_past")
