"""A caller on the line, as JSON: find or make a person, reach them. For desk and admin."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from kikao.accounts import by_desk, files, rules
from kikao.accounts.actions import OutdatedConsent
from kikao.accounts.files import Found
from kikao.accounts.rules import Numbers
from kikao.admin.people_pages import look_for
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.idempotency import Answer
from kikao.core.ids import read_id
from kikao.core.web import Json, Kit, Req, Shown, must_be_id, need, once, only


class SearchBody(Json):
    """A name, a contact, or the reference of a session. In a body, so that it stands in no address and no log."""

    who: str


class PersonShown(Shown):
    """Contacts are masked."""

    id: UUID
    name: str
    state: str
    has_account: bool
    contacts: tuple[str, ...]


class PeopleShown(Shown):
    people: list[PersonShown]


class ConsentBody(Json):
    """`how`: voice or paper."""

    text_id: str
    how: str = "voice"


class PersonBody(Json):
    """A child has `parentId`, whoever acts for it, with an account or without, and has agreed for it."""

    name: str
    consent: ConsentBody
    phone: str | None = None
    email: str | None = None
    birth_date: date | None = None
    parent_id: str | None = None
    relation: str = "parent"


class ContactBody(Json):
    contact: str


class CodeBody(Json):
    code: str


class SentShown(Shown):
    verification_id: UUID


def _shown(one: Found) -> PersonShown:
    return PersonShown(
        id=one.person_id, name=one.name, state=one.state, has_account=one.has_account, contacts=one.contacts
    )


@post("/api/people/search", status_code=200, opt=only("desk", "admin"))
async def search(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[SearchBody],
) -> PeopleShown:
    """That somebody looked, and whom they found, stands in the journal."""
    need(actor, "desk", "admin")
    async with kit.db.transaction() as conn:
        return PeopleShown(people=[_shown(one) for one in await look_for(conn, actor, data.who[:80], now)])


def _newcomer(data: PersonBody, time_zone: str) -> by_desk.Newcomer:
    text_id = read_id(data.consent.text_id)
    if text_id is None:
        raise OutdatedConsent
    typed = (("phone", data.phone), ("email", data.email))
    return by_desk.Newcomer(
        name=data.name, consent_text_id=text_id, how=data.consent.how, time_zone=time_zone, birth_date=data.birth_date,
        contacts=[rules.contact(text, field) for field, text in typed if text],
        parent_id=must_be_id(data.parent_id) if data.parent_id else None, relation=data.relation,
    )


@post("/api/people", opt=only("desk", "admin"))
async def make(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[PersonBody],
) -> Response[PersonShown]:
    need(actor, "desk", "admin")
    who = _newcomer(data, kit.time_zone)

    async def verb(conn: Conn) -> Answer:
        person_id = await by_desk.make_person(conn, actor, who, now)
        return Answer(201, _shown((await files.by_ids(conn, [person_id]))[0]))

    return await once(request, kit, actor, now, verb)


@post("/api/people/{person_id:str}/code", status_code=202, opt=only("desk", "admin"))
async def send_code(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str], data: JSONBody[ContactBody],
) -> Response[SentShown]:
    """To a contact of somebody without an account, which is added where it is new; the caller reads the code out."""
    need(actor, "desk", "admin")
    whose = must_be_id(person_id)
    contact = rules.contact(data.contact)

    async def verb(conn: Conn) -> Answer:
        numbers = (await kit.numbers(conn, actor, now)).of(Numbers)
        contact_id = await by_desk.add_contact(conn, actor, whose, contact, now)
        sent = await by_desk.send_code(conn, kit.vault, actor, contact_id, now, numbers)
        return Answer(202, SentShown(verification_id=sent))

    return await once(request, kit, actor, now, verb)


@post("/api/people/code/{verification_id:str}", status_code=204, opt=only("desk", "admin"))
async def read_out(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    verification_id: FromPath[str], data: JSONBody[CodeBody],
) -> None:
    need(actor, "desk", "admin")
    async with kit.db.connection() as conn:
        numbers = (await kit.numbers(conn, actor, now)).of(Numbers)
    await by_desk.read_out(kit.db, kit.vault, actor, must_be_id(verification_id), data.code, now, numbers)


api: list[Any] = [search, make, send_code, read_out]
