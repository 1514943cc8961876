"""The verbs *request* and *book*: one statement decides and writes; what it refuses gets its name here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from kikao.availability.queries import Wanted as TimesWanted
from kikao.availability.queries import free
from kikao.availability.rules import Numbers as CalendarNumbers
from kikao.core.crypto import Vault
from kikao.core.db import Conn, savepoint
from kikao.core.errors import FieldError, Forbidden, Invalid, NotFound, Refusal
from kikao.core.ids import SYSTEM, new_id, new_reference
from kikao.core.practice import Snapshot
from kikao.core.sql import Statement
from kikao.directory.rules import Numbers as Rates
from kikao.directory.rules import check_mode, check_session_type
from kikao.payments.links import link_hash, pay_token
from kikao.sessions import calling, rules
from kikao.sessions.actions import LONGEST_TEXT, OwnOverlap, SlotTaken, TooManyOpen, expire
from kikao.sessions.sql import BOOK

# A rival can win between the decision and the insert; then the decision is asked for again.
ROUNDS = 4
NEAREST = 3
# Looked at one after the other: nearly always the first has enough, and nothing outside of it can be nearer.
AROUND = (timedelta(hours=12), timedelta(days=4))
FAR = timedelta(days=2 * 366)

_TIME = {
    "in_the_past": "This time lies in the past.",
    "too_soon": "This time is too soon to be booked.",
    "beyond_horizon": "This time is further ahead than can be booked yet.",
    "after_licence": "This time cannot be booked.",
    "off_grid": "Sessions begin at the times that are offered only.",
    "outside_hours": "This time lies outside the psychologist's hours.",
}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for, or somebody who acts for them. The price is not among it: it comes from the rate.

    `asker_id` asks: the client, or a person who acts for them.
    """

    psychologist_id: UUID
    session_type: str
    starts_at: datetime
    client_id: UUID
    asker_id: UUID
    proved: bool
    mode: str = "Online"
    place_id: UUID | None = None  # In Person: only there, as it was offered; None: where the hours say
    country: str | None = None
    note: str | None = None


class RelationClosed(Refusal):
    code, detail = "relation_closed", "This psychologist no longer sees this client."


class OtherPrice(Refusal):
    """What was asked for costs, or lasts, something else than its page showed: `amount` in KES, `minutes`."""

    code = "other_price"
    detail = "The price is not the one that was shown. Please look at it, and send this again if it suits you."


class Booked(msgspec.Struct, frozen=True):
    """`made` is false when this very request was open already."""

    session_id: UUID
    made: bool


def check(request: Request) -> None:
    """What can be refused without looking: raises Invalid."""
    check_session_type(request.session_type)
    check_mode(request.mode)
    if request.starts_at.tzinfo is None:
        raise Invalid.field("sessionDate", "no_offset", "Please give the time with its offset.")
    check_note(request.note or "")
    if request.country is not None and not (request.country.isascii() and request.country.isalpha()
                                            and len(request.country) == 2 and request.country.isupper()):
        raise Invalid.field("country", "wrong_value", "A country is two capital letters, like KE.")


def check_note(note: str) -> None:
    """Raises Invalid."""
    if len(note) > LONGEST_TEXT:
        raise Invalid.field("note", "too_long", "A note can have 500 characters at most.")


def near(start: datetime, now: datetime) -> bool:
    return now - FAR < start < now + FAR


def check_span(start: datetime, now: datetime) -> None:
    """Looking at the hours of two thousand years would hold the database up for seconds. Raises Invalid."""
    if not near(start, now):
        raise refusal("in_the_past" if start < now else "beyond_horizon")


async def request(conn: Conn, asked: Request, now: datetime, practice: Snapshot, vault: Vault) -> Booked:
    """Ask for a session. Raises SlotTaken, OwnOverlap, TooManyOpen, Invalid or NotFound, and then changed nothing.

    Approved at once where the psychologist takes this client so, once a contact is proved. Overdue holds in the way
    are expired first, by the same verb as the worker's.
    """
    check(asked)
    check_span(asked.starts_at, now)
    await calling.check_number(
        conn, asked.mode, asked.psychologist_id, asked.client_id, asked.asker_id, proved=asked.proved)
    values = values_of(asked, now, practice, vault, taken_by=SYSTEM)
    booked = await decide(conn, BOOK, {**values, "second_entry_id": new_id()}, now)
    await check_same_note(conn, booked, asked.note, vault)
    return booked


async def check_same_note(conn: Conn, booked: Booked, note: str | None, vault: Vault) -> None:
    """With other words it is not the same request: they would be lost without a word. Raises OwnOverlap."""
    typed = (note or "").strip()
    if booked.made or not typed:
        return
    kept = await conn.fetchval("select sealed_note from sessions.session where id = $1", booked.session_id)
    if kept is None or vault.open(kept, "sessions.session", "sealed_note", booked.session_id) != typed:
        raise OwnOverlap


async def check_shown(conn: Conn, booked: Booked, shown: str) -> None:
    """Nobody is booked at another price than their page showed, in `as_shown`; empty where no page was. Raises
    OtherPrice."""
    if not shown:
        return
    row = await conn.fetchrow("select session_rate, minutes from sessions.session where id = $1", booked.session_id)
    if row is not None and booked.made and shown != as_shown(row["session_rate"], row["minutes"]):
        raise OtherPrice(amount=row["session_rate"], minutes=row["minutes"])


def as_shown(amount: int, minutes: int) -> str:
    """What a form brings back of the rate that it showed."""
    return f"{amount}-{minutes}"


