"""Who is here, and what an account may read about itself. Contacts leave this room masked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.accounts.rules import ranked
from kikao.accounts.sql import AGREED
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import NotFound
from kikao.core.phone import Contact, masked
from kikao.core.practice import VERSION
from kikao.core.sql import Statement

# One statement, and a sign-in that is not used any more is not found by it. `seen_at` moves once a minute at
# most, so the idle limit is that much shorter; two requests at once do not wait for each other.
_WHO_IS = Statement(f"""
with live as (
    select s.id, s.account_id, s.seen_at, a.person_id, p.name, p.language, p.time_zone
    from accounts.sign_in s
    join accounts.account a on a.id = s.account_id
    join accounts.person p on p.id = a.person_id
    where s.token_hash = :token_hash::bytea and s.kind = :kind::text and s.ended_at is null
      and s.expires_at > :now::timestamptz
      and (s.idle_minutes is null or s.seen_at > :now::timestamptz - make_interval(mins => s.idle_minutes))
      and a.proved_at is not null and a.disabled_at is null and p.state in ('active', 'blocked')
),
touched as (
    update accounts.sign_in set seen_at = :now::timestamptz
    where id in (select s.id from accounts.sign_in s join live on live.id = s.id
                 where s.seen_at < :now::timestamptz - interval '60 seconds' for update of s skip locked)
)
select live.*, array(select role from accounts.role r where r.account_id = live.account_id) as roles,
       {VERSION} as settings_version
