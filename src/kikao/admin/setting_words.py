"""Practice settings in plain words: what each is called, and its value with its unit."""

from __future__ import annotations

from typing import Any

from kikao.admin.rules import Setting
from kikao.core.i18n import gettext, ngettext
from kikao.core.money import shown


def _(text: str) -> str:
    """Marks a sentence for translation; the edge translates."""
    return text


ROOMS = {
    "sessions": _("Requests, holds and limits"), "availability": _("Free times"), "directory": _("Usual rates"),
    "payments": _("Paying"), "accounts": _("Codes and sign-ins"), "notifications": _("Messages"),
}
LABELS = {
    "sessions.unproved_minutes": _("A request without a proved contact keeps its time for"),
    "sessions.answer_hours": _("A request waits for its answer for"),
    "sessions.answer_before_start_minutes": _("An answer is due before the start by"),
    "sessions.pay_hours": _("An accepted session waits for its money for"),
    "sessions.pay_before_start_minutes": _("It has to be paid before the start by"),
    "sessions.pay_least_minutes": _("The least time to answer or to pay"),
    "sessions.hold_after_pay_minutes": _("The time is kept after the last moment to pay for"),
    "sessions.code_check_hours": _("A typed code waits to be checked for"),
    "sessions.open_at_first": _("Unpaid sessions at once, before anything was paid here"),
    "sessions.open_when_known": _("Unpaid sessions at once, afterwards"),
    "availability.buffer_minutes": _("Kept free after a session"),
    "availability.notice_minutes": _("Least notice"),
    "availability.horizon_days": _("Times are offered ahead for"),
    "availability.step_minutes": _("Times begin every"),
    "directory.individual_amount": _("Individual, price"),
    "directory.individual_minutes": _("Individual, length"),
    "directory.couples_amount": _("Couples, price"),
    "directory.couples_minutes": _("Couples, length"),
    "directory.family_amount": _("Family, price"),
    "directory.family_minutes": _("Family, length"),
    "directory.group_amount": _("Group, price of a seat"),
    "directory.group_minutes": _("Group, length"),
    "payments.prompt_seconds": _("A prompt is open for"),
    "payments.queue_seconds": _("A prompt waits in our queue for at most"),
    "payments.prompts_at_once": _("Prompts in one window, for a charge and for a phone"),
    "payments.window_seconds": _("Length of that window"),
    "payments.prompts_a_day": _("Prompts a day, for a charge and for a phone"),
    "payments.look_up_seconds": _("M-Pesa is asked after"),
    "payments.look_up_every_seconds": _("Then it is asked every"),
    "payments.look_up_hours": _("For as long as"),
    "payments.check_after_seconds": _("A success is looked up after"),
    "payments.unchecked_seconds": _("A further try waits for a look-up for at most"),
    "payments.give_back_hours": _("Money that has to go back is due within"),
    "accounts.code_minutes": _("A code works for"),
    "accounts.code_tries": _("Tries for one code"),
    "accounts.codes_an_hour": _("Codes an hour to one contact"),
    "accounts.codes_a_day": _("Codes a day to one contact"),
    "accounts.reset_minutes": _("A code for a new password works for"),
    "accounts.wrong_tries": _("Wrong passwords before a pause"),
    "accounts.pause_minutes": _("Length of that pause"),
    "accounts.idle_minutes": _("A sign-in ends without use after"),
    "accounts.browser_hours": _("A sign-in in a browser lasts at most"),
    "accounts.own_phone_days": _("A sign-in on one's own phone lasts"),
    "accounts.staff_hours": _("A sign-in of those who work here lasts"),
    "accounts.token_days": _("A program's token lasts"),
    "accounts.forget_days": _("A sign-up that nobody proved is kept for"),
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
        numbers = list(value)
        return f"{', '.join(f'{number:,}' for number in numbers[:-1])}, {_with_unit(setting.field, numbers[-1])}"
    if not isinstance(value, int):
        return gettext(str(value))
    text = _with_unit(setting.field, value)
    in_hours = setting.field.endswith("_minutes") and value >= 120 and value % 60 == 0
    return f"{text} ({_with_unit('hours', value // 60)})" if in_hours else text


def _with_unit(field: str, number: int) -> str:
    unit = field.rsplit("_", 1)[-1]
    if unit in ("amount", "kes"):
        return shown(number)
    if unit == "percent":
        return f"{number} %"
    words = {
        "seconds": ngettext("%(num)s second", "%(num)s seconds", number),
        "minutes": ngettext("%(num)s minute", "%(num)s minutes", number),
        "hours": ngettext("%(num)s hour", "%(num)s hours", number),
        "days": ngettext("%(num)s day", "%(num)s days", number),
        "months": ngettext("%(num)s month", "%(num)s months", number),
        "years": ngettext("%(num)s year", "%(num)s years", number),
    }
    return words.get(unit, "%(num)s") % {"num": f"{number:,}"}


def bounds(setting: Setting) -> str:
    if setting.words:
        return ", ".join(gettext(word) for word in setting.words)
    if setting.least is None or setting.most is None:
        return "–"
    return gettext("%(least)s to %(most)s") % {
        "least": f"{setting.least:,}", "most": _with_unit(setting.field, setting.most),
    }


def typed(setting: Setting, value: Any) -> str:
    """As it stands in the field of a form."""
    if setting.yes_no:
        return "yes" if value else "no"
    return " ".join(str(number) for number in value) if setting.many else str(value)
