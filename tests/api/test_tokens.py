"""Tokens, codes and links that are expired, used, or somebody else's open nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kikao.accounts.signing_in import open_sign_in
from kikao.core.crypto import hash_token
from support import app as apps
from support.cast import PASSWORD
from support.people import USUAL
from support.refusals import nothing_changes, page, problem

PRIVATE = ("/me", "/me/account", "/practice", "/practice/sessions")


async def _bearer(world: apps.World, token: str) -> Any:
    return await world.nobody.api("GET", "/api/auth", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("value", [
    "Bearer", "Bearer ", "Bearer x", "bearer null", "Basic YTpi", "Token x", "", "Bearer a b", "Bearer " + "x" * 9000,
    "Bearer é",
])  # fmt: skip
async def test_what_is_no_token_signs_nobody_in(house: apps.World, value: str) -> None:
    async with nothing_changes(house.db):
        for name in ("Authorization", "x-auth-token"):
            problem(await house.nobody.api("GET", "/api/auth", headers={name: value.encode()}), 401, "not_signed_in")


async def test_a_refused_call_says_how_to_sign_in(house: apps.World) -> None:
    assert (await house.nobody.api("GET", "/api/auth")).headers["www-authenticate"] == "Bearer"


async def test_the_token_is_read_from_either_header(house: apps.World) -> None:
    token = house.amina.token
    for headers in ({"Authorization": f"bearer {token}"}, {"X-Auth-Token": token}):
        assert (await house.nobody.api("GET", "/api/auth", headers=headers)).status_code == 200


async def test_the_api_reads_no_cookie_and_a_page_no_bearer(house: apps.World) -> None:
    """So a form of a stranger's page can never act by JSON, and a token in a script opens no page."""
    for token in (house.amina.token, house.amina.cookie):
        as_cookie = await house.nobody.api("GET", "/api/auth", headers={"Cookie": f"kikao={token}"})
        problem(as_cookie, 401, "not_signed_in")
        as_bearer = await house.nobody.page("GET", "/me", headers={"Authorization": f"Bearer {token}"})
        assert (as_bearer.status_code, as_bearer.headers["location"]) == (303, "/sign-in?next=/me")
    problem(await _bearer(house, house.amina.cookie or ""), 401, "not_signed_in")  # a cookie's token is no bearer
    crossed = await house.nobody.page("GET", "/me", headers={"Cookie": f"kikao={house.amina.token}"})
    assert crossed.status_code == 303


