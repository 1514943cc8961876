"""Who acts. Every query and every verb is handed one."""

from __future__ import annotations

from uuid import UUID

import msgspec

from kikao.core.ids import SYSTEM

ROLES = ("client", "psychologist", "desk", "finance", "admin")


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody signed in, nobody (`account_id` is None), or the system itself.

    `settings_version` is the newest version of the practice settings that the statement saw
    which knew this actor; an older snapshot is loaded again before the verb runs.
    """

    account_id: UUID | None = None
    person_id: UUID | None = None
    name: str | None = None
    roles: frozenset[str] = frozenset()
    language: str = "en"
    time_zone: str = "Africa/Nairobi"
    sign_in_id: UUID | None = None
    settings_version: int = 0

    @property
    def signed_in(self) -> bool:
        return self.account_id is not None and self.account_id != SYSTEM

    @property
    def is_system(self) -> bool:
        return self.account_id == SYSTEM

    def has(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)


NOBODY = Actor()
THE_SYSTEM = Actor(account_id=SYSTEM, person_id=SYSTEM)
