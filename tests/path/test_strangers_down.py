"""Fault 8: mail, SMS and M-Pesa are down. Booking goes on, the queues drain afterwards, no prompt is sent late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kikao.accounts.actions import ensure_consent_texts
from kikao.core.clock import utc_now
from kikao.core.db import Database
from path.test_by_json import Walk, until
from support import house as houses
from support.cast import Cast, workday

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


async def test_the_practice_goes_on_while_strangers_are_down(db: Database, cast: Cast, url: str) -> None:
    async with db.connection() as conn:
        await ensure_consent_texts(conn, utc_now())
    async with houses.running(url) as house:
        walk = Walk(house)
        try:
            await _everybody_goes_down(walk)
            session = await _book(walk, cast)
            attempt = await _pay(walk, cast, session)
            await _an_hour_passes(db)
            assert await walk.messages(cast.otieno.email) == []
            await _everybody_comes_back(walk)
            await _an_hour_passes(db)
            await until(lambda: _told(walk, cast), 40)
            await _nothing_rang_late(walk, attempt)
        finally:
            await walk.close()


async def _everybody_goes_down(walk: Walk) -> None:
    for channel, fault in (("email", {"status": 451}), ("sms", {"status": 503})):
        order = {"channel": channel, "times": 0, **fault}
        answer = await walk.outside.post(f"{walk.house.sink}/api/faults", json=order)
        assert answer.status_code < 300, answer.text
    answer = await walk.outside.post(
        f"{walk.house.simulator}/api/faults", json={"on": "oauth", "kind": "503", "times": 0}
    )
    assert answer.status_code == 201, answer.text


async def _everybody_comes_back(walk: Walk) -> None:
    await walk.outside.delete(f"{walk.house.sink}/api/faults")
    await walk.outside.delete(f"{walk.house.simulator}/api/faults")


async def _book(walk: Walk, cast: Cast) -> dict[str, Any]:
    amina, otieno = await walk.sign_in(cast.amina.email), await walk.sign_in(cast.otieno.email)
    asked = await walk.web.post("/api/sessions/request", headers=amina, json={
        "psychologistId": str(cast.otieno.person_id), "sessionType": "Individual",
        "sessionDate": workday(utc_now()).isoformat(),
    })
    assert asked.status_code == 201, asked.text
    approved = await walk.web.put(f"/api/sessions/{asked.json()['id']}/approve", headers=otieno)
    assert approved.status_code == 200, approved.text
    session: dict[str, Any] = approved.json()
    return session


async def _pay(walk: Walk, cast: Cast, session: dict[str, Any]) -> str:
    amina = await walk.sign_in(cast.amina.email)
    asked = await walk.web.post(
        "/api/mpesa/initiate", headers=amina, json={"sessionId": session["id"], "phoneNumber": "0700 000 041"}
    )
    assert asked.status_code == 202, asked.text
    attempt = asked.json()["attemptId"]

    async def over() -> Any:
        shown = (await walk.web.get(f"/api/mpesa/attempts/{attempt}", headers=amina)).json()
        return shown["state"] in ("refused", "not_sent", "failed")

    await until(over, 60)
    return str(attempt)


async def _an_hour_passes(db: Database) -> None:
    """What waits for its next try may try now: the clock of the rows moves, not ours."""
    async with db.connection() as conn:
        for table in ("notifications.outbox", "payments.attempt", "payments.letter"):
            await conn.execute(f"update {table} set due_at = due_at - $1::interval where due_at is not null",
                               timedelta(hours=1))


async def _told(walk: Walk, cast: Cast) -> bool:
    """Everything still true has arrived: whoever was to answer has answered, so only the client is told."""
    return bool([m for m in await walk.messages(cast.amina.email) if "/p/" in m["text"]])


async def _nothing_rang_late(walk: Walk, attempt: str) -> None:
    pushes = (await walk.outside.get(f"{walk.house.simulator}/api/pushes")).json()["pushes"]
    assert pushes == []
