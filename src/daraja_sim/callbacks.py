"""Callbacks on their way to the merchant: sent once, unless a fault says otherwise, and always recorded."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import aiohttp

from daraja_sim.bodies import stk_callback
from daraja_sim.clock import Clock
from daraja_sim.faults import KINDS, Fault, Faults
from daraja_sim.pushes import Push
from daraja_sim.results import Result
from daraja_sim.settings import Settings


@dataclass(slots=True)
class Delivery:
    id: int
    checkout_request_id: str
    phone: str
    url: str
    body: str
    fault: str = ""
    attempts: int = 0
    sent_at: str = ""
    status: int | None = None
    answer: str = ""
    error: str = ""


class Callbacks:
    def __init__(self, settings: Settings, clock: Clock, faults: Faults) -> None:
        self._settings = settings
        self._clock = clock
        self._faults = faults
        self._session: aiohttp.ClientSession | None = None
        self._held: list[Delivery] = []
        self.deliveries: list[Delivery] = []

    def clear(self, faults: Faults) -> None:
        self._faults = faults
        self._held = []
        self.deliveries = []

    async def start(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._settings.callback_timeout_seconds)
        self._session = aiohttp.ClientSession(timeout=timeout)

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    def post(self, push: Push, result: Result) -> None:
        """Send the outcome of a push, after the settled delay, with the fault that fits."""
        fault = self._faults.take("callback", KINDS["callback"], push.phone, push.amount)
        kind = fault.kind if fault else ""
        body = stk_callback(push, result, self._clock, fault.shape if fault and kind == "malformed" else "")
        delivery = self._record(push, body, kind)
        if fault is None or kind in ("malformed", "drop"):
            if kind != "drop":
                self._send_in(self._settings.callback_delay_seconds, [delivery, *self._release()])
            return
        self._post_with(fault, push, body, delivery)

    def _post_with(self, fault: Fault, push: Push, body: bytes, delivery: Delivery) -> None:
        delay = self._settings.callback_delay_seconds
        if fault.kind == "late":
            self._send_in(delay + fault.seconds, [delivery])
        elif fault.kind == "duplicate":
            self._send_in(delay, [delivery])
            for copy in range(1, fault.copies):
                again = self._record(push, body, fault.kind)
                self._send_in(delay + copy * fault.seconds, [again])
        elif fault.kind == "retry":
            self._send_in(delay, [delivery], retries=fault.copies, gap=fault.seconds)
        else:
            self._hold(delivery, fault.seconds)

    def _hold(self, delivery: Delivery, at_most_seconds: float) -> None:
        """Reorder: wait for the next callback to go first, but not for ever."""
        self._held.append(delivery)

        async def give_up() -> None:
            if delivery in self._held:
                self._held.remove(delivery)
                await self._send(delivery)

        self._clock.after(self._settings.callback_delay_seconds + at_most_seconds, give_up)

    def _release(self) -> list[Delivery]:
        held, self._held = self._held, []
        return held

    def _record(self, push: Push, body: bytes, fault: str) -> Delivery:
        delivery = Delivery(
            id=len(self.deliveries) + 1,
            checkout_request_id=push.checkout_request_id,
            phone=push.phone,
            url=push.callback_url,
            body=body.decode(),
            fault=fault,
        )
        self.deliveries.append(delivery)
        return delivery

    def _send_in(self, seconds: float, deliveries: Sequence[Delivery], retries: int = 0, gap: float = 0.0) -> None:
        self._send_at(self._clock.now() + seconds, deliveries, retries, gap)

    def _send_at(self, due: float, deliveries: Sequence[Delivery], retries: int, gap: float) -> None:
        async def send() -> None:
            for delivery in deliveries:
                await self._send(delivery)
                if retries and (delivery.status is None or delivery.status >= 300):
                    self._send_at(due + gap, [delivery], retries - 1, gap)

        self._clock.at(due, send)

    async def _send(self, delivery: Delivery) -> None:
        assert self._session is not None
        delivery.attempts += 1
        delivery.sent_at = self._clock.local().isoformat(timespec="milliseconds")
        delivery.status, delivery.answer, delivery.error = None, "", ""
        headers = {"Content-Type": "application/json", "User-Agent": "daraja-sim"}
        try:
            async with self._session.post(
                delivery.url, data=delivery.body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                delivery.status = answer.status
                delivery.answer = (await answer.content.read(2000)).decode(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            delivery.error = type(error).__name__

    def listed(self) -> list[dict[str, Any]]:
        return [_camel(asdict(delivery)) for delivery in self.deliveries]


def _camel(row: dict[str, Any]) -> dict[str, Any]:
    names = {"checkout_request_id": "checkoutRequestId", "sent_at": "sentAt"}
    return {names.get(name, name): value for name, value in row.items()}
