"""The control API: what it refuses, what it forgets, and that its README tells all of it."""

import re
from pathlib import Path
from typing import Any

import pytest

import daraja_sim
from daraja_sim.faults import KINDS, SHAPES
from daraja_sim.phones import ANSWERS
from daraja_sim.server import create_app
from daraja_sim.settings import MODES
from fixtures.daraja.merchant import PHONE, Merchant

HOME = Path(daraja_sim.__file__).parent


async def test_a_phone_is_born_on_first_use(sim: Merchant) -> None:
    for written in ("0700000021", "+254700000021", "700 000 021", "254700000021"):
        phone = await sim.phone(written)
        assert (phone["number"], phone["wallet"], phone["mode"]) == ("254700000021", 50_000, "on")
        assert phone["simulated"] is True
    assert len((await sim.api("GET", "/phones"))["phones"]) == 1


@pytest.mark.parametrize("number", ["254200000011", "2547000000", "x", "%3Cscript%3E"])
async def test_what_is_not_a_kenyan_mobile(sim: Merchant, number: str) -> None:
    assert (await sim.call("GET", f"/api/phones/{number}")).status == 404


@pytest.mark.parametrize(
    "verb, body",
    [
        ("mode", {"mode": "asleep"}),
        ("mode", {}),
        ("mode", {"mode": "auto", "answer": "maybe"}),
        ("mode", {"mode": "auto", "delaySeconds": -1}),
        ("wallet", {"balance": -1}),
        ("wallet", {"balance": 1.5}),
        ("wallet", {"balance": True}),
        ("lock-pin", {"locked": "yes"}),
    ],
)
async def test_what_a_phone_refuses(sim: Merchant, verb: str, body: dict[str, Any]) -> None:
    assert (await sim.call("POST", f"/api/phones/{PHONE}/{verb}", json=body)).status == 400


async def test_bodies_that_are_not_objects(sim: Merchant) -> None:
    for raw in (b"{", b"[]", b"1"):
        answer = await sim.call("POST", "/api/clock", data=raw, headers={"Content-Type": "application/json"})
        assert (answer.status, answer.body["error"]) == (400, "bad_json")


async def test_it_forgets_everything_on_demand(sim: Merchant) -> None:
    await sim.pushed()
    await sim.pin()
    await sim.fault("push", "busy")
    await sim.api("POST", "/reset")
    assert (await sim.api("GET", "/phones"))["phones"] == []
    assert (await sim.api("GET", "/pushes"))["pushes"] == []
    assert (await sim.api("GET", "/faults"))["faults"] == []
    assert (await sim.api("GET", "/ledger")) == {"accounts": {}, "sum": 0, "entries": []}
    await sim.sign_in()
    await sim.pushed()
    assert await sim.pin() == "0"


async def test_requests_are_noted(sim: Merchant) -> None:
    await sim.push(Amount=0)
    [token, push] = (await sim.api("GET", "/requests"))["requests"]
    assert (token["endpoint"], token["status"]) == ("oauth", 200)
    assert (push["endpoint"], push["status"], push["phone"]) == ("push", 400, PHONE)


async def test_health(sim: Merchant) -> None:
    answer = await sim.call("GET", "/health")
    assert answer.body == {"status": "ok", "simulated": True, "seed": 7}


async def test_the_readme_tells_all_of_it() -> None:
    readme = (HOME / "README.md").read_text()
    routes = {
        route.resource.canonical
        for route in create_app().router.routes()
        if route.resource is not None and route.resource.canonical.startswith(("/api", "/health"))
    }
    assert {route for route in routes if f"`{route}`" not in readme and f" {route}`" not in readme} == set()
    words = {*MODES, *ANSWERS, *SHAPES, *KINDS, *(kind for kinds in KINDS.values() for kind in kinds)}
    assert {word for word in words if not re.search(rf"`{re.escape(word)}`", readme)} == set()
