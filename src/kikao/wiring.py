"""Every wire that goes upstairs, and how a running house is put together from machine settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from kikao.accounts import api as accounts_api
from kikao.accounts import jobs as accounts_jobs
from kikao.accounts import notices as accounts_notices
from kikao.accounts import pages as accounts_pages
from kikao.accounts import wires as accounts_wires
from kikao.admin import api as admin_api
from kikao.admin import pages as admin_pages
from kikao.availability import api as availability_api
from kikao.core import idempotency, settings
from kikao.core.crypto import Vault
from kikao.core.db import Database, connect
from kikao.core.jobs import Queue
from kikao.core.practice import Practice
from kikao.core.web import Kit
from kikao.directory import api as directory_api
from kikao.directory import own_api
from kikao.directory import pages as directory_pages
from kikao.notifications import jobs as notifications_jobs
from kikao.notifications import kinds
from kikao.notifications.channels.email import EmailChannel
from kikao.notifications.channels.sms import SmsChannel
from kikao.payments import api as payments_api
from kikao.payments import jobs as payments_jobs
from kikao.payments import letters
from kikao.payments import notices as payments_notices
from kikao.payments import pages as payments_pages
from kikao.payments import wires as payments_wires
from kikao.payments.providers.mpesa import Merchant, Mpesa
from kikao.payments.tokens import Tokens
from kikao.sessions import api as sessions_api
from kikao.sessions import calendar_pages, checking_api, checking_pages, evidence, leaving
from kikao.sessions import jobs as sessions_jobs
from kikao.sessions import notices as sessions_notices
from kikao.sessions import pages as sessions_pages

LETTERS_KEPT = timedelta(days=90)  # after they were settled


def wire() -> None:
    """What lower rooms call without knowing whom. Safe to call again."""
    payments_wires.decided["session"] = evidence.payment_decided
    payments_wires.seen["session"] = evidence.payment_seen
    payments_wires.claim_rejected["session"] = evidence.claim_rejected
    payments_wires.page_of["session"] = "/s/{reference}"
    if evidence.release not in accounts_wires.verified:
        accounts_wires.verified.append(evidence.release)
        accounts_wires.stands.append(leaving.stands)
        accounts_wires.withdrawn.append(leaving.withdrawn)
    if not kinds.KINDS:
        kinds.add(*accounts_notices.KINDS, *payments_notices.KINDS, *sessions_notices.KINDS)


class House:
    """Everything that a program needs, opened once."""

    def __init__(self, machine: settings.Settings, db: Database, provider: Mpesa) -> None:
        self.machine = machine
        self.db = db
        self.provider = provider
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
    provider = _mpesa(machine, db)
    try:
        yield House(machine, db, provider)
    finally:
        await provider.close()
        await db.close()


def _mpesa(machine: settings.Settings, db: Database) -> Mpesa:
    merchant = Merchant(
        shortcode=machine.mpesa.shortcode, passkey=machine.mpesa.passkey, callback_url=machine.mpesa.callback_url,
        party_b=machine.mpesa.party_b, transaction_type=machine.mpesa.transaction_type,
    )
    return Mpesa(
        machine.mpesa.base_url, machine.mpesa.consumer_key, machine.mpesa.consumer_secret, merchant,
        Tokens(db, Vault(machine.keys)),
    )


@asynccontextmanager
async def queues(house: House) -> AsyncIterator[list[Queue]]:
    """Everything that is due by the clock, for the worker; the channels are closed when it ends."""
    machine, kit = house.machine, house.kit
    email = EmailChannel(
        machine.mail.host, machine.mail.port, username=machine.mail.username, password=machine.mail.password,
        starttls=machine.mail.starttls, sender=machine.mail.sender,
    )
    sms = SmsChannel(machine.sms.url, machine.sms.username, machine.sms.api_key, machine.sms.sender)
    try:
        yield [
            *payments_jobs.queues(house.db, house.provider, kit.vault),
            *notifications_jobs.queues(
                house.db, email, sms, vault=kit.vault, trading_name=kit.trading_name, base_url=kit.base_url,
                practice_phone=kit.practice_phone, mail_sender=machine.mail.sender,
            ),
            *sessions_jobs.queues(house.db),
        ]
    finally:
        await sms.close()


async def forget(house: House, now: datetime) -> None:
    """What is kept no longer than it has to be, room by room."""
    await accounts_jobs.forget(house.db, now)
    async with house.db.connection() as conn:
        await idempotency.forget_old(conn, now)
        await letters.forget_old(conn, now - LETTERS_KEPT)


def page_handlers() -> list[Any]:
    return [
        *directory_pages.pages, *accounts_pages.pages, *payments_pages.pages, *sessions_pages.pages,
        *calendar_pages.pages,
        *checking_pages.pages, *admin_pages.pages,
    ]


def api_handlers() -> list[Any]:
    return [
        *accounts_api.api, *availability_api.api, *directory_api.api, *own_api.own_api, *own_api.admin_api,
        *sessions_api.api, *checking_api.api, *payments_api.api,
    ]


def open_handlers() -> list[Any]:
    """Neither pages nor API: callbacks of providers, and signs of health."""
    return [*payments_api.callbacks, *admin_api.handlers]
