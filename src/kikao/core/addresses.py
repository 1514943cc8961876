"""Addresses that somebody else wrote: of the web, and of machines."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit


def parts_of(address: str) -> SplitResult | None:
    """None for what cannot be taken apart, such as `//[`."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def within(address: str, networks: Iterable[str]) -> bool:
    """Whether a machine's address lies in one of these networks; an address alone is a network of one."""
    try:
        at = ip_address(address)
    except ValueError:
        return False
    mapped = at.ipv4_mapped if isinstance(at, IPv6Address) else None
    return any((mapped or at) in ip_network(one) for one in networks)
