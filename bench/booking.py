"""Requests booked: over HTTP, and the same statement alone under pgbench, on copies of one database."""

from __future__ import annotations

import os
import random
import re
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec

from bench import crowd, place, wire
from bench.load import Job, Result, measure
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core.clock import utc_now
from kikao.core.db import LIMITS, one
from kikao.core.embedded import Cluster
from kikao.core.ids import SYSTEM
from kikao.directory.rules import Numbers as Rates
from kikao.sessions import rules
from kikao.sessions.sql import BOOK

CONNECTIONS = 16
WEEKS = 6  # within the horizon
SLOTS = place.PSYCHOLOGISTS * WEEKS * crowd.A_WEEK
PATH = "/api/sessions/request"

_WINNERS = """
select count(*) as sessions, count(c.id) as charges,
       (select count(*) from journal.entry where verb = 'request') as entries,
       (select count(*) from notifications.outbox where kind = 'requested') as messages,
       (select count(*) from sessions.session a join sessions.session b
        on a.psychologist_id = b.psychologist_id and a.id < b.id and a.occupied && b.occupied) as overlaps
from sessions.session s left join payments.charge c on c.id = s.charge_id where s.status = 'Pending Approval'
"""


class WrongWinners(Exception):
    """A throughput of the wrong thing is no throughput."""


async def check_winners(url: str, booked: int) -> None:
    """Raises WrongWinners unless each booking has its session, charge, journal line and message, and none overlap."""
    conn = await asyncpg.connect(url)
    try:
        found = tuple(one(await conn.fetchrow(_WINNERS)))
    finally:
        await conn.close()
    if found != (booked, booked, booked, booked, 0):
        raise WrongWinners(f"{booked} answers, but sessions, charges, entries, messages, overlaps are {found}")


def request(psychologist: int, slot: int, client: int, monday: datetime) -> bytes:
    body = msgspec.json.encode({
        "psychologistId": crowd.crowd_id(crowd.PSYCHOLOGIST, psychologist), "sessionType": "Individual",
        "sessionDate": crowd.start_of(slot, monday),
    })  # fmt: skip
    return wire.post(PATH, body, crowd.token(client))


def requests(many: int, *, after: int = 0) -> list[bytes]:
    """Different clients, different times, in a random order that is the same each time."""
    monday = crowd.first_monday(utc_now())
    order = list(range(SLOTS))
    random.Random(7).shuffle(order)
    found = []
    for client, number in enumerate(order[after : after + many], start=after + 1):
        slot, psychologist = divmod(number, place.PSYCHOLOGISTS)
        found.append(request(psychologist + 1, slot, client, monday))
    return found


async def over_http(url: str, web: place.Web, *, seconds: float) -> Result:
    """As many as 16 connections can get through; only 201 counts, and only when the rows are there."""
    await measure(Job(port=web.port, connections=CONNECTIONS, requests=requests(400), seconds=10))  # warm
    result = await measure(
        Job(port=web.port, connections=CONNECTIONS, requests=requests(20_000, after=400), seconds=seconds)
    )
    await check_winners(url, 400 + result.counts.get(201, 0))
    if set(result.counts) != {201}:
        raise WrongWinners(f"some were refused: {result.counts}")
    return result


async def at_rate(web: place.Web, rate: float, *, seconds: float) -> Result:
    many = min(int(rate * seconds), 15_000)
    return await measure(Job(
        port=web.port, connections=CONNECTIONS, requests=requests(many, after=21_000), rate=rate, seconds=seconds + 5
    ))  # fmt: skip


# pgbench ------------------------------------------------------------------------------------------

