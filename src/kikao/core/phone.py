"""Phone numbers and e-mail addresses as contacts: read generously, stored in one form."""

from __future__ import annotations

import re

import msgspec
import phonenumbers

HOME = "KE"
_MAIL = re.compile(r"^[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,180}\.[^@\s.,;<>\"]{2,}$")
# Safaricom's prefixes (national, after 254); numbers can be ported, so this is a hint, never a refusal.
_SAFARICOM = re.compile(
    r"^254(?:7(?:[0-2]\d|4[0-35689]|5[7-9]|6[89]|9\d)|1(?:1\d|4[0-6]|8\d))\d{6}$"
)


class Contact(msgspec.Struct, frozen=True):
    """`kind` is `phone` (value in E.164) or `email` (value in lower case)."""

    kind: str
    value: str


def read_phone(typed: str) -> str | None:
    """Any form of a mobile number, Kenyan unless it says otherwise, as E.164; None when it is none."""
    if len(typed) > 40:
        return None
    # Many dial 00 before a country; in Kenya it is 000, so the library does not know it.
    plain = re.sub(r"^0{2,3}(?=[1-9])", "+", typed.strip())
    try:
        number = phonenumbers.parse(plain, HOME)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if phonenumbers.number_type(number) not in kinds:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_contact(typed: str) -> Contact | None:
    text = typed.strip()
    if "@" in text:
        return Contact("email", text.lower()) if _MAIL.match(text) and "\0" not in text else None
    number = read_phone(text)
    return Contact("phone", number) if number else None


def can_be_prompted(phone: str) -> bool:
    """A Kenyan mobile number: the only kind that an M-Pesa prompt can reach."""
    return re.fullmatch(r"\+254(7|1)\d{8}", phone) is not None


def looks_like_safaricom(phone: str) -> bool:
    return _SAFARICOM.match(phone.removeprefix("+")) is not None


def shown(number: str) -> str:
    """`+254700000012` → `0700 000 012`, as people here write it; what comes from elsewhere in its own groups."""
    e164 = re.sub(r"\s", "", number)
    if re.fullmatch(r"(\+?254|0)\d{9}", e164):
        own = e164[-9:]
        return f"0{own[:3]} {own[3:6]} {own[6:]}"
    try:
        read = phonenumbers.parse(number, HOME)
        return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return number


def masked_as_shown(number: str) -> str:
    """`+254700000012` → `07•• ••• •12`: enough to know one's own number again."""
    text = shown(number)
    places = [at for at, sign in enumerate(text) if sign.isdigit()]
    hidden = set(places[2:-2])
    return "".join("•" if at in hidden else sign for at, sign in enumerate(text))


def link(number: str) -> str:
    """What rings it when it is tapped."""
    whole = re.sub(r"(?<=\d)\s*\(0\)", "", number) if number.startswith("+") else number  # dialled at home only
    return f"tel:{re.sub(r'[^0-9+]', '', whole)}"


def masked(value: str) -> str:
    """`+254700000012` → `+2547•••••012`; `amina@example.test` → `a•••@example.test`."""
    if "@" in value:
        name, _, host = value.partition("@")
        return f"{name[:1]}•••@{host}"
    return f"{value[:5]}•••••{value[-3:]}"
