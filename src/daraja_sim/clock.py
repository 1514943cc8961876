"""The simulator's own time: real time plus what tests have added, and the jobs that are due on it."""

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta, timezone

EAT = timezone(timedelta(hours=3), "EAT")  # East Africa Time has no summer time
Job = Callable[[], Awaitable[None]]


class Clock:
    def __init__(self, patience_seconds: float = 3.0) -> None:
        self._offset = 0.0
        self._frozen_at: float | None = None
        self._heap: list[tuple[float, int, Job]] = []
        self._count = 0
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Future[None]] = set()
        self._sleepers: set[asyncio.Future[None]] = set()
        self._runner: asyncio.Task[None] | None = None
        # How long a move of the clock waits for one job, such as a callback to a receiver that hangs.
        self._patience = patience_seconds

    def now(self) -> float:
        """Seconds since the epoch, simulated."""
        return time.time() + self._offset if self._frozen_at is None else self._frozen_at

    def local(self, instant: float | None = None) -> datetime:
        return datetime.fromtimestamp(self.now() if instant is None else instant, EAT)

    def day_of(self, instant: float) -> date:
        return self.local(instant).date()

    @property
    def moved_by(self) -> float:
        return self.now() - time.time()

    @property
    def frozen(self) -> bool:
        return self._frozen_at is not None

    def freeze(self, frozen: bool) -> None:
        if frozen and self._frozen_at is None:
            self._frozen_at = self.now()
        elif not frozen and self._frozen_at is not None:
            self._offset = self._frozen_at - time.time()
            self._frozen_at = None
        self._wake.set()

    def at(self, due: float, job: Job) -> None:
        self._count += 1  # jobs due at the same instant fire in the order they were made
        heapq.heappush(self._heap, (due, self._count, job))
        self._wake.set()

    def after(self, seconds: float, job: Job) -> None:
        self.at(self.now() + seconds, job)

    async def sleep(self, seconds: float) -> None:
        """Wait on the simulated clock; returns early when the simulator stops."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.add(done)

        async def wake() -> None:
            if not done.done():
                done.set_result(None)

        self.after(seconds, wake)
        try:
            await done
        finally:
            self._sleepers.discard(done)

    async def advance(self, seconds: float) -> None:
        """Move time forward; everything due fires in order, each seeing its own instant as now."""
        async with self._turn:
            await self._settle()  # what has begun belongs to the time before the move
            target = self.now() + seconds
            await self._fire_until(target)
            self._move_to(target)
            await self._settle()
            await self._fire_until(self.now())  # what the last jobs left behind
        self._wake.set()

    async def _fire_until(self, target: float) -> None:
        while self._heap and self._heap[0][0] <= max(target, self.now()):
            due, _, job = heapq.heappop(self._heap)
            self._move_to(due)
            await asyncio.wait({self._start(job)}, timeout=self._patience)

    async def _settle(self) -> None:
        if self._running:
            await asyncio.wait(set(self._running), timeout=self._patience)

    def _move_to(self, instant: float) -> None:
        ahead = max(0.0, instant - self.now())
        if self._frozen_at is not None:
            self._frozen_at += ahead
        else:
            self._offset += ahead

    def _start(self, job: Job) -> asyncio.Future[None]:
        task = asyncio.ensure_future(job())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def start(self) -> None:
        self._runner = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            async with self._turn:
                while self._heap and self._heap[0][0] <= self.now():
                    self._start(heapq.heappop(self._heap)[2])
            wait = None if self.frozen or not self._heap else max(0.0, self._heap[0][0] - self.now())
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                continue

    def forget_jobs(self) -> None:
        """Drop what is due later. Sleepers wake at once: a request in flight must still end."""
        self._heap.clear()
        for sleeper in self._sleepers:
            if not sleeper.done():
                sleeper.set_result(None)

    async def stop(self) -> None:
        tasks = [task for task in (self._runner, *self._running) if task is not None]
        self.forget_jobs()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
