"""Faces of the public pages, and of those of an account, a client and whoever pays."""

from __future__ import annotations

from datetime import timedelta

from kikao.core.clock import utc_now
from kikao.sessions import rules
from sessions.staging import money_arrives, stage
from support.cast import workday

from .faces import Stage, face, fills


@fills
async def a_full_life(here: Stage) -> None:
    """Of Amina's: one to pay, one that was lost, one about to begin, one over, one that gives money back."""
    cast, now = here.cast, utc_now()
    soon = now.replace(second=0, microsecond=0) + timedelta(minutes=10)
    async with here.db.transaction() as conn:
        made = {
            "to_pay": await stage(conn, cast, rules.APPROVED, workday(now, hour=9), now, open_no=1),
            "lapsed": await stage(conn, cast, rules.EXPIRED, workday(now, hour=11), now, open_no=2),
            "soon": await stage(conn, cast, rules.CONFIRMED, soon, now, psychologist=cast.wanjiru),
        }
        await stage(conn, cast, rules.COMPLETED, now - timedelta(days=9), now - timedelta(days=10))
        await stage(conn, cast, rules.CANCELLED, now - timedelta(days=20), now - timedelta(days=21))
        for hour in (12, 15):
            status = rules.APPROVED if hour == 12 else rules.CANCELLED
            paid = await stage(conn, cast, status, workday(now, ahead=8, hour=hour), now, open_no=2)
            await money_arrives(conn, paid, 2500, now)
        for name, session_id in made.items():
            row = await conn.fetchrow("select reference, charge_id from sessions.session where id = $1", session_id)
            assert row is not None
            here.facts |= {name: row["reference"], f"{name}_charge": row["charge_id"]}


@face("GET /me", "empty", who="baraka")
@face("GET /me", "full")
async def own_sessions(here: Stage) -> None:
    await here.goto("/me")


@face("POST /me/people", "error", who="halima")
async def too_old_to_be_acted_for(here: Stage) -> None:
    await here.goto("/me/people")
    await here.fill(name="Kioko", birthDate="1990-01-01")
    await here.press("/me/people")


@face("POST /me/people", "expired", who="halima")
async def signed_out_meanwhile(here: Stage) -> None:
    await here.goto("/me/people")
    await here.fill(name="Kioko", birthDate="2019-01-01")
    await here.end_sign_ins(here.cast.halima)
    await here.press("/me/people")
