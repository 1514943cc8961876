"""The simulated clock: it moves when told, and what is due fires in order, each job at its own instant."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daraja_sim.clock import Clock
from fixtures.daraja.merchant import OTHER, Merchant


@given(st.lists(st.integers(0, 1000), max_size=20), st.lists(st.integers(0, 400), max_size=6))
@settings(max_examples=40, deadline=None)
def test_jobs_fire_in_order_and_on_time(delays: list[int], steps: list[int]) -> None:
    async def play() -> None:
        clock = Clock()
        clock.freeze(True)
        start = clock.now()
        fired: list[tuple[float, float]] = []

        def plan(delay: float) -> None:
            async def job() -> None:
                fired.append((delay, clock.now() - start))

            clock.after(delay, job)

        for delay in delays:
            plan(delay)
        for step in steps:
            await clock.advance(step)
        elapsed = clock.now() - start
        assert elapsed == pytest.approx(sum(steps), abs=1e-3)
        assert [delay for delay, _ in fired] == sorted(delay for delay, _ in fired)
        assert all(at == pytest.approx(delay, abs=1e-3) for delay, at in fired)
        assert len(fired) == sum(delay <= sum(steps) for delay in delays) or not steps

    asyncio.run(play())


async def test_a_job_may_plan_the_next_one_within_the_same_move() -> None:
    clock = Clock()
    seen: list[int] = []

    async def again() -> None:
        seen.append(len(seen))
        clock.after(10, again)

    clock.after(10, again)
    await clock.advance(35)
    assert seen == [0, 1, 2]


async def test_time_runs_by_itself() -> None:
    clock = Clock()
    clock.start()
    done = asyncio.Event()

    async def job() -> None:
        done.set()

    clock.after(0.02, job)
    await asyncio.wait_for(done.wait(), 2)
    await clock.stop()


async def test_a_move_does_not_wait_for_ever() -> None:
    clock = Clock(patience_seconds=0.05)
    release = asyncio.Event()

    async def stuck() -> None:
        await release.wait()

    clock.after(1, stuck)
    await asyncio.wait_for(clock.advance(2), 2)
    release.set()
    await clock.stop()


async def test_moved_and_frozen_over_http(sim: Merchant) -> None:
    before = await sim.api("GET", "/clock")
    assert before["frozen"] is False
    after = await sim.advance(1800)
    assert after["movedBySeconds"] == pytest.approx(1800, abs=1)
    frozen = await sim.api("POST", "/clock", {"frozen": True})
    assert (await sim.api("GET", "/clock"))["now"] == frozen["now"]
    await sim.pushed()
    assert (await sim.phone())["prompt"]["expiresInSeconds"] == 90
    await sim.advance(90)
    assert (await sim.phone())["prompt"] is None
    assert (await sim.api("POST", "/clock", {"frozen": False}))["frozen"] is False


async def test_two_prompts_lapse_in_the_order_of_their_birth(sim: Merchant) -> None:
    await sim.pushed(CallBackURL=f"{sim.own}/first")
    await sim.advance(30)
    await sim.pushed(PhoneNumber=OTHER, CallBackURL=f"{sim.own}/second")
    await sim.advance(3600)
    assert [path for path, _ in sim.letters] == ["/first", "/second"]


@pytest.mark.parametrize("seconds", [-1, "x", None, True, 1e12])
async def test_only_forward_and_only_numbers(sim: Merchant, seconds: object) -> None:
    answer = await sim.call("POST", "/api/clock", json={"advanceSeconds": seconds})
    assert (answer.status, answer.body["error"]) == (400, "bad_number")
