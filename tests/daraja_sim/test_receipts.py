"""Receipts: ten characters, the first three of which say the day."""

import random
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daraja_sim.receipts import Receipts, day_letters
from fixtures.daraja.merchant import Merchant


# The starts of official samples, with the days that their documents give.
@pytest.mark.parametrize(
    "letters, day",
    [
        ("MBN", date(2018, 2, 23)),
        ("NLJ", date(2019, 12, 19)),
        ("RKL", date(2023, 11, 21)),
        ("SG6", date(2024, 7, 6)),
        ("SG7", date(2024, 7, 7)),
        ("UKM", date(2026, 11, 22)),
        ("ZLV", date(2031, 12, 31)),
    ],
)
def test_known_days(letters: str, day: date) -> None:
    assert day_letters(day) == letters


@given(st.dates(date(2018, 1, 1), date(2031, 12, 31)), st.integers(0, 2**32))
def test_the_day_can_be_read_back(day: date, seed: int) -> None:
    receipt = Receipts(random.Random(seed)).new(day)
    assert re.fullmatch(r"[A-Z0-9]{10}", receipt)
    number = "0123456789ABCDEFGHIJKLMNOPQRSTUV".index(receipt[2])
    assert date(2006 + ord(receipt[0]) - 65, ord(receipt[1]) - 64, number) == day


@given(st.dates(date(2018, 1, 1), date(2031, 12, 31)), st.dates(date(2018, 1, 1), date(2031, 12, 31)))
def test_the_letters_sort_by_year_and_month(one: date, other: date) -> None:
    assert (day_letters(one)[:2] < day_letters(other)[:2]) == ((one.year, one.month) < (other.year, other.month))


def test_no_receipt_twice() -> None:
    class Stutter(random.Random):
        def choices(self, *args: object, **more: object) -> list[str]:  # type: ignore[override]
            self.turn = getattr(self, "turn", 0) + 1
            return list("AAAAAAA" if self.turn < 4 else "BBBBBBB")

    receipts = Receipts(Stutter())
    assert [receipts.new(date(2026, 11, 22)) for _ in range(2)] == ["UKMAAAAAAA", "UKMBBBBBBB"]


async def test_the_same_receipt_in_callback_sms_and_ledger(sim: Merchant) -> None:
    await sim.pushed()
    await sim.pin()
    await sim.advance()
    items = {item["Name"]: item.get("Value") for item in sim.opened()[0]["CallbackMetadata"]["Item"]}
    receipt = items["MpesaReceiptNumber"]
    paid_on = str(items["TransactionDate"])
    assert receipt[:3] == day_letters(date(int(paid_on[:4]), int(paid_on[4:6]), int(paid_on[6:8])))
    assert (await sim.phone())["sms"][0]["text"].startswith(receipt + " Confirmed. Ksh2,500.00 sent to")
    entry = (await sim.api("GET", "/ledger"))["entries"][-1]
    assert (entry["receipt"], entry["amount"], entry["to"]) == (receipt, 2500, "utility")
