"""A key is one effect: however often, however much at once, in whichever process a request with it arrives."""

from __future__ import annotations

import random
from datetime import datetime
from uuid import uuid4

import pytest
from bench import crowd, wire

from contest.arena import PATH, body, overlaps, told, two_processes, written
from kikao.core import idempotency
from kikao.core.db import Conn, Database
from support.sizes import size

pytestmark = pytest.mark.slow

OTHER_NAME = "/api/sessions"  # the same verb
A_PSYCHOLOGIST = 100  # slots used of one


def call(number: int, monday: datetime, key: str, *, path: str = PATH, slot: int | None = None) -> bytes:
    """Client `number` asks for a time that nobody else asks for, unless `slot` says otherwise."""
    psychologist, own = divmod(number if slot is None else slot, A_PSYCHOLOGIST)
    start = crowd.start_of(own, monday)
    return wire.post(path, body(psychologist + 1, start), crowd.token(number + 1), idempotency_key=key)


async def _send(port: int, calls: list[bytes]) -> list[wire.Shot]:
    return await wire.fire(port, calls, 24, seconds=100, keep=True)


async def test_a_key_is_one_effect_and_one_answer(db: Database, url: str, now: datetime) -> None:
    keys, monday, chance = size("idempotency keys"), crowd.first_monday(now), random.Random(3)
    tries = {number: chance.randint(1, 5) for number in range(keys)}
    # Half of the keys: all tries at once. The other half: the first alone, the rest whenever they come.
    at_once = [number for number in range(0, keys, 2) for _ in range(tries[number])]
    first = list(range(1, keys, 2))
    later = [number for number in range(1, keys, 2) for _ in range(tries[number] - 1)]
    chance.shuffle(later)
    async with two_processes(db, url, now, psychologists=keys // A_PSYCHOLOGIST + 1, clients=keys) as port:
        answers: dict[int, list[wire.Shot]] = {}
        for numbers in (at_once, first, later):
            shots = await _send(port, [call(number, monday, f"key-{number}") for number in numbers])
            for number, shot in zip(numbers, shots, strict=True):
                answers.setdefault(number, []).append(shot)
    assert {shot.status for shots in answers.values() for shot in shots} == {201}
    for number, shots in answers.items():
        assert len(shots) == tries[number]
        assert all(told(shot) == told(shots[0]) for shot in shots)
    assert len({told(shots[0])["id"] for shots in answers.values()}) == keys
    async with db.connection() as conn:
        assert await written(conn) == (keys,) * 4
        assert await overlaps(conn) == 0


async def test_what_a_key_is_bound_to(db: Database, url: str, now: datetime) -> None:
    monday = crowd.first_monday(now)
    async with two_processes(db, url, now, psychologists=1, clients=5) as port:
        first, other_body, again = await _one_by_one(port, [
            call(0, monday, "a"), call(0, monday, "a", slot=10), call(0, monday, "a"),
        ])  # fmt: skip
        assert (first.status, again.status) == (201, 201)
        assert told(again) == told(first)
        assert (other_body.status, told(other_body)["code"]) == (422, "idempotency_key_reused")

        # Another account's key is another key, and so is one of another path.
        someone_else, elsewhere = await _one_by_one(port, [
            call(1, monday, "a", slot=20), call(0, monday, "a", slot=30, path=OTHER_NAME),
        ])  # fmt: skip
        assert (someone_else.status, elsewhere.status) == (201, 201)
        assert len({told(shot)["id"] for shot in (first, someone_else, elsewhere)}) == 3

        # What was refused had no effect, so its key is free: even for another body.
        lost, won = await _one_by_one(port, [call(2, monday, "b", slot=0), call(2, monday, "b", slot=40)])
        assert (lost.status, told(lost)["code"]) == (409, "slot_taken")
        assert won.status == 201
    async with db.connection() as conn:
        assert await written(conn) == (4,) * 4


async def _one_by_one(port: int, calls: list[bytes]) -> list[wire.Shot]:
    return await wire.fire(port, calls, 1, seconds=60, keep=True)


async def test_a_key_is_bound_to_its_method(db: Database, now: datetime) -> None:
    account = uuid4()
    made: list[int] = []

    async def verb(_conn: Conn) -> idempotency.Answer:
        made.append(len(made))
        return idempotency.Answer(200, {"number": len(made)})

    for method, number in (("POST", 1), ("PUT", 2), ("POST", 1)):
        key = idempotency.make_key(account, method, "/api/x", "k", b"{}")
        assert (await idempotency.once(db, key, now, verb)).body == {"number": number}
    assert len(made) == 2
