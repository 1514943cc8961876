"""The practice's numbers and zone count at every door through which a person comes in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from kikao import wiring, wiring_work
from kikao.accounts.rules import Numbers
from kikao.core.practice import put
from support import app as apps
from support.cast import PASSWORD, workday
from support.people import sign_up

LONDON = "Europe/London"


@pytest.fixture
async def london(url: str, now: datetime) -> AsyncIterator[apps.World]:
    """A practice elsewhere, whose codes work for 30 minutes and go out once an hour."""
    async with apps.world(url, now, TIME_ZONE=LONDON) as world:
        async with world.db.transaction() as conn:
            for name, value in (("code_minutes", 30), ("codes_an_hour", 1), ("forget_days", 2)):
                await put(conn, Numbers, name, value, by=world.cast.njeri.account_id, reason="a test", now=now)
        yield world


async def newest(world: apps.World) -> tuple[str, timedelta | None]:
    """The zone of whoever came last, and how long their code works."""
    async with world.db.connection() as conn:
        row = await conn.fetchrow(
            """
            select p.time_zone, v.expires_at - v.created_at as works from accounts.person p
            left join accounts.account a on a.person_id = p.id left join accounts.verification v on v.account_id = a.id
            order by p.id desc limit 1
            """
        )
    assert row is not None
    return row["time_zone"], row["works"]


@pytest.mark.parametrize("door", ["page", "request", "program"])
async def test_signing_up(london: apps.World, door: str) -> None:
    text = str(london.cast.consent_text_id)
    form: dict[str, Any] = {"name": "Chebet", "contact": "0700 000 041", "password": PASSWORD, "consent": "yes",
                            "consent_text": text}  # fmt: skip

    async def knock(hour: int) -> int:
        if door == "program":
            body = {"name": "Chebet", "phone": "0700000041", "password": PASSWORD,
                    "consent": {"textId": text, "language": "en"}}  # fmt: skip
            return (await london.nobody.api("POST", "/api/users/register", json=body)).status_code
        if door == "page":
            return (await london.nobody.page("POST", "/sign-up", data=form)).status_code
        start = workday(london.now, hour=hour).isoformat()
        asked = form | {"k": "i", "m": "o", "start": start, "for": "me"}
        return (await london.nobody.page("POST", "/t/kbt011/request", data=asked)).status_code

    assert await knock(10) == (202 if door == "program" else 303)
    assert await newest(london) == (LONDON, timedelta(minutes=30))
    assert await knock(14) == 429


async def test_who_is_noted_at_the_desk_and_who_is_hired(london: apps.World) -> None:
    consent = {"textId": str(london.cast.consent_text_id), "how": "voice"}
    made = await london.wambui.api("POST", "/api/people", json={"name": "Grace", "consent": consent})
    assert made.status_code == 201, made.text
    assert (await newest(london))[0] == LONDON
    form = {"name": "Achieng", "email": "achieng@example.test", "roles": "desk"}
    assert (await london.njeri.page("POST", "/practice/hire", data=form)).status_code == 303
    assert (await newest(london))[0] == LONDON


async def test_a_sign_up_is_forgotten_after_as_many_days_as_the_practice_says(london: apps.World) -> None:
    made = await sign_up(london.db, london.now, "0700 000 042")
    house = wiring.House(london.app.state.settings, london.db)
    for days, left in ((1, 1), (3, 0)):
        await wiring_work.forget(house, london.now + timedelta(days=days))
        async with london.db.connection() as conn:
            assert await conn.fetchval("select count(*) from accounts.account where id = $1", made.account_id) == left
