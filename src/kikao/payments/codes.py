"""What M-Pesa's answers mean: result codes, and the synchronous answers of a push and of a look-up.

Codes are text, always: M-Pesa mixes numbers and strings and has codes with letters. Source: the portal's pages and
field reports, collected in docs; where old and new texts differ, the code counts as "not safe without a look-up".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kikao.core.i18n import later

PAID, FAILED, WAIT, PROCESSING, UNKNOWN = "paid", "failed", "wait", "processing", "unknown"
# What somebody can do next.
AGAIN, LATER, TOP_UP, OTHER, PRACTICE, NOTHING = "again", "later", "top_up", "other", "practice", "nothing"


class Meaning(msgspec.Struct, frozen=True):
    """`kind`: paid, failed (final), wait (failed; again only after a look-up), processing, unknown.

    `sentence` is for the payer, `step` what to do next, `pause` seconds until the next prompt may follow.
    """

    kind: str
    sentence: str
    step: str = AGAIN
    pause: int = 0


_OURS = later(
    "M-Pesa could not take this payment for us. Nothing was taken. Please pay by Paybill, or ask the practice."
)
_BUSY = later("M-Pesa is busy just now. We look again in two minutes; then you can try once more.")
_NOT_SHOWN = later(
    "M-Pesa could not show the request on the phone. We look again in two minutes; then you can try once more."
)
_DECLINED = later("The request was declined on the phone. Nothing was taken.")

RESULTS: dict[str, Meaning] = {
    "0": Meaning(PAID, later("Paid. Thank you."), NOTHING),
    "1": Meaning(FAILED, later("There was not enough money in the M-Pesa account. Top up and try again."), TOP_UP),
    "2": Meaning(FAILED, later("M-Pesa does not take an amount this small. Please ask the practice."), PRACTICE),
    "3": Meaning(FAILED, later("This is more than M-Pesa takes in one payment. Please ask the practice."), PRACTICE),
    "4": Meaning(
        FAILED, later("This would go over what the phone may pay today. Use another number, or try tomorrow."), OTHER
    ),
    "8": Meaning(
        FAILED, later("The practice's M-Pesa account cannot take more just now. Please ask the practice."), PRACTICE
    ),
    "11": Meaning(FAILED, _OURS, PRACTICE),
    "17": Meaning(
        WAIT, later("M-Pesa has just seen the same amount from this phone. We look again in two minutes."), LATER, 120
    ),
    "20": Meaning(FAILED, _OURS, PRACTICE),
    "21": Meaning(FAILED, _OURS, PRACTICE),
    "26": Meaning(WAIT, _BUSY, LATER, 120),
    "1001": Meaning(
        WAIT, later("Another M-Pesa request is open on this phone. We look again in two minutes."), LATER, 120
    ),
    "1019": Meaning(FAILED, later("The time ran out before M-Pesa had the PIN. Nothing was taken. Please try again.")),
    "1025": Meaning(WAIT, _NOT_SHOWN, LATER, 120),
    "1031": Meaning(FAILED, _DECLINED),
    "1032": Meaning(FAILED, _DECLINED),
    "1036": Meaning(UNKNOWN, later("M-Pesa could not say whether the request reached the phone."), LATER),
    "1037": Meaning(FAILED, later("The phone could not be reached, or nobody answered. Is it on, with coverage? "
                              "If this happens often, dial *234# to update the SIM.")),
    "2001": Meaning(FAILED, later("The PIN was not right. Nothing was taken. Please try again.")),
    "2002": Meaning(FAILED, _OURS, PRACTICE),
    "2006": Meaning(FAILED, later("This M-Pesa account cannot pay at the moment. Use another number."), OTHER),
    "2028": Meaning(FAILED, _OURS, PRACTICE),
    "2029": Meaning(FAILED, _OURS, PRACTICE),
    "4999": Meaning(PROCESSING, later("M-Pesa is still working on it."), NOTHING),
    "8006": Meaning(FAILED, later("The M-Pesa PIN is locked. Safaricom unlocks it: call 100 or 200. "
                              "Another number works too."), OTHER),
    "9999": Meaning(WAIT, _NOT_SHOWN, LATER, 120),
    "SFC_IC0003": Meaning(FAILED, _OURS, PRACTICE),
}
ANY_OTHER = Meaning(
    UNKNOWN, later("We do not know yet whether the payment went through. We go on asking M-Pesa."), LATER
)

# Our own words for a push that M-Pesa refused at once: no phone has rung.
REFUSALS: dict[str, Meaning] = {
    "line_busy": Meaning(FAILED, later("Another M-Pesa request is still open on this phone. "
                                   "Please wait a minute, then try again."), LATER, 60),
    "busy": Meaning(
        FAILED, later("M-Pesa is busy just now. Nothing was sent to the phone. Please try again in a few minutes.")
    ),
    "number_refused": Meaning(FAILED, later("M-Pesa cannot reach this number. Please use another one."), OTHER),
    "unreachable": Meaning(
        FAILED, later("M-Pesa cannot be reached just now. Nothing was sent to the phone. Please try again.")
    ),
    "our_side": Meaning(FAILED, _OURS, PRACTICE),
    "too_late": Meaning(
        FAILED, later("The request could not be sent in time. Nothing was sent to the phone. Please try again.")
    ),
}


def meaning(code: str | None) -> Meaning:
    """What a result code, or one of our own words for a refusal, means; anything else is unknown."""
    return RESULTS.get(code or "") or REFUSALS.get(code or "") or ANY_OTHER


# Synchronous answers ------------------------------------------------------------------------------

ACCEPTED, REFUSED, TOKEN = "accepted", "refused", "token"


class Push(msgspec.Struct, frozen=True):
    """The answer to "ring this phone": `kind` is accepted (with both ids), refused (certainly not on the phone),
    token (the access token was not taken, M-Pesa never saw the call), or unknown."""

    kind: str
    code: str = ""
    text: str = ""
    merchant_request_id: str | None = None
    checkout_request_id: str | None = None


class Look(msgspec.Struct, frozen=True):
    """The answer to "what became of it": `kind` is result (with a code), processing, busy, token, unknown."""

    kind: str
    code: str = ""
    text: str = ""
    merchant_request_id: str | None = None


RESULT, BUSY = "result", "busy"
_TOKEN_CODES = frozenset({"404.001.03", "401.002.01", "400.003.01", "401.003.01"})
_LONGEST_ID, _LONGEST_TEXT = 64, 200


def text_of(value: object) -> str:
    """A code or an id as text, whatever type it came in; empty for nothing and for shapes that are neither."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    # NUL and lone surrogates pass through JSON and die in the database.
    return str(value).encode(errors="replace").decode().replace("\0", "").strip()


