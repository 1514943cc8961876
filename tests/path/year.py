"""A year of an invented practice behind the web program, and everything of it that a stranger's eye can meet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import unquote_plus, urljoin, urlsplit

import httpx
import pytest
from litestar import Litestar

from kikao import web, wiring_work
from kikao.accounts.signing_in import open_sign_in
from kikao.core import i18n
from kikao.core.actor import THE_SYSTEM
from kikao.core.clock import utc_now
from kikao.core.db import Conn, Database, Row
from kikao.core.web import Kit
from kikao.demo import history, people, seed
from kikao.notifications import kinds, queries
from kikao.notifications.rules import telling_words
from kikao.payments import charges
from kikao.sessions.reminding import TOMORROW
from support import app as apps
from support.house import environment
from support.people import USUAL

EACH = 5  # so many pages of one form are opened by one person; the others of that form differ by an id only
OUR_OWN = ("/api/", "/static/", "/schema", "/callbacks")  # what no address bar and no list of pages shows
_ADDRESS = re.compile(r'(?:href|action|formaction|src|poster|data-\w+-?url)="([^"]*)"')
_TITLE = re.compile(r"<title>([^<]*)</title>")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+|(?<=/)[A-Z0-9]{6,}|(?<=/p/)[^/]+|(?<=/t/)\w+|(?<==)[^&]*")


class Year:
    """`people`, `places`: what is never to be read outside; `found`: where it was, by kind of place; `seen`: how much
    was looked at."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self.db = kit, kit.db
        self.people: list[str] = []
        self.places: list[str] = []
        self.visitors: dict[str, apps.Visitor] = {}
        self.found: dict[str, list[str]] = {}
        self.seen: Counter[str] = Counter()

    def read(self, where: str, text: str) -> None:
        self.seen[where] += bool(text)
        if words := telling_words(unquote_plus(unquote_plus(text)), self.people, self.places):
            self.found.setdefault(where, []).append(f"{', '.join(words)}: {text}")

    async def speak(self, spoken: str) -> None:
        await self.db.pool.execute("update accounts.person set language = $1", spoken)
        for visitor in self.visitors.values():
            visitor.browser.headers["Accept-Language"] = spoken

    async def walk(self, who: str, starts: list[str]) -> None:
        """Every page that leads on from these, as this one opens them."""
        visitor, known, forms = self.visitors[who], set[str](), Counter[str]()
        todo = list(starts)
        while todo:
            path = todo.pop(0)
            form = _ID.sub("*", path)
            if path in known or forms[form] >= EACH:
                continue
            known.add(path)
            forms[form] += 1
            todo += [one for one in self.look(await visitor.page("GET", path)) if one not in known]

    def look(self, answer: httpx.Response) -> list[str]:
        """Where it leads."""
        assert answer.status_code < 500, answer.url
        leads = [answer.headers.get("location", "")]
        self.read("location", leads[0])
        self.read("file name", answer.headers.get("content-disposition", ""))
        kind = answer.headers.get("content-type", "")
        if kind.startswith("text/calendar"):
            self.read("calendar entry", answer.text)
        if kind.startswith("text/html"):
            for title in _TITLE.findall(answer.text):
                self.read("title", unescape(title))
            addresses = [unescape(one) for one in _ADDRESS.findall(answer.text)]
            for one in addresses:
                if not one.startswith(("tel:", "mailto:", *OUR_OWN)):
                    self.read("address", one)
            leads += [unescape(one) for one in re.findall(r'href="([^"]*)"', answer.text)]
        return [to for one in leads if (to := self._own(str(answer.url), one))]

    def _own(self, base: str, address: str) -> str | None:
        whole = urlsplit(urljoin(base, address))
        if whole.netloc != urlsplit(apps.BASE).netloc or whole.path.startswith(OUR_OWN) or not address:
            return None
        return whole.path + (f"?{whole.query}" if whole.query else "")

    async def calendars(self) -> None:
        rows = await self.db.pool.fetch(
            """
            select s.reference, c.name as client, p.name as psychologist
            from sessions.session s
            join accounts.people c on c.id = s.client_id join accounts.people p on p.id = s.psychologist_id
            where s.status = 'Confirmed'
            """
        )
        for row in rows:
            for who in {row["client"], row["psychologist"]} & set(self.visitors):
                self.look(await self.visitors[who].page("GET", f"/s/{row['reference']}/calendar"))

    async def messages(self, spoken: str) -> set[str]:
        """What every kind has to say to whom it concerns: at once, a day before, and when it begins. The kinds that
        had something to say."""
        told: set[str] = set()
        with i18n.speaking(spoken):
            async with self.db.connection() as conn:
                for row in await conn.fetch(_ABOUT):
                    reader = await queries.reader(conn, row["recipient"])
                    for kind in kinds.KINDS.values():
                        if kind.code or (kind.name == TOMORROW) != (row["about"] == row["recipient"]):
                            continue
                        for now in (row["created_at"], row["starts_at"] - timedelta(hours=30), row["starts_at"]):
                            if await self._composed(conn, kind, reader, row, now):
                                told.add(kind.name)
        return told

    async def _composed(
        self, conn: Conn, kind: kinds.Kind, reader: kinds.Reader | None, row: Row, now: datetime
    ) -> bool:
        post = kinds.Post(kind=kind.name, **{name: row[name] for name in POST})
        tools = kinds.Tools(
            vault=self.kit.vault, trading_name=self.kit.trading_name, base_url=apps.BASE, now=now,
            practice_phone=self.kit.practice_phone, mail_sender="hello@rooms.example.test",
        )  # fmt: skip
        composed = await kind.compose(conn, post, reader, tools)
        for text in composed.texts() if composed else ():
            # A calendar entry names its reader's own address.
            self.read("message", text.replace((reader and reader.email) or "-", ""))
        return composed is not None


