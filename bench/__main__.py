"""`make bench`: figures, and the machine that they are from. Prints, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec

from bench import booking, crowd, place, reading, settling
from bench.load import percentile
from kikao.core.embedded import Cluster

ROUNDS, SECONDS = 3, 6  # booking over HTTP and under pgbench, in turn; the median counts


class Figure(msgspec.Struct, frozen=True):
    """One line: what was measured, what it must be, what it should be. `more`: higher is better."""

    name: str
    value: float
    must: float
    aim: float
    unit: str
    more: bool = False
    detail: str = ""

    def reached(self, limit: float) -> bool:
        return self.value >= limit if self.more else self.value <= limit

    def line(self) -> str:
        verdict = "aim" if self.reached(self.aim) else "must" if self.reached(self.must) else "BELOW"
        sign = "≥" if self.more else "≤"
        limits = f"{sign} {self.must:,g} {self.unit}".rstrip(), f"{sign} {self.aim:,g}"
        shown = f"{self.value:,.2f} {self.unit}".rstrip()
        return f"{self.name:<46}{shown:>14}{limits[0]:>14}{limits[1]:>10}  {verdict:<6}{self.detail}"


def machine(cluster: Cluster) -> list[str]:
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    load = os.getloadavg()[0]
    busy = " – this machine is busy with something else: rerun when it is quiet" if load > 1 else ""
    return [
        f"{os.cpu_count()} cores, {memory:,} MB of memory, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, PostgreSQL {cluster.version} on {_filesystem(cluster.folder)}",
        f"load before: {load:.1f}{busy}",
    ]


def _filesystem(folder: Path) -> str:
    """Of the longest mount point above the folder."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    fitting = [(len(point), kind) for point, kind in mounts if folder.is_relative_to(point)]
    return max(fitting)[1]


def _ms(values: list[float], share: float) -> float:
    return percentile(values, share) * 1000


Say = Callable[[Figure], None]


async def booked(cluster: Cluster, say: Say) -> None:
    """HTTP and pgbench in turn, so that what disturbs one disturbs the other."""
    http, alone = [], []
    for _ in range(ROUNDS):
        async with place.copy(cluster) as url, place.web(url) as web:
            result = await booking.over_http(url, web, seconds=SECONDS)
            http.append(result.per_second(201))
            if len(http) == ROUNDS:
                paced = await booking.at_rate(web, median(http) / 2, seconds=SECONDS)
        async with place.copy(cluster) as url:
            alone.append(await booking.under_pgbench(cluster, url, seconds=SECONDS))
    ratios = [over / sql for over, sql in zip(http, alone, strict=True)]
    detail = ", ".join(f"{over:,.0f}/{sql:,.0f}" for over, sql in zip(http, alone, strict=True))
    say(Figure("requests booked a second, HTTP : SQL alone", median(ratios), 0.20, 0.40, "", True, detail))
    if set(paced.counts) != {201}:
        raise booking.WrongWinners(f"at half the rate some were refused: {paced.counts}")
    slow, rate = _ms(paced.times[201], 0.99), f"at {median(http) / 2:,.0f}/s"
    say(Figure("  p99 at half the top rate", slow, 40, 15, "ms", detail=rate))


async def waited_for(cluster: Cluster, say: Say) -> None:
    async with place.copy(cluster) as url:
        async with place.web(url) as web:
            starts = [web.start_seconds]
            losers = await reading.contest(web, slots=20, clients=50)
            say(Figure("contested slot, 50 clients: losers' p99", _ms(losers, 0.99), 150, 50, "ms"))
            everybody, refused = await reading.sale(web)
            say(Figure("300 clients at once on 30 slots: p99", _ms(everybody, 0.99), 2000, 1000, "ms"))
            say(Figure("  the last loser knows after", max(refused) * 1000, 1000, 500, "ms"))
            before = await reading.month(web, times=300)
            say(Figure("slots of one psychologist, one month: p95", _ms(before, 0.95), 8, 3, "ms"))
            await reading.add_past(url)
            after = await reading.month(web, times=300)
            detail = f"medians {_ms(before, 0.5):.2f} and {_ms(after, 0.5):.2f} ms"
            ratio = percentile(after, 0.5) / percentile(before, 0.5)
            say(Figure("  with 100,000 past sessions", ratio, 1.2, 1.05, "×", detail=detail))
            for name, token, days in (
                ("a psychologist's week", crowd.PSYCHOLOGIST_TOKEN, 7), ("the desk's day", crowd.DESK_TOKEN, 1),
            ):
                seen = await reading.sessions_of(web, token, days=days, times=200)
                detail = f"median {_ms(seen, 0.5):.1f} ms"
                say(Figure(f"{name}, 100,000 sessions: p95", _ms(seen, 0.95), 30, 30, "ms", detail=detail))
        free = await reading.next_free(url, people=200, times=40)
        detail = f"median {_ms(free, 0.5):.1f} ms"
        say(Figure("next free time of 200, 14 days: p95", _ms(free, 0.95), 60, 20, "ms", detail=detail))
        async with place.web(url) as web:
            starts.append(web.start_seconds)
            stored = await reading.letters(web, seconds=SECONDS)
            say(Figure("letters stored and answered", stored.per_second(200), 1000, 2500, "/s", True))
            say(Figure("  p99", _ms(stored.times[200], 0.99), 50, 50, "ms"))
            await booking.at_rate(web, 200, seconds=3)
            say(Figure("memory a worker after that (PSS)", max(web.memory()) / 2**20, 120, 80, "MB"))
        async with place.web(url) as web:
            starts.append(web.start_seconds)
    async with place.copy(cluster) as url:
        settled = await settling.rate(url)  # nothing was decided that it must be
        print(f"{'letters settled, each a session Confirmed':<46}{f'{settled:,.0f} /s':>14}", flush=True)
    say(Figure("start to first answer", median(starts), 2, 1, "s"))


async def main() -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # so that everything is put away
    figures: list[Figure] = []

    def say(figure: Figure) -> None:
        figures.append(figure)
        print(figure.line(), flush=True)

    with place.cluster() as cluster:
        print(*machine(cluster), sep="\n")
        await place.make_template(cluster)
        print(f"{'':<46}{'measured':>14}{'must':>14}{'aim':>10}", flush=True)
        await booked(cluster, say)
        await waited_for(cluster, say)
    below = sum(not figure.reached(figure.must) for figure in figures)
    print(f"{len(figures) - below} of {len(figures)} figures are what they must be.")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit(130)
