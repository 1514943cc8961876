"""Kenyan mobile numbers, the only ones that can hold a simulated wallet."""

import re

MOBILE = re.compile(r"254(7\d{8}|1(0[0-8]|[18]\d|2[014]|3[05-9]|4[0-6])\d{6})", re.ASCII)


def is_mobile(text: str) -> bool:
    return MOBILE.fullmatch(text) is not None


def normalise(text: str) -> str | None:
    """The 12 digits 254... for the ways in which people write a number, else None."""
    digits = re.sub(r"[\s+-]", "", text)
    if re.fullmatch(r"0[71]\d{8}", digits):
        digits = "254" + digits[1:]
    elif re.fullmatch(r"[71]\d{8}", digits):
        digits = "254" + digits
    return digits if is_mobile(digits) else None


def masked(number: str) -> str:
    return number[:4] + "****" + number[-3:]
