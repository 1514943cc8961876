"""An admin changes numbers and terms from a day on, with a reason; what was made before stays as it was."""

from __future__ import annotations

import asyncio
import importlib
import random
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from kikao.admin import rules, settings
from kikao.admin.setting_words import LABELS, bounds
from kikao.core import i18n, practice
from kikao.core.db import Conn, Database
from kikao.core.errors import Invalid, Refusal
from kikao.sessions.rules import Numbers
from kikao.sessions.terms import current_tiers
from support.app import World
from support.cast import Cast
from support.tree import KIKAO

NOTICE, BEFORE = "availability.notice_minutes", "sessions.answer_before_start_minutes"
PAY = "sessions.pay_hours"


def address(name: str) -> str:
    return f"/practice/settings/{rules.SETTINGS[name].code}"


def seen(html: str) -> str:
    found: list[str] = re.findall(r'name="seen" value="([^"]*)"', html)
    return found[0]


async def save(world: World, name: str, value: str, *, who: str = "njeri", **more: str) -> Any:
    """As a browser sends the form that it has just opened."""
    visitor = world.by_name[who]
    form = {"seen": seen((await visitor.page("GET", address(name))).text), "reason": "people pay on the day itself"}
    return await visitor.page("POST", address(name), data=form | {"value": value} | more)


async def counts(world: World, at: datetime) -> Any:
    async with world.db.connection() as conn:
        return (await practice.load(conn, at)).of(Numbers)


# which there are ----------------------------------------------------------------------------------


def test_bounds_have_one_unit_where_the_language_has_it() -> None:
    hours = rules.SETTINGS["sessions.pay_hours"]
    assert bounds(hours) == "1 to 168 hours"
    assert bounds(rules.SETTINGS["accounts.codes_an_hour"]) == "1 to 20"
    assert bounds(rules.SETTINGS["notifications.quiet_from_hour"]) == "00:00 to 23:00"
    assert bounds(rules.SETTINGS["availability.notice_minutes"]) == "0 to 43,200 minutes (at most 30 days)"
    with i18n.speaking("sw"):
        assert bounds(hours) == "saa 1 hadi 168"


def test_every_number_of_every_room_is_a_setting_with_bounds_and_a_name() -> None:
    structs = [
        getattr(module, name) for path in sorted(KIKAO.glob("*/rules.py"))
        for module in (importlib.import_module(f"kikao.{path.parent.name}.rules"),)
        for name in ("Numbers", "TravelNumbers") if hasattr(module, name)
    ]
    fields = {f"{one.__module__.split('.')[1]}.{name}" for one in structs for name in one.__struct_fields__}
    assert set(rules.SETTINGS) == fields
    assert set(LABELS) == fields
    for setting in rules.SETTINGS.values():
        assert setting.yes_no or setting.words or (setting.least is not None and setting.most is not None), setting.name
        rules.check_value(setting, msgspec.to_builtins(setting.default))
        for beyond in () if setting.most is None or setting.least is None else (setting.least - 1, setting.most + 1):
            with pytest.raises(Invalid):
                rules.check_value(setting, [beyond] if setting.many else beyond)


def test_what_is_usual_agrees_and_each_agreement_can_be_broken() -> None:
    assert rules.disagreements({}, rules.SETTINGS) == []
    for one in rules.AGREEMENTS:
        ends: list[list[Any]] = []
        for name in one.names:
            setting = rules.SETTINGS[name]
            assert setting.least is not None
            assert setting.most is not None
            ends.append([[setting.most, setting.least]] if setting.many else [setting.least, setting.most])
        broken = [
            (first, second) for first in ends[0] for second in ends[1]
            if one in rules.disagreements({one.names[0]: first, one.names[1]: second}, one.names)
        ]
        assert broken, f"{one.code} refuses nothing"


# one change ---------------------------------------------------------------------------------------


