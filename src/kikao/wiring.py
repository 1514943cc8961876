"""Every wire that goes upstairs, and how a running house is put together from machine settings.

What only the working program needs (messages, calendars, mail) stands in `wiring_work.py`: loading it would make
the web program's start half as long again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from kikao.accounts import api as accounts_api
from kikao.accounts import pages as accounts_pages
from kikao.accounts import people_api
from kikao.accounts import wires as accounts_wires
from kikao.admin import api as admin_api
from kikao.admin import listing_api, setting_api, term_api
from kikao.admin import pages as admin_pages
from kikao.admin import people_api as desk_api
from kikao.availability import api as availability_api
from kikao.availability import day_pages as availability_day_pages
from kikao.availability import pages as availability_pages
from kikao.core import settings
from kikao.core.crypto import Vault
from kikao.core.db import Database, connect
from kikao.core.practice import Practice
from kikao.core.web import Kit
from kikao.directory import api as directory_api
from kikao.directory import client_api, client_pages, own_api, own_pages
from kikao.directory import pages as directory_pages
from kikao.payments import api as payments_api
from kikao.payments import earning_pages
from kikao.payments import pages as payments_pages
from kikao.payments import wires as payments_wires
from kikao.sessions import api as sessions_api
from kikao.sessions import (
    book_pages,
    calendar_pages,
    checking_api,
    checking_pages,
    entry_page,
    evidence,
    forgetting,
    leaving,
    making_api,
    meeting_api,
    meeting_pages,
)
from kikao.sessions import pages as sessions_pages

if TYPE_CHECKING:
    from kikao.payments.providers.mpesa import Mpesa


def wire() -> None:
    """What lower rooms call without knowing whom. Safe to call again."""
    payments_wires.decided["session"] = evidence.payment_decided
    payments_wires.seen["session"] = evidence.payment_seen
    payments_wires.claim_rejected["session"] = evidence.claim_rejected
    payments_wires.still_missing["session"] = evidence.still_missing
    payments_wires.page_of["session"] = "/s/{reference}"
    payments_wires.told_of["session"] = evidence.told_of
    payments_wires.unwritten["session"] = leaving.nothing_is_written
    if evidence.release not in accounts_wires.verified:
        accounts_wires.verified.append(evidence.release)
    if leaving.stands not in accounts_wires.stands:
        accounts_wires.stands.append(leaving.stands)
        accounts_wires.withdrawn.append(leaving.withdrawn)
        accounts_wires.forgotten.append(forgetting.sign_up_forgotten)


class House:
    """Everything that a program needs, opened once."""

    def __init__(self, machine: settings.Settings, db: Database) -> None:
        self.machine = machine
        self.db = db
        self.kit = Kit(
            db=db, vault=Vault(machine.keys), practice=Practice(), trading_name=machine.trading_name,
            practice_phone=machine.practice_phone, base_url=machine.base_url,
            receiver_name=machine.mpesa.receiver_name, paybill=machine.mpesa.party_b or machine.mpesa.shortcode,
            time_zone=machine.time_zone, demo=machine.demo,
        )


@asynccontextmanager
async def house(machine: settings.Settings) -> AsyncIterator[House]:
    wire()
    db = await connect(machine.database_url, size=machine.pool_size)
    try:
        yield House(machine, db)
    finally:
        await db.close()


@asynccontextmanager
async def provider(machine: settings.Settings, db: Database) -> AsyncIterator[Mpesa]:
    # Loaded when it is wanted: of the web program only an admin's trial of the connection wants it, and every start
    # would wait for the HTTP client.
    from kikao.payments.providers.mpesa import Merchant, Mpesa
    from kikao.payments.tokens import Tokens

    merchant = Merchant(
        shortcode=machine.mpesa.shortcode, passkey=machine.mpesa.passkey, callback_url=machine.mpesa.callback_url,
        party_b=machine.mpesa.party_b, transaction_type=machine.mpesa.transaction_type,
    )
    opened = Mpesa(
        machine.mpesa.base_url, machine.mpesa.consumer_key, machine.mpesa.consumer_secret, merchant,
        Tokens(db, Vault(machine.keys)),
    )
    try:
        yield opened
    finally:
        await opened.close()


def page_handlers() -> list[Any]:
    return [
        *directory_pages.pages,
        *own_pages.pages,
        *client_pages.pages,
        *accounts_pages.pages,
        *payments_pages.pages,
        *earning_pages.pages,
        *sessions_pages.pages,
        *entry_page.pages,
        *book_pages.pages,
        *calendar_pages.pages,
        *availability_pages.pages,
        *availability_day_pages.pages,
        *checking_pages.pages,
        *meeting_pages.pages,
        *admin_pages.pages,
    ]


def api_handlers() -> list[Any]:
    return [
        *accounts_api.api, *people_api.api, *availability_api.api, *directory_api.api, *own_api.own_api,
        *own_api.admin_api, *client_api.api, *sessions_api.api, *making_api.api, *checking_api.api, *meeting_api.api,
        *payments_api.api, *setting_api.api, *term_api.api, *listing_api.api, *desk_api.api,
    ]


def open_handlers() -> list[Any]:
    """Neither pages nor API: callbacks of providers, and signs of health."""
    return [*payments_api.callbacks, *admin_api.handlers]
