"""How a person stands here: active, blocked, deceased, erased; and consent that is taken back.

Each verb runs in the caller's transaction and tells the rooms above by wire, which may refuse.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from kikao.accounts import actions, rules
from kikao.accounts.contacts import drop_contact
from kikao.accounts.wires import Stands, Withdrawn, tell_stands, tell_withdrawn
from kikao.core import idempotency
from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Row
from kikao.core.errors import Forbidden, NotFound, NotPossible
from kikao.core.ids import new_id
from kikao.journal import actions as journal

NAMELESS = "–"  # what an erased person is called


class Standing(msgspec.Struct, frozen=True):
    """One line of how a person came to stand as they do; `reason` is for those who may set it."""

    state: str
    reason: str
    at: datetime
    by_account: UUID


async def _held(conn: Conn, person_id: UUID) -> Row:
    row = await conn.fetchrow(
        """
        select p.state, a.id as account_id, array(select role from accounts.role where account_id = a.id) as roles
        from accounts.person p left join accounts.account a on a.person_id = p.id
        where p.id = $1 for no key update of p
        """,
        person_id,
    )
    if row is None:
        raise NotFound
    return row


async def set_state(
    conn: Conn, by: Actor, vault: Vault, person_id: UUID, state: str, reason: str, now: datetime
) -> None:
    """Desk for clients, admin for everybody; only an admin erases, and nobody speaks of themselves.

    Blocked: signs in, is sent nothing but codes, books nothing. Deceased: signed out, nothing is sent. Erased: name
    and contacts are gone for good, what is left is an id. What waits ends at once; a Confirmed session stays and is
    the practice's to cancel, and must be before somebody is erased.
    Raises NotFound, Forbidden, Invalid, NotPossible, LastAdmin.
    """
    # Before the person: of two who speak of each other each would hold the one and wait for the other.
    admins = await actions.hold_admins(conn) if state != "active" else frozenset[UUID]()
    held = await _held(conn, person_id)
    if person_id == by.person_id or not rules.may_set_state(by.roles, held["roles"], state):
        raise Forbidden
    why = rules.check_state(held["state"], state, reason)
    actions.check_admin_left(admins, held["account_id"])
    await conn.execute("update accounts.person set state = $2 where id = $1", person_id, state)
    await _note(conn, by, vault, person_id, state, why, now)
    if held["account_id"] is not None and state in (rules.DECEASED, rules.ERASED):
        await actions.end_sign_ins(conn, held["account_id"], now)
    await tell_stands(conn, Stands(person_id, held["account_id"], state, by, vault, now))
    if state == rules.ERASED:
        await _erase(conn, by, person_id, held, now)
    await journal.record(conn, by, "set_state", "person", person_id, now, was=held["state"], state=state)


async def _note(
    conn: Conn, by: Actor, vault: Vault, person_id: UUID, state: str, reason: str, now: datetime
) -> None:
    row_id = new_id()
    await conn.execute(
        """
        insert into accounts.standing (id, person_id, state, sealed_reason, at, by_account)
        values ($1, $2, $3, $4, $5, $6)
        """,
        row_id, person_id, state, vault.seal(reason, "accounts.standing", "sealed_reason", row_id), now, by.account_id,
    )


async def standings(conn: Conn, by: Actor, vault: Vault, person_id: UUID, now: datetime) -> list[Standing]:
    """The newest first, with their reasons, for desk and admin; that they were read stands in the journal."""
    if not by.has("desk", "admin"):
        raise Forbidden
    rows = await conn.fetch(
        """
        select id, state, sealed_reason, at, by_account from accounts.standing
        where person_id = $1 order by at desc, id desc
        """,
        person_id,
    )
    if rows:
        await journal.record(conn, by, "open the reason", "person", person_id, now)
    return [
        Standing(
            row["state"], vault.open(row["sealed_reason"], "accounts.standing", "sealed_reason", row["id"]),
            row["at"], row["by_account"],
        )
        for row in rows
    ]


# erasing ------------------------------------------------------------------------------------------


async def _erase(conn: Conn, by: Actor, person_id: UUID, held: Row, now: datetime) -> None:
    """Everything here that says who this was. Consents, who acted for whom, and the journal hold ids only."""
    if not rules.STAFF.isdisjoint(held["roles"]):
        raise NotPossible("Somebody who works here cannot be erased. Take their roles away first.")
    await conn.execute(
        "update accounts.person set name = $2, birth_date = null where id = $1", person_id, NAMELESS
    )
    await conn.execute("delete from accounts.standing where person_id = $1 and state <> 'erased'", person_id)
    await conn.execute(
        """
        update accounts.acts_for set until = $2
        where (person_id = $1 or by_person = $1) and (until is null or until > $2)
        """,
        person_id, now,
    )
    if held["account_id"] is not None:
        await _close_account(conn, by, held["account_id"], now)
    await idempotency.forget_answers(conn, held["account_id"], person_id)
    for row in await conn.fetch("select id from accounts.contact_point where person_id = $1", person_id):
        await drop_contact(conn, row["id"])


async def _close_account(conn: Conn, by: Actor, account_id: UUID, now: datetime) -> None:
    await conn.execute("delete from accounts.verification where account_id = $1", account_id)
    await conn.execute("delete from accounts.login where account_id = $1", account_id)
    await conn.execute("delete from accounts.sign_in where account_id = $1", account_id)
    await conn.execute("delete from accounts.role where account_id = $1", account_id)
    await conn.execute(
        """
        update accounts.account
        set password_hash = '', proved_at = coalesce(proved_at, $2),
            disabled_at = coalesce(disabled_at, $2), disabled_by = coalesce(disabled_by, $3)
        where id = $1
        """,
        account_id, now, by.account_id,
    )


# consent ------------------------------------------------------------------------------------------


async def _speaks_for(conn: Conn, by: Actor, person_id: UUID, now: datetime) -> bool:
    """Whether this is the person, somebody who acts for them, or the practice that was told so."""
    if person_id == by.person_id or by.has("desk", "admin"):
        return True
    return bool(
        await conn.fetchval(
            """
            select exists (select from accounts.may_act_for
                           where by_person = $1 and person_id = $2 and ends_at > $3)
            """,
            by.person_id, person_id, now,
        )
    )


async def withdraw_consent(conn: Conn, by: Actor, vault: Vault, person_id: UUID, now: datetime) -> bool:
    """Take consent for this person back. False when there was none.

    They themselves, and the practice that was told so, take back all of it. Who acts for them leaves what the person
    or somebody else who acts for them gave: then only what they asked for themselves ends, and only they ask for
    nothing new. Else no new request is taken and what waits ends at once. A Confirmed session stays until somebody
    cancels it, by the terms that it was made under. Agreeing again is possible at any time. Raises NotFound.
    """
    if not await _speaks_for(conn, by, person_id, now):
        raise NotFound
    # Of two who take theirs back at one instant the second sees that nothing is left.
    await conn.execute("select from accounts.person where id = $1 for no key update", person_id)
    rows = await conn.fetch(
        """
        update accounts.consent set withdrawn_at = $2, withdrawn_by = $3
        where person_id = $1 and withdrawn_at is null and ($4 or given_by <> all (array(
            select $1
            union all
            select by_person from accounts.may_act_for
            where person_id = $1 and by_person is distinct from $5 and ends_at > $2)))
        returning id
        """,
        person_id, now, by.account_id, person_id == by.person_id or by.has("desk", "admin"), by.person_id,
    )
    if not rows:
        return False
    await journal.record(conn, by, "withdraw_consent", "person", person_id, now, consents=len(rows))
    left = await conn.fetchval("select exists (select from accounts.valid_consent where person_id = $1)", person_id)
    await tell_withdrawn(conn, Withdrawn(person_id, by, vault, now, of_person=by.person_id if left else None))
    return True


# forgetting ---------------------------------------------------------------------------------------


async def ensure_forgotten_person(conn: Conn, now: datetime) -> UUID:
    """The one who stands where somebody is forgotten: without name, contact or account, the same for all."""
    await conn.execute(
        """
        insert into accounts.person (id, name, state, created_at) values ($1, $2, 'erased', $3)
        on conflict (id) do nothing
        """,
        rules.FORGOTTEN, NAMELESS, now,
    )
    return rules.FORGOTTEN


async def forget_consents(conn: Conn, before: datetime, seen_since: Collection[UUID]) -> int:
    """Delete consents that are older, given or taken back, but those for somebody who was seen since. How many."""
    tag = await conn.execute(
        """
        delete from accounts.consent
        where given_at < $1 and coalesce(withdrawn_at, given_at) < $1 and person_id <> all ($2)
        """,
        before, list(seen_since),
    )
    return int(tag.rsplit(" ", 1)[-1])
