"""Faults that a test orders: the next n requests of a channel go wrong in a named way."""

from dataclasses import dataclass, fields
from typing import Any

from demo_sink.store import same_recipient

CHANNELS = ("email", "sms")
STAGES = ("auth", "rcpt", "data")


class BadFault(ValueError):
    pass


@dataclass(slots=True)
class Fault:
    channel: str
    status: int = 0  # sms: of the HTTP answer; email: of the SMTP reply
    statusCode: int = 0  # noqa: N815 - sms, of one recipient inside a 201, spelled as the gateway spells it
    message: str = ""  # sms: a 201 without recipients, "InvalidSenderId"
    stage: str = "data"  # email: where the reply is given
    to: str = ""  # only this recipient
    times: int = 1  # 0: until the faults are deleted
    delay: float = 0.0  # seconds before the answer
    drop: bool = False  # the message is taken and the connection dies before the answer

    @classmethod
    def read(cls, given: object) -> "Fault":
        if not isinstance(given, dict):
            raise BadFault("a fault is an object")
        fault = cls(**cls._known(given))
        if fault.channel not in CHANNELS or fault.stage not in STAGES or fault.times < 0:
            raise BadFault("channel is email or sms, stage is auth, rcpt or data, times is 0 or more")
        if not (fault.status or fault.statusCode or fault.message or fault.delay or fault.drop):
            raise BadFault("say one of status, statusCode, message, delay, drop")
        return fault

    @classmethod
    def _known(cls, given: dict[str, Any]) -> dict[str, Any]:
        if "channel" not in given:
            raise BadFault("channel is missing")
        kinds = {f.name: type(f.default) for f in fields(cls)} | {"channel": str}
        for name, value in given.items():
            whole = kinds.get(name) is float and type(value) is int
            if not whole and type(value) is not kinds.get(name):
                raise BadFault(f"not understood: {name}")
        return given

    @property
    def of_a_recipient(self) -> bool:
        return self.statusCode != 0


class Faults:
    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, fault: Fault) -> None:
        self._ordered.append(fault)

    def clear(self) -> None:
        self._ordered.clear()

    def take(self, channel: str, *to: str, stage: str = "data", of_a_recipient: bool = False) -> Fault | None:
        """The first fault that fits, counted down. A fault without `to` fits everybody."""
        for fault in self._ordered:
            asked = (fault.channel, fault.stage, fault.of_a_recipient)
            meant = not fault.to or any(same_recipient(fault.to, one) for one in to)
            if meant and asked == (channel, stage, of_a_recipient):
                self._count_down(fault)
                return fault
        return None

    def _count_down(self, fault: Fault) -> None:
        if fault.times == 0:
            return
        fault.times -= 1
        if fault.times == 0:
            self._ordered.remove(fault)
