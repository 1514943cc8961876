"""Sessions, as somebody may see them. Whom they do not concern, for those they do not exist."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kikao.availability.queries import Place
from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn, Row
from kikao.core.errors import Forbidden, NotFound
from kikao.core.ids import read_id, read_reference
from kikao.core.paging import make_cursor
from kikao.sessions import rules, seen
from kikao.sessions.rules import Tier


class Rung(msgspec.Struct, frozen=True):
    """What a viewer is shown of the number that is rung for a session by phone: masked unless `whole`; None: there is
    none yet."""

    number: str | None
    whole: bool


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One session as its viewer is shown it: an overdue hold reads as Expired."""

    id: UUID
    reference: str
    client_id: UUID
    client_name: str
    psychologist_id: UUID
    psychologist_name: str
    psychologist_slug: str
    requested_by: UUID | None
    booked_by: UUID | None
    against: tuple[str, ...]
    session_type: str
    mode: str
    place: Place | None
    starts_at: datetime
    ends_at: datetime
    first_starts_at: datetime
    minutes: int
    price: int
    session_rate: int
    status: str
    payment_status: str
    missing: int
    received: int
    given_back: int
    owed_back: int
    earned: int
    hold_until: datetime | None
    open_until: datetime | None
    sent_at: datetime | None
    approved_at: datetime | None
    confirmed_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    expired_from: str | None
    absent: str | None
    extended_at: datetime | None
    corrected_at: datetime | None
    objected_at: datetime | None
    decided_at: datetime | None
    charge_id: UUID
    payer: tuple[UUID, str] | None
    tiers: tuple[Tier, ...]
    meeting_link: str | None
    sealed_link: bytes | None
    has_note: bool
    created_at: datetime
    updated_at: datetime
    parties: frozenset[str]
    code_open: bool  # a typed code that nobody has answered yet, whatever became of the session
    rung: Rung | None = None

    @property
    def said_at(self) -> datetime | None:
        """Since when its end has been called what it is called now."""
        return self.corrected_at or self.ended_at

    @property
    def to_decide(self) -> bool:
        return self.objected_at is not None and self.decided_at is None

    @property
    def kept(self) -> int:
        """Paid, not given back, and not passed on yet."""
        return self.received - self.given_back - self.earned

    @property
    def pay_until(self) -> datetime | None:
        """The last moment to pay, a little before the hold ends; None when nothing is asked for."""
        return self.open_until if self.status == rules.APPROVED else None


def parties(actor: Actor, row: Row) -> frozenset[str]:
    """What this actor is to this session."""
    found = set()
    if actor.is_system:
        found.add(rules.SYSTEM)
    if row["client_id"] == actor.person_id or row["acted_for"]:
        found.add(rules.CLIENT)
    if row["psychologist_id"] == actor.person_id and actor.has("psychologist"):
        found.add(rules.PSYCHOLOGIST)
    found.update(role for role in (rules.DESK, rules.FINANCE, rules.ADMIN) if actor.has(role))
    if actor.has("desk") and row["desk_may_answer"]:
        found.add(rules.ANSWERING_DESK)
    if actor.has("desk") and row["by_caller"]:
        found.add(rules.CALLERS_DESK)
    if actor.has("admin") and row["gone"]:
        found.add(rules.LEFT_TO_ADMIN)
    return frozenset(found)


def _session(row: Row, actor: Actor, now: datetime) -> Session:
    mine = parties(actor, row)
    status = rules.status_now(row["status"], row["hold_until"], now)
    taking_part = mine & {rules.CLIENT, rules.PSYCHOLOGIST}
    meets = taking_part and status in (rules.CONFIRMED, rules.IN_PROGRESS)
    # A link of its own overrides the standing one, which is for meeting online, and is opened by `with_link` only.
    standing = meets and row["sealed_link"] is None and row["mode"] == "Online"
    link = row["meeting_link"] if standing else ""
    same = {
        name: row[name]
        for name in (
            "id", "reference", "client_id", "client_name", "psychologist_id", "psychologist_name", "psychologist_slug",
            "requested_by", "booked_by", "session_type", "mode", "starts_at", "ends_at", "first_starts_at", "minutes",
            "price", "session_rate", "payment_status", "missing", "received", "given_back", "earned", "open_until",
            "sent_at", "approved_at", "confirmed_at", "started_at", "ended_at", "absent", "extended_at", "corrected_at",
            "objected_at", "decided_at", "charge_id", "has_note", "created_at", "updated_at", "owed_back",
            "code_open",
        )
    }
    overdue = status != row["status"]
    return Session(
        **same,
        status=status,
        hold_until=None if overdue else row["hold_until"],
        expired_from=row["status"] if overdue else row["expired_from"],
        against=tuple(row["against"]),
        tiers=tuple(msgspec.convert(row["tiers"], list[Tier])),
        meeting_link=link or None,
        place=Place(row["place_id"], row["place"], row["address"]) if row["place_id"] else None,
        sealed_link=row["sealed_link"] if meets else None,
        parties=mine,
        payer=_payer(row["payer"], actor),
    )


