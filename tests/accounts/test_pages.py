"""The pages of this room, as a browser without script uses them."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Response

from kikao.accounts.page_parts import set_sign_in_cookie
from kikao.accounts.rules import Numbers
from kikao.core.db import Database
from support.cast import PASSWORD, Cast
from support.people import code_of

NEW = "a better one, longer"


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, f"there is no hidden {name}"
    return found[1]


async def enter(http: httpx.AsyncClient, login: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return await http.post("/sign-in", data={"login": login, "password": password, **more})


async def sign_up(http: httpx.AsyncClient, contact: str = "0700 000 031", **more: str) -> httpx.Response:
    form = (await http.get("/sign-up")).text
    return await http.post(
        "/sign-up",
        data={
            "name": "Chebet", "contact": contact, "password": PASSWORD, "consent": "yes",
            "consent_text": hidden(form, "consent_text"), "idempotency_key": hidden(form, "idempotency_key"),
        } | more,
    )  # fmt: skip


async def typed_code(http: httpx.AsyncClient, db: Database, address: str, now: datetime, **more: str) -> httpx.Response:
    about = address.partition("?")[0].rsplit("/", 1)[-1]
    return await http.post(f"/code/{about}", data={"code": await code_of(db, UUID(about), now), **more})


async def test_signing_in_goes_on_to_where_one_was(http: httpx.AsyncClient, cast: Cast) -> None:
    page = await http.get("/sign-in?next=/s/K7Q2M9X4")
    assert hidden(page.text, "next") == "/s/K7Q2M9X4"
    answer = await enter(http, cast.amina.email, next="/s/K7Q2M9X4")
    assert (answer.status_code, answer.headers["location"]) == (303, "/s/K7Q2M9X4")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "max-age" not in cookie  # gone when the browser closes
    assert (await http.get("/sign-in")).headers["location"] == "/me"
    assert (await http.get("/me/account")).status_code == 200


async def test_my_own_phone_is_remembered_for_a_month(http: httpx.AsyncClient, cast: Cast) -> None:
    cookie = (await enter(http, cast.amina.email, own_phone="yes")).headers["set-cookie"]
    assert "Max-Age=2592000" in cookie


def test_it_is_remembered_as_long_as_the_sign_in_lasts() -> None:
    answer: Response[None] = Response(None)
    set_sign_in_cookie(answer, "a token", True, True, Numbers(own_phone_days=7))
    assert [one.max_age for one in answer.cookies] == [7 * 24 * 3600]


@pytest.mark.parametrize(
    "next_", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/\t/evil"]
)
async def test_another_site_is_never_gone_on_to(http: httpx.AsyncClient, cast: Cast, next_: str) -> None:
    assert (await enter(http, cast.amina.email, next=next_)).headers["location"] == "/me"


async def test_a_refused_sign_in_keeps_the_name_and_not_the_password(http: httpx.AsyncClient, cast: Cast) -> None:
    answer = await enter(http, "0700 <b>1", "wrong-wrong-pass", next="/s/K7Q2M9X4")
    assert answer.status_code == 401
    assert 'value="0700 &lt;b&gt;1"' in answer.text
    assert "wrong-wrong-pass" not in answer.text
    assert "do not belong together" in answer.text
    assert hidden(answer.text, "next") == "/s/K7Q2M9X4"
    assert "kikao" not in http.cookies


async def test_a_form_of_another_site_signs_nobody_in(http: httpx.AsyncClient, cast: Cast) -> None:
    answer = await http.post(
        "/sign-in", data={"login": cast.amina.email, "password": PASSWORD}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


async def test_sign_up_code_and_in(http: httpx.AsyncClient, db: Database, now: datetime) -> None:
    answer = await sign_up(http, next="/s/K7Q2M9X4")
    assert answer.status_code == 303
    address = answer.headers["location"]
    page = await http.get(address)
    assert "+2547•••••031" in page.text
    assert "+254700000031" not in page.text
    wrong = await http.post(address, data={"code": "12x", "next": "/s/K7Q2M9X4"})
    assert wrong.status_code == 422
    assert "6 figures" in wrong.text
    done = await typed_code(http, db, address, now, next="/s/K7Q2M9X4")
    assert (done.status_code, done.headers["location"]) == (303, "/s/K7Q2M9X4")
    assert http.cookies["kikao"]
    assert (await http.get(address)).headers["location"] == "/s/K7Q2M9X4"  # the back button
    assert "Chebet" in (await http.get("/me/account")).text


async def test_a_double_tap_signs_up_once(http: httpx.AsyncClient, db: Database) -> None:
    form = (await http.get("/sign-up")).text
    data = {
        "name": "Chebet", "contact": "0700 000 031", "password": PASSWORD, "consent": "yes",
        "consent_text": hidden(form, "consent_text"), "idempotency_key": hidden(form, "idempotency_key"),
    }  # fmt: skip
    places = {(await http.post("/sign-up", data=data)).headers["location"] for _ in range(2)}
    assert len(places) == 1
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from accounts.account where proved_at is null") == 1


async def test_a_refused_sign_up_names_every_field_and_keeps_what_was_typed(
    http: httpx.AsyncClient, db: Database
) -> None:
    answer = await sign_up(http, "12", name="", password="secret1", consent="")
    assert answer.status_code == 422
    assert answer.text.count("field--wrong") == 4
    assert 'value="12"' in answer.text
    assert "secret1" not in answer.text
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from accounts.account where proved_at is null") == 0


async def test_a_new_code_can_be_asked_for_without_losing_the_way(
    http: httpx.AsyncClient, db: Database, now: datetime, clock: Any
) -> None:
    clock.now = now.replace(minute=0)
    address = (await sign_up(http)).headers["location"].partition("?")[0]
    again = await http.post(f"{address}/resend", data={"next": "/s/K7Q2M9X4"})
    assert again.status_code == 303
    page = await http.get(again.headers["location"])
    assert "A new code is on its way" in page.text
    assert hidden(page.text, "next") == "/s/K7Q2M9X4"
    await http.post(f"{address}/resend", data={})
    late = await http.post(f"{address}/resend", data={"next": "/s/K7Q2M9X4"})
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0
    assert "You can try again in 60 minutes. The code that we sent last still works." in late.text
    assert "to put right" not in late.text
    assert hidden(late.text, "next") == "/s/K7Q2M9X4"


async def test_a_code_that_cannot_work_any_more_says_so_and_offers_a_new_one_alone(
    http: httpx.AsyncClient, db: Database, now: datetime, clock: Any
) -> None:
    address = (await sign_up(http)).headers["location"].partition("?")[0]
    code = await code_of(db, UUID(address.rsplit("/", 1)[-1]), now)
    other = "111111" if code != "111111" else "222222"
    for _try in range(4):
        wrong = await http.post(address, data={"code": other})
        assert "This is not the code that we sent last" in wrong.text
        assert f'value="{other}"' in wrong.text
    await http.post(address, data={"code": other})
    for told, at in (("That was tried too often", now), ("This code has run out", now + timedelta(hours=1))):
        clock.now = at
        for page in (await http.post(address, data={"code": code}), await http.get(address)):
            assert told in page.text
            assert f'action="{address}/resend"' in page.text
            assert 'name="code"' not in page.text


async def test_a_reset_that_ran_out_says_so_whoever_it_was_for(
    http: httpx.AsyncClient, cast: Cast, now: datetime, clock: Any
) -> None:
    pages = [await http.post("/forgot", data={"contact": name}) for name in (cast.amina.email, "nobody@example.test")]
    clock.now = now + timedelta(hours=2)
    for address in (re.findall(r'href="(/reset/[^"]+)"', one.text)[0] for one in pages):
        for page in (await http.get(address), await http.post(address, data={"code": "123456", "password": NEW})):
            assert "This code has run out" in page.text
            assert 'name="code"' not in page.text


async def known_page(http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime) -> tuple[str, str]:
    """Kiptoo has signed up with Amina's phone and typed the code."""
    address = (await sign_up(http, cast.amina.phone, name="Kiptoo", password=NEW)).headers["location"].partition("?")[0]
    page = await typed_code(http, db, address, now, next="/s/K7Q2M9X4")
    assert page.status_code == 200
    assert "kikao" not in http.cookies
    return address, page.text


