"""Who cannot sign in rings: desk says for them that the psychologist did not come, and that what was said is not so."""

from __future__ import annotations

import html
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from kikao.core.errors import Forbidden, NotPossible
from kikao.core.ids import new_id
from kikao.notifications.kinds import Composed, Post
from kikao.notifications.queries import reader
from kikao.sessions import rules
from kikao.sessions.after_notices import compose_no_show
from kikao.sessions.rules import COMPLETED, CONFIRMED, IN_PROGRESS, NO_SHOW
from sessions.conftest import Desk
from sessions.staging import stage
from support import app as apps
from support.cast import Member
from support.people import tools

pytestmark = pytest.mark.database
MEETING = frozenset({CONFIRMED, IN_PROGRESS})


async def test_that_nobody_came_for_a_caller_from_every_status(desk: Desk) -> None:
    """Desk has heard it; the money waits for its day, in which the psychologist may object."""
    wambui, soon = desk.cast.wambui, timedelta(minutes=20)
    for number, status in enumerate(rules.STATUSES, start=1):
        start = desk.start + timedelta(days=number)
        found = await staged(desk, status, start, number)
        if status in MEETING:
            await desk.do("mark a no-show", wambui, found, start + soon, says="psychologist")
            absent = "select absent from sessions.session where id = $1"
            assert (await desk.stored(found), await desk.value(absent, found)) == (NO_SHOW, "psychologist")
        elif status in (NO_SHOW, COMPLETED):  # the other has spoken already: an objection
            await desk.do("mark a no-show", wambui, found, desk.now, says="psychologist")
            assert await desk.value("select objected_at from sessions.session where id = $1", found) == desk.now
        else:
            with pytest.raises(NotPossible):
                await desk.do("mark a no-show", wambui, found, start + soon, says="psychologist")
            assert await desk.stored(found) == status


async def test_that_it_was_not_so_for_a_caller_from_every_status(desk: Desk) -> None:
    for number, status in enumerate(rules.STATUSES, start=1):
        found = await staged(desk, status, desk.start + timedelta(days=number), number)
        if status in (NO_SHOW, COMPLETED):
            await desk.do("object", desk.cast.wambui, found, desk.now)
            by = await desk.value("select by_account from journal.entry where noun_id = $1 and verb = 'object'", found)
            assert by == desk.cast.wambui.account_id
        else:
            with pytest.raises(NotPossible):
                await desk.do("object", desk.cast.wambui, found, desk.now)


async def staged(desk: Desk, status: str, start: datetime, number: int) -> UUID:
    """Of Mzee Kamau, who has no account."""
    return await desk.stage(status, start, client=desk.cast.kamau, open_no=number)


@pytest.mark.parametrize("verb", ["mark a no-show", "object"])
async def test_who_signs_in_says_it_themselves(desk: Desk, verb: str) -> None:
    found = await desk.stage(CONFIRMED if verb == "mark a no-show" else NO_SHOW)
    for who in (desk.cast.wambui, desk.cast.njeri):
        with pytest.raises(Forbidden):
            await desk.do(verb, who, found, desk.start + timedelta(minutes=20), says="psychologist")


async def told(desk: Desk, client: Member) -> Composed:
    found = await desk.stage(NO_SHOW, client=client)
    async with desk.db.transaction() as conn:
        post = Post(id=new_id(), kind="no-show", about=found, recipient=client.person_id, version=1,
                    created_at=desk.now)
        made = await compose_no_show(conn, post, await reader(conn, client.person_id), tools(desk.now))
    assert made is not None
    return made


async def test_a_message_that_asks_for_a_word_names_the_number_where_no_link_opens(desk: Desk) -> None:
    by_telephone = await told(desk, desk.cast.kamau)
    assert "Not so? Ring +254700000099 by" in by_telephone.sms
    assert "Not so? Ring +254700000099 by" in by_telephone.paragraphs[0]
    assert "http" not in " ".join(by_telephone.texts())
    assert len(by_telephone.sms) <= 160
    on_a_page = await told(desk, desk.cast.amina)
    assert "Say it by" in on_a_page.sms
    assert "http://127.0.0.1:8000/s/" in on_a_page.sms


async def test_desk_has_both_buttons_on_the_page_of_a_caller_s_session(url: str, now: datetime) -> None:
    async with apps.world(url, now) as world:
        async with world.db.transaction() as conn:
            start = world.now - timedelta(minutes=30)
            found = await stage(conn, world.cast, CONFIRMED, start, world.now, client=world.cast.kamau)
            address = "/s/" + await conn.fetchval("select reference from sessions.session where id = $1", found)
        page = html.unescape((await world.wambui.page("GET", address)).text)
        assert "The client did not come…" in page
        assert '<input type="hidden" name="who" value="psychologist">' in page
        said = await world.wambui.page("POST", f"{address}/no-show", data={"who": "psychologist"})
        assert said.status_code == 303
        async with world.db.connection() as conn:
            absent = await conn.fetchval("select absent from sessions.session where id = $1", found)
        assert absent == "psychologist"


async def test_desk_that_has_spoken_for_one_side_objects_for_the_other(url: str, now: datetime) -> None:
    """The same account says both: the second is no repetition of the first."""
    async with apps.world(url, now) as world:
        async with world.db.transaction() as conn:
            start = world.now - timedelta(minutes=30)
            found = await stage(conn, world.cast, CONFIRMED, start, world.now, client=world.cast.kamau)

        async def say(who: str) -> tuple[str | None, datetime | None]:
            answer = await world.wambui.api("POST", f"/api/sessions/{found}/no-show", json={"who": who})
            assert answer.status_code == 200, answer.text
            async with world.db.connection() as conn:
                row = await conn.fetchrow("select absent, objected_at from sessions.session where id = $1", found)
            assert row is not None
            return row["absent"], row["objected_at"]

        assert await say("client") == await say("client") == ("client", None)
        absent, objected_at = await say("psychologist")
        assert (absent, objected_at is None) == ("client", False)
