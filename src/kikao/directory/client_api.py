"""A psychologist's clients and what was agreed with each, as JSON."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Response, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, UnsetType

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.idempotency import Answer
from kikao.core.money import CURRENCY
from kikao.core.paging import bound, place
from kikao.core.web import Json, Kit, Req, Shown, must_be_id, need, once, only, read
from kikao.directory import clients
from kikao.directory.api import read_cursor
from kikao.directory.clients import Client


class AgreedShown(Shown):
    session_type: str
    amount: int
    minutes: int
    currency: str = CURRENCY


class ClientShown(Shown):
    """`atOnce`: null where what counts for everybody counts. `lastAt`: their last completed session together."""

    id: UUID
    name: str
    completed: int
    last_at: datetime | None
    known: bool
    known_since: datetime | None
    at_once: bool | None
    closed_at: datetime | None
    rates: list[AgreedShown]


class ClientList(Shown):
    clients: list[ClientShown]
    next: str | None


class AgreedBody(Json):
    """Whole shillings and minutes; null for both gives the public rate back."""

    session_type: str
    amount: int | None
    minutes: int | None = None


class ClientBody(Json):
    """What is to change; what is left out stays. `known`: known before there was Kikao."""

    at_once: bool | UnsetType | None = UNSET
    known: bool | UnsetType = UNSET
    closed: bool | UnsetType = UNSET
    rates: list[AgreedBody] | UnsetType = UNSET


def _shown(one: Client) -> ClientShown:
    return ClientShown(
        id=one.person_id, name=one.name, completed=one.completed, last_at=one.last_at, known=one.known,
        known_since=one.known_since, at_once=one.at_once, closed_at=one.closed_at,
        rates=[AgreedShown(session_type=rate.session_type, amount=rate.amount, minutes=rate.minutes)
               for rate in one.agreed],
    )


@read("/api/psychologists/me/clients", opt=only("psychologist"))
async def own_clients(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    cursor: FromQuery[str | None] = None, limit: FromQuery[int] = 20,
) -> ClientList:
    """By name: everybody whose request has reached one."""
    need(actor, "psychologist")
    assert actor.person_id is not None
    if not 1 <= limit <= 100:
        raise Invalid.field("limit", "out_of_range", "A list can be 1 to 100 long.")
    after = read_cursor(place(request, cursor))
    async with kit.db.connection() as conn:
        found = await clients.clients_of(conn, actor.person_id, now, after=after, most=limit)
    last = found[limit - 1] if len(found) > limit else None
    following = base64.urlsafe_b64encode(f"{last.person_id}|{last.name}".encode()).decode() if last else None
    return ClientList(clients=[_shown(one) for one in found[:limit]], next=bound(request, following))


@read("/api/psychologists/me/clients/{person_id:str}", opt=only("psychologist"))
async def own_client(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime], person_id: FromPath[str]
) -> ClientShown:
    need(actor, "psychologist")
    assert actor.person_id is not None
    async with kit.db.connection() as conn:
        return _shown(await clients.client_of(conn, actor.person_id, must_be_id(person_id), now))


@put("/api/psychologists/me/clients/{person_id:str}", opt=only("psychologist"))
async def put_client(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    person_id: FromPath[str], data: JSONBody[ClientBody],
) -> Response[Any]:
    need(actor, "psychologist")
    client_id = must_be_id(person_id)

    async def verb(conn: Conn) -> Answer:
        assert actor.person_id is not None
        await _change(conn, actor, client_id, data, now)
        return Answer(200, _shown(await clients.client_of(conn, actor.person_id, client_id, now)))

    return await once(request, kit, actor, now, verb)


async def _change(conn: Conn, actor: Actor, client_id: UUID, data: ClientBody, now: datetime) -> None:
    if not isinstance(data.at_once, UnsetType):
        await clients.take_at_once(conn, actor, client_id, data.at_once, now)
    if not isinstance(data.known, UnsetType):
        await clients.know(conn, actor, client_id, data.known, now)
    if not isinstance(data.closed, UnsetType):
        await (clients.close if data.closed else clients.reopen)(conn, actor, client_id, now)
    for rate in [] if isinstance(data.rates, UnsetType) else data.rates:
        await clients.agree_rate(
            conn, actor, client_id, clients.Rate(rate.session_type, rate.amount, rate.minutes), now
        )


api: list[Any] = [own_clients, own_client, put_client]
