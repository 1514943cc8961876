"""The pictures of twelve weeks: their numbers on a small history that was built, and where their bars stand."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from admin.books import Books
from kikao.admin.drawing import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Series, round_up, stacked
from kikao.admin.weeks import WEEK, mondays, weeks
from kikao.core.db import Conn
from sessions.staging import stage
from support.app import World
from support.cast import Cast

ZONE = "Africa/Nairobi"


def weeks_ago(now: datetime, number: int, day: int, hour: int) -> datetime:
    """An hour of a day of the week that began so many weeks before this one."""
    monday = mondays(now, ZONE)[-1] - WEEK * number
    return datetime(monday.year, monday.month, monday.day, hour, tzinfo=ZoneInfo(ZONE)) + timedelta(days=day)


async def a_small_history(conn: Conn, cast: Cast, now: datetime) -> None:
    """Three weeks ago: two completed, one not met, one declined, one expired. Two weeks ago: one cancelled."""
    for number, (status, hour) in enumerate(
        [("Completed", 8), ("Completed", 10), ("No Show", 12), ("Declined", 14), ("Expired", 16)]
    ):
        start = weeks_ago(now, 3, number % 5, hour)
        session_id = await stage(conn, cast, status, start, start - timedelta(days=2))
        await conn.execute(
            """
            update sessions.session set sent_at = created_at, approved_at = case when approved_at is not null
            then created_at + interval '4 hours' end, ended_at = created_at + interval '6 hours' where id = $1
            """,
            session_id,
        )
    start = weeks_ago(now, 2, 1, 9)
    await stage(conn, cast, "Cancelled", start, start - timedelta(days=1))


async def test_sessions_answers_and_shares_by_week(conn: Conn, cast: Cast, now: datetime) -> None:
    async with conn.transaction():
        await a_small_history(conn, cast, now)
    found = await weeks(conn, now, ZONE)
    assert [week.monday for week in found] == mondays(now, ZONE)
    three, two, last = found[-4], found[-3], found[-1]
    assert (three.completed, three.absent, three.ended, three.expired, three.ahead) == (2, 1, 1, 1, 0)
    assert (two.completed, two.ended, last.completed) == (0, 1, 0)
    assert three.booked == 180
    assert three.open == 2 * 5 * 8 * 60  # two psychologists, Monday to Friday, nine to five
    assert three.answer == 240  # four of five were answered within four hours, or declined after six
    assert (three.accepted, three.paid) == (4, 3)


async def test_who_has_left_counts_neither_as_open_nor_as_booked(conn: Conn, cast: Cast, now: datetime) -> None:
    for hour, who in ((8, cast.otieno), (10, cast.otieno), (8, cast.wanjiru)):
        start = weeks_ago(now, 3, 1, hour)
        await stage(conn, cast, "Completed", start, start - timedelta(days=2), psychologist=who,
                    client=cast.baraka if who is cast.wanjiru else cast.amina)
    before = (await weeks(conn, now, ZONE))[-4]
    assert (before.booked, before.open) == (180, 2 * 5 * 8 * 60)
    await conn.execute("update directory.psychologist set status = 'disabled' where id = $1", cast.otieno.person_id)
    after = (await weeks(conn, now, ZONE))[-4]
    assert (after.booked, after.open, after.completed) == (60, 5 * 8 * 60, 3)


async def test_a_request_that_reached_nobody_is_not_among_what_expired(conn: Conn, cast: Cast, now: datetime) -> None:
    for number in range(2):
        start = weeks_ago(now, 3, number, 9)
        session_id = await stage(conn, cast, "Expired", start, start, expired_from="Pending Approval")
    assert (await weeks(conn, now, ZONE))[-4].expired == 2
    await conn.execute("update sessions.session set sent_at = null where id = $1", session_id)
    assert (await weeks(conn, now, ZONE))[-4].expired == 1


async def test_money_by_the_week_in_which_it_moved(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    await books.paid(owed)
    other = await books.owed(await world.approved("baraka", hour=12))
    await books.paid(other, "+254700000004")
    await world.otieno.api("POST", f"/api/sessions/{other.session_id}/cancel", json={"reason": "ill"})
    duty = await books.value("select id from payments.duty")
    assert (await world.njeri.page("POST", f"/practice/duties/{duty}/done")).status_code == 303
    async with world.db.connection() as conn:
        found = await weeks(conn, world.now + timedelta(minutes=5), ZONE)
    assert [(week.came, week.went) for week in found if week.came or week.went] == [(5000, 2500)]
    html = (await world.njeri.page("GET", "/practice/pictures")).text
    assert "KSh 5,000 came in twelve weeks, KSh 2,500 went back, KSh 2,500 stayed." in html


async def test_what_mpesa_took_back_went_back_once(world: World, books: Books) -> None:
    """Of what had to go back anyway the duty is counted, and not the reversal that ended it."""
    kept, cancelled = [
        await books.owed(await world.approved(who, hour=hour)) for who, hour in (("amina", 9), ("baraka", 12))]
    await books.paid(kept)
    await books.paid(cancelled, "+254700000004")
    await world.otieno.api("POST", f"/api/sessions/{cancelled.session_id}/cancel", json={"reason": "ill"})
    for owed in (kept, cancelled):
        receipt = await books.value("select id from payments.receipt where charge_id = $1", owed.charge_id)
        address = f"/practice/payments/{owed.charge_id}/reversed/{receipt}"
        assert (await world.njeri.page("POST", address)).status_code == 303
    html = (await world.njeri.page("GET", "/practice/pictures")).text
    assert "KSh 5,000 came in twelve weeks, KSh 5,000 went back, KSh 0 stayed." in html


async def test_every_picture_says_in_words_and_in_a_table_what_it_shows(world: World) -> None:
    async with world.db.transaction() as conn:
        await a_small_history(conn, world.cast, world.now)
    html = (await world.njeri.page("GET", "/practice/pictures")).text
    pictures = re.findall(r'<svg viewBox="0 0 340.*?</svg>', html, re.DOTALL)
    assert len(pictures) == 5
    for picture in pictures:
        [names] = re.findall(r'aria-labelledby="(\S+) (\S+)"', picture)
        assert f'<title id="{names[0]}">' in picture
        assert f'<desc id="{names[1]}">' in picture
        assert 'role="img"' in picture
        assert "style=" not in picture
    assert html.count("<caption>") == 5
    assert "6 sessions in twelve weeks: 2 completed, 1 to which somebody did not come." in html
    assert "The slowest week: 4 h." in html, "a duration is said as everywhere"
    assert (await world.makena.page("GET", "/practice/pictures")).status_code == 403


async def test_an_empty_practice_has_no_pictures_and_says_so(world: World) -> None:
    html = (await world.njeri.page("GET", "/practice/pictures")).text
    assert "Nothing to draw yet" in html
    assert '<svg viewBox="0 0 340' not in html


async def test_the_number_of_statements_is_constant(conn: Conn, cast: Cast, now: datetime) -> None:
    asked: list[str] = []

    async def statements() -> int:
        await asyncio.sleep(0.01)
        asked.clear()
        await weeks(conn, now, ZONE)
        await asyncio.sleep(0.01)  # what is heard of a statement comes a moment after it
        return len(asked)

    conn.add_query_logger(lambda record: asked.append(record.query))
    await statements()  # the first time the driver asks what the types are
    few = await statements()
    async with conn.transaction():
        await a_small_history(conn, cast, now)
    assert await statements() == few
    assert few <= 4


# where bars stand ---------------------------------------------------------------------------------


numbers = st.lists(st.integers(0, 10**6), min_size=12, max_size=12)


@given(st.lists(numbers, min_size=1, max_size=5))
def test_bars_stand_upon_each_other_inside_the_picture(rows: list[list[int]]) -> None:
    series = [Series(str(at), f"ink-{at}", tuple(row)) for at, row in enumerate(rows)]
    drawing = stacked(series, [str(week) for week in range(12)])
    for bar in drawing.bars:
        assert LEFT <= bar.x <= bar.x + bar.width <= WIDTH + 0.1
        assert TOP - 0.1 <= bar.y <= bar.y + bar.height <= HEIGHT - BOTTOM + 0.2
    for at in range(12):
        total = sum(row[at] for row in rows)
        here = [bar for bar in drawing.bars if abs(bar.x - _x(at)) < 1]
        top = round_up(max(sum(row[week] for row in rows) for week in range(12)))
        assert abs(sum(bar.height for bar in here) - (HEIGHT - BOTTOM - TOP) * total / top) < 0.5


def _x(at: int) -> float:
    step = (WIDTH - LEFT) / 12
    return LEFT + at * step + step * 0.11


@given(st.integers(0, 10**9))
def test_the_scale_ends_at_a_round_number_not_far_above(number: int) -> None:
    top = round_up(number)
    assert top >= number
    assert top % 2 == 0
    assert number <= 2 or top <= 2.5 * number


def test_what_goes_beyond_the_scale_is_cut_there() -> None:
    drawing = stacked([Series("share", "ink-1", (250.0,))], ["now"], most=100)
    assert drawing.bars[0].height == HEIGHT - BOTTOM - TOP
