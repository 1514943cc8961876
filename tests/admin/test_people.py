"""An admin finds people, sees one with contacts masked, gives and takes roles; there is always an admin."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kikao.accounts import actions, hiring, standing
from kikao.accounts.actions import LastAdmin, hold_admins
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.ids import new_id
from sessions.staging import stage
from support import waiting
from support.app import World
from support.cast import Cast, Member, workday
from support.people import VAULT, message

PEOPLE = "/practice/people"


def address(member: Member) -> str:
    return f"{PEOPLE}/{member.person_id}"


async def search(world: World, typed: str) -> Any:
    sent = await world.njeri.page("POST", PEOPLE, data={"who": typed})
    assert len(typed) < 5 or typed.lower() not in sent.headers["location"].lower()
    return await world.njeri.page("GET", sent.headers["location"])


async def do(world: World, member: Member, deed: str, **form: str) -> Any:
    return await world.njeri.page("POST", f"{address(member)}/{deed}", data=form | {"idempotency_key": str(new_id())})


async def journal(world: World, verb: str) -> int:
    async with world.db.connection() as conn:
        return int(await conn.fetchval("select count(*) from journal.entry where verb = $1", verb))


# finding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["mina", "0700 000 001", "000001", "amina@example.test", "AMINA"])
async def test_somebody_is_found_by_name_number_and_address(world: World, typed: str) -> None:
    html = (await search(world, typed)).text
    assert address(world.cast.amina) in html
    assert address(world.cast.baraka) not in html
    assert "+2547•••••001" in html
    assert "+254700000001" not in html
    assert await journal(world, "search people") == 1


async def test_somebody_is_found_by_the_reference_of_a_session(world: World) -> None:
    session = await world.request("amina")
    html = (await search(world, session["reference"].lower())).text
    assert address(world.cast.amina) in html
    assert address(world.cast.otieno) in html
    assert address(world.cast.wanjiru) not in html


@pytest.mark.parametrize(("typed", "status", "told"), [("x", 422, "two letters"), ("zzzz", 200, "Nobody fits that")])
async def test_nobody_and_too_little_have_a_face(world: World, typed: str, status: int, told: str) -> None:
    answer = await search(world, typed)
    assert answer.status_code == status
    assert told in answer.text


# one person ---------------------------------------------------------------------------------------


async def test_contacts_are_masked_until_asked_and_each_look_is_noted(world: World) -> None:
    await world.request("amina")
    html = (await world.njeri.page("GET", address(world.cast.amina))).text
    for told in ("Amina", "a•••@example.test", "client", "on a page", "Not answered yet"):
        assert told in html
    assert "amina@example.test" not in html
    assert (await journal(world, "look"), await journal(world, "open the contacts")) == (1, 0)
    opened = (await world.njeri.page("POST", f"{address(world.cast.amina)}/contacts")).text
    assert "amina@example.test" in opened
    assert "+254700000001" in opened
    assert (await journal(world, "look"), await journal(world, "open the contacts")) == (2, 1)


async def test_who_acts_for_whom_stands_on_both(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute("update accounts.acts_for set until = now() + interval '1 year'")
    assert "parent" in (mother := (await world.njeri.page("GET", address(world.cast.halima))).text)
    assert address(world.cast.zuri) in mother
    assert "until" in mother
    assert "&lt;" not in mother
    assert address(world.cast.halima) in (await world.njeri.page("GET", address(world.cast.zuri))).text


async def test_an_admin_sets_how_a_person_stands(world: World) -> None:
    refused = await do(world, world.cast.amina, "state", state="blocked", reason=" ")
    assert refused.status_code == 422
    done = await do(world, world.cast.amina, "state", state="blocked", reason="shouted at the desk")
    assert done.status_code == 303
    assert "shouted" not in (await world.njeri.page("GET", address(world.cast.amina))).text
    opened = (await world.njeri.page("POST", f"{address(world.cast.amina)}/contacts")).text
    assert "shouted at the desk" in opened
    assert (await do(world, world.cast.njeri, "state", state="blocked", reason="tired")).status_code == 403


async def test_a_psychologist_who_is_not_active_any_more_leaves_the_list(world: World) -> None:
    session = await world.request("amina")
    done = await do(world, world.cast.otieno, "state", state="deceased", reason="his wife rang")
    assert done.status_code == 303
    async with world.db.connection() as conn:
        listed = await conn.fetchval(
            "select true from directory.listed where id = $1", world.cast.otieno.person_id)
        assert listed is None
        assert await conn.fetchval(
            "select status from sessions.session where reference = $1", session["reference"]) == "Declined"


async def test_only_an_admin_and_only_those_who_are_there(world: World) -> None:
    for who, expected in (("wambui", 403), ("makena", 403), ("otieno", 403), ("amina", 403), ("nobody", 303)):
        visitor = world.by_name[who]
        for method, path in (("GET", PEOPLE), ("GET", address(world.cast.amina)), ("POST", "/practice/hire"),
                             ("POST", f"{address(world.cast.amina)}/contacts"),
                             ("POST", f"{address(world.cast.amina)}/disable")):
            assert (await visitor.page(method, path)).status_code == expected, (who, path)
    assert (await world.njeri.page("GET", f"{PEOPLE}/{new_id()}")).status_code == 404
    assert (await do(world, world.cast.amina, "promote")).status_code == 404
    assert (await do(world, world.cast.zuri, "disable")).status_code == 404


# roles and accounts -------------------------------------------------------------------------------


async def test_a_role_that_is_given_or_taken_counts_at_once(world: World) -> None:
    assert (await world.baraka.page("GET", "/practice")).status_code == 403
    assert (await do(world, world.cast.baraka, "give", role="desk")).status_code == 303
    assert (await world.baraka.page("GET", "/practice")).status_code == 303  # signs in anew, for a shorter day
    await world.sign_in("baraka", world.cast.baraka)
    assert (await world.baraka.page("GET", "/practice")).status_code == 200
    assert (await do(world, world.cast.baraka, "take", role="desk")).status_code == 303
    assert (await world.baraka.api("GET", "/api/auth")).status_code == 401
    await world.sign_in("baraka", world.cast.baraka)
    assert (await world.baraka.page("GET", "/practice")).status_code == 403


async def test_those_who_work_here_need_an_e_mail(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute(
            "delete from accounts.contact_point where person_id = $1 and kind = 'email'", world.cast.baraka.person_id
        )
    refused = await do(world, world.cast.baraka, "give", role="desk")
    assert refused.status_code == 422
    assert "need a confirmed e-mail address" in refused.text
    asked = await do(world, world.cast.baraka, "invite")
    assert asked.status_code == 422
    assert "this code goes by e-mail only" in asked.text


async def test_a_disabled_account_is_out_at_once_and_comes_back(world: World) -> None:
    assert (await do(world, world.cast.wambui, "disable")).status_code == 303
    assert (await world.wambui.api("GET", "/api/auth")).status_code == 401
    assert "Account disabled" in (await world.njeri.page("GET", address(world.cast.wambui))).text
    assert (await do(world, world.cast.wambui, "enable")).status_code == 303
    await world.sign_in("wambui", world.cast.wambui)
    assert (await world.wambui.page("GET", "/practice")).status_code == 200


@pytest.mark.parametrize("deed", ["disable", "take"])
async def test_a_psychologist_who_leaves_leaves_the_list(world: World, deed: str) -> None:
    asked = await world.request("amina", "otieno")
    assert (await do(world, world.cast.otieno, deed, role="psychologist")).status_code == 303
    async with world.db.connection() as conn:
        listed = await conn.fetchval("select true from directory.listed where id = $1", world.cast.otieno.person_id)
        status = await conn.fetchval("select status from sessions.session where id = $1", UUID(asked["id"]))
    assert (listed, status) == (None, "Declined")


async def test_the_last_admin_stays(world: World) -> None:
    assert (await do(world, world.cast.njeri, "disable")).status_code == 403
    refused = await do(world, world.cast.njeri, "take", role="admin")
    assert refused.status_code == 409
    assert "the last admin" in refused.text
    await do(world, world.cast.wambui, "give", role="admin")
    assert (await do(world, world.cast.njeri, "take", role="admin")).status_code == 303
    assert (await world.njeri.page("GET", PEOPLE)).status_code == 403


Removal = Callable[[Conn, Member, Member, datetime], Awaitable[None]]


async def takes_the_role(conn: Conn, by: Member, other: Member, now: datetime) -> None:
    await hiring.take_role(conn, by.actor, other.account_id, "admin", now)


async def disables(conn: Conn, by: Member, other: Member, now: datetime) -> None:
    await actions.disable(conn, by.actor, other.account_id, now)


async def calls_deceased(conn: Conn, by: Member, other: Member, now: datetime) -> None:
    await standing.set_state(conn, by.actor, VAULT, other.person_id, "deceased", "so it was said", now)


async def none_is_left(db: Database, cast: Cast, now: datetime, first: Removal, second: Removal) -> bool:
    """Two admins remove each other at one instant. Whether nobody can sign in as one any more."""
    async with db.transaction() as conn:
        await actions.grant_role(conn, cast.njeri.actor, cast.wambui.account_id, "admin", now)
    njeri, wambui = cast.njeri, msgspec.structs.replace(cast.wambui, roles=("desk", "admin"))

    removed: list[Member] = []

    async def remove(removal: Removal, by: Member, other: Member) -> None:
        with contextlib.suppress(LastAdmin):
            async with db.transaction() as conn:
                await removal(conn, by, other, now)
                removed.append(other)
                async with db.connection() as watch:
                    await waiting.until(watch, or_=lambda: len(removed) == 2)

    await asyncio.gather(remove(first, njeri, wambui), remove(second, wambui, njeri))
    async with db.transaction() as conn:
        return not await hold_admins(conn)


@pytest.mark.parametrize(
    ("first", "second"),
    [(takes_the_role, takes_the_role), (calls_deceased, calls_deceased), (calls_deceased, disables),
     (takes_the_role, calls_deceased)],
)
async def test_of_two_admins_who_remove_each_other_one_stays(
    db: Database, cast: Cast, now: datetime, first: Removal, second: Removal
) -> None:
    assert not await none_is_left(db, cast, now, first, second)


async def test_negative_control_without_holding_the_admins_none_is_left(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def only_looks(conn: Conn) -> frozenset[UUID]:
        rows = await conn.fetch(
            """
            select r.account_id from accounts.role r
            join accounts.account a on a.id = r.account_id and a.disabled_at is null
            join accounts.person p on p.id = a.person_id and p.state = 'active' where r.role = 'admin'
            """
        )
        return frozenset(row["account_id"] for row in rows)

    monkeypatch.setattr(actions, "hold_admins", only_looks)
    assert await none_is_left(db, cast, now, calls_deceased, calls_deceased)


# an account for somebody new ----------------------------------------------------------------------


async def hire(world: World, **form: str | list[str]) -> Any:
    return await world.njeri.page("POST", "/practice/hire", data=form)


async def test_somebody_new_is_invited_and_chooses_a_password(world: World) -> None:
    answer = await hire(world, name="Achieng", email="achieng@example.test", roles=["desk", "finance"])
    assert answer.status_code == 303
    html = (await world.njeri.page("GET", answer.headers["location"])).text
    for told in ("Achieng", "desk", "finance", "a•••@example.test"):
        assert told in html
    async with world.db.connection() as conn:
        reset_id = await conn.fetchval("select id from accounts.verification where purpose = 'reset'")
    vault: Vault = world.app.state.kit.vault
    mail = await message(world.db, reset_id, world.now, kind="invitation", vault=vault)
    assert mail is not None
    [code] = re.findall(r"\b(\d{6})\b", mail.heading)
    chosen = {"code": code, "password": "mango juice at dawn"}
    assert (await world.nobody.page("POST", f"/reset/{reset_id}", data=chosen)).status_code == 303
    login = {"login": "achieng@example.test", "password": "mango juice at dawn"}
    signed_in = await world.nobody.api("POST", "/api/users/login", json=login)
    assert signed_in.json()["user"]["roles"] == ["finance", "desk"]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "", "email": "a@example.test", "roles": "desk"}, "give a name"),
        ({"name": "Achieng", "email": "0700 000 044", "roles": "desk"}, "give an e-mail address"),
        ({"name": "Achieng", "email": "a@example.test"}, "tick at least one"),
        ({"name": "Achieng", "email": "amina@example.test", "roles": "desk"}, "already signs somebody in"),
    ],
)
async def test_an_account_that_cannot_be_opened_keeps_what_was_typed(
    world: World, form: dict[str, str], told: str
) -> None:
    refused = await hire(world, **form)
    assert refused.status_code in (409, 422)
    assert told in refused.text
    assert form["email"] in refused.text


async def test_all_that_cannot_be_used_is_said_at_once(world: World) -> None:
    refused = await hire(world, name="", email="achieng")
    for told in ("give a name", "give an e-mail address", "tick at least one"):
        assert told in refused.text


async def test_a_session_of_a_person_leads_to_its_page(world: World) -> None:
    async with world.db.transaction() as conn:
        await stage(conn, world.cast, "Completed", workday(world.now), world.now)
    html = (await world.njeri.page("GET", address(world.cast.amina))).text
    [path] = re.findall(r'href="(/s/[^"]+)"', html)
    assert (await world.njeri.page("GET", path)).status_code == 200
