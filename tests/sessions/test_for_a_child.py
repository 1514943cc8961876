"""The first visit of a mother who asks for her son: one form makes account, person, consent and request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from kikao.accounts.actions import ensure_consent_texts
from kikao.accounts.queries import consent_text
from support import app as apps
from support.cast import PASSWORD, workday

WHO = {"name": "Mwende", "contact": "0700 000 041", "password": PASSWORD, "consent": "yes", "note": "He is shy."}
CHILD = {"for": "new", "forName": "Musa", "birthDate": "2018-04-12", "relation": "parent", "forConsent": "yes"}


class Form:
    """The request's form, as somebody fills it in."""

    def __init__(self, world: apps.World, text_id: UUID) -> None:
        self.world = world
        self.usual = {"k": "i", "start": workday(world.now).isoformat(), "consent_text": str(text_id)}

    async def send(self, who: str, typed: dict[str, str], slug: str = "kbt011") -> httpx.Response:
        return await self.world.by_name[who].page("POST", f"/t/{slug}/request", data=self.usual | typed)

    async def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        async with self.world.db.connection() as conn:
            return [tuple(row) for row in await conn.fetch(statement, *values)]


@pytest.fixture
async def form(url: str, now: datetime) -> AsyncIterator[Form]:
    async with apps.world(url, now) as world:
        async with world.db.connection() as conn:
            await ensure_consent_texts(conn, now)
            text = await consent_text(conn, "en")
        yield Form(world, text.id)


COUNTED = """
select (select count(*) from accounts.person), (select count(*) from accounts.acts_for),
       (select count(*) from accounts.consent), (select count(*) from sessions.session)
"""


async def _type_the_code(form: Form, answer: httpx.Response) -> httpx.Response:
    """As if it had been sent: the page that the request led to."""
    world, address = form.world, answer.headers["location"]
    about = UUID(address.split("/code/")[1].split("?")[0])
    sealed = world.app.state.kit.vault.seal("111111", "accounts.verification", "sealed_code", about)
    async with world.db.connection() as conn:
        await conn.execute("update accounts.verification set sealed_code = $2 where id = $1", about, sealed)
    shown = await world.nobody.page("GET", address)
    typed = {"code": "111111", "next": _value(shown.text, "next")}
    return await world.nobody.page("POST", f"/code/{about}", data=typed)


def _value(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="')[1].split('"')[0]


async def test_one_form_makes_account_child_consents_and_request_and_the_mother_is_told(form: Form) -> None:
    answer = await form.send("nobody", WHO | CHILD)
    assert answer.status_code == 303, answer.text
    (found,) = await form.rows(
        """
        select c.name, c.birth_date::text, c.account_id is null, q.name, f.relation,
               (select array_agg(p.name order by p.name) from accounts.consent k
                join accounts.person p on p.id = k.person_id where k.given_by = s.requested_by), s.sent_at
        from sessions.session s join accounts.people c on c.id = s.client_id
        join accounts.people q on q.id = s.requested_by
        join accounts.acts_for f on f.by_person = s.requested_by and f.person_id = s.client_id
        """)
    assert found == ("Musa", "2018-04-12", True, "Mwende", "parent", ["Musa", "Mwende"], None)
    proved = await _type_the_code(form, answer)
    page = await form.world.nobody.page("GET", proved.headers["location"])
    assert "<dt>For</dt><dd>Musa</dd>" in page.text
    assert "He is shy." in page.text
    assert "for Musa" in (await form.world.nobody.page("GET", "/me")).text
    (reference,) = (row[0] for row in await form.rows("select reference from sessions.session"))
    session_id = (await form.rows("select id from sessions.session"))[0][0]
    await form.world.otieno.page("POST", f"/s/{reference}/approve")
    assert await form.rows(
        """
        select p.name from notifications.outbox o join accounts.person p on p.id = o.recipient
        where o.about = $1 and o.kind = 'accepted'
        """, session_id) == [("Mwende",)]
    assert "For Musa." in (await form.world.nobody.page("GET", "/me")).text


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"birthDate": "1999-01-01"}, "birthDate", "books for themselves"),
    ({"birthDate": ""}, "birthDate", "date of birth"),
    ({"birthDate": "yesterday"}, "birthDate", "2018-04-12"),
    ({"relation": "friend"}, "relation", "parent, guardian or carer"),
    ({"forName": ""}, "forName", "what we may call them"),
    ({"forConsent": ""}, "forConsent", "kept about them"),
    ({"for": ""}, "for", "You gave a name, too"),
]


