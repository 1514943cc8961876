"""The wires of the working program: what is due by the clock, the kinds of messages, and the ways that they go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from kikao import wiring
from kikao.accounts import jobs as accounts_jobs
from kikao.accounts import notices as accounts_notices
from kikao.accounts.rules import Numbers
from kikao.core import idempotency
from kikao.core.jobs import Queue
from kikao.core.practice import load
from kikao.notifications import actions as notifications
from kikao.notifications import jobs as notifications_jobs
from kikao.notifications import kinds
from kikao.notifications.channels.email import EmailChannel
from kikao.notifications.channels.sms import SmsChannel
from kikao.payments import jobs as payments_jobs
from kikao.payments import letters
from kikao.payments import notices as payments_notices
from kikao.sessions import after_notices, planning, reminding
from kikao.sessions import forgetting as sessions_forgetting
from kikao.sessions import jobs as sessions_jobs
from kikao.sessions import notices as sessions_notices

LETTERS_KEPT = timedelta(days=90)  # after they were settled
MESSAGES_KEPT = timedelta(days=366)  # ids only: who was told what, and when


def wire() -> None:
    """The wires of both programs, and every kind of message. Safe to call again."""
    wiring.wire()
    if not kinds.KINDS:
        kinds.add(*accounts_notices.KINDS, *payments_notices.KINDS, *sessions_notices.KINDS, *reminding.KINDS)
        kinds.add(*after_notices.KINDS)


@asynccontextmanager
async def queues(house: wiring.House) -> AsyncIterator[list[Queue]]:
    """Everything that is due by the clock; provider and channels are closed when it ends."""
    wire()
    machine, kit = house.machine, house.kit
    email = EmailChannel(
        machine.mail.host, machine.mail.port, username=machine.mail.username, password=machine.mail.password,
        starttls=machine.mail.starttls, sender=machine.mail.sender,
    )
    sms = SmsChannel(machine.sms.url, machine.sms.username, machine.sms.api_key, machine.sms.sender)
    try:
        async with wiring.provider(machine, house.db) as provider:
            yield [
                *payments_jobs.queues(house.db, provider, kit.vault),
                *notifications_jobs.queues(
                    house.db, email, sms, vault=kit.vault, trading_name=kit.trading_name, base_url=kit.base_url,
                    practice_phone=kit.practice_phone, mail_sender=machine.mail.sender,
                ),
                *sessions_jobs.queues(house.db),
            ]
    finally:
        await sms.close()


async def plan(house: wiring.House, now: datetime) -> None:
    """Post what the clock has to tell by now."""
    await planning.post_due(house.db, now)


async def forget(house: wiring.House, now: datetime) -> None:
    """What is kept no longer than it has to be, room by room."""
    async with house.db.connection() as conn:
        practice = await load(conn, now)
    await accounts_jobs.forget(house.db, now, practice.of(Numbers))
    await sessions_forgetting.forget(house.db, now)
    async with house.db.connection() as conn:
        await idempotency.forget_old(conn, now)
        await letters.forget_old(conn, now - LETTERS_KEPT)
        await notifications.forget_old(conn, now - MESSAGES_KEPT)
