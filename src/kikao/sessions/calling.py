"""Sessions by phone: whose number is rung, who is shown it, and nobody books one who has none."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.phone import masked_as_shown
from kikao.core.sql import Statement
from kikao.journal.actions import record
from kikao.sessions import rules
from kikao.sessions.queries import Rung, Session
from kikao.sessions.sql import RECIPIENT

PHONE = "Phone"
MEETS = (rules.CONFIRMED, rules.IN_PROGRESS)

# The client's own proved number, else that of whoever is told for them.
_NUMBER = Statement(f"""
select c.value, c.person_id
from (select s.client_id, {RECIPIENT} as told_id from sessions.session s where s.id = :id::uuid) w
join accounts.contact c on c.person_id in (w.client_id, w.told_id)
where c.kind = 'phone' and c.proved_at is not null
order by c.person_id <> w.client_id, c.chosen_at desc nulls last, c.proved_at, c.id
limit 1
""")
# What the booking statement would say first is left to it: with whom there are no times, for whom nobody may ask.
_LACKS_NUMBER = Statement("""
select exists (select from directory.listed where id = :psychologist_id::uuid)
   and (:asker_id::uuid = :client_id::uuid or exists (
        select from accounts.may_act_for where by_person = :asker_id::uuid and person_id = :client_id::uuid))
   and not exists (select from accounts.contact
                   where person_id in (:client_id::uuid, :asker_id::uuid) and kind = 'phone'
                     and (proved_at is not null or not :proved::boolean)) as lacks
""")


async def check_number(
    conn: Conn, mode: str, psychologist_id: UUID, client_id: UUID, asker_id: UUID, *, proved: bool
) -> None:
    """Nobody is booked by phone whom nobody can ring; before they have `proved` anything a number to prove will do.
    Raises Invalid, `no_number`."""
    if mode != PHONE:
        return
    found = await _LACKS_NUMBER.one(
        conn, psychologist_id=psychologist_id, client_id=client_id, asker_id=asker_id, proved=proved
    )
    if found["lacks"]:
        raise no_number("mode")


def no_number(field: str) -> Invalid:
    return Invalid.field(field, "no_number", "A session by phone needs a confirmed number to ring.")


async def can_be_rung(conn: Conn, people: list[UUID]) -> bool:
    """Whether one of them has a proved number."""
    return bool(await conn.fetchval(
        """
        select exists (select from accounts.contact
                       where person_id = any ($1) and kind = 'phone' and proved_at is not null)
        """,
        people,
    ))  # fmt: skip


async def with_number(conn: Conn, actor: Actor, session: Session, now: datetime) -> Session:
    """The session with what its viewer is shown of the number that is rung: all of it its psychologist, from Confirmed
    on, and each time stands in the journal; masked whose it is, the client and the desk; nobody else anything."""
    if session.mode != PHONE or session.status not in rules.HOLDING:
        return session
    row = await _NUMBER.first(conn, id=session.id, now=now)
    if row is None:
        return msgspec.structs.replace(session, rung=Rung(None, whole=False))
    if rules.PSYCHOLOGIST in session.parties:
        if session.status not in MEETS:
            return session
        await record(conn, actor, "open the number", "session", session.id, now)
        return msgspec.structs.replace(session, rung=Rung(row["value"], whole=True))
    theirs = row["person_id"] in (session.client_id, actor.person_id)
    if (rules.CLIENT in session.parties and theirs) or session.parties & {rules.DESK, rules.ADMIN}:
        return msgspec.structs.replace(session, rung=Rung(masked_as_shown(row["value"]), whole=False))
    return session
