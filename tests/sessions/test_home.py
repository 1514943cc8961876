"""A client's home: first things first, what is ahead, once more the same; and the pages beside it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from kikao.core.clock import utc_now
from kikao.payments.links import link_hash, pay_token
from kikao.sessions import rules
from sessions.staging import money_arrives, stage
from support import app as apps
from support.cast import workday


@pytest.fixture
async def world(url: str) -> AsyncIterator[apps.World]:
    async with apps.world(url, utc_now()) as made:
        yield made


def todo(page: str) -> list[str]:
    return re.findall(r"<h3>([^<]*)</h3>", page.split("<h2>Ahead</h2>")[0])


async def test_first_things_first(world: apps.World) -> None:
    now, cast = world.now, world.cast
    assert "No session planned" in (await world.amina.page("GET", "/me")).text
    async with world.db.transaction() as conn:
        await stage(conn, cast, rules.APPROVED, workday(now, hour=9), now, open_no=1, hold=timedelta(hours=9))
        await stage(conn, cast, rules.APPROVED, workday(now, hour=11), now, open_no=2, price=1800)
        await stage(conn, cast, rules.DECLINED, workday(now, hour=13), now)
        await stage(conn, cast, rules.CONFIRMED, now + timedelta(minutes=14), now, psychologist=cast.wanjiru)
        await stage(conn, cast, rules.CONFIRMED, now + timedelta(days=30), now)
        await stage(conn, cast, rules.COMPLETED, now - timedelta(days=9), now - timedelta(days=9))
    shown = (await world.amina.page("GET", "/me")).text
    begins, *rest = todo(shown)
    assert begins.startswith("It begins at")
    assert rest == ["Pay KSh 1,800", "Pay KSh 2,500", "Dr Otieno cannot take this time"]
    assert shown.count('class="entry__title"') == 4
    assert shown.count("See times") == 2
    assert 'href="/t/kbt011?k=i&amp;m=o#times"' in shown
    past = (await world.amina.page("GET", "/me?show=past")).text
    assert past.count('class="entry__title"') == 2
    assert todo((await world.baraka.page("GET", "/me")).text) == []


async def test_a_time_that_lapses_leaves_the_home_by_itself(world: apps.World) -> None:
    """With every worker dead: what was to pay is gone, and leads to other times."""
    async with world.db.transaction() as conn:
        start = workday(world.now)
        await stage(conn, world.cast, rules.APPROVED, start, world.now, hold=timedelta(seconds=-1))
    shown = (await world.amina.page("GET", "/me")).text
    assert todo(shown) == ["This time is no longer kept"]
    assert "Pay KSh" not in shown


async def test_what_is_over_goes_on_page_by_page(world: apps.World) -> None:
    async with world.db.transaction() as conn:
        for days in range(1, 46):
            at = world.now - timedelta(days=days)
            await stage(conn, world.cast, rules.COMPLETED, at, at)
    address, seen = "/me?show=past", []
    while address:
        page = (await world.amina.page("GET", address)).text
        seen += re.findall(r'<span class="reference">(\w+)</span>', page)
        more = re.search(r'href="(/me\?show=past&amp;before=[^"]+)"', page)
        address = more.group(1).replace("&amp;", "&") if more else ""
    assert (len(seen), len(set(seen))) == (45, 45)
    assert (await world.amina.page("GET", "/me?show=past&before=nonsense")).status_code == 200


async def test_payments_say_what_came_what_is_open_and_what_comes_back(world: apps.World) -> None:
    now, cast = world.now, world.cast
    async with world.db.transaction() as conn:
        await stage(conn, cast, rules.APPROVED, workday(now, hour=9), now, open_no=1, price=1800)
        paid = await stage(conn, cast, rules.APPROVED, workday(now, hour=11), now, open_no=2)
        await money_arrives(conn, paid, 2500, now)
        late = await stage(conn, cast, rules.CANCELLED, workday(now, hour=14), now)
        await money_arrives(conn, late, 2200, now)
        await stage(conn, cast, rules.DECLINED, workday(now, hour=15), now)
        for row in await conn.fetch("select id from payments.charge"):
            link = link_hash(pay_token(world.app.state.kit.vault, row["id"]))
            await conn.execute("update payments.charge set link_hash = $2 where id = $1", row["id"], link)
    shown = (await world.amina.page("GET", "/me/payments")).text
    assert shown.count('class="entry__title"') == 3, "nothing was ever asked for the fourth"
    for sentence in ("KSh 1,800 to pay by", "KSh 2,500 came on", "KSh 2,200 will be given back by"):
        assert sentence in shown
    assert "Refund on its way" in shown
    assert ">Paid back<" not in shown
    for receipt in re.findall(r'href="(/p/\w+/receipt)"', shown):
        told = (await world.nobody.page("GET", receipt)).text
        assert "Paid to" in told
        assert "Otieno" not in told
    assert shown.count(f"with {cast.otieno.name}") == 3, "on one's own page only"
    for word in ("Individual", "Wanjiru"):
        assert word not in shown
    async with world.db.connection() as conn:
        await conn.execute("update payments.duty set done_at = $1, done_by = $2", now, cast.njeri.account_id)
    after = (await world.amina.page("GET", "/me/payments")).text
    for told in ("KSh 2,200 was given back", "Paid back</span>"):
        assert told in after
    assert "Nothing here yet" in (await world.baraka.page("GET", "/me/payments")).text


async def test_consent_is_taken_back_and_given_again_on_a_page(world: apps.World) -> None:
    session = await world.approved()
    own = f"/me/account/consent/{world.cast.amina.person_id}/withdraw"
    assert (await world.baraka.page("POST", own)).status_code == 404
    assert (await world.amina.page("POST", own)).status_code == 303
    assert (await world.amina.api("GET", f"/api/sessions/{session['id']}")).json()["status"] == "Cancelled"
    assert "You have not agreed" in (await world.amina.page("GET", "/me")).text
    page = (await world.amina.page("GET", "/me/account/consent")).text
    assert "Taken back" in page
    text_id = re.search(r'name="consent_text" value="([^"]+)"', page)
    assert text_id
    unread = await world.amina.page("POST", "/me/account/consent", data={"consent_text": text_id.group(1)})
    assert unread.status_code == 422
    data = {"consent_text": text_id.group(1), "consent": "yes"}
    assert (await world.amina.page("POST", "/me/account/consent", data=data)).status_code == 303
    await world.request(hour=15)
