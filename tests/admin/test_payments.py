"""Finance and admin find every payment and see everything about it; each look is in the journal."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from admin.books import Books
from kikao.admin import money_pages
from support.app import World

PAGES = ("payments", "duties", "suspense", "strays")


def tells(address: str, typed: str) -> bool:
    """Whether an address has this text in it, as it was typed or packed. A few letters can stand in any packed address
    by chance, as two underscores do in one of fifty: they are looked for only where chance cannot write them."""
    text = typed.lower().replace(" ", "")
    packed = urlsplit(address).query.removeprefix("f=")
    if len(text) > 2 and text.encode() in base64.urlsafe_b64decode(packed + "==").lower():
        return True
    by_chance = len(text) < 6 and re.fullmatch(r"[a-z0-9_-]+", text)
    return not by_chance and text in unquote(address).lower()


def test_an_address_that_tells_is_noticed() -> None:
    packed = base64.urlsafe_b64encode(b"person: Barak").decode().rstrip("=")
    for address, text in ((f"/practice/payments?f={packed}", "barak"), ("/practice/payments?f=Baraka2", "Baraka"),
                          ("/practice/payments?f=a%25%25a", "%%")):
        assert tells(address, text)
    assert not tells("/practice/payments?f=a__b042c", "__")


async def searched(world: World, who: str = "makena", **typed: str) -> Any:
    """The page to which a search leads; its address tells nothing of what was typed."""
    sent = await world.by_name[who].page("POST", "/practice/payments", data=typed)
    assert sent.status_code == 303, sent.text
    address = sent.headers["location"]
    for text in typed.values():
        assert not tells(address, text), text
    return await world.by_name[who].page("GET", address)


def references(html: str) -> list[str]:
    return re.findall(r'class="reference" href="/practice/payments/[^"]+">([^<]+)<', html)


@pytest.mark.parametrize("page", PAGES)
async def test_money_is_for_finance_and_admin(world: World, page: str) -> None:
    for who, status in (("makena", 200), ("njeri", 200), ("wambui", 403), ("otieno", 403), ("amina", 403)):
        answer = await world.by_name[who].page("GET", f"/practice/{page}")
        assert answer.status_code == status, who
    answer = await world.nobody.page("GET", f"/practice/{page}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next=/practice/{page}")


async def test_one_payment_is_for_finance_and_admin(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    await books.paid(owed)
    address = f"/practice/payments/{owed.charge_id}"
    for who, status in (("makena", 200), ("njeri", 200), ("wambui", 403), ("otieno", 403), ("amina", 403)):
        assert (await world.by_name[who].page("GET", address)).status_code == status, who
    for nobodys in ("/practice/payments/x", f"/practice/payments/{owed.session_id}"):
        assert (await world.makena.page("GET", nobodys)).status_code == 404


async def test_a_payment_is_found_by_each_key(world: World, books: Books) -> None:
    first = await books.owed(await world.approved())
    second = await books.owed(await world.approved("baraka", hour=12))
    await books.paid(first, "+254700000001")
    rung = await books.paid(second, "+254700000042")
    keys: list[dict[str, str]] = [
        {"reference": second.reference.lower()}, {"reference": f"{second.reference[:4]}-{second.reference[4:]}"},
        {"receipt": rung.receipt}, {"phone": "042"}, {"phone": "0700 000 042"}, {"person": "barak"},
    ]
    for key in keys:
        found = await searched(world, **key)
        assert references(found.text) == [second.reference], key
    assert references((await searched(world, reference=first.reference, person="baraka")).text) == []
    both = await world.makena.page("GET", "/practice/payments")
    assert references(both.text) == [second.reference, first.reference]


async def test_who_acts_for_a_child_is_found_by_its_name(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved("halima"))
    await books.paid(owed, "+254700000002")
    assert references((await searched(world, person="Zuri")).text) == [owed.reference]


async def test_payments_are_found_by_day(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    await books.paid(owed)
    today = world.now.astimezone().date().isoformat()
    assert references((await searched(world, since="2020-01-01")).text) == [owed.reference]
    assert references((await searched(world, until="2020-01-01")).text) == []
    refused = await world.makena.page("POST", "/practice/payments", data={"since": today, "until": "2020-01-01"})
    assert refused.status_code == 422
    assert "The last day comes before the first." in refused.text


async def test_what_cannot_be_looked_for_is_said_and_stays_typed(world: World) -> None:
    for typed, said in (
        ({"phone": "12"}, "3 to 9 figures"), ({"person": "A"}, "two letters"), ({"since": "yesterday"}, "2026-11-24"),
    ):
        refused = await world.makena.page("POST", "/practice/payments", data={**typed, "receipt": "UKM1234567"})
        assert refused.status_code == 422
        assert said in refused.text
        assert 'value="UKM1234567"' in refused.text


async def test_a_search_is_opened_only_by_who_made_it(world: World, books: Books) -> None:
    await books.paid(await books.owed(await world.approved()))
    sent = await world.makena.page("POST", "/practice/payments", data={"person": "Amina"})
    address = sent.headers["location"]
    assert 'value="Amina"' in (await world.makena.page("GET", address)).text
    for other in (await world.njeri.page("GET", address), await world.makena.page("GET", address[:-4])):
        assert other.status_code == 404
        assert "Amina" not in other.text
        assert "type it again" in other.text


async def test_a_name_with_signs_of_a_pattern_is_only_a_name(world: World, books: Books) -> None:
    await books.paid(await books.owed(await world.approved()))
    for name in ("%%", "__", "A%a", "\\\\"):
        assert references((await searched(world, person=name)).text) == []


async def test_phones_are_masked(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    await books.paid(owed, "+254700000042")
    for address in ("/practice/payments", f"/practice/payments/{owed.charge_id}"):
        html = (await world.makena.page("GET", address)).text
        assert "+2547•••••042" in html
        assert "700000042" not in html
        assert "0000042" not in html


async def test_a_list_goes_on_where_it_ended(world: World, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(money_pages, "EACH", 2)
    owed = await books.owed(await world.approved())
    for last in (31, 32, 33):
        await books.failed(owed, f"+2547000000{last}")
    first = await searched(world, reference=owed.reference)
    assert re.findall(r"•(0\d\d)", first.text) == ["033", "032"]
    following = re.search(r'href="(/practice/payments\?f=[^"]+after=[^"]+)"', first.text)
    assert following is not None
    rest = await world.makena.page("GET", following[1].replace("&amp;", "&"))
    assert re.findall(r"•(0\d\d)", rest.text) == ["031"]
    assert (await world.makena.page("GET", "/practice/payments?after=x")).status_code == 422


async def test_everything_about_one_payment_is_on_its_page(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    await books.failed(owed, "+254700000042")
    books.till.clock.move(200)
    rung = await books.paid(owed, "+254700000001")
    await books.forged(rung)
    await world.otieno.api("POST", f"/api/sessions/{owed.session_id}/cancel", json={"reason": "unwell"})
    html = (await world.makena.page("GET", f"/practice/payments/{owed.charge_id}")).text
    for told in (
        owed.reference, rung.receipt, "+2547•••••001", "+2547•••••042", "2001: The PIN was not right",
        "M-Pesa told us", "Moved money", "Moved nothing", "are not those of the try", "Arrived", "Given back",
        "Owed by", "Amina", "Paid back", "KSh 2,500",
    ):
        assert told.replace("'", "&#39;") in html, told
    for private in ("Otieno", "Individual", "unwell", "ws_CO"):
        assert private not in html


async def test_every_look_is_in_the_journal(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    await books.paid(owed)
    await searched(world, person="Amina")
    await world.njeri.page("GET", f"/practice/payments/{owed.charge_id}")
    for page in ("duties", "suspense", "strays", "codes"):
        await world.makena.page("GET", f"/practice/{page}")
    async with world.db.connection() as conn:
        lines = await conn.fetch(
            "select by_account, noun, noun_id, facts from journal.line where verb = 'look at payments' order by at, id"
        )
    searched_line, one, *pages = lines
    assert searched_line["facts"] == {"by": ["person"], "charges": [str(owed.charge_id)]}
    assert (one["by_account"], one["noun_id"]) == (world.cast.njeri.account_id, owed.charge_id)
    assert [line["facts"]["page"] for line in pages] == ["duties", "suspense", "strays", "codes"]
    assert {line["noun"] for line in lines} == {"charge"}
    html = (await world.makena.page("GET", f"/practice/payments/{owed.charge_id}")).text
    assert "Looked at" in html
    assert "Njeri" in html


async def test_a_refused_look_leaves_no_line(world: World) -> None:
    await world.wambui.page("GET", "/practice/payments")
    async with world.db.connection() as conn:
        assert await conn.fetchval("select count(*) from journal.line where verb = 'look at payments'") == 0


async def test_no_title_says_what_a_page_is_about(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    addresses = [f"/practice/{page}" for page in (*PAGES, "codes", "stuck", "listing", "sessions")]
    for address in ("/practice", f"/practice/payments/{owed.charge_id}", *addresses):
        html = (await world.njeri.page("GET", address)).text
        title = re.search(r"<title>(.*?)</title>", html)
        assert title is not None
        assert title[1].removesuffix(owed.reference).strip() == "Mti House", address
        assert not re.search(r"\sstyle=|<style|<script(?! src)|\son[a-z]+=", html), address


async def test_payments_and_duties_as_json(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    rung = await books.paid(owed, "+254700000042")
    await world.otieno.api("POST", f"/api/sessions/{owed.session_id}/cancel", json={"reason": "unwell"})
    for who, status in (("nobody", 401), ("wambui", 403), ("amina", 403), ("otieno", 403), ("njeri", 200)):
        for path in ("/api/admin/payments", "/api/admin/duties"):
            assert (await world.by_name[who].api("GET", path)).status_code == status, (who, path)
    payments = (await world.makena.api("GET", "/api/admin/payments", params={"phone": "042"})).json()
    assert [(one["receipt"], one["phone"]) for one in payments["payments"]] == [(rung.receipt, "+2547•••••042")]
    duties = (await world.makena.api("GET", "/api/admin/duties")).json()
    assert [(one["reference"], one["amount"]) for one in duties["duties"]] == [(owed.reference, 2500)]