async def test_a_number_changes_with_who_when_why_and_from_when(world: World) -> None:
    assert (await save(world, PAY, "12")).status_code == 303
    assert (await counts(world, world.now + timedelta(minutes=1))).pay_hours == 12
    html = (await world.njeri.page("GET", address(PAY))).text
    assert "12 hours (counts today)" in html
    for told in ("Njeri", "people pay on the day itself", "1 to 168 hours", "24 hours"):
        assert told in html
    assert "12 hours" in (await world.njeri.page("GET", "/practice/settings")).text


async def test_a_number_counts_from_its_day_on_and_not_before(world: World) -> None:
    day = (world.now + timedelta(days=10)).date()
    assert (await save(world, PAY, "12", **{"from": day.isoformat()})).status_code == 303
    assert (await counts(world, world.now + timedelta(days=8))).pay_hours == 24
    assert (await counts(world, world.now + timedelta(days=12))).pay_hours == 12
    assert "12 hours (planned)" in (await world.njeri.page("GET", address(PAY))).text
    html = (await world.njeri.page("GET", "/practice/settings")).text
    assert "12 hours from" in html
    assert "&lt;" not in html


@pytest.mark.parametrize(
    ("value", "more", "sentence"),
    [
        ("169", {}, "lies outside"), ("half a day", {}, "whole numbers"), ("", {}, "whole numbers"),
        ("12", {"reason": " "}, "say why"), ("12", {"from": "2020-01-01"}, "lies in the past"),
        ("12", {"from": "2199-01-01"}, "two years ahead"), ("12", {"from": "soon"}, "write the day like"),
    ],
)
async def test_what_is_refused_keeps_what_was_typed(
    world: World, value: str, more: dict[str, str], sentence: str
) -> None:
    answer = await save(world, PAY, value, **more)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert ("people pay on the day itself" in answer.text) == ("reason" not in more)
    assert (await counts(world, world.now)).pay_hours == 24


async def test_two_mistakes_are_two_marked_fields(world: World) -> None:
    answer = await save(world, PAY, "900", reason="")
    assert answer.status_code == 422
    assert 'id="f-value-error"' in answer.text
    assert 'id="f-reason-error"' in answer.text


async def test_numbers_that_belong_together_are_judged_together(world: World) -> None:
    refused = await save(world, BEFORE, "1440")
    assert refused.status_code == 422
    assert "the least notice must not be shorter" in refused.text
    assert (await save(world, NOTICE, "2000")).status_code == 303
    assert (await save(world, BEFORE, "1440")).status_code == 303


async def test_a_change_is_judged_against_what_is_planned_too(world: World) -> None:
    later = (world.now + timedelta(days=20)).date().isoformat()
    assert (await save(world, NOTICE, "120", **{"from": later})).status_code == 303
    refused = await save(world, BEFORE, "180")  # fits today, and not from then on
    assert refused.status_code == 422
    assert (await save(world, BEFORE, "90")).status_code == 303


async def test_whatever_is_accepted_the_numbers_agree_at_every_moment(conn: Conn, cast: Cast, now: datetime) -> None:
    dice, accepted, refused = random.Random(11), 0, 0
    moments = [now + timedelta(days=day) for day in range(6)]
    numbers = [one for one in rules.SETTINGS.values() if one.least is not None and one.most is not None]
    for _change in range(150):
        setting = dice.choice(numbers)
        assert setting.least is not None
        assert setting.most is not None
        value: Any = dice.choice([setting.least, setting.most, dice.randint(setting.least, setting.most)])
        wanted = settings.Change(
            {setting.name: [value] if setting.many else value}, "dice", practice.newest(await practice.entries(conn)),
            dice.choice([None, *moments[1:]]),
        )
        try:
            async with conn.transaction():
                await settings.change(conn, cast.njeri.actor, wanted, now)
                accepted += 1
        except Invalid:
            refused += 1
        found = await practice.entries(conn)
        for moment in moments:
            assert rules.disagreements(practice.values_at(found, moment), rules.SETTINGS) == []
    assert accepted > 30
    assert refused > 5


# two at once --------------------------------------------------------------------------------------


