"""No statement of a request or of the worker reads a growing table whole: each finds its rows by an index.

Beside a practice's past every page is looked at and every change is made; what the programs said to the database
meanwhile is explained by the plan that they use (generic), with reading whole tables priced out. What reads one even so
has no index that would help. Forgetting, once an hour, may: it looks for what is old everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from bench import crowd

from api import changes_money, changes_people, changes_practice, changes_sessions
from api import test_permissions as permissions
from api.changes import GOOD, Scene, send
from kikao import wiring, wiring_work
from kikao.accounts import queries as accounts
from kikao.availability import queries as availability
from kikao.core import db as database
from kikao.core import jobs
from kikao.core.clock import utc_now
from kikao.core.db import Conn
from kikao.sessions import seen, sql
from support import app as apps
from support.cast import workday
from support.routes import all_routes

# What a practice has a few of, however long it runs. Every other table grows.
SMALL = re.compile(
    r"pg_catalog\.|core\.(setting|heartbeat)$|public\.alembic_version$|sessions\.terms$|notifications\.way$"
    r"|availability\.(place|hours|calendar)$|directory\.(psychologist|emergency_line)$|accounts\.consent_text$"
    r"|payments\.(provider_token|reversal)$"
)
# Indexes that hold only what waits for somebody or something, or keeps its time: they may be read whole.
WAITING = frozenset({
    "no_two_at_one_time_for_a_psychologist", "no_two_at_one_time_for_a_client",
    "session_due", "session_to_decide", "outbox_due", "outbox_untold", "attempt_due", "attempt_alarm", "letter_due",
    "claim_open", "duty_open", "reversal_open", "one_open_prompt_a_charge", "one_open_prompt_a_phone",
    "account_never_proved",
})  # fmt: skip
# By a piece of the statement: why it may.
MEANT = {
    "from payments.duty d left join": "finance looks for a duty by anything that is known of it",
    "with line as (": "finance looks for a payment by anything that is known of it",
    "l.received_at as cursor_at": "finance looks through letters that do not fit, the newest first",
    "where f.owner = $1 or t.owner = $1": "the ledger of one payment, for finance",
    "from accounts.person p left join accounts.account a": "a person is found by a part of the name",
    "from sessions.session s where true group by": "figures of all sessions, for desk and admin",
    "from sessions.known group by": "figures of all sessions, for the operator",
}

PEOPLE = ("nobody", "amina", "otieno", "wambui", "makena", "njeri")
ROOMS = {
    "sessions": changes_sessions, "people": changes_people, "practice": changes_practice, "money": changes_money
}


def read_whole(node: dict[str, Any], above: str = "", table: str = "") -> Iterator[str]:
    """The growing tables of a plan that are read without a condition that an index answers. `above` is the kind of the
    node above, `table` what it reads: a bitmap of an index does not say of which."""
    table = f"{node['Schema']}.{node['Relation Name']}" if "Relation Name" in node else table
    index = node.get("Index Name")
    first_ones = above == "Limit" and "Filter" not in node
    walks = index is not None and "Index Cond" not in node and index not in WAITING and not first_ones
    if (node["Node Type"] == "Seq Scan" or walks) and not SMALL.match(table):
        yield f"{table} along {index}" if index else table
    for inner in node.get("Plans", ()):
        yield from read_whole(inner, node["Node Type"], table)


async def plan(conn: Conn, statement: str) -> dict[str, Any]:
    """The generic one, which `core.db` asks for."""
    count = "select cardinality(parameter_types) from pg_prepared_statements where name = 'asked'"
    await conn.execute(f"prepare asked as {statement}")
    try:
        values = ", ".join(["null"] * await conn.fetchval(count))
        told = await conn.fetchval(f"explain (format json, verbose) execute asked{f'({values})' if values else ''}")
    finally:
        await conn.execute("deallocate asked")
    return dict((json.loads(told) if isinstance(told, str) else told)[0]["Plan"])


async def faults(conn: Conn, statements: Iterable[str]) -> dict[str, list[str]]:
    """By statement: what it would read whole, meant or not."""
    for off in ("seqscan", "mergejoin", "hashjoin"):
        await conn.execute(f"set enable_{off} = off")
    return {one: whole for one in statements if (whole := list(read_whole(await plan(conn, one))))}


class Ears:
    """Hears every statement that is sent while somebody listens."""

    SPOKEN = re.compile(r"\s*(select|insert|update|delete|with)\b(?! RECURSIVE typeinfo)", re.IGNORECASE)

    def __init__(self) -> None:
        self.open = False
        self.heard: dict[str, None] = {}

    def hear(self, query: Any) -> None:
        if self.open and self.SPOKEN.match(query.query):
            self.heard[query.query] = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        self.open = True
        yield
        self.open = False

    async def faults(self, scene: Scene) -> dict[str, list[str]]:
        assert len(self.heard) > 20
        async with scene.world.db.connection() as conn:
            return await faults(conn, list(self.heard))


def not_meant(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {one: whole for one, whole in found.items() if not any(piece in one for piece in MEANT)}


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Ears:
    """On every connection that a pool opens from now on."""
    made, prepare = Ears(), database._prepare

    async def with_ears(conn: Conn) -> None:
        await prepare(conn)
        conn.add_query_logger(made.hear)

    monkeypatch.setattr(database, "_prepare", with_ears)
    return made


async def past(conn: Conn) -> None:
    """Of thirty psychologists with six thousand sessions, so that plans are those of a practice that has one."""
    before = utc_now() - timedelta(days=30)
    await crowd.seed(conn, before, psychologists=30, clients=1500)
    await conn.execute("update accounts.consent_text set language = 'fr'")  # nobody's newest
    for number in range(30):
        await crowd.seed_past(
            conn, before, psychologist=1 + number, sessions=200, clients=1500, first=1 + 200 * number)
    await conn.execute(OTHER_TABLES)
    # An empty one that was looked at would count as one that stays empty.
    for table in FILLED:
        await conn.execute(f"analyze {table}")


FILLED = (
    "accounts.person", "accounts.account", "accounts.role", "accounts.consent", "accounts.sign_in",
    "directory.psychologist", "directory.rate", "availability.calendar", "availability.hours", "payments.charge",
    "sessions.session", "journal.entry", "notifications.outbox",
)
OTHER_TABLES = """
insert into journal.entry (id, at, by_account, verb, noun, noun_id)
select gen_random_uuid(), created_at, requested_by, verb, 'session', id
from sessions.session, unnest('{request,approve,complete}'::text[]) verb;
insert into notifications.outbox (id, kind, about, recipient, created_at, sent_at, channel)
select gen_random_uuid(), kind, id, client_id, created_at, created_at, 'sms'
from sessions.session, unnest('{accepted,confirmed}'::text[]) kind;
"""


@pytest.fixture
async def scene(ears: Ears, url: str) -> AsyncIterator[Scene]:
    opened = await database.connect(url)
    async with opened.connection() as conn:
        await past(conn)
    await opened.close()
    async with apps.world(url, utc_now()) as made:
        yield Scene(made)


# the promises -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
async def test_no_change_reads_a_table_whole(scene: Scene, ears: Ears, room: str) -> None:
    for route, make in GOOD.items():
        if make.__module__ == ROOMS[room].__name__:
            method, path = route.split(" ")
            ask = await make(scene)
            await scene.sign_in(ask.who)
            address = path.format_map({name: str(value) for name, value in ask.names.items()})
            with ears.listening():
                answer = await send(scene.world.by_name[ask.who], method, address, ask.form)
            assert answer.status_code < 400, f"{route}: {answer.text}"
    assert not_meant(await ears.faults(scene)) == {}


@pytest.mark.slow
async def test_no_page_and_no_list_reads_a_table_whole(scene: Scene, ears: Ears) -> None:
    """Each route that reads, by everybody; and lists between dates, of one side, and of what is over."""
    addresses = permissions.Scene(scene.world)
    await addresses.prepare()
    days = f"from={workday(scene.now).date()}T00:00:00Z&to={workday(scene.now).date()}T23:00:00Z"
    lists = ("/me?show=past", "/api/sessions?role=client", f"/api/sessions?{days}", "/team", "/t/kbt011?k=i")
    with ears.listening():
        for who in PEOPLE:
            for method, path, _ in all_routes():
                if method == "GET":
                    await addresses.outcome(who, method, path)
            visitor = scene.world.by_name[who]
            for address in lists:
                await (visitor.program if address.startswith("/api/") else visitor.browser).get(address)
    found = await ears.faults(scene)
    assert not_meant(found) == {}
    stale = [piece for piece in MEANT if not any(piece in one for one in found)]
    assert stale == ["from accounts.person p left join accounts.account a"]  # it is asked by a form


@pytest.mark.slow
async def test_no_work_reads_a_table_whole(scene: Scene, ears: Ears) -> None:
    """Taking what is due from every queue, and looking at the clock."""
    await scene.world.approved()
    async with wiring.house(scene.world.app.state.settings) as house, wiring_work.queues(house) as queues:
        with ears.listening():
            for queue in queues:
                await jobs.drain(house.db, queue)
            await wiring_work.plan(house, utc_now())
    assert len(queues) > 4
    assert not_meant(await ears.faults(scene)) == {}


HOT = {
    "a request": sql.BOOK, "booked by hand": sql.BOOK_BY_HAND, "all free times": availability._ALL,
    "the next free time": availability._NEXT, "who is it": accounts._WHO_IS, "sessions of everybody": seen.LIST_ALL,
    "sessions of one's own": seen.LIST_OWN, "what is over": seen.PAST, "requests": seen.REQUESTS,
    "one session": seen.BY_REFERENCE, "once more": seen.AGAIN, "how many": seen.COUNTS_OWN,
}  # fmt: skip


@pytest.mark.slow
async def test_what_is_asked_most_reads_no_table_whole(conn: Conn) -> None:
    await past(conn)
    found = await faults(conn, [one.numbered for one in HOT.values()])
    assert {name: found[one.numbered] for name, one in HOT.items() if one.numbered in found} == {}


OR = """
select exists (select from accounts.people where state <> 'active' and (id = $1::uuid or account_id = $2::uuid))
"""
WALK = """
select id from sessions.session where client_id = $1::uuid or requested_by = $2::uuid order by starts_at desc limit 20
"""


@pytest.mark.slow
async def test_negative_control_two_people_by_one_or_a_list_along_everybody_s_an_index_that_is_gone(conn: Conn) -> None:
    await past(conn)
    found = await faults(conn, [OR, WALK])
    assert any(one.startswith("accounts.person") for one in found[OR])
    assert found[WALK] == ["sessions.session along session_by_start"]
    mine = seen.COUNTS_OWN.numbered
    assert await faults(conn, [mine]) == {}
    await conn.execute("drop index sessions.session_of_client, sessions.session_of_psychologist")
    assert "sessions.session" in (await faults(conn, [mine]))[mine]
