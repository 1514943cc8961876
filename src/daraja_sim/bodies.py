"""The bytes of a callback, as Daraja writes them, and as a fault spoils them."""

import json
from typing import Any

from daraja_sim.clock import Clock
from daraja_sim.pushes import Push
from daraja_sim.results import Result

AMOUNT = "\u0000amount\u0000"  # stands where json cannot write two decimals


def stk_callback(push: Push, result: Result, clock: Clock, shape: str = "") -> bytes:
    """The body for one outcome. A failure has no CallbackMetadata; Balance has no Value."""
    if shape == "not_json":
        return b"<html><body>System error</body></html>"
    if shape == "empty":
        return b""
    code = str(result.code) if shape == "string_code" else result.wire_code
    merchant = "0000-0000-0000-0000000000000000" if shape == "wrong_merchant" else push.merchant_request_id
    inner: dict[str, Any] = {
        "MerchantRequestID": merchant,
        "CheckoutRequestID": push.checkout_request_id,
        "ResultCode": code,
        "ResultDesc": result.description,
    }
    if result.code == "0" and shape != "missing_metadata":
        inner["CallbackMetadata"] = {"Item": _items(push, clock, shape)}
    amount = push.amount + 1 if shape == "wrong_amount" else push.amount
    text = json.dumps({"Body": {"stkCallback": inner}}, separators=(",", ":"))
    return text.replace(json.dumps(AMOUNT), f"{amount}.00").encode()


def _items(push: Push, clock: Clock, shape: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [
        {"Name": "Amount", "Value": AMOUNT},
        {"Name": "MpesaReceiptNumber", "Value": push.receipt},
        {"Name": "Balance"},
        {"Name": "TransactionDate", "Value": int(f"{clock.local(push.finished_at):%Y%m%d%H%M%S}")},
        {"Name": "PhoneNumber", "Value": int(push.phone)},
    ]
    if shape == "missing_value":
        del items[1]["Value"]
    return items