from live
""")

_SETTINGS_VERSION = Statement(f"select {VERSION}")


async def who_is(conn: Conn, token_hash: bytes, kind: str, now: datetime) -> Actor | None:
    """Whoever this token of this kind (`page`, `api`) signs in now; roles and state as they are now."""
    row = await _WHO_IS.first(conn, token_hash=token_hash, kind=kind, now=now)
    if row is None:
        return None
    return Actor(
        account_id=row["account_id"], person_id=row["person_id"], name=row["name"],
        roles=frozenset(row["roles"]), language=row["language"], time_zone=row["time_zone"],
        sign_in_id=row["id"], settings_version=row["settings_version"],
    )


async def still(conn: Conn, actor: Actor, now: datetime) -> Actor | None:
    """This actor as they are now, where something goes on after it was let in: None once the sign-in is over."""
    roles = await conn.fetchval(
        """
        select array(select role from accounts.role r where r.account_id = s.account_id)
        from accounts.sign_in s join accounts.account a on a.id = s.account_id
        join accounts.person p on p.id = a.person_id
        where s.id = $1 and s.ended_at is null and s.expires_at > $2
          and a.disabled_at is null and p.state in ('active', 'blocked')
        """,
        actor.sign_in_id, now,
    )
    return None if roles is None else msgspec.structs.replace(actor, roles=frozenset(roles))


async def whose_sign_in(conn: Conn, token_hash: bytes) -> UUID | None:
    """Whose page this token signed in once, as long as that is known."""
    found: UUID | None = await conn.fetchval(
        "select account_id from accounts.sign_in where token_hash = $1 and kind = 'page'", token_hash
    )
    return found


async def settings_version(conn: Conn, now: datetime) -> int:
    """For somebody who is not signed in: the newest version of the practice settings."""
    return int(await _SETTINGS_VERSION.value(conn, now=now))


# consent ------------------------------------------------------------------------------------------


class ConsentText(msgspec.Struct, frozen=True):
    id: UUID
    language: str
    version: int
    text: str

    @property
    def lines(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.strip()]


async def consent_text(conn: Conn, language: str) -> ConsentText:
    """The newest text in this language, or in English where there is none."""
    row = await conn.fetchrow(
        """
        select id, language, version, text from accounts.consent_text
        where language in ($1, 'en') order by language = $1 desc, version desc limit 1
        """,
        language,
    )
    if row is None:
        raise LookupError("there is no consent text yet: accounts.actions.ensure_consent_texts puts it in")
    return ConsentText(row["id"], row["language"], row["version"], row["text"])


_AGREED = Statement(f"select {AGREED}")


async def has_consent(conn: Conn, person_id: UUID, now: datetime) -> bool:
    """Whether a consent for this person counts now: their own, or of whoever acts for them still."""
    return bool(await _AGREED.value(conn, client_id=person_id, now=now))


async def name_of(conn: Conn, person_id: UUID) -> str:
    """Raises NotFound."""
    name: str | None = await conn.fetchval("select name from accounts.people where id = $1", person_id)
    if name is None:
        raise NotFound
    return name


# one's own account --------------------------------------------------------------------------------


class OwnContact(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    masked: str
    proved: bool
    chosen: bool
    signs_in: bool


class SignIn(msgspec.Struct, frozen=True):
    id: UUID
    kind: str
    since: datetime
    seen_at: datetime
    until: datetime


class User(msgspec.Struct, frozen=True):
    """An account as its owner sees it."""

    id: UUID
    person_id: UUID
    name: str
    contacts: tuple[OwnContact, ...]
    roles: tuple[str, ...]
    language: str
    time_zone: str
    own_names: tuple[str, ...]


async def user(conn: Conn, account_id: UUID) -> User | None:
    row = await conn.fetchrow(
        """
        select a.id, p.id as person_id, p.name, p.language, p.time_zone,
               array(select role from accounts.role where account_id = a.id) as roles,
               array(select l.name from accounts.login l where l.account_id = a.id
                     and not exists (select from accounts.contact_point c
                                     where c.person_id = p.id and c.value = l.name)) as own_names
        from accounts.account a join accounts.person p on p.id = a.person_id where a.id = $1
        """,
        account_id,
    )
    if row is None:
        return None
    return User(
        row["id"], row["person_id"], row["name"], await _contacts(conn, row["person_id"]),
        ranked(row["roles"]), row["language"], row["time_zone"], tuple(row["own_names"]),
    )


async def _contacts(conn: Conn, person_id: UUID) -> tuple[OwnContact, ...]:
    """The one that messages go to first stands first, those that are not proved last."""
    rows = await conn.fetch(
        """
        select c.id, c.kind, c.value, c.proved_at is not null as proved, l.name is not null as signs_in
        from accounts.contact_point c
        left join accounts.account a on a.person_id = c.person_id
        left join accounts.login l on l.account_id = a.id and l.name = c.value
        where c.person_id = $1 and c.value not like 'gone:%'
        order by c.chosen_at desc nulls last, c.proved_at nulls last, c.created_at, c.id
        """,
        person_id,
    )
    return tuple(
        OwnContact(
            row["id"], row["kind"], masked(row["value"]), row["proved"], row["proved"] and row is rows[0],
            row["signs_in"],
        )
        for row in rows
    )


async def sign_ins(conn: Conn, account_id: UUID, now: datetime) -> list[SignIn]:
    """Where an account is signed in now, the latest used first."""
    rows = await conn.fetch(
        """
        select id, kind, created_at, seen_at, expires_at from accounts.sign_in
        where account_id = $1 and ended_at is null and expires_at > $2
          and (idle_minutes is null or seen_at > $2 - make_interval(mins => idle_minutes))
        order by seen_at desc, id limit 50
        """,
        account_id, now,
    )
    return [SignIn(row["id"], row["kind"], row["created_at"], row["seen_at"], row["expires_at"]) for row in rows]


async def acted_for(conn: Conn, person_id: UUID, now: datetime) -> list[str]:
    """What those are called whom this person acts for."""
    rows = await conn.fetch(
        """
        select p.name from accounts.may_act_for f join accounts.person p on p.id = f.person_id
        where f.by_person = $1 and f.ends_at > $2 order by p.name
        """,
        person_id, now,
    )
    return [row["name"] for row in rows]


class Consent(msgspec.Struct, frozen=True):
    """One that somebody gave, for themselves or for `name`; `language` is the one it was read in. `theirs`: it can be
    taken back by whoever is asking: their own, or of somebody whom they act for still."""

    person_id: UUID
    name: str
    language: str
    how: str
    given_at: datetime
    withdrawn_at: datetime | None
    theirs: bool


async def consents(conn: Conn, person_id: UUID, now: datetime) -> list[Consent]:
    """What was agreed for this person, and what they agreed to for those whom they act or acted for; the newest
    first."""
    rows = await conn.fetch(
        """
        select c.person_id, p.name, t.language, c.how, c.given_at, c.withdrawn_at,
               c.person_id = $1 or exists (select from accounts.may_act_for f where f.by_person = $1
                                           and f.person_id = c.person_id and f.ends_at > $2)
        from accounts.consent c
        join accounts.person p on p.id = c.person_id
        join accounts.consent_text t on t.id = c.text_id
        where c.person_id = any (array(
                  select $1::uuid union all select f.person_id from accounts.may_act_for f where f.by_person = $1))
          and (c.person_id = $1 or c.given_by = $1)
        order by c.given_at desc, c.id desc limit 50
        """,
        person_id, now,
    )
    return [Consent(*row.values()) for row in rows]


# codes --------------------------------------------------------------------------------------------


class Verification(msgspec.Struct, frozen=True):
    """A code that is waited for. `account_id` and `contact` are None where nobody is behind it: the answer to a
    stranger looks the same. `proved`: the code was typed, and what follows is open."""

    id: UUID
    purpose: str
    channel: str
    contact_id: UUID | None
    account_id: UUID | None
    person_id: UUID | None
    contact: Contact | None
    proved: bool
    tries: int
    expires_at: datetime
    created_at: datetime


async def verification(conn: Conn, verification_id: UUID, *purposes: str) -> Verification | None:
    """One that was not used up yet, expired or not."""
    row = await conn.fetchrow(
        """
        select v.id, v.purpose, v.channel, v.contact_id, v.account_id, v.tries, v.expires_at, v.created_at,
               c.kind, c.value, c.proved_at, coalesce(c.person_id, a.person_id) as person_id
        from accounts.verification v
        left join accounts.contact_point c on c.id = v.contact_id
        left join accounts.account a on a.id = v.account_id
        where v.id = $1 and v.purpose = any($2) and v.used_at is null
        """,
        verification_id, purposes,
    )
    if row is None:
        return None
    contact = Contact(row["kind"], row["value"]) if row["kind"] else None
    return Verification(
        row["id"], row["purpose"], row["channel"], row["contact_id"], row["account_id"], row["person_id"],
        contact, row["proved_at"] is not None, row["tries"], row["expires_at"], row["created_at"],
    )
