"""What `kikao check` finds missing: in what strangers would read, and in the database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from kikao.admin.health import WORKER_SILENT
from kikao.core import migrate
from kikao.core.db import Conn
from kikao.directory.queries import emergency_lines
from kikao.notifications.rules import telling_words
from kikao.sessions.terms import current_tiers

# Safaricom refuses a callback address that holds one of these anywhere.
REFUSED_IN_ADDRESS = ("m-pesa", "mpesa", "safaricom", "exec", "exe", "cmd", "sql", "query")
LONGEST_SMS_SENDER = 11


class Finding(msgspec.Struct, frozen=True):
    """`must`: nothing can be booked and paid as long as this is so."""

    text: str
    must: bool = True

    def __str__(self) -> str:
        return f"{'missing' if self.must else 'look at'}: {self.text}"


class Outside(msgspec.Struct, frozen=True):
    """What strangers see of this installation: the names that they read, by what they are, and two addresses."""

    names: Mapping[str, str]
    base_url: str
    callback_url: str
    sms_sender: str | None = None
    proxies: tuple[str, ...] = ()


def of_outside(outside: Outside, psychologists: tuple[str, ...] = ()) -> list[Finding]:
    """From values alone."""
    found = [
        Finding(f"{what} says what this is about: {', '.join(sorted(set(words)))}. Please choose a neutral name.")
        for what, name in outside.names.items()
        if (words := telling_words(name, psychologists))
    ]
    return [*found, *_of_addresses(outside), *_of_sender(outside.sms_sender)]


def _of_addresses(outside: Outside) -> list[Finding]:
    found = []
    address = outside.callback_url.lower()
    if words := [word for word in REFUSED_IN_ADDRESS if word in address]:
        found.append(Finding(f"Safaricom refuses an address that holds “{words[0]}” (KIKAO_MPESA_CALLBACK_URL)."))
    if urlsplit(address).scheme != "https" and (urlsplit(address).hostname or "") not in ("127.0.0.1", "localhost"):
        found.append(Finding("The callback address must begin with https:// (KIKAO_MPESA_CALLBACK_URL)."))
    if not re.fullmatch(r"https?://[^/]+", outside.base_url):
        found.append(Finding("The public address has a path; pages live at its root (KIKAO_BASE_URL).", must=False))
    if outside.base_url.startswith("https:") and not outside.proxies:
        said = "No proxy is trusted, so everybody behind yours counts as one address (KIKAO_TRUSTED_PROXIES)."
        found.append(Finding(said, must=False))
    return found


def _of_sender(sender: str | None) -> list[Finding]:
    if sender and not sender.isdecimal() and len(sender) > LONGEST_SMS_SENDER:
        return [Finding(f"An SMS sender has {LONGEST_SMS_SENDER} characters at most (KIKAO_SMS_SENDER).")]
    return []


_PSYCHOLOGISTS = """
select p.name from directory.practising d join accounts.people p on p.id = d.id
"""
_PLACES = "select name from availability.places where closed_at is null order by name"
_STANDING = """
select exists (select from accounts.roles where role = 'admin') as admin,
       exists (select from directory.listed) as listed
"""


async def psychologists(conn: Conn) -> tuple[str, ...]:
    return tuple(row["name"] for row in await conn.fetch(_PSYCHOLOGISTS))


async def of_database(conn: Conn, now: datetime) -> list[Finding]:
    """What has to be there before the first session can be booked; nothing else when migrations are not current."""
    if not await migrate.is_current(conn):
        return [Finding("The database has not the schema of this release; please run: kikao migrate")]
    found = []
    there = await conn.fetchrow(_STANDING)
    assert there is not None
    if not await emergency_lines(conn):
        found.append(Finding("No number for an emergency has been rung and entered, so no page can show one."))
    if not await current_tiers(conn, now):
        found.append(Finding("There are no cancellation terms; please run: kikao migrate"))
    if not there["admin"]:
        found.append(Finding("Nobody is an admin; please run: kikao user create-admin"))
    names = await psychologists(conn)
    found += [
        Finding(f"The place “{row['name']}” says what is done there. Please choose a neutral name.", must=False)
        for row in await conn.fetch(_PLACES) if telling_words(row["name"], names)
    ]
    if not there["listed"]:
        found.append(Finding("No psychologist is listed yet, so there is nothing to book.", must=False))
    return found


def of_worker(last_sign: datetime | None, offset_ms: int, now: datetime) -> list[Finding]:
    found = []
    if last_sign is None or now - last_sign > WORKER_SILENT:
        found.append(Finding("The worker gives no sign of life; please start: kikao work", must=False))
    elif abs(offset_ms) > 2000:
        found.append(Finding(f"This machine's clock differs from the database's by {offset_ms} ms.", must=False))
    return found
