"""Web addresses that somebody else wrote."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def parts_of(address: str) -> SplitResult | None:
    """None for what cannot be taken apart, such as `//[`."""
    try:
        return urlsplit(address)
    except ValueError:
        return None
