"""Who asks for a time that is just being asked for waits without a connection; who loses is offered what suits them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from kikao.availability import queries
from kikao.core.db import Conn, Database
from kikao.core.practice import EMPTY
from kikao.sessions import booking, rivals
from kikao.sessions.actions import OwnOverlap, SlotTaken
from sessions.conftest import Desk
from support.cast import Cast, Member, workday

HOUR = timedelta(hours=1)


def asked(cast: Cast, client: Member, start: datetime) -> booking.Request:
    return booking.Request(
        psychologist_id=cast.otieno.person_id, session_type="Individual", starts_at=start,
        client_id=client.person_id, asker_id=client.person_id, proved=True,
    )  # fmt: skip


async def test_whoever_comes_second_goes_on_when_the_first_is_answered(cast: Cast, now: datetime) -> None:
    start, order = workday(now), list[str]()
    first_may_go = asyncio.Event()

    async def ask(who: str, at: datetime) -> None:
        async with rivals.after_whoever_asks(cast.otieno.person_id, at):
            if who == "first":
                await first_may_go.wait()
            order.append(who)

    asking = [asyncio.create_task(ask(who, start)) for who in ("first", "second", "third")]
    await ask("for another time", start + HOUR)
    first_may_go.set()
    await asyncio.gather(*asking)
    assert order[:2] == ["for another time", "first"]
    assert sorted(order[2:]) == ["second", "third"]
    await ask("afterwards", start)  # and nobody stands in the way any more


async def test_nobody_waits_for_ever(cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "PATIENCE", 0.05)
    async with (
        rivals.after_whoever_asks(cast.otieno.person_id, workday(now)),
        rivals.after_whoever_asks(cast.otieno.person_id, workday(now)),
    ):
        pass


async def test_when_the_first_fails_the_others_go_on(cast: Cast, now: datetime) -> None:
    with pytest.raises(RuntimeError):
        async with rivals.after_whoever_asks(cast.otieno.person_id, workday(now)):
            raise RuntimeError
    async with asyncio.timeout(1), rivals.after_whoever_asks(cast.otieno.person_id, workday(now)):
        pass


async def test_all_who_lose_at_once_look_together_and_get_what_suits_each(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, looks = workday(now, hour=10), 0
    looked = queries.free

    async def counted(*given: object, **more: object) -> object:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0.05)
        return await looked(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(rivals, "free", counted)
    await Desk(db, cast, now).request(cast.baraka, cast.wanjiru, start + HOUR)
    amina, baraka, halima = await asyncio.gather(*(
        rivals.alternatives(db, asked(cast, client, start), now, EMPTY)
        for client in (cast.amina, cast.baraka, cast.halima)
    ))
    assert looks == 1
    async with db.connection() as conn:
        for client, found in ((cast.amina, amina), (cast.baraka, baraka), (cast.halima, halima)):
            assert found == await booking.nearest(
                conn, cast.otieno.person_id, 60, None, start, now, EMPTY, client.person_id
            )
    assert amina != baraka


async def test_whom_this_psychologist_sees_no_more_is_offered_nothing(db: Database, cast: Cast, now: datetime) -> None:
    await db.pool.execute("update accounts.person set state = 'blocked' where id = $1", cast.amina.person_id)
    assert await rivals.alternatives(db, asked(cast, cast.amina, workday(now)), now, EMPTY) == []


async def test_rivals_are_told_together_what_the_booking_would_say_to_each(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, desk, looks = workday(now, hour=10), Desk(db, cast, now), list[int]()
    weighed_all = rivals.weigh_all

    async def counted(conn: Conn, asked: list[booking.Request], *more: object) -> object:
        looks.append(len(asked))
        return await weighed_all(conn, asked, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(rivals, "weigh_all", counted)
    clients = (cast.amina, cast.baraka, cast.halima)

    async def told(at: datetime) -> list[str | None]:
        weighed = await asyncio.gather(*(rivals.weigh(db, asked(cast, one, at), now, EMPTY) for one in clients))
        return [one.refused for one in weighed]

    assert await told(start) == [None, None, None]
    await desk.request(cast.amina, cast.otieno, start)
    await desk.request(cast.halima, cast.wanjiru, start)
    assert await told(start) == [None, "slot_taken", "own_overlap"]  # the first asked for this herself
    assert await told(start + timedelta(minutes=7)) == ["off_grid"] * 3
    assert looks == [3, 3, 3]
    assert await desk.request(cast.amina, cast.otieno, start)
    for client, error in ((cast.baraka, SlotTaken), (cast.halima, OwnOverlap)):
        with pytest.raises(error):
            await desk.request(client, cast.otieno, start)


async def test_whoever_had_the_time_before_is_not_told_that_it_is_lost(db: Database, cast: Cast, now: datetime) -> None:
    """They may be sending a request again that was answered with it; its key knows."""
    start, desk = workday(now), Desk(db, cast, now)
    await desk.cancel(cast.amina, await desk.request(cast.amina, cast.otieno, start))
    await desk.request(cast.baraka, cast.otieno, start)
    amina, halima = [
        await rivals.weigh(db, asked(cast, client, start), now, EMPTY) for client in (cast.amina, cast.halima)
    ]
    assert (amina.lost, halima.lost) == (False, True)
    with pytest.raises(SlotTaken):
        await desk.request(cast.amina, cast.otieno, start)


async def test_when_the_database_is_away_every_rival_hears_of_it_and_the_next_ask_again(
    db: Database, cast: Cast, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(db, "connection", away)
        asking = [rivals.weigh(db, asked(cast, one, workday(now)), now, EMPTY) for one in (cast.amina, cast.baraka)]
        assert [type(answer) for answer in await asyncio.gather(*asking, return_exceptions=True)] == [OSError] * 2
    assert (await rivals.weigh(db, asked(cast, cast.amina, workday(now)), now, EMPTY)).refused is None
