"""Faces of paying: the pay link, the wait for M-Pesa, the receipt."""

from __future__ import annotations

from admin.books import Books, Owed
from kikao.core.ids import new_id
from kikao.sessions import rules

from .faces import Stage, face
from .faces_client import staged


async def owed(here: Stage, name: str, hour: int) -> Owed:
    """Something of Baraka's to pay, further away than all else."""
    await staged(here, name, rules.APPROVED, hour=hour, ahead=20, client=here.cast.baraka, open_no=hour,
                 psychologist=here.cast.wanjiru)
    await here.db.pool.execute(
        "update payments.charge set open_until = now() + interval '6 hours' where id = $1",
        here.facts[f"{name}_charge"],
    )
    return Owed(new_id(), here.facts[name], here.facts[f"{name}_charge"])


def books(here: Stage) -> Books:
    return Books(here.db, here.vault, here.cast)


@face("GET /p/{token}", "full", who=None)
@face("GET /p/{token}", "full")
async def to_pay(here: Stage) -> None:
    await here.goto(here.facts["to_pay_link"])


@face("GET /p/{token}", "error", who=None)
async def link_cut_off(here: Stage) -> None:
    await here.goto(here.facts["to_pay_link"][:-3])


@face("GET /p/{token}", "expired", who=None)
async def link_is_over(here: Stage) -> None:
    await here.goto(here.facts["lapsed_link"])


@face("POST /p/{token}", "error", who=None)
async def no_phone_at_all(here: Stage) -> None:
    await here.goto(here.facts["to_pay_link"])
    await here.fill(phone="12")
    await here.press("/p/[^/]+")


@face("POST /p/{token}", "expired", who=None)
async def over_meanwhile(here: Stage) -> None:
    """The time to pay ended while somebody looked for their phone."""
    one = await owed(here, "ends", 9)
    await here.goto(here.facts["ends_link"])
    await here.fill(phone="0700 000 071")
    await here.db.pool.execute("update payments.charge set open_until = now() where id = $1", one.charge_id)
    await here.press("/p/[^/]+")


@face("GET /p/{token}/wait", "loading", who=None)
async def it_rings(here: Stage) -> None:
    one = await owed(here, "rings", 11)
    await books(here).till.rung(one.charge_id, "+254700000072")
    await here.goto(f"{here.facts['rings_link']}/wait")


@face("GET /p/{token}/wait", "loading", who=None, note="after 20 seconds")
async def it_rings_still(here: Stage) -> None:
    await here.db.pool.execute(
        "update payments.attempt set created_at = created_at - interval '30 seconds' where charge_id = $1",
        here.facts["rings_charge"],
    )
    await here.goto(f"{here.facts['rings_link']}/wait")


@face("GET /p/{token}/wait", "expired", who=None)
async def no_word_of_it(here: Stage) -> None:
    await here.db.pool.execute(
        "update payments.attempt set state = 'unknown', created_at = created_at - interval '80 seconds',"
        " expires_at = now() - interval '10 seconds' where charge_id = $1", here.facts["rings_charge"],
    )
    await here.goto(f"{here.facts['rings_link']}/wait")


@face("GET /p/{token}/wait", "error", who=None)
async def cancelled_on_the_phone(here: Stage) -> None:
    one = await owed(here, "refused", 13)
    await books(here).failed(one, "+254700000073", 1032)
    await here.goto(f"{here.facts['refused_link']}/wait")


@face("GET /p/{token}/wait", "full", who=None)
async def paid(here: Stage) -> None:
    one = await owed(here, "comes", 15)
    await books(here).paid(one, "+254700000074")
    await here.goto(f"{here.facts['comes_link']}/wait")


@face("GET /p/{token}/receipt", "full", who=None)
async def receipt(here: Stage) -> None:
    await here.goto(f"{here.facts['comes_link']}/receipt")


@face("GET /p/{token}", "empty", who=None)
async def nothing_to_pay(here: Stage) -> None:
    await staged(here, "free", rules.CONFIRMED, hour=15, ahead=21, client=here.cast.halima)
    await here.goto(here.facts["free_link"])
