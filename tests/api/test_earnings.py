"""What a psychologist earned: page, table and ledger say the same, and nobody else sees it."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from kikao.core.clock import local_day, utc_now
from kikao.payments import statement
from kikao.sessions import earned
from support.app import World

NAIROBI = "Africa/Nairobi"


async def met(world: World, client: str = "amina", hour: int = 10) -> Any:
    """A session that was paid at the desk, is over, and was said to be."""
    session = await world.approved(client, hour=hour)
    paid = {"method": "cash", "number": f"C{hour}", "amount": session["price"]}
    verified = await world.wambui.api("PUT", f"/api/sessions/{session['id']}/verify-payment", json=paid)
    assert verified.status_code == 200, verified.text
    async with world.db.connection() as conn:
        await conn.execute(
            """
            update sessions.session
            set starts_at = starts_at - interval '20 days', ends_at = ends_at - interval '20 days',
                occupied_until = occupied_until - interval '20 days',
                first_starts_at = first_starts_at - interval '20 days'
            where id = $1
            """,
            UUID(session["id"]),
        )
    done = await world.otieno.api("POST", f"/api/sessions/{session['id']}/complete")
    assert done.status_code == 200, done.text
    return session


async def passed_on(world: World, session: Any) -> None:
    """The day after nobody objected."""
    later = utc_now() + timedelta(hours=25)
    async with world.db.transaction() as conn:
        assert await earned.settle(conn, UUID(session["id"]), later)


async def table(world: World, at_day: Any) -> list[dict[str, str]]:
    answer = await world.otieno.page("GET", f"/me/earnings/table?month={at_day:%Y-%m}")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{at_day:%Y-%m}.csv"'
    assert answer.headers["cache-control"] == "private, no-store"
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))))


async def test_page_table_and_ledger_say_the_same(world: World) -> None:
    one, two = await met(world, hour=10), await met(world, "baraka", hour=12)
    await passed_on(world, one)
    day = local_day(utc_now() + timedelta(hours=25), NAIROBI)
    html = (await world.otieno.page("GET", f"/me/earnings?month={day:%Y-%m}")).text
    yours, to_come = re.findall(r"<dd>(KSh [\d,]+)</dd>", html)
    rows = await table(world, day)
    assert {row["Reference"]: row["How it stands"] for row in rows} == {
        one["reference"]: "yours", two["reference"]: "to come",
    }  # fmt: skip
    sums = {
        how: sum(int(row["Your part"]) for row in rows if row["How it stands"] == how) for how in ("yours", "to come")
    }
    assert (yours, to_come) == (f"KSh {sums['yours']:,}", f"KSh {sums['to come']:,}")
    assert sums == {"yours": one["price"], "to come": two["price"]}
    async with world.db.connection() as conn:
        moved = await conn.fetchval(
            """
            select sum(m.amount) from payments.move m join payments.ledger_account a on a.id = m.to_account
            where a.kind = 'earned' and a.owner = $1
            """,
            world.cast.otieno.person_id,
        )
    assert moved == sums["yours"]


async def test_it_is_nobody_elses(world: World) -> None:
    await met(world)
    assert "Nothing earned yet" in (await world.wanjiru.page("GET", "/me/earnings")).text
    for who in ("amina", "wambui", "makena"):
        assert (await world.by_name[who].page("GET", "/me/earnings")).status_code == 403


async def test_what_is_no_month_gets_a_sentence(world: World) -> None:
    for typed in ("soon", "2026-13", "2026-1-1", "0000-00"):
        assert (await world.otieno.page("GET", f"/me/earnings?month={typed}")).status_code == 422
        assert (await world.otieno.page("GET", f"/me/earnings/table?month={typed}")).status_code == 422


@pytest.mark.parametrize("cell", ["=1+1", "+2547", "-5", "@sum", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert statement.plain(cell) == f"'{cell}"
    [_head, row] = csv.reader(io.StringIO(statement.as_csv(["a"], [[cell]])))
    assert row == [f"'{cell}"]


def test_ordinary_cells_and_sums_stay_as_they_are() -> None:
    table_text = statement.as_csv(["Reference", "Yours"], [["K7Q2M9X4", 2500]])
    assert table_text.endswith("Reference,Yours\r\nK7Q2M9X4,2500\r\n")
