"""Practice settings as values: which there are, what each may be, and which must agree with each other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from msgspec import NODEFAULT, inspect

from kikao.accounts.rules import Numbers as Accounts
from kikao.availability.rules import Numbers as Availability
from kikao.availability.rules import TravelNumbers as Travel
from kikao.core.errors import FieldError, Invalid
from kikao.core.i18n import later
from kikao.directory.rules import Numbers as Directory
from kikao.notifications.rules import Numbers as Notifications
from kikao.payments.rules import Numbers as Payments
from kikao.sessions.rules import Numbers as Sessions

# Every struct whose fields are practice settings, in the order in which an admin reads them.
STRUCTS: tuple[type[msgspec.Struct], ...] = (
    Sessions, Availability, Travel, Directory, Payments, Notifications, Accounts,
)


class Setting(msgspec.Struct, frozen=True):
    """One field of one of these structs. `least` and `most` bound a number, or each number of a list (`many`)."""

    name: str
    struct: type[msgspec.Struct]
    field: str
    default: Any
    least: int | None = None
    most: int | None = None
    many: bool = False
    yes_no: bool = False
    words: tuple[str, ...] = ()

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]

    @property
    def code(self) -> str:
        """For addresses: a field's own name can say what the house is about."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:10]


def _setting(struct: type[msgspec.Struct], field: inspect.Field) -> Setting:
    room, kind = struct.__module__.split(".")[1], field.type
    many = isinstance(kind, inspect.VarTupleType | inspect.ListType)
    each = kind.item_type if isinstance(kind, inspect.VarTupleType | inspect.ListType) else kind
    default = field.default_factory() if field.default_factory is not NODEFAULT else field.default
    bounded = isinstance(each, inspect.IntType)
    return Setting(
        f"{room}.{field.name}", struct, field.name, default,
        least=each.ge if isinstance(each, inspect.IntType) else None,
        most=each.le if isinstance(each, inspect.IntType) else None,
        many=many and bounded, yes_no=isinstance(each, inspect.BoolType),
        words=tuple(str(value) for value in each.values) if isinstance(each, inspect.LiteralType) else (),
    )


def _settings() -> dict[str, Setting]:
    found = {}
    for struct in STRUCTS:
        kind = inspect.type_info(struct)
        assert isinstance(kind, inspect.StructType)
        for field in kind.fields:
            setting = _setting(struct, field)
            found[setting.name] = setting
    return found


SETTINGS = _settings()
BY_CODE = {setting.code: setting for setting in SETTINGS.values()}
USUAL = {setting.name: setting.default for setting in SETTINGS.values()}


# one ----------------------------------------------------------------------------------------------


def read_value(setting: Setting, typed: str) -> Any:
    """What somebody typed, as the value it stands for. Raises Invalid."""
    text = typed.strip()
    if setting.yes_no:
        return text in ("yes", "true", "1")
    if setting.least is None and setting.most is None and not setting.many:
        return text
    parts = [part.replace("_", "") for part in text.replace(",", " ").split()] if setting.many else [text]
    if not parts or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        raise Invalid.field("value", "not_a_number", "Please write whole numbers, without anything else.")
    numbers = [int(part) for part in parts]
    return numbers if setting.many else numbers[0]


def check_value(setting: Setting, value: Any) -> None:
    """Raises Invalid for what its room could not read."""
    fits = not isinstance(value, bool) or setting.yes_no
    try:
        msgspec.convert({setting.field: value}, setting.struct)
    except msgspec.ValidationError:
        fits = False
    if not fits:
        raise Invalid.field("value", "out_of_range", "This lies outside what this setting may be.")


# several together ---------------------------------------------------------------------------------


class Agreement(msgspec.Struct, frozen=True):
    """What must be true of several settings at every moment, and the sentence for whoever would break it."""

    code: str
    names: tuple[str, ...]
    holds: Callable[..., bool]
    sentence: str


def _rising(look_ups: Collection[int], hours: int) -> bool:
    numbers = list(look_ups)
    return numbers == sorted(set(numbers)) and bool(numbers) and numbers[-1] <= hours * 3600


