"""Practice settings in plain words: what each is called, and its value with its unit."""

from __future__ import annotations

from typing import Any

from kikao.admin.rules import Setting
from kikao.core.i18n import gettext, later, ngettext
from kikao.core.money import shown

ROOMS = {
    "sessions": later("Requests, holds and limits"), "availability": later("Free times"),
    "directory": later("Usual rates"), "payments": later("Paying"), "accounts": later("Codes and sign-ins"),
    "notifications": later("Messages"),
}
LABELS = {
    "sessions.unproved_minutes": later("A request without a proved contact keeps its time for"),
    "sessions.answer_hours": later("A request waits for its answer for"),
    "sessions.answer_before_start_minutes": later("An answer is due before the start by"),
    "sessions.pay_hours": later("An accepted session waits for its money for"),
    "sessions.first_pay_minutes": later("Taken at once and nothing ever paid here: it waits for its money for"),
    "sessions.pay_before_start_minutes": later("It has to be paid before the start by"),
    "sessions.pay_least_minutes": later("The least time to answer or to pay"),
    "sessions.hold_after_pay_minutes": later("The time is kept after the last moment to pay for"),
    "sessions.code_check_hours": later("A typed code waits to be checked for"),
    "sessions.open_at_first": later("Unpaid sessions at once, before anything was paid here"),
    "sessions.open_when_known": later("Unpaid sessions at once, afterwards"),
    "sessions.extend_hours": later("Kept longer, once, by at most"),
    "sessions.start_before_minutes": later("A session can be begun before its start by"),
    "sessions.start_after_minutes": later("It can be begun after its start for"),
    "sessions.no_show_after_minutes": later("Not come can be said after the start by"),
    "sessions.close_after_hours": later("What nobody says anything of is completed after its end by"),
    "sessions.object_hours": later("An objection is possible for"),
    "sessions.correct_hours": later("A psychologist can put right what its end is called for"),
    "sessions.correct_answer_minutes": later("A decline is told, and can be taken back, for"),
    "sessions.earn_after_hours": later("What was completed or not come for is earned after"),
    "sessions.earn_after_clock_days": later("What the clock completed is earned after"),
    "sessions.whole_back_minutes": later("Whoever cancels after paying is given all of it back for"),
    "sessions.whole_back_before_start_hours": later("While the start is further away than"),
    "availability.buffer_minutes": later("Kept free after a session"),
    "availability.notice_minutes": later("Least notice"),
    "availability.horizon_days": later("Times are offered ahead for"),
    "availability.step_minutes": later("Times begin every"),
    "availability.travel_minutes": later("Kept free between hours at two places"),
    "directory.individual_amount": later("Individual, price"),
    "directory.individual_minutes": later("Individual, length"),
    "directory.couples_amount": later("Couples, price"),
    "directory.couples_minutes": later("Couples, length"),
    "directory.family_amount": later("Family, price"),
    "directory.family_minutes": later("Family, length"),
    "directory.group_amount": later("Group, price of a seat"),
    "directory.group_minutes": later("Group, length"),
    "payments.prompt_seconds": later("A prompt is open for"),
    "payments.queue_seconds": later("A prompt waits in our queue for at most"),
    "payments.prompts_at_once": later("Prompts in one window, for a charge and for a phone"),
    "payments.window_seconds": later("Length of that window"),
    "payments.prompts_a_day": later("Prompts a day, for a charge and for a phone"),
    "payments.look_up_seconds": later("M-Pesa is asked after"),
    "payments.look_up_every_seconds": later("Then it is asked every"),
    "payments.look_up_hours": later("For as long as"),
    "payments.check_after_seconds": later("A success is looked up after"),
    "payments.unchecked_seconds": later("A further try waits for a look-up for at most"),
    "payments.give_back_hours": later("Money that has to go back is due within"),
    "payments.practice_share_percent": later("The practice's share of what is earned"),
    "notifications.quiet_from_hour": later("Quiet hours begin, by the reader's clock, at"),
    "notifications.quiet_until_hour": later("Quiet hours end at"),
    "notifications.first_reminder_hours": later("The first reminder comes before the start by"),
    "notifications.last_reminder_minutes": later("The last reminder comes before the start by"),
    "notifications.tomorrow_at_hour": later("Psychologists get tomorrow's list at"),
    "accounts.code_minutes": later("A code works for"),
    "accounts.code_tries": later("Tries for one code"),
    "accounts.codes_an_hour": later("Codes an hour to one contact"),
    "accounts.codes_a_day": later("Codes a day to one contact"),
    "accounts.reset_minutes": later("A code for a new password works for"),
    "accounts.invitation_hours": later("An invitation works for"),
    "accounts.wrong_tries": later("Wrong passwords before a pause"),
    "accounts.pause_minutes": later("Length of that pause"),
    "accounts.idle_minutes": later("A sign-in ends without use after"),
    "accounts.browser_hours": later("A sign-in in a browser lasts at most"),
    "accounts.own_phone_days": later("A sign-in on one's own phone lasts"),
    "accounts.staff_hours": later("A sign-in of those who work here lasts"),
    "accounts.token_days": later("A program's token lasts"),
    "accounts.forget_days": later("A sign-up that nobody proved is kept for"),
}


