"""Who asks for a time that is just being asked for waits without a connection; who loses is offered what suits them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from kikao.availability import queries
from kikao.core.db import Database
from kikao.core.practice import EMPTY
from kikao.sessions import booking, rivals
from sessions.conftest import Desk
from support.cast import Cast, Member, workday

HOUR = timedelta(hours=1)


def asked(cast: Cast, client: Member, start: datetime) -> booking.Request:
    return booking.Request(
        psychologist_id=cast.otieno.person_id, session_type="Individual", starts_at=start,
        client_id=client.person_id, account_id=client.account_id, proved=True,
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
