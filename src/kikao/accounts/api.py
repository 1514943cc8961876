"""Accounts as JSON: register, prove, sign in and out, passwords."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import post, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from kikao.accounts import queries, rules
from kikao.accounts.actions import OutdatedConsent
from kikao.accounts.codes import resend
from kikao.accounts.rules import Numbers
from kikao.accounts.signing_in import change_password, forgot, open_sign_in, reset, sign_in, sign_out
from kikao.accounts.signing_up import first_password, prove, sign_up
from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.crypto import check_new_password, hash_token
from kikao.core.db import Conn
from kikao.core.errors import FieldError, Invalid, NotSignedIn
from kikao.core.ids import read_id
from kikao.core.phone import Contact, masked
from kikao.core.web import ANYONE, Json, Kit, Req, Shown, must_be_id, need, network, read


class ConsentBody(Json):
    text_id: str
    language: str = "en"


class RegisterBody(Json):
    """`phone` or `email`, one of them. `role` is `client`; psychologists are invited by the practice for now."""

    name: str
    password: str
    consent: ConsentBody
    phone: str | None = None
    email: str | None = None
    role: str = "client"


class VerifyBody(Json):
    verification_id: str
    code: str


class ResendBody(Json):
    verification_id: str


class LoginBody(Json):
    """`login` is a phone number, an e-mail address or a sign-in name; older programs say `email`."""

    password: str
    login: str | None = None
    email: str | None = None


class ForgotBody(Json):
    contact: str


class ResetBody(Json):
    reset_id: str
    code: str
    password: str


class PasswordBody(Json):
    current_password: str
    new_password: str


class SentShown(Shown):
    verification_id: UUID
    channel: str
    to: str
    expires_at: datetime


class ContactShown(Shown):
    id: UUID
    kind: str
    value: str
    proved: bool


class UserShown(Shown):
    """`contacts` are masked; `role` is the first of `roles`."""

    id: UUID
    person_id: UUID
    name: str
    contacts: list[ContactShown]
    roles: tuple[str, ...]
    role: str | None
    language: str
    time_zone: str


class SignedIn(Shown):
    token: str
    user: UserShown


class ConsentShown(Shown):
    text_id: UUID
    language: str
    text: str


async def _numbers(kit: Kit, actor: Actor, now: datetime) -> Numbers:
    async with kit.db.connection() as conn:
        return (await kit.numbers(conn, actor, now)).of(Numbers)


async def _user(conn: Conn, account_id: UUID) -> UserShown:
    user = await queries.user(conn, account_id)
    if user is None:
        raise NotSignedIn
    return UserShown(
        id=user.id, person_id=user.person_id, name=user.name, roles=user.roles,
        role=user.roles[0] if user.roles else None, language=user.language, time_zone=user.time_zone,
        contacts=[ContactShown(id=one.id, kind=one.kind, value=one.masked, proved=one.proved) for one in user.contacts],
    )


async def _signed_in(kit: Kit, token: str, now: datetime) -> SignedIn:
    async with kit.db.connection() as conn:
        actor = await queries.who_is(conn, hash_token(token), "api", now)
        if actor is None or actor.account_id is None:
            raise NotSignedIn
        return SignedIn(token=token, user=await _user(conn, actor.account_id))


# signing up ---------------------------------------------------------------------------------------


def _checked(body: RegisterBody) -> Contact:
    """Every field that cannot be used at once. Raises Invalid."""
    wrong: list[FieldError] = []
    contact: Contact | None = None
    field = "email" if body.email is not None else "phone"
    if (body.phone is None) == (body.email is None):
        wrong.append(FieldError(field, "one_of_both", "Please give a phone number or an e-mail address, one of them."))
    for check in (
        lambda: rules.called(body.name),
        lambda: check_new_password(body.password),
        lambda: rules.contact(body.email or body.phone or "", field),
    ):
        try:
            found = check()
        except Invalid as refusal:
            wrong.extend(refusal.fields)
        else:
            contact = found if isinstance(found, Contact) else contact
    if body.role != "client":
        wrong.append(FieldError("role", "not_offered", "Only clients can register here. Please ask the practice."))
    if wrong or contact is None:
        raise Invalid(fields=wrong)
    return contact


@post("/api/users/register", status_code=202, opt=ANYONE)
async def register(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[RegisterBody],
) -> SentShown:
    """The same answer, after the same work, for a contact that is known already."""
    contact = _checked(data)
    text_id = read_id(data.consent.text_id)
    if text_id is None:
        raise OutdatedConsent
    numbers = await _numbers(kit, actor, now)
    password_hash = await first_password(kit.db, data.password, now, network=network(request))
    async with kit.db.transaction() as conn:
        made = await sign_up(
            conn, kit.vault, name=data.name, contact=contact, password_hash=password_hash, consent_text_id=text_id,
            language=actor.language, now=now, time_zone=kit.time_zone, numbers=numbers,
        )
    return SentShown(
        verification_id=made.verification_id, channel="email" if contact.kind == "email" else "sms",
        to=masked(contact.value), expires_at=now + timedelta(minutes=numbers.code_minutes),
    )


@post("/api/verification/verify", status_code=200, opt=ANYONE)
async def verify(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[VerifyBody],
) -> SignedIn | dict[str, bool]:
    numbers = await _numbers(kit, actor, now)
    proved = await prove(
        kit.db, kit.vault, must_be_id(data.verification_id), data.code, now, network=network(request), numbers=numbers
    )
    if proved.known:
        return {"known": True}
    async with kit.db.transaction() as conn:
        token = await open_sign_in(conn, proved.account_id, kind="api", own_phone=False, now=now, numbers=numbers)
    return await _signed_in(kit, token, now)


@post("/api/verification/resend", status_code=202, opt=ANYONE)
async def send_again(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[ResendBody],
) -> dict[str, Any]:
    numbers = await _numbers(kit, actor, now)
    async with kit.db.transaction() as conn:
        return {"expiresAt": await resend(conn, must_be_id(data.verification_id), now, numbers)}


@read("/api/public/consent", opt=ANYONE)
async def consent(kit: NamedDependency[Kit], language: FromQuery[str | None] = None) -> ConsentShown:
    """In the language that is asked for, else in the reader's; in English where there is no such text."""
    async with kit.db.connection() as conn:
        text = await queries.consent_text(conn, (language or i18n.language.get())[:10])
    return ConsentShown(text_id=text.id, language=text.language, text=text.text)


