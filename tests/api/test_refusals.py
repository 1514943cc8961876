"""The table of errors of the API, in its order, and what stands on every answer."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from kikao.core.clock import utc_now
from support import app as apps
from support.app import asking
from support.cast import workday
from support.refusals import nothing_changes, page, problem
from support.routes import all_routes, api_routes

HEADERS = {
    "x-content-type-options": "nosniff", "referrer-policy": "same-origin", "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}  # fmt: skip


@pytest.fixture(scope="module")
async def hers(house: apps.World) -> Any:
    return await house.request("amina")


# in order -----------------------------------------------------------------------------------------


async def test_refusals_come_in_their_order(house: apps.World, hers: Any) -> None:
    """One call with everything wrong at once; with each fault mended the next one shows."""
    address, reasonless = f"/api/sessions/{hers['id']}/decline", {"reason": ""}
    async with nothing_changes(house.db):
        problem(await house.nobody.api("PUT", address, json={"reason": 7}), 401, "not_signed_in")
        problem(await house.baraka.api("PUT", address, json={"reason": 7}), 404, "not_found")
        problem(await house.amina.api("PUT", address, json=reasonless), 403, "forbidden")
        problem(await house.otieno.api("PUT", address, json={"reason": 7}), 422, "invalid", "reason")
        problem(await house.otieno.api("PUT", address, json=reasonless), 422, "invalid", "reason", "missing")


async def test_a_session_that_ended_is_a_409_after_all_of_them(world: apps.World) -> None:
    session = await world.request()
    address = f"/api/sessions/{session['id']}/decline"
    assert (await world.amina.api("POST", f"/api/sessions/{session['id']}/cancel", json={})).status_code == 200
    async with nothing_changes(world.db):
        problem(await world.nobody.api("PUT", address, json={"reason": ""}), 401, "not_signed_in")
        problem(await world.baraka.api("PUT", address, json={"reason": ""}), 404, "not_found")
        problem(await world.otieno.api("PUT", address, json={"reason": 7}), 422, "invalid")
        body = problem(await world.otieno.api("PUT", address, json={"reason": "full"}), 409, "not_possible")
        assert body["sessionStatus"] == "Cancelled"


@pytest.mark.parametrize("route", [r for r in api_routes() if r.reads_body], ids=str)
async def test_nobody_s_body_is_not_read(house: apps.World, route: Any) -> None:
    """Unless the call is open to anyone, 401 comes before whatever is wrong with a body."""
    handler = next(h for m, p, h in all_routes() if (m, p) == (route.method, route.path))
    async with nothing_changes(house.db):
        answer = await house.nobody.api(route.method, route.address(house), content=b'{"unknown": ')
    problem(answer, *((400, "bad_request") if handler.opt.get("anyone") else (401, "not_signed_in")))


@pytest.mark.parametrize("route", [r for r in api_routes() if r.may != "amina"], ids=str)
async def test_a_wrong_role_is_told_before_its_body_is_read(house: apps.World, route: Any) -> None:
    async with nothing_changes(house.db):
        answer = await house.amina.api(route.method, route.address(house), content=b'{"unknown": ')
    problem(answer, 403, "forbidden")


async def test_contested_times_answer_with_others_that_suit(world: apps.World) -> None:
    await world.request("amina")
    body = asking(world.cast.otieno, workday(world.now))
    async with nothing_changes(world.db):
        answer = problem(await world.baraka.api("POST", "/api/sessions/request", json=body), 409, "slot_taken")
    assert len(answer["alternatives"]) == 3
    for one in answer["alternatives"]:
        again = await world.baraka.api("POST", "/api/sessions/request", json=body | {"sessionDate": one["start"]})
        assert again.status_code == 201, again.text
        await world.baraka.api("POST", f"/api/sessions/{again.json()['id']}/cancel", json={})


async def test_the_other_conflicts_have_their_names(world: apps.World) -> None:
    first = await world.request("amina")
    start = workday(world.now)
    async with nothing_changes(world.db):
        own = await world.amina.api("POST", "/api/sessions/request", json=asking(world.cast.wanjiru, start))
        problem(own, 409, "own_overlap")
    await world.request("amina", hour=12)
    async with nothing_changes(world.db):
        third = asking(world.cast.otieno, workday(world.now, hour=14))
        problem(await world.amina.api("POST", "/api/sessions/request", json=third), 409, "too_many_open")
        early = await world.amina.api(
            "POST", "/api/mpesa/initiate", json={"sessionId": first["id"], "phoneNumber": "0700000001"}
        )
        problem(early, 409, "not_possible")


async def test_too_often_says_for_how_long(world: apps.World) -> None:
    text = (await world.nobody.api("GET", "/api/public/consent")).json()
    for phone in ("0700000041", "0700000042"):  # a second time where an hour of the clock began meanwhile
        body = {"name": "Chebet", "phone": phone, "password": "mango juice at noon",
                "consent": {"textId": text["textId"], "language": "en"}}  # fmt: skip
        began = utc_now()
        answers = [await world.nobody.api("POST", "/api/users/register", json=body) for _ in range(4)]
        if utc_now().hour == began.hour:
            break
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    problem(answers[3], 429, "too_often")
    assert 1 <= int(answers[3].headers["retry-after"]) <= 3600


# every answer -------------------------------------------------------------------------------------


def _check_headers(answer: httpx.Response) -> None:
    for name, value in HEADERS.items():
        assert answer.headers.get(name) == value, f"{answer.request.url}: {name}"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    if not answer.request.url.path.startswith("/static/") or answer.status_code != 200:
        assert answer.headers["cache-control"] == "private, no-store", answer.request.url
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers


async def _kinds(house: apps.World) -> list[httpx.Response]:
    """One answer of every kind."""
    get, post = house.amina.page, house.nobody.page
    asset = re.search(r"/static/[^\"]+\.css", (await get("GET", "/")).text)
    assert asset is not None
    return [
        await get("GET", "/"), await get("GET", "/me"), await get("GET", "/nothing"), await get("GET", asset.group()),
        await get("GET", "/static/nothing.css"), await get("PUT", "/me"), await post("GET", "/me"),
        await post("POST", "/leave"), await post("POST", "/sign-in", data={"login": "x", "password": "y"}),
        await post("POST", "/sign-in", data={"login": "x" * 300_000}), await get("GET", "/s/K7Q2M9X4"),
        await post("POST", "/sign-in", headers={"Sec-Fetch-Site": "cross-site"}),
        await house.nobody.api("GET", "/api/auth"), await house.nobody.api("GET", "/api/nothing"),
        await house.amina.api("PUT", "/api/auth"), await house.amina.api("GET", "/api/auth"),
        await house.amina.api("OPTIONS", "/api/auth"), await house.amina.api("GET", "/api/sessions?limit=x"),
        await house.nobody.api("GET", "/schema"), await house.nobody.api("GET", "/schema/openapi.json"),
        await house.nobody.api("GET", "/health"), await house.nobody.api("GET", "/ready"),
        await house.nobody.api("GET", "/metrics"), await house.nobody.api("POST", "/callbacks/x"),
        await house.nobody.api("GET", "/favicon.ico"), await house.nobody.api("GET", "/robots.txt"),
    ]


async def test_every_answer_of_every_kind_is_guarded(house: apps.World) -> None:
    answers = await _kinds(house)
    assert {200, 204, 303, 401, 403, 404, 405, 413, 422} <= {answer.status_code for answer in answers}
    for answer in answers:
        _check_headers(answer)


async def test_a_page_uses_nothing_that_the_policy_refuses(house: apps.World) -> None:
    for path in ("/", "/team", "/t/kbt011", "/sign-in", "/sign-up", "/me", "/schema", "/nothing"):
        html = (await house.amina.page("GET", path)).text
        assert not re.search(r"<script(?![^>]*\ssrc=)", html), f"{path}: a script in the page"
        assert not re.search(r"<style|\sstyle=|\son\w+=\"|javascript:", html), f"{path}: style or handler in the page"
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//(?!127\.0\.0\.1)", html), f"{path}: of another site"


async def test_over_https_browsers_are_told_to_stay_there(url: str) -> None:
    async with apps.world(url, utc_now(), BASE_URL="https://mti.example.test") as house:
        answer = await house.nobody.page("GET", "/")
        assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        signed = await house.nobody.page(
            "POST", "/sign-in", data={"login": house.cast.amina.email, "password": "mango juice at noon"}
        )
        assert "; secure" in signed.headers["set-cookie"].lower()


# Not the streams: without an attempt both answer 404, and with one they have no end.
_READ = sorted({path for method, path, _ in all_routes() if method == "GET" and "/events" not in path})


@pytest.mark.parametrize("path", _READ)
async def test_head_answers_like_get_without_a_body(house: apps.World, hers: Any, path: str) -> None:
    address = re.sub(r"{\w+}", hers["reference"], path)
    got, head = await house.amina.page("GET", address), await house.amina.page("HEAD", address)
    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers.get("content-type") == got.headers.get("content-type")


@pytest.mark.parametrize("path", sorted({path for _, path, _ in all_routes()}))
async def test_another_method_is_a_405_that_names_the_right_ones(house: apps.World, path: str) -> None:
    methods = {method for method, one, _ in all_routes() if one == path}
    wrong = next(method for method in ("PATCH", "PUT", "DELETE", "POST") if method not in methods)
    address = re.sub(r"{\w+}", "K7Q2M9X4", path)
    async with nothing_changes(house.db):
        answer = await house.amina.page(wrong, address)
    if path.startswith(("/api", "/schema", "/callbacks", "/health", "/ready", "/metrics")):
        problem(answer, 405, "method_not_allowed")
    else:
        page(answer, 405)
    assert methods <= set(answer.headers["allow"].replace(" ", "").split(","))


async def test_unknown_addresses_are_problems_under_api_and_pages_elsewhere(house: apps.World) -> None:
    for path in ("/api", "/api/", "/api/x", "/api/sessions/1/2/3", "/api/Sessions", "/api/users"):
        problem(await house.amina.api("GET", path), 404, "not_found")
    for path in ("/x", "/me/x", "/wp-login.php", "/.env", "/static/", "/T", "/s/"):
        page(await house.amina.page("GET", path), 404)


# forms of other sites -----------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example.test"},
    {"Origin": "null"}, {"Origin": "http://127.0.0.1:8000.evil.example.test"}, {"Sec-Fetch-Site": ""},
    {"Origin": "http://127.0.0.1:9"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"},
], ids=str)  # fmt: skip
async def test_a_form_of_another_site_does_nothing(house: apps.World, hers: Any, headers: dict[str, str]) -> None:
    async with nothing_changes(house.db):
        for address in (f"/s/{hers['reference']}/cancel", "/sign-out", "/leave", "/me/account/password", "/sign-in"):
            page(await house.amina.page("POST", address, data={"reason": "x"}, headers=headers), 403)


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://127.0.0.1:8000"}, {},
], ids=str)  # fmt: skip
async def test_a_form_of_our_own_is_taken(house: apps.World, headers: dict[str, str]) -> None:
    answer = await house.amina.page("POST", "/language", data={"language": "en", "next": "/team"}, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/team")


@pytest.mark.parametrize("next_", [
    "//evil.example.test", "https://evil.example.test", "/\\evil.example.test", "javascript:alert(1)", "\\\\evil", "",
    "/" + "x" * 600, "http:/evil", "///evil.example.test", "/\t/evil.example.test", "/%0d%0aSet-Cookie:a=b",
    "/\r\nSet-Cookie: a=b",
])  # fmt: skip
async def test_nobody_is_sent_on_to_another_site(house: apps.World, next_: str) -> None:
    answer = await house.amina.page("POST", "/language", data={"language": "en", "next": next_})
    assert answer.status_code == 303
    location = httpx.URL(answer.headers["location"])
    assert not location.host
    assert re.match(r"/(?![/\\])", answer.headers["location"])
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("language=en;")