async def test_a_known_contact_with_its_accounts_password(
    http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime
) -> None:
    address, page = await known_page(http, db, cast, now)
    data = {"ticket": hidden(page, "ticket"), "next": hidden(page, "next"), "login": cast.amina.phone}
    wrong = await http.post(f"{address}/join", data=data | {"password": "wrong wrong"})
    assert wrong.status_code == 401
    assert hidden(wrong.text, "ticket") == data["ticket"]
    right = await http.post(f"{address}/join", data=data | {"password": PASSWORD})
    assert (right.status_code, right.headers["location"]) == (303, "/s/K7Q2M9X4")
    assert "Amina" in (await http.get("/me/account")).text


async def test_a_known_contact_and_someone_else(
    http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime
) -> None:
    address, page = await known_page(http, db, cast, now)
    data = {"ticket": hidden(page, "ticket"), "next": hidden(page, "next")}
    wrong = await http.post(f"{address}/else", data=data | {"login": "a b"})
    assert wrong.status_code == 422
    assert 'value="a b"' in wrong.text
    right = await http.post(f"{address}/else", data=data | {"login": "kiptoo.k"})
    assert (right.status_code, right.headers["location"]) == (303, "/s/K7Q2M9X4")
    account = (await http.get("/me/account")).text
    assert "Kiptoo" in account
    assert "kiptoo.k" in account
    assert "Amina" not in account


