"""Reading a callback's body. Tolerant in form, strict in meaning: what cannot be read is None, never a guess."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from kikao.core.clock import EAST_AFRICA
from kikao.payments.codes import text_of

LARGEST = 64 * 1024  # bytes
_SENSIBLE = 10**9  # a number like 1e9999999 would take the worker's memory
_RECEIPT = re.compile(r"[A-Z0-9]{6,20}")


class Callback(msgspec.Struct, frozen=True):
    """What a prompt's callback says. Amounts are in KES as M-Pesa wrote them; `paid_at` is aware."""

    merchant_request_id: str
    checkout_request_id: str
    code: str
    text: str
    amount: Decimal | None = None
    receipt: str | None = None
    paid_at: datetime | None = None


def read_callback(raw: bytes) -> Callback | None:
    """The callback in `raw`, or None when it is not one."""
    outer = _json(raw)
    body = outer.get("Body") if isinstance(outer, dict) else None
    said = body.get("stkCallback") if isinstance(body, dict) else None
    if not isinstance(said, dict):
        return None
    code, checkout = _code(said.get("ResultCode")), text_of(said.get("CheckoutRequestID"))
    if not code or not checkout:
        return None
    items = _items(said.get("CallbackMetadata"))
    return Callback(
        merchant_request_id=text_of(said.get("MerchantRequestID"))[:64],
        checkout_request_id=checkout[:64],
        code=code,
        text=text_of(said.get("ResultDesc"))[:200],
        amount=_amount(items.get("Amount")),
        receipt=_receipt(items.get("MpesaReceiptNumber")),
        paid_at=read_time(items.get("TransactionDate")),
    )


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _code(value: object) -> str:
    if isinstance(value, Decimal):  # 0.0
        return str(int(value)) if -_SENSIBLE < value < _SENSIBLE and value == value.to_integral_value() else ""
    code = text_of(value)
    return code if len(code) <= 32 else ""


def _items(metadata: object) -> dict[str, Any]:
    """By name: neither order nor presence is promised, and an item may lack its Value."""
    listed = metadata.get("Item") if isinstance(metadata, dict) else None
    rows = [listed] if isinstance(listed, dict) else listed if isinstance(listed, list) else []
    return {text_of(row.get("Name")): row.get("Value") for row in rows if isinstance(row, dict)}


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and -_SENSIBLE < amount < _SENSIBLE else None


def _receipt(value: object) -> str | None:
    number = text_of(value).upper()
    return number if _RECEIPT.fullmatch(number) else None


def read_time(value: object) -> datetime | None:
    """`20261122153041`, a number or text without a zone: East Africa Time."""
    written = text_of(value)
    if not re.fullmatch(r"[0-9]{14}", written):
        return None
    try:
        local = datetime.strptime(written, "%Y%m%d%H%M%S").replace(tzinfo=EAST_AFRICA)
    except ValueError:
        return None
    return local.astimezone(UTC)
