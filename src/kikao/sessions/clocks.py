"""One moment by several clocks: the reader's, where it takes place, the practice's. Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from kikao.core import i18n
from kikao.core.i18n import gettext as _


def others(at: datetime, zone: str, there: str, practice_zone: str) -> list[tuple[str, str]]:
    """The same moment by the clocks that differ from the reader's then: where it takes place, and the practice's."""
    found, told_already = [], {at.astimezone(ZoneInfo(zone)).utcoffset()}
    for label, other in ((_("There"), there), (_("At the practice"), practice_zone)):
        offset = at.astimezone(ZoneInfo(other)).utcoffset()
        if offset not in told_already:
            found.append((label, i18n.when(at, other)))
            told_already.add(offset)
    return found
