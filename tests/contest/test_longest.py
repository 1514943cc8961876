"""What is looked up by start finds the longest session that the tables allow, to its last minute."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from bench import crowd

from kikao.availability.queries import Wanted, free
from kikao.availability.rules import Numbers
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Database
from kikao.core.practice import EMPTY
from kikao.sessions import booking
from kikao.sessions.actions import SlotTaken

WHO = crowd.crowd_id(crowd.PSYCHOLOGIST, 1)
LONGEST = timedelta(hours=8)  # four hours and a buffer of four


@pytest.fixture
async def taken_from(db: Database, now: datetime) -> datetime:
    """The start of such a session; that day the psychologist can be met for 14 hours."""
    monday = crowd.first_monday(now)
    async with db.connection() as conn:
        await crowd.seed(conn, now, psychologists=1, clients=2)
        await conn.execute("update availability.hours set until_minute = 23 * 60")
        await _request(conn, 1, monday, now)
        await conn.execute(
            """
            update sessions.session set minutes = 240, buffer_minutes = 240,
                   ends_at = starts_at + interval '4 hours', occupied_until = starts_at + interval '8 hours'
            """
        )
    return monday


async def _request(conn: Conn, client: int, start: datetime, now: datetime) -> booking.Booked:
    asked = booking.Request(
        psychologist_id=WHO, session_type="Individual", starts_at=start, proved=True,
        client_id=crowd.crowd_id(crowd.CLIENT, client), asker_id=crowd.crowd_id(crowd.CLIENT, client),
    )  # fmt: skip
    return await booking.request(conn, asked, now, EMPTY, Vault([b"k" * 32]))


async def test_it_is_not_offered_before_its_end(db: Database, taken_from: datetime, now: datetime) -> None:
    end = taken_from + LONGEST
    async with db.connection() as conn:
        for lower in (taken_from, end - timedelta(minutes=30), end):
            found = await free(conn, [Wanted(WHO, 60)], lower, end + timedelta(hours=2), now=now, numbers=Numbers())
            assert found[0].start == end


async def test_it_is_not_accepted_before_its_end(db: Database, taken_from: datetime, now: datetime) -> None:
    async with db.connection() as conn:
        with pytest.raises(SlotTaken):
            await _request(conn, 2, taken_from + LONGEST - timedelta(minutes=30), now)
        assert (await _request(conn, 2, taken_from + LONGEST, now)).made
