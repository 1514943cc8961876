"""The life of a prompt on a phone: it arrives, is answered or not, and ends in one result."""

import random

from daraja_sim import results, sms
from daraja_sim.callbacks import Callbacks
from daraja_sim.clock import Clock
from daraja_sim.faults import KINDS, Faults
from daraja_sim.ledger import UTILITY, Entry, Ledger, NotEnough, wallet
from daraja_sim.phones import Phone, Phones, Sms
from daraja_sim.pushes import Ask, Push, Pushes
from daraja_sim.receipts import Receipts
from daraja_sim.results import Result, result
from daraja_sim.settings import Settings

SAME_AMOUNT_SECONDS = 120  # the same amount from the same phone again: code 17
WRONG_PINS_ALLOWED = 3
LONGEST_TEXT = 182  # characters of a prompt that a line can show


class NoPrompt(Exception):
    """There is nothing on the screen to answer; the text says why."""


class Prompts:
    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        chance: random.Random,
        ledger: Ledger,
        phones: Phones,
        faults: Faults,
        callbacks: Callbacks,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger
        self._phones = phones
        self._faults = faults
        self._callbacks = callbacks
        self._receipts = Receipts(chance)
        self.pushes = Pushes(clock, chance)

    def open(self, ask: Ask) -> Push:
        """Put a prompt on its way. The caller has seen that the phone's line is free."""
        text = self._text(ask)
        push = self.pushes.add(ask, text, self._settings.prompt_seconds)
        fault = self._faults.take("prompt", KINDS["prompt"], ask.phone, ask.amount)
        forced = result(fault.code, fault.description) if fault else None
        at_once = ask.doomed or (forced if fault and fault.when != "at_pin" else None)
        if at_once is None and len(text) > LONGEST_TEXT:
            at_once = result("1025")
        phone = self._phones.get(ask.phone)
        phone.push = push
        if at_once is not None:
            self._finish(push, at_once)
            return push
        push.forced = forced
        push.arrived = phone.mode != "off"
        self._schedule(push, phone)
        return push

    def _text(self, ask: Ask) -> str:
        return (
            f"Do you want to pay {sms.ksh(ask.amount)} to {self._settings.business_name} "
            f"Account no. {ask.reference}? Enter M-PESA PIN"
        )

    def _schedule(self, push: Push, phone: Phone) -> None:
        async def expire() -> None:
            if push.state == "open":
                self._expire(push, phone)

        self._clock.at(push.expires_at, expire)
        if phone.mode == "auto":
            self._answer_later(push, phone)

    def _answer_later(self, push: Push, phone: Phone) -> None:
        async def answer() -> None:
            if phone.shown is not push or phone.mode != "auto":
                return
            if phone.answer == "cancel":
                self.cancel(phone)
            else:
                self.enter_pin(phone, phone.pin if phone.answer == "pay" else "wrong")

        self._clock.after(phone.delay_seconds, answer)

    def enter_pin(self, phone: Phone, pin: str) -> Result:
        """The customer types a PIN and sends it. Raises NoPrompt."""
        push = self._on_screen(phone)
        return self._finish(push, self._after_pin(push, phone, pin))

    def cancel(self, phone: Phone) -> Result:
        """The customer declines. Raises NoPrompt."""
        return self._finish(self._on_screen(phone), results.CANCELLED)

    def pay_anyway(self, phone: Phone, pin: str) -> Result:
        """The PIN of a prompt that has timed out gets through after all. Raises NoPrompt."""
        push = phone.expired
        if push is None:
            raise NoPrompt("no prompt has timed out on this phone")
        phone.expired = None
        outcome = self._after_pin(push, phone, pin)
        if outcome.code == "0":
            self._record(push, outcome)
        return outcome

    def set_mode(self, phone: Phone, mode: str, delay_seconds: float, answer: str) -> None:
        phone.mode, phone.delay_seconds, phone.answer = mode, delay_seconds, answer
        if phone.push is None or phone.push.state != "open":
            return
        if mode == "off":
            phone.push.arrived = False  # a phone that is switched off forgets its prompt
        elif mode == "auto":
            self._answer_later(phone.push, phone)

    def _on_screen(self, phone: Phone) -> Push:
        if phone.mode == "ignore":
            raise NoPrompt("nobody answers this phone: its mode is ignore")
        if phone.shown is None:
            raise NoPrompt("there is no prompt on this phone")
        return phone.shown

    def _expire(self, push: Push, phone: Phone) -> None:
        async def pay_late() -> None:
            outcome = self._after_pin(push, phone, phone.pin)
            if push.state == "processing":
                self._finish(push, outcome)
            elif outcome.code == "0":
                self._record(push, outcome)

        seen = phone.shown is push
        if seen and phone.mode == "pay_late":
            push.state = "processing"
            self._clock.after(phone.delay_seconds, pay_late)
            return
        self._finish(push, results.NO_ANSWER if seen else results.UNREACHABLE)
        if seen and phone.mode == "pay_after_timeout":
            self._clock.after(phone.delay_seconds, pay_late)
        elif seen:
            phone.expired = push

    def _after_pin(self, push: Push, phone: Phone, pin: str) -> Result:
        if phone.pin_locked:
            self._tell(phone, sms.PIN_LOCKED)
            return result("8006")
        if pin != phone.pin:
            phone.wrong_pins += 1
            phone.pin_locked = phone.wrong_pins >= WRONG_PINS_ALLOWED
            self._tell(phone, sms.PIN_LOCKED if phone.pin_locked else sms.WRONG_PIN)
            return result("2001")
        phone.wrong_pins = 0
        return push.forced or self._limits(push, phone) or self._pay(push, phone)

    def _limits(self, push: Push, phone: Phone) -> Result | None:
        now = self._clock.now()
        if push.amount < 1:
            return result("2")
        if push.amount > self._settings.max_amount:
            return result("3")
        if any(a == push.amount and now - at < SAME_AMOUNT_SECONDS for at, a in phone.paid):
            return result("17")
        if self._phones.paid_today(phone) + push.amount > self._settings.daily_limit:
            return result("4")
        return None

    def _pay(self, push: Push, phone: Phone) -> Result:
        now, at = self._clock.now(), self._clock.local()
        receipt = self._receipts.new(at.date())
        entry = Entry(now, wallet(phone.number), UTILITY, push.amount, "payment", receipt, push.reference)
        business = self._settings.business_name
        try:
            self._ledger.move(entry)
        except NotEnough:
            self._tell(phone, sms.not_enough(push.amount, business, self._phones.balance(phone)))
            return result("1")
        phone.paid.append((now, push.amount))
        push.receipt = receipt
        left = self._phones.balance(phone)
        self._tell(
            phone,
            sms.paid(
                receipt=receipt,
                amount=push.amount,
                business=business,
                reference=push.reference,
                at=at,
                balance=left,
            ),
        )
        return results.PAID

    def _tell(self, phone: Phone, text: str) -> None:
        phone.sms.append(Sms(self._clock.now(), text))

    def _finish(self, push: Push, outcome: Result) -> Result:
        self._phones.get(push.phone).push = None  # the line is free again
        return self._record(push, outcome)

    def _record(self, push: Push, outcome: Result) -> Result:
        push.state, push.result, push.finished_at = "final", outcome, self._clock.now()
        self._callbacks.post(push, outcome)
        return outcome
