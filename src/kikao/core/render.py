"""HTML: one Jinja environment for all rooms, static files under names that hold their hash."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
import msgspec
from litestar import Response
from litestar.enums import MediaType

from kikao.core import i18n, money, phone
from kikao.core.actor import Actor
from kikao.core.errors import Busy, Refusal
from kikao.core.ids import new_id
from kikao.core.lines import unbroken
from kikao.core.web import LEAVE_TO, Kit, Req

_PACKAGE = Path(__file__).resolve().parent.parent
ROOMS = ("core", "accounts", "notifications", "payments", "availability", "directory", "sessions", "admin")


class Asset(msgspec.Struct, frozen=True):
    body: bytes
    packed: bytes
    kind: str


class Assets:
    """Every static file, read once; its address changes when it does, so browsers keep it for a year."""

    def __init__(self, folder: Path) -> None:
        self.by_name: dict[str, Asset] = {}
        self.address: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in (".css", ".js", ".svg", ".png"):
                body = path.read_bytes()
                hashed = f"{path.stem}.{hashlib.sha256(body).hexdigest()[:12]}{path.suffix}"
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                self.by_name[hashed] = Asset(body, gzip.compress(body, 9), kind)
                self.address[path.name] = f"/static/{hashed}"


assets = Assets(_PACKAGE / "core" / "static")


class _Loader(jinja2.BaseLoader):
    """`sessions/list.html` is the file list.html in the room's templates folder."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Any]:
        room, _, name = template.partition("/")
        path = _PACKAGE / room / "templates" / name
        if room not in ROOMS or ".." in name or not path.is_file():
            raise jinja2.TemplateNotFound(template)
        return path.read_text(), str(path), None


def _environment() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=_Loader(),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals["asset"] = assets.address.__getitem__
    env.globals["lasting_words"], env.globals["hint_beside"] = i18n.lasting_words, hint_beside
    env.filters["money"], env.filters["lasting"], env.filters["phone"] = money.shown, i18n.lasting, phone.shown
    for name, function in (("day", i18n.day), ("clock", i18n.clock), ("zone", i18n.zone_name), ("when", i18n.when)):
        env.filters[name] = _in_readers_zone(function)
    return env


def hint_beside(hint: str | None, error: str | None) -> str | None:
    """The hint of a field, unless its error says the same again."""
    told, said = ({word.lower() for word in re.findall(r"\w+", text or "")} for text in (error, hint))
    return None if said and len(said & told) >= 0.8 * len(said) else hint


def _in_readers_zone(function: Any) -> Any:
    @jinja2.pass_context
    def shown(context: jinja2.runtime.Context, at: Any, zone: str | None = None) -> str:
        return str(function(at, zone or context["viewer"].time_zone))

    return shown


def to_put_right(actions: Iterable[dict[str, Any]], path: str, refusal: Refusal | None, typed: str) -> bool:
    """Opens the action that was sent to this path, where its reason was refused or not taken yet: that stands beside
    its field, which has the focus, and no other stands out any more. Whether there was one."""
    wrong = next((one.detail for one in refusal.fields if one.field == "reason"), None) if refusal else None
    if isinstance(refusal, Busy):  # nothing is wrong with it: it is to be sent once more
        wrong = refusal.detail
    actions = list(actions)
    sent = next((one for one in actions if one["url"] == path and one.get("confirm", {}).get("reason")), None)
    if wrong is None or sent is None:
        return False
    for one in actions:
        one["kind"] = "plain" if one["kind"] == "main" else one["kind"]
    sent["refused"] = {"error": i18n.gettext(wrong), "typed": typed}
    return True


env = _environment()


def render(template: str, viewer: Actor, kit: Kit, path: str, **context: Any) -> str:
    """The HTML of one template, in the language of this moment and the viewer's zone."""
    return env.get_template(template).render(
        viewer=viewer,
        practice={
            "trading_name": kit.trading_name, "phone": phone.shown(kit.practice_phone),
            "tel": phone.link(kit.practice_phone),
        },
        emergency_lines=[line.to_read() for line in kit.emergency_lines],
        page_path=path,
        spoken=i18n.language.get(),
        languages=i18n.LANGUAGES,
        nav_items=_nav(viewer, path),
        demo=kit.demo,
        leave_to=LEAVE_TO,
        **context,
    )


def page(
    request: Req, kit: Kit, viewer: Actor, template: str, *, status: int = 200,
    headers: dict[str, str] | None = None, **context: Any,
) -> Response[str]:
    """A page as an answer. `form_key` is ready in every template, for one effect a form."""
    context.setdefault("form_key", str(new_id()))
    context.setdefault("status", status)
    context.setdefault("here", _here(request))
    html = unbroken(render(template, viewer, kit, request.scope["path"], **context))
    told = {"Content-Language": i18n.language.get()} | (headers or {})
    return Response(content=html, status_code=status, media_type=MediaType.HTML, headers=told)


def _here(request: Req) -> str:
    """Where a change of language leads back to."""
    query = request.scope["query_string"].decode("latin-1")
    return request.scope["path"] + (f"?{query}" if query and request.method == "GET" else "")


# Pages that are reached from the calendar, and belong to it.
_FROM_THE_CALENDAR = ("/me/clients", "/me/profile", "/me/rates", "/me/hours", "/me/earnings")


def _nav(viewer: Actor, path: str) -> list[dict[str, Any]]:
    _ = i18n.gettext
    items = [("/team", _("Find a time"))]
    if viewer.has("psychologist"):
        items.append(("/me/calendar", _("My calendar")))
    if viewer.signed_in:
        items.append(("/me", _("My sessions")))
    if viewer.has("desk"):
        items.append(("/practice/day", _("The day")))
    if viewer.has("admin", "desk", "finance"):
        items.append(("/practice", _("The practice")))
    if viewer.signed_in:
        items.append(("/me/account", _("My account")))
    home = "/me/calendar" if path.startswith(_FROM_THE_CALENDAR) else path
    around = max((url for url, _label in items if f"{home}/".startswith(f"{url}/")), key=len, default="")
    return [{"url": url, "label": label, "around": url == around} for url, label in items]


def own_pages(viewer: Actor, current: str) -> list[dict[str, Any]]:
    """The tabs above the pages of somebody signed in; `current` is one of their addresses."""
    _ = i18n.gettext
    items = [("/me", _("Ahead")), ("/me?show=past", _("Past")), ("/me/payments", _("Payments"))]
    if viewer.has("client"):
        items.append(("/me/people", _("Those you act for")))
    return [{"url": url, "label": label, "current": url == current} for url, label in items]