async def test_someone_else_by_email_types_another_code(
    http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime
) -> None:
    address, page = await known_page(http, db, cast, now)
    data = {"ticket": hidden(page, "ticket"), "next": "/me", "login": "kiptoo@example.test"}
    sent = await http.post(f"{address}/else", data=data)
    assert sent.status_code == 303
    assert (await typed_code(http, db, sent.headers["location"], now)).headers["location"] == "/me"
    assert (await enter(http, "kiptoo@example.test", NEW)).status_code == 303


async def test_the_address_of_a_known_page_alone_opens_nothing(
    http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime
) -> None:
    address, _page = await known_page(http, db, cast, now)
    for side, more in (("join", {"password": PASSWORD}), ("else", {})):
        answer = await http.post(f"{address}/{side}", data={"ticket": "0" * 64, "login": "kiptoo.k", **more})
        assert answer.headers["location"].startswith("/sign-in")
    assert "kikao" not in http.cookies


async def test_forgot_and_reset(http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime) -> None:
    """D63. The page says the same for somebody nobody knows; opening the link changes nothing."""
    pages = [await http.post("/forgot", data={"contact": name}) for name in (cast.amina.email, "nobody@example.test")]
    assert {one.status_code for one in pages} == {200}
    addresses = [re.findall(r'href="(/reset/[^"]+)"', one.text)[0] for one in pages]
    assert pages[0].text.replace(addresses[0], "") == pages[1].text.replace(addresses[1], "")
    for address in (*addresses, "/reset/01900000-0000-7000-8000-000000000000"):
        assert (await http.get(address)).status_code == 200
    code = await code_of(db, UUID(addresses[0].rsplit("/", 1)[-1]), now, kind="reset")
    short = await http.post(addresses[0], data={"code": code, "password": "short"})
    assert short.status_code == 422
    assert f'value="{code}"' in short.text
    done = await http.post(addresses[0], data={"code": code, "password": NEW})
    assert (done.status_code, done.headers["location"]) == (303, "/me")
    assert (await http.post(addresses[0], data={"code": code, "password": NEW})).status_code == 422
    http.cookies.clear()
    assert (await enter(http, cast.amina.email, NEW)).status_code == 303


async def test_signing_out_wipes_and_ends(http: httpx.AsyncClient, cast: Cast) -> None:
    await enter(http, cast.amina.email)
    token = http.cookies["kikao"]
    answer = await http.post("/sign-out")
    assert answer.status_code == 200
    assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    assert "You are signed out" in answer.text
    assert "Amina" not in answer.text
    http.cookies.set("kikao", token, domain="testserver.local")
    assert (await http.get("/me/account")).headers["location"] == "/sign-in?next=/me/account&ended=went"


