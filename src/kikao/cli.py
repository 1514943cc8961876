"""The operator's door: kikao demo | serve | work | migrate | check | user create-admin."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Sequence

import asyncpg

from kikao.admin import checkup, first_rows
from kikao.core import crypto, migrate, settings
from kikao.core.clock import is_zone, utc_now
from kikao.core.db import Database, connect
from kikao.core.errors import Refusal

UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, ValueError)


class Wrong(Exception):
    """A sentence for the operator; the program ends with 1."""


def main(words: Sequence[str] | None = None) -> int:
    """0: done; 1: it could not be done, and one sentence says why; 2: the command was not understood."""
    given = _parser().parse_args(words)
    try:
        return int(given.run(given))
    except settings.BadSettings as wrong:
        _complain(*wrong.problems)
    except (Wrong, migrate.MigrationFailed) as wrong:
        _complain(str(wrong))
    except KeyboardInterrupt:
        return 130
    return 1


def _complain(*sentences: str) -> None:
    for sentence in sentences:
        print(f"kikao: {sentence}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kikao", description="Sessions, calendar and money of a practice.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    command("demo", demo, "everything on this machine, with a simulated M-Pesa (PORT, KIKAO_DATA)")
    command("serve", serve, "the web program")
    command("work", work, "the program that does what is due: messages, payments, holds that end")
    command("migrate", bring_up, "bring the database to the schema of this release").add_argument(
        "--to", default="head", help="a revision (default: the newest)"
    )
    command("check", check, "what is missing before this installation can be used")
    user = commands.add_parser("user", help="people").add_subparsers(required=True, metavar="command")
    admin = user.add_parser("create-admin", help="the first account; asks for its password")
    admin.add_argument("--name", required=True)
    admin.add_argument("--email", required=True)
    admin.set_defaults(run=create_admin)
    return parser


# programs -----------------------------------------------------------------------------------------


def demo(_: argparse.Namespace) -> int:
    from kikao.demo import supervisor

    return supervisor.run(os.environ)


def serve(_: argparse.Namespace) -> int:
    machine = settings.read()
    asyncio.run(_must_be_ready(machine.database_url))
    from kikao import web

    web.serve(machine)
    return 0


def work(_: argparse.Namespace) -> int:
    from kikao import worker

    asyncio.run(_must_be_ready(settings.read().database_url))
    worker.main()
    return 0


async def _must_be_ready(url: str) -> None:
    """Raises Wrong when the database cannot be reached or has another schema."""
    db = await _open(url)
    try:
        async with db.connection() as conn:
            if not await migrate.is_current(conn):
                raise Wrong("The database has not the schema of this release; please run: kikao migrate")
    finally:
        await db.close()


async def _open(url: str) -> Database:
    try:
        return await connect(url, size=1)
    except UNREACHABLE as error:
        raise Wrong(f"The database cannot be reached: {error}.") from error


# the database -------------------------------------------------------------------------------------


def bring_up(given: argparse.Namespace) -> int:
    url = os.environ.get("KIKAO_DATABASE_URL", "").strip()
    if not url:
        raise Wrong("KIKAO_DATABASE_URL is not set: the address of a PostgreSQL database.")
    before = migrate.current(url)
    migrate.upgrade(url, given.to)
    after = migrate.current(url)
    if after == migrate.newest():
        asyncio.run(put_first_rows(url))
    print(f"The database is at {after}." if after == before else f"The database went from {before} to {after}.")
    return 0


async def put_first_rows(url: str) -> None:
    db = await _open(url)
    try:
        async with db.transaction() as conn:
            await first_rows.put(conn, utc_now())
    finally:
        await db.close()


def check(_: argparse.Namespace) -> int:
    """Prints what is missing; 1 when something that must be there is not."""
    findings = asyncio.run(_examine(settings.read()))
    for finding in findings:
        print(finding)
    if not findings:
        print("Nothing is missing.")
    return int(any(finding.must for finding in findings))


async def _examine(machine: settings.Settings) -> list[checkup.Finding]:
    now = utc_now()
    outside = seen_from_outside(machine)
    try:
        db = await _open(machine.database_url)
    except Wrong as wrong:
        return [*checkup.of_outside(outside), checkup.Finding(str(wrong))]
    try:
        async with db.connection() as conn:
            found = await checkup.of_database(conn, now)
            if not await migrate.is_current(conn):
                return [*checkup.of_outside(outside), *found]
            sign = await conn.fetchrow("select at, clock_offset_ms from core.heartbeat where program = 'worker'")
            names = await checkup.psychologists(conn)
    finally:
        await db.close()
    worker = checkup.of_worker(sign["at"] if sign else None, sign["clock_offset_ms"] if sign else 0, now)
    return [*checkup.of_outside(outside, names), *found, *worker]


def seen_from_outside(machine: settings.Settings) -> checkup.Outside:
    names = {
        "The trading name (KIKAO_TRADING_NAME)": machine.trading_name,
        "The name that M-Pesa shows (KIKAO_MPESA_RECEIVER_NAME)": machine.mpesa.receiver_name,
        "The sender of mail (KIKAO_MAIL_SENDER)": machine.mail.sender,
        "The sender of SMS (KIKAO_SMS_SENDER)": machine.sms.sender or "",
        "The public address (KIKAO_BASE_URL)": machine.base_url,
        "The callback address (KIKAO_MPESA_CALLBACK_URL)": machine.mpesa.callback_url,
    }
    return checkup.Outside(
        names=names, base_url=machine.base_url, callback_url=machine.mpesa.callback_url,
        sms_sender=machine.sms.sender, proxies=machine.trusted_proxies,
    )


def create_admin(given: argparse.Namespace) -> int:
    url = os.environ.get("KIKAO_DATABASE_URL", "").strip()
    if not url:
        raise Wrong("KIKAO_DATABASE_URL is not set: the address of a PostgreSQL database.")
    zone = os.environ.get("KIKAO_TIME_ZONE", "").strip() or "Africa/Nairobi"
    if not is_zone(zone):
        raise Wrong("KIKAO_TIME_ZONE must be the name of a time zone, such as Africa/Nairobi.")
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        asyncio.run(_create_admin(url, given.name, given.email, password, zone))
    except Refusal as refusal:
        raise Wrong(refusal.detail) from refusal
    print(f"{given.email} can sign in now.")
    return 0


async def _create_admin(url: str, name: str, email: str, password: str, time_zone: str) -> None:
    from kikao.accounts.actions import create_admin as create

    crypto.check_new_password(password)
    hashed = await crypto.hash_password(password)
    await _must_be_ready(url)
    db = await _open(url)
    try:
        async with db.transaction() as conn:
            await create(conn, name=name, email=email, password_hash=hashed, now=utc_now(), time_zone=time_zone)
    finally:
        await db.close()
