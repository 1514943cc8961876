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
            await _over(walk, cast, await _pay(walk, cast, session), "refused", "not_sent", "failed")
            await house.worker.stop()
            late = await _pay(walk, cast, session)
            await _an_hour_passes(db)
            assert await walk.messages(cast.otieno.email) == []
            await _everybody_comes_back(walk)
            await house.worker.start()
            await until(lambda: _told(walk, cast))
            await _over(walk, cast, late, "not_sent")
            assert await _rung(walk) == [], "a prompt that waited for an hour rings on nobody's phone"
            await _pay(walk, cast, session)
            assert len(await until(lambda: _rung(walk))) == 1, "asked for now, it rings"
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
    return str(asked.json()["attemptId"])


async def _over(walk: Walk, cast: Cast, attempt: str, *states: str) -> None:
    amina = await walk.sign_in(cast.amina.email)

    async def over() -> Any:
        shown = (await walk.web.get(f"/api/mpesa/attempts/{attempt}", headers=amina)).json()
        return shown["state"] in states

    await until(over)


async def _an_hour_passes(db: Database) -> None:
    """What waits for its next try may try now: the clock of the rows moves, not ours."""
    async with db.connection() as conn:
        await conn.execute(
            """
            update payments.attempt set created_at = created_at - $1::interval, expires_at = expires_at - $1::interval
            """,
            timedelta(hours=1),
        )
        for table in ("notifications.outbox", "payments.attempt", "payments.letter"):
            await conn.execute(f"update {table} set due_at = due_at - $1::interval where due_at is not null",
                               timedelta(hours=1))


async def _told(walk: Walk, cast: Cast) -> bool:
    """Everything still true has arrived: whoever was to answer has answered, so only the client is told."""
    return bool([m for m in await walk.messages(cast.amina.email) if "/p/" in m["text"]])


async def _rung(walk: Walk) -> list[Any]:
    pushes: list[Any] = (await walk.outside.get(f"{walk.house.simulator}/api/pushes")).json()["pushes"]
    return pushes
