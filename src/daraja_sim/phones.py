"""The customers' phones: each is born on first use, with a wallet and a PIN."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from daraja_sim.clock import Clock
from daraja_sim.ledger import Ledger, wallet
from daraja_sim.pushes import Push
from daraja_sim.settings import Settings

ANSWERS = ("pay", "cancel", "wrong_pin")
DARK = ("off", "airplane")  # modes in which the screen shows nothing


@dataclass(slots=True)
class Sms:
    at: float
    text: str


@dataclass(slots=True)
class Phone:
    number: str
    pin: str
    mode: str = "on"
    delay_seconds: float = 0.0
    answer: str = "pay"
    pin_locked: bool = False
    wrong_pins: int = 0
    push: Push | None = None  # holds the line: one prompt at a time
    expired: Push | None = None  # the last prompt that timed out
    paid: list[tuple[float, int]] = field(default_factory=list)
    sms: list[Sms] = field(default_factory=list)

    @property
    def shown(self) -> Push | None:
        """The prompt on the screen, if there is one."""
        push = self.push
        visible = push is not None and push.state == "open" and push.arrived and self.mode not in DARK
        return push if visible else None


class Phones:
    def __init__(self, settings: Settings, clock: Clock, ledger: Ledger) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger
        self._phones: dict[str, Phone] = {}
        self.default_mode = settings.default_mode
        self.default_delay = 0.0

    def __iter__(self) -> Iterator[Phone]:
        return iter(list(self._phones.values()))

    def get(self, number: str) -> Phone:
        """The phone of a valid number, with an opening balance when it is new."""
        phone = self._phones.get(number)
        if phone is None:
            phone = Phone(number, self._settings.pin, self.default_mode, self.default_delay)
            self._phones[number] = phone
            self._ledger.set_balance(wallet(number), self._settings.opening_balance, self._clock.now())
        return phone

    def balance(self, phone: Phone) -> int:
        return self._ledger.balance(wallet(phone.number))

    def paid_today(self, phone: Phone) -> int:
        today = self._clock.local().date()
        return sum(amount for at, amount in phone.paid if self._clock.day_of(at) == today)

    def state(self, phone: Phone) -> dict[str, Any]:
        """What the page and the API show of a phone."""
        return {
            "simulated": True,
            "number": phone.number,
            "mode": phone.mode,
            "delaySeconds": phone.delay_seconds,
            "answer": phone.answer,
            "wallet": self.balance(phone),
            "pinLocked": phone.pin_locked,
            "wrongPins": phone.wrong_pins,
            "busy": phone.push is not None,
            "prompt": self._prompt(phone.shown),
            "expired": self._prompt(phone.expired),
            "sms": [
                {"at": self._clock.local(sms.at).isoformat(timespec="seconds"), "text": sms.text}
                for sms in reversed(phone.sms)
            ],
        }

    def _prompt(self, push: Push | None) -> dict[str, Any] | None:
        if push is None:
            return None
        return {
            "id": push.checkout_request_id,
            "amount": push.amount,
            "reference": push.reference,
            "description": push.description,
            "businessName": self._settings.business_name,
            "text": push.text,
            "expiresInSeconds": max(0, round(push.expires_at - self._clock.now())),
        }
