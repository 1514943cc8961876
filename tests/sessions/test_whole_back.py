"""Whoever has just paid may change their mind: said first on the page, with clock and shillings, and kept."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from kikao.core import i18n, practice
from kikao.core.clock import utc_now
from kikao.sessions.rules import APPROVED, Numbers
from sessions.staging import money_arrives, stage
from support import app as apps
from support.app import World

pytestmark = pytest.mark.database
ROW = re.compile(r"<dt>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", re.DOTALL)


@pytest.fixture
async def world(url: str) -> AsyncIterator[World]:
    async with apps.world(url, utc_now()) as made:
        yield made


async def paid(world: World, hours: int) -> tuple[UUID, str]:
    """So many hours before its start, just now."""
    async with world.db.transaction() as conn:
        session_id = await stage(conn, world.cast, APPROVED, world.now + timedelta(hours=hours), world.now)
        await money_arrives(conn, session_id, 2500, utc_now())
        return session_id, await conn.fetchval("select reference from sessions.session where id = $1", session_id)


async def terms(world: World, reference: str) -> list[tuple[str, str]]:
    text = html.unescape((await world.amina.page("GET", f"/s/{reference}")).text)
    rows = ROW.findall(text.partition("<h2>If you cancel</h2>")[2].partition("</dl>")[0])
    return [(until.strip(), back.strip()) for until, back in rows]


async def test_the_hour_after_paying_is_shown_first_and_a_new_setting_takes_nothing_back(world: World) -> None:
    session_id, reference = await paid(world, 30)
    confirmed = await world.db.pool.fetchval("select confirmed_at from sessions.session where id = $1", session_id)
    until = i18n.day_and_clock(confirmed + timedelta(minutes=60), "Africa/Nairobi")
    shown = await terms(world, reference)
    assert shown[0] == (f"Until {until}", "KSh 2,500 back"), shown
    assert shown[1][1] == "KSh 1,875 back"
    async with world.db.transaction() as conn:
        await practice.put(conn, Numbers, "whole_back_minutes", 0, by=uuid4(), reason="no more", now=utc_now())
    assert (await terms(world, reference))[0] == shown[0]
    answer = (await world.amina.api("GET", f"/api/sessions/{session_id}/cancellation")).json()
    assert (answer["refund"], answer["terms"][0]["refund"]) == (2500, 2500)
    assert (await world.amina.page("POST", f"/s/{reference}/cancel")).status_code == 303
    assert await world.db.pool.fetchval("select sum(amount) from payments.duty") == 2500
    _later, other = await paid(world, 34)
    assert (await terms(world, other))[0][1] == "KSh 1,875 back", "who pays from now on is shown the new rule"


async def test_too_near_the_start_it_is_not_promised(world: World) -> None:
    _session_id, reference = await paid(world, 11)
    assert next(back for _until, back in await terms(world, reference)) == "KSh 625 back"


async def test_json_has_the_same_terms_as_the_page(world: World) -> None:
    session_id, _reference = await paid(world, 30)
    alone, cancelling = [
        (await world.amina.api("GET", f"/api/sessions/{session_id}{path}")).json()["terms"]
        for path in ("", "/cancellation")
    ]
    assert alone == cancelling
    assert alone[0]["refund"] == 2500
