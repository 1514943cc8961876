"""Things that go wrong on purpose: per endpoint, phone and amount, n times, by a chance that has a seed."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

# What may go wrong with a request before it is looked at, or (when = after) once it has been worked on.
REQUEST_KINDS = frozenset(
    "latency hang reset 500 busy spike quota lock 502 503 504 429 403 empty".split()  # noqa: SIM905
)
KINDS: dict[str, frozenset[str]] = {
    "oauth": (REQUEST_KINDS - {"lock"}) | {"short_token"},
    "push": REQUEST_KINDS,
    "query": (REQUEST_KINDS - {"lock"}) | {"pending_500", "pending_4999", "wrong_fail"},
    "prompt": frozenset({"result"}),
    "callback": frozenset({"drop", "duplicate", "late", "reorder", "malformed", "retry"}),
}
SHAPES = frozenset(
    "string_code missing_value missing_metadata wrong_amount wrong_merchant not_json empty".split()  # noqa: SIM905
)


class FaultRefused(ValueError):
    """The description of a fault makes no sense; the text says why."""


@dataclass(slots=True)
class Fault:
    on: str
    kind: str
    phone: str = ""
    amount: int = 0
    times: int = 1  # how often it still happens; 0 means for ever
    probability: float = 1.0
    when: str = "before"
    seconds: float = 5.0
    copies: int = 2
    shape: str = "string_code"
    code: str = "1032"
    description: str = ""
    id: int = 0
    used: int = 0

    def __post_init__(self) -> None:
        if self.on not in KINDS:
            raise FaultRefused(f"on must be one of {sorted(KINDS)}")
        if self.kind not in KINDS[self.on]:
            raise FaultRefused(f"kind for {self.on} must be one of {sorted(KINDS[self.on])}")
        if self.when not in ("before", "after", "at_once", "at_pin"):
            raise FaultRefused("when must be before or after; for a prompt at_once or at_pin")
        if self.shape not in SHAPES:
            raise FaultRefused(f"shape must be one of {sorted(SHAPES)}")
        if self.times < 0 or self.seconds < 0 or self.copies < 1 or not 0 <= self.probability <= 1:
            raise FaultRefused("times and seconds are at least 0, copies at least 1, probability 0 to 1")

    def fits(self, on: str, kinds: frozenset[str], phone: str, amount: int) -> bool:
        return (
            self.on == on
            and self.kind in kinds
            and self.phone in ("", phone)
            and self.amount in (0, amount)
            and not (self.times and self.used >= self.times)
        )


def parse(body: Mapping[str, Any]) -> Fault:
    """A fault from JSON. Raises FaultRefused."""
    types = {field.name: field.type for field in fields(Fault) if field.name not in ("id", "used")}
    unknown = set(body) - set(types)
    if unknown:
        raise FaultRefused(f"unknown: {sorted(unknown)}")
    values: dict[str, Any] = {}
    for name, value in body.items():
        kind = {str: str, int: int, float: float}[types[name]]  # type: ignore[index]
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise FaultRefused(f"{name} must be a {kind.__name__}")
        try:
            values[name] = kind(value)
        except ValueError:
            raise FaultRefused(f"{name} must be a {kind.__name__}") from None
    if not {"on", "kind"} <= set(values):
        raise FaultRefused("on and kind are needed")
    if values["kind"] == "hang":
        values.setdefault("when", "after")
    return Fault(**values)


class Faults:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._count = 0
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self._count += 1
        fault.id = self._count
        self.active.append(fault)
        return fault

    def remove(self, number: int | None) -> int:
        """Take away one fault, or all of them; the count of those that went."""
        before = len(self.active)
        self.active = [] if number is None else [fault for fault in self.active if fault.id != number]
        return before - len(self.active)

    def take(self, on: str, kinds: frozenset[str], phone: str = "", amount: int = 0) -> Fault | None:
        """The first fault that fits and that chance picks; counts as used."""
        for fault in self.active:
            if fault.fits(on, kinds, phone, amount) and self._chance.random() < fault.probability:
                fault.used += 1
                return fault
        return None

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.active]
