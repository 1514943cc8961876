"""Emergency numbers: on every page once somebody has rung them, in an admin's order, and gone when removed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kikao.admin import checkup
from support.app import World

LINE = {"name": "Night line", "number": "0700 000 097", "for_whom": "anyone", "hours": "day and night"}


async def add(world: World, **changed: str) -> Any:
    return await world.njeri.page("POST", "/practice/lines", data=LINE | changed)


async def addresses(world: World) -> list[str]:
    """Of each number the start of its addresses, in the order of the page."""
    html = (await world.njeri.page("GET", "/practice/lines")).text
    return re.findall(r'action="(/practice/lines/[0-9a-f-]+)/rung"', html)


async def on_every_page(world: World) -> list[str]:
    html = (await world.nobody.page("GET", "/team")).text
    return list(dict.fromkeys(re.findall(r'href="tel:(07\d+)"', html)))


async def missing(world: World) -> bool:
    async with world.db.connection() as conn:
        found = await checkup.of_database(conn, world.now)
    return any("emergency" in one.text for one in found)


async def test_a_number_stands_on_no_page_before_somebody_has_rung_it(world: World) -> None:
    assert (await add(world)).status_code == 303
    assert "0700000097" not in await on_every_page(world)
    last = (await addresses(world))[-1]
    assert (await world.njeri.page("POST", f"{last}/rung")).status_code == 303
    assert await on_every_page(world) == ["0700000095", "0700000096", "0700000097"]
    html = (await world.njeri.page("GET", "/practice/lines")).text
    assert "by Njeri" in html
    assert "&lt;" not in html


async def test_whoever_is_in_danger_reads_the_line_in_their_language(world: World) -> None:
    await add(world, for_whom_sw="mtu yeyote", hours_sw="usiku na mchana")
    await add(world, name="Day line", for_whom="parents", hours="by day", hours_sw="mchana")
    for address in (await addresses(world))[-2:]:
        await world.njeri.page("POST", f"{address}/rung")
    english = (await world.nobody.page("GET", "/team")).text
    swahili = (await world.nobody.page("GET", "/team", headers={"accept-language": "sw"})).text
    assert ">anyone, day and night<" in english
    assert "mtu yeyote" not in english
    assert ">mtu yeyote, usiku na mchana<" in swahili
    assert ">parents, mchana<" in swahili, "what nobody wrote in Swahili stays in English"
    assert "anyone, free of charge" not in swahili


async def test_an_admin_sees_what_is_said_in_which_language(world: World) -> None:
    await add(world, for_whom_sw="mtu yeyote", hours_sw="usiku na mchana")
    await add(world, name="Day line", for_whom="parents", hours="by day")
    html = (await world.njeri.page("GET", "/practice/lines")).text
    seen = re.sub(r"<[^>]+>", "", html)
    assert "English: anyone, day and night" in seen
    assert "Kiswahili: mtu yeyote, usiku na mchana" in seen
    assert "Kiswahili: nothing yet" in seen
    assert '<span lang="sw">mtu yeyote, usiku na mchana</span>' in html


async def test_the_order_is_the_admins(world: World) -> None:
    await add(world)
    last = (await addresses(world))[-1]
    await world.njeri.page("POST", f"{last}/rung")
    for _step in range(3):  # once more than there is room
        assert (await world.njeri.page("POST", f"{last}/up")).status_code == 303
    assert (await addresses(world))[0] == last
    assert (await on_every_page(world))[0] == "0700000097"


async def test_without_one_the_check_and_the_pages_say_so_and_listings_wait(world: World) -> None:
    assert not await missing(world)
    for address in await addresses(world):
        assert (await world.njeri.page("POST", f"{address}/remove")).status_code == 303
    late = await world.njeri.page("POST", f"{address}/rung")
    assert (late.status_code, "Somebody was faster" in late.text) == (404, True)
    assert await on_every_page(world) == []
    assert await missing(world)
    for page in ("/practice", "/practice/lines", "/practice/listing"):
        assert "No emergency number is shown" in (await world.njeri.page("GET", page)).text
    async with world.db.connection() as conn:
        await conn.execute(
            "update directory.psychologist set status = 'waiting' where id = $1", world.cast.wanjiru.person_id
        )
    refused = await world.njeri.page("POST", f"/practice/listing/{world.cast.wanjiru.person_id}/list")
    assert "No emergency number has been rung" in refused.text
    await add(world)
    assert await missing(world)
    await world.njeri.page("POST", f"{(await addresses(world))[0]}/rung")
    assert not await missing(world)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("number", "call us"), ("hours", ""), ("for_whom", "x" * 121), ("hours_sw", "x" * 81)],
)
async def test_what_is_refused_keeps_what_was_typed(world: World, field: str, value: str) -> None:
    refused = await add(world, **{field: value})
    assert refused.status_code == 422
    assert 'value="0700 000 097"' in refused.text or field == "number"
    assert len(await addresses(world)) == 2


async def test_all_that_is_wrong_is_said_at_once(world: World) -> None:
    refused = await add(world, name="", number="call us", for_whom="")
    assert [name for name in LINE if f'id="f-{name}-error"' in refused.text] == ["name", "number", "for_whom"]
