"""Signing up: a person, an account that cannot sign in yet, a contact, consent; then the code.

`sign_up` and `someone_else` run in the caller's transaction. `prove` and `join_existing` open their own: a try is
counted and committed before it is judged.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.accounts import actions, rules, signing_in
from kikao.accounts.acting import hand_over, noted_before
from kikao.accounts.codes import ASKING_BY_NETWORK, TYPING_BY_NETWORK, Asked, CodeRefused, ask, count_code, try_code
from kikao.accounts.rules import Numbers
from kikao.accounts.wires import Verified, tell_verified
from kikao.core import limits
from kikao.core.actor import NOBODY, Actor
from kikao.core.crypto import Vault, check_new_password, hash_password
from kikao.core.db import Conn, Database
from kikao.core.errors import Invalid
from kikao.core.ids import new_id
from kikao.core.phone import Contact
from kikao.core.sql import Statement
from kikao.journal import actions as journal
from kikao.notifications import actions as notifications

# How long somebody may think about whose contact it is, once its code was typed.
TICKET_LASTS = timedelta(hours=1)


class SignUp(msgspec.Struct, frozen=True):
    account_id: UUID
    person_id: UUID
    verification_id: UUID


class Proved(msgspec.Struct, frozen=True):
    """`known`: the contact signs somebody in already, and the account cannot sign in yet; `ticket` is what
    `join_existing` and `someone_else` ask for."""

    account_id: UUID
    person_id: UUID
    known: bool
    ticket: str


class SomeoneElse(msgspec.Struct, frozen=True):
    """`verification_id`: the code that was sent to the e-mail. None: done, the account can sign in."""

    account_id: UUID
    person_id: UUID
    verification_id: UUID | None


_SIGN_UP = Statement("""
with person as (
    insert into accounts.person (id, name, language, time_zone, created_at)
    values (:person_id::uuid, :name::text, :language::text, :time_zone::text, :now::timestamptz)
),
account as (
    insert into accounts.account (id, person_id, password_hash, created_at)
    values (:account_id::uuid, :person_id::uuid, :password_hash::text, :now::timestamptz)
),
contact as (
    insert into accounts.contact_point (id, person_id, kind, value, created_at)
    values (:contact_id::uuid, :person_id::uuid, :kind::text, :value::text, :now::timestamptz)
)
insert into accounts.role (account_id, role, granted_at, granted_by)
values (:account_id::uuid, 'client', :now::timestamptz, :account_id::uuid)
""")


async def first_password(db: Database, typed: str, now: datetime, *, network: str) -> str:
    """The hash for a sign-up that follows. Whatever becomes of that, the try is counted, and before anything is
    hashed: both together take all the time that signing in would need. Raises Invalid, TooOften."""
    check_new_password(typed)
    async with db.connection() as conn:
        await limits.count(conn, ASKING_BY_NETWORK, network, now)
    return await hash_password(typed)


async def sign_up(
    conn: Conn, vault: Vault, *, name: str, contact: Contact, password_hash: str, consent_text_id: UUID,
    language: str, now: datetime, time_zone: str, numbers: Numbers,
) -> SignUp:
    """Does the same whether or not the contact is known already. Raises Invalid, OutdatedConsent, TooOften."""
    called = rules.called(name)
    rules.check_reach(contact)
    await count_code(conn, contact, numbers, now)
    person_id, account_id, contact_id = new_id(), new_id(), new_id()
    await _SIGN_UP.run(
        conn, person_id=person_id, account_id=account_id, contact_id=contact_id, name=called, language=language,
        time_zone=time_zone, password_hash=password_hash, kind=contact.kind, value=contact.value, now=now,
    )
    who = Actor(account_id=account_id, person_id=person_id)
    await journal.record(conn, NOBODY, "sign_up", "account", account_id, now)
    await actions.give_consent(conn, who, consent_text_id, person_id, now)
    asked = Asked(purpose="sign_up", to=contact, contact_id=contact_id, account_id=account_id)
    return SignUp(account_id, person_id, await ask(conn, vault, asked, numbers.code_minutes, now))


async def add_contact(
    conn: Conn, vault: Vault, sure: signing_in.Certain, actor: Actor, typed: str, now: datetime, *, network: str,
    numbers: Numbers,
) -> UUID:
    """One more contact of somebody signed in; the id of the code that proves it. Raises Invalid, TooOften."""
    assert sure.account_id == actor.account_id
    contact = rules.contact(typed)
    await _not_there_yet(conn, actor, contact)
    await limits.count(conn, ASKING_BY_NETWORK, network, now)
    await count_code(conn, contact, numbers, now)
    contact_id = await _unproved_contact(conn, actor, contact, now)
    asked = Asked(purpose="contact", to=contact, contact_id=contact_id, account_id=actor.account_id)
    return await ask(conn, vault, asked, numbers.code_minutes, now)


async def _not_there_yet(conn: Conn, actor: Actor, contact: Contact) -> None:
    """Raises Invalid for one that is confirmed already: whether it signs in is chosen beside it."""
    proved = await conn.fetchval(
        "select proved_at from accounts.contact_point where person_id = $1 and kind = $2 and value = $3",
        actor.person_id, contact.kind, contact.value,
    )
    if proved is not None:
        raise Invalid.field(
            "contact", "there_already",
            "This one is confirmed already. Whether it signs you in is chosen beside it, in the list above.",
        )


async def _unproved_contact(conn: Conn, actor: Actor, contact: Contact, now: datetime) -> UUID:
    """Of this person; one that is there already stays as it is."""
    new = new_id()
    found: UUID = await conn.fetchval(
        """
        insert into accounts.contact_point (id, person_id, kind, value, created_at) values ($1, $2, $3, $4, $5)
        on conflict on constraint contact_once_a_person do update set value = excluded.value returning id
        """,
        new, actor.person_id, contact.kind, contact.value, now,
    )
    if found == new:
        assert actor.person_id is not None
        await journal.record(conn, actor, "add_contact", "person", actor.person_id, now, contact=found)
    return found


# the code -----------------------------------------------------------------------------------------


class _Waiting(msgspec.Struct, frozen=True):
    """A code that was not used up, its row locked."""

    id: UUID
    purpose: str
    account_id: UUID
    person_id: UUID
    contact_id: UUID
    contact: Contact
    proved: bool
    usable: bool
    created_at: datetime

    @property
    def actor(self) -> Actor:
        return Actor(account_id=self.account_id, person_id=self.person_id)


async def _waiting(conn: Conn, verification_id: UUID) -> _Waiting:
    """Raises CodeRefused."""
    row = await conn.fetchrow(
        """
        select v.id, v.purpose, v.account_id, v.created_at, c.person_id, v.contact_id, c.kind, c.value,
               c.proved_at is not null as proved, a.proved_at is not null as usable
        from accounts.verification v
        join accounts.account a on a.id = v.account_id and a.disabled_at is null
        join accounts.contact_point c on c.id = v.contact_id
        where v.id = $1 and v.used_at is null for update of v, a
        """,
        verification_id,
    )
    if row is None:
        raise CodeRefused
    return _Waiting(
        row["id"], row["purpose"], row["account_id"], row["person_id"], row["contact_id"],
        Contact(row["kind"], row["value"]), row["proved"], row["usable"], row["created_at"],
    )


async def _use_up(conn: Conn, verification_id: UUID, now: datetime) -> None:
    await conn.execute("update accounts.verification set used_at = $2 where id = $1", verification_id, now)


async def prove(
    db: Database, vault: Vault, verification_id: UUID, code: str, now: datetime, *, network: str,
    numbers: Numbers, by: UUID | None = None,
) -> Proved:
    """The code was typed. Works once; while it is open whose contact it is, the same code answers the same.

    `by` is the account that is signed in: a further contact is proved by its own account only.
    Raises Invalid, CodeRefused, TooOften.
    """
    async with db.connection() as conn:
        await limits.count(conn, TYPING_BY_NETWORK, network, now)
        await try_code(conn, vault, verification_id, ("sign_up", "contact"), code, now, numbers)
    async with db.transaction() as conn:
        waiting = await _waiting(conn, verification_id)
        if waiting.purpose == "contact" and waiting.account_id != by:
            raise CodeRefused
        return await _accept(conn, vault, waiting, now)


async def _accept(conn: Conn, vault: Vault, waiting: _Waiting, now: datetime) -> Proved:
    if waiting.purpose == "sign_up" and waiting.usable:
        raise CodeRefused  # another code of the same sign-up was first
    await conn.execute(
        "update accounts.contact_point set proved_at = coalesce(proved_at, $2) where id = $1", waiting.contact_id, now
    )
    free = await actions.offer_login(conn, waiting.account_id, waiting.contact.value, now)
    known = waiting.purpose == "sign_up" and not free
    made = actions.Made(waiting.account_id, waiting.person_id)
    if not known:
        await _use_up(conn, waiting.id, now)
        await journal.record(conn, waiting.actor, "prove_contact", "account", waiting.account_id, now)
    if waiting.purpose == "contact":
        await _tell_the_others(conn, waiting.person_id, waiting.contact_id, now)
    if not known and waiting.purpose == "sign_up":
        made = await _become_usable(conn, waiting, now)
    return Proved(made.account_id, made.person_id, known, _ticket(vault, waiting.id))


async def _become_usable(conn: Conn, waiting: _Waiting, now: datetime) -> actions.Made:
    """The account that can sign in from now on: the sign-up's, or one of whoever desk has noted down already."""
    noted = await noted_before(conn, waiting.person_id, now)
    if noted is not None:
        return await _becomes_the_one_who_was_noted(conn, waiting, noted, now)
    await conn.execute("update accounts.account set proved_at = $2 where id = $1", waiting.account_id, now)
    await tell_verified(conn, Verified(waiting.person_id, waiting.account_id, now))
    return actions.Made(waiting.account_id, waiting.person_id)


