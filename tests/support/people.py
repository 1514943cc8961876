"""Signing up in tests: with the codes that would have been sent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from kikao.accounts import notices, signing_up
from kikao.accounts.actions import ensure_consent_texts
from kikao.accounts.queries import consent_text
from kikao.accounts.rules import Numbers
from kikao.accounts.signing_in import Certain
from kikao.core.crypto import Vault, hash_password
from kikao.core.db import Conn, Database
from kikao.core.ids import new_id
from kikao.core.phone import Contact, read_contact
from kikao.notifications.kinds import Composed, Post, Tools
from support.cast import Member

PASSWORD = "mango juice at noon"
NETWORK = "192.0.2.7"
VAULT = Vault([b"k" * 32])
USUAL = Numbers()  # what a practice that has set nothing goes by


def sure(who: Member) -> Certain:
    """As if they had just typed their password."""
    return Certain(who.account_id)


def tools(now: datetime) -> Tools:
    return Tools(
        vault=VAULT, trading_name="Mti & Co", base_url="http://127.0.0.1:8000", practice_phone="+254700000099", now=now
    )


def read(typed: str) -> Contact:
    found = read_contact(typed)
    assert found is not None
    return found


async def sign_up(
    db: Database, now: datetime, contact: str = "0700 000 031", name: str = "Chebet", password: str = PASSWORD,
    network: str = NETWORK, language: str = "en",
) -> signing_up.SignUp:
    """Somebody new, not proved yet."""
    password_hash = await hash_password(password)
    async with db.transaction() as conn:
        await ensure_consent_texts(conn, now)
        text = await consent_text(conn, language)
        return await signing_up.sign_up(
            conn, VAULT, name=name, contact=read(contact), password_hash=password_hash, consent_text_id=text.id,
            language=language, now=now, numbers=USUAL, time_zone="Africa/Nairobi",
        )


async def further(conn: Conn, who: Member, contact: str, now: datetime) -> UUID:
    """One more contact of theirs, not proved yet; the id of its code."""
    return await signing_up.add_contact(conn, VAULT, sure(who), who.actor, contact, now, network=NETWORK, numbers=USUAL)


async def message(
    db: Database, about: UUID, now: datetime, *, version: int = 1, kind: str = "code", vault: Vault = VAULT
) -> Composed | None:
    """What the worker would send for this code."""
    compose = next(one.compose for one in notices.KINDS if one.name == kind)
    row = Post(id=new_id(), kind=kind, about=about, recipient=about, version=version, created_at=now)
    async with db.transaction() as conn:
        return await compose(conn, row, None, msgspec.structs.replace(tools(now), vault=vault))


async def code_of(
    db: Database, about: UUID, now: datetime, *, version: int = 1, kind: str = "code"
) -> str:
    """The code that was sent."""
    sent = await message(db, about, now, version=version, kind=kind)
    assert sent is not None
    return sent.heading.rsplit(" ", 1)[-1]


async def proved(db: Database, now: datetime, contact: str = "0700 000 031", **more: str) -> signing_up.Proved:
    """Somebody new whose code was typed."""
    made = await sign_up(db, now, contact, **more)
    code = await code_of(db, made.verification_id, now)
    return await signing_up.prove(db, VAULT, made.verification_id, code, now, network=NETWORK, numbers=USUAL)
