"""What somebody of finance looks for. An address shows it sealed: it holds a name or the digits of a phone."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import tink

from kikao.admin import reports
from kikao.core.actor import Actor
from kikao.core.crypto import Vault
from kikao.core.db import Conn
from kikao.core.errors import Invalid
from kikao.core.web import NOBODY_ID, Form
from kikao.payments.office import Filter
from kikao.payments.office_api import wanted

SEALED = ("admin.search", "typed")
SHORTEST_NAME = 2


class Search(msgspec.Struct, frozen=True, omit_defaults=True):
    """As it was typed; days are those of the reader's zone, both included."""

    reference: str = ""
    receipt: str = ""
    phone: str = ""
    person: str = ""
    since: str = ""
    until: str = ""

    @property
    def keys(self) -> list[str]:
        """By what is looked for; never what was typed."""
        return [name for name in self.__struct_fields__ if getattr(self, name)]


def typed(form: Form) -> Search:
    return Search(**{name: form[name][:80] for name in Search.__struct_fields__})


def pack(vault: Vault, actor: Actor, search: Search) -> str:
    """For the address: opened by this house only, and for this reader."""
    sealed = vault.seal(msgspec.json.encode(search).decode(), *SEALED, actor.account_id or NOBODY_ID)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unpack(vault: Vault, actor: Actor, text: str | None) -> Search | None:
    """None for what cannot be opened: somebody else's address, or one that was cut short."""
    if not text:
        return Search()
    try:
        sealed = base64.urlsafe_b64decode(f"{text}==")
        opened = vault.open(sealed, *SEALED, actor.account_id or NOBODY_ID)
        return msgspec.json.decode(opened, type=Search)
    except (binascii.Error, UnicodeError, ValueError, tink.TinkError, msgspec.MsgspecError):
        return None


def read(search: Search, zone: str) -> Filter:
    """All but the person. Raises Invalid."""
    since, until = _midnight(search.since, "since", zone), _midnight(search.until, "until", zone, days=1)
    if since and until and since >= until:
        raise Invalid.field("until", "before_since", "The last day comes before the first.")
    if search.person and len(search.person) < SHORTEST_NAME:
        raise Invalid.field("person", "too_short", "Please give two letters of the name or more.")
    return wanted(search.reference or None, search.receipt or None, _digits(search.phone), since, until)


async def whom(conn: Conn, search: Search, found: Filter) -> Filter:
    """The same, with the accounts of those who are called so."""
    if not search.person:
        return found
    return msgspec.structs.replace(found, accounts=await reports.accounts_of(conn, search.person))


def _digits(phone: str) -> str | None:
    """The last digits, also out of a whole number as people write it."""
    digits = re.sub(r"[\s()+•-]", "", phone)
    whole = re.fullmatch(r"(?:254|0)(\d{9})", digits)
    return whole[1] if whole else digits or None


def _midnight(day: str, field: str, zone: str, *, days: int = 0) -> datetime | None:
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=days), time(), ZoneInfo(zone))
    except (ValueError, OverflowError) as error:
        raise Invalid.field(field, "not_a_day", "Please write the day like 2026-11-24.") from error