async def _becomes_the_one_who_was_noted(
    conn: Conn, waiting: _Waiting, noted: UUID, now: datetime
) -> actions.Made:
    """Their account is made with the sign-up's password, and they have what they had. What is left of the sign-up is
    forgotten like one that was never proved."""
    made = actions.Made(new_id(), noted)
    await conn.execute(
        """
        insert into accounts.account (id, person_id, password_hash, created_at, proved_at)
        select $2, $3, password_hash, created_at, $4 from accounts.account where id = $1
        """,
        waiting.account_id, made.account_id, noted, now,
    )
    await conn.execute(
        "update accounts.login set account_id = $2 where account_id = $1", waiting.account_id, made.account_id
    )
    await conn.execute(
        """
        update accounts.person p set language = n.language, time_zone = n.time_zone
        from accounts.person n where p.id = $1 and n.id = $2
        """,
        noted, waiting.person_id,
    )
    who = Actor(account_id=made.account_id, person_id=noted)
    await actions.grant_role(conn, who, made.account_id, "client", now)
    same = await _come_in(conn, waiting, made, now)
    await tell_verified(conn, Verified(noted, made.account_id, now, waiting.person_id, same))
    return made


async def _come_in(conn: Conn, waiting: _Waiting, made: actions.Made, now: datetime) -> dict[UUID, UUID]:
    """What came with a sign-up is from now on of somebody who is here already; gives whom they act for by two ids."""
    added = await actions.prove_contact(conn, made.person_id, waiting.contact, now)
    if added is not None:
        await _tell_the_others(conn, made.person_id, added, now)
    await _take_over_consent(conn, waiting.person_id, made.person_id)
    same = await hand_over(conn, waiting.person_id, made.person_id, now)
    who = Actor(account_id=made.account_id, person_id=made.person_id)
    await journal.record(conn, who, "join", "account", made.account_id, now, instead_of=waiting.account_id)
    return same