def _payer(found: tuple[str, str, str] | None, actor: Actor) -> tuple[UUID, str] | None:
    """The person who owes it, for themselves, desk, finance and admin: nobody else is told who pays."""
    if found is None or not (actor.account_id == UUID(found[0]) or actor.has("desk", "finance", "admin")):
        return None
    return UUID(found[1]), found[2]


def with_link(session: Session, vault: Vault) -> Session:
    """The session with the link of its own opened, where it has one that its viewer may be shown."""
    if session.sealed_link is None:
        return session
    link = vault.open(session.sealed_link, "sessions.session", "sealed_link", session.id)
    return msgspec.structs.replace(session, meeting_link=link)


def may_object(session: Session) -> bool:
    """Whether its viewer is of the side that can say that it was not so, and nobody has yet."""
    mine = rules.speaks_for(session.parties) & rules.sides(session.absent, session.status)
    return bool(mine) and session.objected_at is None and rules.can("object", session.status, session.parties)


def _who(actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "person_id": actor.person_id,
        "practises": actor.has("psychologist"),
        "sees_all": actor.has("desk", "admin") or actor.is_system,
    }


def _own(who: dict[str, Any]) -> dict[str, Any]:
    """For what is one's own; whoever sees everything may also have been a psychologist once."""
    named = ("now", "person_id")
    return {**{name: who[name] for name in named}, "practises": who["practises"] or who["sees_all"]}


def cursor_at(session: Session, at: datetime | None = None) -> str:
    """Where a list goes on after this session; `at`: what the list is ordered by, its start unless said otherwise."""
    return make_cursor((at or session.starts_at, session.id)) or ""


async def visible(
    conn: Conn, actor: Actor, id_or_reference: str | UUID, now: datetime, *, for_money: bool = False
) -> Session:
    """One session. Raises NotFound when there is none or it is not this actor's to see.

    `for_money`: finance may look, too, where only the money is shown.
    """
    who = _who(actor, now)
    who["sees_all"] = who["sees_all"] or (for_money and actor.has("finance"))
    session_id = id_or_reference if isinstance(id_or_reference, UUID) else read_id(id_or_reference)
    if session_id is not None:
        row = await seen.ONE.first(conn, id=session_id, **who)
    else:
        reference = read_reference(str(id_or_reference))
        row = await seen.BY_REFERENCE.first(conn, reference=reference, **who) if reference else None
    if row is None:
        raise NotFound
    return _session(row, actor, now)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions of a list: `role` narrows to those in which one is the client or the psychologist."""

    role: str | None = None
    statuses: list[str] | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    after: tuple[datetime, UUID] | None = None
    most: int = 20


async def listed(conn: Conn, actor: Actor, wanted: Wanted, now: datetime) -> list[Session]:
    """By time. One more than `most` is read, so that the caller knows whether there is a next page."""
    after_at, after_id = wanted.after or (None, None)
    who, given = _who(actor, now), {
        "statuses": wanted.statuses, "from_at": wanted.from_at, "to_at": wanted.to_at, "after_at": after_at,
        "after_id": after_id, "most": wanted.most + 1,
    }  # fmt: skip
    if who["sees_all"] and wanted.role is None:
        rows = await seen.LIST_ALL.rows(conn, now=now, person_id=actor.person_id, **given)
    else:
        rows = await seen.LIST_OWN.rows(conn, **_own(who), role=wanted.role, **given)
    return [_session(row, actor, now) for row in rows]


async def requests(
    conn: Conn, actor: Actor, now: datetime, *, after: tuple[datetime, UUID] | None = None, most: int = 20
) -> list[Session]:
    """What waits for this psychologist's answer, oldest first; one more than `most`."""
    after_at, after_id = after or (None, None)
    rows = await seen.REQUESTS.rows(
        conn, person_id=actor.person_id, after_at=after_at, after_id=after_id, most=most + 1, now=now
    )
    return [_session(row, actor, now) for row in rows]


async def past(
    conn: Conn, actor: Actor, now: datetime, *, over: datetime, before: tuple[datetime, UUID] | None = None,
    most: int = 20,
) -> list[Session]:
    """One's own that have ended, or whose time was over at `over`; the latest first, one more than `most`."""
    before_at, before_id = before or (None, None)
    own = _who(actor, now)
    del own["sees_all"]
    rows = await seen.PAST.rows(
        conn, **own, ended=list(rules.ENDED), over=over, before_at=before_at, before_id=before_id, most=most + 1
    )
    return [_session(row, actor, now) for row in rows]