def error_of(body: Mapping[str, Any] | None) -> tuple[str, str]:
    """errorCode and errorMessage out of either envelope; empty when there is none."""
    if body is None:
        return "", ""
    fault = body.get("fault")
    if isinstance(fault, dict):
        detail = fault.get("detail")
        code = text_of(detail.get("errorcode")) if isinstance(detail, dict) else ""
        return code, text_of(fault.get("faultstring"))[:_LONGEST_TEXT]
    return text_of(body.get("errorCode")), text_of(body.get("errorMessage"))[:_LONGEST_TEXT]


def token_refused(code: str, message: str) -> bool:
    """Whether the gateway turned the call away for its token, before M-Pesa saw it."""
    said = f"{code} {message}".lower()
    return code in _TOKEN_CODES or "invalid access token" in said or "invalidaccesstoken" in said


def read_push(status: int, body: Mapping[str, Any] | None) -> Push:
    """`body` is None for anything that is not a JSON object: empty, HTML, plain text."""
    code, message = error_of(body)
    if status == 200 and body is not None:
        return _read_taken(body)
    if token_refused(code, message):
        return Push(TOKEN, code, message)
    word = _refusal(status, code, message)
    text = f"{status} {code} {message}".strip()[:_LONGEST_TEXT]
    return Push(REFUSED, word, text) if word else Push(UNKNOWN, "", text)


def _read_taken(body: Mapping[str, Any]) -> Push:
    answer, checkout = text_of(body.get("ResponseCode")), text_of(body.get("CheckoutRequestID"))
    if answer == "0" and 0 < len(checkout) <= _LONGEST_ID:
        merchant = text_of(body.get("MerchantRequestID"))[:_LONGEST_ID]
        return Push(ACCEPTED, "", "", merchant or None, checkout)
    if answer not in ("", "0"):
        return Push(REFUSED, "our_side", f"200 {answer} {text_of(body.get('ResponseDescription'))}"[:_LONGEST_TEXT])
    return Push(UNKNOWN, "", "200 without an id")


def _refusal(status: int, code: str, message: str) -> str:
    """Our word for an answer that certainly rang no phone; empty when that is not certain."""
    said = message.lower()
    if "unable to lock subscriber" in said:
        return "line_busy"
    if status == 429 or code in ("500.003.02", "500.003.03"):
        return "busy"
    if code == "500.001.1001" and ("merchant does not exist" in said or "wrong credentials" in said):
        return "our_side"
    if 400 <= status < 500:
        # The gateway and the checks in front of M-Pesa answer with 4xx; nothing behind them has run.
        return "number_refused" if "phonenumber" in said or "partya" in said else "our_side"
    return ""


def read_look_up(status: int, body: Mapping[str, Any] | None, checkout_request_id: str) -> Look:
    code, message = error_of(body)
    if status == 200 and body is not None and text_of(body.get("ResponseCode")) == "0":
        return _read_result(body, checkout_request_id)
    if token_refused(code, message):
        return Look(TOKEN, code, message)
    if "being processed" in message.lower() or "under processing" in message.lower():
        return Look(PROCESSING, code, message)
    if status == 429 or code in ("500.003.02", "500.003.03"):
        return Look(BUSY, code, message)
    return Look(UNKNOWN, code, f"{status} {message}".strip()[:_LONGEST_TEXT])


def _read_result(body: Mapping[str, Any], checkout_request_id: str) -> Look:
    code = text_of(body.get("ResultCode"))
    if text_of(body.get("CheckoutRequestID")) != checkout_request_id or not code:
        return Look(UNKNOWN, "", "the answer is about something else")
    kind = PROCESSING if RESULTS.get(code, ANY_OTHER).kind == PROCESSING else RESULT
    merchant = text_of(body.get("MerchantRequestID")) or None
    return Look(kind, code, text_of(body.get("ResultDesc"))[:_LONGEST_TEXT], merchant)
