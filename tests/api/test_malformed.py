"""Thousands of requests that nobody means: never a 5xx, never a trace, never a row."""

from __future__ import annotations

import base64
import json
import random
import re
from datetime import UTC
from typing import Any

import httpx
import msgspec
import pytest

from support import app as apps
from support.cast import workday
from support.refusals import PROBLEM, no_trace, nothing_changes
from support.routes import NOT_THERE, all_routes
from support.sizes import size

SEED = 20_261_122
NASTY_BYTES = (
    b"", b"\0", b"\xff", b"\xff\xfe", b"\xed\xa0\x80", b"{", b"[", b"]", b'"', b"\\", b"\r\n", b"%00", b"%", b"%zz",
    b"&", b"=", b"\xf0\x9d\x9f\x99", b"\xe2\x80\xae", b"' or 1=1 --", b"<script>alert(1)</script>", b"{{7*7}}",
    b"//[", b"https://[", b"../" * 20, b"1e999", b"-1", b"9" * 400, b"NaN", b"null", b"\x1b[2J", b"A" * 5_000,
)  # fmt: skip
NASTY: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**31, 2**63, 2**70, 1e308, "", " ", "\0", "\ud7ff", "é" * 300, "x" * 9_000, [], [[]], {},
    {"$ne": None}, ["a", None], "0000-00-00", "2026-11-24T09:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    "' or 1=1 --", "%s%n", "\u202eabc", "=1+1", str(NOT_THERE), "K7Q2M9X4", "+254700000001", "24:00", "-00:01", "//[", "https://[",
)  # fmt: skip
HEADERS = (
    "Authorization", "X-Auth-Token", "X-Pay-Token", "Idempotency-Key", "Cookie", "Accept-Encoding", "Content-Type",
    "Sec-Fetch-Site", "Origin", "Referer", "Host", "X-Forwarded-For", "Forwarded", "Range", "Expect", "HX-Request",
    "Accept", "Transfer-Encoding", "Content-Length", "Accept-Language",
)  # fmt: skip
KINDS = (
    "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
    "text/plain", "application/msgpack", "image/png", "", "application/json; charset=utf-16", "a/b/c;;;=",
)  # fmt: skip
# What these do is meant, whatever is sent: signing out, counting, noting what came.
MEANT = re.compile(r"^/(sign-out|leave|api/users/logout|health|ready|metrics)")


