"""What is forgotten, and that nothing else is."""

from datetime import datetime, timedelta

from kikao.accounts import jobs, signing_in, signing_up
from kikao.core.db import Database
from kikao.core.ids import new_id
from support.cast import PASSWORD, Cast
from support.people import NETWORK, USUAL, VAULT, code_of, further, proved, sign_up

WEEK = timedelta(days=7, minutes=1)


async def test_a_sign_up_never_proved_goes_after_seven_days(db: Database, cast: Cast, now: datetime) -> None:
    made = await sign_up(db, now)
    await sign_up(db, now + timedelta(days=1), "0700 000 032", name="Later")
    done = await proved(db, now, "0700 000 033", name="Proved")
    assert await jobs.forget(db, now + timedelta(days=6), numbers=USUAL) == 0
    assert await jobs.forget(db, now + WEEK, numbers=USUAL) == 1
    assert await jobs.forget(db, now + WEEK, numbers=USUAL) == 0
    async with db.connection() as conn:
        for table in ("person", "account", "contact_point", "consent", "verification"):
            column = "id" if table in ("person", "account") else {"verification": "account_id"}.get(table, "person_id")
            wanted = made.account_id if table in ("account", "verification") else made.person_id
            assert await conn.fetchval(f"select count(*) from accounts.{table} where {column} = $1", wanted) == 0
        assert await conn.fetchval("select count(*) from accounts.person where name in ('Later', 'Proved')") == 2
        assert await conn.fetchval("select proved_at from accounts.account where id = $1", done.account_id) == now
        assert await conn.fetchval("select count(*) from accounts.person where name = 'Mzee Kamau'") == 1


async def test_a_child_goes_with_the_sign_up_that_brought_it_unless_somebody_else_acts_for_it(
    db: Database, cast: Cast, now: datetime
) -> None:
    made = await sign_up(db, now)
    child = new_id()
    async with db.connection() as conn:
        await conn.execute("insert into accounts.person (id, name, created_at) values ($1, 'Kioko', $2)", child, now)
        await conn.executemany(
            "insert into accounts.acts_for (by_person, person_id, relation, since) values ($1, $2, 'parent', $3)",
            [(made.person_id, person, now) for person in (cast.zuri.person_id, child)],
        )  # fmt: skip
    assert await jobs.forget(db, now + WEEK, numbers=USUAL) == 1
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from accounts.person where name = 'Kioko'") == 0
        assert await conn.fetchval("select count(*) from accounts.person where name = 'Zuri'") == 1


async def test_one_that_something_refers_to_stays_for_now(db: Database, cast: Cast, now: datetime) -> None:
    made = await sign_up(db, now)
    async with db.connection() as conn:
        await conn.execute(
            """
            insert into payments.charge
                (id, purpose, purpose_id, reference, payer_account, amount, link_hash, created_at)
            values (gen_random_uuid(), 'session', gen_random_uuid(), 'K7Q2M9X4', $1, 100, 'x', $2)
            """,
            made.account_id, now,
        )  # fmt: skip
    await sign_up(db, now, "0700 000 032")
    assert await jobs.forget(db, now + WEEK, numbers=USUAL) == 1
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from accounts.account where id = $1", made.account_id) == 1


async def test_codes_sign_ins_and_counters_go(db: Database, cast: Cast, now: datetime) -> None:
    await signing_in.sign_in(
        db, cast.amina.email, PASSWORD, kind="page", own_phone=False, now=now, network=NETWORK, numbers=USUAL
    )
    await signing_in.sign_in(
        db, cast.amina.email, PASSWORD, kind="page", own_phone=True, now=now, network=NETWORK, numbers=USUAL
    )
    async with db.transaction() as conn:
        await signing_in.forgot(conn, VAULT, cast.amina.email, now, network=NETWORK, numbers=USUAL)
        await further(conn, cast.amina, "0700 000 051", now)
        kept = await further(conn, cast.amina, "0700 000 052", now)
    await signing_up.prove(
        db, VAULT, kept, await code_of(db, kept, now), now, network=NETWORK, by=cast.amina.account_id, numbers=USUAL
    )
    await jobs.forget(db, now + WEEK + timedelta(minutes=10), numbers=USUAL)
    async with db.connection() as conn:
        assert await conn.fetchval("select count(*) from accounts.verification") == 0
        assert await conn.fetchval("select count(*) from accounts.sign_in") == 1  # one's own phone
        assert await conn.fetchval("select count(*) from core.counter") == 0
        assert await conn.fetchval("select count(*) from core.recent") == 0
        values = await conn.fetch(
            "select value from accounts.contact_point where person_id = $1 and value like '%05_'", cast.amina.person_id
        )
    assert [row["value"] for row in values] == ["+254700000052"]
