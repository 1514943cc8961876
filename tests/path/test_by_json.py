"""The main job by JSON on real parts: sign up, request, accept, pay with a PIN, confirmed, messages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from kikao.accounts.actions import ensure_consent_texts
from kikao.core.clock import utc_now
from kikao.core.db import Database
from support import house as houses
from support.cast import PASSWORD, Cast

SOON = 60.0


async def until(look: Callable[[], Awaitable[Any]], seconds: float = SOON) -> Any:
    """What `look` finds, as soon as it finds something."""
    for _ in range(int(seconds / 0.1)):
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen in time")


class Walk:
    """One person with one client, and what the sink and the phone show."""

    def __init__(self, house: houses.House) -> None:
        self.house = house
        self.web = httpx.AsyncClient(base_url=house.url)
        self.outside = httpx.AsyncClient()

    async def sign_in(self, login: str) -> dict[str, str]:
        answer = await self.web.post("/api/users/login", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def messages(self, to: str) -> list[dict[str, Any]]:
        answer = await self.outside.get(f"{self.house.sink}/api/messages", params={"to": to})
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    async def close(self) -> None:
        await self.web.aclose()
        await self.outside.aclose()


async def test_request_accept_pay_confirmed(db: Database, cast: Cast, url: str) -> None:
    async with db.connection() as conn:
        await ensure_consent_texts(conn, utc_now())
    async with houses.running(url) as house:
        walk = Walk(house)
        try:
            await _walk(walk, cast)
        finally:
            await walk.close()


async def _walk(walk: Walk, cast: Cast) -> None:
    amina = await _sign_up(walk)
    otieno = await walk.sign_in(cast.otieno.email)
    session = await _request(walk, amina)
    found = (await walk.web.get("/api/sessions/pending-approval", headers=otieno)).json()["sessions"]
    assert [one["id"] for one in found] == [session["id"]]
    approved = await walk.web.put(f"/api/sessions/{session['id']}/approve", headers=otieno)
    assert approved.status_code == 200, approved.text
    assert approved.json()["status"] == "Approved"

    async def accepted() -> Any:
        return [m for m in await walk.messages("254700000041") if "/p/" in m["text"]]

    assert (await until(accepted))[0]["channel"] == "sms"
    await _pay(walk, amina, session)
    paid = (await walk.web.get(f"/api/sessions/{session['reference']}", headers=amina)).json()
    assert (paid["status"], paid["paymentStatus"]) == ("Confirmed", "Paid")
    again = (await walk.web.get(f"/api/mpesa/status/{session['id']}", headers=amina)).json()
    assert re.fullmatch(r"[A-Z0-9]{10}", again["receipt"])

    async def told() -> Any:
        mails = [m for m in await walk.messages(cast.otieno.email) if m["attachments"]]
        return mails if len(mails) == 1 else None

    assert (await until(told))[0]["attachments"][0]["type"].startswith("text/calendar")
    timeline = (await walk.web.get(f"/api/sessions/{session['id']}/timeline", headers=amina)).json()["timeline"]
    assert [line["verb"] for line in timeline] == ["request", "approve", "be paid"]


async def _sign_up(walk: Walk) -> dict[str, str]:
    text = (await walk.web.get("/api/public/consent", params={"language": "en"})).json()
    made = await walk.web.post("/api/users/register", json={
        "name": "Chebet", "phone": "0700 000 041", "password": PASSWORD,
        "consent": {"textId": text["textId"], "language": "en"},
    })
    assert made.status_code == 202, made.text

    async def sent() -> Any:
        return await walk.messages("254700000041")

    code = re.search(r"\b\d{6}\b", (await until(sent))[0]["text"])
    assert code is not None
    proved = await walk.web.post(
        "/api/verification/verify", json={"verificationId": made.json()["verificationId"], "code": code.group()}
    )
    assert proved.status_code == 200, proved.text
    return {"Authorization": f"Bearer {proved.json()['token']}"}


async def _request(walk: Walk, amina: dict[str, str]) -> dict[str, Any]:
    listed = (await walk.web.get("/api/public/psychologists")).json()["psychologists"]
    otieno = next(one for one in listed if one["name"] == "Dr Otieno")
    slots = (await walk.web.get(f"/api/psychologists/{otieno['id']}/slots")).json()["slots"]
    asked = await walk.web.post("/api/sessions/request", headers=amina, json={
        "psychologistId": otieno["id"], "sessionType": "Individual", "sessionDate": slots[3]["start"], "price": 1,
    })
    assert asked.status_code == 201, asked.text
    session: dict[str, Any] = asked.json()
    assert (session["status"], session["price"]) == ("Pending Approval", 2500)
    return session


async def _pay(walk: Walk, amina: dict[str, str], session: dict[str, Any]) -> None:
    asked = await walk.web.post(
        "/api/mpesa/initiate", headers=amina, json={"sessionId": session["id"], "phoneNumber": "0700 000 041"}
    )
    assert asked.status_code == 202, asked.text
    phone = f"{walk.house.simulator}/api/phones/254700000041"

    async def prompted() -> Any:
        return (await walk.outside.get(phone)).json()["prompt"]

    prompt = await until(prompted)
    assert prompt["amount"] == 2500
    assert prompt["reference"] == session["reference"]
    assert (await walk.outside.post(f"{phone}/pin", json={"pin": "1234"})).status_code == 200

    async def confirmed() -> Any:
        shown = (await walk.web.get(f"/api/sessions/{session['id']}", headers=amina)).json()
        return shown["status"] == "Confirmed"

    await until(confirmed)
