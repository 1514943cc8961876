"""Plain words for what the database keeps in one or two: states, outcomes, moves. Translated where they are shown."""

from __future__ import annotations


def _(text: str) -> str:
    """Marks a sentence for translation; the edge translates."""
    return text


# Tone, icon and word of a try to pay.
STATES: dict[str, tuple[str, str, str]] = {
    "created": ("todo", "glass", _("Not rung yet")),
    "submitting": ("todo", "mobile", _("Ringing")),
    "accepted": ("todo", "mobile", _("Waits for the PIN")),
    "refused": ("bad", "stop", _("Refused by M-Pesa")),
    "not_sent": ("past", "off", _("Not sent")),
    "failed": ("bad", "alert", _("Not paid")),
    "submit_unknown": ("todo", "search", _("Not known yet")),
    "unknown": ("todo", "search", _("Not known yet")),
    "paid": ("good", "done", _("Paid")),
    "paid_no_receipt": ("good", "done", _("Paid, number to come")),
    "amount_mismatch": ("bad", "half", _("Another amount came")),
    "vouched": ("good", "shield", _("Somebody vouches")),
}
METHODS = {
    "callback": _("M-Pesa told us"), "query": _("M-Pesa answered when asked"), "person": _("Somebody of ours saw it"),
}
OUTCOMES = {
    "settled": _("Moved money"), "noted": _("Noted"), "repeat": _("Said again"), "parked": _("Waits for more"),
    "stray": _("Moved nothing"),
}
# Why a letter fits nothing, or in what M-Pesa contradicts itself.
REASONS = {
    "contradiction": _("M-Pesa had said that it was paid, and now says that it was not."),
    "unknown code": _("A result code that is not in M-Pesa's list."),
    "ids": _("Its numbers are not those of the try on whose path it came."),
    "ids not known yet": _("It came before M-Pesa had given this try its number."),
    "no amount": _("It says paid and no amount. M-Pesa is asked."),
    "amount": _("Another amount than was asked for."),
    "another receipt": _("A second receipt for one try."),
    "receipt known elsewhere": _("Its receipt is evidence for another payment already."),
    "unreadable": _("It could not be read."),
    "no attempt": _("It belongs to no try of ours."),
}
WHY_BACK = {
    "cancelled": _("Cancelled"), "late": _("Came after the time was gone"), "twice": _("Paid twice"),
    "too much": _("More than was owed"), "suspense": _("Belongs to nothing"),
}
# The accounts of the ledger.
PLACES = {
    "utility": _("M-Pesa"), "desk": _("Seen by somebody of ours"), "charge": _("Paid for this"),
    "suspense": _("Suspense"), "duty": _("To give back"),
}
MOVES = WHY_BACK | {
    "arrived": _("Arrived"), "vouched": _("Vouched for"), "placed": _("Found where it belongs"),
    "corrected": _("M-Pesa put its first word right"), "given back": _("Given back"),
}
JOURNAL = {
    "ask to pay": _("A phone was to be rung"), "submit a code": _("A code was typed"),
    "reject the code": _("The code was refused"), "vouch": _("The money was vouched for"),
    "receive": _("Money came"), "receive in suspense": _("Money came that fits nothing"),
    "confirm": _("M-Pesa confirmed what somebody vouched for"),
    "receipt belongs elsewhere": _("M-Pesa says that the receipt is another payment's"),
    "contradiction": _("Something did not add up"), "owe back": _("Has to be given back"),
    "give back": _("Given back"), "waive": _("Waived"), "place": _("Money from suspense was placed here"),
    "look at payments": _("Looked at"), "try again": _("Tried again by hand"),
}
STUCK = {"attempt": _("A try to pay"), "letter": _("A letter from M-Pesa"), "message": _("A message")}
MISSING = {
    "licence": _("The licence has run out, or its last day is not known."),
    "public_yes": _("They have not said yes to being listed."),
    "emergency_line": _("No emergency number has been rung and entered yet. New listings wait for it."),
}
# Why a message reached nobody; a channel's own reasons stand as they are.
UNREACHED = {"no contact": _("No contact that works")}
