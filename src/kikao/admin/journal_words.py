"""The journal in plain words: what was done to what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kikao.admin import setting_words, words
from kikao.admin.rules import SETTINGS
from kikao.core import i18n
from kikao.core.i18n import gettext, later
from kikao.core.money import shown
from kikao.sessions.words import VERBS

DONE: dict[str, str] = {
    **words.LISTING, **words.JOURNAL, **VERBS,
    "book": later("Booked by hand"), "extend": later("Kept for longer"), "start": later("Begun"),
    "complete": later("Completed"), "break off": later("Broken off"), "mark a no-show": later("Said: did not come"),
    "correct": later("Corrected"), "send refused": later("Could not be sent on"),
    "open the note": later("The note was opened"), "open the number": later("The number to ring was opened"),
    "open the reason": later("A reason was read"),
    "change_password": later("New password"), "choose_name": later("New sign-in name"),
    "create": later("Account made"), "enable": later("Account enabled"), "grant_role": later("Role given"),
    "revoke_role": later("Role taken away"), "invite": later("Invitation sent"), "join": later("Joined to an account"),
    "pause": later("Too many wrong passwords: a pause"), "prove_contact": later("Contact proved"),
    "add_contact": later("Contact added"), "send_code": later("A code was sent, to be read out"),
    "set_reading": later("Language or time zone changed"),
    "choose_contact": later("Contact chosen"), "remove_contact": later("Contact removed"),
    "sign_in": later("Signed in"), "sign_in_with": later("A new way to sign in"),
    "not_sign_in_with": later("A way to sign in taken away"), "sign_out": later("Signed out"),
    "sign_up": later("Signed up"), "give_consent": later("Agreed to what is kept"),
    "withdraw_consent": later("Took consent back"), "set_state": later("How the person stands was changed"),
    "look": later("Looked at"), "open the contacts": later("Contacts were opened"),
    "search people": later("People were searched"), "look at the journal": later("The journal was read"),
    "change settings": later("Settings changed"), "set terms": later("New terms"),
    "add a number": later("Emergency number added"), "ring a number": later("Emergency number rung"),
    "move a number": later("Emergency numbers put in order"), "remove a number": later("Emergency number removed"),
    "set calendar": later("Calendar changed"), "set hours": later("Hours changed"), "set rate": later("New rate"),
    "add a day": later("A day off or extra"), "remove a day": later("A day off or extra taken back"),
    "add a place": later("Place added"), "correct a place": later("Place corrected"),
    "close a place": later("Place closed"),
    "make_person": later("Person entered at the desk"), "act_for": later("Acts for somebody from now on"),
    "end_acting": later("Acts for somebody no more"), "tell by telephone": later("Told by telephone"),
    "set the link": later("Meeting link changed"), "end the call": later("Call left"),
    "take at once": later("Whether a client is taken at once"), "know": later("Whether a client was known before"),
    "close": later("A client is seen no more"), "reopen": later("A client can be seen again"),
    "agree rate": later("A client's own price"),
}
LISTED = {
    "waiting": later("Waiting"), "listed": later("Listed"), "refused": later("Refused"),
    "disabled": later("Suspended"),
}
NOUNS = {
    "session": later("session"), "charge": later("payment"), "account": later("account"), "person": later("person"),
    "psychologist": later("psychologist"), "setting": later("settings"), "terms": later("terms"),
    "line": later("emergency number"), "attempt": later("try to pay"), "letter": later("letter"),
    "message": later("message"), "receipt": later("receipt"), "place": later("place"),
    "relation": later("client"),
}
# What is told of the facts, in this order; the rest are ids.
FACTS = {
    "was": later("was %(value)s"), "state": later("now %(value)s"), "status": later("%(value)s"),
    "role": later("%(value)s"), "kind": later("%(value)s"), "why": later("%(value)s"), "how": later("%(value)s"),
    "type": later("%(value)s"), "until": later("until %(value)s"), "fromAt": later("from %(value)s"),
    "page": later("%(value)s"), "fields": later("%(value)s"), "ended": later("%(value)s ended"),
    "minutes": later("%(value)s minutes"),
}
_MONEY = ("amount", "back")


def done(verb: str) -> str:
    """A verb that nobody has put into words reads as it stands."""
    known = DONE.get(verb)
    return gettext(known) if known else verb.replace("_", " ").capitalize()


def noun(name: str) -> str:
    known = NOUNS.get(name)
    return gettext(known) if known else name


def facts(found: dict[str, Any], zone: str) -> str:
    """States, amounts and words of ours; never an id."""
    told = [
        gettext(text) % {"value": _plain(name, found[name], zone)} for name, text in FACTS.items() if found.get(name)
    ]
    told += [shown(found[name]) for name in _MONEY if isinstance(found.get(name), int)]
    settings = found.get("settings")
    if isinstance(settings, dict):
        told += [_setting(name, value) for name, value in settings.items()]
    return ", ".join(told)


def _setting(name: str, value: Any) -> str:
    known = SETTINGS.get(name)
    return f"{setting_words.label(known)}: {setting_words.told(known, value)}" if known else f"{name}: {value}"


# The words for what is kept in one, by the name of the fact. What is in none of them is a msgid or a name already.
_STATES = {name: word for name, (_tone, _icon, word) in words.STATES_OF_PEOPLE.items()}
_PLAIN: dict[str, dict[str, str]] = {
    "why": words.WHY_BACK | words.REASONS | words.UNREACHED, "state": _STATES, "was": _STATES | LISTED,
    "role": words.ROLES, "how": words.HOW, "kind": words.KINDS | {"phone": later("phone"), "email": later("e-mail")},
    "page": {"duties": later("Money to give back"), "suspense": later("Suspense"), "strays": later("Letters"),
             "codes": later("Codes to check")},
}
_MOMENTS = ("until", "fromAt")


def _plain(name: str, value: Any, zone: str) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(name, one, zone) for one in value)
    if name in _MOMENTS:
        return _moment(str(value), zone)
    return gettext(_PLAIN.get(name, {}).get(str(value), str(value)))


def _moment(written: str, zone: str) -> str:
    """A day, or a day and its hour."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return written
    return i18n.day_and_clock(at, zone) if at.tzinfo else i18n.date_of_year(at.date())
