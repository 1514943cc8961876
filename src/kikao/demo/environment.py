"""What the demo's programs are told. Nothing of the caller's own KIKAO_ settings reaches them."""

from __future__ import annotations

from collections.abc import Mapping

from kikao.demo.place import HERE, Place, Secrets

TRADING_NAME = "Jacaranda Rooms"
RECEIVER_NAME = "JACARANDA ROOMS"
SHORTCODE = "600999"  # of the simulator, nobody's
PHONE = "+254 700 000 090"
SMS_USER = "demo"

_OURS = ("KIKAO_", "DARAJA_SIM_", "GRANIAN_", "PG")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def of_programs(env: Mapping[str, str], place: Place, secrets: Secrets, database_url: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in env.items()
        if not name.startswith(_OURS) and name.lower() not in _PROXIES and name not in ("PORT", "KIKAO_DATA")
    }
    scratch = str(place.scratch)
    kept |= {"TMPDIR": scratch, "XDG_RUNTIME_DIR": scratch, "XDG_CACHE_HOME": scratch, "PYTHONDONTWRITEBYTECODE": "1"}
    return kept | _kikao(place, secrets, database_url) | _simulator(secrets)


def _kikao(place: Place, secrets: Secrets, database_url: str) -> dict[str, str]:
    told = {
        "DEMO": "yes",
        "HOST": HERE,
        "PORT": str(place.port),
        "WEB_WORKERS": "2",
        "DATABASE_URL": database_url,
        "BASE_URL": place.url("web"),
        "KEYS": secrets.key,
        "TRADING_NAME": TRADING_NAME,
        "PRACTICE_PHONE": PHONE,
        "MPESA_URL": place.url("simulator"),
        "MPESA_CONSUMER_KEY": secrets.consumer_key,
        "MPESA_CONSUMER_SECRET": secrets.consumer_secret,
        "MPESA_SHORTCODE": SHORTCODE,
        "MPESA_PASSKEY": secrets.passkey,
        "MPESA_RECEIVER_NAME": RECEIVER_NAME,
        "MPESA_CALLBACK_URL": place.url("web"),
        "MAIL_HOST": HERE,
        "MAIL_PORT": str(place.ports["mail"]),
        "MAIL_SENDER": "hello@jacaranda.example",
        "MAIL_STARTTLS": "no",
        "SMS_URL": place.url("sink"),
        "SMS_USERNAME": SMS_USER,
        "SMS_API_KEY": secrets.sms_key,
    }
    return {f"KIKAO_{name}": value for name, value in told.items()}


def _simulator(secrets: Secrets) -> dict[str, str]:
    """In the environment, not among the words of a command, which every user of a machine can read."""
    return {
        "DARAJA_SIM_SHORTCODE": SHORTCODE,
        "DARAJA_SIM_PASSKEY": secrets.passkey,
        "DARAJA_SIM_CONSUMER_KEY": secrets.consumer_key,
        "DARAJA_SIM_CONSUMER_SECRET": secrets.consumer_secret,
        "DARAJA_SIM_BUSINESS_NAME": RECEIVER_NAME,
    }
