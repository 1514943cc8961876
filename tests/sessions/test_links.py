"""Opening any link changes no row: previews of messengers and scanners of mail open them before people do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import product
from string import Formatter
from typing import Any

import pytest

from kikao.admin.rules import SETTINGS
from support import app
from support.app import World
from support.cast import PASSWORD
from support.routes import all_routes
from support.rows import changed, picture

JOURNAL = frozenset({"journal.entry"})
DONE = "select count(*) from journal.entry where verb <> all ($1)"
LOOKS = ["open the note", "open the reason", "look", "look at payments", "look at the journal"]


PATHS = sorted(path for method, path, _ in all_routes() if method == "GET")
OF_A_SESSION = [path for path in PATHS if re.search("{(reference|session_id|token)}", path)]


async def known(world: World, session: dict[str, Any]) -> dict[str, list[str]]:
    """What is really there for each name in an address: of a session, its payment, its people, codes and places."""
    cast, api = world.cast, world.nobody.api
    asked = await world.amina.api(
        "POST", "/api/mpesa/initiate", json={"sessionId": session["id"], "phoneNumber": "0700000001"}
    )
    text = {"textId": str(cast.consent_text_id), "language": "en"}
    new = {"name": "Chebet", "password": PASSWORD, "consent": text, "phone": "0700000051"}
    made = await api("POST", "/api/users/register", json=new)
    reset = await api("POST", "/api/users/password/forgot", json={"contact": "halima@example.test"})
    place = await world.njeri.api("POST", "/api/places", json={"name": "Upper Hill", "address": "3 Elgon Road"})
    style = re.search(r'/static/([^"]+\.css)', (await world.nobody.page("GET", "/")).text)
    assert style is not None
    async with world.db.connection() as conn:
        slug = await conn.fetchval("select slug from directory.psychologist where id = $1", cast.otieno.person_id)
        charge = await conn.fetchval("select charge_id from payments.attempt")
    return {
        "slug": [slug], "psychologist_id": [str(cast.otieno.person_id)], "attempt_id": [asked.json()["attemptId"]],
        "charge_id": [str(charge)], "person_id": [str(cast.amina.person_id), str(cast.otieno.person_id)],
        "place_id": [place.json()["id"]], "verification_id": [made.json()["verificationId"]],
        "reset_id": [reset.json()["resetId"]], "name": [style[1]], "code": [next(iter(SETTINGS.values())).code],
        "noun_id": [session["id"], str(cast.amina.person_id)], **await of(world, session),
    }  # fmt: skip


async def confirmed(world: World) -> Any:
    session = await world.approved("halima", hour=16)
    answer = await world.njeri.api("POST", f"/api/sessions/{session['id']}/waive", json={"reason": "A gift."})
    assert answer.json()["status"] == "Confirmed", answer.text
    return session


async def of(world: World, session: dict[str, Any]) -> dict[str, list[str]]:
    return {
        "reference": [session["reference"]], "session_id": [session["id"]], "token": [await world.pay_link(session)],
    }


def addresses(path: str, there: dict[str, list[str]]) -> Iterator[str]:
    names = [name for _, name, _, _ in Formatter().parse(path) if name]
    for values in product(*(there[name] for name in names)):
        yield path.format_map(dict(zip(names, values, strict=True)))


async def open_all(world: World, there: dict[str, list[str]], paths: list[str]) -> Counter[str]:
    """By everybody there is, signed in and not; how often each path really showed something."""
    shown: Counter[str] = Counter()
    for path in paths:
        for address in addresses(path, there):
            for who, visitor in world.by_name.items():
                answer = await (visitor.api if path.startswith("/api") else visitor.page)("GET", address)
                assert answer.status_code < 500, (address, who, answer.text)
                shown[path] += answer.status_code in (200, 204, 303) and "/sign-in?" not in str(
                    answer.headers.get("location"))
    return shown


@pytest.mark.slow
async def test_opening_any_link_changes_no_row(url: str, now: datetime) -> None:
    async with app.world(url, now) as world:
        session = await world.approved(note="I would rather not say")
        there = await known(world, session)
        others = [await world.request("baraka", hour=14), await confirmed(world)]
        world.app.state.stopping.set()  # streams end when they have said how it stands
        before = await picture(world.db, without=JOURNAL)
        async with world.db.connection() as conn:
            done = await conn.fetchval(DONE, LOOKS)
        shown = await open_all(world, there, PATHS)
        for other in others:
            shown += await open_all(world, there | await of(world, other), OF_A_SESSION)
        assert changed(before, await picture(world.db, without=JOURNAL)) == []
        assert [path for path in PATHS if not shown[path]] == [], "each was really there, for somebody"
        async with world.db.connection() as conn:
            lines = await conn.fetch("select distinct verb, by_account from journal.entry where verb = any ($1)", LOOKS)
            assert await conn.fetchval(DONE, LOOKS) == done
        # Who looked at what is for the journal; whoever is not signed in leaves nothing there either.
        assert {(line["verb"], line["by_account"]) for line in lines} >= {
            ("open the note", world.cast.otieno.account_id)}
        assert {line["by_account"] for line in lines} <= await accounts(world)


async def accounts(world: World) -> set[Any]:
    members = [getattr(world.cast, name) for name in world.cast.__struct_fields__]
    return {member.account_id for member in members if member.has_account} | {app.MAKENA.account_id}
