"""Every form in which Kenyans write a number is the same number; what M-Pesa cannot ring is said so."""

from __future__ import annotations

import pytest

from support import app as apps
from support.cast import PASSWORD
from support.refusals import nothing_changes, page, problem

# Amina's number, as people write it.
FORMS = (
    "0700000001", "0700 000 001", "0700-000-001", "+254700000001", "+254 700 000 001", "254700000001", "700000001",
    "+254 (0) 700 000 001", "00254700000001", "000254700000001", " 0700000001 ", "(0700) 000001", "0700.000.001",
)  # fmt: skip
ABROAD = ("+255700000001", "+12025550123", "+256700000001")
NONE = (
    "", "07", "070000000", "07000000011", "0200000000", "0800000000", "*334#", "999", "+2547", "my phone",
    "0700\n000001", "0" * 41, "amina@example.test",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
async def test_every_form_of_a_number_is_the_same_person(house: apps.World, form: str) -> None:
    answer = await house.nobody.api("POST", "/api/users/login", json={"login": form, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["personId"] == str(house.cast.amina.person_id)


@pytest.fixture(scope="module")
async def link(house: apps.World) -> str:
    return await house.pay_link(await house.approved("baraka"))


@pytest.mark.parametrize("number", [*NONE, *ABROAD])
async def test_a_number_that_cannot_be_rung_is_refused_and_no_attempt_is_made(
    house: apps.World, link: str, number: str
) -> None:
    why = "not_kenyan" if number in ABROAD else "not_a_phone"
    async with nothing_changes(house.db):
        answer = await house.nobody.api(
            "POST", "/api/mpesa/initiate", json={"phoneNumber": number}, headers={"X-Pay-Token": link}
        )
        shown = await house.nobody.page("POST", f"/p/{link}", data={"phone": number})
    problem(answer, 422, "invalid", "phoneNumber", why)
    assert number.strip().splitlines()[:1] == [] or number.strip().splitlines()[0] in page(shown, 422)


@pytest.mark.parametrize("number", [*NONE[:-1], *ABROAD])
async def test_nobody_signs_up_with_a_number_that_gets_no_code(house: apps.World, number: str) -> None:
    text = (await house.nobody.api("GET", "/api/public/consent")).json()
    async with nothing_changes(house.db):
        answer = await house.nobody.api("POST", "/api/users/register", json={
            "name": "Chebet", "phone": number, "password": PASSWORD,
            "consent": {"textId": text["textId"], "language": "en"},
        })  # fmt: skip
    problem(answer, 422, "invalid", "phone", "email_needed" if number in ABROAD else "not_a_contact")
