"""What a push must look like: one thing wrong at a time, and Daraja's own words for it."""

from typing import Any

import pytest

from daraja_sim.server import running
from daraja_sim.settings import Settings
from fixtures.daraja.golden import refusal
from fixtures.daraja.merchant import PHONE, PUSH, Merchant, credentials

LONG_URL = "https://pay.example.co.ke/d/" + "9" * 100
BAD_FIELDS: list[tuple[str, Any, str]] = [
    ("BusinessShortCode", None, "BusinessShortCode"),
    ("BusinessShortCode", "1234", "BusinessShortCode"),
    ("BusinessShortCode", "12345678", "BusinessShortCode"),
    ("BusinessShortCode", "60099x", "BusinessShortCode"),
    ("Timestamp", None, "Timestamp"),
    ("Timestamp", "2026-11-22", "Timestamp"),
    ("Timestamp", "20261322153005", "Timestamp"),
    ("TransactionType", None, "TransactionType"),
    ("TransactionType", "CustomerPayBill", "TransactionType"),
    ("Amount", None, "Amount"),
    ("Amount", 0, "Amount"),
    ("Amount", -1, "Amount"),
    ("Amount", 10.5, "Amount"),
    ("Amount", "10.00", "Amount"),
    ("Amount", True, "Amount"),
    ("Amount", 250_001, "Amount"),
    ("PartyA", None, "PartyA"),
    ("PartyA", "0700000011", "PartyA"),
    ("PhoneNumber", "+254700000011", "PhoneNumber"),
    ("PhoneNumber", "254200000011", "PhoneNumber"),
    ("PhoneNumber", "25470000001", "PhoneNumber"),
    ("PartyB", None, "PartyB"),
    ("PartyB", "abc", "PartyB"),
    ("CallBackURL", None, "CallBackURL"),
    ("AccountReference", None, "AccountReference"),
    ("AccountReference", "", "AccountReference"),
    ("AccountReference", "BK7Q2M9XBK7Q2", "AccountReference"),
    ("AccountReference", "BK 7Q2", "AccountReference"),
    ("TransactionDesc", None, "Remarks"),
    ("TransactionDesc", " ", "Remarks"),
    ("TransactionDesc", "Booking of Tue", "Remarks"),
]


@pytest.mark.parametrize("field, value, named", BAD_FIELDS)
async def test_a_wrong_field_is_named(sim: Merchant, field: str, value: Any, named: str) -> None:
    other = {"PartyA": PHONE} if field == "PhoneNumber" else {}
    status, code, message = (await sim.push(**{field: value, **other})).refusal
    assert (status, code, message) == (400, "400.002.02", f"Bad Request - Invalid {named}")
    assert (await sim.api("GET", "/pushes"))["pushes"] == []


@pytest.mark.parametrize(
    "more",
    [
        {"Amount": 1},
        {"Amount": 250_000},
        {"Amount": "2500"},
        {"BusinessShortCode": 600999, "PartyB": 600999},
        {"PartyA": 254700000011},
        {"PhoneNumber": "254110000011"},
        {"Remark": "extra keys are ignored"},
    ],
)
async def test_what_is_taken(sim: Merchant, more: dict[str, Any]) -> None:
    assert (await sim.push(**more)).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://pay.example.co.ke/d/1",
        "https://localhost.example/mpesa/1",
        "https://M-PESA.example.co.ke/d/1",
        "https://pay.example.co.ke/Safaricom",
        "https://pay.example.co.ke/execute",
        "https://pay.example.co.ke/a.exe",
        "https://pay.example.co.ke/cmd",
        "https://pay.example.co.ke/mysql",
        "https://pay.example.co.ke/d?Query=1",
        "https://x.ngrok.io/d/1",
        "https://pay.example.co.ke/d 1",
        "https://<your-host>/d/1",
        "https://10.0.0.4/d/1",
        "https://pay/d/1",
        "https://pay.example.co.ke:port/d",
        "ftp://localhost/d",
        "pay.example.co.ke/d",
        "",
        7,
    ],
)
async def test_a_url_that_daraja_refuses(sim: Merchant, url: Any) -> None:
    assert (await sim.push(CallBackURL=url)).refusal[2] == "Bad Request - Invalid CallBackURL"


