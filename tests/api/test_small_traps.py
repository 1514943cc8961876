"""Small traps that a friendly user meets on the first day, at the edge of the web program."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import asyncpg
import pytest

from kikao.core.ids import new_slug
from kikao.notifications.rules import telling_words
from support import app as apps
from support.cast import PASSWORD, workday
from support.refusals import nothing_changes
from support.routes import all_routes

OPENED = frozenset({"journal.entry"})  # each opening of a note or a reason stands there
OWN_PAGES = ("/api", "/schema", "/callbacks", "/health", "/ready", "/metrics")


@pytest.fixture(scope="module")
async def hers(house: apps.World) -> Any:
    return await house.approved("amina", note="Please speak slowly.")


def _pages() -> list[str]:
    return sorted({path for method, path, _ in all_routes() if method == "GET" and not path.endswith("/events")})


async def _address(house: apps.World, hers: Any, path: str) -> str:
    names = {"reference": hers["reference"], "session_id": hers["id"], "slug": "kbt011",
             "psychologist_id": str(house.cast.otieno.person_id)}  # fmt: skip
    link = await house.pay_link(hers)
    return re.sub(r"{(\w+)}", lambda name: names.get(name[1], link), path)


@pytest.mark.parametrize("path", _pages())
async def test_opening_any_link_changes_no_row(house: apps.World, hers: Any, path: str) -> None:
    """Mail programs, chats and browsers open links before their readers do."""
    address = await _address(house, hers, path)
    async with nothing_changes(house.db, without=OPENED):
        for visitor in (house.nobody, house.amina, house.otieno, house.njeri):
            await (visitor.api if path.startswith("/api/") else visitor.page)("GET", address)
        await house.amina.page("HEAD", address)


async def test_the_journal_tells_of_each_opened_note(house: apps.World, hers: Any) -> None:
    async def opened() -> int:
        async with house.db.connection() as conn:
            return int(await conn.fetchval("select count(*) from journal.entry where verb = 'open the note'"))

    before = await opened()
    await house.otieno.page("GET", f"/s/{hers['reference']}")
    await house.njeri.page("GET", f"/s/{hers['reference']}")  # is not shown it
    assert await opened() == before + 1


@pytest.mark.slow
async def test_500_sign_ins_from_one_network_leave_other_people_unaffected(world: apps.World) -> None:
    """A crowded waiting room shares one address with somebody who guesses."""
    async with apps.browser(world.app, network="192.0.2.7") as crowd:
        for number in range(500):
            body = {"login": f"guess{number}@example.test", "password": "x"}
            answer = await crowd.post("/api/users/login", json=body)
            assert answer.status_code == 401
        same = await crowd.post("/api/users/login", json={"login": world.cast.amina.email, "password": PASSWORD})
        assert same.status_code == 200
    async with apps.browser(world.app, network="192.0.2.8") as elsewhere:
        other = await elsewhere.post("/api/users/login", json={"login": world.cast.baraka.email, "password": PASSWORD})
    assert other.status_code == 200


async def test_guessing_at_one_name_pauses_that_name_only(world: apps.World) -> None:
    for _ in range(6):
        await world.nobody.api("POST", "/api/users/login", json={"login": world.cast.amina.email, "password": "x"})
    for who, status in ((world.cast.amina, 401), (world.cast.baraka, 200)):
        answer = await world.nobody.api("POST", "/api/users/login", json={"login": who.email, "password": PASSWORD})
        assert answer.status_code == status


# a phone that several people use ------------------------------------------------------------------


def _told(house: apps.World, text: str) -> list[str]:
    return telling_words(unquote_plus(unquote_plus(text)), [one.name for one in house.cast.psychologists])


def _addresses(html: str) -> list[str]:
    found = [unescape(one) for one in re.findall(r'(?:href|action|src|data-\w+-?url)="([^"]*)"', html)]
    return [one for one in found if not one.startswith(("tel:", "#", "mailto:"))]


@pytest.mark.parametrize("path", [path for path in _pages() if not path.startswith(OWN_PAGES)])
async def test_no_address_or_title_tells_what_this_is_about(house: apps.World, hers: Any, path: str) -> None:
    address = await _address(house, hers, path)
    for visitor in (house.nobody, house.amina, house.otieno):
        answer = await visitor.page("GET", address)
        assert _told(house, answer.headers.get("location", "")) == []
        assert "content-disposition" not in answer.headers or not _told(house, answer.headers["content-disposition"])
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        for title in re.findall(r"<title>([^<]*)</title>", answer.text):
            assert _told(house, unescape(title)) == [], title
        for one in _addresses(answer.text):
            if urlsplit(one).path.startswith(OWN_PAGES):
                continue
            assert _told(house, one) == [], f"{path} leads to {one}"


async def test_a_filter_tells_nothing_in_its_address(house: apps.World) -> None:
    form = {"q": "grief", "about": "Anxiety", "type": "Couples", "gender": "woman", "for": "adults", "price": "5000",
            "where": "In Person"}
    answer = await house.nobody.page("POST", "/team", data=form)
    assert answer.status_code == 303
    assert _told(house, answer.headers["location"]) == []
    shown = await house.nobody.page("GET", answer.headers["location"])
    assert [one for one in _addresses(shown.text) if _told(house, one)] == []


async def test_a_way_back_after_signing_in_tells_nothing(house: apps.World) -> None:
    start = workday(house.now).isoformat()
    page = await house.nobody.page("GET", "/t/kbt011/request", params={"k": "c", "start": start})
    assert page.status_code == 200
    assert [one for one in _addresses(page.text) if _told(house, one)] == []


def test_telling_words_are_found_in_addresses(house: apps.World) -> None:
    """The negative control."""
    telling = ("/t/dr-otieno", "/team?about=Anxiety", "/t/kbt011?type=Couples", "/x?next=%2Ft%2Fotieno", "/therapy")
    for address in telling:
        assert _told(house, address) != [], address


@pytest.mark.parametrize(
    "slug", ["otieno", "dr-otieno", "wanjiru", "therapy", "kbt", "2dr34567", "", "KBT011", "kbt011" * 3]
)
async def test_a_psychologist_s_address_cannot_be_a_word_or_a_name(house: apps.World, slug: str) -> None:
    async with house.db.connection() as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute(
                "update directory.psychologist set slug = $2 where id = $1", house.cast.otieno.person_id, slug
            )


def test_new_addresses_say_nothing() -> None:
    made = {new_slug() for _ in range(5_000)}
    assert len(made) == 5_000
    assert [slug for slug in made if telling_words(slug)] == []


async def test_a_pay_page_tells_nothing_of_whom_or_what(house: apps.World, hers: Any) -> None:
    link = await house.pay_link(hers)
    for path in (f"/p/{link}", f"/p/{link}/wait", f"/p/{link}/receipt"):
        html = (await house.nobody.page("GET", path)).text
        text = unescape(re.sub(r"<[^>]+>", " ", html))
        for word in ("Amina", "Otieno", "Individual", "Online", "speak slowly", hers["sessionDate"][11:16]):
            assert word not in text, f"{path}: {word}"
        assert [one for one in _addresses(html) if _told(house, one)] == []
