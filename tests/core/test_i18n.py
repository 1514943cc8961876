"""Days, hours, zones, money and plurals, as each language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from kikao.core import i18n, money, phone
from kikao.notifications.gsm7 import fits_gsm7

AT = datetime(2026, 9, 23, 11, 30, tzinfo=UTC)
NAIROBI = "Africa/Nairobi"
CODES = [code for code, _name in i18n.LANGUAGES]


@pytest.mark.parametrize(
    ("code", "when", "short"),
    [
        ("en", "Wednesday 23 September, 14:30 East Africa Time", "Wed 23 Sept 14:30 EAT"),
        ("sw", "Jumatano 23 Septemba, 14:30 Saa za Afrika Mashariki", "Jtn 23 Sep 14:30 EAT"),
    ],
)
def test_a_moment_in_each_language(code: str, when: str, short: str) -> None:
    with i18n.speaking(code):
        assert i18n.when(AT, NAIROBI).replace(" 2026,", ",") == when
        assert i18n.short_when(AT, NAIROBI) == short


def test_each_reader_has_their_own_zone_by_its_name() -> None:
    with i18n.speaking("sw"):
        assert i18n.zone_name(AT, "Asia/Tokyo") == "Saa za Wastani za Japani"
        assert i18n.clock(AT, "Asia/Tokyo") == "20:30"


@pytest.mark.parametrize(("seconds", "en", "sw"), [
    (190_000, "2 days 4 h", "siku 2 na saa 4"), (172_801, "2 days", "siku 2"),
    (17_580, "4 h 53 min", "saa 4 na dakika 53"),
    (14_430, "4 h", "saa 4"), (659, "10 min", "dakika 10"), (598, "9 min 58 s", "dakika 9 na sekunde 58"),
    (58, "58 s", "sekunde 58"), (0, "0 min", "dakika 0"),
])
def test_what_lasts_is_told_without_a_nought_and_in_the_middle_of_a_sentence(seconds: int, en: str, sw: str) -> None:
    for code, told in (("en", en), ("sw", sw)):
        with i18n.speaking(code):
            assert i18n.lasting(seconds) == told


@pytest.mark.parametrize(("number", "shown", "link"), [
    ("+254700000099", "0700 000 099", "tel:+254700000099"), ("0700 000 099", "0700 000 099", "tel:0700000099"),
    ("the desk", "the desk", "tel:"),
])
def test_a_number_is_shown_as_people_here_write_it(number: str, shown: str, link: str) -> None:
    assert (phone.shown(number), phone.link(number)) == (shown, link)


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_short_days_are_short_and_told_apart(day: date) -> None:
    """A strip of seven days and an SMS have no room for `Jumatano`."""
    for code in CODES:
        with i18n.speaking(code):
            week = {i18n.day_name(day + timedelta(days=ahead)) for ahead in range(7)}
            assert len(week) == 7
            assert max(map(len, week)) <= 3
            assert fits_gsm7("".join(week) + i18n.full_day(day))


@given(st.integers(0, 10_000_000))
def test_money_is_written_as_both_languages_group_it(amount: int) -> None:
    for locale in ("en_GB", "sw_KE"):
        assert money.shown(amount) == f"KSh {format_decimal(amount, locale=locale)}"


@pytest.mark.parametrize(("code", "one", "some"), [("en", "one free time", "7 free times"),
                                                   ("sw", "nafasi moja", "nafasi 7")])  # fmt: skip
def test_plurals(code: str, one: str, some: str) -> None:
    with i18n.speaking(code):
        said = [i18n.ngettext("one free time", "%(num)s free times", number) % {"num": number} for number in (1, 7)]
    assert said == [one, some]


def test_languages_are_called_as_the_reader_calls_them() -> None:
    with i18n.speaking("sw"):
        assert [i18n.language_name(code) for code in ("en", "sw", "luo", "xx")] == [
            "Kiingereza", "Kiswahili", "Kijaluo", "xx",
        ]


def test_a_language_without_a_catalogue_is_english() -> None:
    for code in ("xx", "", None, "../sw"):
        with i18n.speaking(code):
            assert i18n.language.get() == "en"
            assert i18n.gettext("Sign in") == "Sign in"
    assert i18n.language.get() == "en"


def test_one_language_inside_another_ends_where_it_ends() -> None:
    with i18n.speaking("sw"):
        with i18n.speaking("en"):
            assert i18n.gettext("Password") == "Password"
        assert i18n.gettext("Password") == "Nywila"
