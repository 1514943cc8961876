"""An admin asks what happened: by reference, person or payment; the answer is a timeline, and the question is noted."""

from __future__ import annotations

import re
from uuid import UUID

from admin.books import Books
from kikao.admin import journal_words
from kikao.core import i18n
from kikao.core.ids import new_id
from support.app import World

JOURNAL = "/practice/journal"


async def happened(world: World, typed: str) -> str:
    """The page to which a search leads."""
    sent = await world.njeri.page("POST", JOURNAL, data={"who": typed})
    assert sent.status_code == 303
    answer = await world.njeri.page("GET", sent.headers["location"])
    assert answer.status_code == 200
    return answer.text


def lines(html: str) -> list[str]:
    """What was done, the newest first."""
    return re.findall(r"<li>([A-Z][^<(]*) <span class=\"quiet\">", html)


async def test_a_session_tells_its_story_with_its_money(world: World, books: Books) -> None:
    session = await world.approved("amina")
    await books.paid(await books.owed(session))
    html = await happened(world, session["reference"].lower())
    told = lines(html)
    assert "Requested" in told[-1]
    assert told.index("Accepted") < told.index(told[-1])
    assert any(line.startswith("Money came: KSh 2,500") or "KSh 2,500" in line for line in told)
    for name in ("Amina", "Dr Otieno", "the system"):
        assert name in html
    assert str(world.cast.amina.phone) not in html


async def test_a_person_tells_what_they_did_and_what_was_done_to_them(world: World) -> None:
    session = await world.request("amina")
    await world.njeri.page("POST", f"/practice/people/{world.cast.amina.person_id}/contacts")
    listed = await happened(world, "Amina")
    assert f"{JOURNAL}/{world.cast.amina.person_id}" in listed
    html = (await world.njeri.page("GET", f"{JOURNAL}/{world.cast.amina.person_id}")).text
    assert "Requested" in lines(html)
    assert "Contacts were opened" in lines(html)
    assert session["reference"] in html
    by_account = await world.njeri.page("GET", f"{JOURNAL}/{world.cast.amina.account_id}")
    assert "What happened with Amina" in by_account.text


async def test_a_payment_tells_its_story(world: World, books: Books) -> None:
    owed = await books.owed(await world.approved())
    await books.paid(owed)
    html = (await world.njeri.page("GET", f"{JOURNAL}/{owed.charge_id}")).text
    assert f"What happened with {owed.reference}" in html
    assert f"/practice/payments/{owed.charge_id}" in html


async def test_each_look_is_noted(world: World) -> None:
    session = await world.request("amina")
    await happened(world, session["reference"])
    async with world.db.connection() as conn:
        row = await conn.fetchrow(
            "select by_account, noun, noun_id from journal.entry where verb = 'look at the journal'"
        )
    assert row is not None
    assert tuple(row.values()) == (world.cast.njeri.account_id, "session", UUID(session["id"]))
    assert "The journal was read" in await happened(world, session["reference"])


async def test_a_long_story_goes_on(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.executemany(
            """
            insert into journal.entry (id, at, by_account, verb, noun, noun_id)
            values ($1, $2, $3, 'look', 'person', $4)
            """,
            [(new_id(), world.now, world.cast.njeri.account_id, world.cast.zuri.person_id) for _line in range(130)],
        )
    first = (await world.njeri.page("GET", f"{JOURNAL}/{world.cast.zuri.person_id}")).text
    [further] = re.findall(r'href="(/practice/journal/[^"]+after=[^"]+)"', first)
    second = (await world.njeri.page("GET", further.replace("&amp;", "&"))).text
    assert (len(lines(first)), len(lines(second))) == (100, 30)


async def test_what_is_not_there_and_who_may_not_ask(world: World) -> None:
    assert "Nothing fits that" in await happened(world, "zzzz")
    assert (await world.njeri.page("GET", f"{JOURNAL}/{new_id()}")).status_code == 404
    assert (await world.njeri.page("GET", f"{JOURNAL}/nonsense")).status_code == 404
    for who in ("wambui", "makena", "otieno", "amina"):
        for path in (JOURNAL, f"{JOURNAL}/{world.cast.amina.person_id}"):
            assert (await world.by_name[who].page("GET", path)).status_code == 403


def test_facts_tell_states_and_amounts_and_never_an_id() -> None:
    found = {"was": "listed", "why": "cancelled", "amount": 2500, "terms": str(new_id()), "public": None}
    assert journal_words.facts(found, "Africa/Nairobi") == "was Listed, Cancelled, KSh 2,500"
    with i18n.speaking("sw"):
        told = journal_words.facts({"why": "cancelled", "fromAt": "2026-11-26T21:00:00+00:00"}, "Africa/Nairobi")
    assert "cancelled" not in told
    assert "27 Novemba" in told, "the reader's day, not the machine's"
