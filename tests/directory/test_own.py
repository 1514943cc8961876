"""A psychologist's own profile and rates, and the way onto the list and off it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from kikao.core.ids import new_id
from support.app import World
from support.cast import Member

ME = "/api/psychologists/me"
RATES = f"{ME}/rates"
ALL = "/api/admin/psychologists"
BOARD = "Counsellors and Psychologists Board"
FIRST = {"title": "Clinical psychologist", "board": BOARD, "registrationNumber": "CPB/1"}
NAFULA = Member(31, "Dr Nafula", ("psychologist",))


async def hire(world: World) -> None:
    """Somebody new who works here and has entered nothing yet."""
    async with world.db.transaction() as conn:
        await conn.execute(
            "insert into accounts.person (id, name, created_at) values ($1, $2, $3)",
            NAFULA.person_id, NAFULA.name, world.now)
        await conn.execute(
            "insert into accounts.account (id, person_id, password_hash, created_at, proved_at)"
            " values ($1, $2, 'none', $3, $3)", NAFULA.account_id, NAFULA.person_id, world.now)
        await conn.execute(
            "insert into accounts.role (account_id, role, granted_at, granted_by) values ($1, 'psychologist', $2, $1)",
            NAFULA.account_id, world.now)
    await world.sign_in("nafula", NAFULA)


async def nobody_rang(world: World, *, rang: bool = False) -> None:
    """Whether a person has rung the numbers for emergencies: without one, new listings wait."""
    async with world.db.connection() as conn:
        at, by = (world.now, world.cast.njeri.account_id) if rang else (None, None)
        await conn.execute("update directory.emergency_line set rung_at = $1, rung_by = $2", at, by)


def refused(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


async def public(world: World, who: Member) -> int:
    return (await world.nobody.api("GET", f"/api/public/psychologists/{who.person_id}")).status_code


async def test_somebody_new_prepares_and_is_listed(world: World) -> None:
    await hire(world)
    assert (await world.nafula.api("GET", ME)).status_code == 404
    assert refused(await world.nafula.api("PUT", ME, json={"bio": "I listen."})) == [("title", "missing")]
    more = {"languages": ["en", "luo"], "meetingLink": "https://meet.example.test/n"}
    made = await world.nafula.api("PUT", ME, json=FIRST | more)
    assert made.status_code == 200, made.text
    assert (made.json()["status"], made.json()["public"], made.json()["languages"]) == ("waiting", False, ["en", "luo"])
    assert (await world.nafula.api("GET", ME)).json() == made.json()
    assert await public(world, NAFULA) == 404

    put = f"{ALL}/{NAFULA.person_id}/list"
    await nobody_rang(world)
    too_early = await world.njeri.api("PUT", put)
    assert (too_early.status_code, too_early.json()["code"]) == (409, "not_ready")
    assert too_early.json()["missing"] == ["licence", "public_yes", "emergency_line"]
    until = (world.now + timedelta(days=100)).date().isoformat()
    await world.nafula.api("PUT", ME, json={"public": True, "licenceNumber": "L/7", "licenceUntil": until})
    await nobody_rang(world, rang=True)
    listed = await world.njeri.api("PUT", put)
    assert listed.status_code == 200, listed.text
    assert (listed.json()["status"], listed.json()["licenceUntil"]) == ("listed", until)
    assert listed.json()["checkedAt"] is not None
    assert await public(world, NAFULA) == 200


async def test_a_licence_that_has_run_out_is_not_listed(world: World) -> None:
    await hire(world)
    yesterday = (world.now - timedelta(days=2)).date().isoformat()
    await world.nafula.api("PUT", ME, json=FIRST | {"public": True, "licenceUntil": yesterday})
    answer = await world.njeri.api("PUT", f"{ALL}/{NAFULA.person_id}/list")
    assert answer.json()["missing"] == ["licence"]


async def test_what_is_left_out_stays_and_what_is_the_same_writes_nothing(world: World) -> None:
    before = (await world.otieno.api("GET", ME)).json()
    after = (await world.otieno.api("PUT", ME, json={"bio": "Works with families."})).json()
    assert after == before | {"bio": "Works with families."}
    await world.otieno.api("PUT", ME, json={"bio": "Works with families.", "title": before["title"], "public": True})
    async with world.db.connection() as conn:
        assert await conn.fetchval("select count(*) from journal.entry where verb = 'change profile'") == 1
        facts = await conn.fetchval("select facts from journal.entry where verb = 'change profile'")
    assert facts["fields"] == ["bio"]
    assert "families" not in str(facts)
    assert await public(world, world.cast.otieno) == 200


@pytest.mark.parametrize(
    "change", [{"registrationNumber": "CPB/9999"}, {"licenceUntil": "2031-01-01"}, {"public": False}])
async def test_what_was_checked_cannot_change_in_public(world: World, change: dict[str, Any]) -> None:
    """Whoever changes it waits for an admin to look again."""
    answer = await world.otieno.api("PUT", ME, json=change)
    assert (answer.status_code, answer.json()["status"]) == (200, "waiting")
    assert await public(world, world.cast.otieno) == 404


NO_PROFILES: list[tuple[dict[str, Any], str, str]] = [
    ({"title": " "}, "title", "missing"),
    ({"bio": "x" * 2001}, "bio", "too_long"),
    ({"meetingLink": "http://meet.example.test/x"}, "meetingLink", "not_https"),
    ({"meetingLink": "https://"}, "meetingLink", "not_https"),
    ({"languages": ["English"]}, "languages", "unknown_word"),
    ({"sessionTypes": []}, "sessionTypes", "unknown_word"),
    ({"sessionTypes": ["Reading"]}, "sessionTypes", "unknown_word"),
    ({"modes": ["Letter"]}, "modes", "unknown_word"),
    ({"sees": ["cats"]}, "sees", "unknown_word"),
    ({"specialities": ["Grief", "Grief"]}, "specialities", "wrong_list"),
    ({"timeZone": "Mars/Base"}, "timeZone", "unknown"),
    ({"stepMinutes": 4}, "stepMinutes", "out_of_range"),
    ({"noticeMinutes": -1}, "noticeMinutes", "out_of_range"),
    ({"licenceUntil": "1999-01-01"}, "licenceUntil", "out_of_range"),
    ({"price": 5}, "price", "unknown_field"),
]  # fmt: skip


async def test_what_no_profile_can_hold(world: World) -> None:
    for change, field, code in NO_PROFILES:
        before = (await world.otieno.api("GET", ME)).json()
        assert refused(await world.otieno.api("PUT", ME, json=change)) == [(field, code)]
        assert (await world.otieno.api("GET", ME)).json() == before


async def test_numbers_of_ones_own_and_back_to_the_practices(world: World) -> None:
    own = {"bufferMinutes": 30, "noticeMinutes": 0, "horizonDays": 7, "stepMinutes": 60}
    assert (await world.otieno.api("PUT", ME, json=own)).json().items() >= own.items()
    found = (await world.nobody.api("GET", f"/api/psychologists/{world.cast.otieno.person_id}/slots")).json()["slots"]
    assert found
    assert all(slot["start"][14:16] == "00" for slot in found)
    again = (await world.otieno.api("PUT", ME, json={"stepMinutes": None})).json()
    assert again.items() >= (own | {"stepMinutes": None}).items()


async def test_another_zone_leaves_no_session_outside(world: World) -> None:
    session = await world.request(hour=10)
    answer = await world.otieno.api("PUT", ME, json={"timeZone": "America/New_York"})
    assert (answer.status_code, answer.json()["code"]) == (409, "sessions_outside")
    assert answer.json()["sessions"] == [session["reference"]]
    assert (await world.otieno.api("GET", ME)).json()["timeZone"] == "Africa/Nairobi"
    moved = await world.otieno.api("PUT", ME, json={"timeZone": "America/New_York", "keep": True})
    assert moved.json()["timeZone"] == "America/New_York"


# rates --------------------------------------------------------------------------------------------


async def test_a_new_rate_follows_and_a_session_keeps_its_own(world: World) -> None:
    before = await world.request()
    body = {"sessionType": "Individual", "amount": 2800, "minutes": 50}
    made = await world.otieno.api("POST", RATES, json=body)
    assert made.status_code == 201, made.text
    rates = {rate["sessionType"]: rate for rate in made.json()["rates"]}
    assert (rates["Individual"]["amount"], rates["Individual"]["minutes"]) == (2800, 50)
    assert (rates["Couples"]["amount"], rates["Couples"]["since"]) == (3500, None)
    assert [(rate["amount"], rate["minutes"]) for rate in made.json()["history"]] == [(2800, 50), (2500, 60)]
    assert (await world.otieno.api("POST", RATES, json=body)).status_code == 200
    assert (await world.otieno.api("GET", RATES)).json() == made.json()

    kept = (await world.amina.api("GET", f"/api/sessions/{before['id']}")).json()
    assert (kept["price"], kept["minutes"]) == (2500, 60)
    after = await world.request("baraka", hour=14)
    assert (after["price"], after["minutes"]) == (2800, 50)


NO_RATES: list[tuple[dict[str, Any], str]] = [
    ({"amount": -1}, "amount"), ({"amount": 250_001}, "amount"), ({"amount": 99.5}, "amount"),
    ({"minutes": 14}, "minutes"), ({"minutes": 241}, "minutes"), ({"sessionType": "Reading"}, "sessionType"),
]  # fmt: skip


async def test_what_no_rate_can_be(world: World) -> None:
    for change, field in NO_RATES:
        body = {"sessionType": "Individual", "amount": 2800, "minutes": 50} | change
        assert [name for name, _code in refused(await world.otieno.api("POST", RATES, json=body))] == [field]


async def test_a_rate_of_nothing_is_fine(world: World) -> None:
    await world.otieno.api("POST", RATES, json={"sessionType": "Individual", "amount": 0, "minutes": 60})
    session = await world.request()
    answer = await world.otieno.api("PUT", f"/api/sessions/{session['id']}/approve")
    assert (answer.json()["status"], answer.json()["paymentStatus"]) == ("Confirmed", "Waived")


# an admin's ---------------------------------------------------------------------------------------


OTHERS = ["amina", "otieno", "wambui", "makena", "nobody"]


async def test_only_an_admin_lists(world: World) -> None:
    for who in OTHERS:
        wanted = 401 if who == "nobody" else 403
        one = f"{ALL}/{world.cast.otieno.person_id}"
        for method, path in (("GET", ALL), ("PUT", f"{one}/list"), ("PUT", f"{one}/refuse"), ("PUT", f"{one}/disable")):
            assert (await world.by_name[who].api(method, path)).status_code == wanted, path


NOT_PSYCHOLOGISTS = ["amina", "wambui", "njeri", "nobody"]


async def test_only_psychologists_have_a_profile(world: World) -> None:
    for who in NOT_PSYCHOLOGISTS:
        wanted = 401 if who == "nobody" else 403
        for method, path, body in (
            ("GET", ME, None), ("PUT", ME, {}), ("GET", RATES, None),
            ("POST", RATES, {"sessionType": "Individual", "amount": 1, "minutes": 60}),
        ):
            assert (await world.by_name[who].api(method, path, json=body)).status_code == wanted, path


async def test_disabled_is_signed_out_and_cannot_be_booked(world: World) -> None:
    path = f"{ALL}/{world.cast.otieno.person_id}"
    answer = await world.njeri.api("PUT", f"{path}/disable")
    assert (answer.status_code, answer.json()["status"]) == (200, "disabled")
    assert (await world.otieno.api("GET", ME)).status_code == 401
    assert await public(world, world.cast.otieno) == 404
    await world.sign_in("otieno", world.cast.otieno)
    assert (await world.otieno.api("GET", ME)).status_code == 403, "no psychologist any more"
    again = await world.njeri.api("PUT", f"{path}/disable")
    assert again.status_code == 200
    async with world.db.connection() as conn:
        assert await conn.fetchval("select count(*) from journal.entry where verb = 'disable'") == 1

    assert (await world.njeri.api("PUT", f"{path}/list")).json()["status"] == "listed"
    answer = await world.otieno.api("GET", ME)
    assert answer.status_code == 401, "signed in as a client for a month: who works here signs in anew"
    await world.sign_in("otieno", world.cast.otieno)
    assert (await world.otieno.api("GET", ME)).status_code == 200


async def waits(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute("update directory.psychologist set status = 'waiting' where id = $1",
                           world.cast.wanjiru.person_id)


async def test_refused_ones_can_correct_and_wait_again(world: World) -> None:
    await waits(world)
    await world.njeri.api("PUT", f"{ALL}/{world.cast.wanjiru.person_id}/refuse")
    assert await public(world, world.cast.wanjiru) == 404
    assert (await world.wanjiru.api("PUT", ME, json={"registrationNumber": "CPB/77"})).json()["status"] == "waiting"


async def test_the_list_by_status(world: World) -> None:
    await waits(world)
    await world.njeri.api("PUT", f"{ALL}/{world.cast.wanjiru.person_id}/refuse")
    everybody = (await world.njeri.api("GET", ALL)).json()
    assert [(one["name"], one["status"]) for one in everybody["psychologists"]] == [
        ("Dr Otieno", "listed"), ("Dr Wanjiru", "refused")]
    only = (await world.njeri.api("GET", ALL, params={"status": "refused"})).json()
    assert [one["name"] for one in only["psychologists"]] == ["Dr Wanjiru"]
    first = (await world.njeri.api("GET", ALL, params={"limit": "1"})).json()
    second = (await world.njeri.api("GET", ALL, params={"limit": "1", "cursor": first["next"]})).json()
    assert [one["name"] for one in first["psychologists"] + second["psychologists"]] == ["Dr Otieno", "Dr Wanjiru"]
    assert second["next"] is None
    assert refused(await world.njeri.api("GET", ALL, params={"status": "lost"})) == [("status", "unknown_status")]


async def test_who_is_not_there_cannot_be_listed(world: World) -> None:
    for typed in (str(new_id()), "nobody", str(world.cast.amina.person_id)):
        for verb in ("list", "refuse", "disable"):
            assert (await world.njeri.api("PUT", f"{ALL}/{typed}/{verb}")).status_code == 404
