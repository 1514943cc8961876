"""The load maker, a process of its own: a job comes in by standard input, what was measured goes out."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from time import perf_counter

import msgspec
import uvloop

from bench import wire


class Job(msgspec.Struct, frozen=True, kw_only=True):
    port: int
    connections: int
    requests: list[bytes]
    rate: float | None = None
    seconds: float = 20.0


class Result(msgspec.Struct, frozen=True):
    """How often each status came, how long each answer of it took (seconds), and the whole."""

    counts: dict[int, int]
    times: dict[int, list[float]]
    elapsed: float

    def per_second(self, status: int) -> float:
        return self.counts.get(status, 0) / self.elapsed


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


async def _run(job: Job) -> Result:
    begun = perf_counter()
    shots = await wire.fire(job.port, job.requests, job.connections, rate=job.rate, seconds=job.seconds)
    elapsed = perf_counter() - begun
    counts = Counter(shot.status for shot in shots)
    return Result(counts, {status: [s.seconds for s in shots if s.status == status] for status in counts}, elapsed)


async def measure(job: Job) -> Result:
    """Run a job in a process of its own, so that it does not share an interpreter with anything."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(msgspec.msgpack.encode(job))
    if process.returncode:
        raise RuntimeError("the load maker failed")
    return msgspec.msgpack.decode(out, type=Result)


def main() -> None:
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(_run(job))))


if __name__ == "__main__":
    main()
