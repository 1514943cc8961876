"""The small cast of all tests, put in by plain SQL through the real constraints."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

import argon2
import msgspec

from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.ids import SYSTEM
from kikao.sessions.rules import USUAL_TIERS

PASSWORD = "mango juice at noon"
NAIROBI = ZoneInfo("Africa/Nairobi")
OPENS, CLOSES = 9 * 60, 17 * 60  # minutes past local midnight, Monday to Friday


class Member(msgspec.Struct, frozen=True):
    """One of them. `account_id` is None for whoever cannot sign in; sign in with `email`, `phone` and PASSWORD."""

    number: int
    name: str
    roles: tuple[str, ...] = ()
    has_account: bool = True
    birth_date: date | None = None

    @property
    def person_id(self) -> UUID:
        return _id(0xA, self.number)

    @property
    def account_id(self) -> UUID:
        assert self.has_account, f"{self.name} has no account"
        return _id(0xB, self.number)

    @property
    def phone(self) -> str:
        return f"+2547000000{self.number:02d}"

    @property
    def email(self) -> str:
        return f"{self.name.rsplit(maxsplit=1)[-1].lower()}@example.test"

    @property
    def actor(self) -> Actor:
        return Actor(
            account_id=self.account_id, person_id=self.person_id, name=self.name, roles=frozenset(self.roles)
        )


class Cast(msgspec.Struct, frozen=True):
    amina: Member = Member(1, "Amina", ("client",))
    halima: Member = Member(2, "Halima", ("client",))  # Amina's mother; acts for Zuri
    zuri: Member = Member(3, "Zuri", has_account=False, birth_date=date(2018, 4, 12))
    baraka: Member = Member(4, "Baraka", ("client",))
    kamau: Member = Member(5, "Mzee Kamau", has_account=False)
    otieno: Member = Member(11, "Dr Otieno", ("psychologist",))  # Individual and Couples
    wanjiru: Member = Member(12, "Dr Wanjiru", ("psychologist",))  # Individual only
    wambui: Member = Member(21, "Wambui", ("desk",))
    njeri: Member = Member(22, "Njeri", ("admin",))

    @property
    def everybody(self) -> tuple[Member, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__)

    @property
    def psychologists(self) -> tuple[Member, ...]:
        return (self.otieno, self.wanjiru)

    @property
    def terms_id(self) -> UUID:
        return _id(0xC, 1)

    @property
    def consent_text_id(self) -> UUID:
        """The English one; the Swahili one is `_id(0xC, 3)`."""
        return _id(0xC, 2)


def _id(kind: int, number: int) -> UUID:
    return UUID(f"01900000-0000-7000-8000-{kind:04x}{number:08d}")


def workday(now: datetime, *, ahead: int = 3, hour: int = 10, minute: int = 0) -> datetime:
    """A time on the first working day at least `ahead` days from `now`, by Nairobi's clock: bookable as seeded."""
    day = now.astimezone(NAIROBI).date() + timedelta(days=ahead)
    while day.isoweekday() > 5:
        day += timedelta(days=1)
    return datetime.combine(day, time(hour, minute), NAIROBI)


async def seed_cast(conn: Conn, now: datetime) -> Cast:
    """Everybody, with contacts, consent and roles; two listed psychologists with rates and hours; terms."""
    cast = Cast()
    long_ago = now - timedelta(days=400)
    async with conn.transaction():
        await _people(conn, cast, long_ago)
        await _consent(conn, cast, long_ago)
        await _psychologists(conn, cast, now, long_ago)
        await _emergency_lines(conn, cast, long_ago)
        await conn.execute(
            "insert into sessions.terms (id, tiers, from_at, set_by, reason) values ($1, $2, $3, $4, 'the usual ones')",
            cast.terms_id, msgspec.to_builtins(USUAL_TIERS), long_ago, SYSTEM,
        )  # fmt: skip
    return cast


async def _emergency_lines(conn: Conn, cast: Cast, at: datetime) -> None:
    """Invented, and long enough to be wider than a small phone."""
    await conn.executemany(
        """
        insert into directory.emergency_line
            (id, name, number, for_whom, for_whom_sw, hours, hours_sw, position, invented, rung_at, rung_by)
        values ($1, $2, $3, $4, $5, 'day and night', 'usiku na mchana', $6, true, $7, $8)
        """,
        [(_id(0x1C, number), name, f"0700 000 09{number}", *who, number, at, cast.njeri.account_id)
         for number, name, who in (
             (5, "Invented helpline", ("anyone, free of charge", "mtu yeyote, bila malipo")),
             (6, "Invented helpline for children", ("children and their parents", "watoto na wazazi wao")))],
    )  # fmt: skip


