"""Whatever is sent, Daraja's own words come back: no request can break the simulator."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daraja_sim import checks
from daraja_sim.answers import Refused
from daraja_sim.clock import EAT
from daraja_sim.settings import Settings
from fixtures.daraja.merchant import PHONE, PUSH, QUERY, Merchant, credentials

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=EAT)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
GOOD: dict[str, Any] = {
    **credentials(),
    "TransactionType": "CustomerPayBillOnline",
    "Amount": 2500,
    "PartyA": PHONE,
    "PartyB": "600999",
    "PhoneNumber": PHONE,
    "CallBackURL": "https://pay.example.co.ke/d/9f3c/stk",
    "AccountReference": "BK7Q2M9X",
    "TransactionDesc": "Booking",
}


def refusal(check: Callable[[], object]) -> tuple[int, str] | None:
    try:
        check()
    except Refused as refused:
        return refused.status, refused.code
    return None


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), ANY), st.booleans())
def test_any_value_is_taken_or_refused(spoilt: dict[str, Any], sandbox_like: bool) -> None:
    settings, body = Settings(sandbox_like=sandbox_like), GOOD | spoilt
    known = (None, (400, "400.002.02"), (500, "500.001.1001"))
    assert refusal(lambda: checks.merchant(body, settings, NOW)) in known
    assert refusal(lambda: checks.push(body, settings)) in known[:2]


@given(st.binary())
def test_any_bytes_are_an_object_or_refused(raw: bytes) -> None:
    assert refusal(lambda: checks.parse(raw, "application/json")) in (None, (400, "400.002.05"))


@pytest.mark.parametrize(
    "more",
    [
        {"Amount": "9" * 5000},
        {"PhoneNumber": "254\u0667\u0660\u0660000011"},
        {"AccountReference": "\ud800"},
        {"CheckoutRequestID": {"a": 1}},
        {"CallBackURL": "https://[::1"},
    ],
)
async def test_odd_ones_over_http(sandbox: Merchant, more: dict[str, Any]) -> None:
    for path in (PUSH, QUERY):
        assert (await sandbox.product(path, sandbox.ask(**more))).content_type == "application/json"
    assert (await sandbox.call("GET", f"/phone/{PHONE}")).status == 200