@pytest.mark.parametrize("path", PRIVATE)
async def test_a_page_for_somebody_leads_nobody_to_sign_in(house: apps.World, path: str) -> None:
    async with nothing_changes(house.db):
        answer = await house.nobody.page("GET", path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")


async def test_a_sign_in_that_ended_is_over_everywhere(world: apps.World) -> None:
    out = await world.amina.api("POST", "/api/users/logout")
    assert out.status_code == 204
    problem(await world.amina.api("GET", "/api/auth"), 401, "not_signed_in")
    assert (await world.amina.page("POST", "/sign-out")).status_code == 200
    assert (await world.amina.page("GET", "/me", headers={"Cookie": f"kikao={world.amina.cookie}"})).status_code == 303


async def test_a_sign_in_that_is_too_old_is_over(world: apps.World) -> None:
    async with world.db.transaction() as conn:
        long_ago = world.now - timedelta(days=400)
        token = await open_sign_in(
            conn, world.cast.amina.account_id, kind="api", own_phone=True, now=long_ago, numbers=USUAL
        )
    problem(await _bearer(world, token), 401, "not_signed_in")


async def test_who_lost_a_role_loses_it_at_the_next_call(world: apps.World) -> None:
    async with world.db.connection() as conn:
        await conn.execute("delete from accounts.role where account_id = $1", world.cast.otieno.account_id)
    problem(await world.otieno.api("GET", "/api/sessions/pending-approval"), 403, "forbidden")


async def test_a_disabled_account_is_out_at_the_next_call(world: apps.World) -> None:
    async with world.db.connection() as conn:
        await conn.execute(
            "update accounts.account set disabled_at = $2, disabled_by = id where id = $1",
            world.cast.amina.account_id, world.now,
        )  # fmt: skip
    problem(await world.amina.api("GET", "/api/auth"), 401, "not_signed_in")
    answer = await world.nobody.api(
        "POST", "/api/users/login", json={"login": world.cast.amina.email, "password": PASSWORD}
    )
    problem(answer, 401, "sign_in_refused")


async def test_a_wrong_name_and_a_wrong_password_sound_the_same(house: apps.World) -> None:
    bodies = set()
    for login in (house.cast.amina.email, "nobody@example.test", "+254700000077", "no such name", "", "x" * 300):
        answer = await house.nobody.api("POST", "/api/users/login", json={"login": login or " ", "password": "wrong"})
        problem(answer, 401, "sign_in_refused")
        bodies.add(answer.text)
    assert len(bodies) == 1


# codes --------------------------------------------------------------------------------------------


async def _register(world: apps.World, phone: str = "0700000041") -> str:
    text = (await world.nobody.api("GET", "/api/public/consent")).json()
    answer = await world.nobody.api("POST", "/api/users/register", json={
        "name": "Chebet", "phone": phone, "password": PASSWORD, "consent": {"textId": text["textId"], "language": "en"},
    })  # fmt: skip
    assert answer.status_code == 202, answer.text
    return str(answer.json()["verificationId"])


async def _set_code(world: apps.World, about: str, code: str) -> None:
    """As if the worker had sent this one."""
    sealed = world.app.state.kit.vault.seal(code, "accounts.verification", "sealed_code", UUID(about))
    async with world.db.connection() as conn:
        await conn.execute("update accounts.verification set sealed_code = $2 where id = $1", UUID(about), sealed)


async def _verify(world: apps.World, about: str, code: str) -> Any:
    return await world.nobody.api("POST", "/api/verification/verify", json={"verificationId": about, "code": code})


async def test_a_code_works_once_in_time_and_for_its_own_sign_up(world: apps.World) -> None:
    mine, theirs = await _register(world), await _register(world, "0700000042")
    await _set_code(world, mine, "111111")
    await _set_code(world, theirs, "222222")
    async with nothing_changes(world.db):
        for code in ("222222", "000000"):  # another's, a wrong one
            problem(await _verify(world, mine, code), 422, "code_refused", "code", "code_refused")
        for code in ("", "11111", "1111111", "abcdef", "１１１１１１"):
            problem(await _verify(world, mine, code), 422, "invalid", "code", "not_a_code")
        for about in ("x", "", "01900000-0000-7000-8000-0000000000ff"):
            answer = await _verify(world, about, "111111")
            assert answer.status_code in (404, 422)
    assert (await _verify(world, mine, "111 111")).status_code == 200
    async with nothing_changes(world.db):
        problem(await _verify(world, mine, "111111"), 422, "code_refused")
    async with world.db.connection() as conn:
        await conn.execute("update accounts.verification set expires_at = $1", world.now - timedelta(minutes=1))
    async with nothing_changes(world.db):
        problem(await _verify(world, theirs, "222222"), 422, "code_refused")


async def test_five_wrong_codes_end_the_code(world: apps.World) -> None:
    about = await _register(world)
    await _set_code(world, about, "111111")
    for _ in range(5):
        problem(await _verify(world, about, "999999"), 422, "code_refused")
    problem(await _verify(world, about, "111111"), 422, "code_refused")


async def test_a_wrong_code_on_the_page_keeps_the_page(world: apps.World) -> None:
    about = await _register(world)
    await _set_code(world, about, "111111")
    async with nothing_changes(world.db):
        shown = page(await world.nobody.page("POST", f"/code/{about}", data={"code": "999999", "next": "/me"}), 422)
    assert 'name="code"' in shown
    assert 'value="/me"' in shown


# pay links ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["x", "a" * 32, "A" * 5000, "é", "' or 1=1 --"])
async def test_a_pay_link_that_is_none_pays_nothing(house: apps.World, token: str) -> None:
    async with nothing_changes(house.db):
        answer = await house.nobody.api(
            "POST", "/api/mpesa/initiate", json={"phoneNumber": "0700000001"},
            headers={"X-Pay-Token": token.encode()},
        )  # fmt: skip
        shown = await house.nobody.page("POST", f"/p/{token}", data={"phone": "0700000001"})
    problem(answer, 404, "not_found")
    page(shown, 404)


async def test_a_pay_link_opens_its_own_charge_and_nothing_else(world: apps.World) -> None:
    mine = await world.approved("amina")
    other = await world.approved("baraka", hour=12)
    link = await world.pay_link(mine)
    async with nothing_changes(world.db):
        for path in (f"/api/sessions/{mine['id']}", f"/api/mpesa/status/{mine['id']}", "/api/auth", "/api/sessions"):
            problem(await world.nobody.api("GET", path, headers={"X-Pay-Token": link}), 401, "not_signed_in")
    attempt = await world.nobody.api(
        "POST", "/api/mpesa/initiate", json={"phoneNumber": "0700000001", "sessionId": other["id"]},
        headers={"X-Pay-Token": link},
    )  # fmt: skip
    assert attempt.status_code == 202
    async with world.db.connection() as conn:
        paid_for = await conn.fetchval(
            "select s.reference from payments.attempt a join sessions.session s using (charge_id)"
        )
    assert paid_for == mine["reference"], "the link names the charge by itself, whatever the body says"
    address = f"/api/mpesa/attempts/{attempt.json()['attemptId']}"
    theirs = {"X-Pay-Token": await world.pay_link(other)}
    assert (await world.nobody.api("GET", address, headers={"X-Pay-Token": link})).status_code == 200
    problem(await world.nobody.api("GET", address, headers=theirs), 404, "not_found")
    problem(await world.nobody.api("GET", address), 401, "not_signed_in")


async def test_a_callback_with_a_token_that_nobody_gave_stores_nothing(house: apps.World) -> None:
    async with nothing_changes(house.db):
        for token in ("0" * 32, "x", "A" * 32, "0" * 33, "%00"):
            problem(await house.nobody.api("POST", f"/callbacks/{token}", json={"Body": {}}), 404, "not_found")
        large = await house.nobody.api("POST", f"/callbacks/{'0' * 32}", content=b"x" * 70_000)
        problem(large, 413, "too_large")


async def test_only_hashes_of_tokens_are_kept(house: apps.World) -> None:
    async with house.db.connection() as conn:
        kept = await conn.fetchval("select count(*) from accounts.sign_in where token_hash = $1",
                                   hash_token(house.amina.token or ""))
        text = await conn.fetchval("select string_agg(s::text, ' ') from accounts.sign_in s")
    assert kept == 1
    assert house.amina.token not in text
