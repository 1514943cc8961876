"""What an admin has to decide: somebody says that it was not so."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from litestar import Response
from litestar.di import NamedDependency

from kikao.admin import reports
from kikao.admin.parts import Parts, columns, reference
from kikao.core.actor import Actor
from kikao.core.i18n import gettext as _
from kikao.core.render import page
from kikao.core.web import Kit, Req, need, read


@read("/practice/objections")
async def objections(
    request: Req, kit: NamedDependency[Kit], actor: NamedDependency[Actor], now: NamedDependency[datetime]
) -> Response[str]:
    need(actor, "admin")
    async with kit.db.connection() as conn:
        found = await reports.objections(conn)
    parts = Parts(actor, now)
    return page(
        request, kit, actor, "admin/table.html", heading=_("Objections"),
        caption=_("No money moves until they are decided. The oldest first. %(zone)s") % {"zone": parts.zone}, tabs=[],
        columns=columns(
            _("Reference"), _("When"), _("Client"), _("With"), _("What is said"), _("Objected")),
        rows=[[reference(one.reference, f"/s/{one.reference}"), parts.at(one.starts_at), one.client, one.psychologist,
               _said(one.absent), parts.at(one.objected_at)] for one in found],
        empty={"title": _("Nothing to decide"), "text": _("Two sides who do not agree whether they met stand here.")},
        next_url=None, first_url=None,
    )


def _said(absent: str | None) -> str:
    if absent is None:
        return _("It took place")
    return _("The client did not come") if absent == "client" else _("The psychologist did not come")


pages: list[Any] = [objections]
