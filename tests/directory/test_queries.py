"""The number of queries does not grow: not with psychologists, not with days, not with past sessions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kikao.availability.queries import Wanted, free
from kikao.availability.rules import Numbers
from kikao.core.db import Conn
from kikao.core.ids import new_id, new_slug
from kikao.core.practice import EMPTY
from kikao.directory import queries
from kikao.directory.queries import Filter
from sessions.staging import stage
from support.cast import Cast, workday

pytestmark = pytest.mark.database


async def count(conn: Conn, look: Callable[[], Awaitable[Any]]) -> tuple[int, Any]:
    """How many statements that takes once the driver knows the types, and what comes."""
    await look()
    seen: list[str] = []
    with conn.query_logger(lambda record: seen.append(record.query)):
        result = await look()
        await asyncio.sleep(0)  # the driver tells its listeners a turn later
    return len(seen), result


async def more_psychologists(conn: Conn, cast: Cast, number: int, now: datetime) -> list[UUID]:
    """Listed ones like Dr Otieno, with the same hours."""
    made = [new_id() for _ in range(number)]
    await conn.execute(
        """
        with who as (select * from unnest($1::uuid[], $4::text[]) with ordinality u (id, slug, n)),
        person as (insert into accounts.person (id, name, created_at) select id, 'Dr ' || n, $3 from who returning id),
        listed as (
            insert into directory.psychologist (id, slug, status, title, board, registration_number, licence_until,
                checked_at, checked_by, public_yes_at, created_at)
            select w.id, w.slug, 'listed', title, board, registration_number, licence_until, checked_at,
                   checked_by, public_yes_at, p.created_at
            from who w join person on person.id = w.id, directory.psychologist p where p.id = $2 returning id),
        calendar as (
            insert into availability.calendar (psychologist_id) select id from listed returning psychologist_id)
        insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes)
        select gen_random_uuid(), c.psychologist_id, h.weekday, h.from_minute, h.until_minute, h.modes
        from calendar c, availability.hours h where h.psychologist_id = $2
        """,
        made, cast.otieno.person_id, now, [new_slug() for _ in made],
    )
    return made


async def past_sessions(conn: Conn, cast: Cast, number: int, now: datetime) -> None:
    for day in range(1, number + 1):
        await stage(conn, cast, "Completed", now - timedelta(days=day), now)


async def test_the_list_of_psychologists(conn: Conn, cast: Cast, now: datetime) -> None:
    first, few = await count(conn, lambda: queries.listed(conn, Filter(), now, EMPTY, most=100))
    await past_sessions(conn, cast, 20, now)
    await more_psychologists(conn, cast, 30, now)
    then, many = await count(conn, lambda: queries.listed(conn, Filter(), now, EMPTY, most=100))
    assert (len(few), len(many)) == (2, 32)
    assert all(one.next_free is not None for one in many)
    assert first == then == 2


async def test_free_times(conn: Conn, cast: Cast, now: datetime) -> None:
    async def look(who: list[UUID], days: int) -> tuple[int, int]:
        wanted = [Wanted(one, 60) for one in who]
        statements, found = await count(
            conn, lambda: free(conn, wanted, now, now + timedelta(days=days), now=now, numbers=Numbers()))
        return statements, len(found)

    one_day, one = await look([cast.otieno.person_id], 4)
    everybody = [cast.otieno.person_id, *await more_psychologists(conn, cast, 30, now)]
    await past_sessions(conn, cast, 20, now)
    many_days, many = await look(everybody, 60)
    assert one < many
    assert one_day == many_days == 1


async def test_the_next_free_time_is_the_first_free_time(conn: Conn, cast: Cast, now: datetime) -> None:
    everybody = [member.person_id for member in cast.psychologists]
    await stage(conn, cast, "Confirmed", workday(now, ahead=1, hour=9), now)
    shown = await queries.listed(conn, Filter(), now, EMPTY)
    assert {one.id for one in shown} == set(everybody)
    for one in shown:
        found = await free(
            conn, [Wanted(one.id, 60, one.licensed_until)], now, now + queries.LOOK_AHEAD, now=now, numbers=Numbers())
        assert one.next_free == found[0].start


async def test_a_page_of_the_list_ends_where_the_next_begins(conn: Conn, cast: Cast, now: datetime) -> None:
    await more_psychologists(conn, cast, 30, now)
    names: list[str] = []
    after = None
    while True:
        page = await queries.listed(conn, Filter(), now, EMPTY, most=7, after=after)
        names += [one.name for one in page[:7]]
        if len(page) <= 7:
            break
        after = (page[6].name, page[6].id)
    assert len(names) == len(set(names)) == 32
    assert names == sorted(names)
