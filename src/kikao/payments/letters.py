"""The letterbox: callbacks are stored as they came and answered at once; a worker reads them later."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from uuid import UUID

from kikao.core.crypto import Vault, hash_token
from kikao.core.db import Conn
from kikao.core.ids import new_id
from kikao.core.sql import Statement
from kikao.payments import rules
from kikao.payments.bodies import read_callback
from kikao.payments.rules import Evidence, Numbers
from kikao.payments.settling import Outcome, settle

_SEALED = ("payments.letter", "sealed_body")

_STORE = Statement("""
with known as (
    update payments.attempt set letters = letters + 1 where token_hash = :token and letters < :most returning id
)
insert into payments.letter (id, attempt_id, sealed_body, from_address, received_at, due_at)
select :id, id, :body, :address, :at, :at from known
returning id
""")
MOST_A_TOKEN = 50


async def store_letter(
    conn: Conn, vault: Vault, token: str, body: bytes, address: str | None, now: datetime
) -> UUID | None:
    """A callback on a secret path, kept sealed and due at once; `address` is the sender's, as far as we know it.

    None, and nothing stored, when the path is nobody's or has had its fifty letters. One statement: it needs no
    transaction around it.
    """
    letter_id = new_id()
    # Any bytes must come back as they were; Latin-1 gives each byte a character.
    sealed = vault.seal(body.decode("latin-1"), *_SEALED, letter_id)
    stored = await _STORE.first(
        conn, token=hash_token(token), most=MOST_A_TOKEN, id=letter_id, body=sealed, address=_address(address), at=now
    )
    return letter_id if stored else None


@lru_cache(1000)  # all letters come from a handful of computers
def _address(typed: str | None) -> str | None:
    try:
        return str(ip_address(typed)) if typed else None
    except ValueError:
        return None


_LETTER = "select attempt_id, sealed_body from payments.letter where id = $1"
# Locked after the attempt, as everything else is; read again, because somebody may have been faster.
_STILL_DUE = "select true from payments.letter where id = $1 and due_at is not null for update"
_ATTEMPT = "select true from payments.attempt where id = $1 for update"
_READ = "update payments.letter set read_at = $2, outcome = $3, why = $4, due_at = null where id = $1"


async def read_letter(
    conn: Conn, vault: Vault, letter_id: UUID, now: datetime, numbers: Numbers
) -> Outcome | None:
    """Open one letter, settle what it says, and note what became of it. None when it was read already."""
    row = await conn.fetchrow(_LETTER, letter_id)
    if row is None:
        return None
    await conn.fetchval(_ATTEMPT, row["attempt_id"])
    if not await conn.fetchval(_STILL_DUE, letter_id):
        return None
    body = vault.open(bytes(row["sealed_body"]), *_SEALED, letter_id).encode("latin-1")
    outcome = await _weigh(conn, row["attempt_id"], body, now, numbers)
    await conn.execute(_READ, letter_id, now, outcome.word, outcome.why)
    return outcome


async def _weigh(conn: Conn, attempt_id: UUID, body: bytes, now: datetime, numbers: Numbers) -> Outcome:
    said = read_callback(body)
    if said is None:
        # Something came on the secret path, so something may have happened: ask M-Pesa soon.
        await conn.execute(
            "update payments.attempt set due_at = least(due_at, $2) where id = $1 and due_at is not null",
            attempt_id, now,
        )  # fmt: skip
        return Outcome("stray", "unreadable")
    evidence = Evidence(
        rules.CALLBACK, said.code, said.text, said.merchant_request_id, said.checkout_request_id,
        said.amount, said.receipt, said.paid_at,
    )  # fmt: skip
    return await settle(conn, attempt_id, evidence, now, numbers)


async def forget_old(conn: Conn, before: datetime) -> int:
    """Delete letters that were read before then; the receipts, moves and the journal stay."""
    tag = await conn.execute("delete from payments.letter where read_at < $1 and due_at is null", before)
    return int(tag.rsplit(" ", 1)[-1])
