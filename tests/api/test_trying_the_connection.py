"""An admin tries the connection to M-Pesa: the one time that the web program talks to it."""

from __future__ import annotations

from support import app as apps


async def test_it_says_that_nobody_answers(world: apps.World) -> None:
    answer = await world.by_name["njeri"].api("POST", "/api/mpesa/test-connection")
    assert answer.status_code == 200
    assert answer.json()["ok"] is False
    assert answer.json()["detail"]
