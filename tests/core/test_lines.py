"""No line of a page ends in the middle of an amount, a number to ring or "M-Pesa"; what is typed or sent stays.
Nor does a field say a thing twice."""

from __future__ import annotations

import pytest

from kikao.core.lines import JOINER, SPACE, unbroken
from kikao.core.render import hint_beside


@pytest.mark.parametrize(("written", "parts"), [
    ("You pay KSh 2,500 now", ["KSh 2,500"]), ("Ring 0700 000 099, any day", ["0700 000 099"]),
    ("With Dr Otieno", ["Dr Otieno"]), ("You get 75 % back", ["75 %"]), ("In 4 h 53 min it ends", ["4 h", "53 min"]),
    ("Online · 60 minutes", ["· 60"]),
])
def test_it_stays_on_one_line(written: str, parts: list[str]) -> None:
    shown = unbroken(f"<p>{written}</p>")
    assert shown.replace(SPACE, " ") == f"<p>{written}</p>"
    assert all(part.replace(" ", SPACE) in shown for part in parts)


@pytest.mark.parametrize("word", ["M-Pesa", "e-mail", "E-mails", "sign-in", "Sign-up", "set-up"])
def test_a_word_is_not_cut_at_its_hyphen(word: str) -> None:
    assert unbroken(f"<b>by {word}</b>") == f"<b>by {word.replace('-', '-' + JOINER)}</b>"


@pytest.mark.parametrize("html", [
    '<input value="M-Pesa, KSh 2,500, 0700 000 099">',
    '<a href="/sign-in?next=/e-mail" aria-label="Dr Otieno · 4 h">go</a>',
    '<textarea name="a">\nDr Otieno, KSh 5 by M-Pesa</textarea>', "<title>A · B</title>",
    "<p>a half-hour on the way</p>", "<p>Room h and min, e-male</p>", "<p>0700 000 0991</p>",
])
def test_what_is_sent_typed_or_something_else_stays_as_it_is(html: str) -> None:
    assert unbroken(html) == html


@pytest.mark.parametrize(("hint", "error", "stays"), [
    ("At least 10 characters.", None, True),
    ("At least 10 characters.", "Please choose at least 10 characters.", False),
    ("For the receipt.", "Please write a number.", True), (None, "Please write a number.", False),
])
def test_a_field_says_a_thing_once(hint: str | None, error: str | None, stays: bool) -> None:
    assert hint_beside(hint, error) == (hint if stays else None)
