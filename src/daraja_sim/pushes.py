"""What was asked (Ask), what became of it (Push), and all of them by their id."""

import random
from dataclasses import dataclass
from typing import Any

from daraja_sim.clock import Clock
from daraja_sim.results import Result


@dataclass(frozen=True, slots=True)
class Ask:
    """A push request that has passed the checks."""

    phone: str
    amount: int
    reference: str
    description: str
    callback_url: str
    doomed: Result | None = None  # accepted, but fails without a prompt: wrong till, wrong product


@dataclass(slots=True)
class Push:
    merchant_request_id: str
    checkout_request_id: str
    phone: str
    amount: int
    reference: str
    description: str
    callback_url: str
    text: str
    created_at: float
    expires_at: float
    state: str = "open"  # open, processing, final
    arrived: bool = True  # the phone has it, or will have it when coverage returns
    forced: Result | None = None  # a fault's result, used in place of the payment
    result: Result | None = None
    receipt: str = ""
    finished_at: float = 0.0

    def listed(self) -> dict[str, Any]:
        return {
            "merchantRequestId": self.merchant_request_id,
            "checkoutRequestId": self.checkout_request_id,
            "phone": self.phone,
            "amount": self.amount,
            "reference": self.reference,
            "description": self.description,
            "callbackUrl": self.callback_url,
            "state": self.state,
            "resultCode": self.result.code if self.result else None,
            "resultDesc": self.result.description if self.result else None,
            "receipt": self.receipt or None,
        }


class Pushes:
    def __init__(self, clock: Clock, chance: random.Random) -> None:
        self._clock = clock
        self._chance = chance
        self._by_id: dict[str, Push] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, checkout_request_id: str) -> Push | None:
        return self._by_id.get(checkout_request_id)

    def add(self, ask: Ask, text: str, lives_seconds: float) -> Push:
        now = self._clock.now()
        push = Push(
            merchant_request_id=request_id(self._chance),
            checkout_request_id=self._checkout_id(ask.phone),
            phone=ask.phone,
            amount=ask.amount,
            reference=ask.reference,
            description=ask.description,
            callback_url=ask.callback_url,
            text=text,
            created_at=now,
            expires_at=now + lives_seconds,
        )
        self._by_id[push.checkout_request_id] = push
        return push

    def _checkout_id(self, phone: str) -> str:
        stamp = f"ws_CO_{self._clock.local():%d%m%Y%H%M%S}"
        while True:
            candidate = f"{stamp}{self._chance.randrange(1000):03}{phone[-9:]}"
            if candidate not in self._by_id:
                return candidate

    def listed(self) -> list[dict[str, Any]]:
        return [push.listed() for push in reversed(self._by_id.values())]


def request_id(chance: random.Random) -> str:
    """An id as the gateway writes them: hex in groups of 4, 4, 4 and 16."""
    return "-".join(f"{chance.getrandbits(4 * digits):0{digits}x}" for digits in (4, 4, 4, 16))
