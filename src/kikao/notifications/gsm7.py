"""How many SMS a text costs. GSM 03.38: 160 characters in the basic alphabet, else 70 (UCS-2)."""

from __future__ import annotations

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape goes before each: two places
_ALL = BASIC | EXTENDED


def fits_gsm7(text: str) -> bool:
    return _ALL.issuperset(text)


def parts(text: str) -> int:
    """SMS that this text is sent and paid as; an empty one is still one."""
    if fits_gsm7(text):
        return _parts([2 if c in EXTENDED else 1 for c in text], alone=160, joined=153)
    return _parts([2 if ord(c) > 0xFFFF else 1 for c in text], alone=70, joined=67)


def _parts(widths: list[int], alone: int, joined: int) -> int:
    if sum(widths) <= alone:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > joined:  # an escaped character or a surrogate pair is never cut in two
            count, used = count + 1, 0
        used += width
    return count
