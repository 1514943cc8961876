"""A body that cannot be read, or not be meant, is refused by every route that reads one."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from api.changes import GOOD, Scene
from api.test_every_change_is_noted import ROOMS, of_room
from support import app as apps
from support.app import asking
from support.cast import PASSWORD, workday
from support.refusals import nothing_changes, page, problem
from support.routes import Route, api_routes

READ_A_BODY = [route for route in api_routes() if route.reads_body]
UNREADABLE = {
    "half an object": b'{"a": ', "not JSON": b"name=Amina&code=1", "no UTF-8": b'{"a": "\xff\xfe"}',
    "lists in lists in lists": b"[" * 5_000, "objects in objects in objects": b'{"a":' * 5_000,
    "a lone surrogate": b'{"a": "\\ud800"}', "a bare NUL": b"\x00", "a NUL in a text": b'{"a": "\x00"}',
    "not a number": b'{"a": NaN}', "XML": b'<?xml version="1.0"?><a/>',
}  # fmt: skip
NOT_AN_OBJECT = {"nothing": b"", "null": b"null", "a list": b"[]", "a text": b'"a"', "a number": b"7", "yes": b"true"}
TOO_LARGE = b'{"a": "' + b"x" * 300_000 + b'"}'


async def _send(visitor: apps.Visitor, method: str, address: str, content: bytes) -> httpx.Response:
    return await visitor.api(method, address, content=content, headers={"Content-Type": "application/json"})


async def _bad_bodies(scene: Scene, route: Route) -> None:
    """Sent by whoever may, about something that is there: nothing but the body is wrong."""
    ask = await GOOD[str(route)](scene)
    await scene.sign_in(ask.who)
    visitor = scene.world.by_name[ask.who]
    address = route.path.format_map({name: str(value) for name, value in ask.names.items()})
    async with nothing_changes(scene.world.db):
        for content in UNREADABLE.values():
            problem(await _send(visitor, route.method, address, content), 400, "bad_request")
        for content in NOT_AN_OBJECT.values():
            problem(await _send(visitor, route.method, address, content), 422, "invalid", "body", "not_an_object")
        problem(await _send(visitor, route.method, address, TOO_LARGE), 413, "too_large")
        unknown = json.dumps({**ask.form, "isAdmin": True}).encode()
        problem(await _send(visitor, route.method, address, unknown), 422, "invalid", "isAdmin", "unknown_field")
    answer = await visitor.api(route.method, address, json=ask.form)
    assert answer.status_code < 300, f"with a good body it is done: {answer.text}"


@pytest.mark.parametrize("room", ROOMS)
async def test_a_bad_body_is_refused_about_what_is_there_and_changes_nothing(world: apps.World, room: str) -> None:
    scene = Scene(world)
    for route in READ_A_BODY:
        if str(route) in of_room(room):
            await _bad_bodies(scene, route)


def test_each_route_that_reads_a_body_is_in_one_of_the_rooms() -> None:
    assert [str(route) for route in READ_A_BODY if sum(str(route) in of_room(room) for room in ROOMS) != 1] == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_json_is_read_by_what_it_is_and_not_by_what_it_is_called(house: apps.World, kind: str) -> None:
    """So nothing may hang on the kind: the API knows nobody by cookie, and a form of another site gets nowhere."""
    body = json.dumps(asking(house.cast.otieno, workday(house.now))).encode()
    async with nothing_changes(house.db):
        answer = await house.amina.browser.post(
            "/api/sessions/request", content=body, headers={"Content-Type": kind}
        )
    problem(answer, 401, "not_signed_in")


TEXTS = ("psychologistId", "sessionType", "mode", "forPersonId", "country", "note")


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("value", [7, True, ["a"], {"$ne": None}], ids=str)
async def test_a_text_is_a_text(house: apps.World, field: str, value: Any) -> None:
    body = asking(house.cast.otieno, workday(house.now)) | {field: value}
    async with nothing_changes(house.db):
        answer = await house.amina.api("POST", "/api/sessions/request", json=body)
    problem(answer, 422, "invalid", field, "wrong_value")


@pytest.mark.parametrize("field", TEXTS)
async def test_a_nul_in_a_text_is_refused_by_its_field(house: apps.World, field: str) -> None:
    body = asking(house.cast.otieno, workday(house.now)) | {field: "before\0after"}
    async with nothing_changes(house.db):
        answer = await house.amina.api("POST", "/api/sessions/request", json=body)
    problem(answer, 422, "invalid", field, "unusable_text")


async def test_a_nul_deep_inside_a_body_is_found(house: apps.World) -> None:
    async with nothing_changes(house.db):
        answer = await house.nobody.api("POST", "/api/users/register", json={
            "name": "Chebet", "phone": "0700000041", "password": PASSWORD,
            "consent": {"textId": "\0", "language": "en"},
        })  # fmt: skip
    problem(answer, 422, "invalid", "textId", "unusable_text")


async def test_a_nul_in_path_query_and_key_is_refused(house: apps.World) -> None:
    body = asking(house.cast.otieno, workday(house.now))
    async with nothing_changes(house.db):
        for path in ("/api/sessions/%00", "/api/public/psychologists/a%00b", "/api/mpesa/status/%00"):
            problem(await house.amina.api("GET", path), 404, "not_found")
        for query in ("status=%00", "cursor=a%00", "from=%00"):
            answer = await house.amina.api("GET", f"/api/sessions?{query}")
            problem(answer, 422, "invalid", query.partition("=")[0], "unusable_text")
        problem(await house.amina.api("GET", "/api/sessions?limit=5&%00=1"), 422, "invalid")
        for key in ("\0", "", "k" * 256):
            answer = await house.amina.api(
                "POST", "/api/sessions/request", json=body, headers={"Idempotency-Key": key}
            )
            problem(answer, 422, "invalid", "Idempotency-Key")
        answer = await house.nobody.api("GET", "/api/auth", headers={"Authorization": "Bearer \0"})
        problem(answer, 401, "not_signed_in")


@pytest.mark.parametrize("field", ["k", "start", "note", "something"])
async def test_a_nul_in_a_form_is_a_page_that_says_so(house: apps.World, field: str) -> None:
    form = {"k": "i", "start": workday(house.now).isoformat(), "note": "By the window."} | {field: "a\0b"}
    async with nothing_changes(house.db):
        page(await house.amina.page("POST", "/t/kbt011/request", data=form), 422)
        page(await house.amina.page("GET", "/t/kbt011%00"), 404)
        page(await house.amina.page("GET", "/t/kbt011?from=%00"), 422)
        page(await house.amina.page("GET", "/team?f=%00"), 422)


async def test_a_form_that_is_too_large_or_broken_is_a_page(house: apps.World) -> None:
    """Every form, of whatever kind it says it is."""
    kinds = (
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain",
    )
    broken = (b"a=" + b"x" * 300_000, b"\xff\xfe\x00", b"--x\r\nContent-Disposition: nonsense", b"", b"%zz=1")
    async with nothing_changes(house.db):
        for kind in kinds:
            for content in broken:
                answer = await house.amina.browser.post(
                    "/t/kbt011/request", content=content, headers={"Content-Type": kind}
                )
                assert answer.status_code in (400, 413, 422), f"{kind}, {content[:20]!r}: {answer.text}"
                page(answer, answer.status_code)
