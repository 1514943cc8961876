"""Good requests about money that came astray, and about what got stuck."""

from __future__ import annotations

from typing import Any

from admin.books import Owed
from api.changes import Ask, Scene, good


async def _owed(scene: Scene) -> Owed:
    found = await scene.session("Approved")
    return await scene.books.owed({"id": str(found.id), "reference": found.reference})


@good("POST /practice/duties/{duty_id}/done")
async def given_back(scene: Scene) -> Ask:
    owed = await _owed(scene)
    await scene.books.paid(owed, "+254700000042")
    await scene.must("otieno", "POST", f"/api/sessions/{owed.session_id}/cancel", {"reason": "unwell"})
    return Ask("makena", names={"duty_id": await scene.value("select id from payments.duty where done_at is null")})


async def _paid(scene: Scene, last: int) -> dict[str, Any]:
    owed = await _owed(scene)
    await scene.books.paid(owed, f"+2547000000{last}")
    receipt = await scene.value("select id from payments.receipt where charge_id = $1", owed.charge_id)
    return {"charge_id": owed.charge_id, "receipt_id": receipt}


@good("POST /practice/payments/{charge_id}/reversed/{receipt_id}")
async def taken_back(scene: Scene) -> Ask:
    return Ask("makena", names=await _paid(scene, 73))


@good("POST /practice/decisions/reversed/{reversal_id}")
async def borne(scene: Scene) -> Ask:
    names = await _paid(scene, 74)
    await scene.must("makena", "POST", "/practice/payments/{charge_id}/reversed/{receipt_id}".format(**names), {})
    found = await scene.value("select id from payments.reversal where charge_id = $1", names["charge_id"])
    return Ask("njeri", {"reason": "M-Pesa's mistake"}, {"reversal_id": found})


async def _suspense(scene: Scene) -> tuple[Owed, dict[str, Any]]:
    """9,000 came where 2,500 was asked for."""
    owed = await _owed(scene)
    await scene.books.paid(owed, f"+2547000000{scene.made + 60}", amount=9000)
    return owed, {"receipt_id": await scene.value("select id from payments.receipt where charge_id is null")}


@good("POST /practice/suspense/{receipt_id}/place")
async def place_money(scene: Scene) -> Ask:
    owed, names = await _suspense(scene)
    return Ask("makena", {"reference": owed.reference}, names)


@good("POST /practice/suspense/{receipt_id}/back")
async def send_back(scene: Scene) -> Ask:
    _, names = await _suspense(scene)
    return Ask("makena", names=names)


@good("POST /practice/stuck/attempt/{row_id}/again")
async def attempt_again(scene: Scene) -> Ask:
    return Ask("makena", names={"row_id": await scene.books.stuck_attempt(await _owed(scene))})


@good("POST /practice/stuck/letter/{row_id}/again")
async def letter_again(scene: Scene) -> Ask:
    owed = await _owed(scene)
    rung = await scene.books.till.rung(owed.charge_id, "+254700000071")
    letter = await scene.books.till.post(rung.token, rung.letter())
    await scene.value("update payments.letter set tries = 8, due_at = now() - interval '1 hour' where id = $1", letter)
    return Ask("makena", names={"row_id": letter})


@good("POST /practice/stuck/message/{row_id}/again")
async def message_again(scene: Scene) -> Ask:
    owed = await _owed(scene)
    return Ask("wambui", names={"row_id": await scene.books.message(owed.session_id, scene.cast.amina.person_id)})


@good("POST /practice/unreached/{row_id}/told")
async def told(scene: Scene) -> Ask:
    owed = await _owed(scene)
    message = await scene.books.message(owed.session_id, scene.cast.amina.person_id, dropped="no contact")
    return Ask("wambui", names={"row_id": message})


@good("POST /practice/payments")
async def find_payments(_scene: Scene) -> Ask:
    return Ask("makena", {"person": "Amina"})


@good("POST /callbacks/{token}")
async def callback(scene: Scene) -> Ask:
    rung = await scene.books.till.rung((await _owed(scene)).charge_id, "+254700000072")
    return Ask("nobody", {"Body": "{}"}, {"token": rung.token})
