"""The pay link: made from the charge, so that it can be shown again; stored only as a hash."""

from __future__ import annotations

import base64
from uuid import UUID

from kikao.core.crypto import Vault, hash_token

_BYTES = 20  # 160 bits


def pay_token(vault: Vault, charge_id: UUID) -> str:
    """32 characters of a-z and 2-7, the same for the same charge."""
    digest = vault.digest("pay link", str(charge_id))
    return base64.b32encode(digest[:_BYTES]).decode().lower()


def link_hash(token: str) -> bytes:
    """What is stored of a pay link."""
    return hash_token(token.strip().lower())