class Maker:
    """Requests near to right ones, bent at one to three places."""

    def __init__(self, house: apps.World, session: Any, link: str, seed: int) -> None:
        self.dice = random.Random(seed)
        self.house, self.session, self.link = house, session, link
        self.routes = [one for one in all_routes() if not MEANT.match(one[1])]

    def one(self) -> tuple[apps.Visitor, httpx.Request]:
        method, path, handler = self.dice.choice(self.routes)
        visitor = self.dice.choice([*self.house.by_name.values()])
        headers = self._headers()
        body, kind = self._body(handler)
        headers.append((b"content-type", kind.encode()))
        if self.dice.random() < 0.05:
            method = self.dice.choice(("PATCH", "TRACE", "BREW", "OPTIONS", "HEAD", "get", "DELETE"))
        client = visitor.program if path.startswith("/api") else visitor.browser
        raw = self._path(path) + self._query()
        url = httpx.URL(scheme="http", host="127.0.0.1", port=8000, raw_path=raw)
        return visitor, client.build_request(method, url, headers=headers, content=body)

    def _bytes(self) -> bytes:
        if self.dice.random() < 0.3:
            return self.dice.randbytes(self.dice.randint(1, 60))
        return self.dice.choice(NASTY_BYTES)

    def _path(self, path: str) -> bytes:
        def part(_found: re.Match[str]) -> str:
            known = (self.session["id"], self.session["reference"], self.link, "kbt011", str(NOT_THERE))
            if self.dice.random() < 0.6:
                return str(self.dice.choice(known))
            return "".join(f"%{byte:02x}" for byte in self._bytes()[:300]) or "x"

        filled = re.sub(r"{\w+}", part, path)
        return (filled + ("/" if self.dice.random() < 0.03 else "")).encode()

    def _query(self) -> bytes:
        if self.dice.random() < 0.5:
            return b""
        names = ("from", "to", "limit", "cursor", "status", "f", "k", "start", "day", "show", "after", "next", "q",
                 "sessionType", "mode", "maxPrice", "language", "reason", "seen", "keep", "done", "page")  # fmt: skip
        pairs = (
            self.dice.choice(names).encode() + b"=" + "".join(f"%{b:02x}" for b in self._bytes()[:200]).encode()
            for _ in range(self.dice.randint(1, 3))
        )
        return b"?" + b"&".join(pairs)

    def _headers(self) -> list[tuple[bytes, bytes]]:
        found = []
        for name in self.dice.sample(HEADERS, self.dice.choice((0, 0, 1, 2))):
            value = self._bytes().replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
            found.append((name.lower().encode(), value))
        return found

    def _body(self, handler: Any) -> tuple[bytes, str]:
        kind = self.dice.choice(KINDS) if self.dice.random() < 0.3 else ""
        roll = self.dice.random()
        field = handler.parsed_data_field
        if field is not None and roll < 0.75:
            known = field.annotation.__struct_encode_fields__
            body = {name: self.dice.choice(NASTY) for name in known if self.dice.random() < 0.8}
            if self.dice.random() < 0.1:
                body["unknown"] = 1
            text = json.dumps(body).encode()
            return self._bent(text), kind or "application/json"
        if roll < 0.6:
            names = ("login", "password", "code", "contact", "name", "note", "k", "start", "reason", "phone", "consent",
                     "idempotency_key", "next", "language", "time_zone", "consent_text", "ticket", "number", "amount",
                     "method", "current_password", "new_password")  # fmt: skip
            form = b"&".join(name.encode() + b"=" + self._bytes() for name in self.dice.sample(names, 6))
            return form, kind or "application/x-www-form-urlencoded"
        return self._bytes() * self.dice.choice((1, 1, 50)), kind or self.dice.choice(KINDS)

    def _bent(self, text: bytes) -> bytes:
        if self.dice.random() < 0.7:
            return text
        at = self.dice.randint(0, len(text))
        return text[:at] + self._bytes() + text[at + self.dice.randint(0, 3):]


def _sound(answer: httpx.Response) -> bool:
    """Whatever was asked, this is an answer of ours."""
    kind = answer.headers.get("content-type", "")
    assert answer.status_code < 500, answer.text
    assert "content-security-policy" in answer.headers
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert kind == PROBLEM or kind.startswith("text/html"), kind
        if answer.request.url.path.startswith("/api/"):
            assert kind == PROBLEM
            assert answer.json()["msg"] == answer.json()["detail"]
        if answer.status_code == 429:
            assert int(answer.headers["retry-after"]) >= 1
    return no_trace(answer)


@pytest.mark.slow
async def test_nothing_that_is_sent_makes_us_fall_over(world: apps.World) -> None:
    session = await world.approved(note="Please speak slowly.")
    maker = Maker(world, session, await world.pay_link(session), SEED)
    statuses: dict[int, int] = {}
    for number in range(size("malformed requests")):
        visitor, request = maker.one()
        client = visitor.program if request.url.path.startswith("/api") else visitor.browser
        answer = await client.send(request)
        try:
            _sound(answer)
        except AssertionError as error:
            raise AssertionError(
                f"request {number} of seed {SEED}: {request.method} {request.url} {request.headers} "
                f"{request.content[:500]!r} → {answer.status_code}: {error}"
            ) from error
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
    assert {200, 400, 401, 403, 404, 405, 422} <= set(statuses), statuses
    async with world.db.connection() as conn:
        assert await conn.fetchval("select count(*) from sessions.session") < 5


@pytest.mark.parametrize("raw", [
    b"/%", b"/%zz", b"/%00", b"/%ff%fe", b"//", b"///me", b"/me//account", b"/./me", b"/api/../me", b"/api/%2e%2e/me",
    b"/me?%", b"/me?%zz=%ff", b"/team?f=%ff", b"/team?after=%00", b"/?" + b"a=1&" * 2000, b"/" + b"a" * 9000,
    b"/api/sessions?limit=1&limit=x", b"/t/kbt011?from=%F0%9D%9F%99", b"/s/%F0%9D%9F%99", b"/me;x=1",
])  # fmt: skip
async def test_an_odd_address_is_an_ordinary_answer(house: apps.World, raw: bytes) -> None:
    async with nothing_changes(house.db):
        for visitor in (house.nobody, house.amina):
            url = httpx.URL(scheme="http", host="127.0.0.1", port=8000, raw_path=raw)
            assert _sound(await visitor.browser.send(visitor.browser.build_request("GET", url)))


