"""What people wait for: slots of a month, next free times, a lost slot; and letters from a provider."""

from __future__ import annotations

import random
from datetime import timedelta
from time import perf_counter
from urllib.parse import urlencode

from bench import booking, crowd, place, wire
from bench.load import Job, Result, measure
from kikao.availability import queries
from kikao.availability.rules import Numbers
from kikao.core import db
from kikao.core.clock import utc_now

PAST = 100_000
BUSY_ONE = 1  # the psychologist with the past
ATTEMPTS = 2_000


async def month(web: place.Web, *, times: int) -> list[float]:
    """Seconds for the free times of one psychologist in one month, one request at a time."""
    first = crowd.first_monday(utc_now()).date()
    path = f"/api/psychologists/{crowd.crowd_id(crowd.PSYCHOLOGIST, BUSY_ONE)}/slots"
    asked = wire.get(f"{path}?from={first}&to={first + timedelta(days=30)}", crowd.token(1))
    await measure(Job(port=web.port, connections=4, requests=[asked] * 60))  # warm: both workers have their plans
    result = await measure(Job(port=web.port, connections=1, requests=[asked] * times))
    return _only(result, 200)


async def add_past(url: str) -> None:
    opened = await db.connect(url, size=1)
    async with opened.connection() as conn:
        await conn.execute("set statement_timeout = 0")
        await crowd.seed_past(
            conn, utc_now(), psychologist=BUSY_ONE, sessions=PAST, clients=place.CLIENTS, first=2_000_000
        )
        await crowd.sign_in_staff(conn, utc_now(), psychologist=BUSY_ONE)
        await conn.execute("vacuum analyze", timeout=crowd.PATIENCE)
        await conn.execute("checkpoint", timeout=crowd.PATIENCE)
    await opened.close()


async def sessions_of(web: place.Web, token: str, *, days: int, times: int) -> list[float]:
    """Seconds for the sessions of the days that have just passed, as who has this token sees them."""
    until = utc_now().replace(minute=0, second=0, microsecond=0)
    begin = until - timedelta(days=days)
    query = urlencode({"from": begin.isoformat(), "to": until.isoformat(), "limit": 100})
    asked = wire.get(f"/api/sessions?{query}", token)
    await measure(Job(port=web.port, connections=4, requests=[asked] * 60))
    return _only(await measure(Job(port=web.port, connections=1, requests=[asked] * times)), 200)


async def next_free(url: str, *, people: int, times: int) -> list[float]:
    """Seconds for the next free time of so many psychologists within 14 days: one query, from Python."""
    wanted = [queries.Wanted(crowd.crowd_id(crowd.PSYCHOLOGIST, number), 60) for number in range(1, people + 1)]
    opened = await db.connect(url, size=1)
    found = []
    async with opened.connection() as conn:
        for _ in range(times + 3):
            now = utc_now()
            begun = perf_counter()
            first = await queries.next_free(conn, wanted, now, now + timedelta(days=14), now=now, numbers=Numbers())
            found.append(perf_counter() - begun)
            assert len(first) == people
    await opened.close()
    return found[3:]


async def contest(web: place.Web, *, slots: int, clients: int) -> list[float]:
    """Seconds until each loser knows: `clients` at once for one slot, one slot after the other.

    Two slots more come first and do not count: every connection makes its plans once.
    """
    monday = crowd.first_monday(utc_now())
    client, losers = 40_000, []
    for slot in range(slots + 2):
        asked = [booking.request(299, slot, client + number, monday) for number in range(clients)]
        client += clients
        result = await measure(Job(port=web.port, connections=clients, requests=asked))
        if result.counts != {201: 1, 409: clients - 1}:
            raise booking.WrongWinners(f"one of {clients} should have won: {result.counts}")
        if slot >= 2:
            losers += result.times[409]
    return losers


async def sale(web: place.Web) -> tuple[list[float], list[float]]:
    """Seconds until everybody, and until each loser knows: 300 clients at once on 30 slots that just opened."""
    monday = crowd.first_monday(utc_now())
    asked = [booking.request(number % 30 + 200, 0, 55_000 + number, monday) for number in range(300)]
    result = await measure(Job(port=web.port, connections=300, requests=asked))
    if result.counts != {201: 30, 409: 270}:
        raise booking.WrongWinners(f"one of ten should have won: {result.counts}")
    return [*result.times[201], *result.times[409]], result.times[409]


async def letters(web: place.Web, *, seconds: float) -> Result:
    """Callbacks on secret paths, in random order; each is stored before it is answered."""
    paths = list(range(1, ATTEMPTS + 1)) * 15
    random.Random(11).shuffle(paths)
    asked = [wire.post(f"/callbacks/{crowd.callback_token(number)}", _CALLBACK) for number in paths]
    await measure(Job(port=web.port, connections=16, requests=asked[:400]))
    result = await measure(Job(port=web.port, connections=16, requests=asked[400:], seconds=seconds))
    _only(result, 200)
    return result


_CALLBACK = (
    b'{"Body":{"stkCallback":{"MerchantRequestID":"29115-34620561-1","CheckoutRequestID":"ws_CO_191220191020363925",'
    b'"ResultCode":0,"ResultDesc":"The service request is processed successfully.","CallbackMetadata":{"Item":['
    b'{"Name":"Amount","Value":2500.00},{"Name":"MpesaReceiptNumber","Value":"NLJ7RT61SV"},'
    b'{"Name":"TransactionDate","Value":20191219102115},{"Name":"PhoneNumber","Value":254700000001}]}}}}'
)


def _only(result: Result, status: int) -> list[float]:
    if set(result.counts) != {status}:
        raise RuntimeError(f"every answer should have been {status}: {result.counts}")
    return result.times[status]
