"""A session as an entry for one's own calendar: for whom, when, and what it says."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import icalendar
import pytest

from kikao.notifications.rules import telling_words
from support.app import World


async def confirmed(world: World) -> tuple[UUID, str, datetime]:
    async with world.db.transaction() as conn:
        await conn.execute(
            """
            insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)
            values (gen_random_uuid(), $1, 'Individual', 0, 60, $2, $1)
            """,
            world.cast.otieno.person_id, world.now,
        )  # fmt: skip
    session = await world.approved()
    assert session["status"] == "Confirmed"
    return UUID(session["id"]), session["reference"], datetime.fromisoformat(session["sessionDate"])


async def test_those_who_meet_can_put_it_into_their_calendar(world: World) -> None:
    session_id, reference, start = await confirmed(world)
    for who in ("amina", "otieno"):
        assert f"/s/{reference}/calendar" in (await world.by_name[who].page("GET", f"/s/{reference}")).text
        answer = await world.by_name[who].page("GET", f"/s/{reference}/calendar")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/calendar; method=PUBLISH")
        assert answer.headers["content-disposition"] == f'attachment; filename="{reference}.ics"'
        (event,) = icalendar.Calendar.from_ical(answer.content).events
        assert (event.start, str(event["SUMMARY"])) == (start, f"Mti House {reference}")
        assert str(event["UID"]).startswith(f"{session_id}@")
        assert telling_words(answer.text, ("Amina", "Dr Otieno"), ("Online",)) == []


async def test_a_moved_time_replaces_the_entry(world: World) -> None:
    session_id, reference, _ = await confirmed(world)

    async def sequence() -> int:
        answer = await world.amina.page("GET", f"/s/{reference}/calendar")
        (event,) = icalendar.Calendar.from_ical(answer.content).events
        return int(event.sequence)

    before = await sequence()
    async with world.db.connection() as conn:
        await conn.execute("update sessions.session set moved = 1 where id = $1", session_id)
    assert await sequence() > before


@pytest.mark.parametrize("who", ["baraka", "wanjiru", "wambui", "makena", "njeri"])
async def test_it_is_nobody_else_s(world: World, who: str) -> None:
    _, reference, _ = await confirmed(world)
    assert (await world.by_name[who].page("GET", f"/s/{reference}/calendar")).status_code == 404


async def test_what_is_not_confirmed_stands_in_no_calendar(world: World) -> None:
    session = await world.approved()
    assert (await world.amina.page("GET", f"/s/{session['reference']}/calendar")).status_code == 409
    assert "/calendar" not in (await world.amina.page("GET", f"/s/{session['reference']}")).text