# a contact that signs somebody in already ---------------------------------------------------------


async def _tell_the_others(conn: Conn, person_id: UUID, contact_id: UUID, now: datetime) -> None:
    """Every contact that was proved before: its owner may not be who added this one."""
    rows = await conn.fetch(
        "select id from accounts.contact_point where person_id = $1 and id <> $2 and proved_at is not null",
        person_id, contact_id,
    )
    for row in rows:
        await notifications.post(conn, "contact added", contact_id, row["id"], now)


def _ticket(vault: Vault, verification_id: UUID) -> str:
    """Shown to whoever typed the code, and to nobody who merely knows the address of the page."""
    return vault.digest("accounts.ticket", str(verification_id)).hex()


def ticket_fits(vault: Vault, verification_id: UUID, ticket: str) -> bool:
    return hmac.compare_digest(_ticket(vault, verification_id).encode(), ticket.encode())


async def _open_question(conn: Conn, vault: Vault, verification_id: UUID, ticket: str, now: datetime) -> _Waiting:
    """A sign-up whose code was typed and whose contact signs somebody else in. Raises CodeRefused."""
    if not ticket_fits(vault, verification_id, ticket):
        raise CodeRefused
    waiting = await _waiting(conn, verification_id)
    late = waiting.created_at < now - TICKET_LASTS
    if waiting.purpose != "sign_up" or waiting.usable or not waiting.proved or late:
        raise CodeRefused
    return waiting


