"""Every route that changes something leaves a line in the journal, or stands in noted.tsv with the reason why not.

The table says which line a good request leaves: by whom, noun and verb. `themselves` is the account that the line is
about; `nobody` somebody who is not signed in. The good requests stand in `changes_….py`. What is refused leaves none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from api import changes_money, changes_people, changes_practice, changes_sessions
from api.changes import GOOD, Ask, Scene, send
from api.test_permissions import WHO
from api.test_permissions import written as permitted
from kikao.admin import journal_words
from kikao.admin.line_pages import DEEDS as LINE_DEEDS
from kikao.admin.paper_pages import DECISIONS
from kikao.admin.person_pages import DEEDS
from kikao.admin.words import STUCK
from kikao.core.ids import new_id
from kikao.journal.queries import Entry
from support.app import World
from support.routes import all_routes

TABLE = Path(__file__).with_name("noted.tsv")
READS = ("GET", "HEAD", "OPTIONS")
# An address with a word for what is done is as many routes as there are words.
WORDS: dict[str, tuple[str, ...]] = {
    "/practice/people/{person_id}/{deed}": ("state", *DEEDS),
    "/practice/lines/{line_id}/{deed}": tuple(LINE_DEEDS),
    "/practice/listing/{person_id}/{decision}": tuple(DECISIONS),
    "/practice/stuck/{kind}/{row_id}/again": tuple(STUCK),
}
# The noun is whoever was made, not whoever stands in the address.
OF_SOMEBODY_NEW = ("make_person", "act_for")
LOOKS = ("look", "look at payments", "search people", "open the reason", "open the note", "open the number")
STRANGERS = ("halima", "wanjiru", "otieno", "amina", "wambui", "nobody")
ROOMS = {"sessions": changes_sessions, "people": changes_people, "practice": changes_practice,
         "money": changes_money}  # fmt: skip


class Line(msgspec.Struct, frozen=True):
    """What has to be there, or `why_not`."""

    route: str
    by: str = ""
    noun: str = ""
    verb: str = ""
    why_not: str = ""


def written() -> dict[str, Line]:
    found: dict[str, Line] = {}
    for text in TABLE.read_text().splitlines():
        if text and not text.startswith("#"):
            route, by, noun, words = text.split("\t")
            found[route] = Line(route, why_not=words) if by == "-" else Line(route, by, noun, words)
    return found


def routes(listed: Any = None) -> dict[str, str]:
    """Every route that may change something, one for each word of those in WORDS; and as the application names it."""
    found: dict[str, str] = {}
    for method, path, _ in all_routes() if listed is None else listed:
        for word in WORDS.get(path, ("",)) if method not in READS else ():
            found[f"{method} {re.sub('{(deed|decision|kind)}', word, path)}"] = f"{method} {path}"
    return found


class Journal:
    """What was written since the last look."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.seen: list[UUID] = []

    async def news(self) -> list[Entry]:
        async with self.scene.world.db.connection() as conn:
            rows = await conn.fetch("select * from journal.line where id <> all ($1) order by at, id", self.seen)
        self.seen.extend(row["id"] for row in rows)
        return [Entry(**{**row, "facts": row["facts"] or {}}) for row in map(dict, rows)]


def told(entry: Entry, names: Mapping[UUID, str]) -> tuple[str, str, str]:
    """By whom, noun and verb."""
    themselves = "themselves" if entry.by_account == entry.noun_id else "somebody else"
    return names.get(entry.by_account, themselves), entry.noun, entry.verb


def missing(line: Line, entries: list[Entry], names: Mapping[UUID, str], ask: Ask) -> str | None:
    """What is not as the table says."""
    there = [told(entry, names) for entry in entries]
    if line.why_not:
        return f"{line.route}: leaves {there}" if there else None
    wanted = (line.by, line.noun, line.verb)
    about = [entry.noun_id for entry in entries if told(entry, names) == wanted]
    if not about:
        return f"{line.route}: no {wanted} in {there}"
    named = ask.names.get(f"{line.noun}_id")
    if named is not None and UUID(str(named)) not in about and line.verb not in OF_SOMEBODY_NEW:
        return f"{line.route}: {wanted} is about {about}, not {named}"
    return None


def effects(entries: list[Entry]) -> list[str]:
    """What was done: the page that says what was refused is a look at somebody, too, and noted as one."""
    return [entry.verb for entry in entries if entry.verb not in LOOKS]


def refused(answer: httpx.Response) -> bool:
    return answer.status_code >= 400 or answer.headers.get("location", "").startswith("/sign-in?")


def stranger_to(route: str, who: str) -> str | None:
    """Somebody who may not, by the table of permissions; what is for nobody in particular has none."""
    if who == "nobody":
        return None
    cells = dict(zip(WHO, permitted()[routes()[route]], strict=True))
    return next((one for one in STRANGERS if one != who and cells[one] != "200"), None)


