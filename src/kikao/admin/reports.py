"""What the practice can see at a glance. Reads other rooms' views only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from kikao.core.db import Conn
from kikao.payments.office import ODD
from kikao.sessions.rules import ENDED_WITHOUT, STATUSES

# What stands in the calendar: it is still to be, or it took place.
STANDING = [status for status in STATUSES if status not in ENDED_WITHOUT]

class Figures(msgspec.Struct, frozen=True):
    """What waits for somebody, and how today looks."""

    to_answer: int
    to_pay: int
    today: int
    codes: int
    duties: int
    duties_amount: int
    late_duties: int
    suspense: int
    strays: int
    waiting_psychologists: int
    to_decide: int
    for_desk: int


# What waits is due when its hold ends: said for the index.
_FIGURES = f"""
select
    (select count(*) from sessions.overview
     where status = 'Pending Approval' and hold_until > $1 and due_at > $1 and sent_at is not null),
    (select count(*) from sessions.overview where status = 'Approved' and hold_until > $1 and due_at > $1),
    (select count(*) from sessions.overview
     where starts_at >= $2 and starts_at < $3 and status = any ($5) and (hold_until is null or hold_until > $1)),
    (select count(*) from payments.open_claim),
    (select count(*) from payments.owed_back where done_at is null),
    (select coalesce(sum(amount), 0) from payments.owed_back where done_at is null),
    (select count(*) from payments.owed_back where done_at is null and until_at < $1),
    (select count(*) from payments.money_in r where charge_id is null
     and not exists (select from payments.owed_back d where d.receipt_id = r.id and d.why = 'suspense')),
    (select count(*) from payments.letter_log where {ODD} and received_at >= $4),
    (select count(*) from directory.practising where status = 'waiting'),
    (select count(*) from sessions.overview where to_decide),
    (select count(*) from sessions.overview o join directory.listed d on d.id = o.psychologist_id and d.desk_may_answer
     where o.status = 'Pending Approval' and o.hold_until > $1 and o.due_at > $1 and o.sent_at is not null)