async def join_existing(
    db: Database, vault: Vault, verification_id: UUID, *, ticket: str, login: str, password: str, now: datetime,
    network: str, numbers: Numbers,
) -> actions.Made:
    """"That is me": the sign-up's requests and consent go over to the account that this password opens.

    What is left of the sign-up can sign nobody in and is forgotten like one that was never proved.
    Raises CodeRefused, SignInRefused, TooOften.
    """
    if not ticket_fits(vault, verification_id, ticket):
        raise CodeRefused
    entered = await signing_in.check_password(db, login, password, now, network=network, numbers=numbers)
    async with db.transaction() as conn:
        waiting = await _open_question(conn, vault, verification_id, ticket, now)
        await signing_in.enter(conn, entered)
        person_id: UUID = await conn.fetchval(
            "select person_id from accounts.account where id = $1", entered.account_id
        )
        await _use_up(conn, waiting.id, now)
        made = actions.Made(entered.account_id, person_id)
        same = await _come_in(conn, waiting, made, now)
        await tell_verified(conn, Verified(person_id, entered.account_id, now, waiting.person_id, same))
    return made


async def _take_over_consent(conn: Conn, old_person: UUID, person_id: UUID) -> None:
    rows = await conn.fetch(
        "select text_id, how, given_at from accounts.consent where person_id = $1 and withdrawn_at is null", old_person
    )
    await conn.executemany(
        """
        insert into accounts.consent (id, text_id, person_id, given_by, how, given_at)
        values ($1, $2, $3, $3, $4, $5)
        """,
        [(new_id(), row["text_id"], person_id, row["how"], row["given_at"]) for row in rows],
    )


async def someone_else(
    conn: Conn, vault: Vault, verification_id: UUID, *, ticket: str, login: str, now: datetime, network: str,
    numbers: Numbers,
) -> SomeoneElse:
    """"I am someone else": signs in with a name of their own choosing, or with an e-mail once its code is typed.

    Raises Invalid, CodeRefused, TooOften.
    """
    waiting = await _open_question(conn, vault, verification_id, ticket, now)
    if "@" in login:
        await limits.count(conn, ASKING_BY_NETWORK, network, now)
        email = rules.contact(login, "login")
        if email == waiting.contact:
            raise Invalid.field("login", "taken", "This e-mail signs somebody else in. Please give another one.")
        await count_code(conn, email, numbers, now)
        contact_id = await _unproved_contact(conn, waiting.actor, email, now)
        asked = Asked(purpose="sign_up", to=email, contact_id=contact_id, account_id=waiting.account_id)
        sent = await ask(conn, vault, asked, numbers.code_minutes, now)
        return SomeoneElse(waiting.account_id, waiting.person_id, sent)
    if not await actions.offer_login(conn, waiting.account_id, rules.own_name(login), now):
        raise Invalid.field("login", "taken", "This sign-in name is taken. Please choose another one.")
    await _use_up(conn, waiting.id, now)
    await journal.record(conn, waiting.actor, "choose_name", "account", waiting.account_id, now)
    made = await _become_usable(conn, waiting, now)
    return SomeoneElse(made.account_id, made.person_id, None)