async def ended(
    conn: Conn, actor: Actor, now: datetime, *, before: tuple[datetime, UUID] | None = None, most: int = 20
) -> list[Session]:
    """Everybody's, for desk and admin: what has ended and would have begun by now; the latest first, one more than
    `most`. Raises Forbidden."""
    if not _who(actor, now)["sees_all"]:
        raise Forbidden
    before_at, before_id = before or (None, None)
    rows = await seen.ENDED_ALL.rows(
        conn, person_id=actor.person_id, now=now, ended=list(rules.ENDED), before_at=before_at, before_id=before_id,
        most=most + 1,
    )
    return [_session(row, actor, now) for row in rows]


async def in_its_place(conn: Conn, actor: Actor, session: Session, now: datetime) -> Session | None:
    """What its client has at that time already, where a request of theirs was not sent for that."""
    if session.status != rules.EXPIRED or session.sent_at is not None or rules.CLIENT not in session.parties:
        return None
    found = await conn.fetchval(
        """
        select id from sessions.session
        where client_id = $1 and during && tstzrange($2, $3) and (hold_until is null or hold_until > $4)
        """,
        session.client_id, session.starts_at, session.ends_at, now,
    )
    return await visible(conn, actor, found, now) if found else None


class Again(msgspec.Struct, frozen=True):
    """What somebody had here before and can have once more."""

    psychologist_name: str
    slug: str
    session_type: str
    mode: str


async def again(conn: Conn, actor: Actor, now: datetime, most: int = 3) -> list[Again]:
    """The latest first, each once."""
    rows = await seen.AGAIN.rows(conn, person_id=actor.person_id, now=now, most=most)
    return [Again(*row.values()) for row in rows]


async def counts(conn: Conn, actor: Actor, now: datetime) -> dict[str, int]:
    who = _who(actor, now)
    if who["sees_all"]:
        rows = await seen.COUNTS_ALL.rows(conn, now=now)
    else:
        rows = await seen.COUNTS_OWN.rows(conn, **_own(who))
    return {row["status"]: row["number"] for row in rows}


async def done_already(conn: Conn, session_id: UUID, verb: str, actor: Actor) -> bool:
    """Whether this actor's was the verb that brought the session where it is: doing it again changes nothing."""
    last = await conn.fetchrow(
        """
        select case when verb = 'check late' and facts->>'method' is null then 'reject the code' else verb end as verb,
               by_account
        from journal.line
        where noun_id = $1 and (verb = 'check late' and $2 = 'reject the code' or verb in (
            'request', 'book', 'send', 'approve', 'decline', 'cancel', 'be paid', 'be paid late', 'expire',
            'submit a payment code', 'reject the code', 'verify', 'waive', 'extend', 'start', 'complete', 'break off',
            'mark a no-show', 'object', 'decide', 'correct', 'end the call'))
        order by at desc, id desc limit 1
        """,
        session_id, verb,
    )
    return last is not None and last["verb"] == verb and last["by_account"] == actor.account_id


async def who_acted(conn: Conn, session: Session, accounts: list[UUID]) -> dict[UUID, str]:
    """What each account was to this session: 'client', 'psychologist', 'practice' or 'system'; no names."""
    rows = await conn.fetch(
        """
        select account_id, id, exists (select from accounts.may_act_for f
                                       where f.by_person = p.id and f.person_id = $2) as acts
        from accounts.people p where account_id = any ($1)
        """,
        list(set(accounts)), session.client_id,
    )
    found = dict.fromkeys(accounts, "system")
    for row in rows:
        account, person = row["account_id"], row["id"]
        if person in (session.requested_by, session.client_id) or row["acts"]:
            found[account] = "client"
        elif person == session.psychologist_id:
            found[account] = "psychologist"
        else:
            found[account] = "practice"
    return found


async def zone_there(conn: Conn, session: Session, practice_zone: str) -> str:
    """By whose clock it takes place: the practice's at a place, else its psychologist's."""
    if session.place is not None:
        return practice_zone
    zone = await conn.fetchval(
        "select time_zone from availability.timetable where psychologist_id = $1", session.psychologist_id)
    return zone or practice_zone


async def times_moved(conn: Conn, session_id: UUID) -> int:
    moved: int = await conn.fetchval("select moved from sessions.session where id = $1", session_id)
    return moved


async def reference_of(conn: Conn, session_id: UUID) -> str:
    reference: str = await conn.fetchval("select reference from sessions.session where id = $1", session_id)
    return reference


async def of_client(conn: Conn, actor: Actor, client_id: UUID, from_at: datetime, now: datetime) -> list[Session]:
    """What one person has booked, by time, as this actor sees it."""
    rows = await seen.OF_CLIENT.rows(conn, **_who(actor, now), client_id=client_id, from_at=from_at)
    return [_session(row, actor, now) for row in rows]
