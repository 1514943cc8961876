"""An admin says who may be listed; nobody is before an emergency number was rung."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from kikao.core import i18n
from kikao.core.ids import new_id
from sessions.staging import stage
from support.app import World
from support.cast import workday
from support.rows import changed, picture


async def rung(world: World, at: datetime | None) -> None:
    """Whether somebody has rung the emergency numbers."""
    async with world.db.connection() as conn:
        await conn.execute(
            "update directory.emergency_line set rung_at = $1, rung_by = $2", at,
            world.cast.njeri.account_id if at else None,
        )


async def waiting(world: World) -> str:
    """Dr Wanjiru waits to be listed (again); the address of the decisions about her."""
    async with world.db.connection() as conn:
        await conn.execute(
            "update directory.psychologist set status = 'waiting' where id = $1", world.cast.wanjiru.person_id
        )
    return f"/practice/listing/{world.cast.wanjiru.person_id}"


async def status(world: World) -> str:
    async with world.db.connection() as conn:
        found: str = await conn.fetchval(
            "select status from directory.psychologist where id = $1", world.cast.wanjiru.person_id
        )
    return found


async def decide(world: World, address: str, decision: str, key: str = "one") -> Any:
    return await world.njeri.page("POST", f"{address}/{decision}", data={"idempotency_key": key})


async def test_a_listing_waits_until_a_number_was_rung(world: World) -> None:
    address = await waiting(world)
    await rung(world, None)
    refused = await decide(world, address, "list")
    assert refused.status_code == 409
    assert "No emergency number has been rung" in refused.text
    assert await status(world) == "waiting"
    await rung(world, world.now)
    assert (await decide(world, address, "list")).status_code == 303
    assert await status(world) == "listed"


async def test_a_listing_without_licence_or_yes_says_what_is_missing(world: World) -> None:
    address = await waiting(world)
    async with world.db.connection() as conn:
        await conn.execute(
            "update directory.psychologist set public_yes_at = null, licence_until = current_date - 1 where id = $1",
            world.cast.wanjiru.person_id,
        )
    refused = await decide(world, address, "list")
    assert refused.status_code == 409
    assert "The licence has run out" in refused.text
    assert "have not said yes" in refused.text


async def test_each_decision_has_one_effect(world: World) -> None:
    address = await waiting(world)
    for decision, after in (("list", "listed"), ("disable", "disabled")):
        for _tap in range(2):
            answer = await decide(world, address, decision, key=decision)
            assert answer.headers["location"] == "/practice/listing"
        assert await status(world) == after
    async with world.db.connection() as conn:
        verbs = await conn.fetch(
            "select verb from journal.entry where noun = 'psychologist' and noun_id = $1 order by at, id",
            world.cast.wanjiru.person_id,
        )
    assert [row["verb"] for row in verbs] == ["list", "disable"]


async def test_refused_and_disabled_can_be_listed_later(world: World) -> None:
    address = await waiting(world)
    for decision, offered in (("refuse", {"list"}), ("list", {"disable"}), ("disable", {"list"})):
        await decide(world, address, decision, key=str(new_id()))
        html = (await world.njeri.page("GET", "/practice/listing")).text
        assert set(re.findall(rf'action="{address}/(\w+)"', html)) == offered


@pytest.mark.parametrize("door", ["page", "api"])
async def test_who_is_listed_or_suspended_is_not_refused(world: World, door: str) -> None:
    """That would leave what they hold to nobody: who is listed is suspended, with all that follows."""
    otieno = world.cast.otieno.person_id
    for status in ("listed", "disabled"):
        async with world.db.connection() as conn:
            await conn.execute("update directory.psychologist set status = $2 where id = $1", otieno, status)
        answer = (await world.njeri.page("POST", f"/practice/listing/{otieno}/refuse") if door == "page"
                  else await world.njeri.api("PUT", f"/api/admin/psychologists/{otieno}/refuse"))
        assert answer.status_code == 409
        async with world.db.connection() as conn:
            assert await conn.fetchval("select status from directory.psychologist where id = $1", otieno) == status


async def test_a_trainee_without_a_supervisor_is_on_the_admin_s_list_at_once(world: World) -> None:
    wanjiru, otieno = world.cast.wanjiru.person_id, world.cast.otieno.person_id
    under = await world.njeri.page("POST", f"/practice/listing/{wanjiru}/supervisor", data={"supervisor": str(otieno)})
    assert under.status_code == 303
    assert (await world.nobody.page("GET", "/t/kbt012")).status_code == 200
    assert "whom nobody can book: 0" in (await world.njeri.page("GET", "/practice/decisions")).text
    assert (await world.njeri.page("POST", f"/practice/listing/{otieno}/disable")).status_code == 303
    assert (await world.nobody.page("GET", "/t/kbt012")).status_code == 404
    assert "whom nobody can book: 1" in (await world.njeri.page("GET", "/practice/decisions")).text
    assert "nobody who is here supervises them" in (
        await world.njeri.page("GET", "/practice/listing?show=listed")).text


async def test_whom_nobody_can_book_is_counted_and_listed_by_their_own_day(world: World) -> None:
    """The licence ends on a day that is over where one of them is, and not where the other is."""
    day = world.now.astimezone(ZoneInfo("Pacific/Kiritimati")).date() - timedelta(days=1)
    async with world.db.transaction() as conn:
        await conn.execute("update directory.psychologist set licence_until = $1", day)
        for who, zone in ((world.cast.otieno, "Pacific/Kiritimati"), (world.cast.wanjiru, "Pacific/Pago_Pago")):
            await conn.execute(
                "update availability.calendar set time_zone = $2 where psychologist_id = $1", who.person_id, zone)
    decisions = (await world.njeri.page("GET", "/practice/decisions")).text
    assert "whom nobody can book: 1" in decisions
    [address] = re.findall(r'href="(/practice/listing\?show=unbookable)"', decisions)
    listed = (await world.njeri.page("GET", address)).text
    assert "Dr Otieno" in listed
    assert "licence has run out" in listed
    assert "Dr Wanjiru" not in listed


async def test_only_an_admin_decides(world: World) -> None:
    address = await waiting(world)
    before = await picture(world.db)
    for who, expected in (("makena", 403), ("wambui", 403), ("otieno", 403), ("amina", 403), ("nobody", 303)):
        visitor = world.by_name[who]
        assert (await visitor.page("GET", "/practice/listing")).status_code == expected
        for decision in ("list", "refuse", "disable"):
            assert (await visitor.page("POST", f"{address}/{decision}")).status_code == expected
    assert (await decide(world, address, "promote")).status_code == 404
    assert (await decide(world, "/practice/listing/x", "list")).status_code == 404
    assert (await decide(world, f"/practice/listing/{new_id()}", "list")).status_code == 404
    assert changed(before, await picture(world.db)) == []


# with all that follows ----------------------------------------------------------------------------


async def standing(world: World, session_id: UUID | str) -> str:
    async with world.db.connection() as conn:
        found: str = await conn.fetchval("select status from sessions.session where id = $1", UUID(str(session_id)))
    return found


async def told(world: World, session: Any) -> set[str]:
    async with world.db.connection() as conn:
        rows = await conn.fetch("select kind from notifications.message where about = $1", UUID(session["id"]))
    return {row["kind"] for row in rows}


@pytest.mark.parametrize("door", ["page", "api"])
async def test_a_disabled_psychologist_is_out_and_what_waits_ends_with_its_messages(world: World, door: str) -> None:
    asked = await world.request("amina", "otieno", hour=9)
    accepted = await world.approved("baraka", "otieno", hour=11)
    other = await world.request("halima", "wanjiru", hour=9)
    async with world.db.transaction() as conn:
        confirmed = await stage(
            conn, world.cast, "Confirmed", workday(world.now, hour=15), world.now, client=world.cast.halima
        )
    otieno = world.cast.otieno.person_id
    if door == "page":
        answer = await world.njeri.page("POST", f"/practice/listing/{otieno}/disable")
        assert answer.status_code == 303
    else:
        answer = await world.njeri.api("PUT", f"/api/admin/psychologists/{otieno}/disable")
        assert answer.json()["status"] == "disabled"
    assert (await world.otieno.api("GET", "/api/auth")).status_code == 401
    assert (await world.otieno.page("GET", "/me")).status_code == 303
    assert [await standing(world, one["id"]) for one in (asked, accepted, other)] == [
        "Declined", "Cancelled", "Pending Approval",
    ]
    assert "declined" in await told(world, asked)
    assert "cancelled" in await told(world, accepted)
    assert await standing(world, confirmed) == "Confirmed"
    html = (await world.njeri.page("GET", f"/practice/listing/{otieno}")).text
    assert "These need a decision" in html
    assert html.count('href="/s/') == 1
    assert "Sessions that their psychologist may not hold" in (await world.njeri.page("GET", "/practice")).text
    decisions = (await world.njeri.page("GET", "/practice/decisions")).text
    assert "Halima" in decisions
    [path] = re.findall(r'href="(/s/[^"]+)"', decisions)
    cancelled = await world.njeri.page("POST", f"{path}/cancel", data={"reason": "Dr Otieno has left"})
    assert cancelled.status_code == 303
    assert "every session that is kept can be held" in (await world.njeri.page("GET", "/practice/decisions")).text


# papers -------------------------------------------------------------------------------------------


async def test_who_checked_the_licence_and_when(world: World) -> None:
    address = await waiting(world)
    assert (await decide(world, address, "check")).status_code == 409
    await decide(world, address, "list")
    html = (await world.njeri.page("GET", address)).text
    assert "by Njeri" in html
    assert (await decide(world, address, "check", key="again")).headers["location"] == address
    html = (await world.njeri.page("GET", address)).text
    assert "Licence checked again" in html
    assert "Dr Wanjiru" in html


async def test_a_renewal_under_way_gives_a_month_with_its_reason(world: World) -> None:
    address = f"/practice/listing/{world.cast.wanjiru.person_id}"
    last = (world.now + timedelta(days=300)).date()

    async def grace(days: int, reason: str) -> Any:
        until = (last + timedelta(days=days)).isoformat()
        return await world.njeri.page("POST", f"{address}/grace", data={"until": until, "reason": reason})

    for days, reason in ((32, "the board is slow"), (0, "the board is slow"), (31, " ")):
        refused = await grace(days, reason)
        assert refused.status_code == 422
        assert reason.strip() in refused.text
        first, past = (i18n.date_of_year(last + timedelta(days=ahead)) for ahead in (1, 31))
        assert (f"Please choose a day from {first} to {past}." in refused.text) == (days != 31)
    assert (await grace(31, "the board is slow")).status_code == 303
    html = (await world.njeri.page("GET", address)).text
    assert "because: the board is slow" in html
    async with world.db.connection() as conn:
        assert await conn.fetchval(
            "select licensed_until from directory.listed where id = $1", world.cast.wanjiru.person_id
        ) == last + timedelta(days=31)
    await world.njeri.page("POST", f"{address}/grace", data={"until": "", "reason": ""})
    assert "because:" not in (await world.njeri.page("GET", address)).text


async def test_who_stands_by_a_renewal_is_ready_to_be_listed_in_the_list_as_well(world: World) -> None:
    address = await waiting(world)
    yesterday = world.now.date() - timedelta(days=1)
    async with world.db.connection() as conn:
        await conn.execute(
            """
            update directory.psychologist set licence_until = $2::date, licence_grace_until = $2::date + 20,
                licence_grace_reason = 'the board is slow' where id = $1
            """,
            world.cast.wanjiru.person_id, yesterday,
        )
    html = (await world.njeri.page("GET", "/practice/listing")).text
    [hers] = [row for row in re.findall(r"<tr.*?</tr>", html, re.DOTALL) if "Dr Wanjiru" in row]
    assert i18n.date_of_year(yesterday + timedelta(days=20)) in hers
    # As on her own page: nothing stands against it, so the button is not a plain one.
    to_list = rf'action="{address}/list".*?<button class="button([^"]*)"'
    for shown in (hers, (await world.njeri.page("GET", address)).text):
        assert "plain" not in re.findall(to_list, shown, re.DOTALL)[0]
    assert (await decide(world, address, "list")).status_code == 303


async def test_somebody_in_training_shows_under_whom(world: World) -> None:
    wanjiru, otieno = world.cast.wanjiru.person_id, world.cast.otieno.person_id
    address = f"/practice/listing/{wanjiru}/supervisor"
    assert (await world.njeri.page("POST", address, data={"supervisor": str(otieno)})).status_code == 303
    assert "Dr Otieno" in (await world.nobody.page("GET", "/t/kbt012")).text
    round_about = await world.njeri.page(
        "POST", f"/practice/listing/{otieno}/supervisor", data={"supervisor": str(wanjiru)}
    )
    assert round_about.status_code == 422
    assert "not in training" in round_about.text
    assert (await world.njeri.page("POST", address, data={"supervisor": str(wanjiru)})).status_code == 422
    assert (await world.njeri.page("POST", address, data={"supervisor": ""})).status_code == 303
    assert "Dr Otieno" not in (await world.nobody.page("GET", "/t/kbt012")).text
