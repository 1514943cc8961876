"""The checks of a push and a query, in the order in which Daraja makes them."""

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from daraja_sim import urls
from daraja_sim.answers import Refused, bad
from daraja_sim.clock import EAT
from daraja_sim.numbers import is_mobile
from daraja_sim.pushes import Ask
from daraja_sim.results import Result, result
from daraja_sim.settings import Settings

PAYBILL = "CustomerPayBillOnline"
TILL = "CustomerBuyGoodsOnline"


def parse(raw: bytes, content_type: str) -> dict[str, Any]:
    """The JSON object of a product call. Raises Refused."""
    if content_type != "application/json":
        raise bad("Content-Type")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "400.002.05", "Invalid Request Payload")
    return body


def text(body: Mapping[str, Any], name: str) -> str:
    """A field as text; Daraja mixes numbers and strings freely. Empty when it is absent or neither."""
    value = body.get(name)
    if isinstance(value, str):
        return value.strip().encode(errors="replace").decode()  # JSON can hold what no page can show
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def merchant(body: Mapping[str, Any], settings: Settings, now: datetime) -> None:
    """Shortcode, timestamp and password. Raises Refused."""
    shortcode, timestamp = text(body, "BusinessShortCode"), text(body, "Timestamp")
    if not re.fullmatch(r"\d{5,7}", shortcode, re.ASCII):
        raise bad("BusinessShortCode")
    _timestamp(timestamp, settings, now)
    if shortcode != settings.shortcode:
        raise Refused(500, "500.001.1001", "Merchant does not exist")
    try:
        password = base64.b64decode(text(body, "Password"), validate=True).decode()
    except ValueError:
        password = ""
    if password != shortcode + settings.passkey + timestamp:
        raise Refused(500, "500.001.1001", "[MerchantValidate] - Wrong credentials")


def _timestamp(value: str, settings: Settings, now: datetime) -> None:
    if not re.fullmatch(r"\d{14}", value, re.ASCII):
        raise bad("Timestamp")
    try:
        moment = datetime.strptime(value, "%Y%m%d%H%M%S").replace(tzinfo=EAT)
    except ValueError:
        raise bad("Timestamp") from None
    tolerance = settings.timestamp_tolerance_seconds
    if tolerance and abs((moment - now).total_seconds()) > tolerance:
        raise bad("Timestamp")


def push(body: Mapping[str, Any], settings: Settings) -> Ask:
    """What the push asks for. Raises Refused for the first field that is wrong."""
    kind = text(body, "TransactionType")
    if kind not in (PAYBILL, TILL):
        raise bad("TransactionType")
    amount = _amount(body, settings)
    for name in ("PartyA", "PhoneNumber"):
        if not is_mobile(text(body, name)):
            raise bad(name)
    party = text(body, "PartyB")
    if not re.fullmatch(r"\d{5,7}", party, re.ASCII):
        raise bad("PartyB")
    if not urls.acceptable(body.get("CallBackURL"), settings.url_words):
        raise bad("CallBackURL")
    reference, description = text(body, "AccountReference"), text(body, "TransactionDesc")
    if not reference or not (settings.sandbox_like or re.fullmatch(r"[A-Za-z0-9]{1,12}", reference)):
        raise bad("AccountReference")
    if not description or not (settings.sandbox_like or len(description) <= 13):
        raise bad("Remarks")  # the service's own name for TransactionDesc
    return Ask(
        phone=text(body, "PhoneNumber"),
        amount=amount,
        reference=reference,
        description=description,
        callback_url=str(body["CallBackURL"]),
        doomed=_doom(kind, party, settings),
    )


def _amount(body: Mapping[str, Any], settings: Settings) -> int:
    written = text(body, "Amount")
    if not re.fullmatch(r"\d{1,9}", written, re.ASCII):
        raise bad("Amount")
    amount = int(written)
    # The sandbox-like mode lets the limits fail later, by callback: codes 2 and 3.
    if not settings.sandbox_like and not 1 <= amount <= settings.max_amount:
        raise bad("Amount")
    return amount


def _doom(kind: str, party: str, settings: Settings) -> Result | None:
    """Accepted, and failed by callback without a prompt: money can reach no such account."""
    if party not in (settings.shortcode, settings.till):
        return result("SFC_IC0003")
    expected = settings.shortcode if kind == PAYBILL else settings.till
    return None if party == expected else result("2028")