async def test_of_two_admins_who_save_the_second_is_told(world: World) -> None:
    html = (await world.njeri.page("GET", address(PAY))).text
    assert (await save(world, NOTICE, "800")).status_code == 303
    late = await world.njeri.page(
        "POST", address(PAY), data={"seen": seen(html), "value": "7", "reason": "mine was first"}
    )
    assert late.status_code == 409
    assert "Somebody else has changed the settings meanwhile" in late.text
    assert "mine was first" in late.text
    assert seen(late.text) != seen(html)
    assert (await counts(world, world.now)).pay_hours == 24


async def test_of_many_at_the_same_instant_one_wins(db: Database, cast: Cast, now: datetime) -> None:
    async def one(hours: int) -> str:
        try:
            async with db.transaction() as conn:
                await settings.change(conn, cast.njeri.actor, settings.Change({PAY: hours}, "race", 0), now)
            return "saved"
        except Refusal as refusal:
            return refusal.code

    ends = await asyncio.gather(*(one(hours) for hours in range(1, 7)))
    assert sorted(ends) == ["saved", *["settings_changed"] * 5]


# what a session was made under --------------------------------------------------------------------


_MADE_UNDER = "select price, session_rate, minutes, buffer_minutes, terms_id from sessions.session where id = $1"


async def test_what_a_session_was_made_under_stays(world: World) -> None:
    async with world.db.connection() as conn:
        await conn.execute("delete from directory.rate where psychologist_id = $1", world.cast.otieno.person_id)
    before = await world.request("amina", hour=10)
    for name, value in (("directory.individual_amount", "9000"), ("directory.individual_minutes", "45"),
                        ("availability.buffer_minutes", "0")):
        assert (await save(world, name, value)).status_code == 303
    await new_terms(world, [(72, 10)])
    after = await world.request("baraka", hour=14)
    async with world.db.connection() as conn:
        first, second = [
            tuple((await conn.fetchrow(_MADE_UNDER, UUID(one["id"]))).values())  # type: ignore[union-attr]
            for one in (before, after)
        ]
    assert first == (2000, 2000, 60, 15, world.cast.terms_id)
    assert second[:4] == (9000, 9000, 45, 0)
    assert second[4] != world.cast.terms_id
    assert [one["refund"] for one in before["terms"]] == [2000, 1500, 1000, 500]
    still = (await world.amina.api("GET", f"/api/sessions/{before['id']}")).json()
    assert still["terms"] == before["terms"]
    assert [one["refund"] for one in after["terms"]] == [900]


# terms --------------------------------------------------------------------------------------------


async def new_terms(world: World, tiers: list[tuple[Any, Any]], **more: str) -> Any:
    form = {"seen": seen((await world.njeri.page("GET", "/practice/terms")).text), "reason": "a new year"}
    for at, (hours, percent) in enumerate(tiers):
        form |= {f"hours{at}": str(hours), f"percent{at}": str(percent)}
    return await world.njeri.page("POST", "/practice/terms", data=form | more)


async def test_new_terms_follow_and_the_old_ones_stay(world: World) -> None:
    day = (world.now + timedelta(days=5)).date().isoformat()
    assert (await new_terms(world, [(24, 100), (2, 30)], **{"from": day})).status_code == 303
    async with world.db.connection() as conn:
        assert [tier.hours for tier in await current_tiers(conn, world.now + timedelta(days=3))] == [48, 24, 12, 6]
        assert [tier.hours for tier in await current_tiers(conn, world.now + timedelta(days=7))] == [24, 2]
        assert await conn.fetchval("select count(*) from sessions.terms") == 2
    html = (await world.njeri.page("GET", "/practice/terms")).text
    assert "24 h: 100%, 2 h: 30% (planned)" in html
    assert "a new year" in html
    # Thought better of, for the same day: the later word counts.
    assert (await new_terms(world, [(24, 90)], **{"from": day})).status_code == 303
    async with world.db.connection() as conn:
        assert [tier.percent for tier in await current_tiers(conn, world.now + timedelta(days=7))] == [90]


