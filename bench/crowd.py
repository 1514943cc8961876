"""Thousands of people by a few statements of SQL: all invented, numbered, without any contact.

Ids, tokens and times follow from numbers, so that nobody has to read back what was put in.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from kikao.core.db import Conn
from kikao.core.ids import SYSTEM
from kikao.sessions.rules import USUAL_TIERS

NAIROBI = ZoneInfo("Africa/Nairobi")
OPENS, CLOSES = 9 * 60, 17 * 60  # minutes past local midnight, Monday to Friday
APART = 90  # minutes between two starts: an hour and its buffer, on the grid of half hours
A_DAY = (CLOSES - OPENS - 60) // APART + 1
A_WEEK = 5 * A_DAY
PATIENCE = 120.0  # seconds for one statement of seeding

PSYCHOLOGIST, CLIENT, ACCOUNT, SIGN_IN, CONSENT, RATE, HOURS, CHARGE, SESSION, ATTEMPT, TEXT, TERMS = range(1, 13)


def crowd_id(kind: int, number: int) -> UUID:
    return UUID(f"01900000-0000-7000-9000-{kind:04x}{number:08x}")


def sql_id(kind: int, number: str) -> str:
    """The same in SQL; `number` is an expression."""
    return f"('01900000-0000-7000-9000-{kind:04x}' || lpad(to_hex({number}), 8, '0'))::uuid"


def token(client: int) -> str:
    """What this client is signed in with, at the API."""
    return f"crowd-client-{client}"


def callback_token(attempt: int) -> str:
    """The secret path of one attempt, as long as a real one."""
    return f"{attempt:032x}"


def first_monday(now: datetime) -> datetime:
    """The first opening that is beyond every notice: next week's Monday."""
    day = now.astimezone(NAIROBI).date() + timedelta(days=2)
    while day.isoweekday() != 1:
        day += timedelta(days=1)
    return datetime.combine(day, time(OPENS // 60), NAIROBI)


def start_of(slot: int, monday: datetime) -> datetime:
    """The start of a psychologist's slot with this number, from 0; two of them never touch."""
    week, rest = divmod(slot, A_WEEK)
    day, place = divmod(rest, A_DAY)
    return monday + timedelta(weeks=week, days=day, minutes=place * APART)


async def seed(conn: Conn, now: datetime, *, psychologists: int, clients: int) -> None:
    """A practice that is open, with psychologists from 1 and clients from 1, signed in and agreed."""
    long_ago = now - timedelta(days=400)
    await conn.execute(
        "insert into sessions.terms (id, tiers, from_at, set_by, reason) values ($1, $2, $3, $4, 'the usual ones')",
        crowd_id(TERMS, 0), msgspec.to_builtins(USUAL_TIERS), long_ago, SYSTEM,
    )  # fmt: skip
    await conn.execute(
        "insert into accounts.consent_text (id, language, version, text, from_at) values ($1, 'en', 1, 'Yes.', $2)",
        crowd_id(TEXT, 0), long_ago,
    )  # fmt: skip
    for statement in _PSYCHOLOGISTS:
        await conn.execute(statement, psychologists, long_ago, timeout=PATIENCE)
    for statement in _CLIENTS:
        await conn.execute(statement, clients, long_ago, timeout=PATIENCE)
    await conn.execute(_SIGN_INS, clients, now, timeout=PATIENCE)


def _person(kind: int, word: str) -> str:
    return f"""
        insert into accounts.person (id, name, created_at)
        select {sql_id(kind, 'n')}, '{word} ' || n, $2 from generate_series(1, $1::integer) n
    """


_PSYCHOLOGISTS = (
    _person(PSYCHOLOGIST, "Dr"),
    f"""
    insert into directory.psychologist (
        id, slug, status, title, board, registration_number, licence_number, licence_until,
        checked_at, checked_by, public_yes_at, bio, gender, specialities, languages, created_at)
    select {sql_id(PSYCHOLOGIST, 'n')}, lpad(n::text, 8, '0'), 'listed', 'Counselling psychologist',
           'Counsellors and Psychologists Board', 'CPB/' || n, 'L/' || n, current_date + 300,
           $2, '{SYSTEM}', $2, 'Works with adults.', 'woman', '{{Anxiety,Grief}}', '{{en,sw}}', $2
    from generate_series(1, $1::integer) n
    """,
    f"""
    insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)
    select {sql_id(RATE, 'n')}, {sql_id(PSYCHOLOGIST, 'n')}, 'Individual', 2500, 60, $2, '{SYSTEM}'
    from generate_series(1, $1::integer) n
    """,
    f"""
    insert into availability.calendar (psychologist_id)
    select {sql_id(PSYCHOLOGIST, 'n')} from generate_series(1, $1::integer) n where $2::timestamptz is not null
    """,
    f"""
    insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes)
    select {sql_id(HOURS, 'n * 8 + day')}, {sql_id(PSYCHOLOGIST, 'n')}, day, {OPENS}, {CLOSES}, '{{Online}}'
    from generate_series(1, $1::integer) n, generate_series(1, 5) day where $2::timestamptz is not null
    """,
)

_CLIENTS = (
    _person(CLIENT, "Client"),
    f"""
    insert into accounts.account (id, person_id, password_hash, created_at, proved_at)
    select {sql_id(ACCOUNT, 'n')}, {sql_id(CLIENT, 'n')}, 'nobody can sign in by this', $2, $2
    from generate_series(1, $1::integer) n
    """,
    f"""
    insert into accounts.role (account_id, role, granted_at, granted_by)
    select {sql_id(ACCOUNT, 'n')}, 'client', $2, '{SYSTEM}' from generate_series(1, $1::integer) n
    """,
    f"""
    insert into accounts.consent (id, text_id, person_id, given_by, how, given_at)
    select {sql_id(CONSENT, 'n')}, '{crowd_id(TEXT, 0)}', {sql_id(CLIENT, 'n')}, {sql_id(CLIENT, 'n')}, 'page', $2
    from generate_series(1, $1::integer) n
    """,
)

_SIGN_INS = f"""
    insert into accounts.sign_in (id, token_hash, account_id, kind, created_at, seen_at, expires_at)
    select {sql_id(SIGN_IN, 'n')}, sha256(convert_to('crowd-client-' || n, 'UTF8')), {sql_id(ACCOUNT, 'n')}, 'api',
           $2, $2::timestamptz + interval '1 hour', $2::timestamptz + interval '30 days'
    from generate_series(1, $1::integer) n
"""


PSYCHOLOGIST_TOKEN, DESK_TOKEN = "crowd-psychologist", "crowd-desk"


async def sign_in_staff(conn: Conn, now: datetime, *, psychologist: int) -> None:
    """This psychologist, and somebody at the desk."""
    desk = crowd_id(CLIENT, 0x7FFF0002)
    await conn.execute("insert into accounts.person (id, name, created_at) values ($1, 'Desk', $2)", desk, now)
    await _sign_in(conn, now, crowd_id(PSYCHOLOGIST, psychologist), "psychologist", PSYCHOLOGIST_TOKEN)
    await _sign_in(conn, now, desk, "desk", DESK_TOKEN)


async def _sign_in(conn: Conn, now: datetime, person: UUID, role: str, by: str) -> None:
    account = UUID(int=person.int + (1 << 64))
    await conn.execute(
        """
        insert into accounts.account (id, person_id, password_hash, created_at, proved_at)
        values ($1, $2, 'nobody can sign in by this', $3, $3)
        """,
        account, person, now,
    )  # fmt: skip
    await conn.execute(
        "insert into accounts.role (account_id, role, granted_at, granted_by) values ($1, $2, $3, $1)",
        account, role, now,
    )  # fmt: skip
    await conn.execute(
        """
        insert into accounts.sign_in (id, token_hash, account_id, kind, created_at, seen_at, expires_at)
        values ($1, sha256(convert_to($2, 'UTF8')), $1, 'api', $3, $3::timestamptz + interval '1 hour',
                $3::timestamptz + interval '30 days')
        """,
        account, by, now,
    )  # fmt: skip


async def seed_past(
    conn: Conn, now: datetime, *, psychologist: int, sessions: int, clients: int, first: int
) -> None:
    """`sessions` that one psychologist has held, one an hour back in time, nine of ten completed and paid.

    `first`: the number of the first, so that several such pasts do not share ids.
    """
    await conn.execute(
        f"""
        insert into payments.charge (id, purpose, purpose_id, reference, amount, paid, link_hash, created_at)
        select {sql_id(CHARGE, 'n')}, 'session', {sql_id(SESSION, 'n')}, {_reference('n')}, 2500, 2500,
               sha256(int8send(n)), $1
        from generate_series($3::integer, $3::integer + $2::integer - 1) n
        """,
        now, sessions, first, timeout=PATIENCE,
    )  # fmt: skip
    await conn.execute(
        f"""
        insert into sessions.session (
            id, reference, psychologist_id, client_id, requested_by, meeting_id, session_type, mode,
            starts_at, ends_at, minutes, buffer_minutes, occupied_until, first_starts_at, session_rate, price,
            terms_id, status, sent_at, charge_id, created_at, updated_at, approved_at, approved_by,
            confirmed_at, confirmed_by, paid_at, ended_at, ended_by)
        select {sql_id(SESSION, 'n')}, {_reference('n')}, {sql_id(PSYCHOLOGIST, str(psychologist))},
               {sql_id(CLIENT, '1 + n % $3::integer')}, {sql_id(CLIENT, '1 + n % $3::integer')},
               {sql_id(SESSION, 'n')}, 'Individual', 'Online', at, at + interval '60 minutes', 60, 0,
               at + interval '60 minutes', at, 2500, 2500, '{crowd_id(TERMS, 0)}',
               case when n % 10 = 0 then 'Cancelled' else 'Completed' end, at, {sql_id(CHARGE, 'n')}, at, at,
               at, '{SYSTEM}', at, '{SYSTEM}', at, at, '{SYSTEM}'
        from generate_series($4::integer, $4::integer + $2::integer - 1) n,
             lateral (select date_trunc('hour', $1::timestamptz) - make_interval(hours => 2 + n - $4::integer) as at) t
        """,
        now, sessions, clients, first, timeout=PATIENCE,
    )  # fmt: skip


def _reference(number: str) -> str:
    """Eight characters of the alphabet of references, as an expression of SQL."""
    return f"translate(lpad(({number})::text, 8, '0'), '01', 'AB')"


async def seed_attempts(conn: Conn, now: datetime, *, attempts: int) -> None:
    """Prompts on phones that were answered long ago: their secret paths still take letters."""
    await conn.execute(
        f"""
        insert into payments.charge (id, purpose, purpose_id, reference, amount, link_hash, created_at)
        select {sql_id(CHARGE, '$2::integer')}, 'session', {sql_id(SESSION, '$2::integer')},
               {_reference('$2::integer')}, 2500, sha256(int8send($2::integer)), $1
        """,
        now, 0x7FFF0000,
    )  # fmt: skip
    await conn.execute(
        f"""
        insert into payments.attempt (
            id, charge_id, phone, amount, state, created_at, expires_at, rung_at, decided_at, token_hash)
        select {sql_id(ATTEMPT, 'n')}, {sql_id(CHARGE, str(0x7FFF0000))}, '+254700000001', 2500, 'failed',
               $1, $1, $1, $1, sha256(convert_to(lpad(to_hex(n), 32, '0'), 'UTF8'))
        from generate_series(1, $2::integer) n
        """,
        now, attempts, timeout=PATIENCE,
    )  # fmt: skip