# What differs from booking to booking, as expressions of pgbench's number of the booking. Everything else is fixed.
_EXPRESSIONS = {
    "session_id": crowd.sql_id(crowd.SESSION, ":n::integer"),
    "charge_id": crowd.sql_id(crowd.CHARGE, ":n::integer"),
    "entry_id": crowd.sql_id(101, ":n::integer"),
    "message_id": crowd.sql_id(102, ":n::integer"),
    "client_id": crowd.sql_id(crowd.CLIENT, ":n::integer"),
    "asker_id": crowd.sql_id(crowd.CLIENT, ":n::integer"),
    "psychologist_id": crowd.sql_id(crowd.PSYCHOLOGIST, ":psychologist::integer"),
    "starts_at": "to_timestamp(:at::double precision)",
    "reference": "translate(lpad((:n::integer)::text, 8, '0'), '01', 'AB')",
    "link_hash": "sha256(int8send(:n::bigint))",
    "second_entry_id": crowd.sql_id(103, ":n::integer"),
    "second_message_id": crowd.sql_id(104, ":n::integer"),
    "booked_by": "null",
    "sealed_note": "null",
    "sealed_against": "null",
    "country": "null",
    "place_id": "null",
}

_SCRIPT = """
\\set turn :turn + 1
\\set n :turn * {connections} + :client_id + 1
\\set k permute(:n - 1, {slots}, 7)
\\set psychologist :k % {psychologists} + 1
\\set slot :k / {psychologists}
\\set day :slot % {a_week} / {a_day}
\\set at :monday + (:slot / {a_week} * 10080 + :day * 1440 + :slot % {a_day} * {apart}) * 60
{statement};
"""


def script() -> str:
    """The text of the booking statement, with `:name` for pgbench; a cast `::` is left alone by both."""
    pattern = re.compile(r"(?<![:\w]):([a-z_]+)(::[a-z]+)?")

    def put(found: re.Match[str]) -> str:
        expression = _EXPRESSIONS.get(found.group(1))
        return found.group(0) if expression is None else f"({expression}){found.group(2) or ''}"

    return _SCRIPT.format(
        connections=CONNECTIONS, slots=SLOTS, psychologists=place.PSYCHOLOGISTS, a_week=crowd.A_WEEK,
        a_day=crowd.A_DAY, apart=crowd.APART, statement=pattern.sub(put, BOOK.text),
    )  # fmt: skip


def without_a_value() -> set[str]:
    """Names of the statement that nobody here gives one to: pgbench would send them as they are."""
    return set(BOOK.names) - set(_EXPRESSIONS) - set(_fixed())


def _fixed() -> dict[str, str]:
    now = utc_now()
    amount, minutes = Rates().default("Individual")
    numbers = rules.Numbers()
    return {
        "turn": "-1", "monday": str(int(crowd.first_monday(now).timestamp())), "now": now.isoformat(),
        "session_type": "Individual", "mode": "Online", "proved": "true",
        "taken_by": str(SYSTEM), "by_psychologist": "false",
        **dict.fromkeys(
            ("answer_until", "pay_until", "pay_hold_until", "first_pay_until", "first_hold_until"),
            (now + timedelta(hours=24)).astimezone(UTC).isoformat(),
        ),
        "default_amount": str(amount), "default_minutes": str(minutes), "open_at_first": str(numbers.open_at_first),
        "open_when_known": str(numbers.open_when_known),
        **{name: str(value) for name, value in msgspec.structs.asdict(CalendarNumbers()).items()},
    }  # fmt: skip


def _pgbench(place_: Cluster, arguments: Sequence[str]) -> str:
    options = " ".join(f"-c {name}={value}" for name, value in LIMITS.items() if name != "application_name")
    done = subprocess.run(
        [place_.binaries / "pgbench", *arguments], env={**os.environ, "PGOPTIONS": options},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"pgbench failed: {done.stderr.strip()[-500:]}")
    return done.stdout


async def under_pgbench(place_: Cluster, url: str, *, seconds: int) -> float:
    """Bookings a second of the statement alone, with as many connections and the same durability."""
    fixed = [part for name, value in _fixed().items() for part in ("-D", f"{name}={value}")]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script())
        file.flush()
        told = _pgbench(place_, [
            "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2", "-T", str(seconds), *fixed, "-f", file.name, url,
        ])  # fmt: skip
    done = re.search(r"number of transactions actually processed: (\d+)", told)
    rate = re.search(r"tps = ([\d.]+) ", told)
    assert done is not None
    assert rate is not None
    await check_winners(url, int(done.group(1)))
    return float(rate.group(1))
