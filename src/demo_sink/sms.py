"""SMS come in by the gateway's HTTP interface (Africa's Talking, POST /version1/messaging)."""

import asyncio
import re
from dataclasses import dataclass
from uuid import uuid4
from xml.sax.saxutils import escape

from aiohttp import web

from demo_sink.faults import Fault, Faults
from demo_sink.store import Message, Store

COST = 0.8  # KES, one part; the stand-in does not count parts
STATUSES = {
    100: "Processed",
    101: "Success",
    102: "Queued",
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}
REQUIRED = ("username", "to", "message")


@dataclass(frozen=True, slots=True)
class Recipient:
    number: str
    code: int

    @property
    def accepted(self) -> bool:
        return self.code in {100, 101, 102}

    def as_dict(self) -> dict[str, object]:
        return {
            "statusCode": self.code,
            "number": self.number,
            "status": STATUSES.get(self.code, "Unknown"),
            "cost": f"KES {COST:.4f}" if self.accepted else "0",
            "messageId": f"ATXid_{uuid4().hex}" if self.accepted else "None",
        }


class Gateway:
    def __init__(self, store: Store, faults: Faults) -> None:
        self.store = store
        self.faults = faults

    async def send(self, request: web.Request) -> web.StreamResponse:
        form = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
        if not request.headers.get("apiKey"):
            return web.Response(status=401, text="The supplied authentication is invalid")
        if missing := [name for name in REQUIRED if not form.get(name)]:
            return web.Response(status=400, text=f"Request is missing required form field '{missing[0]}'")
        numbers = [n.strip() for n in form["to"].split(",") if n.strip()]
        fault = self.faults.take("sms", *numbers)
        if fault:
            await asyncio.sleep(fault.delay)
            if fault.status:
                return web.Response(status=fault.status, text="An ordered fault")
        if fault and fault.message:
            return answer(request, fault.message, [])
        recipients = [self._deliver(number, form) for number in numbers]
        if fault and fault.drop:
            return hang_up(request)
        return answer(request, summary(recipients), recipients)

    def _deliver(self, number: str, form: dict[str, str]) -> Recipient:
        recipient = Recipient(number, self._code(number))
        if recipient.accepted:
            sender = form.get("from", "")
            self.store.add(Message(channel="sms", to=number, sender=sender, text=form["message"]))
        return recipient

    def _code(self, number: str) -> int:
        fault: Fault | None = self.faults.take("sms", number, of_a_recipient=True)
        if fault:
            return fault.statusCode
        return 101 if re.fullmatch(r"\+[1-9]\d{8,14}", number, re.ASCII) else 403


def summary(recipients: list[Recipient]) -> str:
    accepted = sum(r.accepted for r in recipients)
    return f"Sent to {accepted}/{len(recipients)} Total Cost: KES {accepted * COST:.4f}"


def answer(request: web.Request, message: str, recipients: list[Recipient]) -> web.Response:
    """XML unless JSON is asked for, as the real gateway does it."""
    rows = [r.as_dict() for r in recipients]
    if "application/json" in request.headers.get("Accept", ""):
        return web.json_response({"SMSMessageData": {"Message": message, "Recipients": rows}}, status=201)
    inner = "".join(
        "<Recipient>" + "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in row.items()) + "</Recipient>"
        for row in rows
    )
    text = (
        f"<AfricasTalkingResponse><SMSMessageData><Message>{escape(message)}</Message>"
        f"<Recipients>{inner}</Recipients></SMSMessageData></AfricasTalkingResponse>"
    )
    return web.Response(status=201, text=text, content_type="application/xml")


def hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
