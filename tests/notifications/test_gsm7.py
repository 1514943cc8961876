import pytest
from hypothesis import given
from hypothesis import strategies as st

from kikao.notifications.gsm7 import BASIC, fits_gsm7, parts


@pytest.mark.parametrize(
    "text, count",
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # two places each
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # an escape is never cut in two: 306 places, and still three
        ("ŵ" * 70, 1),
        ("ŵ" * 71, 2),
        ("ŵ" * 134, 2),
        ("ŵ" * 135, 3),
        ("🙂" * 35, 1),
        ("🙂" * 36, 2),
        ("🙂" * 67, 3),  # 33 pairs fit into 67 units
    ],
)
def test_parts(text: str, count: int) -> None:
    assert parts(text) == count


def test_swahili_fits_and_a_typographic_apostrophe_does_not() -> None:
    assert fits_gsm7("Kikao chako ni Jumanne saa 4:00 asubuhi. Ng'ombe, KSh 2,500")
    assert not fits_gsm7("Ng’ombe")


def test_the_basic_alphabet_has_all_its_places_but_the_escape() -> None:
    assert len(BASIC) == 127


@given(st.text(max_size=400), st.text(max_size=40))
def test_more_text_never_costs_less(text: str, more: str) -> None:
    assert 1 <= parts(text) <= parts(text + more)
