"""Acting for somebody without an account: who may, with whose consent, until when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kikao.accounts import acting, rules
from kikao.core.db import Database
from kikao.core.errors import Invalid, NotFound
from support.cast import Cast, Member


async def add(db: Database, cast: Cast, now: datetime, who: Member, **more: object) -> UUID:
    given = {"name": "Tatu", "birth_date": date(now.year - 5, 3, 4), "relation": "parent"} | more
    async with db.transaction() as conn:
        return await acting.add_person(conn, who.actor, consent_text_id=cast.consent_text_id, now=now, **given)  # type: ignore[arg-type]


async def names(db: Database, who: Member, now: datetime) -> list[str]:
    async with db.connection() as conn:
        return [one.name for one in await acting.people_of(conn, who.person_id, now)]


async def test_a_parent_adds_a_child_and_agrees_for_it(db: Database, cast: Cast, now: datetime) -> None:
    person_id = await add(db, cast, now, cast.amina)
    async with db.connection() as conn:
        tatu = await acting.one_of(conn, cast.amina.person_id, person_id, now)
        given_by = await conn.fetchval("select given_by from accounts.valid_consent where person_id = $1", person_id)
        with pytest.raises(NotFound):
            await acting.one_of(conn, cast.baraka.person_id, person_id, now)
    assert (tatu.name, tatu.relation, tatu.agreed) == ("Tatu", "parent", True)
    assert given_by == cast.amina.person_id


async def test_who_is_typed_in_twice_is_one_person(db: Database, cast: Cast, now: datetime) -> None:
    person_id = await add(db, cast, now, cast.amina)
    assert await add(db, cast, now, cast.amina, name="TATU ") == person_id
    assert await add(db, cast, now, cast.amina, name="Tito") != person_id
    assert await names(db, cast.amina, now) == ["Tatu", "Tito"]


async def test_it_ends_at_eighteen_whatever_is_stored(db: Database, cast: Cast, now: datetime) -> None:
    birthday = datetime(2036, 4, 11, 21, 0, tzinfo=UTC)  # Zuri's eighteenth begins in Nairobi
    assert await names(db, cast.halima, birthday - timedelta(seconds=1)) == ["Zuri"]
    assert await names(db, cast.halima, birthday) == []


async def test_ended_by_whoever_acted(db: Database, cast: Cast, now: datetime) -> None:
    async with db.transaction() as conn:
        await acting.end_acting(conn, cast.halima.actor, cast.zuri.person_id, now)
        with pytest.raises(NotFound):
            await acting.end_acting(conn, cast.halima.actor, cast.zuri.person_id, now)
    assert await names(db, cast.halima, now) == []


async def test_who_cannot_be_acted_for(db: Database, cast: Cast, now: datetime) -> None:
    grown = date(now.year - 19, 1, 1)
    for field, wrong in (
        ("birthDate", {"birth_date": grown}), ("birthDate", {"birth_date": now.date() + timedelta(days=1)}),
        ("birthDate", {"birth_date": None}), ("relation", {"relation": "friend"}), ("name", {"name": " "}),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            await add(db, cast, now, cast.amina, **wrong)
        assert refused.value.fields[0].field == field
    # Somebody grown up can be cared for, and that does not end on a birthday.
    await add(db, cast, now, cast.amina, birth_date=date(1950, 2, 3), relation="carer", name="Bibi")
    assert await names(db, cast.amina, now + timedelta(days=40 * 366)) == ["Bibi"]


async def test_one_account_acts_for_a_dozen_at_most(db: Database, cast: Cast, now: datetime) -> None:
    for number in range(acting.MOST_PEOPLE):
        await add(db, cast, now, cast.amina, name=f"Tatu {number}")
    with pytest.raises(acting.TooManyPeople):
        await add(db, cast, now, cast.amina)


@given(born=st.dates(date(1930, 1, 1), date(2030, 12, 31)))
def test_of_age_is_eighteen_years_later(born: date) -> None:
    day = rules.of_age_on(born)
    assert day.year == born.year + 18
    assert (day.month, day.day) == ((2, 28) if (born.month, born.day) == (2, 29) else (born.month, born.day)) or (
        day == date(born.year + 18, 2, 29))
