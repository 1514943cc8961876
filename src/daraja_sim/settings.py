"""Everything the simulator can be told when it starts, from the command line or DARAJA_SIM_*."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

# What a phone does; the words are for the page and the README.
MODES = {
    "on": "rings; someone may answer",
    "ignore": "rings; nobody answers",
    "off": "switched off; a prompt sent now never arrives",
    "airplane": "no coverage; a prompt arrives if coverage comes back in time",
    "auto": "answers every prompt by itself, after the delay",
    "pay_late": "the PIN goes in at the last moment; the result comes so many seconds after the time-out",
    "pay_after_timeout": "fails by time-out, and is paid all the same so many seconds later",
    "not_registered": "no M-Pesa line; a push is refused",
}
HELP = {
    "port": "TCP port on 127.0.0.1; 0 takes a free one",
    "seed": "seed of ids, receipts and chance faults; -1 takes a fresh one",
    "shortcode": "the simulated paybill",
    "till": "a simulated till number under that shortcode; empty: paybill only",
    "passkey": "the simulated passkey; must start with 'sim'",
    "consumer_key": "the simulated app's key; must start with 'sim'",
    "consumer_secret": "the simulated app's secret; must start with 'sim'",
    "business_name": "the name that the prompt and the SMS show",
    "prompt_seconds": "how long a prompt lives on the phone",
    "opening_balance": "whole KSh in a phone's wallet on first use",
    "pin": "the PIN of every phone",
    "default_mode": "what a phone does on first use (on, auto, off, ignore, ...)",
    "max_amount": "largest amount of one transaction, whole KSh",
    "daily_limit": "largest sum that one phone may pay in one day, whole KSh",
    "callback_delay_seconds": "simulated seconds between the outcome and its callback",
    "callback_timeout_seconds": "real seconds after which a callback's receiver counts as silent",
    "timestamp_tolerance_seconds": "refuse a Timestamp further from the time in Nairobi; 0 accepts any",
    "url_words": "refuse callback URLs with the words that Daraja refuses",
    "query_pending": "what a query answers while a prompt is open: 4999 or 500",
    "result_hours": "how long a query still knows a result",
}


class SettingsRefused(ValueError):
    """The settings look like a real integration, or cannot work."""


@dataclass(frozen=True, slots=True)
class Settings:
    port: int = 8002
    seed: int = -1
    shortcode: str = "600999"
    till: str = ""
    passkey: str = "sim-passkey-not-safaricom"
    consumer_key: str = "sim-consumer-key"
    consumer_secret: str = "sim-consumer-secret"  # noqa: S105, invented
    business_name: str = "SIMULATED PRACTICE"
    prompt_seconds: int = 90
    opening_balance: int = 50_000
    pin: str = "1234"
    default_mode: str = "on"
    max_amount: int = 250_000
    daily_limit: int = 500_000
    callback_delay_seconds: float = 0.0
    callback_timeout_seconds: float = 10.0
    timestamp_tolerance_seconds: int = 0
    url_words: bool = True
    query_pending: str = "4999"
    result_hours: int = 72
    sandbox_like: bool = False

    def __post_init__(self) -> None:
        # A pasted live secret must never end up in a log or on the page of a test double.
        for name in ("passkey", "consumer_key", "consumer_secret"):
            if not str(getattr(self, name)).startswith("sim"):
                raise SettingsRefused(f"{name} must start with 'sim': this is a simulator, give it no real secret")
        if "safaricom" in self.business_name.lower():
            raise SettingsRefused("business_name must not claim to be Safaricom")
        if not (self.shortcode.isdecimal() and 5 <= len(self.shortcode) <= 7):
            raise SettingsRefused("shortcode must be 5 to 7 digits")
        if self.default_mode not in MODES:
            raise SettingsRefused(f"default_mode must be one of {', '.join(MODES)}")
        if self.query_pending not in ("4999", "500"):
            raise SettingsRefused("query_pending must be 4999 or 500")

    @property
    def newest_token_only(self) -> bool:
        """The portal's FAQ says that a new token ends the one before; the sandbox is seen to be lenient."""
        return not self.sandbox_like

    @property
    def query_gap_seconds(self) -> float:
        """The sandbox's spike arrest on queries: five a minute, burst one."""
        return 12.0 if self.sandbox_like else 0.0


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the command line over DARAJA_SIM_* over the defaults.

    Raises SettingsRefused for settings that look like production; exits on an unknown option.
    """
    parser = argparse.ArgumentParser(prog="daraja_sim", description="A simulator of the Daraja API. Not Safaricom.")
    for field in fields(Settings):
        if field.name != "sandbox_like":
            _add_option(parser, field.name, field.default, environment)
    lenient = environment.get("DARAJA_SIM_SANDBOX_LIKE", "").lower() in ("1", "true", "yes")
    mood = parser.add_mutually_exclusive_group()
    mood.add_argument("--strict", dest="sandbox_like", action="store_false", default=lenient, help="(default)")
    mood.add_argument("--sandbox-like", dest="sandbox_like", action="store_true", help="as lenient as the sandbox")
    return Settings(**vars(parser.parse_args(arguments)))


def _add_option(parser: argparse.ArgumentParser, name: str, default: object, environment: Mapping[str, str]) -> None:
    flag = "--" + name.replace("_", "-")
    given = environment.get("DARAJA_SIM_" + name.upper())
    text = f"{HELP[name]} (default: {default})"
    if isinstance(default, bool):
        value = default if given is None else given.lower() in ("1", "true", "yes")
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=value, help=text)
    else:
        parser.add_argument(flag, type=type(default), default=default if given is None else given, help=text)
