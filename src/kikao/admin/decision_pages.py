"""What needs a decision that only an admin can make, each with the page where it is made."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response
from litestar.di import NamedDependency

from kikao.admin import reports
from kikao.admin.parts import Parts, columns, link, reference
from kikao.core.actor import Actor
from kikao.core.i18n import gettext as _
from kikao.core.render import page
from kikao.core.web import Kit, Req, need, read
from kikao.payments import office


@read("/practice/decisions")
async def decisions(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    async with kit.db.connection() as conn:
        left = await reports.orphans(conn, now)
        wrong = await office.contradictions(conn)
        stuck = await office.stuck(conn, now)
    parts = Parts(actor, now)
    return page(
        request, kit, actor, "admin/decisions.html", zone=parts.zone, blocks=[_left(left, parts)],
        elsewhere=[
            (_("Payments that do not add up"), len(wrong), "/practice/strays"),
            (_("What is stuck"), len(stuck), "/practice/stuck"),
            (_("Psychologists who wait to be listed"), await _waiting(kit), "/practice/listing?show=waiting"),
        ],
    )


async def _waiting(kit: Kit) -> int:
    async with kit.db.connection() as conn:
        return len(await reports.psychologists(conn, "waiting"))


def _left(found: list[reports.Orphan], parts: Parts) -> dict[str, Any]:
    return {
        "heading": _("Sessions whose psychologist has left"),
        "caption": _("Ring the client, then cancel: everything comes back. %(zone)s") % {"zone": parts.zone},
        "columns": columns(_("Reference"), _("When"), _("Client"), _("With"), _("Status")),
        "rows": [
            [reference(one.reference, f"/s/{one.reference}"), parts.at(one.starts_at), one.client,
             link(one.psychologist, f"/practice/listing/{one.psychologist_id}"), parts.badges(one.status)]
            for one in found
        ],
        "empty": {"title": _("None: nobody who has left has a session ahead."), "text": ""},
        "next_url": None, "first_url": None,
    }


pages: list[Any] = [decisions]
