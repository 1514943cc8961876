"""Which callback URLs Daraja takes."""

import ipaddress
import re
from urllib.parse import urlsplit

WORDS = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
TUNNELS = ("ngrok", "mockbin", "requestbin", "webhook.site")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def acceptable(url: object, words: bool) -> bool:
    """Public https, or http to this machine; no forbidden word (any case, anywhere) when words is true."""
    if not isinstance(url, str) or not re.fullmatch(r"[!-~]+", url) or re.search(r"[<>{}\[\]\"\\^`|]", url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    lowered = url.lower()
    if words and any(word in lowered for word in WORDS):
        return False
    if host in LOOPBACK:
        return parts.scheme in ("http", "https")
    return parts.scheme == "https" and "." in host and not _private(host) and not any(t in host for t in TUNNELS)


def _private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".local", ".localhost", ".internal"))
