"""What no line ends in the middle of, in whatever sentence of a page it stands: amounts, numbers to ring, "M-Pesa"."""

from __future__ import annotations

import re

from kikao.core import money

SPACE, JOINER = "\N{NO-BREAK SPACE}", "\N{WORD JOINER}"  # looks like a space; is not seen at all
# In the words of a page: not inside a tag, nor in a title or in what somebody types.
_IN_WORDS = r"(?=[^<>]*<)(?![^<]*</t(?:itle|extarea))"
# Each begins with letters that a page seldom holds: whole pages are searched for every one of them.
_WHOLE = [(re.compile(part + _IN_WORDS), joined) for part, joined in (
    (rf"{money.UNIT} (?=\d)", money.UNIT + SPACE),
    (r" · ", f" ·{SPACE}"),
    (r"Dr (?=[^\W\d_])", f"Dr{SPACE}"),
    (r" %(?<=\d %)", f"{SPACE}%"),
    (r" h\b(?<=\d h)", f"{SPACE}h"),
    (r" min\b(?<=\d min)", f"{SPACE}min"),
    (r"M-Pesa\b", f"M-{JOINER}Pesa"),
    (r"-mail(?=s?\b)(?<=\b[eE]-mail)", f"-{JOINER}mail"),
    (r"ign-(in|up)\b", rf"ign-{JOINER}\1"),
    (r"et-up\b", f"et-{JOINER}up"),
    (r"0(?<!\d0)(\d{3}) (\d{3}) (\d{3})\b", rf"0\1{SPACE}\2{SPACE}\3"),
)]


def unbroken(html: str) -> str:
    for part, joined in _WHOLE:
        html = part.sub(joined, html)
    return html
