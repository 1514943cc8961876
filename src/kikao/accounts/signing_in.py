"""Signing in and out, and passwords.

These verbs open their transactions themselves: a wrong try stays counted whatever follows, and no row is locked
while a password is checked, which takes 20 ms and waits its turn.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from kikao.accounts import actions, rules
from kikao.accounts.codes import (
    ASKING_BY_NETWORK,
    HOUR,
    TYPING_BY_NETWORK,
    Asked,
    CodeRefused,
    ask,
    count_code,
    try_code,
)
from kikao.accounts.rules import Numbers
from kikao.core import limits
from kikao.core.actor import NOBODY, Actor
from kikao.core.crypto import (
    Vault,
    check_new_password,
    hash_password,
    hash_token,
    needs_rehash,
    new_token,
    password_fits,
)
from kikao.core.db import Conn, Database
from kikao.core.errors import Invalid, NotFound, Refusal, TooOften
from kikao.core.ids import new_id
from kikao.core.limits import Limit
from kikao.core.phone import Contact
from kikao.core.sql import Statement
from kikao.journal import actions as journal

TYPING_BY_LOGIN = Limit("accounts.type/login", 60, HOUR)
ASKING_BY_LOGIN = Limit("accounts.ask/login", 10, HOUR)


class SignInRefused(Refusal):
    """No such name, a wrong password, a pause, an account that may not: one sentence for all of them."""

    status, code = 401, "sign_in_refused"
    detail = (
        "That name and password do not belong together. After several wrong tries signing in rests for a while: "
        "then wait, or choose a new password."
    )


class _Tried(msgspec.Struct, frozen=True):
    """An account whose counter has been raised for a try that is still to be judged."""

    account_id: UUID
    password_hash: str
    usable: bool
    last_try: bool


# Raised before the password is checked: many tries at once count one by one. A pause that is over starts at one.
_COUNT_TRY = Statement("""
update accounts.account a
set wrong_tries = case when a.locked_until is null then a.wrong_tries + 1 else 1 end,
    locked_until = case when a.locked_until is null and a.wrong_tries + 1 >= :most::integer
                        then :now::timestamptz + make_interval(mins => :pause::integer) end
from accounts.person p
where p.id = a.person_id and (a.locked_until is null or a.locked_until <= :now::timestamptz)
  and a.id = (select account_id from accounts.login where name = :login::text)
returning a.id, a.password_hash, a.locked_until is not null as last_try,
          a.proved_at is not null and a.disabled_at is null and p.state in ('active', 'blocked') as usable
