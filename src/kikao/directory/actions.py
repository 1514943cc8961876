"""What psychologists enter about themselves, what they ask for, and who of them is listed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from kikao.accounts import actions as accounts
from kikao.availability.actions import open_calendar
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import BY_CONSTRAINT, InProgress, NotFound, NotPossible, Refusal, all_of, refused
from kikao.core.ids import new_id, new_slug
from kikao.directory import own, rules
from kikao.journal.actions import record

TEXTS = ("title", "board", "registration_number", "licence_number", "bio", "gender", "meeting_link")
LISTS = ("specialities", "languages", "sees", "session_types", "modes")
FIELDS = (*TEXTS, *LISTS, "licence_until", "desk_may_answer", "takes")
WAITING, LISTED, REFUSED, DISABLED = "waiting", "listed", "refused", "disabled"


class NotReady(Refusal):
    """`missing`: licence, public_yes, emergency_line."""

    code, detail = "not_ready", "This psychologist cannot be listed yet."


# One in three hundred thousand million: the second try finds another address.
BY_CONSTRAINT["slug_once"] = InProgress


class ProfileChange(msgspec.Struct, frozen=True):
    """The fields of FIELDS that are to change, as new values; `public`: their yes to be listed, or its end."""

    values: dict[str, Any]
    public: bool | None = None


# one's own ----------------------------------------------------------------------------------------


async def save_profile(conn: Conn, actor: Actor, change: ProfileChange, now: datetime) -> None:
    """Make or change one's own profile. Raises Invalid.

    Whoever changes what an admin has checked, or takes back the yes, is no longer listed and waits again.
    """
    psychologist_id = _own(actor)
    values = _checked(change.values)
    await _prepare(conn, actor, values, now)
    before = await own.profile(conn, psychologist_id)
    changed = {name: value for name, value in values.items() if value != getattr(before, name)}
    said = change.public is not None and change.public != (before.public_yes_at is not None)
    if not changed and not said:
        return
    await _write(conn, psychologist_id, changed)
    if said:
        await conn.execute(
            """
            update directory.psychologist
            set public_yes_at = $2::timestamptz,
                status = case when $2::timestamptz is null and status = 'listed' then 'waiting' else status end
            where id = $1
            """,
            psychologist_id, now if change.public else None,
        )
    await record(
        conn, actor, "change profile", "psychologist", psychologist_id, now,
        fields=sorted(changed), public=change.public if said else None,
    )


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """Texts without blanks around them; an empty one that is not needed is none. Raises Invalid, for all at once."""
    found = dict(values)
    for name in (name for name in TEXTS if name in found):
        text = (found[name] or "").strip()
        found[name] = text if text or name in (*rules.NEEDED, "bio") else None
    for name in (name for name in LISTS if name in found):
        found[name] = tuple(word.strip() for word in found[name])
    checks: list[Callable[[], None]] = [
        *(partial(rules.check_text, name, found[name]) for name in TEXTS if name in found),
        *(partial(rules.check_words, name, found[name]) for name in LISTS if name in found),
        partial(rules.check_takes, found.get("takes", rules.ASKS_FIRST)),
        partial(rules.check_last_day, found.get("licence_until")),
    ]
    if refusal := all_of(*map(refused, checks)):
        raise refusal
    return found


async def _prepare(conn: Conn, actor: Actor, values: dict[str, Any], now: datetime) -> None:
    """The row and the calendar of somebody new, and the row held for everybody."""
    psychologist_id = _own(actor)
    held = await conn.fetchval(
        "select true from directory.psychologist where id = $1 for update", psychologist_id
    )
    if held:
        return
    for name in rules.NEEDED:
        rules.check_text(name, values.get(name))
    await open_calendar(conn, psychologist_id)
    await conn.execute(
        """
        insert into directory.psychologist (id, slug, title, board, registration_number, created_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        psychologist_id, new_slug(), *(values[name] for name in rules.NEEDED), now,
    )
    await record(conn, actor, "prepare", "psychologist", psychologist_id, now)


_UNCHECKED = """, checked_at = null, checked_by = null,
status = case status when 'disabled' then status else 'waiting' end"""


async def _write(conn: Conn, psychologist_id: UUID, changed: dict[str, Any]) -> None:
    for name, value in changed.items():
        assert name in FIELDS
        # What was public was checked: a new number, or a new last day, waits for an admin to see it.
        unchecked = _UNCHECKED if name in rules.CHECKED else ""
        ungraced = ", licence_grace_until = null, licence_grace_reason = null" if name == "licence_until" else ""
        await conn.execute(
            f"update directory.psychologist set {name} = $2{unchecked}{ungraced} where id = $1",
            psychologist_id, list(value) if name in LISTS else value,
        )