async def test_what_is_refused_stays_typed_and_makes_nothing(form: Form) -> None:
    before = await form.rows(COUNTED)
    for who, own in (("nobody", WHO), ("amina", {})):
        for changed, field, says in WRONG:
            answer = await form.send(who, own | CHILD | changed)
            assert answer.status_code == 422, (changed, answer.text)
            assert says in answer.text
            assert f'href="#f-{field}"' in answer.text, changed
            assert f'id="f-{field}"' in answer.text, changed
            if field != "forName":
                assert 'value="Musa"' in answer.text
    both = await form.send("nobody", WHO | CHILD | {"contact": "12", "forName": "", "birthDate": "2001-01-01"})
    assert "3 things to put right" in both.text
    assert await form.rows(COUNTED) == before


async def test_a_grown_up_is_acted_for_by_a_carer_only(form: Form) -> None:
    answer = await form.send("amina", CHILD | {"birthDate": "1950-01-01", "relation": "carer"})
    assert answer.status_code == 303, answer.text


async def test_the_same_choice_for_whoever_acts_for_nobody_yet_and_one_child_twice_is_one_child(form: Form) -> None:
    query = {name: form.usual[name] for name in ("k", "start")}
    assert 'value="new"' in (await form.world.amina.page("GET", "/t/kbt011/request", params=query)).text
    assert (await form.send("amina", CHILD)).status_code == 303
    again = await form.send("amina", CHILD | {"forName": "musa"}, "kbt012")
    assert again.status_code == 409
    assert "They already have a session at that time." in again.text
    sister = await form.send("amina", CHILD | {"forName": "Neema", "birthDate": "2016-01-02"}, "kbt012")
    assert sister.status_code == 303, "two children of one mother can be seen at one hour"
    assert await form.rows(
        """
        select p.name from accounts.acts_for f join accounts.person p on p.id = f.person_id
        where f.by_person = $1 order by 1
        """, form.world.cast.amina.person_id) == [("Musa",), ("Neema",)]


async def test_whose_number_is_known_signs_in_and_the_child_goes_along(form: Form) -> None:
    joined = await _signs_up_once_more(form, CHILD)
    page = await form.world.nobody.page("GET", joined.headers["location"])
    assert "<dt>For</dt><dd>Musa</dd>" in page.text
    assert await form.rows("select requested_by from sessions.session") == [(form.world.cast.baraka.person_id,)]


async def _signs_up_once_more(form: Form, typed: dict[str, str], slug: str = "kbt011") -> httpx.Response:
    """Somebody's first visit with Baraka's number, who then says that it is him."""
    phone = form.world.cast.baraka.phone
    form.world.nobody.browser.cookies.clear()
    answer = await form.send("nobody", WHO | typed | {"contact": phone}, slug)
    known = await _type_the_code(form, answer)
    data = {name: _value(known.text, name) for name in ("ticket", "next")}
    join = f"{answer.headers['location'].split('?')[0]}/join"
    joined = await form.world.nobody.page("POST", join, data=data | {"login": phone, "password": PASSWORD})
    assert joined.status_code == 303, joined.text
    return joined


async def test_whose_number_is_known_and_whose_child_is_known_has_one_child_still(form: Form) -> None:
    """Else the two rows of one child could be seen by two psychologists at one hour."""
    baraka, three_later = form.world.cast.baraka.person_id, workday(form.world.now) + timedelta(hours=3)
    assert (await form.send("baraka", CHILD)).status_code == 303
    ((musa,),) = await form.rows("select client_id from sessions.session")
    (first,) = await form.rows("select reference, '/s/' || reference from sessions.session")
    twice = await _signs_up_once_more(form, CHILD, "kbt012")
    (reached,) = await form.rows("select count(sent_at) from sessions.session")
    assert reached == (1,), "one child at one hour twice: the second reaches nobody, and says so"
    told = await form.world.nobody.page("GET", twice.headers["location"])
    assert told.status_code == 200
    assert "There is a session at that time already" in told.text
    assert f'href="{first[1]}"' in told.text
    assert (await form.world.nobody.page("GET", first[1])).status_code == 200
    later = await _signs_up_once_more(form, CHILD | {"forName": "MUSA", "start": three_later.isoformat()})
    assert "He is shy." in (await form.world.nobody.page("GET", later.headers["location"])).text
    assert await form.rows(
        "select client_id, sent_at is not null, status from sessions.session where requested_by = $1 order by id",
        baraka,
    ) == [(musa, True, "Pending Approval"), (musa, False, "Expired"), (musa, True, "Pending Approval")]
    mine = "select count(*) from accounts.may_act_for where by_person = $1"
    assert await form.rows(mine, baraka) == [(1,)]
    agreed = "select count(*) from accounts.valid_consent where person_id = $1 and given_by = $2"
    assert await form.rows(agreed, musa, baraka) == [(1,)]


async def test_those_who_only_work_here_add_nobody(form: Form) -> None:
    assert (await form.send("wambui", CHILD | {"consent": "yes"})).status_code == 403
