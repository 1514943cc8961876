"""A practice with one of everything that finance has to look at."""

from __future__ import annotations

from admin.books import Books, Owed
from kikao.core.clock import utc_now
from kikao.core.crypto import Vault
from kikao.core.db import Database
from kikao.payments import claims
from kikao.sessions import rules
from kikao.wiring import wire
from sessions.staging import stage
from support.cast import Cast, Member, workday


async def _staged(db: Database, books: Books, status: str, client: Member, hour: int) -> Owed:
    now = utc_now()
    async with db.transaction() as conn:
        start = workday(now, hour=hour)
        session_id = await stage(conn, books.cast, status, start, now, client=client, open_no=hour)
        row = await conn.fetchrow("select reference, charge_id from sessions.session where id = $1", session_id)
        assert row is not None
        await conn.execute(
            "update payments.charge set open_until = now() + interval '6 hours', closed_at = null where id = $1",
            row["charge_id"],
        )
    return Owed(session_id, row["reference"], row["charge_id"])


async def a_bad_week(db: Database, cast: Cast, vault: Vault) -> Owed:
    """One of everything that finance has to look at; the payment about which most is known."""
    wire()
    books = Books(db, vault, cast)
    paid = await _staged(db, books, rules.APPROVED, cast.amina, 9)
    await books.failed(paid, cast.amina.phone)
    books.till.clock.move(200)
    await books.forged(await books.contradicted(paid, cast.halima.phone))
    await books.paid(await _staged(db, books, rules.CANCELLED, cast.baraka, 10), cast.baraka.phone)
    await books.paid(await _staged(db, books, rules.APPROVED, cast.halima, 11), "+254700000061", amount=9000)
    typed = await _staged(db, books, rules.PAYMENT_SUBMITTED, cast.baraka, 13)
    late = await _staged(db, books, rules.EXPIRED, cast.halima, 14)
    async with db.transaction() as conn:
        await claims.submit(conn, cast.baraka.actor, typed.charge_id, "UKM1234567", utc_now())
        await claims.submit(conn, cast.halima.actor, late.charge_id, "UKM7654321", utc_now())
    stuck = await _staged(db, books, rules.APPROVED, cast.amina, 15)
    await books.paid(await _staged(db, books, rules.APPROVED, cast.amina, 17), cast.amina.phone)
    await books.stuck_attempt(stuck, "+254700000062")
    await books.message(stuck.session_id, cast.amina.person_id)
    await books.message(typed.session_id, cast.baraka.person_id, dropped="no contact")
    async with db.connection() as conn:
        await conn.execute(
            "update directory.psychologist set status = 'waiting' where id = $1", cast.wanjiru.person_id
        )
        await conn.execute(
            "update directory.psychologist set public_yes_at = null, licence_until = null where id = $1",
            cast.wanjiru.person_id,
        )
    return paid
