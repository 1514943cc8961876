"""Machine settings are judged when a program starts: what cannot be right stops it, with a sentence and no value."""

from __future__ import annotations

import pytest

from kikao.core import phone, settings
from kikao.core.addresses import within
from support.app import NOWHERE
from support.house import environment

RIGHT = environment("postgresql:///nowhere", NOWHERE.url, NOWHERE, 8000)
PROXIES = "127.0.0.1, 10.0.0.0/8,::1"


def problems(**changed: str) -> list[str]:
    try:
        settings.read(RIGHT | {f"KIKAO_{name}": value for name, value in changed.items()})
    except settings.BadSettings as wrong:
        return wrong.problems
    return []


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("TIME_ZONE", "Mars/Olympus", "must be the name of a time zone"),
        ("TIME_ZONE", "../../etc/passwd", "must be the name of a time zone"),
        ("TIME_ZONE", "posix/Africa/Nairobi", "must be the name of a time zone"),
        ("MPESA_TRANSACTION_TYPE", "till", "must be CustomerPayBillOnline, or CustomerBuyGoodsOnline for a till"),
        ("MPESA_SHORTCODE", "abc", "must have 5 to 7 digits"),
        ("MPESA_TILL", "12x", "must have 5 to 9 digits"),
        ("WEB_WORKERS", "0", "must be a whole number from 1 to 64"),
        ("POOL_SIZE", "0", "must be a whole number from 2 to 500"),
        ("POOL_SIZE", "\u0661\u0660", "must be a whole number from 2 to 500"),
        ("PORT", "99999", "must be a whole number from 1 to 65535"),
        ("MAIL_PORT", "0", "must be a whole number from 1 to 65535"),
        ("PRACTICE_PHONE", "call us", "must be a phone number"),
        ("MPESA_CALLBACK_SOURCES", "nonsense", "must hold IP addresses"),
        ("TRUSTED_PROXIES", "127.0.0.1, proxy.local", "must hold IP addresses"),
        ("BASE_URL", "https://[", "must be an address that begins with https://"),
    ],
)
def test_what_cannot_be_right_stops_the_start(name: str, value: str, sentence: str) -> None:
    (said,) = problems(**{name: value})
    assert said.startswith(f"KIKAO_{name} {sentence}")
    assert len(value) < 5 or value not in said  # a setting can be a secret


@pytest.mark.parametrize(
    "changed",
    [
        {}, {"TIME_ZONE": "Europe/London"},
        {"MPESA_TRANSACTION_TYPE": "CustomerBuyGoodsOnline", "MPESA_TILL": "123456"},
        {"WEB_WORKERS": "1", "POOL_SIZE": "2", "PORT": "65535"}, {"PRACTICE_PHONE": "0700 000 099"},
        {"PRACTICE_PHONE": "+254 (0)700-000-099"}, {"PRACTICE_PHONE": "(0700) 000 099"},
        {"PRACTICE_PHONE": "0700.000.099"}, {"TRUSTED_PROXIES": PROXIES, "MPESA_CALLBACK_SOURCES": PROXIES},
    ],
)  # fmt: skip
def test_what_is_right_is_taken(changed: dict[str, str]) -> None:
    """The negative control."""
    assert problems(**changed) == []


@pytest.mark.parametrize(
    ("typed", "rings"),
    [
        ("+254 (0)700-000-099", "tel:+254700000099"), ("+254(0) 700 000 099", "tel:+254700000099"),
        ("(0700) 000 099", "tel:0700000099"), ("0700.000.099", "tel:0700000099"), ("(0)700 000 099", "tel:0700000099"),
        ("+254700000099", "tel:+254700000099"), ("0700 000 (0) 99", "tel:0700000099"),
    ],
)  # fmt: skip
def test_the_practice_s_number_rings_however_it_is_written(typed: str, rings: str) -> None:
    assert problems(PRACTICE_PHONE=typed) == []
    assert phone.link(typed) == rings


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("127.0.0.1", True), ("::1", True), ("11.0.0.1", False),
        ("127.0.0.2", False), ("unknown", False),
    ],
)  # fmt: skip
def test_an_address_is_looked_for_within_networks(address: str, inside: bool) -> None:
    assert within(address, [one.strip() for one in PROXIES.split(",")]) is inside