@pytest.mark.parametrize(
    "url", ["https://pay.example.co.ke/d/9f3c/stk", "http://127.0.0.1:9/d", "http://localhost/d", LONG_URL]
)
async def test_a_url_that_it_takes(sim: Merchant, url: str) -> None:
    assert (await sim.push(CallBackURL=url)).status == 200


async def test_the_word_list_can_be_switched_off() -> None:
    async with running(Settings(port=0, url_words=False)) as base, Merchant.at(base) as sim:
        assert (await sim.push(CallBackURL=f"{sim.own}/mpesa/query")).status == 200


async def test_what_is_not_json(sim: Merchant) -> None:
    headers = {"Authorization": f"Bearer {sim.token}", "Content-Type": "application/json"}
    for raw in (b"", b"{", b"[1]", b"null", b"\xff"):
        assert (await sim.call("POST", PUSH, data=raw, headers=headers)).refusal == refusal("bad payload")
    headers["Content-Type"] = "text/plain"
    wrong = await sim.call("POST", PUSH, data=b"{}", headers=headers)
    assert wrong.refusal[:2] == refusal("bad field")[:2]


async def test_another_merchant_and_a_wrong_password(sim: Merchant) -> None:
    assert (await sim.push(**credentials(shortcode="600123"))).refusal == refusal("no such merchant")
    for wrong in ("c2lt", "not base64!", "", None):
        assert (await sim.push(Password=wrong)).refusal == refusal("wrong password")
    assert (await sim.push(**credentials(passkey="sim-other"))).refusal == refusal("wrong password")
    # the password is bound to the timestamp that is sent with it
    assert (await sim.push(Timestamp="20200101000000")).refusal == refusal("wrong password")


async def test_a_stale_timestamp_when_the_tolerance_is_set() -> None:
    async with running(Settings(port=0, timestamp_tolerance_seconds=600)) as base, Merchant.at(base) as sim:
        assert (await sim.push()).status == 200
        refused = await sim.push(**credentials(timestamp="20200101000000"))
        assert refused.refusal[2] == "Bad Request - Invalid Timestamp"


async def test_the_wrong_account_is_accepted_and_fails_by_callback(sim: Merchant) -> None:
    assert await sim.result(await sim.pushed(PartyB="600123")) == "SFC_IC0003"
    assert await sim.result(await sim.pushed(TransactionType="CustomerBuyGoodsOnline")) == "2028"
    assert (await sim.phone())["prompt"] is None


async def test_a_till_under_its_head_office() -> None:
    async with running(Settings(port=0, till="500999")) as base, Merchant.at(base) as sim:
        await sim.pushed(TransactionType="CustomerBuyGoodsOnline", PartyB="500999")
        assert await sim.pin() == "0"
        assert await sim.result(await sim.pushed(PartyB="500999")) == "2028"


async def test_the_sandbox_is_lenient(sandbox: Merchant) -> None:
    await sandbox.pushed(AccountReference="BK7Q2M9X-BK7Q2M9X", TransactionDesc="Booking of Tuesday")
    await sandbox.do("cancel")
    for amount, code in ((0, "2"), (250_001, "3")):
        await sandbox.do("wallet", balance=400_000)
        await sandbox.pushed(Amount=amount)
        assert await sandbox.pin() == code


async def test_a_prompt_that_is_too_long(sandbox: Merchant) -> None:
    checkout = await sandbox.pushed(AccountReference="B" * 150)
    assert await sandbox.result(checkout) == "1025"


async def test_the_sandbox_arrests_spikes_of_queries(sandbox: Merchant) -> None:
    checkout = await sandbox.pushed()
    assert (await sandbox.query(checkout)).status == 200
    assert (await sandbox.query(checkout)).fault == (429, "policies.ratelimit.SpikeArrestViolation")
    await sandbox.advance(12)
    assert (await sandbox.query(checkout)).status == 200


async def test_query_checks(sim: Merchant) -> None:
    assert (await sim.query("ws_CO_unknown")).refusal[2] == "Bad Request - Invalid CheckoutRequestID"
    checkout = await sim.pushed()
    await sim.do("cancel")
    await sim.advance(73 * 3600)
    await sim.sign_in()
    assert (await sim.query(checkout)).refusal[2] == "Bad Request - Invalid CheckoutRequestID"
