"""How a session by phone is told: who rings whom, on which number. Pure."""

from __future__ import annotations

from typing import Any

from kikao.core import phone
from kikao.core.i18n import gettext as _
from kikao.sessions import rules
from kikao.sessions.queries import Session


def _mine(session: Session) -> bool:
    return rules.CLIENT in session.parties


def how_to_meet(session: Session) -> str:
    """For its client, once it is confirmed."""
    name = {"name": session.psychologist_name}
    if session.rung is None:  # another's number
        return _("Everything is arranged. %(name)s will ring whoever asked for it.") % name
    if session.rung.number is None:
        return _("%(name)s will ring you.") % name
    return _("Everything is arranged. %(name)s will ring you on %(number)s.") % (name | {"number": session.rung.number})


def rows(session: Session) -> list[tuple[str, str]]:
    """The number, masked, for the client and the desk; its psychologist has a button."""
    if session.rung is None or session.rung.number is None or session.rung.whole:
        return []
    label = _("You will be rung on") if _mine(session) else _("Number to ring")
    return [(label, session.rung.number)]


def to_ring(session: Session) -> dict[str, str] | None:
    """For its psychologist: the number, which rings when it is tapped."""
    if session.rung is None or session.rung.number is None or not session.rung.whole:
        return None
    return {"label": phone.shown(session.rung.number), "url": phone.link(session.rung.number), "icon": "phone",
            "text": _("You ring the client on this number.")}


def notices(session: Session) -> list[dict[str, Any]]:
    """Where nobody has a number yet."""
    if session.rung is None or session.rung.number is not None:
        return []
    text = (_("You are to be rung, and we have no confirmed number of yours.") if _mine(session)
            else _("The client has no confirmed number yet. They are asked for one on this page."))
    link = {"label": _("Add a number"), "url": "/me/account"} if _mine(session) else None
    return [{"tone": "attention", "title": _("No number to ring yet"), "text": text, "link": link}]