""")


async def _check(
    db: Database, password: str, now: datetime, numbers: Numbers, *, login: str
) -> _Tried:
    """The account that this password opens. Raises SignInRefused, after as long as it takes for a right one."""
    async with db.connection() as conn:
        row = await _COUNT_TRY.first(
            conn, login=login, now=now, most=numbers.wrong_tries, pause=numbers.pause_minutes
        )
    tried = None if row is None else _Tried(row["id"], row["password_hash"], row["usable"], row["last_try"])
    fits = await password_fits(password, tried.password_hash if tried else None)
    if tried is not None and tried.usable and fits:
        return tried
    if tried is not None and tried.last_try:
        async with db.transaction() as conn:
            await journal.record(conn, NOBODY, "pause", "account", tried.account_id, now)
    raise SignInRefused


async def _pass(conn: Conn, tried: _Tried, new_hash: str | None) -> None:
    """Clear the counter, if nothing about the account has changed while its password was being checked."""
    kept = await conn.fetchval(
        """
        update accounts.account
        set wrong_tries = 0, locked_until = null, password_hash = coalesce($3, password_hash)
        where id = $1 and password_hash = $2 and disabled_at is null returning true
        """,
        tried.account_id, tried.password_hash, new_hash,
    )
    if not kept:
        raise SignInRefused


class Entered(msgspec.Struct, frozen=True):
    account_id: UUID
    new_hash: str | None
    tried: _Tried


async def check_password(
    db: Database, login: str, password: str, now: datetime, *, network: str, numbers: Numbers
) -> Entered:
    """Who signs in with this. Call `enter` in the transaction that follows. Raises SignInRefused, TooOften."""
    name = rules.login_name(login)
    async with db.connection() as conn:
        await limits.count(conn, TYPING_BY_NETWORK, network, now)
        await limits.count(conn, TYPING_BY_LOGIN, name, now)
    tried = await _check(db, password, now, numbers, login=name)
    new_hash = await hash_password(password) if needs_rehash(tried.password_hash) else None
    return Entered(tried.account_id, new_hash, tried)


async def enter(conn: Conn, entered: Entered) -> None:
    """Raises SignInRefused when the account was disabled or its password changed meanwhile."""
    await _pass(conn, entered.tried, entered.new_hash)


async def sign_in(
    db: Database, login: str, password: str, *, kind: str, own_phone: bool, now: datetime, network: str,
    numbers: Numbers,
) -> str:
    """A token of `kind` (`page`, `api`). Raises SignInRefused, TooOften."""
    entered = await check_password(db, login, password, now, network=network, numbers=numbers)
    async with db.transaction() as conn:
        await enter(conn, entered)
        return await open_sign_in(conn, entered.account_id, kind=kind, own_phone=own_phone, now=now, numbers=numbers)


async def open_sign_in(
    conn: Conn, account_id: UUID, *, kind: str, own_phone: bool, now: datetime, numbers: Numbers
) -> str:
    """A new sign-in of an account that has just shown who it is; its token. Raises SignInRefused."""
    row = await conn.fetchrow(
        """
        select person_id, array(select role from accounts.role where account_id = a.id) as roles
        from accounts.account a where id = $1 and proved_at is not null and disabled_at is null
        """,
        account_id,
    )
    if row is None:
        raise SignInRefused
    span, token = rules.span(kind, own_phone, row["roles"], numbers, now), new_token()
    await conn.execute(
        """
        insert into accounts.sign_in (id, token_hash, account_id, kind, created_at, seen_at, expires_at, idle_minutes)
        values ($1, $2, $3, $4, $5, $5, $6, $7)
        """,
        new_id(), hash_token(token), account_id, kind, now, span.until, span.idle_minutes,
    )
    who = Actor(account_id=account_id, person_id=row["person_id"])
    await journal.record(conn, who, "sign_in", "account", account_id, now, kind=kind)
    return token


async def sign_out(conn: Conn, actor: Actor, now: datetime) -> None:
    """End the sign-in that this request came with. Nobody signed in: nothing."""
    if actor.sign_in_id is not None:
        await end_one(conn, actor, actor.sign_in_id, now)


async def end_one(conn: Conn, actor: Actor, sign_in_id: UUID, now: datetime) -> None:
    """End one of one's own sign-ins; a second call changes nothing. Raises NotFound for another's."""
    own = await conn.fetchval(
        "select true from accounts.sign_in where id = $1 and account_id = $2", sign_in_id, actor.account_id
    )
    if not own or actor.account_id is None:
        raise NotFound
    ended = await conn.fetchval(
        "update accounts.sign_in set ended_at = $2 where id = $1 and ended_at is null returning true", sign_in_id, now
    )
    if ended:
        await journal.record(conn, actor, "sign_out", "account", actor.account_id, now)


async def end_all(conn: Conn, actor: Actor, now: datetime, *, but_this: bool = False) -> None:
    if actor.account_id is None:
        return
    ended = await actions.end_sign_ins(conn, actor.account_id, now, but=actor.sign_in_id if but_this else None)
    if ended:
        await journal.record(conn, actor, "sign_out", "account", actor.account_id, now, ended=ended)


# passwords ----------------------------------------------------------------------------------------


async def _set_password(conn: Conn, by: Actor, account_id: UUID, new_hash: str, now: datetime) -> None:
    await conn.execute(
        "update accounts.account set password_hash = $2, wrong_tries = 0, locked_until = null where id = $1",
        account_id, new_hash,
    )
    await actions.end_sign_ins(conn, account_id, now, but=by.sign_in_id)
    await journal.record(conn, by, "change_password", "account", account_id, now)


class Certain(msgspec.Struct, frozen=True):
    """The password of this account was typed just now: whoever holds a phone is not always who it belongs to."""

    account_id: UUID


def _not_yours(field: str) -> Invalid:
    return Invalid.field(field, "wrong", "This is not your password. After several wrong tries there is a pause.")


async def _check_own(db: Database, actor: Actor, typed: str, now: datetime, field: str, numbers: Numbers) -> _Tried:
    """As many wrong tries as signing in has, counted apart from them, so that no stranger outside keeps an owner from
    their own account; and counted before anything is hashed. Raises Invalid, TooOften."""
    if not typed:
        raise _not_yours(field)
    tries = Limit("accounts.own", numbers.wrong_tries, timedelta(minutes=numbers.pause_minutes))
    whose = str(actor.account_id)
    async with db.connection() as conn:
        await limits.count(conn, tries, whose, now)
        known: str | None = await conn.fetchval(
            "select password_hash from accounts.account where id = $1 and disabled_at is null", actor.account_id
        )
    if not await password_fits(typed, known) or known is None or actor.account_id is None:
        await _note_pause(db, actor, tries, now)
        raise _not_yours(field)
    async with db.connection() as conn:
        await limits.start_again(conn, tries, whose)
    return _Tried(actor.account_id, known, usable=True, last_try=False)


async def _note_pause(db: Database, actor: Actor, tries: Limit, now: datetime) -> None:
    async with db.transaction() as conn:
        if actor.account_id is not None and await limits.spent(conn, tries, str(actor.account_id)):
            await journal.record(conn, actor, "pause", "account", actor.account_id, now)


async def _pass_own(conn: Conn, tried: _Tried, field: str) -> None:
    """Raises Invalid when the password changed meanwhile, in another window perhaps."""
    try:
        await _pass(conn, tried, None)
    except SignInRefused as error:
        raise _not_yours(field) from error


async def make_certain(
    db: Database, actor: Actor, typed: str, now: datetime, *, field: str, numbers: Numbers
) -> Certain:
    """What a verb asks for that could take the account from its owner. Raises Invalid, TooOften."""
    tried = await _check_own(db, actor, typed, now, field, numbers)
    async with db.connection() as conn:
        await _pass_own(conn, tried, field)
    return Certain(tried.account_id)


async def change_password(
    db: Database, actor: Actor, current: str, new: str, now: datetime, *, fields: tuple[str, str],
    numbers: Numbers,
) -> None:
    """Ends all other sign-ins. `fields` are the names of both, as the caller wrote them. Raises Invalid, TooOften."""
    check_new_password(new, fields[1])
    tried = await _check_own(db, actor, current, now, fields[0], numbers)
    new_hash = await hash_password(new)
    async with db.transaction() as conn:
        await _pass_own(conn, tried, fields[0])
        await _set_password(conn, actor, tried.account_id, new_hash, now)


class _Known(msgspec.Struct, frozen=True):
    account_id: UUID
    email: str


async def _reset_address(conn: Conn, login: str) -> _Known | None:
    """The proved e-mail of whoever signs in with this: the very one that was typed, else the first."""
    row = await conn.fetchrow(
        """
        select a.id, c.value from accounts.login l
        join accounts.account a on a.id = l.account_id and a.proved_at is not null and a.disabled_at is null
        join accounts.person p on p.id = a.person_id and p.state in ('active', 'blocked')
        join accounts.contact_point c on c.person_id = p.id and c.kind = 'email' and c.proved_at is not null
        where l.name = $1 order by c.value = $1 desc, c.created_at, c.id limit 1
        """,
        login,
    )
    return _Known(row["id"], row["value"]) if row else None


async def forgot(
    conn: Conn, vault: Vault, typed: str, now: datetime, *, network: str, numbers: Numbers
) -> UUID:
    """A reset by e-mail; its id. The same for a name that nobody has, and for somebody without an e-mail, who goes
    to the desk: who holds a phone is not who it belongs to, so an SMS alone resets nothing. Raises TooOften."""
    login = rules.login_name(typed)
    await limits.count(conn, ASKING_BY_NETWORK, network, now)
    await limits.count(conn, ASKING_BY_LOGIN, login, now)
    known = await _reset_address(conn, login)
    to = Contact("email", known.email if known else login)
    try:
        await count_code(conn, to, numbers, now)
    except TooOften:
        # Quietly: only a name that exists has an e-mail that other names lead to as well.
        known = None
    asked = Asked(purpose="reset", to=to, account_id=known.account_id if known else None)
    return await ask(conn, vault, asked, numbers.reset_minutes, now)


async def reset(
    db: Database, vault: Vault, reset_id: UUID, code: str, password: str, now: datetime, *,
    network: str, numbers: Numbers,
) -> UUID:
    """A new password by code; ends all sign-ins. Gives the account. Raises Invalid, CodeRefused, TooOften."""
    check_new_password(password)
    async with db.connection() as conn:
        await limits.count(conn, TYPING_BY_NETWORK, network, now)
        await try_code(conn, vault, reset_id, ("reset",), code, now, numbers)
    new_hash = await hash_password(password)
    async with db.transaction() as conn:
        account_id: UUID | None = await conn.fetchval(
            "update accounts.verification set used_at = $2 where id = $1 and used_at is null returning account_id",
            reset_id, now,
        )
        if account_id is None:
            raise CodeRefused
        await _set_password(conn, Actor(account_id=account_id), account_id, new_hash, now)
    return account_id