async def refusals(scene: Scene, route: str, ask: Ask, address: str) -> list[str]:
    """The same of a stranger, and with something unknown in it: each is to be refused and to leave nothing."""
    method, _ = route.split(" ")
    tries = [(who, ask.form)] if (who := stranger_to(route, ask.who)) else []
    if ask.form and address.startswith("/api/"):
        tries.append((ask.who, {**ask.form, "unknown": 1}))
    wrong, journal = [], Journal(scene)
    for who, form in tries:
        await scene.sign_in(who)
        await journal.news()
        answer = await send(scene.world.by_name[who], method, address, form)
        left = effects(await journal.news())
        if left or not refused(answer):
            wrong.append(f"{route} by {who}: {answer.status_code}, and left {left}")
    return wrong


async def tell(scene: Scene, route: str) -> list[str]:
    """Sends this route's good request, those that are to be refused before it, and the good one once more after it."""
    journal, line = Journal(scene), written().get(route) or Line(route)
    method, path = route.split(" ")
    ask = await GOOD[route](scene)
    address = path.format_map({name: str(value) for name, value in ask.names.items()})
    wrong = await refusals(scene, route, ask, address)
    await scene.sign_in(ask.who)
    await journal.news()
    answer = await send(scene.world.by_name[ask.who], method, address, ask.form)
    if refused(answer):
        return [*wrong, f"{route}: was to succeed: {answer.status_code} {answer.text[-1500:]}"]
    lacks = missing(line, await journal.news(), scene.names, ask)
    again = await send(scene.world.by_name[ask.who], method, address, ask.form)
    if refused(again) and (left := effects(await journal.news())):
        wrong.append(f"{route}: refused the second time, and left {left}")
    return [*wrong, lacks] if lacks else wrong


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


def of_room(room: str) -> list[str]:
    return [route for route, make in GOOD.items() if make.__module__ == ROOMS[room].__name__]


# the promises -------------------------------------------------------------------------------------


def unwritten(there: Mapping[str, str]) -> list[str]:
    return [route for route in there if route not in written() or route not in GOOD]


def test_every_changing_route_has_a_line_and_a_good_request() -> None:
    assert unwritten(routes()) == [], "write a line for each in noted.tsv, and a good request in changes_….py"
    assert [route for route in [*written(), *GOOD] if route not in routes()] == [], "there are no such routes any more"
    new = [*all_routes(), ("POST", "/s/{reference}/forget", None), ("GET", "/s/{reference}/forget", None)]
    assert unwritten(routes(new)) == ["POST /s/{reference}/forget"]  # the negative control


def test_who_leaves_none_says_why() -> None:
    whys = {line.route: line.why_not for line in written().values() if not line.verb}
    assert all(re.fullmatch(r"[A-Z].{20,}\.", why) for why in whys.values()), whys
    assert len(whys) < 15, "the exceptions become the rule"


def test_what_a_change_leaves_is_told_in_words() -> None:
    lines = [line for line in written().values() if line.verb]
    assert {line.verb for line in lines} - set(journal_words.DONE) == set()
    assert {line.noun for line in lines} - set(journal_words.NOUNS) == set()


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
async def test_every_change_is_noted(scene: Scene, room: str) -> None:
    assert [wrong for route in of_room(room) for wrong in await tell(scene, route)] == []


SWALLOW = """
create function journal.swallow() returns trigger language plpgsql as 'begin return null; end';
create trigger swallow before insert on journal.entry for each row execute function journal.swallow();
"""


async def test_negative_control_without_the_journal_each_is_missed(scene: Scene) -> None:
    async with scene.world.db.connection() as conn:
        await conn.execute(SWALLOW)
    some = ["PUT /api/sessions/{session_id}/approve", "POST /api/sessions/request", "POST /practice/lines"]
    for route in some:
        line = written()[route]
        assert await tell(scene, route) == [f"{route}: no {(line.by, line.noun, line.verb)} in []"]


async def test_negative_control_another_s_name_another_thing_and_a_line_too_many(scene: Scene) -> None:
    noun_id, njeri = new_id(), scene.cast.njeri.account_id
    entry = Entry(new_id(), scene.now, njeri, "approve", "session", noun_id, {})
    line, ask = Line("POST /x", "njeri", "session", "approve"), Ask("njeri", names={"session_id": noun_id})
    assert missing(line, [entry], scene.names, ask) is None
    for wrong in (
        missing(msgspec.structs.replace(line, by="otieno"), [entry], scene.names, ask),
        missing(msgspec.structs.replace(line, noun="charge"), [entry], scene.names, ask),
        missing(line, [msgspec.structs.replace(entry, noun_id=new_id())], scene.names, ask),
        missing(Line("POST /x", why_not="Nothing changes."), [entry], scene.names, ask),
    ):
        assert wrong is not None
