"""What an address shows of a filter: nothing that a glance can read, and nothing that can break a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kikao.directory.pages import _pack, _unpack
from kikao.directory.queries import Filter

texts = st.none() | st.text(max_size=80)
filters = st.builds(Filter, q=texts, speciality=texts, language=texts, gender=texts, sees=texts)


@given(filters)
def test_a_filter_comes_back_as_it_was(wanted: Filter) -> None:
    assert _unpack(_pack(wanted)) == wanted


@given(st.text(max_size=60))
def test_what_cannot_be_unpacked_is_no_filter_and_no_error(text: str) -> None:
    assert isinstance(_unpack(text), Filter)


@pytest.mark.parametrize("word", ["Grief", "Trauma", "Couples", "Alcohol"])
def test_a_glance_reads_nothing(word: str) -> None:
    assert word.lower() not in _pack(Filter(speciality=word)).lower()
