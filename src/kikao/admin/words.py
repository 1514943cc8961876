"""Plain words for what the database keeps in one or two: states, outcomes, moves. Translated where they are shown."""

from __future__ import annotations

from kikao.core.i18n import later

# Tone, icon and word of a try to pay.
STATES: dict[str, tuple[str, str, str]] = {
    "created": ("todo", "glass", later("Not rung yet")),
    "submitting": ("todo", "mobile", later("Ringing")),
    "accepted": ("todo", "mobile", later("Waits for the PIN")),
    "refused": ("bad", "stop", later("Refused by M-Pesa")),
    "not_sent": ("past", "off", later("Not sent")),
    "failed": ("bad", "alert", later("Not paid")),
    "submit_unknown": ("todo", "search", later("Not known yet")),
    "unknown": ("todo", "search", later("Not known yet")),
    "paid": ("good", "done", later("Paid")),
    "paid_no_receipt": ("good", "done", later("Paid, number to come")),
    "amount_mismatch": ("bad", "half", later("Another amount")),
    "vouched": ("good", "shield", later("Entered by hand")),
}
METHODS = {
    "callback": later("M-Pesa told us"), "query": later("M-Pesa answered when asked"),
    "person": later("Somebody of ours saw it"),
}
OUTCOMES = {
    "settled": later("Moved money"), "noted": later("Noted"), "repeat": later("Said again"),
    "parked": later("Waits for more"), "stray": later("Moved nothing"),
}
# Why a letter fits nothing, or in what M-Pesa contradicts itself.
REASONS = {
    "contradiction": later("M-Pesa had said that it was paid, and now says that it was not."),
    "unknown code": later("A result code that is not in M-Pesa's list."),
    "ids": later("Its numbers are not those of the try on whose path it came."),
    "ids not known yet": later("It came before M-Pesa had given this try its number."),
    "no amount": later("It says paid and no amount. M-Pesa is asked."),
    "amount": later("Another amount than was asked for."),
    "another receipt": later("A second receipt for one try."),
    "receipt known elsewhere": later("Its receipt is evidence for another payment already."),
    "unreadable": later("It could not be read."),
    "no attempt": later("It belongs to no try of ours."),
}
WHY_BACK = {
    "cancelled": later("Cancelled"), "late": later("Came after the time was gone"), "twice": later("Paid twice"),
    "too much": later("More than was owed"), "suspense": later("Belongs to nothing"), "broken off": later("Broken off"),
    "not come": later("Nobody came for it"), "goodwill": later("More than the terms give back"),
}
# The accounts of the ledger.
PLACES = {
    "utility": later("M-Pesa"), "desk": later("Seen by somebody of ours"), "charge": later("Paid for this"),
    "suspense": later("Suspense"), "duty": later("To give back"), "earned": later("Earned"),
    "share": later("The practice's share"), "reversed": later("Taken back by M-Pesa"),
}
MOVES = WHY_BACK | {
    "arrived": later("Arrived"), "vouched": later("Vouched for"), "placed": later("Found where it belongs"),
    "corrected": later("M-Pesa put its first word right"), "given back": later("Given back"), "earned": later("Earned"),
    "taken back": later("M-Pesa took it back"), "went back already": later("Had gone back already"),
    "borne": later("The practice bears it"),
}
JOURNAL = {
    "ask to pay": later("M-Pesa request sent"), "submit a code": later("A code was typed"),
    "reject the code": later("The code was refused"), "vouch": later("The money was vouched for"),
    "receive": later("Money came"), "receive in suspense": later("Money came that fits nothing"),
    "confirm": later("M-Pesa confirmed what somebody vouched for"),
    "name the receipt": later("The number of a receipt was noted"),
    "receipt belongs elsewhere": later("M-Pesa says that the receipt is another payment's"),
    "contradiction": later("Something did not add up"), "owe back": later("Has to be given back"),
    "give back": later("Given back"), "earn": later("Earned"), "waive": later("Waived"),
    "note a reversal": later("M-Pesa took money back"), "bear a reversal": later("The practice bears it"),
    "place": later("Money from suspense was placed here"),
    "look at payments": later("Looked at"), "try again": later("Tried again by hand"),
}
STUCK = {"attempt": later("A try to pay"), "letter": later("A letter from M-Pesa"), "message": later("A message")}
MISSING = {
    "licence": later("The licence has run out, or its last day is not known."),
    "public_yes": later("They have not said yes to being listed."),
    "emergency_line": later("No emergency number has been rung and entered yet. New listings wait for it."),
}
# The same of one among several; the number is said once above them.
LACKS = {
    "licence": later("licence has run out, or is not known"), "public_yes": later("has not said yes to being listed"),
    "supervisor": later("in training, and nobody who is here supervises them"),
}
# Why a session that is kept cannot be held as it stands.
NOT_HELD = {
    "gone": later("has left"), "not_listed": later("is not listed at present"),
    "unsupervised": later("in training, and nobody who is here supervises them"),
    "after_licence": later("after the last day of the licence"),
}
# What a message was about, by the name of its kind.
KINDS = {
    "code": later("A code"), "reset": later("A new password"), "invitation": later("An invitation"),
    "contact added": later("A contact that was added"),
    "requested": later("A request"),
    "accepted": later("A session that was accepted"), "confirmed": later("A session that is confirmed"),
    "paid": later("A payment that came"),
    "code rejected": later("A code that did not fit"), "declined": later("A request that was declined"),
    "paid too late": later("A payment that came too late"), "cancelled": later("A session that was cancelled"),
    "expired": later("A time that is no longer kept"),
    "payment failed": later("A payment that did not go through"), "taken": later("A time that is taken"),
    "still to answer": later("A request still to answer"), "answer soon": later("A request to answer soon"),
    "unpaid": later("Not paid yet"), "reminder": later("A reminder"), "soon": later("A reminder, shortly before"),
    "tomorrow": later("The list for tomorrow"), "money comes back": later("Money that comes back"),
    "money given back": later("Money that is back"),
    "extended": later("A time that is kept longer"), "broken off": later("A session that was broken off"),
    "no-show": later("A session to which somebody did not come"), "corrected": later("What its end is called"),
}
# What stopped something, by the name of the error; the name stands beside it.
FAULTS = {
    "TimeoutError": later("No answer in time"), "ConnectionError": later("No connection"),
    "ConnectError": later("No connection"), "ConnectTimeout": later("No answer in time"),
    "ReadTimeout": later("No answer in time"), "ReadError": later("The connection broke"),
}
FAULTS_ELSE = later("A fault in our program")
# Why a message reached nobody.
UNREACHED = {
    "no contact": later("No contact that works"), "mail_no_such_reader": later("This mailbox does not exist"),
    "mail_refused": later("Their mailbox refuses it"), "sms_number": later("This number takes no SMS"),
    "a person says it": later("Whom it was for has died: please ring, nothing is written"),
}
UNREACHED_ELSE = later("It did not go through")
# What is told of a psychologist's listing.
LISTING = {
    "prepare": later("Profile begun"), "change profile": later("Profile changed"), "list": later("Listed"),
    "refuse": later("Refused"), "disable": later("Suspended"), "check the licence": later("Licence checked again"),
    "set grace": later("Renewal under way: days past the licence"), "set supervisor": later("Training changed"),
}
ROLES = {
    "client": later("client"), "psychologist": later("psychologist"), "desk": later("desk"),
    "finance": later("finance"), "admin": later("admin"),
}
STATES_OF_PEOPLE = {
    "active": ("good", "done", later("Active")), "blocked": ("bad", "stop", later("Blocked")),
    "deceased": ("past", "off", later("Deceased")), "erased": ("past", "off", later("Erased")),
}
HOW = {"page": later("on a page"), "paper": later("on paper"), "voice": later("by voice")}
RELATIONS = {"parent": later("parent"), "guardian": later("guardian"), "carer": later("carer")}
# What somebody was in a session.
PARTS = {"client": later("client"), "psychologist": later("psychologist"), "asked": later("asked for it")}
