"""SMS by Africa's Talking. A 201 says that the request was read, not that anything was sent."""

from __future__ import annotations

import re
import ssl

import httpx
import msgspec

from kikao.core import outgoing
from kikao.core.crypto import Secret
from kikao.notifications.channels import Failure, PermanentFailure, Sent, TemporaryFailure

ACCEPTED = frozenset({100, 101, 102})  # processed, sent, queued
FOR_GOOD = {
    402: "sms_sender_id",
    403: "sms_number",
    404: "sms_number",
    406: "sms_opted_out",
    409: "sms_opted_out",
}
FOR_NOW = {
    401: "sms_held",
    405: "sms_balance",
    407: "sms_no_route",
    500: "sms_gateway",
    501: "sms_gateway",
    502: "sms_gateway",
}
ONE_NUMBER = re.compile(r"\+[1-9][0-9]{8,14}")  # a comma would make it many
OUR_FAULT = frozenset({400, 413, 422})  # HTTP: the same request would be refused again


class Sms(msgspec.Struct, frozen=True):
    """`to` is +254…, with the plus."""

    to: str
    text: str

    def __repr__(self) -> str:  # a struct would print its reader and its text into a log
        return "Sms(…)"


class _Recipient(msgspec.Struct):
    status: int = msgspec.field(name="statusCode")
    id: str = msgspec.field(name="messageId", default="")


class _Data(msgspec.Struct):
    message: str = msgspec.field(name="Message", default="")
    recipients: list[_Recipient] = msgspec.field(name="Recipients", default_factory=list)


class _Answer(msgspec.Struct):
    data: _Data = msgspec.field(name="SMSMessageData")


class SmsChannel:
    """Retries nothing: the outbox does. Call `close` at the end."""

    def __init__(
        self,
        base_url: str,
        username: str,
        api_key: Secret,
        sender_id: str | None,
        *,
        tls: ssl.SSLContext | None = None,
        answer: float = outgoing.ANSWER,
    ) -> None:
        self._client = outgoing.http_client(base_url, answer=answer, tls=tls)
        self._username, self._api_key, self._sender_id = username, api_key, sender_id

    async def send(self, message: Sms) -> Sent:
        """Raises TemporaryFailure or PermanentFailure."""
        # Raised outside of every `except`, so that no chained exception carries the request along.
        outcome = await self._try(message)
        if isinstance(outcome, Failure):
            raise outcome
        return outcome

    async def close(self) -> None:
        await self._client.aclose()

    async def _try(self, message: Sms) -> Sent | Failure:
        if not ONE_NUMBER.fullmatch(message.to):
            return PermanentFailure("sms_number")
        form = {"username": self._username, "to": message.to, "message": message.text}
        if self._sender_id:
            form["from"] = self._sender_id
        headers = {"apiKey": self._api_key.reveal(), "Accept": "application/json"}
        try:
            answer = await self._client.post("/version1/messaging", data=form, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return TemporaryFailure("no_connection")
        except httpx.HTTPError:
            return TemporaryFailure("no_answer")
        return _read(answer)


def _read(answer: httpx.Response) -> Sent | Failure:
    if not answer.is_success:
        return _of_http(answer.status_code)
    try:
        data = msgspec.json.decode(answer.content, type=_Answer, strict=False).data
    except msgspec.MsgspecError:
        return TemporaryFailure("sms_unreadable")
    if not data.recipients:
        unknown_sender = data.message == "InvalidSenderId"
        return PermanentFailure("sms_sender_id") if unknown_sender else TemporaryFailure("sms_unreadable")
    return _of_recipient(data.recipients[0])


def _of_http(status: int) -> Failure:
    if status in OUR_FAULT:
        return PermanentFailure("sms_malformed")
    return TemporaryFailure("sms_sign_in" if status in {401, 403} else "sms_gateway")


def _of_recipient(recipient: _Recipient) -> Sent | Failure:
    if recipient.status in ACCEPTED:
        return Sent(reference=recipient.id)
    if recipient.status in FOR_GOOD:
        return PermanentFailure(FOR_GOOD[recipient.status])
    return TemporaryFailure(FOR_NOW.get(recipient.status, "sms_unknown"))
