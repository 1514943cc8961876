"""Everybody reads their own language: before and after signing in, on pages, in problems, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from kikao.core import i18n
from kikao.core.i18n import accepted
from support import app as apps

SWAHILI = {"Accept-Language": "sw-KE,sw;q=0.9,en;q=0.8"}


@pytest.fixture
async def visitor(house: apps.World) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that nobody has used before."""
    async with apps.browser(house.app) as opened:
        yield opened


def speaks(answer: httpx.Response) -> str:
    code = answer.headers["content-language"]
    assert answer.status_code >= 300 or f'<html lang="{code}">' in answer.text
    return str(code)


async def keeps(house: apps.World, code: str) -> None:
    """Amina reads this from now on."""
    await house.db.pool.execute(
        "update accounts.person set language = $2 where id = $1", house.cast.amina.person_id, code
    )


@pytest.fixture
async def amina_reads_swahili(house: apps.World) -> AsyncIterator[None]:
    await keeps(house, "sw")
    yield
    await keeps(house, "en")


async def test_a_browser_is_spoken_to_in_what_it_accepts(visitor: httpx.AsyncClient) -> None:
    page = await visitor.get("/sign-in", headers=SWAHILI)
    assert speaks(page) == "sw"
    assert "Nywila" in page.text
    assert "Tafuta nafasi" in page.text  # the way round, which is made before the template is
    assert speaks(await visitor.get("/sign-in", headers={"Accept-Language": "fr"})) == "en"
    assert speaks(await visitor.get("/sign-in")) == "en"


async def test_a_page_is_switched_without_being_signed_in(visitor: httpx.AsyncClient) -> None:
    page = await visitor.get("/sign-up?next=/me")
    assert 'name="next" value="/sign-up?next=/me"' in page.text
    answer = await visitor.post("/language", data={"language": "sw", "next": "/sign-up?next=/me"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-up?next=/me")
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert speaks(await visitor.get("/sign-up?next=/me", headers={"Accept-Language": "en"})) == "sw"
    assert speaks(await visitor.get("/nothing-here")) == "sw"
    await visitor.post("/language", data={"language": "en", "next": "/"})
    assert speaks(await visitor.get("/sign-up", headers=SWAHILI)) == "en"


async def test_switching_leads_to_no_other_site(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post("/language", data={"language": "sw", "next": "https://elsewhere.example/"})
    assert answer.headers["location"].startswith("/")


@pytest.mark.parametrize("code", ["fr", "", "SW", "sw;x", "../en"])
async def test_a_language_that_is_not_there_is_refused(visitor: httpx.AsyncClient, code: str) -> None:
    answer = await visitor.post("/language", data={"language": code, "next": "/"})
    assert answer.status_code == 422
    visitor.cookies.set(i18n.COOKIE, code.replace(";", ""))
    assert speaks(await visitor.get("/sign-in")) == "en"


async def test_who_is_signed_in_keeps_a_language_on_every_device(house: apps.World) -> None:
    try:
        answer = await house.amina.page("POST", "/language", data={"language": "sw", "next": "/me"})
        assert answer.headers["location"] == "/me"
        async with apps.browser(house.app, cookies={"kikao": house.amina.cookie or ""}) as another_phone:
            page = await another_phone.get("/me", headers={"Accept-Language": "en"})
            assert speaks(page) == "sw"
            assert "Vikao" in page.text
    finally:
        await keeps(house, "en")
        house.amina.browser.cookies.delete(i18n.COOKIE)


@pytest.mark.usefixtures("amina_reads_swahili")
async def test_each_of_two_gets_their_own(house: apps.World) -> None:
    hers, his = await asyncio.gather(house.amina.page("GET", "/me"), house.otieno.page("GET", "/me"))
    assert (speaks(hers), speaks(his)) == ("sw", "en")


@pytest.mark.usefixtures("amina_reads_swahili")
async def test_languages_never_leak_from_one_request_to_another(house: apps.World) -> None:
    """Both in one task, one after the other, and many at the same moment."""
    asked = [house.amina, house.nobody, house.otieno, house.amina, house.nobody] * 6
    expected = ["sw", "en", "en", "sw", "en"] * 6
    assert [speaks(await one.page("GET", "/team")) for one in asked] == expected
    assert i18n.language.get() == "en"
    together = await asyncio.gather(*(one.page("GET", "/team") for one in asked))
    assert [speaks(page) for page in together] == expected
    assert i18n.language.get() == "en"


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/api/nothing", {}, 404),
        ("PATCH", "/api/public/consent", {}, 405),
        ("GET", "/api/sessions", {}, 401),
        ("POST", "/api/users/login", {"content": b"{"}, 400),
        ("POST", "/api/users/login", {"json": {"email": 1}}, 422),
    ],
)
async def test_a_problem_is_told_in_what_the_program_accepts(
    visitor: httpx.AsyncClient, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    english = await visitor.request(method, path, **options)
    swahili = await visitor.request(method, path, headers=SWAHILI, **options)
    assert english.status_code == swahili.status_code == status
    assert (english.headers["content-language"], swahili.headers["content-language"]) == ("en", "sw")
    assert english.json()["code"] == swahili.json()["code"]
    assert english.json()["detail"] != swahili.json()["detail"]


@pytest.mark.usefixtures("amina_reads_swahili")
async def test_a_program_reads_its_persons_language_unless_it_asks_for_another(house: apps.World) -> None:
    path = "/api/sessions/019a0000-0000-7000-8000-000000000001"
    assert (await house.amina.api("GET", path)).headers["content-language"] == "sw"
    english = await house.amina.api("GET", path, headers={"Accept-Language": "en"})
    assert english.headers["content-language"] == "en"


async def test_the_cookie_counts_for_no_program(house: apps.World) -> None:
    async with apps.browser(house.app, cookies={i18n.COOKIE: "sw"}) as program:
        assert (await program.get("/api/nothing")).headers["content-language"] == "en"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("sw", "sw"), ("sw-KE", "sw"), ("SW", "sw"), ("en-GB,sw;q=0.5", "en"), ("en;q=0.2, sw ; q=0.5", "sw"),
        ("fr, sw;q=0.1", "sw"), ("fr", None), ("", None), ("*", None), ("sw;q=0", None), ("sw;q=x", None),
        ("sw;q=-1", None), (",;,=;q", None),
    ],
)  # fmt: skip
def test_what_a_header_likes_best(header: str, code: str | None) -> None:
    assert accepted(header) == code
