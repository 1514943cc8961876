"""The practice's lists, and the pages that only read, in their faces. Its forms are in faces_forms.py, a session's
buttons in faces_session.py, a psychologist's own pages in faces_own.py; each file has a practice of its own."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from admin.test_pictures import a_small_history
from availability.calendars import add_place
from kikao.admin.rules import SETTINGS
from kikao.core.clock import utc_now
from kikao.core.db import Conn
from kikao.core.ids import new_id
from kikao.payments import reversals
from kikao.payments.charges import done
from kikao.sessions.rules import CONFIRMED, IN_PROGRESS, STATUSES, WAITING
from kikao.wiring import wire
from sessions.staging import money_arrives
from sessions.staging import stage as session
from support.cast import workday

from .bad_week import a_bad_week
from .faces import Stage, face, fills

CONSENT = "We keep your name, your contact and your sessions."  # read aloud in whichever language
LISTS = ("codes", "day", "duties", "listing?show=waiting", "objections", "payments", "pictures", "places",
         "lines", "sessions", "strays", "stuck", "suspense", "unreached", "")  # fmt: skip
FULL = (*LISTS, "listing", "settings", "settings/{setting}", "terms", "listing/{otieno}", "people/{halima}",
        "people/{wambui}", "caller/{halima}", "caller/{unheard}", "journal/{amina}", "payments/{charge}",
        "places/{place}", "duties?show=all", "sessions?show=past", "hire")  # fmt: skip
NAMES = {"setting": "code", "charge": "charge_id", "place": "place_id", "otieno": "person_id", "halima": "person_id",
         "wambui": "person_id", "amina": "noun_id", "unheard": "person_id", "kamau": "noun_id"}  # fmt: skip


def people(here: Stage) -> dict[str, Any]:
    return {name: getattr(here.cast, name).person_id for name in here.cast.__struct_fields__}


def a_list(name: str, which: str, who: str = "njeri") -> None:
    """A page that is looked at as it opens. What is in braces is a fact of the practice."""
    path, _mark, query = f"/practice/{name}".rstrip("/").partition("?")
    route = path
    for fact, parameter in NAMES.items():
        route = route.replace(f"{{{fact}}}", f"{{{parameter}}}")

    @face(f"GET {route}", which, who=who, note=query or name.partition("{")[2].rstrip("}"))
    async def opened(here: Stage) -> None:
        await here.goto(f"/practice/{name}".format(**people(here) | here.facts))


for _name in LISTS:
    if _name != "lines":
        a_list(_name, "empty")
for _name in FULL:
    a_list(_name, "full")
a_list("decisions", "empty")
a_list("journal/{kamau}", "empty")
a_list("caller", "full", "wambui")


@face("GET /practice/lines", "empty", who="njeri")
async def nobody_to_ring(here: Stage) -> None:
    """The cast has lines: they are away while the page opens."""
    async with here.db.connection() as conn:
        await conn.execute("create temp table kept as select * from directory.emergency_line")
        await conn.execute("delete from directory.emergency_line")
        try:
            await here.goto("/practice/lines")
        finally:
            await conn.execute("insert into directory.emergency_line select * from kept")
            await conn.execute("drop table kept")


@fills
async def a_practice_at_work(here: Stage) -> None:
    """One of everything that somebody here has to look at, and a session in every status."""
    wire()
    cast, facts = here.cast, here.facts
    facts |= people(here)
    facts["charge"] = (await a_bad_week(here.db, cast, here.vault)).charge_id
    facts["setting"] = SETTINGS["sessions.pay_hours"].code
    async with here.db.transaction() as conn:
        facts["place"] = await add_place(conn, "Upper Hill")
        await conn.execute(
            "insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes, place_id)"
            " values ($1, $2, 6, 540, 720, '{In Person}', $3)", new_id(), cast.otieno.person_id, facts["place"])
        await one_of_each(conn, here)
        await a_small_history(conn, cast, utc_now())
        await left_behind(conn, here)
        await nobody_asked_yet(conn, here)
        await taken_back(conn, here)
    await they_press(here)
    facts["with_code"] = await here.db.pool.fetchval(
        "select c.reference from payments.charge c join payments.claim m on m.charge_id = c.id where m.code like '%67'")
    facts["typed"] += ["Upper Hill", "1 Long Road", "TimeoutError", "KeyError", CONSENT]


async def one_of_each(conn: Conn, here: Stage) -> None:
    """Halima's with Dr Otieno; their references are facts, by their status."""
    now, cast = utc_now(), here.cast
    for number, status in enumerate(STATUSES, start=1):
        ahead = status in WAITING | {CONFIRMED}
        start = workday(now, ahead=5, hour=7 + 2 * number) if ahead else now - timedelta(days=number)
        if status == IN_PROGRESS:
            start = now.replace(second=0, microsecond=0) - timedelta(minutes=20)
        made = now if ahead else min(now, start) - timedelta(hours=1)
        session_id = await session(conn, cast, status, start, made, open_no=number, client=cast.halima)
        here.facts[status.lower().replace(" ", "_")] = await reference(conn, session_id)


