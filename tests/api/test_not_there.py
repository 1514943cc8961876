"""What does not exist, and what is another's, cannot be told apart, and neither can be changed."""

from __future__ import annotations

from typing import Any

import pytest

from support import app as apps
from support.app import asking
from support.cast import workday
from support.refusals import nothing_changes, page, problem
from support.routes import NOT_THERE, all_routes

NO_IDS = (
    "1", "me", "null", "undefined", "-1", "00000000-0000-0000-0000-000000000000", "x" * 36, str(NOT_THERE),
    "{01900000-0000-7000-8000-0000000000ff}", "0190000000007000800000000000000f", "K7Q2M9X5", "' or 1=1 --", "%25",
    "é", "𝟙", "a" * 3000,
)  # fmt: skip


@pytest.fixture(scope="module")
async def hers(house: apps.World) -> Any:
    """A request of Amina's with Dr Otieno, with a note."""
    return await house.request("amina", note="Please speak slowly.")


def _sessions_routes() -> list[tuple[str, str]]:
    return [(method, path) for method, path, _ in all_routes() if path.startswith("/api/sessions/{session_id}")]


@pytest.mark.parametrize(("method", "path"), _sessions_routes())
@pytest.mark.parametrize("who", ["baraka", "halima", "wanjiru"])
async def test_another_s_session_does_not_exist(house: apps.World, hers: Any, who: str, method: str, path: str) -> None:
    """Whatever stands in the body: it is not even read for a stranger."""
    visitor = house.by_name[who]
    async with nothing_changes(house.db):
        for name in (hers["id"], hers["reference"], str(NOT_THERE)):
            for body in (b"{}", b"{", b'{"reason": 7}', b""):
                answer = await visitor.api(method, path.replace("{session_id}", name), content=body)
                if answer.status_code != 403:  # a role that may do this to nobody's session
                    problem(answer, 404, "not_found")


@pytest.mark.parametrize("method_path", [
    ("GET", "/api/sessions/{}"), ("PUT", "/api/sessions/{}/approve"), ("GET", "/api/sessions/{}/timeline"),
    ("DELETE", "/api/sessions/{}"), ("GET", "/api/public/psychologists/{}"), ("GET", "/api/psychologists/{}/slots"),
    ("GET", "/api/mpesa/status/{}"), ("GET", "/api/mpesa/attempts/{}"), ("GET", "/api/mpesa/events/{}"),
], ids="{0[0]} {0[1]}".format)  # fmt: skip
async def test_what_is_no_id_is_nobody_s(house: apps.World, method_path: tuple[str, str]) -> None:
    method, path = method_path
    async with nothing_changes(house.db):
        for name in NO_IDS:
            answer = await house.amina.api(method, path.format(name.replace("%", "%25").replace("#", "%23")))
            assert answer.status_code in (404, 405), f"{name}: {answer.text}"


@pytest.mark.parametrize("path", [
    "/s/{}", "/s/{}/news", "/p/{}", "/p/{}/wait", "/p/{}/receipt", "/t/{}", "/t/{}/request", "/code/{}",
    "/nothing/{}", "/static/{}",
])  # fmt: skip
async def test_a_page_that_is_not_there_says_so_as_a_page(house: apps.World, path: str) -> None:
    async with nothing_changes(house.db):
        for name in NO_IDS:
            answer = await house.amina.page("GET", path.format(name.replace("%", "%25").replace("#", "%23")))
            assert answer.status_code in (303, 404), f"{name}: {answer.status_code}"
            if answer.status_code == 404:
                page(answer, 404)


async def test_another_s_session_has_no_page(house: apps.World, hers: Any) -> None:
    async with nothing_changes(house.db):
        for name in ("baraka", "halima", "wanjiru"):
            visitor = house.by_name[name]
            page(await visitor.page("GET", f"/s/{hers['reference']}"), 404)
            for verb in ("approve", "decline", "cancel"):
                page(await visitor.page("POST", f"/s/{hers['reference']}/{verb}", data={"reason": "mine"}), 404)


@pytest.mark.parametrize(("changed", "status", "field", "why"), [
    ({"psychologistId": str(NOT_THERE)}, 404, None, None),
    ({"psychologistId": "kbt011"}, 404, None, None),
    ({"psychologistId": ""}, 404, None, None),
    ({"sessionType": "individual"}, 422, "sessionType", "unknown_type"),
    ({"sessionType": "Therapy"}, 422, "sessionType", "unknown_type"),
    ({"sessionType": ""}, 422, "sessionType", "unknown_type"),
    ({"sessionType": "Family"}, 422, "sessionType", "not_offered"),
    ({"mode": "Telepathy"}, 422, "mode", "unknown_mode"),
    ({"mode": "In Person"}, 422, "sessionDate", "outside_hours"),
    ({"country": "Kenya"}, 422, "country", "wrong_value"),
    ({"country": "ke"}, 422, "country", "wrong_value"),
    ({"note": "x" * 501}, 422, "note", "too_long"),
    ({"forPersonId": str(NOT_THERE)}, 422, "forPersonId", "not_yours"),
    ({"sessionRate": 1}, 422, "sessionRate", "unknown_field"),
    ({"status": "Confirmed"}, 422, "status", "unknown_field"),
], ids=str)  # fmt: skip
async def test_what_is_not_offered_cannot_be_asked_for(
    house: apps.World, changed: dict[str, Any], status: int, field: str | None, why: str | None
) -> None:
    body = asking(house.cast.wanjiru, workday(house.now)) | changed
    async with nothing_changes(house.db):
        answer = await house.amina.api("POST", "/api/sessions/request", json=body)
    problem(answer, status, "not_found" if status == 404 else "invalid", field, why)


async def test_who_is_not_listed_cannot_be_found_or_asked(world: apps.World) -> None:
    """Waiting, refused or disabled: for anyone else there is nobody."""
    wanjiru = world.cast.wanjiru
    for state in ("waiting", "refused", "disabled"):
        async with world.db.connection() as conn:
            await conn.execute("update directory.psychologist set status = $2 where id = $1", wanjiru.person_id, state)
        async with nothing_changes(world.db):
            asked = await world.amina.api(
                "POST", "/api/sessions/request", json=asking(wanjiru, workday(world.now))
            )
            problem(asked, 404, "not_found")
            for path in ("/api/public/psychologists/{}", "/api/psychologists/{}/slots"):
                for name in (wanjiru.person_id, "kbt012"):
                    problem(await world.nobody.api("GET", path.format(name)), 404, "not_found")
            for path in ("/t/kbt012", "/t/kbt012/request?k=i&start=2026-11-24T09:00:00%2B03:00"):
                page(await world.nobody.page("GET", path), 404)
            listed = (await world.nobody.api("GET", "/api/public/psychologists")).json()["psychologists"]
            assert [one["name"] for one in listed] == ["Dr Otieno"]


async def test_a_price_in_the_body_is_never_believed(world: apps.World) -> None:
    session = await world.request(price=1)
    assert (session["price"], session["sessionRate"]) == (2500, 2500)
