"""The rows without which nothing can be booked, put in after the first migration."""

from __future__ import annotations

from datetime import datetime

from kikao.accounts.actions import ensure_consent_texts
from kikao.core.db import Conn
from kikao.core.i18n import later
from kikao.core.ids import SYSTEM
from kikao.sessions.rules import USUAL_TIERS
from kikao.sessions.terms import current_tiers, set_terms


async def put(conn: Conn, now: datetime) -> None:
    """Consent texts of this release, and the usual cancellation terms where there are none. Safe to repeat."""
    await ensure_consent_texts(conn, now)
    if not await current_tiers(conn, now):
        await set_terms(conn, USUAL_TIERS, SYSTEM, later("the usual ones"), now)
