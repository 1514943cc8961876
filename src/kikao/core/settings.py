"""Machine settings: addresses, secrets and providers, from the environment, read once, in one checked object.

Only the programs (web, worker, cli, demo, wiring) read them; everything else is handed what it needs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_network

import msgspec

from kikao.core.addresses import parts_of
from kikao.core.clock import is_zone
from kikao.core.crypto import BadKey, Secret, read_key

PREFIX = "KIKAO_"
# As M-Pesa names them: to a paybill, to a till.
TRANSACTION_TYPES = ("CustomerPayBillOnline", "CustomerBuyGoodsOnline")


class BadSettings(Exception):
    """`problems` are sentences for the operator."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class Mpesa(msgspec.Struct, frozen=True):
    base_url: str
    consumer_key: Secret
    consumer_secret: Secret
    shortcode: str
    passkey: Secret
    receiver_name: str           # what M-Pesa shows as the receiver
    callback_url: str            # public https address in front of /callbacks
    transaction_type: str = "CustomerPayBillOnline"
    party_b: str = ""            # the till; empty: the shortcode
    callback_sources: tuple[str, ...] = ()


class Mail(msgspec.Struct, frozen=True):
    host: str
    port: int
    sender: str
    username: str | None
    password: Secret | None
    starttls: bool


class Sms(msgspec.Struct, frozen=True):
    url: str
    username: str
    api_key: Secret
    sender: str | None


class Settings(msgspec.Struct, frozen=True):
    """Everything that the environment says. See docs/running.md for each name."""

    demo: bool
    host: str
    port: int
    web_workers: int
    database_url: str
    base_url: str
    keys: tuple[bytes, ...]
    trading_name: str
    practice_phone: str
    time_zone: str
    pool_size: int
    metrics_token: Secret | None
    trusted_proxies: tuple[str, ...]
    mpesa: Mpesa
    mail: Mail
    sms: Sms

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")


