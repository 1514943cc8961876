"""The verb *book*: the practice books for somebody, perhaps without an account.

Notice, horizon, step, hours and the buffer after it give way, for a reason; a time that is kept never does.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import Forbidden, NotFound
from kikao.core.practice import Snapshot
from kikao.directory.clients import client_of
from kikao.journal.actions import record
from kikao.sessions import actions, booking, calling, rules
from kikao.sessions.booking import Booked
from kikao.sessions.queries import Session
from kikao.sessions.sql import BOOK_BY_HAND, WEIGH_BY_HAND


class ByHand(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody of the practice books. `reason`: why it may go against a rule; needed only when it does."""

    psychologist_id: UUID
    person_id: UUID
    session_type: str
    starts_at: datetime
    mode: str = "Online"
    place_id: UUID | None = None
    country: str | None = None
    note: str | None = None
    reason: str = ""


async def book(conn: Conn, actor: Actor, wanted: ByHand, now: datetime, practice: Snapshot, vault: Vault) -> Booked:
    """→ Approved (Confirmed when nothing is owed): its psychologist, for a client of theirs; desk and admin where the
    psychologist allows it, for anybody.

    Raises Forbidden, NotFound, Invalid (with `against`, the rules that need a reason), SlotTaken, OwnOverlap,
    TooManyOpen, RelationClosed.
    """
    values = await _values(conn, actor, wanted, now, practice, vault)
    booked = await booking.decide(conn, BOOK_BY_HAND, values, now)
    await booking.check_same_note(conn, booked, wanted.note, vault)
    return booked


# What `book` settles by itself, or asks a reason for.
_GIVES_WAY = (None, "needs_reason", "same", "overdue")


async def weigh(
    conn: Conn, actor: Actor, wanted: ByHand, now: datetime, practice: Snapshot, vault: Vault
) -> tuple[str, ...]:
    """The rules that this would go against, and so need a reason for; books nothing. Raises what `book` would."""
    values = await _values(conn, actor, wanted, now, practice, vault)
    row = await WEIGH_BY_HAND.one(conn, **{name: values[name] for name in WEIGH_BY_HAND.names})
    if row["refused"] not in _GIVES_WAY:
        raise booking.named(row["refused"], row["against"], by_psychologist=values["by_psychologist"])
    return tuple(row["against"] or ())


async def bookable(conn: Conn, actor: Actor, person_id: UUID, now: datetime) -> frozenset[UUID]:
    """The psychologists with whom this actor may book for this person. Raises NotFound where that is nobody's to ask:
    there is no such person, or a psychologist's word alone, and no client of theirs."""
    found = set[UUID]()
    if actor.has("psychologist") and actor.person_id is not None:
        try:
            await client_of(conn, actor.person_id, person_id, now)
            found.add(actor.person_id)
        except NotFound:
            if not actor.has("desk", "admin"):
                raise
    if actor.has("desk", "admin"):
        if not await conn.fetchval("select exists (select from accounts.people where id = $1)", person_id):
            raise NotFound
        rows = await conn.fetch("select id from directory.listed where desk_may_answer and id <> $1", person_id)
        found.update(row["id"] for row in rows)
    return frozenset(found)


async def _values(
    conn: Conn, actor: Actor, wanted: ByHand, now: datetime, practice: Snapshot, vault: Vault
) -> dict[str, Any]:
    own = wanted.psychologist_id == actor.person_id and actor.has("psychologist")
    if own:
        await client_of(conn, wanted.psychologist_id, wanted.person_id, now)
    elif not actor.has("desk", "admin"):
        raise Forbidden
    reason = actions.read_reason(wanted.reason, needed=False).text
    asked = booking.Request(
        psychologist_id=wanted.psychologist_id, session_type=wanted.session_type, starts_at=wanted.starts_at,
        client_id=wanted.person_id, asker_id=await acts_as_client(conn, wanted.person_id, now), proved=True,
        mode=wanted.mode, place_id=wanted.place_id, country=wanted.country, note=wanted.note,
    )
    booking.check(asked)
    booking.check_span(asked.starts_at, now)
    await calling.check_number(
        conn, asked.mode, asked.psychologist_id, asked.client_id, asked.asker_id, proved=True)
    assert actor.account_id is not None
    values = booking.values_of(
        asked, now, practice, vault, taken_by=actor.account_id, booked_by=actor.account_id, by_psychologist=own,
        against=reason,
    )
    return {**values, "with_reason": bool(reason)}


async def acts_as_client(conn: Conn, person_id: UUID, now: datetime) -> UUID:
    """Who acts as this client from now on: whoever has acted for them longest, unless they sign in themselves, or
    nobody does."""
    found: UUID = await conn.fetchval(
        """
        select coalesce(
            (select id from accounts.people where id = $1 and can_sign_in),
            (select f.by_person from accounts.may_act_for f join accounts.people p on p.id = f.by_person
             where f.person_id = $1 and f.ends_at > $2 and (p.account_id is null or p.can_sign_in)
               and p.state = 'active'
             order by f.since, f.by_person limit 1),
            $1)
        """,
        person_id, now,
    )
    return found


async def open_against(conn: Conn, actor: Actor, session: Session, vault: Vault, now: datetime) -> str | None:
    """Why a booking by hand went against a rule, for its psychologist, desk and admin; each opening in the journal."""
    if not session.against or not session.parties & {rules.PSYCHOLOGIST, rules.DESK, rules.ADMIN}:
        return None
    sealed = await conn.fetchval("select sealed_against from sessions.session where id = $1", session.id)
    await record(conn, actor, "open the reason", "session", session.id, now)
    return vault.open(sealed, "sessions.session", "sealed_against", session.id)
