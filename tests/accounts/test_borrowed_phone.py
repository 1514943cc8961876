"""Whoever holds a phone that is signed in is not always who it belongs to: they can look, and take nothing for good."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from kikao.core.db import Database
from support.cast import PASSWORD, Cast

WHAT_LASTS = """
select array(select to_jsonb(c) from accounts.contact_point c order by id) as contacts,
       array(select to_jsonb(l) from accounts.login l order by name) as names,
       array(select to_jsonb(a) - 'wrong_tries' - 'locked_until' from accounts.account a order by id) as accounts,
       (select count(*) from accounts.verification) as codes
"""


async def signed_in(http: httpx.AsyncClient, cast: Cast) -> None:
    await http.post("/sign-in", data={"login": cast.amina.email, "password": PASSWORD, "own_phone": "yes"})


async def lasting(db: Database) -> tuple[Any, ...]:
    async with db.connection() as conn:
        row = await conn.fetchrow(WHAT_LASTS)
    assert row is not None
    return tuple(row)


async def doors(db: Database, cast: Cast) -> list[tuple[str, dict[str, str]]]:
    """Everything by which an account can be taken or its owner locked out, with its form."""
    async with db.connection() as conn:
        rows = await conn.fetch(
            "select id, kind from accounts.contact_point where person_id = $1", cast.amina.person_id)
        await conn.execute("delete from accounts.login where name = $1", cast.amina.phone)
        unproved: UUID = await conn.fetchval(
            """
            insert into accounts.contact_point (id, person_id, kind, value, created_at)
            values (gen_random_uuid(), $1, 'phone', '+254700000051', now()) returning id
            """,
            cast.amina.person_id,
        )
    contact = {row["kind"]: f"/me/account/contacts/{row['id']}" for row in rows}
    return [
        ("/me/account/contacts", {"contact": "thief@example.test"}),
        (f"{contact['phone']}/sign-in", {}), (f"{contact['email']}/not-sign-in", {}),
        (f"{contact['email']}/remove", {}), (f"/me/account/contacts/{unproved}/prove", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("typed", [{}, {"password": ""}, {"password": "not the one"}])
async def test_without_the_password_nothing_that_lasts_is_changed(
    http: httpx.AsyncClient, db: Database, cast: Cast, typed: dict[str, str]
) -> None:
    await signed_in(http, cast)
    found = await doors(db, cast)
    before = await lasting(db)
    for address, form in found:
        answer = await http.post(address, data=form | typed)
        assert answer.status_code == 422, address
        assert "This is not your password" in answer.text
        assert 'id="f-password"' in answer.text  # what is to be put right stands open
    assert await lasting(db) == before


async def test_with_it_each_of_them_does_what_it_says(http: httpx.AsyncClient, db: Database, cast: Cast) -> None:
    """The negative control."""
    await signed_in(http, cast)
    for address, form in await doors(db, cast):
        before = await lasting(db)
        answer = await http.post(address, data=form | {"password": PASSWORD})
        assert answer.status_code == 303, address
        assert await lasting(db) != before, address


async def test_after_five_wrong_tries_there_is_a_pause_that_says_so(
    http: httpx.AsyncClient, db: Database, cast: Cast
) -> None:
    await signed_in(http, cast)
    for _ in range(5):
        await http.post("/me/account/contacts", data={"contact": "thief@example.test", "password": "a guess, again"})
    before = await lasting(db)
    right = {"contact": "thief@example.test", "password": PASSWORD}
    beside = (await doors(db, cast))[1][0]
    before = await lasting(db)
    for address in ("/me/account/contacts", beside):
        answer = await http.post(address, data=right)
        assert (answer.status_code, "You can try again in" in answer.text) == (429, True), address
        assert "This is not your password" not in answer.text
    assert await lasting(db) == before


async def test_a_refusal_after_the_right_password_is_no_wrong_try(
    http: httpx.AsyncClient, db: Database, cast: Cast
) -> None:
    await signed_in(http, cast)
    sent = [
        (await http.post("/me/account/contacts", data={"contact": "0700 000 052", "password": PASSWORD})).status_code
        for _ in range(7)
    ]
    assert sent == [303] * 3 + [429] * 4
    async with db.connection() as conn:
        assert await conn.fetchval(
            "select wrong_tries from accounts.account where id = $1", cast.amina.account_id) == 0


async def test_somebody_else_s_contact_is_nobody_s(http: httpx.AsyncClient, db: Database, cast: Cast) -> None:
    await signed_in(http, cast)
    async with db.connection() as conn:
        theirs = await conn.fetchval(
            "select id from accounts.contact_point where person_id = $1 limit 1", cast.baraka.person_id)
    for verb in ("remove", "sign-in", "not-sign-in", "prove"):
        address = f"/me/account/contacts/{theirs}/{verb}"
        assert (await http.post(address, data={"password": PASSWORD})).status_code == 404