async def decide(conn: Conn, statement: Statement, values: dict[str, Any], now: datetime) -> Booked:
    """Run the statement until it has decided."""
    for _round in range(ROUNDS):
        row = await statement.one(conn, **values)
        if row["booked_id"] is not None:
            return Booked(row["booked_id"], True)
        if row["refused"] == "same":
            return Booked(row["same_id"], False)
        if row["refused"] == "overdue":
            for overdue in row["overdue"]:
                async with savepoint(conn):
                    await expire(conn, overdue, now)
        elif row["refused"] is not None:
            raise named(row["refused"], row["against"], by_psychologist=values["by_psychologist"])
    raise SlotTaken


def named(reason: str, against: list[str] | None, *, by_psychologist: bool) -> Refusal:
    """Nobody but the psychologist is told that they have closed a relation."""
    return SlotTaken() if reason == "closed" and not by_psychologist else refusal(reason, against)


def values_of(
    asked: Request, now: datetime, practice: Snapshot, vault: Vault, *, taken_by: UUID, booked_by: UUID | None = None,
    by_psychologist: bool = False, against: str = "",
) -> dict[str, Any]:
    """What both statements are given. `taken_by` approves what is approved at once; `against`: why by hand."""
    session_id, charge_id = new_id(), new_id()
    note = (asked.note or "").strip()
    return {
        "session_id": session_id, "reference": new_reference(), "charge_id": charge_id,
        "entry_id": new_id(), "message_id": new_id(), "second_message_id": new_id(),
        "link_hash": link_hash(pay_token(vault, charge_id)),
        "country": asked.country, "proved": asked.proved, "taken_by": taken_by,
        "by_psychologist": by_psychologist, **values_to_weigh(asked, now, practice, booked_by=booked_by),
        "sealed_note": vault.seal(note, "sessions.session", "sealed_note", session_id) if note else None,
        "sealed_against": vault.seal(against, "sessions.session", "sealed_against", session_id) if against else None,
        **_holds(asked, now, practice.of(rules.Numbers)),
    }


def values_to_weigh(
    asked: Request, now: datetime, practice: Snapshot, *, booked_by: UUID | None = None
) -> dict[str, Any]:
    """What the decision alone is given."""
    amount, minutes = practice.of(Rates).default(asked.session_type)
    numbers = practice.of(rules.Numbers)
    return {
        "psychologist_id": asked.psychologist_id, "client_id": asked.client_id, "asker_id": asked.asker_id,
        "session_type": asked.session_type, "mode": asked.mode, "place_id": asked.place_id,
        "starts_at": asked.starts_at, "now": now, "booked_by": booked_by,
        "default_amount": amount, "default_minutes": minutes,
        "open_at_first": numbers.open_at_first, "open_when_known": numbers.open_when_known,
        **msgspec.structs.asdict(practice.of(CalendarNumbers)),
    }


def _holds(asked: Request, now: datetime, numbers: rules.Numbers) -> dict[str, Any]:
    start = max(asked.starts_at, now)
    until, first = rules.pay_until(now, start, numbers), rules.first_pay_until(now, start, numbers)
    return {
        "answer_until": rules.request_hold(now, start, numbers, proved=asked.proved),
        "pay_until": until, "pay_hold_until": rules.hold_for_payment(until, numbers),
        "first_pay_until": first, "first_hold_until": rules.hold_for_payment(first, numbers),
    }


def refusal(reason: str, against: list[str] | None = None) -> Refusal:
    """The error of one reason of a booking statement."""
    if reason in _TIME:
        return Invalid.field("sessionDate", reason, _TIME[reason])
    if reason == "needs_reason":
        return Invalid(against=against or [], fields=[
            FieldError("reason", "missing", "Please say why, in a few words.")])
    return {
        "not_listed": NotFound("There is no such psychologist."),
        "type_not_offered": Invalid.field("sessionType", "not_offered", "This psychologist does not offer this type."),
        "with_oneself": Invalid.field("psychologistId", "with_oneself", "You cannot book a session with yourself."),
        "not_yours": Invalid.field("forPersonId", "not_yours", "You do not act for this person."),
        "not_allowed": Forbidden("This psychologist answers and books themselves."),
        "no_person": NotFound("There is no such person."),
        "not_active": Invalid.field("personId", "not_active", "This person cannot be booked for."),
        "no_place": Invalid.field("placeId", "missing", "Please say at which of the practice's places."),
        "closed": RelationClosed(),
        "no_consent": Invalid.field("consent", "missing", "Please read what is kept about you, and agree to it first."),
        "own_overlap": OwnOverlap(),
        "slot_taken": SlotTaken(),
        "too_many_open": TooManyOpen(),
    }[reason]


async def nearest(
    conn: Conn, psychologist_id: UUID, minutes: int, last_day: Any, around: datetime, now: datetime,
    practice: Snapshot, client_id: UUID | None, mode: str = "Online",
) -> list[datetime]:
    """Up to three free times nearest to one that was lost, that suit the client too."""

    async def within(span: timedelta) -> list[datetime]:
        slots = await free(
            conn, [TimesWanted(psychologist_id, minutes, last_day)], around - span, around + span,
            now=now, numbers=practice.of(CalendarNumbers), modes=(mode,), client_id=client_id,
        )
        return [slot.start for slot in slots]

    return await nearest_of(within, around)


async def nearest_of(within: Callable[[timedelta], Awaitable[list[datetime]]], around: datetime) -> list[datetime]:
    """The three nearest of what is free within a span to each side, or fewer: the small one first."""
    found: list[datetime] = []
    for span in AROUND:
        found = sorted(await within(span), key=lambda start: abs(start - around))
        if len(found) >= NEAREST:
            break
    return sorted(found[:NEAREST])
