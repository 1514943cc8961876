"""What the clock tells: when a message becomes due, for whom, and when it never does."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from kikao.core.ids import new_id
from kikao.sessions import planning, rules
from kikao.sessions.planning import Planned
from kikao.sessions.reminding import ANSWER_SOON, REMINDER, SOON, STILL_TO_ANSWER, TOMORROW, UNPAID
from sessions.conftest import Desk
from sessions.staging import HOLD
from support.cast import NAIROBI, Member, workday

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def due(desk: Desk, at: datetime) -> list[tuple[str, UUID]]:
    """Kinds and who reads them."""
    async with desk.db.connection() as conn:
        return sorted((one.kind, one.recipient) for one in await planning.due(conn, at))


async def kinds_due(desk: Desk, at: datetime) -> list[str]:
    return [kind for kind, _ in await due(desk, at)]


async def test_a_request_nudges_its_psychologist_half_way_and_near_its_end(desk: Desk) -> None:
    await desk.stage(rules.PENDING_APPROVAL)  # it waits six hours
    otieno = desk.cast.otieno.person_id
    half, near, end = desk.now + HOLD / 2, desk.now + HOLD - 2 * HOUR, desk.now + HOLD
    assert await due(desk, half - MINUTE) == []
    assert await due(desk, half) == [(STILL_TO_ANSWER, otieno)]
    assert await due(desk, near) == [(ANSWER_SOON, otieno), (STILL_TO_ANSWER, otieno)]
    assert await due(desk, end) == []


async def test_a_request_that_was_declined_and_put_right_nudges_once_more(desk: Desk) -> None:
    session_id = await desk.request(desk.cast.amina, desk.cast.otieno)
    await planning.post_due(desk.db, desk.now + 13 * HOUR)
    declined = desk.now + 14 * HOUR
    await desk.decline(desk.cast.otieno, session_id, declined)
    await desk.do("correct", desk.cast.otieno, session_id, declined + MINUTE)
    assert await kinds_due(desk, declined + 11 * HOUR) == []
    assert await kinds_due(desk, declined + 13 * HOUR) == [STILL_TO_ANSWER]


async def test_a_short_wait_has_one_nudge(desk: Desk) -> None:
    await desk.stage(rules.PENDING_APPROVAL, hold=3 * HOUR)
    assert await kinds_due(desk, desk.now + 3 * HOUR - MINUTE) == [STILL_TO_ANSWER]


async def test_a_request_that_reached_nobody_nudges_nobody(desk: Desk) -> None:
    session_id = await desk.stage(rules.PENDING_APPROVAL)
    await desk.run("update sessions.session set sent_at = null where id = $1", session_id)
    assert await due(desk, desk.now + HOLD - MINUTE) == []


async def test_whoever_pays_is_told_once_half_way(desk: Desk) -> None:
    await desk.stage(rules.APPROVED)
    half = desk.now + HOLD / 2
    assert await due(desk, half - MINUTE) == []
    assert await due(desk, half) == [(UNPAID, desk.cast.amina.person_id)]
    await planning.post_due(desk.db, half)
    assert await due(desk, half) == []
    assert await due(desk, desk.now + HOLD - MINUTE) == []


async def test_nobody_is_told_to_pay_while_a_phone_rings(desk: Desk) -> None:
    session_id, attempt = await desk.stage(rules.APPROVED), new_id()
    await desk.run(
        """
        insert into payments.attempt (id, charge_id, amount, phone, state, created_at, expires_at)
        select $1, charge_id, price, $3, 'created', now(), now() + interval '90 s' from sessions.session where id = $2
        """,
        attempt, session_id, desk.cast.amina.phone,
    )  # fmt: skip
    assert await due(desk, desk.now + HOLD / 2) == []
    await desk.run("update payments.attempt set state = 'failed', token_hash = '' where id = $1", attempt)
    assert await kinds_due(desk, desk.now + HOLD / 2) == [UNPAID]


@pytest.mark.parametrize("status", [one for one in rules.STATUSES if one not in (rules.APPROVED, rules.CONFIRMED)])
async def test_only_what_is_confirmed_reminds(desk: Desk, status: str) -> None:
    await desk.stage(status)
    for hours in (27, 1):
        assert not {REMINDER, SOON, TOMORROW, UNPAID} & set(await kinds_due(desk, desk.start - hours * HOUR))


async def test_a_client_is_reminded_a_day_and_an_hour_ahead(desk: Desk) -> None:
    await desk.stage(rules.CONFIRMED, workday(desk.now, hour=14))
    start, amina = workday(desk.now, hour=14), desk.cast.amina.person_id
    assert (REMINDER, amina) not in await due(desk, start - 27 * HOUR - MINUTE)
    assert (REMINDER, amina) in await due(desk, start - 27 * HOUR)
    assert (SOON, amina) not in await due(desk, start - HOUR - MINUTE)
    assert (SOON, amina) in await due(desk, start - HOUR)
    assert await due(desk, start) == []


async def test_a_reminder_whose_time_was_past_at_booking_is_skipped(desk: Desk) -> None:
    start = desk.start
    await desk.stage(rules.CONFIRMED, start, now=start - 20 * HOUR)
    assert REMINDER not in await kinds_due(desk, start - 19 * HOUR)
    assert SOON in await kinds_due(desk, start - HOUR)


async def test_a_worker_that_was_away_reminds_as_long_as_it_helps(desk: Desk) -> None:
    await desk.stage(rules.CONFIRMED)
    assert SOON in await kinds_due(desk, desk.start - MINUTE)


async def test_a_moved_time_is_reminded_of_anew(desk: Desk) -> None:
    start = workday(desk.now, hour=14)
    session_id = await desk.stage(rules.CONFIRMED, start)
    await planning.post_due(desk.db, start - 27 * HOUR)
    later = start + timedelta(days=7)
    await desk.run(
        """
        update sessions.session set starts_at = $2::timestamptz, ends_at = $2::timestamptz + interval '1 hour',
            occupied_until = $2::timestamptz + interval '75 minutes', moved = 1, updated_at = $3 where id = $1
        """,
        session_id, later, start - 26 * HOUR,
    )  # fmt: skip
    assert REMINDER not in await kinds_due(desk, later - 28 * HOUR)
    async with desk.db.connection() as conn:
        (again,) = [one for one in await planning.due(conn, later - 27 * HOUR) if one.kind == REMINDER]
    assert again == Planned(REMINDER, session_id, desk.cast.amina.person_id, version=2)


@pytest.mark.parametrize("zone", ["Africa/Nairobi", "America/New_York", "Pacific/Auckland"])
async def test_a_psychologist_has_one_list_in_the_evening_of_their_zone(desk: Desk, zone: str) -> None:
    otieno = desk.cast.otieno.person_id
    await desk.run("update accounts.person set time_zone = $2 where id = $1", otieno, zone)
    day = workday(desk.now).date()
    for hour, no in ((10, 1), (12, 2)):
        await desk.stage(rules.CONFIRMED, datetime.combine(day, time(hour), ZoneInfo(zone)), open_no=no)
    evening = datetime.combine(day - timedelta(days=1), time(18), ZoneInfo(zone))
    lists = [(TOMORROW, otieno)]
    assert [one for one in await due(desk, evening - MINUTE) if one[0] == TOMORROW] == []
    assert [one for one in await due(desk, evening) if one[0] == TOMORROW] == lists
    await planning.post_due(desk.db, evening)
    assert [one for one in await due(desk, evening + 3 * HOUR) if one[0] == TOMORROW] == []


async def test_what_is_confirmed_after_the_evening_makes_no_list(desk: Desk) -> None:
    start = workday(desk.now)
    evening = datetime.combine(start.date() - timedelta(days=1), time(18), NAIROBI)
    await desk.stage(rules.CONFIRMED, start, now=evening + HOUR)
    assert TOMORROW not in await kinds_due(desk, evening + 2 * HOUR)


@pytest.mark.parametrize(
    ("requested_by", "client", "told"),
    [("amina", "amina", "amina"), ("halima", "zuri", "halima"), ("wambui", "kamau", "kamau"),
     ("otieno", "baraka", "baraka")],
)
async def test_whoever_asked_is_told_and_the_client_when_the_practice_asked_for_them(
    desk: Desk, requested_by: str, client: str, told: str
) -> None:
    people: dict[str, Member] = {name: getattr(desk.cast, name) for name in (requested_by, client, told)}
    session_id = await desk.stage(rules.CONFIRMED)
    await desk.run(
        "update sessions.session set requested_by = $2, client_id = $3 where id = $1",
        session_id, people[requested_by].person_id, people[client].person_id,
    )  # fmt: skip
    assert (SOON, people[told].person_id) in await due(desk, desk.start - HOUR)


async def test_two_workers_post_each_row_once(desk: Desk) -> None:
    await desk.stage(rules.CONFIRMED)
    for _ in range(2):
        await planning.post_due(desk.db, desk.start - HOUR)
    rows = await desk.value("select count(*) from notifications.outbox where kind = $1", SOON)
    assert rows == 1
