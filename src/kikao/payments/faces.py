"""What the pay pages show of a bill and its last attempt: words and next steps. Decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kikao.core import i18n, phone
from kikao.core.i18n import gettext as _
from kikao.core.i18n import later
from kikao.core.money import shown as money
from kikao.payments import codes, rules
from kikao.payments.queries import Bill, Receipt, Shown

RINGING, LATE, UNKNOWN, PAID, FAILED, PAUSED = "ringing", "late", "unknown", "paid", "failed", "paused"
LATE_SECONDS = 20       # without news: "did you not get it?"
WATCHED_SECONDS = 1800  # an unknown try is asked about for half an hour, then the page stops asking

CHANNELS = {"mpesa": later("M-Pesa"), "cash": later("Cash"), "bank": later("Bank"), "card": later("Card")}


def closed(bill: Bill, now: datetime, receipt_url: str, *, zone: str, practice_phone: str) -> dict[str, Any] | None:
    """Why there is nothing to pay, or None when there is."""
    receipt = {"label": _("See the receipt"), "url": receipt_url} if bill.received else {}
    if bill.given_back and not bill.missing:
        text = _("%(amount)s will be given back to the number that paid, or has been already.")
        return _closing("attention", _("Given back"), text % {"amount": money(bill.given_back)}, receipt)
    if bill.missing == 0 and bill.received:
        return _closing("good", _("Paid"), _("Nothing more is owed. Thank you."), receipt)
    if bill.missing == 0:
        return _closing("good", _("Nothing to pay"), _("Nothing is owed any more. You can close this page."), {})
    if bill.payable(now):
        return None
    call = {"label": _("Call %(phone)s") % {"phone": phone.shown(practice_phone)}, "url": phone.link(practice_phone),
            "icon": "phone"}
    return _closing("attention", _("This cannot be paid now"), _not_now(bill, now, zone), receipt or call)


def _not_now(bill: Bill, now: datetime, zone: str) -> str:
    if bill.closed_at:
        text = _("It has been closed since %(when)s. If you still want to pay, call us.")
        return text % {"when": i18n.when(bill.closed_at, zone)}
    if bill.open_until and bill.open_until <= now:
        text = _("It could be paid until %(when)s. If you still want to pay, call us.")
        return text % {"when": i18n.when(bill.open_until, zone)}
    return _("The time to pay it has not begun. Please try again later, or call us.")


def _closing(tone: str, title: str, text: str, way_on: dict[str, str]) -> dict[str, Any]:
    """`way_on`: a label, an address and perhaps an icon; or nothing."""
    return {"tone": tone, "title": title, "text": text} | way_on


def _name(bill: Bill, last: Shown, now: datetime) -> str:
    if last.state in rules.SUCCESS or bill.missing == 0:
        return PAID
    if last.state in rules.OPEN:
        return RINGING if (now - last.created_at).total_seconds() < LATE_SECONDS else LATE
    if last.state in rules.INDEFINITE:
        return UNKNOWN
    return FAILED if last.can_retry or last.retry_after is None else PAUSED


def seen(name: str, last: Shown) -> str:
    """What a page says that it shows already: another attempt, or another word, is news."""
    return f"{name}-{str(last.id)[-12:]}{'-again' if last.can_retry else ''}"


def face(
    bill: Bill, last: Shown, now: datetime, path: str, key: str, *, came: list[Receipt] | None = None,
    own_page: str | None = None, phone: str = "",
) -> dict[str, Any]:
    """The waiting page's moving part; see payments/templates/attempt.html for each name."""
    name = _name(bill, last, now)
    tone, title, text = _words(name, bill, last, came or [], own_page is not None)
    age = (now - last.created_at).total_seconds()
    polls = name in (RINGING, LATE, PAUSED) or (name == UNKNOWN and age < WATCHED_SECONDS)
    return {
        "face": name, "tone": tone, "title": title, "text": text,
        "steps": _steps() if name in (RINGING, LATE) else [],
        "seconds": max(int((last.expires_at - now).total_seconds()), 0) if name in (RINGING, LATE) else None,
        "poll_url": f"{path}/attempt?seen={seen(name, last)}" if polls else None,
        "events_url": f"{path}/events" if polls else None,
        "news": name != RINGING,
        "retry": _retry(name, last, path, key, phone),
        "next": _after(path, own_page) if name == PAID else None,
        "closable": name in (LATE, UNKNOWN, PAUSED),
    }  # fmt: skip


def _steps() -> list[str]:
    return [
        _("A message of M-Pesa appears on that phone. It shows the amount and asks for the PIN."),
        _("Check the amount and the name, then enter the M-Pesa PIN there, never here."),
        _("Come back to this page. It changes by itself."),
    ]


def _after(path: str, own_page: str | None) -> dict[str, str]:
    if own_page:
        return {"label": _("See what is arranged"), "url": own_page}
    return {"label": _("See the receipt"), "url": f"{path}/receipt"}


def _thanks(bill: Bill, came: list[Receipt]) -> str:
    """What came, by which receipts; the number of one that was only looked up follows later."""
    numbers = ", ".join(one.number for one in came if one.number)
    if not numbers:
        return _("%(amount)s has arrived. The receipt number follows.") % {"amount": money(bill.received)}
    return _("%(amount)s has arrived. M-Pesa receipt %(numbers)s.") % {
        "amount": money(bill.received), "numbers": numbers,
    }


def _words(name: str, bill: Bill, last: Shown, came: list[Receipt], whose: bool) -> tuple[str, str, str]:
    """`whose`: the one whose it is looks; what it confirms is no stranger's business."""
    message = _(last.message)
    if name == PAID and bill.given_back:
        text = _("%(amount)s of it will be given back to the number that paid, or has been already.")
        return "attention", _("The payment has arrived"), text % {"amount": money(bill.given_back)}
    if name == PAID:
        return "good", _("Confirmed") if whose else _("Paid. Thank you."), _thanks(bill, came)
    if name == LATE:
        text = _("Did you not get it? Is the phone on, with coverage? Nothing is taken without the PIN.")
        return "info", _("Still waiting for the phone"), text
    if name == UNKNOWN:
        return "attention", _("No answer from M-Pesa yet"), message
    if name == RINGING:
        return "info", _("Look at the phone that pays"), "" if last.state == rules.ACCEPTED else message
    title = _("Part of it has arrived") if last.state == rules.AMOUNT_MISMATCH else _("Not paid yet")
    return "attention" if name == PAUSED or last.state == rules.AMOUNT_MISMATCH else "danger", title, message


def _retry(name: str, last: Shown, path: str, key: str, phone: str) -> dict[str, Any] | None:
    if name not in (UNKNOWN, FAILED) or not last.can_retry:
        return None
    step = codes.meaning(last.code).step
    note = _("Another number works best. Left empty, it goes to the same one again.") \
        if step == codes.OTHER and name == FAILED else None
    return {"label": _("Send it to the phone again"), "url": path, "key": key, "phone": phone, "note": note}


def receipt_row(receipt: Receipt, zone: str) -> dict[str, str]:
    """One payment as the receipt page lists it."""
    return {
        "number": receipt.number or _("to follow"),
        "label": _("M-Pesa code") if receipt.channel == "mpesa" else _("Number"),
        "channel": _(CHANNELS[receipt.channel]),
        "amount": money(receipt.amount),
        "when": i18n.when(receipt.at, zone),
    }
