"""Callbacks and synchronous answers in every shape that has been seen, and in shapes that nobody has."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kikao.payments import codes
from kikao.payments.bodies import read_callback, read_time
from kikao.payments.codes import read_look_up, read_push

GOLDEN = Path(__file__).resolve().parents[1] / "fixtures" / "daraja"


def _callback(**said: Any) -> bytes:
    return json.dumps({"Body": {"stkCallback": {
        "MerchantRequestID": "m-1", "CheckoutRequestID": "ws_CO_1", "ResultCode": 0, **said,
    }}}).encode()  # fmt: skip


def test_a_success_is_read_by_name_and_without_floats() -> None:
    raw = (
        b'{"Body":{"stkCallback":{"MerchantRequestID":"m-1","CheckoutRequestID":"ws_CO_1","ResultCode":0,'
        b'"ResultDesc":"ok","CallbackMetadata":{"Item":[{"Name":"PhoneNumber","Value":254700000011},'
        b'{"Name":"Balance"},{"Name":"TransactionDate","Value":20261122153041},'
        b'{"Name":"MpesaReceiptNumber","Value":"ukm7a1b2c3"},{"Name":"Amount","Value":2500.10}]}}}}'
    )
    said = read_callback(raw)
    assert said is not None
    assert (said.code, said.receipt, said.amount) == ("0", "UKM7A1B2C3", Decimal("2500.10"))
    assert said.paid_at == datetime(2026, 11, 22, 12, 30, 41, tzinfo=UTC)


@pytest.mark.parametrize("code", [1032, "1032", " 1032 ", 1032.0])
def test_codes_are_text(code: object) -> None:
    said = read_callback(_callback(ResultCode=code))
    assert said is not None
    assert said.code == "1032"


def test_codes_may_have_letters() -> None:
    said = read_callback(_callback(ResultCode="SFC_IC0003"))
    assert said is not None
    assert codes.meaning(said.code).kind == codes.FAILED


@pytest.mark.parametrize(
    "metadata",
    [None, {}, [], "x", {"Item": None}, {"Item": "x"}, {"Item": [1, None, []]}, {"Item": {"Name": "Balance"}}],
)
def test_what_is_missing_is_none(metadata: object) -> None:
    said = read_callback(_callback(CallbackMetadata=metadata))
    assert said is not None
    assert (said.amount, said.receipt, said.paid_at) == (None, None, None)


@pytest.mark.parametrize("value", [True, "x", [], {}, "NaN", "1e999999999", None])
def test_an_amount_that_is_none_is_none(value: object) -> None:
    said = read_callback(_callback(CallbackMetadata={"Item": [{"Name": "Amount", "Value": value}]}))
    assert said is not None
    assert said.amount is None


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe", b"<html>", b'{"Body":1}', b'{"Body":{"stkCallback":[]}}',
        b'{"Body":{"stkCallback":{"ResultCode":0}}}', _callback(ResultCode=None), _callback(ResultCode=True),
        b'{"Body":{"stkCallback":{"CheckoutRequestID":"x","ResultCode":NaN}}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_callback_is_none(raw: bytes) -> None:
    assert read_callback(raw) is None


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    assert read_callback(raw) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["Name", "Value", "Item", "ResultCode", "CheckoutRequestID", "Amount"]) | st.text(max_size=4),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["ResultCode", "CheckoutRequestID", "CallbackMetadata", "ResultDesc"]), JSON))
def test_no_shape_breaks_the_reader(said: dict[str, Any]) -> None:
    found = read_callback(_callback(**said))
    assert found is None or (isinstance(found.code, str) and "\0" not in found.text)


@pytest.mark.parametrize("value", [None, "", 0, "2026", 20261322153041, "20261122 15304", True])
def test_a_time_that_is_none_is_none(value: object) -> None:
    assert read_time(value) is None


# Synchronous answers ------------------------------------------------------------------------------


def _error(code: str, message: str) -> dict[str, str]:
    return {"requestId": "x", "errorCode": code, "errorMessage": message}


SPIKE = {"fault": {"faultstring": "Spike arrest violation. Allowed rate : MessageRate{…}",
                   "detail": {"errorcode": "policies.ratelimit.SpikeArrestViolation"}}}  # fmt: skip
TAKEN = {"MerchantRequestID": "m-1", "CheckoutRequestID": "ws_CO_1", "ResponseCode": "0"}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, TAKEN, codes.ACCEPTED, ""),
        (200, {**TAKEN, "ResponseCode": 0}, codes.ACCEPTED, ""),
        (200, {**TAKEN, "ResponseCode": "1"}, codes.REFUSED, "our_side"),
        (200, {"ResponseCode": "0"}, codes.UNKNOWN, ""),
        (200, None, codes.UNKNOWN, ""),
        (400, _error("400.002.02", "Bad Request - Invalid Amount"), codes.REFUSED, "our_side"),
        (400, _error("400.002.02", "Bad Request - Invalid PhoneNumber"), codes.REFUSED, "number_refused"),
        (400, _error("400.002.05", "Invalid Request Payload"), codes.REFUSED, "our_side"),
        (404, _error("404.001.03", "Invalid Access Token"), codes.TOKEN, None),
        (401, _error("401.003.01", "Error Occurred - Invalid Access Token"), codes.TOKEN, None),
        (404, _error("404.001.04", "Invalid Authentication Header"), codes.REFUSED, "our_side"),
        (405, _error("405.001", "Method Not Allowed"), codes.REFUSED, "our_side"),
        (500, _error("500.001.1001", "Merchant does not exist"), codes.REFUSED, "our_side"),
        (500, _error("500.001.1001", "[MerchantValidate] - Wrong credentials"), codes.REFUSED, "our_side"),
        (500, _error("500.001.1001", "Unable to lock subscriber, a transaction is already in process"),
         codes.REFUSED, "line_busy"),
        (500, _error("500.001.1001", "The transaction is being processed"), codes.UNKNOWN, ""),
        (500, _error("500.003.02", "System is busy. Please try again in few minutes."), codes.REFUSED, "busy"),
        (500, _error("500.003.02", "Error Occurred: Spike Arrest Violation"), codes.REFUSED, "busy"),
        (500, _error("500.003.03", "Quota Violation"), codes.REFUSED, "busy"),
        (500, _error("500.003.1001", "Internal Server Error"), codes.UNKNOWN, ""),
        (429, SPIKE, codes.REFUSED, "busy"),
        (403, None, codes.REFUSED, "our_side"),
        (502, None, codes.UNKNOWN, ""), (503, None, codes.UNKNOWN, ""), (504, None, codes.UNKNOWN, ""),
    ],
)  # fmt: skip
def test_answers_to_a_push_are_told_apart_by_code_and_message(
    status: int, body: dict[str, Any] | None, kind: str, code: str | None
) -> None:
    answer = read_push(status, body)
    assert answer.kind == kind
    if code is not None:
        assert answer.code == code
    if answer.kind == codes.REFUSED:
        assert answer.code in codes.REFUSALS


def _result(code: object, checkout: str = "ws_CO_1") -> dict[str, Any]:
    return {"ResponseCode": "0", "CheckoutRequestID": checkout, "MerchantRequestID": "m-1", "ResultCode": code}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, _result("0"), codes.RESULT), (200, _result(1032), codes.RESULT), (200, _result("4999"), codes.PROCESSING),
        (200, _result("0", "ws_CO_2"), codes.UNKNOWN), (200, _result(None), codes.UNKNOWN), (200, None, codes.UNKNOWN),
        (500, _error("500.001.1001", "The transaction is being processed"), codes.PROCESSING),
        (400, _error("400.002.02", "Bad Request - Invalid CheckoutRequestID"), codes.UNKNOWN),
        (404, _error("404.001.03", "Invalid Access Token"), codes.TOKEN),
        (429, SPIKE, codes.BUSY), (500, _error("500.003.02", "System is busy."), codes.BUSY),
        (500, _error("500.003.1001", "Internal Server Error"), codes.UNKNOWN), (403, None, codes.UNKNOWN),
    ],
)  # fmt: skip
def test_answers_to_a_look_up(status: int, body: dict[str, Any] | None, kind: str) -> None:
    assert read_look_up(status, body, "ws_CO_1").kind == kind


# Golden shapes ------------------------------------------------------------------------------------


def _golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def test_the_official_shapes_are_read() -> None:
    paid = read_callback((GOLDEN / "callback_paid.json").read_bytes())
    assert paid is not None
    assert (paid.code, paid.amount is not None, paid.receipt is not None) == ("0", True, True)
    cancelled = read_callback((GOLDEN / "callback_cancelled.json").read_bytes())
    assert cancelled is not None
    assert codes.meaning(cancelled.code).kind == codes.FAILED
    letters = read_callback((GOLDEN / "callback_letters.json").read_bytes())
    assert letters is not None
    assert letters.code == "SFC_IC0003"
    accepted = read_push(200, _golden("push_accepted"))
    assert accepted.kind == codes.ACCEPTED
    final = _golden("query_final")
    assert read_look_up(200, final, final["CheckoutRequestID"]).kind == codes.RESULT
    assert read_push(429, _golden("gateway_fault")).code == "busy"


@pytest.mark.parametrize(("name", "refusal"), sorted(_golden("refusals").items()))
def test_every_golden_refusal_is_told_apart(name: str, refusal: tuple[int, str, str]) -> None:
    status, code, message = refusal
    kind = read_push(status, _error(code, message)).kind
    expected = {"internal": codes.UNKNOWN, "pending": codes.UNKNOWN}.get(name, codes.REFUSED)
    assert kind == (codes.TOKEN if name.startswith("token of") else expected)