async def test_leaving_ends_the_sign_in_and_goes_somewhere_harmless(http: httpx.AsyncClient, cast: Cast) -> None:
    await enter(http, cast.amina.email)
    token = http.cookies["kikao"]
    answer = await http.post("/leave")
    assert (answer.status_code, answer.headers["refresh"]) == (200, "0;url=https://www.google.com/")
    assert "Mti" not in answer.text
    http.cookies.set("kikao", token, domain="testserver.local")
    assert (await http.get("/me/account")).status_code == 303
    assert (await http.post("/leave")).headers["refresh"] == answer.headers["refresh"]  # nobody signed in: the same


async def test_the_account_page_changes_what_it_shows(
    http: httpx.AsyncClient, db: Database, cast: Cast, now: datetime
) -> None:
    await enter(http, cast.halima.email)
    page = (await http.get("/me/account")).text
    assert "Zuri" in page
    assert "+2547•••••002" in page
    assert cast.halima.email not in page
    saved = await http.post("/me/account/reading", data={"language": "en", "time_zone": "Europe/London"})
    assert "Saved" in (await http.get(saved.headers["location"])).text
    wrong = await http.post("/me/account/reading", data={"language": "en", "time_zone": "Mars/Olympus"})
    assert wrong.status_code == 422
    added = await http.post("/me/account/contacts", data={"contact": "0700 000 051", "password": PASSWORD})
    done = await typed_code(http, db, added.headers["location"], now)
    assert "We can reach you there now" in (await http.get(done.headers["location"])).text
    refused = await http.post("/me/account/contacts", data={"contact": "nonsense"})
    assert refused.status_code == 422
    assert 'value="nonsense"' in refused.text


async def test_a_password_is_changed_on_the_page(http: httpx.AsyncClient, cast: Cast) -> None:
    await enter(http, cast.amina.email)
    wrong = await http.post(
        "/me/account/password", data={"current_password": "wrong wrong", "new_password": "new-secret-1"}
    )
    assert wrong.status_code == 422
    assert "This is not your password" in wrong.text
    assert "new-secret-1" not in wrong.text
    right = await http.post("/me/account/password", data={"current_password": PASSWORD, "new_password": NEW})
    assert "Your password is new" in (await http.get(right.headers["location"])).text


async def test_sign_ins_are_listed_and_ended(
    http: httpx.AsyncClient, app: Any, cast: Cast, now: datetime, clock: Any
) -> None:
    await enter(http, cast.amina.email)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=http.base_url) as other:
        await enter(other, cast.amina.email)
        page = (await http.get("/me/account")).text
        ends = re.findall(r'action="(/me/account/sign-ins/[0-9a-f-]+/end)"', page)
        assert len(ends) == 1  # not this one
        assert (await http.post(ends[0])).status_code == 303
        assert (await other.get("/me/account")).status_code == 303
        clock.now = now + timedelta(seconds=1)
        await enter(other, cast.baraka.email)
        assert (await other.post(ends[0])).status_code == 404  # another's
        await enter(other, cast.amina.email)
        await http.post("/me/account/sign-ins/end-others")
        assert (await other.get("/me/account")).status_code == 303
    assert (await http.get("/me/account")).status_code == 200


async def test_only_english_for_now(http: httpx.AsyncClient, cast: Cast) -> None:
    assert (await http.post("/language", data={"language": "en", "next": "/team"})).headers["location"] == "/team"
    await enter(http, cast.amina.email)
    assert (await http.post("/language", data={"language": "en", "next": "/team"})).headers["location"] == "/team"
    assert (await http.post("/language", data={"language": "xx", "next": "/team"})).status_code == 422


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/forgot", "/reset/01900000-0000-7000-8000-000000000000"])
async def test_titles_are_neutral_and_pages_answer_head(http: httpx.AsyncClient, path: str) -> None:
    page = await http.get(path)
    assert page.status_code == 200
    assert re.findall(r"<title>([^<]*)</title>", page.text) == ["Mti &amp; Co"]
    head = await http.head(path)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("path", ["/code/x", "/code/01900000-0000-7000-8000-00000000000g", "/reset/x"])
async def test_what_is_no_id_is_nothing(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 404
    assert (await http.post(path, data={"code": "123456"})).status_code == 404
