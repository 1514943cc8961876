"""What people type: numbers in every Kenyan form, e-mails, names, codes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kikao.accounts import rules
from kikao.core.errors import Invalid
from kikao.core.phone import read_contact

two_digits = st.integers(0, 99).map(lambda n: f"{n:02d}")
gaps = st.sampled_from(["", " ", "-", " - "])


@given(prefix=st.sampled_from(["0", "+254", "254", "+254 (0)"]), tail=two_digits, gap=gaps, blank=st.booleans())
def test_every_kenyan_form_is_one_number(prefix: str, tail: str, gap: str, blank: bool) -> None:
    typed = f"{prefix}{gap if prefix != '+254 (0)' else ''}700{gap}0000{tail}"
    typed = f"  {typed} " if blank else typed
    assert rules.login_name(typed) == f"+2547000000{tail}"
    found = rules.contact(typed)
    assert (found.kind, found.value) == ("phone", f"+2547000000{tail}")


@given(name=st.from_regex(r"[A-Za-z0-9._+-]{1,30}", fullmatch=True))
def test_an_email_has_one_form(name: str) -> None:
    found = rules.contact(f" {name}@Example.test ")
    assert (found.kind, found.value) == ("email", f"{name}@example.test".lower())
    assert rules.login_name(f"{name}@EXAMPLE.test") == found.value


@given(st.text(max_size=300))
def test_anything_typed_becomes_a_login_of_lower_case_that_fits_the_table(typed: str) -> None:
    name = rules.login_name(typed)
    assert len(name) <= 254
    assert name == rules.login_name(name)


@given(st.text(max_size=60))
def test_a_contact_is_one_or_refused(typed: str) -> None:
    if read_contact(typed) is None:
        with pytest.raises(Invalid):
            rules.contact(typed)
    else:
        with suppress(Invalid):  # a foreign number
            found = rules.contact(typed)
            assert read_contact(found.value) == found


@given(st.text(max_size=60))
def test_a_name_of_ones_own_is_never_a_contact(typed: str) -> None:
    try:
        name = rules.own_name(typed)
    except Invalid:
        return
    assert "@" not in name
    assert read_contact(name) is None
    assert rules.login_name(name) == name
    assert 3 <= len(name) <= 40


@given(st.text(max_size=120))
def test_a_name_to_be_called_by_fits_the_table(typed: str) -> None:
    try:
        name = rules.called(typed)
    except Invalid:
        return
    assert 1 <= len(name) <= 80
    assert "\0" not in name
    assert name == rules.called(name)


@given(st.integers(0, 999_999), st.sampled_from(["", " ", "-", "  "]))
def test_a_code_can_be_spaced(number: int, gap: str) -> None:
    code = f"{number:06d}"
    assert rules.code_digits(f" {code[:3]}{gap}{code[3:]} ") == code


@given(st.text(max_size=12))
def test_a_code_is_six_plain_digits_or_nothing(typed: str) -> None:
    digits = rules.code_digits(typed)
    assert digits == "" or (len(digits) == 6 and set(digits) <= set("0123456789"))


@pytest.mark.parametrize("typed", ["+44 7400 123456", "+1 202 555 0123", "+255 754 000 000"])
def test_a_foreign_number_is_asked_for_an_email(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.contact(typed)
    assert refused.value.fields[0].code in ("email_needed", "not_a_contact")
    assert "e-mail" in refused.value.detail


@pytest.mark.parametrize(
    "typed", ["020 271 2345", "0800 123 456", "999", "07000000011", "amina@", "@x.test", "a b@x.test"]
)
def test_what_no_code_can_reach_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        rules.contact(typed)
