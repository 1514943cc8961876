"""What an id in the journal stands for, and what it is called: for the page that tells what happened."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import msgspec

from kikao.core.db import Conn


class Subject(msgspec.Struct, frozen=True):
    """`kind`: session, charge, person, or empty for anything else. `nouns` are all ids under which something may be
    noted of it; `account_id` is whose own deeds belong to it."""

    id: UUID
    kind: str
    name: str
    nouns: list[UUID]
    account_id: UUID | None = None


async def subject(conn: Conn, noun_id: UUID) -> Subject:
    return (
        await _session(conn, noun_id) or await _charge(conn, noun_id) or await _person(conn, noun_id)
        or Subject(noun_id, "", "", [noun_id])
    )


async def _session(conn: Conn, noun_id: UUID) -> Subject | None:
    """With everything that was noted of its money."""
    reference = await conn.fetchval("select reference from sessions.of_person where id = $1", noun_id)
    if reference is None:
        return None
    rows = await conn.fetch(
        "select id from payments.charge_state where purpose = 'session' and purpose_id = $1", noun_id
    )
    return Subject(noun_id, "session", reference, [noun_id, *(row["id"] for row in rows)])


async def _charge(conn: Conn, noun_id: UUID) -> Subject | None:
    row = await conn.fetchrow("select reference, purpose_id from payments.charge_state where id = $1", noun_id)
    return Subject(noun_id, "charge", row["reference"], [noun_id, row["purpose_id"]]) if row else None


async def _person(conn: Conn, noun_id: UUID) -> Subject | None:
    """By the person's id or the account's."""
    row = await conn.fetchrow(
        """
        select id, name, account_id from accounts.people where id = $1
        union select id, name, account_id from accounts.people where account_id = $1
        """,
        noun_id,
    )
    if row is None:
        return None
    nouns = [row["id"], *([row["account_id"]] if row["account_id"] else [])]
    return Subject(row["id"], "person", row["name"], nouns, row["account_id"])


async def of_reference(conn: Conn, reference: str) -> UUID | None:
    """The session with this reference, else the payment."""
    session: UUID | None = await conn.fetchval("select id from sessions.of_person where reference = $1", reference)
    if session is not None:
        return session
    charge: UUID | None = await conn.fetchval(
        "select id from payments.charge_state where reference = $1 order by id limit 1", reference
    )
    return charge


async def names(conn: Conn, accounts: Iterable[UUID], people: Iterable[UUID]) -> dict[UUID, str]:
    """By account and by person, for an admin, who may read every name."""
    rows = await conn.fetch(
        """
        select id, account_id, name from accounts.people where account_id = any ($1)
        union select id, account_id, name from accounts.people where id = any ($2)
        """,
        list({*accounts, *people}), list(set(people)),
    )
    return {key: row["name"] for row in rows for key in (row["id"], row["account_id"]) if key is not None}


async def references(conn: Conn, nouns: Iterable[UUID]) -> dict[UUID, str]:
    """Of sessions and charges."""
    rows = await conn.fetch(
        """
        select id, reference from sessions.of_person where id = any ($1)
        union all select id, reference from payments.charge_state where id = any ($1)
        """,
        list(set(nouns)),
    )
    return {row["id"]: row["reference"] for row in rows}