POST = ("id", "about", "recipient", "version", "created_at")
# Sessions of every status for their two people; money that comes back; each psychologist's days.
_ABOUT = """
    select s.id, s.id as about, p as recipient, s.moved + 1 as version, s.created_at, s.starts_at
    from (select *, row_number() over (partition by status order by id) as number from sessions.session) s
    cross join lateral unnest(array[s.client_id, s.psychologist_id]) p
    where s.number <= 12
    union all
    select d.id, d.id, s.client_id, 1, s.created_at, s.starts_at
    from payments.duty d join sessions.session s on s.charge_id = d.charge_id
    union all
    select distinct s.psychologist_id, s.psychologist_id, s.psychologist_id,
        to_char(s.starts_at at time zone 'Africa/Nairobi', 'YYYYMMDD')::int,
        min(s.created_at) over (partition by s.psychologist_id), s.starts_at
    from sessions.session s where s.status = 'Confirmed'
"""


@asynccontextmanager
async def seeded(url: str, **changed: str) -> AsyncIterator[Year]:
    """The demo's practice, a year long, in this empty database, and a browser for one of each role."""
    told = environment(url, apps.NOWHERE.url, apps.NOWHERE, 8000)
    with pytest.MonkeyPatch.context() as longer:
        longer.setattr(history, "PAST_DAYS", 365)
        await seed.fill(url, told, "Acacia-dhow-kite-7")
    before = dict(kinds.KINDS)
    wiring_work.wire()
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(apps.lifespan(web.build(apps.machine(url, **changed))))
        year = Year(app.state.kit)
        stack.callback(kinds.KINDS.update, before)
        stack.callback(kinds.KINDS.clear)
        await _names(year)
        await _give_back(year)
        year.visitors["nobody"] = apps.Visitor(app, None, None)
        for person in ROLES:
            year.visitors[person.name] = await _sign_in(app, year.db, person)
        for visitor in year.visitors.values():
            stack.push_async_callback(visitor.close)
        yield year


ROLES = (people.HALIMA, people.OTIENO, people.WAMBUI, people.NJERI)


async def _names(year: Year) -> None:
    rows = await year.db.pool.fetch("select name from accounts.people")
    year.people = [row["name"] for row in rows]
    year.places = [part for room in people.ROOMS for part in room]


async def _give_back(year: Year) -> None:
    """The first half of what is owed."""
    async with year.db.transaction() as conn:
        duties = await conn.fetch("select id from payments.duty where done_at is null order by id")
        for row in duties[: len(duties) // 2]:
            await charges.done(conn, THE_SYSTEM, row["id"], utc_now())


async def _sign_in(app: Litestar, db: Database, person: people.Person) -> apps.Visitor:
    async with db.transaction() as conn:
        account = await conn.fetchval("select account_id from accounts.people where name = $1", person.name)
        cookie = await open_sign_in(conn, account, kind="page", own_phone=True, now=utc_now(), numbers=USUAL)
    return apps.Visitor(app, None, cookie)