async def _people(conn: Conn, cast: Cast, at: datetime) -> None:
    with_account = [m for m in cast.everybody if m.has_account]
    await conn.executemany(
        "insert into accounts.person (id, name, birth_date, created_at) values ($1, $2, $3, $4)",
        [(m.person_id, m.name, m.birth_date, at) for m in cast.everybody],
    )
    await conn.executemany(
        """
        insert into accounts.account (id, person_id, password_hash, created_at, proved_at)
        values ($1, $2, $3, $4, $4)
        """,
        [(m.account_id, m.person_id, _password_hash(), at) for m in with_account],
    )
    await conn.executemany(
        """
        insert into accounts.contact_point (id, person_id, kind, value, proved_at, created_at)
        values ($1, $2, $3, $4, $5, $5)
        """,
        [(_id(kind, m.number), m.person_id, word, value, at)
         for m in cast.everybody if m is not cast.zuri
         for kind, word, value in ((0xD, "phone", m.phone), (0xE, "email", m.email))
         if m.has_account or word == "phone"],
    )  # fmt: skip
    await conn.executemany(
        "insert into accounts.login (name, account_id, since) values ($1, $2, $3)",
        [(name, m.account_id, at) for m in with_account for name in (m.phone, m.email)],
    )
    await conn.executemany(
        "insert into accounts.role (account_id, role, granted_at, granted_by) values ($1, $2, $3, $4)",
        [(m.account_id, role, at, SYSTEM) for m in with_account for role in m.roles],
    )
    await conn.execute(
        "insert into accounts.acts_for (by_person, person_id, relation, since) values ($1, $2, 'parent', $3)",
        cast.halima.person_id, cast.zuri.person_id, at,
    )  # fmt: skip


async def _consent(conn: Conn, cast: Cast, at: datetime) -> None:
    texts = (
        (cast.consent_text_id, "en", "We keep your name, your contact and your sessions."),
        (_id(0xC, 3), "sw", "Tunaweka jina lako, mawasiliano yako na vikao vyako."),
    )
    await conn.executemany(
        "insert into accounts.consent_text (id, language, version, text, from_at) values ($1, $2, 1, $3, $4)",
        [(*text, at) for text in texts],
    )
    given = [
        (cast.amina, cast.amina, "page"),
        (cast.halima, cast.halima, "page"),
        (cast.zuri, cast.halima, "page"),
        (cast.baraka, cast.baraka, "page"),
        (cast.kamau, cast.kamau, "voice"),
    ]
    await conn.executemany(
        """
        insert into accounts.consent (id, text_id, person_id, given_by, how, given_at)
        values ($1, $2, $3, $4, $5, $6)
        """,
        [(_id(0xF, who.number), cast.consent_text_id, who.person_id, by.person_id, how, at) for who, by, how in given],
    )


async def _psychologists(conn: Conn, cast: Cast, now: datetime, at: datetime) -> None:
    types = {cast.otieno: ["Individual", "Couples"], cast.wanjiru: ["Individual"]}
    await conn.executemany(
        """
        insert into directory.psychologist (
            id, slug, status, title, board, registration_number, licence_number, licence_until,
            checked_at, checked_by, public_yes_at, bio, gender, specialities, languages, session_types, created_at)
        values ($1, $2, 'listed', 'Counselling psychologist', 'Counsellors and Psychologists Board',
            $3, $4, $5, $6, $7, $6, 'Works with adults.', 'woman', $8, '{en,sw}', $9, $6)
        """,
        [(m.person_id, f"kbt{m.number:03d}", f"CPB/{m.number:04d}", f"L/{m.number:04d}",
          now.date() + timedelta(days=300), at, cast.njeri.account_id, ["Anxiety", "Grief"], types[m])
         for m in cast.psychologists],
    )  # fmt: skip
    await conn.executemany(
        """
        insert into directory.rate (id, psychologist_id, session_type, amount, minutes, from_at, set_by)
        values ($1, $2, 'Individual', $3, 60, $4, $5)
        """,
        [(_id(0x1A, m.number), m.person_id, amount, at, m.account_id)
         for m, amount in ((cast.otieno, 2500), (cast.wanjiru, 3000))],
    )  # fmt: skip
    await conn.executemany(
        "insert into availability.calendar (psychologist_id) values ($1)", [(m.person_id,) for m in cast.psychologists]
    )
    await conn.executemany(
        """
        insert into availability.hours (id, psychologist_id, weekday, from_minute, until_minute, modes)
        values ($1, $2, $3, $4, $5, '{Online}')
        """,
        [(_id(0x1B, m.number * 10 + day), m.person_id, day, OPENS, CLOSES)
         for m in cast.psychologists for day in range(1, 6)],
    )  # fmt: skip


@cache
def _password_hash() -> str:
    """Cheap on purpose; whoever checks it takes the parameters from the hash."""
    return argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
