"""Safaricom's Daraja API: ring a phone, look up what became of it, test the connection.

Knows phone, amount and reference, and nothing of what is paid for. It never repeats a push by itself: there is no
idempotency key, and two prompts can be paid twice.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import httpx
import msgspec

from kikao.core.clock import EAST_AFRICA, utc_now
from kikao.core.crypto import Secret
from kikao.core.outgoing import ANSWER, http_client
from kikao.payments import codes
from kikao.payments.codes import Look, Push
from kikao.payments.providers.rate import Rate
from kikao.payments.providers.token import Held, NoToken, TokenKeeper, TokenStore, json_object

PUSH = "/mpesa/stkpush/v1/processrequest"
QUERY = "/mpesa/stkpushquery/v1/query"
T = TypeVar("T", Push, Look)


class Merchant(msgspec.Struct, frozen=True):
    """Who receives. `party_b` is the till where there is one, else empty; `description` at most 13 neutral
    characters; `callback_url` the public address in front of /callbacks."""

    shortcode: str
    passkey: Secret
    callback_url: str
    party_b: str = ""
    transaction_type: str = "CustomerPayBillOnline"
    description: str = "Booking"


class Connection(msgspec.Struct, frozen=True):
    """Whether M-Pesa took our credentials; `code` says why not, `text` holds no secret."""

    ok: bool
    code: str = ""
    text: str = ""


class Mpesa:
    """One merchant's door to Daraja. `look_ups_a_minute` bounds what one program asks; `answer` is how many seconds
    M-Pesa has to answer, far below the lease of a due row."""

    def __init__(
        self, base_url: str, key: Secret, secret: Secret, merchant: Merchant, tokens: TokenStore, *,
        clock: Callable[[], datetime] = utc_now, look_ups_a_minute: int = 60, answer: float = ANSWER,
    ) -> None:
        self.merchant = merchant
        self._clock = clock
        self._http = http_client(base_url, answer=answer)
        self._tokens = TokenKeeper(self._http, tokens, key, secret, clock)
        self._rate = Rate(look_ups_a_minute)

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, *, phone: str, amount: int, reference: str, token: str, not_after: datetime) -> Push:
        """Ring `phone` (E.164) for `amount` KES. `token` is the secret end of the callback's address.

        Never raises for what M-Pesa or the network does. After `not_after` nothing is sent any more.
        """
        number = phone.removeprefix("+")
        body = {
            "TransactionType": self.merchant.transaction_type,
            "Amount": amount,
            "PartyA": number,
            "PartyB": self.merchant.party_b or self.merchant.shortcode,
            "PhoneNumber": number,
            "CallBackURL": f"{self.merchant.callback_url.rstrip('/')}/callbacks/{token}",
            "AccountReference": reference,
            "TransactionDesc": self.merchant.description,
        }
        return await self._with_token(lambda held: self._push(held, body, not_after), _no_push)

    async def look_up(self, checkout_request_id: str) -> Look:
        """What became of a prompt. Never raises for what M-Pesa or the network does."""
        if not self._rate.take():
            return Look(codes.BUSY, "", "our own rate")
        body = {"CheckoutRequestID": checkout_request_id}
        return await self._with_token(lambda held: self._query(held, body, checkout_request_id), _no_look)

    async def test_connection(self) -> Connection:
        """Ask for a token, as every call would, and say how that went."""
        try:
            await self._tokens.get()
        except NoToken as refused:
            return Connection(False, refused.code, refused.text)
        return Connection(True)

    async def _with_token(self, call: Callable[[Held], Awaitable[T]], failed: Callable[[NoToken], T]) -> T:
        try:
            held = await self._tokens.get()
            answer = await call(held)
            if answer.kind == codes.TOKEN:
                # Safe to send again, once: the gateway turned the call away before M-Pesa saw it.
                answer = await call(await self._tokens.another(held))
                if answer.kind == codes.TOKEN:
                    raise NoToken("credentials", answer.text)
        except NoToken as refused:
            return failed(refused)
        return answer

    async def _push(self, held: Held, body: dict[str, Any], not_after: datetime) -> Push:
        if self._clock() > not_after:
            return Push(codes.REFUSED, "too_late")
        try:
            answer = await self._post(PUSH, held, body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Push(codes.REFUSED, "unreachable", type(error).__name__)  # nothing left this computer
        except httpx.HTTPError as error:
            return Push(codes.UNKNOWN, "", type(error).__name__)
        return codes.read_push(answer.status_code, json_object(answer))

    async def _query(self, held: Held, body: dict[str, Any], checkout_request_id: str) -> Look:
        try:
            answer = await self._post(QUERY, held, body)
        except httpx.HTTPError as error:
            return Look(codes.UNKNOWN, "", type(error).__name__)
        return codes.read_look_up(answer.status_code, json_object(answer), checkout_request_id)

    async def _post(self, path: str, held: Held, body: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {held.token.reveal()}"}
        return await self._http.post(path, json={**self._signed(), **body}, headers=headers)

    def _signed(self) -> dict[str, str]:
        stamp = self._clock().astimezone(EAST_AFRICA).strftime("%Y%m%d%H%M%S")
        words = f"{self.merchant.shortcode}{self.merchant.passkey.reveal()}{stamp}"
        password = base64.b64encode(words.encode()).decode()
        return {"BusinessShortCode": self.merchant.shortcode, "Password": password, "Timestamp": stamp}


def _no_push(refused: NoToken) -> Push:
    word = {"credentials": "our_side", "busy": "busy"}.get(refused.code, "unreachable")
    return Push(codes.REFUSED, word, f"token: {refused.text}")


def _no_look(refused: NoToken) -> Look:
    return Look(codes.UNKNOWN, "", f"token: {refused.text}")
