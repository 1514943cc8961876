"""The working program: drains due rows (`kikao work`). Any number of them may run."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

from kikao import wiring, wiring_work
from kikao.core import jobs, logs, settings
from kikao.core.clock import utc_now
from kikao.core.db import Database

BEAT_SECONDS = 20.0
HOUSEKEEPING_SECONDS = 3600.0
PLANNING_SECONDS = 20.0
log = logs.get("worker")


async def beat(db: Database, stop: asyncio.Event) -> None:
    """Leave a sign of life, and how far this machine's clock is from the database's."""
    while not stop.is_set():
        with suppress(Exception):  # a database that is away shows in /ready by the age of the last sign
            async with db.connection() as conn:
                theirs = await conn.fetchval("select clock_timestamp()")
                offset = int((utc_now() - theirs).total_seconds() * 1000)
                await conn.execute(
                    """
                    insert into core.heartbeat (program, at, clock_offset_ms) values ('worker', $1, $2)
                    on conflict (program) do update set at = excluded.at, clock_offset_ms = excluded.clock_offset_ms
                    """,
                    theirs, offset,
                )
                if abs(offset) > 2000:
                    log.warning("clock_differs", offset_ms=offset)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), BEAT_SECONDS)


async def keep_house(house: wiring.House, stop: asyncio.Event) -> None:
    """Forget what is too old, once an hour; a failed hour is made good by the next."""
    while not stop.is_set():
        try:
            await wiring_work.forget(house, utc_now())
        except Exception as error:  # noqa: BLE001  the database may be away
            log.warning("forgetting_failed", error=type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), HOUSEKEEPING_SECONDS)


async def watch_the_clock(house: wiring.House, stop: asyncio.Event) -> None:
    """Post reminders and the like; a look that failed is made good by the next."""
    while not stop.is_set():
        try:
            await wiring_work.plan(house, utc_now())
        except Exception as error:  # noqa: BLE001  the database may be away
            log.warning("planning_failed", error=type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PLANNING_SECONDS)


async def work(machine: settings.Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with wiring.house(machine) as house, wiring_work.queues(house) as queues:
        log.info("worker_started")
        async with asyncio.TaskGroup() as group:
            group.create_task(beat(house.db, stop))
            group.create_task(keep_house(house, stop))
            group.create_task(watch_the_clock(house, stop))
            group.create_task(jobs.run(house.db, queues, stop))
    log.info("worker_stopped")


def main() -> None:
    """Raises settings.BadSettings when the environment is not complete."""
    logs.configure()
    asyncio.run(work(settings.read()))


if __name__ == "__main__":
    main()
