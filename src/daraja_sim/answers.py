"""The shapes in which Daraja says no: its own envelope, the gateway's envelope, HTML, and nothing at all."""

import random
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from daraja_sim.pushes import request_id

LOCKED = "Unable to lock subscriber, a transaction is already in process for the current subscriber"
SPIKE = (
    "Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=5, "
    "periodInMicroseconds=60000000, maxBurstMessageCount=1.0}"
)
INCAPSULA = (
    '<html style="height:100%"><head><META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW"></head>'
    "<body>Request unsuccessful. Incapsula incident ID: 0-000000000000000000</body></html>"
)
# Daraja's own envelope: kind of fault -> HTTP status, errorCode, errorMessage
ENVELOPES = {
    "500": (500, "500.003.1001", "Internal Server Error"),
    "busy": (500, "500.003.02", "System is busy. Please try again in few minutes."),
    "spike": (500, "500.003.02", "Error Occurred: Spike Arrest Violation"),
    "quota": (500, "500.003.03", "Quota Violation"),
    "lock": (500, "500.001.1001", LOCKED),
}
REASONS = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}


class Refused(Exception):
    """A check that failed, with what Daraja answers."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def bad(field: str) -> Refused:
    return Refused(400, "400.002.02", f"Bad Request - Invalid {field}")


def ok(body: Mapping[str, Any]) -> web.Response:
    return web.json_response(dict(body))


def envelope(chance: random.Random, refusal: Refused) -> web.Response:
    body = {"requestId": request_id(chance), "errorCode": refusal.code, "errorMessage": refusal.message}
    return web.json_response(body, status=refusal.status)


def gateway_fault(status: int, text: str, code: str) -> web.Response:
    return web.json_response({"fault": {"faultstring": text, "detail": {"errorcode": code}}}, status=status)


def spike_arrest() -> web.Response:
    return gateway_fault(429, SPIKE, "policies.ratelimit.SpikeArrestViolation")


def empty() -> web.Response:
    return web.Response(status=400, body=b"", content_type="text/plain")


def canned(chance: random.Random, kind: str) -> web.Response:
    """The answer for a fault of this kind."""
    if kind in ENVELOPES:
        return envelope(chance, Refused(*ENVELOPES[kind]))
    if kind == "429":
        return spike_arrest()
    if kind == "empty":
        return empty()
    if kind == "403":
        return web.Response(status=403, text=INCAPSULA, content_type="text/html")
    status = int(kind)
    title = f"{status} {REASONS[status]}"
    page = f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>"
    return web.Response(status=status, text=page, content_type="text/html")
