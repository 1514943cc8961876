"""What the practice's pages share: pieces of markup for cells, where one is, and the note of every look at money."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from markupsafe import Markup

from kikao.core import i18n
from kikao.core.actor import Actor
from kikao.core.db import Conn
from kikao.core.errors import Refusal
from kikao.core.i18n import gettext as _
from kikao.core.ids import SYSTEM, new_id
from kikao.core.render import env
from kikao.journal.actions import record

MONEY = ("admin", "finance")
CODES = ("admin", "finance", "desk")
MESSAGES = ("admin", "desk")
LOOK = "look at payments"


def together(*signs: Markup) -> Markup:
    """Several in one cell."""
    return Markup('<span class="badges">{}</span>').format(Markup("").join(signs))


class Parts:
    """The macros of core/parts.html, for cells that are made here; loaded once for a page."""

    def __init__(self, actor: Actor, now: datetime) -> None:
        self._parts: Any = env.get_template("core/parts.html").make_module({"viewer": actor})
        self.zone_id = actor.time_zone
        self.now = now

    def badges(self, *words: str) -> Markup:
        """Status words as the rest of the house shows them."""
        return together(*(self._parts.badge(word) for word in words))

    def sign(self, tone: str, icon: str, label: str) -> Markup:
        shown = Markup('<span class="badge badge--{}">{}{}</span>')
        return shown.format(tone, self._parts.icon(icon), label)

    def actions(self, *found: dict[str, Any]) -> Markup:
        made: Markup = self._parts.actions(list(found))
        return made

    def at(self, moment: datetime) -> Markup:
        """Day and clock; the caption of the table names the zone."""
        day = i18n.short_day(moment, self.zone_id)
        year = f" {moment.year}" if abs((self.now - moment).days) >= 300 else ""
        return Markup('<span class="nowrap">{}{}, {}</span>').format(day, year, i18n.clock(moment, self.zone_id))

    def beside(self, first: Markup, text: str) -> Markup:
        return Markup("{}, {}").format(first, text)

    @property
    def zone(self) -> str:
        """For captions."""
        return i18n.times_are(self.now, self.zone_id)


def link(text: str, url: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, text)  # escaped by format


def reference(text: str, url: str) -> Markup:
    return Markup('<a class="reference" href="{}">{}</a>').format(url, text)


def charge_link(text: str | None, charge_id: UUID | None) -> str | Markup:
    """The reference, leading to everything that is known of its payment."""
    if text is None or charge_id is None:
        return text or _("none")
    return reference(text, f"/practice/payments/{charge_id}")


def columns(*labels: str, num: tuple[int, ...] = (), bare: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    return [{"label": label, "num": at in num, "bare": at in bare} for at, label in enumerate(labels)]


def action(label: str, url: str, title: str, text: str, *, back: str = "", kind: str = "plain") -> dict[str, Any]:
    """A button that asks first; `back` is the page to return to."""
    return {
        "label": label, "url": url, "kind": kind, "key": str(new_id()), "hidden": {"back": back} if back else {},
        "confirm": {"title": title, "text": text, "button": label},
    }


def faster(refusal: Refusal | None) -> str | None:
    """What a list says above itself where the row that was meant is dealt with already."""
    return _("Somebody was faster: this is dealt with already. Here is what is left.") if refusal else None


def tabs(url: str, current: str, labels: dict[str, str]) -> list[dict[str, Any]]:
    return [{"label": label, "url": f"{url}?show={name}", "current": name == current} for name, label in labels.items()]


def sections(actor: Actor, current: str) -> list[dict[str, Any]]:
    """The pages about money that this actor may open."""
    found = [
        (MONEY, _("Payments"), "payments"), (MONEY, _("Give back"), "duties"), (MONEY, _("Suspense"), "suspense"),
        (CODES, _("Codes"), "codes"), (MONEY, _("Letters"), "strays"), (CODES, _("Stuck"), "stuck"),
        (MESSAGES, _("Not reached"), "unreached"),
    ]
    return [
        {"label": label, "url": f"/practice/{name}", "current": name == current}
        for roles, label, name in found if actor.has(*roles)
    ]


async def note_look(conn: Conn, actor: Actor, now: datetime, charge_id: UUID = SYSTEM, **facts: Any) -> None:
    """Who looked at whose payment stands in the journal; a look at a list belongs to no one charge."""
    await record(conn, actor, LOOK, "charge", charge_id, now, **facts)