async def add_rate(
    conn: Conn, actor: Actor, session_type: str, amount: int, minutes: int, now: datetime
) -> bool:
    """A new rate of one's own; the ones before stay. False when that very rate counts already. Raises Invalid."""
    rules.check_session_type(session_type)
    rules.check_rate(amount, minutes)
    psychologist_id = _own(actor)
    await own.profile(conn, psychologist_id)
    # Held, so that of two at once one follows the other.
    await conn.execute("select from directory.psychologist where id = $1 for update", psychologist_id)
    current = await conn.fetchrow(
        """
        select amount, minutes, from_at from directory.rate
        where psychologist_id = $1 and session_type = $2 order by from_at desc limit 1
        """,
        psychologist_id, session_type,
    )
    if current is not None and (current["amount"], current["minutes"]) == (amount, minutes):
        return False
    rate_id = new_id()
    from_at = max(now, current["from_at"] + datetime.resolution) if current is not None else now
    await conn.execute(
        """
        insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        rate_id, psychologist_id, session_type, amount, minutes, from_at, actor.account_id,
    )
    await record(
        conn, actor, "set rate", "psychologist", psychologist_id, now,
        rate=rate_id, type=session_type, amount=amount, minutes=minutes,
    )
    return True


# an admin's ---------------------------------------------------------------------------------------


async def list_psychologist(conn: Conn, actor: Actor, psychologist_id: UUID, now: datetime) -> None:
    """The admin has checked title, board, number and licence: → listed. Raises NotFound, NotReady."""
    await _hold(conn, psychologist_id)
    found = await own.profile(conn, psychologist_id)
    last_day = found.licence_grace_until or found.licence_until
    missing = rules.needed_to_be_listed(
        has_licence=last_day is not None and last_day >= now.date(),
        said_yes=found.public_yes_at is not None, has_emergency_line=await own.may_be_rung(conn),
    )
    if found.status == LISTED:
        return
    if missing:
        raise NotReady(missing=missing)
    await open_calendar(conn, psychologist_id)
    await conn.execute(
        "update directory.psychologist set status = 'listed', checked_at = $2, checked_by = $3 where id = $1",
        psychologist_id, now, actor.account_id,
    )
    account_id = await _account(conn, psychologist_id)
    if account_id is not None:
        await accounts.grant_role(conn, actor, account_id, "psychologist", now)
    await record(conn, actor, "list", "psychologist", psychologist_id, now, was=found.status)


async def refuse(conn: Conn, actor: Actor, psychologist_id: UUID, now: datetime) -> None:
    """Checked, and not to be listed. They may change what they entered and then wait again. Who is listed, or was
    suspended, is not refused: that would leave their sessions to nobody. Raises NotFound, NotPossible."""
    if await _hold(conn, psychologist_id) not in (WAITING, REFUSED):
        raise NotPossible("Only somebody who waits to be listed can be refused.")
    await _leave_list(conn, actor, psychologist_id, REFUSED, "refuse", now)


async def disable(conn: Conn, actor: Actor, psychologist_id: UUID, now: datetime) -> None:
    """No longer bookable, signed out at once, and no psychologist any more. Raises NotFound.

    The account itself stays: a psychologist may be a colleague's client.
    """
    if not await _leave_list(conn, actor, psychologist_id, DISABLED, "disable", now):
        return
    account_id = await _account(conn, psychologist_id)
    if account_id is not None:
        await accounts.revoke_role(conn, actor, account_id, "psychologist", now)
        await accounts.end_sign_ins(conn, account_id, now)


async def _leave_list(
    conn: Conn, actor: Actor, psychologist_id: UUID, status: str, verb: str, now: datetime
) -> bool:
    was = await _hold(conn, psychologist_id)
    if was == status:
        return False
    await conn.execute("update directory.psychologist set status = $2 where id = $1", psychologist_id, status)
    await record(conn, actor, verb, "psychologist", psychologist_id, now, was=was)
    return True


async def _hold(conn: Conn, psychologist_id: UUID) -> str:
    status: str | None = await conn.fetchval(
        "select status from directory.psychologist where id = $1 for update", psychologist_id
    )
    if status is None:
        raise NotFound("There is no such psychologist.")
    return status


async def _account(conn: Conn, psychologist_id: UUID) -> UUID | None:
    found: UUID | None = await conn.fetchval(
        "select account_id from accounts.people where id = $1", psychologist_id
    )
    return found


def _own(actor: Actor) -> UUID:
    assert actor.person_id is not None, "the edge lets in psychologists only"
    return actor.person_id