AGREEMENTS = (
    Agreement(
        "answer_within_notice", ("availability.notice_minutes", "sessions.answer_before_start_minutes"),
        lambda notice, before: notice >= before,
        later(
            "With the least notice a request would have to be answered before it is made: the least notice must not be"
            " shorter than the time before the start by which an answer is due."
        ),
    ),
    Agreement(
        "pay_within_notice", ("availability.notice_minutes", "sessions.pay_before_start_minutes"),
        lambda notice, before: notice >= before,
        later(
            "With the least notice a session would have to be paid before it is asked for: the least notice must not be"
            " shorter than the time before the start by which it has to be paid."
        ),
    ),
    Agreement(
        "notice_within_horizon", ("availability.notice_minutes", "availability.horizon_days"),
        lambda notice, days: notice < days * 1440,
        later("Nothing could be booked: the least notice must be shorter than the horizon."),
    ),
    Agreement(
        "hold_outlives_prompt", ("sessions.hold_after_pay_minutes", "payments.prompt_seconds"),
        lambda minutes, seconds: minutes * 60 >= seconds,
        later(
            "A time could be given away while a phone still rings: it must be kept after the last moment to pay for at"
            " least as long as a prompt is open."
        ),
    ),
    Agreement(
        "least_time_to_pay", ("sessions.pay_least_minutes", "sessions.pay_hours"),
        lambda least, hours: least <= hours * 60,
        later("The least time to pay must not be longer than the usual one."),
    ),
    Agreement(
        "code_within_hold", ("accounts.code_minutes", "sessions.unproved_minutes"),
        lambda code, kept: code <= kept,
        later(
            "A code could come too late for its request: a request without a proved contact must be kept at least as"
            " long as a code works."
        ),
    ),
    Agreement(
        "objection_before_money",
        ("sessions.object_hours", "sessions.earn_after_hours", "sessions.earn_after_clock_days"),
        lambda objecting, earned, days: objecting <= min(earned, days * 24),
        later("Money must not move while somebody may still object: it must be earned later than that."),
    ),
    Agreement(
        "open_sessions", ("sessions.open_at_first", "sessions.open_when_known"),
        lambda first, known: first <= known,
        later("Somebody who has paid here before must not be allowed fewer unpaid sessions than somebody new."),
    ),
    Agreement(
        "codes", ("accounts.codes_an_hour", "accounts.codes_a_day"),
        lambda hour, day: hour <= day, later("The codes of one hour must not be more than those of a day."),
    ),
    Agreement(
        "prompts", ("payments.prompts_at_once", "payments.prompts_a_day"),
        lambda window, day: window <= day, later("The prompts of one window must not be more than those of a day."),
    ),
    Agreement(
        "prompt_in_queue", ("payments.queue_seconds", "payments.prompt_seconds"),
        lambda queue, prompt: queue <= prompt,
        later("A phone could ring when its time is over: a prompt must not wait in our queue longer than it is open."),
    ),
    Agreement(
        "look_ups", ("payments.look_up_seconds", "payments.look_up_hours"), _rising,
        later("The look-ups must rise, each later than the one before, and end within the hours in which we look."),
    ),
    Agreement(
        "idle", ("accounts.idle_minutes", "accounts.browser_hours"),
        lambda minutes, hours: minutes <= hours * 60,
        later("A sign-in would be over before it is idle: the idle time must not be longer than the sign-in itself."),
    ),
    Agreement(
        "reminders", ("notifications.first_reminder_hours", "notifications.last_reminder_minutes"),
        lambda hours, minutes: minutes < hours * 60,
        later("The last reminder must come after the first one."),
    ),
)  # fmt: skip


def disagreements(values: Mapping[str, Any], names: Collection[str]) -> list[Agreement]:
    """The agreements about one of `names` that these values break; what is not in them has its default."""
    at = USUAL | dict(values)
    return [
        one for one in AGREEMENTS
        if not set(one.names).isdisjoint(names) and not one.holds(*(at[name] for name in one.names))
    ]


def check_together(values: Mapping[str, Any], names: Collection[str]) -> None:
    """Raises Invalid with a sentence for each agreement that these values break."""
    broken = disagreements(values, names)
    if broken:
        raise Invalid(broken[0].sentence, fields=[FieldError("value", one.code, one.sentence) for one in broken])