@pytest.mark.parametrize(
    ("tiers", "field", "sentence"),
    [
        ([(24, 50), (48, 100)], "hours1", "Fewer than the line above"),
        ([(24, 50), (12, 60)], "percent1", "Line 2, percent back: Not more than"),
        ([(24, 50), ("", ""), (24, 40)], "hours2", "Fewer than the line above"),
        ([(24, 101)], "percent0", "0 to 100 percent"),
        ([(721, 100)], "hours0", "0 to 720 hours"), ([], "hours0", "one to eight lines"),
        ([("", 5)], "hours0", "write a whole number"),
    ],
)
async def test_terms_fall_with_notice_or_are_refused_where_they_do_not(
    world: World, tiers: Any, field: str, sentence: str
) -> None:
    refused = await new_terms(world, tiers)
    assert refused.status_code == 422
    assert sentence in refused.text
    assert f'id="f-{field}-error"' in refused.text
    assert "a new year" in refused.text


async def test_of_two_admins_with_new_terms_the_second_is_told(world: World) -> None:
    old = seen((await world.njeri.page("GET", "/practice/terms")).text)
    assert (await new_terms(world, [(24, 90)])).status_code == 303
    late = await new_terms(world, [(24, 80)], seen=old)
    assert late.status_code == 409
    assert "Somebody else has set new terms" in late.text


# as JSON ------------------------------------------------------------------------------------------


async def test_the_same_by_json(world: World) -> None:
    before = (await world.njeri.api("GET", "/api/admin/settings")).json()
    values = {one["name"]: one["value"] for one in before["settings"]}
    assert values[PAY] == 24
    assert values["payments.look_up_seconds"][:2] == [20, 35]
    body = {
        "version": before["version"], "reason": "shorter",
        "settings": [{"name": NOTICE, "value": 60}, {"name": BEFORE, "value": 45},
                     {"name": "sessions.pay_before_start_minutes", "value": 30}],
    }  # fmt: skip
    answer = await world.njeri.api("PUT", "/api/admin/settings", json=body)
    assert answer.status_code == 200, answer.text
    assert [one["name"] for one in answer.json()["history"]][:2] == ["sessions.pay_before_start_minutes", BEFORE]
    again = await world.njeri.api("PUT", "/api/admin/settings", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "settings_changed")
    alone = body | {"version": answer.json()["version"], "settings": [{"name": BEFORE, "value": 61}]}
    refused = await world.njeri.api("PUT", "/api/admin/settings", json=alone)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "answer_within_notice")
    for wrong in ({"name": "sessions.nothing", "value": 1}, {"name": PAY, "value": True}, {"name": PAY, "value": "x"}):
        answer = await world.njeri.api("PUT", "/api/admin/settings", json=alone | {"settings": [wrong]})
        assert answer.status_code == 422, wrong
    assert (await world.wambui.api("GET", "/api/admin/settings")).status_code == 403


async def test_terms_by_json(world: World) -> None:
    before = (await world.njeri.api("GET", "/api/admin/terms")).json()
    assert [one["percent"] for one in before["tiers"]] == [100, 75, 50, 25]
    body = {"seen": before["seen"], "reason": "a new year", "tiers": [{"hours": 24, "percent": 90}]}
    for wrong, field in (
        ({"tiers": [{"hours": 2, "percent": 10}, {"hours": 24, "percent": 90}]}, "tiers[1].hours"),
        ({"tiers": []}, "tiers"),
        ({"reason": " "}, "reason"), ({"from": "2020-01-01T00:00:00+03:00"}, "from"),
        ({"from": "2030-01-01T00:00"}, "from"),
    ):  # fmt: skip
        refused = await world.njeri.api("PUT", "/api/admin/terms", json=body | wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), wrong
    set_ = await world.njeri.api("PUT", "/api/admin/terms", json=body)
    assert (set_.status_code, set_.json()["tiers"]) == (200, body["tiers"])
    assert [one["reason"] for one in set_.json()["history"]][:1] == ["a new year"]
    late = await world.njeri.api("PUT", "/api/admin/terms", json=body)
    assert (late.status_code, late.json()["code"]) == (409, "terms_changed")
    assert (await world.wambui.api("PUT", "/api/admin/terms", json=body)).status_code == 403
