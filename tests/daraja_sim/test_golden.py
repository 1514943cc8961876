"""Every answer and callback has the official shape, typing errors included."""

import json
import re
from typing import Any

from fixtures.daraja.golden import HERE, golden, shape
from fixtures.daraja.merchant import TOKEN, Merchant, basic


def masked(raw: str) -> str:
    """The text of a callback with what differs each time replaced; all other bytes stay."""
    raw = re.sub(r'"[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{16}"', '"MERCHANT"', raw)
    raw = re.sub(r'"ws_CO_\d{14}\d*700000011"', '"CHECKOUT"', raw)
    raw = re.sub(r'(?<="MpesaReceiptNumber","Value":)"[A-Z0-9]{10}"', '"RECEIPT"', raw)
    return re.sub(r'(?<="TransactionDate","Value":)20\d{12}\b', "DATE", raw)


def official(name: str) -> str:
    return masked((HERE / f"{name}.json").read_text().strip())


async def last_letter(sim: Merchant) -> str:
    await sim.advance()
    return masked(sim.letters[-1][1].decode())


async def test_the_token(sim: Merchant) -> None:
    answer = await sim.call("GET", TOKEN, headers=basic())
    assert shape(answer.body) == shape(golden("token"))
    assert answer.body["expires_in"] == "3599"
    assert re.fullmatch(r"[A-Za-z0-9]{28}", answer.body["access_token"])


async def test_an_accepted_push(sim: Merchant) -> None:
    wanted: dict[str, Any] = golden("push_accepted")
    answer = await sim.push()
    assert shape(answer.body) == shape(wanted)
    fixed = ("ResponseCode", "ResponseDescription", "CustomerMessage")
    assert {name: answer.body[name] for name in fixed} == {name: wanted[name] for name in fixed}
    assert masked(json.dumps(answer.body)) == masked(json.dumps(wanted))


async def test_the_request_of_the_fixture_is_what_the_simulator_takes(sim: Merchant) -> None:
    own = {"Password": sim.ask()["Password"], "Timestamp": sim.ask()["Timestamp"]}
    assert set(golden("push_request")) == set(sim.ask())
    assert (await sim.push(**golden("push_request") | own)).status == 200


async def test_the_callback_of_a_payment_is_byte_true(sim: Merchant) -> None:
    await sim.pushed()
    await sim.pin()
    assert await last_letter(sim) == official("callback_paid")


async def test_the_callback_of_a_refusal_is_byte_true(sim: Merchant) -> None:
    await sim.pushed()
    await sim.do("cancel")
    assert await last_letter(sim) == official("callback_cancelled")


async def test_a_code_with_letters_is_a_string(sim: Merchant) -> None:
    await sim.pushed(PartyB="600123")
    assert await last_letter(sim) == official("callback_letters")


async def test_a_final_query(sim: Merchant) -> None:
    checkout = await sim.pushed()
    await sim.do("cancel")
    answer = await sim.query(checkout)
    assert masked(json.dumps(answer.body)) == masked(json.dumps(golden("query_final")))


async def test_a_query_while_the_prompt_is_open(sim: Merchant) -> None:
    answer = await sim.query(await sim.pushed())
    assert masked(json.dumps(answer.body)) == masked(json.dumps(golden("query_pending")))


async def test_the_two_error_envelopes(sim: Merchant) -> None:
    assert shape((await sim.push(Amount=0)).body) == shape(golden("error"))
    await sim.fault("query", "429")
    answer = await sim.query("ws_CO_1")
    assert (answer.status, answer.body) == (429, golden("gateway_fault"))
