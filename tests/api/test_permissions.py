"""Every route × everybody, compared with a table that was written down: permissions.tsv.

    200  past every question of who one is: done, or refused for what was sent (2xx, 303 onward, 400, 409, 422)
    in   led to the sign-in page
    401  403  404  405

The session, its attempt and its link are Amina's, with Dr Otieno. A route without a line makes this fail: write the
line that you mean, then look whether it is so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support import app as apps
from support.app import asking
from support.cast import workday
from support.routes import NOT_THERE, all_routes

TABLE = Path(__file__).with_name("permissions.tsv")
WHO = ("nobody", "link", "amina", "halima", "baraka", "otieno", "wanjiru", "wambui", "makena", "njeri")
# Who calls these has to sign in again.
ENDS = ("/sign-out", "/leave", "/api/users/logout", "/me/account/sign-ins", "/me/account/password")
STREAMS = ("/events", "/events/{attempt_id}")


class Scene:
    """What the addresses name."""

    def __init__(self, world: apps.World) -> None:
        self.world = world
        self.names: dict[str, str] = {}

    async def prepare(self) -> None:
        world = self.world
        session = await world.approved("amina", note="Please speak slowly.")
        link = await world.pay_link(session)
        asked = await world.amina.api(
            "POST", "/api/mpesa/initiate", json={"sessionId": session["id"], "phoneNumber": "0700000001"}
        )
        otieno = str(world.cast.otieno.person_id)
        world.by_name["link"] = apps.Visitor(world.app, None, None)
        world.by_name["link"].program.headers["X-Pay-Token"] = link
        async with world.db.connection() as conn:
            charge = str(await conn.fetchval("select charge_id from payments.attempt"))
        self.names = {
            "session_id": session["id"], "reference": session["reference"], "attempt_id": asked.json()["attemptId"],
            "psychologist_id": otieno, "person_id": otieno, "slug": "kbt011", "decision": "list", "kind": "outbox",
            "charge_id": charge,
        }  # fmt: skip
        self.link = link
        # Where an empty body would be refused before anybody asks who sends it.
        pay = {"sessionId": session["id"], "phoneNumber": "0700000001"}
        ask = asking(world.cast.wanjiru, workday(world.now, hour=15))
        self.bodies: dict[str, dict[str, Any]] = {
            "/api/mpesa/initiate": pay, "/api/sessions": ask, "/api/sessions/request": ask,
            "/api/sessions/{session_id}/submit-payment": {"transactionCode": "TKM5A1B2C3"},
            "/api/sessions/{session_id}/verify-payment": {"method": "cash", "number": "7", "amount": 5},
            "/api/sessions/{session_id}/reject-payment": {"reason": "Not ours."},
            "/api/sessions/{session_id}/waive": {"reason": "A gift."},
            "/api/sessions/{session_id}/decline": {"reason": "Full."},
            "/api/sessions/{session_id}/give-back": {"amount": 5, "reason": "A gift."},
            "/api/sessions/{session_id}/link": {"meetingLink": "https://meet.example.test/1"},
        }

    def address(self, path: str) -> str:
        names = self.names | {"token": self.link if path.startswith("/p/") else "0" * 32, "name": "nothing.css"}
        if path.startswith("/api/admin/"):
            names["psychologist_id"] = str(NOT_THERE)  # nobody of the cast is to be disabled on the way
        return path.format_map(_Names(names))

    async def outcome(self, who: str, method: str, path: str) -> str:
        visitor = self.world.by_name[who]
        client = visitor.program if path.startswith("/api/") else visitor.browser
        body = self.bodies.get(path, {}) if path.startswith("/api/") and method != "GET" else None
        if path.endswith(STREAMS):
            self.world.app.state.stopping.set()  # a stream that is open ends, as when the program stops
        answer = await client.request(method, self.address(path), json=body)
        if path.endswith(STREAMS):
            self.world.app.state.stopping.clear()
            assert ("text/event-stream" in answer.headers["content-type"]) is (answer.status_code == 200)
        if path.startswith(ENDS) and who not in ("nobody", "link"):
            await visitor.close()
            member = apps.MAKENA if who == "makena" else getattr(self.world.cast, who)
            await self.world.sign_in(who, member)
        if answer.headers.get("location", "").startswith("/sign-in?next="):
            return "in"
        assert answer.status_code < 500, answer.text
        return str(answer.status_code) if answer.status_code in (401, 403, 404, 405) else "200"


class _Names(dict[str, str]):
    """An id that nobody has for whatever the scene does not name."""

    def __missing__(self, name: str) -> str:
        return str(NOT_THERE)


def written() -> dict[str, list[str]]:
    lines = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    assert tuple(lines[0][2:]) == WHO
    return {f"{method} {path}": cells for method, path, *cells in lines[1:]}


def test_every_route_has_a_line_and_every_line_a_route() -> None:
    routes = [f"{method} {path}" for method, path, _ in all_routes()]
    assert [route for route in routes if route not in written()] == [], "write a line for each in permissions.tsv"
    assert [line for line in written() if line not in routes] == [], "there are no such routes any more"


@pytest.mark.slow
async def test_everybody_may_what_the_table_says(world: apps.World) -> None:
    scene = Scene(world)
    await scene.prepare()
    wrong = []
    for method, path, _ in all_routes():
        found = [await scene.outcome(who, method, path) for who in WHO]
        meant = written().get(f"{method} {path}")
        if found != meant:
            wrong.append("\t".join((method, path, *found)))
    assert wrong == [], "it is not so:\n" + "\n".join(wrong)
