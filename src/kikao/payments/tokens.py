"""M-Pesa's access token: one sealed row for all programs, since a new token ends the one before.

Each step is a statement of its own and ends before anybody talks to M-Pesa.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from kikao.core.crypto import Secret, Vault
from kikao.core.db import Database
from kikao.core.ids import new_id
from kikao.payments.providers.token import Held

_READ = """
select row_id, sealed_token, expires_at from payments.provider_token
where provider = $1 and sealed_token is not null and expires_at is not null
"""
_LEASE = """
insert into payments.provider_token as t (provider, row_id, lease_until, lease_by) values ($1, $2, $3, $4)
on conflict (provider) do update set lease_until = excluded.lease_until, lease_by = excluded.lease_by
where t.lease_until is null or t.lease_until <= $5
returning row_id
"""
_KEEP = """
update payments.provider_token
set sealed_token = $3, expires_at = $4, lease_until = null, lease_by = null
where provider = $1 and lease_by = $2
"""
_RELEASE = """
update payments.provider_token set lease_until = null, lease_by = null where provider = $1 and lease_by = $2
"""
_DROP = "update payments.provider_token set expires_at = null where provider = $1 and expires_at = $2"


class Tokens:
    """Implements providers.token.TokenStore."""

    def __init__(self, db: Database, vault: Vault, provider: str = "mpesa") -> None:
        self.db = db
        self.vault = vault
        self.provider = provider

    async def current(self) -> Held | None:
        async with self.db.connection() as conn:
            row = await conn.fetchrow(_READ, self.provider)
        if row is None:
            return None
        text = self.vault.open(bytes(row["sealed_token"]), "payments.provider_token", "sealed_token", row["row_id"])
        return Held(Secret(text), row["expires_at"])

    async def lease(self, by: UUID, now: datetime, seconds: float) -> bool:
        """Whether it is us who fetch the next one; a lease of somebody who died ends by itself."""
        async with self.db.connection() as conn:
            row = await conn.fetchrow(
                _LEASE, self.provider, new_id(), now + timedelta(seconds=seconds), by, now
            )
        return row is not None

    async def keep(self, by: UUID, token: Secret, expires_at: datetime) -> None:
        async with self.db.connection() as conn:
            row_id = await conn.fetchval(
                "select row_id from payments.provider_token where provider = $1", self.provider
            )
            sealed = self.vault.seal(token.reveal(), "payments.provider_token", "sealed_token", row_id)
            await conn.execute(_KEEP, self.provider, by, sealed, expires_at)

    async def release(self, by: UUID) -> None:
        async with self.db.connection() as conn:
            await conn.execute(_RELEASE, self.provider, by)

    async def drop(self, held: Held) -> None:
        """M-Pesa did not take it; unless somebody has fetched another since, nobody uses it again."""
        async with self.db.connection() as conn:
            await conn.execute(_DROP, self.provider, held.expires_at)
