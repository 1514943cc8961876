"""Keys: what is sealed opens with an old key too, in its own place only, and links outlive a new key."""

from __future__ import annotations

import pytest
import tink

from kikao.core.crypto import BadKey, Secret, Vault, new_key, read_key
from kikao.core.ids import new_id

OLD, NEW = (read_key(Secret(new_key())) for _ in range(2))
ROW = new_id()
PLACE = ("sessions.session", "sealed_note", ROW)


def test_what_an_old_key_sealed_opens_after_a_new_one_came() -> None:
    sealed = Vault([OLD]).seal("a note", *PLACE)
    assert Vault([NEW, OLD]).open(sealed, *PLACE) == "a note"


def test_the_newest_key_seals() -> None:
    sealed = Vault([NEW, OLD]).seal("a note", *PLACE)
    assert Vault([NEW]).open(sealed, *PLACE) == "a note"


def test_without_its_key_it_does_not_open() -> None:
    sealed = Vault([OLD]).seal("a note", *PLACE)
    with pytest.raises(tink.TinkError):
        Vault([NEW]).open(sealed, *PLACE)


@pytest.mark.parametrize(
    "place",
    [
        ("payments.claim", "sealed_note", ROW), ("sessions.session", "sealed_reason", ROW),
        ("sessions.session", "sealed_note", new_id()),
    ],
)  # fmt: skip
def test_what_is_moved_to_another_place_does_not_open(place: tuple[str, str, object]) -> None:
    sealed = Vault([OLD]).seal("a note", *PLACE)
    with pytest.raises(tink.TinkError):
        Vault([OLD]).open(sealed, *place)  # type: ignore[arg-type]


def test_links_that_were_sent_stay_as_long_as_the_oldest_key_does() -> None:
    before = Vault([OLD]).digest("pay", "x")
    assert Vault([NEW, OLD]).digest("pay", "x") == before
    assert Vault([NEW]).digest("pay", "x") != before


def test_a_key_is_32_bytes_and_there_is_one() -> None:
    for text in ("", "abc", "AAAA"):
        with pytest.raises(BadKey):
            read_key(Secret(text))
    with pytest.raises(BadKey):
        Vault([])


def test_a_secret_is_not_printed() -> None:
    secret = Secret("hush")
    assert "hush" not in f"{secret} {secret!r} {[secret]}"
