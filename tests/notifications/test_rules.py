from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kikao.core.ids import ALPHABET, read_reference
from kikao.core.phone import Contact
from kikao.notifications.rules import preferred, telling_words

PHONE, OTHER = Contact("phone", "+254700000001"), Contact("phone", "+254700000002")
MAIL = Contact("email", "amina@example.test")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Your therapist has answered", ["therapist"]),
        ("https://amanitherapy.example.test/s/K7Q2M9X4", ["amanitherapy"]),
        ("Dr. Otieno, PSYCHOLOGIST", ["dr", "psychologist"]),
        ("counselling-2026.ics", ["counselling"]),
        ("Couple's time, group_of_4, Family", ["couple's", "group", "family"]),
        ("mental HEALTH clinic", ["mental", "health", "clinic"]),
        ("ｔｈｅｒａｐｙ", ["therapy"]),  # the same letters, wide
        ("mwanasaikolojia wako", ["mwanasaikolojia"]),
        ("ushauri nasaha, afya ya akili", ["ushauri", "nasaha", "afya", "akili"]),
        ("Unasihi kwa waliofiwa: huzuni, wasiwasi", ["unasihi", "huzuni", "wasiwasi"]),
        ("Daktari, matibabu na tiba", ["daktari", "matibabu", "tiba"]),
    ],
)
def test_telling_words_are_found(text: str, words: list[str]) -> None:
    assert telling_words(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "Mti K7Q2M9X4: Tuesday 24 November, 14:30 East Africa Time is confirmed. http://127.0.0.1:8000/s/K7Q2M9X4",
        "Your session is kept until 18:00. Pay KSh 2,500.",
        "Kikao chako kimethibitishwa. Lipa kabla ya saa 12:00.",
        "Wakili wako yuko kwenye mkutano",  # a lawyer: `akili` inside another word
        "a fundamental instrument, in addition, drive, reminder, wheals",
        "not possible this time; other times are free",
    ],
)
def test_neutral_words_are_left_alone(text: str) -> None:
    assert telling_words(text) == []


def test_names_of_people_and_places_can_be_looked_for_too() -> None:
    people, places = ("Dr Achieng Otieno",), ("Mti House, 2nd floor",)
    text = "see you at mti house, 2nd floor with OTIENO"
    assert telling_words(text, people, places) == ["mti house, 2nd floor", "otieno"]
    assert telling_words("An Otienos meeting in the house", people, places) == []


@given(st.text(), st.sampled_from(["therapy", "psychologist", "counsellor", "matibabu", "saikolojia"]), st.text())
def test_no_surroundings_hide_a_telling_word(before: str, word: str, after: str) -> None:
    assert any(word in found for found in telling_words(f"{before}{word.title()}{after}"))


@pytest.mark.parametrize(
    ("proved", "ways"),
    [
        ([], ()),
        ([PHONE, MAIL], (PHONE, MAIL)),
        ([MAIL, PHONE, OTHER], (MAIL, PHONE)),
        ([PHONE, OTHER], (PHONE,)),
    ],
)
def test_what_was_proved_first_is_preferred(proved: list[Contact], ways: tuple[Contact, ...]) -> None:
    assert preferred(proved) == ways


def test_a_reference_says_nothing_whatever_it_spells() -> None:
    spelt = next(code for last in ALPHABET if (code := read_reference(f"DR6M7V7{last}")))
    assert telling_words(f"Mti na Mawingu {spelt}: confirmed") == []
    wrong = next(f"DR6M7V7{last}" for last in ALPHABET if f"DR6M7V7{last}" != spelt)
    assert telling_words(f"Mti na Mawingu {wrong}: confirmed") == ["dr"]