"""


async def figures(conn: Conn, now: datetime, today: tuple[datetime, datetime], news: datetime) -> Figures:
    """`news`: since when letters are counted."""
    row = await conn.fetchrow(_FIGURES, now, *today, news, STANDING)
    assert row is not None
    return Figures(*row.values())


class Objection(msgspec.Struct, frozen=True):
    """Somebody says that it was not so; `absent` is who is said not to have come, None where it is called Completed."""

    reference: str
    starts_at: datetime
    absent: str | None
    objected_at: datetime
    client: str
    psychologist: str


async def objections(conn: Conn) -> list[Objection]:
    """All that wait for a decision, the oldest first."""
    rows = await conn.fetch(
        """
        select o.reference, o.starts_at, o.absent, o.objected_at, c.name, p.name
        from sessions.overview o join sessions.of_person s on s.id = o.id
        join accounts.people c on c.id = s.client_id join accounts.people p on p.id = s.psychologist_id
        where o.to_decide order by o.objected_at, o.id
        """
    )
    return [Objection(*row.values()) for row in rows]


class People(msgspec.Struct, frozen=True):
    """Names by account. The system and strangers with a link have none."""

    names: dict[UUID, str]

    def name(self, account_id: UUID | None) -> str | None:
        return self.names.get(account_id) if account_id else None


async def people(conn: Conn, accounts: Iterable[UUID | None], payer: UUID | None = None) -> People:
    """Of those who work with money here, and of the payer. Finance need not read with whom a client meets."""
    rows = await conn.fetch(
        """
        select p.account_id, p.name from accounts.people p
        where p.account_id = $2 or (p.account_id = any ($1) and exists (
            select from accounts.roles r where r.account_id = p.account_id and r.role in ('desk', 'finance', 'admin')))
        """,
        list({account for account in accounts if account}), payer,
    )
    return People({row["account_id"]: row["name"] for row in rows})


async def accounts_of(conn: Conn, name: str) -> tuple[UUID, ...]:
    """Of people whose name holds this, and of those who act for them (a child's parent)."""
    escaped = re.sub(r"([%_\\])", r"\\\1", name)
    rows = await conn.fetch(
        """
        with named as (select id, account_id from accounts.people where name ilike $1)
        select account_id from named where account_id is not null
        union select p.account_id from accounts.may_act_for f join named n on n.id = f.person_id
        join accounts.people p on p.id = f.by_person where p.account_id is not null
        """,
        f"%{escaped}%",
    )
    return tuple(row["account_id"] for row in rows)


# money --------------------------------------------------------------------------------------------


class Letter(msgspec.Struct, frozen=True):
    """What came from M-Pesa about one try, and what became of it; never what stood in it."""

    id: UUID
    attempt_id: UUID
    received_at: datetime
    outcome: str | None
    why: str | None


async def letters(conn: Conn, attempts: list[UUID]) -> list[Letter]:
    """Oldest first."""
    rows = await conn.fetch(
        """
        select id, attempt_id, received_at, outcome, why from payments.letter_log
        where attempt_id = any ($1) order by received_at, id
        """,
        attempts,
    )
    return [Letter(*row.values()) for row in rows]


async def gave_back(conn: Conn, nouns: Iterable[UUID]) -> dict[UUID, UUID]:
    """Who gave back which duty; `nouns` are the charges of the duties, or the duties themselves."""
    rows = await conn.fetch(
        """
        select facts ->> 'duty' as duty, by_account from journal.line
        where noun_id = any ($1) and verb = 'give back'
        """,
        list(set(nouns)),
    )
    return {UUID(row["duty"]): row["by_account"] for row in rows}


async def charges_of(conn: Conn, reference: str) -> list[UUID]:
    """The charges with this reference; those that lack money first."""
    rows = await conn.fetch(
        "select id from payments.charge_state where reference = $1 order by missing = 0, id", reference
    )
    return [row["id"] for row in rows]


async def status_of(conn: Conn, charge_id: UUID, now: datetime) -> str | None:
    """How the session of this charge stands now; None where there is none."""
    found: str | None = await conn.fetchval(
        """
        select case when hold_until <= $2 then 'Expired' else status end from sessions.overview where charge_id = $1
        """,
        charge_id, now,
    )
    return found


class About(msgspec.Struct, frozen=True):
    """Whom a message is for, and which session it tells of, if it tells of one."""

    name: str | None
    reference: str | None
    person_id: UUID | None = None


async def about(conn: Conn, messages: list[UUID]) -> dict[UUID, About]:
    rows = await conn.fetch(
        """
        select m.id, p.name, coalesce(s.reference, (
                   select c.reference from payments.owed_back d join payments.charge_state c on c.id = d.charge_id
                   where d.id = m.about)) as reference, p.id as person_id
        from notifications.message m
        left join accounts.contact c on c.id = m.recipient
        left join accounts.people p on p.id = coalesce(c.person_id, m.recipient)
        left join sessions.overview s on s.id = m.about
        where m.id = any ($1)
        """,
        messages,
    )
    return {row["id"]: About(row["name"], row["reference"], row["person_id"]) for row in rows}


# psychologists ------------------------------------------------------------------------------------


class Listed(msgspec.Struct, frozen=True):
    """A psychologist as the practice sees them, with what still stands against a listing."""

    id: UUID
    slug: str
    name: str
    status: str
    title: str
    registration_number: str
    licensed_until: date | None
    checked_at: datetime | None
    public_yes_at: datetime | None
    unsupervised: bool
    licensed: bool


async def psychologists(conn: Conn, status: str | None, now: datetime) -> list[Listed]:
    """By name. `licensed`: on their own day, which is not everybody's."""
    rows = await conn.fetch(
        """
        select d.id, d.slug, p.name, d.status, d.title, d.registration_number, d.licensed_until, d.checked_at,
               d.public_yes_at, d.unsupervised,
               coalesce(($2::timestamptz at time zone coalesce(t.time_zone, 'UTC'))::date
                        <= d.licensed_until, false) as licensed
        from directory.practising d join accounts.people p on p.id = d.id
        left join availability.timetable t on t.psychologist_id = d.id
        where $1::text is null or d.status = $1 order by p.name, d.id
        """,
        status, now,
    )
    return [Listed(*row.values()) for row in rows]


async def not_bookable(conn: Conn, now: datetime) -> list[Listed]:
    """Listed, and seen by nobody: after the last day of the licence, or in training under nobody."""
    return [one for one in await psychologists(conn, "listed", now) if one.unsupervised or not one.licensed]


def local_day(now: datetime, midnight: datetime) -> tuple[datetime, datetime]:
    """From one local midnight to the next."""
    return midnight, midnight + timedelta(days=1)


async def at_work(conn: Conn) -> dict[UUID, str]:
    """Who is listed, by name."""
    rows = await conn.fetch(
        """
        select d.id, p.name from directory.practising d join accounts.people p on p.id = d.id
        where d.status = 'listed' order by p.name, d.id
        """
    )
    return {row["id"]: row["name"] for row in rows}


class Ahead(msgspec.Struct, frozen=True):
    """A session that still keeps its time."""

    reference: str
    starts_at: datetime
    status: str


_HOLDING = "('Pending Approval', 'Approved', 'Payment Submitted', 'Confirmed', 'In Progress')"


async def ahead_of(conn: Conn, psychologist_id: UUID, now: datetime) -> list[Ahead]:
    """What this psychologist still has, by time."""
    rows = await conn.fetch(
        f"""
        select s.reference, s.starts_at, s.status from sessions.busy b join sessions.overview s on s.id = b.session_id
        where b.psychologist_id = $1 and s.status in {_HOLDING} and (s.hold_until is null or s.hold_until > $2)
        order by s.starts_at, s.reference limit 200
        """,
        psychologist_id, now,
    )
    return [Ahead(*row.values()) for row in rows]


class OfPerson(msgspec.Struct, frozen=True):
    """A session and what this person was in it."""

    reference: str
    starts_at: datetime
    status: str
    part: str


async def sessions_of(conn: Conn, person_id: UUID, now: datetime) -> list[OfPerson]:
    """As client, psychologist, or whoever asked for it; the latest first."""
    rows = await conn.fetch(
        """
        select reference, starts_at, case when hold_until <= $2 then 'Expired' else status end,
               case when client_id = $1 then 'client' when psychologist_id = $1 then 'psychologist' else 'asked' end
        from sessions.of_person where id in (
            (select id from sessions.of_person where client_id = $1 order by starts_at desc, id limit 50)
            union all
            (select id from sessions.of_person where psychologist_id = $1 order by starts_at desc, id limit 50)
            union all
            (select s.id from accounts.may_act_for f join sessions.of_person s on s.client_id = f.person_id
             where f.by_person = $1 and s.requested_by = $1 order by s.starts_at desc, s.id limit 50))
        order by starts_at desc, id limit 50
        """,
        person_id, now,
    )
    return [OfPerson(*row.values()) for row in rows]


class Orphan(msgspec.Struct, frozen=True):
    """A session that is still kept, and that its psychologist may not hold; `why`: gone, not_listed, unsupervised,
    after_licence."""

    id: UUID
    reference: str
    starts_at: datetime
    status: str
    client: str
    psychologist: str
    psychologist_id: UUID
    why: str


async def orphans(conn: Conn, now: datetime) -> list[Orphan]:
    """By time. Somebody has to ring each client, find another psychologist, or cancel."""
    rows = await conn.fetch(
        """
        select s.id, s.reference, s.starts_at, s.status, c.name, p.name, s.psychologist_id,
               case when d.gone then 'gone' when d.status <> 'listed' then 'not_listed'
                    when d.unsupervised then 'unsupervised' else 'after_licence' end
        from directory.practising d
        join availability.timetable t on t.psychologist_id = d.id
        cross join lateral ( -- of each the few that there can be, by an index; not everybody's sessions
            select b.session_id from sessions.busy b
            where b.psychologist_id = d.id and b.starts_at >= case
                when d.status = 'listed' and not d.unsupervised
                then (d.licensed_until + 1)::timestamp at time zone t.time_zone else '-infinity' end
            offset 0) b
        join sessions.of_person s on s.id = b.session_id
        join accounts.people c on c.id = s.client_id
        join accounts.people p on p.id = s.psychologist_id
        where s.hold_until is null or s.hold_until > $1
        order by s.starts_at, s.id limit 200
        """,
        now,
    )
    return [Orphan(*row.values()) for row in rows]
