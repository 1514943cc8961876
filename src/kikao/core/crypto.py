"""Secrets that refuse to be printed, sealed columns, tokens, passwords.

Sealing is AEAD (AES-256-GCM by tink), bound to table, column and row: a ciphertext that is moved to
another place does not open. Keys come from the environment, newest first; old ones still open.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from uuid import UUID

import argon2
from tink import aead, cleartext_keyset_handle
from tink.proto import aes_gcm_pb2, tink_pb2

from kikao.core.errors import Invalid

aead.register()


class Secret:
    """Text that does not appear in a repr, a log line, an f-string or a traceback with locals."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


class BadKey(ValueError):
    """A key of the environment is not 32 bytes in base64."""


def read_key(text: Secret) -> bytes:
    try:
        raw = base64.b64decode(text.reveal(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadKey("a key must be base64") from error
    if len(raw) != 32:
        raise BadKey("a key must be 32 bytes, in base64")
    return raw


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


class Vault:
    """Seals and opens columns; makes keyed digests. `keys` are 32 bytes each, the newest first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise BadKey("there is no key")
        self._aead = _primitive([_derive(key, b"kikao/seal") for key in keys])
        self._mac = _derive(keys[-1], b"kikao/digest")  # the oldest: addresses that were sent out stay valid

    def seal(self, text: str, table: str, column: str, row: UUID) -> bytes:
        return bytes(self._aead.encrypt(text.encode(), _bound_to(table, column, row)))

    def open(self, sealed: bytes, table: str, column: str, row: UUID) -> str:
        """Raises tink.TinkError when the value was moved, altered, or its key is missing."""
        return bytes(self._aead.decrypt(sealed, _bound_to(table, column, row))).decode()

    def digest(self, purpose: str, value: str) -> bytes:
        """A keyed digest of 32 bytes, the same for the same value: for links that must be made again."""
        return hmac.new(self._mac, f"{purpose}\0{value}".encode(), hashlib.sha256).digest()


def _bound_to(table: str, column: str, row: UUID) -> bytes:
    return f"{table}.{column}:{row}".encode()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, purpose, hashlib.sha256).digest()


def _primitive(keys: Sequence[bytes]) -> aead.Aead:
    keyset = tink_pb2.Keyset()
    for raw in keys:
        number = int.from_bytes(hashlib.sha256(raw).digest()[:4], "big") | 1
        keyset.key.append(
            tink_pb2.Keyset.Key(
                key_data=tink_pb2.KeyData(
                    type_url="type.googleapis.com/google.crypto.tink.AesGcmKey",
                    value=aes_gcm_pb2.AesGcmKey(version=0, key_value=raw).SerializeToString(),
                    key_material_type=tink_pb2.KeyData.SYMMETRIC,
                ),
                status=tink_pb2.ENABLED,
                key_id=number,
                output_prefix_type=tink_pb2.TINK,
            )
        )
    keyset.primary_key_id = keyset.key[0].key_id
    handle = cleartext_keyset_handle.from_keyset(keyset)
    return handle.primitive(aead.Aead)


# tokens -------------------------------------------------------------------------------------------


def new_token() -> str:
    """256 bits, safe in an address."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What is stored of a token: enough to know it again, not to use it."""
    return hashlib.sha256(token.encode()).digest()


def new_code() -> str:
    """Six digits for a person to type."""
    return f"{secrets.randbelow(1_000_000):06d}"


# passwords ----------------------------------------------------------------------------------------

_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = 2  # 19 MiB and 20 ms each; more would only wait for the same cores
SHORTEST, LONGEST = 8, 256
_gate: dict[int, asyncio.Semaphore] = {}


def _drawn(many: int) -> str:
    return base64.b64encode(secrets.token_bytes(many)).decode().rstrip("=")


# A hash of nothing, drawn and not worked out: checked for unknown names, so that both answers take as long.
_DECOY = (
    f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    f"${_drawn(_HASHER.salt_len)}${_drawn(_HASHER.hash_len)}"
)


def _semaphore() -> asyncio.Semaphore:
    loop = id(asyncio.get_running_loop())
    return _gate.setdefault(loop, asyncio.Semaphore(_AT_ONCE))


def check_new_password(password: str, field: str = "password") -> None:
    if len(password) < SHORTEST:
        raise Invalid.field(
            field, "too_short", "This password is shorter than 8 characters."
        )
    if len(password) > LONGEST:
        raise Invalid.field(field, "too_long", "A password can have 256 characters at most.")


async def hash_password(password: str) -> str:
    async with _semaphore():
        return await asyncio.to_thread(_HASHER.hash, password)


async def password_fits(password: str, stored: str | None) -> bool:
    """Takes the same time for a name that nobody has (`stored` is None)."""
    async with _semaphore():
        return await asyncio.to_thread(_fits, password[: LONGEST + 1], stored)


def _fits(password: str, stored: str | None) -> bool:
    try:
        return _HASHER.verify(stored or _DECOY, password) and stored is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether a hash was made with other costs than today's."""
    return _HASHER.check_needs_rehash(stored)