class _Reader:
    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def text(self, name: str, what: str, default: str | None = None) -> str:
        value = self.env.get(PREFIX + name, "").strip() or default
        if value is None:
            self.problems.append(f"{PREFIX}{name} is not set: {what}.")
            return ""
        return value

    def optional(self, name: str) -> str | None:
        return self.env.get(PREFIX + name, "").strip() or None

    def secret(self, name: str, what: str) -> Secret:
        return Secret(self.text(name, what))

    def optional_secret(self, name: str) -> Secret | None:
        value = self.optional(name)
        return Secret(value) if value else None

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.text(name, "a whole number", str(default))
        if not (value.isascii() and value.isdecimal() and len(value) < 10 and least <= int(value) <= most):
            self.problems.append(f"{PREFIX}{name} must be a whole number from {least} to {most}.")
            return default
        return int(value)

    def fitting(self, name: str, value: str, form: str, must: str) -> str:
        """`value`, of this form where there is one. `must`: the end of a sentence."""
        if value and not re.fullmatch(form, value):
            self.problems.append(f"{PREFIX}{name} must {must}.")
        return value

    def zone(self, name: str, default: str) -> str:
        value = self.text(name, "a time zone", default)
        if not is_zone(value):
            self.problems.append(f"{PREFIX}{name} must be the name of a time zone, such as Africa/Nairobi.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, "yes or no", "yes" if default else "no").lower()
        if value not in ("yes", "no", "1", "0", "true", "false"):
            self.problems.append(f"{PREFIX}{name} must be yes or no.")
        return value in ("yes", "1", "true")

    def address(self, name: str, what: str, *, secure: bool) -> str:
        value = self.text(name, what).rstrip("/")
        parts = parts_of(value)
        if value and (parts is None or parts.scheme not in ("http", "https") or not parts.hostname):
            self.problems.append(f"{PREFIX}{name} must be an address that begins with https://.")
        elif parts is not None and value and secure and parts.scheme != "https":
            self.problems.append(f"{PREFIX}{name} must begin with https:// outside the demo.")
        return value

    def listed(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in (self.optional(name) or "").split(",") if part.strip())

    def networks(self, name: str) -> tuple[str, ...]:
        found = self.listed(name)
        try:
            for one in found:
                ip_network(one)
        except ValueError:
            self.problems.append(f"{PREFIX}{name} must hold IP addresses or networks, separated by commas.")
        return found

    def keys(self) -> tuple[bytes, ...]:
        found = []
        for text in self.text("KEYS", "the keys that seal notes, newest first, 32 bytes each in base64").split(","):
            try:
                found.append(read_key(Secret(text.strip())))
            except BadKey:
                self.problems.append(f"{PREFIX}KEYS must hold keys of 32 bytes in base64, separated by commas.")
                break
        return tuple(found)


def read(env: Mapping[str, str] | None = None) -> Settings:
    """All machine settings. Raises BadSettings with every problem at once, none of them showing a value."""
    reader = _Reader(os.environ if env is None else env)
    demo = reader.flag("DEMO", False)
    settings = Settings(
        demo=demo,
        host=reader.text("HOST", "where to listen", "127.0.0.1"),
        port=reader.number("PORT", 8000, 1, 65_535),
        web_workers=reader.number("WEB_WORKERS", 2, 1, 64),
        database_url=reader.text("DATABASE_URL", "the address of a PostgreSQL database"),
        base_url=reader.address("BASE_URL", "the public address of this installation", secure=not demo),
        keys=reader.keys(),
        trading_name=reader.text("TRADING_NAME", "the neutral name that people see"),
        practice_phone=reader.fitting(
            "PRACTICE_PHONE", reader.text("PRACTICE_PHONE", "the phone number that people can ring"),
            r"\+?\(?[0-9][0-9 ().-]{2,19}", "be a phone number that can be dialled",
        ),
        time_zone=reader.zone("TIME_ZONE", "Africa/Nairobi"),
        pool_size=reader.number("POOL_SIZE", 10, 2, 500),
        metrics_token=reader.optional_secret("METRICS_TOKEN"),
        trusted_proxies=reader.networks("TRUSTED_PROXIES"),
        mpesa=_mpesa(reader, demo),
        mail=_mail(reader),
        sms=_sms(reader, demo),
    )
    if reader.problems:
        raise BadSettings(reader.problems)
    return settings


def _mpesa(reader: _Reader, demo: bool) -> Mpesa:
    return Mpesa(
        base_url=reader.address("MPESA_URL", "Safaricom's address", secure=not demo),
        consumer_key=reader.secret("MPESA_CONSUMER_KEY", "the consumer key of your Daraja app"),
        consumer_secret=reader.secret("MPESA_CONSUMER_SECRET", "the consumer secret of your Daraja app"),
        shortcode=reader.fitting(
            "MPESA_SHORTCODE", reader.text("MPESA_SHORTCODE", "your paybill, or the store number of your till"),
            r"[0-9]{5,7}", "have 5 to 7 digits",
        ),
        passkey=reader.secret("MPESA_PASSKEY", "the passkey that Safaricom sent by e-mail"),
        receiver_name=reader.text("MPESA_RECEIVER_NAME", "the name that M-Pesa shows as the receiver"),
        callback_url=reader.address("MPESA_CALLBACK_URL", "the public address in front of /callbacks", secure=not demo),
        transaction_type=reader.fitting(
            "MPESA_TRANSACTION_TYPE", reader.optional("MPESA_TRANSACTION_TYPE") or TRANSACTION_TYPES[0],
            "|".join(TRANSACTION_TYPES), f"be {TRANSACTION_TYPES[0]}, or {TRANSACTION_TYPES[1]} for a till",
        ),
        party_b=reader.fitting("MPESA_TILL", reader.optional("MPESA_TILL") or "", r"[0-9]{5,9}", "have 5 to 9 digits"),
        callback_sources=reader.networks("MPESA_CALLBACK_SOURCES"),
    )


def _mail(reader: _Reader) -> Mail:
    return Mail(
        host=reader.text("MAIL_HOST", "the mail server"),
        port=reader.number("MAIL_PORT", 587, 1, 65_535),
        sender=reader.text("MAIL_SENDER", "the address that mail comes from"),
        username=reader.optional("MAIL_USERNAME"),
        password=reader.optional_secret("MAIL_PASSWORD"),
        starttls=reader.flag("MAIL_STARTTLS", True),
    )


def _sms(reader: _Reader, demo: bool) -> Sms:
    return Sms(
        url=reader.address("SMS_URL", "the address of the SMS gateway", secure=not demo),
        username=reader.text("SMS_USERNAME", "the user of the SMS gateway"),
        api_key=reader.secret("SMS_API_KEY", "the key of the SMS gateway"),
        sender=reader.optional("SMS_SENDER"),
    )