# signing in ---------------------------------------------------------------------------------------


@post("/api/users/login", status_code=200, opt=ANYONE)
async def login(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[LoginBody],
) -> SignedIn:
    typed = data.login or data.email
    if not typed:
        raise Invalid.field("login", "missing", "Please give a phone number, an e-mail address or a sign-in name.")
    token = await sign_in(
        kit.db, typed, data.password, kind="api", own_phone=False, now=now, network=network(request),
        numbers=await _numbers(kit, actor, now),
    )
    return await _signed_in(kit, token, now)


@post("/api/users/logout", status_code=204)
async def logout(kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]) -> None:
    need(actor)
    async with kit.db.transaction() as conn:
        await sign_out(conn, actor, now)


@read("/api/auth")
async def me(kit: NamedDependency[Kit], actor: NamedDependency[Actor]) -> UserShown:
    need(actor)
    assert actor.account_id is not None
    async with kit.db.connection() as conn:
        return await _user(conn, actor.account_id)


# passwords ----------------------------------------------------------------------------------------


@post("/api/users/password/forgot", status_code=202, opt=ANYONE)
async def forgot_password(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[ForgotBody],
) -> dict[str, UUID]:
    """The same answer whether somebody is known by this or not. The code goes out by e-mail only."""
    numbers = await _numbers(kit, actor, now)
    async with kit.db.transaction() as conn:
        return {"resetId": await forgot(conn, kit.vault, data.contact, now, network=network(request), numbers=numbers)}


@post("/api/users/password/reset", status_code=204, opt=ANYONE)
async def reset_password(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[ResetBody],
) -> None:
    await reset(
        kit.db, kit.vault, must_be_id(data.reset_id), data.code, data.password, now, network=network(request),
        numbers=await _numbers(kit, actor, now),
    )


@put("/api/users/password", status_code=204)
async def put_password(
    kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime],
    data: JSONBody[PasswordBody],
) -> None:
    """Ends all other sign-ins."""
    need(actor)
    await change_password(
        kit.db, actor, data.current_password, data.new_password, now, fields=("currentPassword", "newPassword"),
        numbers=await _numbers(kit, actor, now),
    )


api: list[Any] = [
    register, verify, send_again, consent, login, logout, me, forgot_password, reset_password, put_password,
]
