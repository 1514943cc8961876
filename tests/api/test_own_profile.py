"""A psychologist's profile and rates on pages: what stands is what is saved, and nothing that was typed is lost."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from support.app import World

ME = "/me/profile"


def form_of(html: str) -> dict[str, Any]:
    """Every field of the profile's form as a browser would send it."""
    form = html[html.index(f'action="{ME}"'):]
    form = form[:form.index("</form>")]
    found: dict[str, Any] = {}
    for name, text in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescape(text)
    for tag in re.findall(r"<input[^>]*>", form):
        about = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if about.get("type") in ("checkbox", "radio"):
            if " checked" in tag:
                found.setdefault(about["name"], []).append(unescape(about["value"]))
        elif "name" in about and about["name"] != "idempotency_key":
            found[about["name"]] = unescape(about.get("value", ""))
    return found


async def stands(world: World) -> Any:
    return (await world.otieno.api("GET", "/api/psychologists/me")).json()


async def test_opening_the_profile_and_saving_it_changes_nothing(world: World) -> None:
    before = await stands(world)
    html = (await world.otieno.page("GET", ME)).text
    assert before["title"] in html
    saved = await world.otieno.page("POST", ME, data=form_of(html))
    assert saved.status_code == 303, saved.text
    assert await stands(world) == before
    async with world.db.connection() as conn:
        lines = "select count(*) from journal.line where verb = 'change profile'"
        assert await conn.fetchval(lines) == 0


async def test_what_is_changed_is_saved_and_shown(world: World) -> None:
    form = form_of((await world.otieno.page("GET", ME)).text)
    form |= {"bio": "Calm & slow.", "languages": ["en"], "other_languages": "Luo, french",
             "sees": ["children", "adults"], "takes": "everyone at once"}
    saved = await world.otieno.page("POST", ME, data=form)
    assert saved.headers["location"] == f"{ME}?done=1"
    now = await stands(world)
    assert (now["bio"], now["languages"], now["takes"]) == ("Calm & slow.", ["en", "luo", "fr"], "everyone at once")
    assert sorted(now["sees"]) == ["adults", "children"]
    assert now["status"] == "listed"
    assert "Calm &amp; slow." in (await world.otieno.page("GET", ME)).text


async def test_a_number_that_was_checked_is_checked_again(world: World) -> None:
    form = form_of((await world.otieno.page("GET", ME)).text) | {"registration_number": "NEW 7"}
    await world.otieno.page("POST", ME, data=form)
    assert (await stands(world))["status"] == "waiting"
    assert "Not listed yet" in (await world.otieno.page("GET", ME)).text


async def test_what_is_refused_stays_typed_and_changes_nothing(world: World) -> None:
    before = await stands(world)
    form = form_of((await world.otieno.page("GET", ME)).text)
    for wrong in ({"meeting_link": "meet me"}, {"licence_until": "tomorrow"}, {"title": ""}, {"takes": "nobody"},
                  {"other_languages": "Swedhili"}):
        answer = await world.otieno.page("POST", ME, data=form | {"bio": "A long text of mine."} | wrong)
        assert answer.status_code == 422, wrong
        assert "A long text of mine." in answer.text
        assert 'role="alert"' in answer.text
    several = await world.otieno.page("POST", ME, data=form | {"title": "", "meeting_link": "meet me"})
    for field in ("title", "meeting_link"):
        assert f'id="f-{field}-error"' in several.text, "all at once"
    assert await stands(world) == before


async def test_a_new_rate_counts_and_the_old_one_is_kept_in_sight(world: World) -> None:
    rates = (await world.otieno.api("GET", "/api/psychologists/me/rates")).json()["rates"]
    old = {rate["sessionType"]: rate for rate in rates}
    sent = await world.otieno.page(
        "POST", "/me/rates", data={"session_type": "Individual", "amount": "3,100", "minutes": "50"}
    )
    assert sent.headers["location"] == "/me/rates?done=1"
    html = (await world.otieno.page("GET", "/me/rates")).text
    current, before = html.split("What you asked for before")
    assert "KSh 3,100" in current
    assert f"KSh {old['Individual']['amount']:,}" in before


async def test_what_is_no_rate_is_said_beside_its_field(world: World) -> None:
    for field, typed in (("amount", "many"), ("minutes", "5"), ("amount", "250001")):
        data = {"session_type": "Individual", "amount": "2000", "minutes": "60"} | {field: typed}
        answer = await world.otieno.page("POST", "/me/rates", data=data)
        assert answer.status_code == 422
        assert f'id="f-{field}-error"' in answer.text
        assert f'value="{typed}"' in answer.text