NEW = {
    "seconds": later("New value, in seconds"), "minutes": later("New value, in minutes"),
    "hours": later("New value, in hours"), "days": later("New value, in days"),
    "percent": later("New value, in percent"), "amount": later("New value, in KSh"),
    "hour": later("New value, the hour from 0 to 23"), "": later("New value"),
}


def label(setting: Setting) -> str:
    """A field of which nobody has said what it is called reads as it stands."""
    known = LABELS.get(setting.name)
    return gettext(known) if known else setting.field.replace("_", " ").capitalize()


def room(name: str) -> str:
    return gettext(ROOMS.get(name, name.capitalize()))


def told(setting: Setting, value: Any) -> str:
    """`24 hours`, `KSh 2,500`, `20, 35, 50 seconds`."""
    if setting.yes_no:
        return gettext("yes") if value else gettext("no")
    if setting.many:
        return _in_place_of(value[-1], ", ".join(f"{number:,}" for number in value), setting.field)
    if not isinstance(value, int):
        return gettext(str(value))
    text, larger = _with_unit(setting.field, value), _in_larger(setting, value)
    return f"{text} ({larger})" if larger else text


def _in_larger(setting: Setting, number: int) -> str | None:
    """Many minutes or seconds in the unit that people think in."""
    unit = _unit(setting.field)
    if unit == "seconds" and number >= 120 and number % 60 == 0:
        unit, number = "minutes", number // 60
    if unit == "minutes" and number >= 120 and number % 60 == 0:
        unit, number = "hours", number // 60
    if unit == "hours" and number > 48 and number % 24 == 0:
        unit, number = "days", number // 24
    return _with_unit(unit, number) if unit != _unit(setting.field) else None


def _unit(field: str) -> str:
    """`codes_an_hour` counts codes: an hour of the clock stands alone."""
    return "" if field.endswith(("_an_hour", "_a_day")) else field.rsplit("_", 1)[-1]


def _with_unit(field: str, number: int) -> str:
    unit = _unit(field)
    if unit in ("amount", "kes"):
        return shown(number)
    if unit == "percent":
        return f"{number} %"
    if unit == "hour":
        return f"{number:02d}:00"
    words = {
        "seconds": ngettext("%(num)s second", "%(num)s seconds", number),
        "minutes": ngettext("%(num)s minute", "%(num)s minutes", number),
        "hours": ngettext("%(num)s hour", "%(num)s hours", number),
        "days": ngettext("%(num)s day", "%(num)s days", number),
        "months": ngettext("%(num)s month", "%(num)s months", number),
        "years": ngettext("%(num)s year", "%(num)s years", number),
    }
    return words.get(unit, "%(num)s") % {"num": f"{number:,}"}


def _in_place_of(number: int, several: str, field: str) -> str:
    """Several numbers with one unit, before or after them as the language has it."""
    return _with_unit(field, number).replace(f"{number:,}", several, 1)


def bounds(setting: Setting) -> str:
    if setting.words:
        return ", ".join(gettext(word) for word in setting.words)
    if setting.least is None or setting.most is None:
        return "–"
    span = gettext("%(least)s to %(most)s")
    if _unit(setting.field) == "hour":
        return span % {"least": _with_unit("hour", setting.least), "most": _with_unit("hour", setting.most)}
    told = _in_place_of(
        setting.most, span % {"least": f"{setting.least:,}", "most": f"{setting.most:,}"}, setting.field)
    larger = None if _unit(setting.field) == "hours" else _in_larger(setting, setting.most)
    return gettext("%(span)s (at most %(most)s)") % {"span": told, "most": larger} if larger else told


def new_value(setting: Setting) -> str:
    """What the field of a new value is called: a number alone does not say what it counts."""
    known = NEW.get(_unit(setting.field)) if setting.least is not None else None
    return gettext(known or NEW[""])


def typed(setting: Setting, value: Any) -> str:
    """As it stands in the field of a form."""
    if setting.yes_no:
        return "yes" if value else "no"
    return " ".join(str(number) for number in value) if setting.many else str(value)