async def test_an_address_that_cannot_be_taken_apart_is_an_ordinary_answer(world: apps.World) -> None:
    """Where to go on to, a meeting link, where a form came from: each is taken apart, and may be anything."""
    session = await world.approved()
    door, login = world.nobody, {"login": "x", "password": "y"}
    for odd in ("//[", "//[x]", "https://[", "http://[::1"):
        for answer in (
            await door.page("GET", "/sign-in", params={"next": odd}),
            await door.page("POST", "/sign-in", data=login | {"next": odd}),
            await door.page("POST", "/sign-in", data=login, headers={"Origin": odd}),
            await door.page("POST", "/me/account/reading", headers={"Referer": odd}),
            await door.page("POST", "/language", data={"language": "sw", "next": odd}),
            await world.otieno.api("PUT", f"/api/sessions/{session['id']}/link", json={"meetingLink": odd}),
            await world.otieno.page("POST", f"/s/{session['reference']}/link", data={"meetingLink": odd}),
        ):
            assert _sound(answer)


async def test_odd_filters_of_the_team_show_the_team(house: apps.World) -> None:
    """Whatever stands in `f`: packed by hand, of another type, of another version."""
    odd: list[Any] = [{"q": 1}, {"q": "\0"}, {"max_price": 2**63}, [], "x", {"max_price": -5}, {"session_type": "Nope"},
                      {"q": "x" * 10_000}, {"zzz": 1}, {"mode": "Nope"}]  # fmt: skip
    async with nothing_changes(house.db):
        for value in odd:
            packed = base64.urlsafe_b64encode(msgspec.msgpack.encode(value)).decode()
            assert _sound(await house.nobody.page("GET", "/team", params={"f": packed}))
        for cursor in ("YXx8", base64.urlsafe_b64encode(f"{NOT_THERE}|\0".encode()).decode()):
            assert _sound(await house.nobody.page("GET", "/team", params={"after": cursor}))
            assert _sound(await house.nobody.api("GET", "/api/public/psychologists", params={"cursor": cursor}))


async def test_odd_cursors_and_days_are_refused(house: apps.World) -> None:
    cursors = ["x", "====", "é"] + [
        base64.urlsafe_b64encode(text.encode()).decode()
        for text in ("", "|", "2026-11-24|x", f"2026-11-24|{NOT_THERE}", f"0001-01-01T00:00:00+14:00|{NOT_THERE}",
                     f"9999-12-31T23:59:59-14:00|{NOT_THERE}", f"2026-11-24T00:00:00+03:00|{NOT_THERE}x")
    ]  # fmt: skip
    async with nothing_changes(house.db):
        for path in ("/api/sessions", "/api/sessions/pending-approval"):
            for cursor in cursors:
                answer = await house.otieno.api("GET", path, params={"cursor": cursor})
                assert answer.status_code in (200, 422), f"{cursor}: {answer.text}"
        for query in ("from=0001-01-01T00:00:00%2B14:00", "to=9999-12-31T23:59:59-14:00", "from=2026-11-24T09:00:00"):
            answer = await house.amina.api("GET", f"/api/sessions?{query}")
            assert answer.status_code in (200, 422), answer.text
        slots = f"/api/psychologists/{house.cast.otieno.person_id}/slots"
        for query in ("from=0001-01-01", "to=0001-01-01", "from=9999-12-31", "from=9999-12-01&to=9999-12-31",
                      "from=2026-12-01&to=2026-11-01", "from=1000-01-01&to=1000-02-01"):
            answer = await house.amina.api("GET", f"{slots}?{query}")
            assert answer.status_code in (200, 422), f"{query}: {answer.text}"


async def test_a_right_request_is_still_taken(world: apps.World) -> None:
    """The negative control of all of them."""
    session = await world.request()
    assert session["sessionDate"] == workday(world.now).astimezone(UTC).isoformat().replace("+00:00", "Z")
