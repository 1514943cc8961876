"""Whom one acts for, as JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Response, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from kikao.accounts import acting
from kikao.accounts.acting import ActedFor
from kikao.accounts.actions import OutdatedConsent
from kikao.accounts.api import ConsentBody
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.idempotency import Answer
from kikao.core.ids import read_id
from kikao.core.web import Json, Kit, Req, Shown, must_be_id, need, once, only, read


class PersonBody(Json):
    """Somebody without an account. `relation`: parent, guardian, carer; `consent` is the caller's, for them."""

    name: str
    birth_date: date
    relation: str
    consent: ConsentBody


class PersonShown(Shown):
    """`endsAt`: when a child comes of age, and acting for it ends; null where no end is known."""

    id: UUID
    name: str
    birth_date: date | None
    relation: str
    since: datetime
    ends_at: datetime | None
    agreed: bool


class PeopleShown(Shown):
    people: list[PersonShown]


def _shown(one: ActedFor) -> PersonShown:
    return PersonShown(
        id=one.person_id, name=one.name, birth_date=one.birth_date, relation=one.relation, since=one.since,
        ends_at=one.ends_at, agreed=one.agreed,
    )


@read("/api/users/me/people", opt=only("client"))
async def people(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> PeopleShown:
    need(actor, "client")
    assert actor.person_id is not None
    async with kit.db.connection() as conn:
        return PeopleShown(people=[_shown(one) for one in await acting.people_of(conn, actor.person_id, now)])


@post("/api/users/me/people", opt=only("client"))
async def add(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[PersonBody],
) -> Response[PersonShown]:
    need(actor, "client")
    text_id = read_id(data.consent.text_id)
    if text_id is None:
        raise OutdatedConsent

    async def verb(conn: Conn) -> Answer:
        assert actor.person_id is not None
        person_id = await acting.add_person(
            conn, actor, name=data.name, birth_date=data.birth_date, relation=data.relation, consent_text_id=text_id,
            now=now,
        )
        return Answer(201, _shown(await acting.one_of(conn, actor.person_id, person_id, now)))

    return await once(request, kit, actor, now, verb)


@delete("/api/users/me/people/{person_id:str}", status_code=204, opt=only("client"))
async def end(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime], person_id: FromPath[str]
) -> None:
    """Ends acting for them; their sessions stay, and are seen by whoever else may."""
    need(actor, "client")
    async with kit.db.transaction() as conn:
        await acting.end_acting(conn, actor, must_be_id(person_id), now)


api: list[Any] = [people, add, end]