async def left_behind(conn: Conn, here: Stage) -> None:
    """A session of somebody who is listed no more, one about to begin, one that is over, one that can be paid back."""
    now, cast, facts = utc_now(), here.cast, here.facts
    minute = now.replace(second=0, microsecond=0)
    with_wanjiru = partial(session, conn, cast, CONFIRMED, client=cast.amina, psychologist=cast.wanjiru)
    await with_wanjiru(workday(now, ahead=6), now)
    begun = minute + timedelta(hours=20)
    paid = await session(conn, cast, "Approved", begun, now - timedelta(hours=5), open_no=12, hold=timedelta(hours=9))
    await money_arrives(conn, paid, 2500, now - timedelta(hours=3))
    made = {
        "paid_back": paid,
        "soon": await with_wanjiru(minute + timedelta(minutes=10), now),
        "objected": await with_wanjiru(minute - timedelta(minutes=95), now - timedelta(days=1)),
        "asked_again": await session(conn, cast, "Pending Approval", workday(now, ahead=9), now, open_no=14),
    }
    facts |= {name: await reference(conn, session_id) for name, session_id in made.items()}


async def they_press(here: Stage) -> None:
    """What only the two who meet can do: cancel late, say that nobody came, say that it was not so."""
    facts, cast = here.facts, here.cast
    for who, path, reason in (
        (cast.amina, f"{facts['paid_back']}/cancel", ""), (cast.wanjiru, f"{facts['objected']}/no-show", ""),
        (cast.amina, f"{facts['objected']}/object", "I waited on the link"),
    ):
        await here.sign_in(who)
        answer = await here.page.request.post(f"{here.url}/s/{path}", form={"reason": reason})
        assert answer.ok, path
    await here.screen.context.clear_cookies()
    async with here.db.transaction() as conn:
        given = await conn.fetchval(
            "select id from payments.duty where done_at is null order by created_at, id limit 1")
        await done(conn, cast.njeri.actor, given, utc_now(), None)
    facts["typed"] += ["I waited on the link"]


async def nobody_asked_yet(conn: Conn, here: Stage) -> None:
    """Somebody without an account who has not agreed to what is kept."""
    unheard = here.facts["unheard"] = new_id()
    await conn.execute(
        "insert into accounts.person (id, name, created_at, language) values ($1, 'Wafula', now(), 'en')", unheard)


async def taken_back(conn: Conn, here: Stage) -> None:
    """M-Pesa took one payment back; of the one about which most is known it may yet."""
    every = await conn.fetch(
        "select r.id, r.charge_id from payments.receipt r where channel = 'mpesa' and r.charge_id is not null"
        " and not exists (select from payments.duty d where d.charge_id = r.charge_id)")
    known = {row["charge_id"]: row["id"] for row in every}
    here.facts["charge_receipt"] = known.pop(here.facts["charge"])
    [(charge_id, receipt_id)] = known.items()
    await reversals.note(conn, here.cast.njeri.actor, charge_id, receipt_id, utc_now())
    here.facts["reversal"] = await conn.fetchval("select id from payments.reversal where receipt_id = $1", receipt_id)


async def reference(conn: Conn, session_id: Any) -> str:
    found: str = await conn.fetchval("select reference from sessions.session where id = $1", session_id)
    return found
