"""The page for people. Mail is shown as its sender made it, and can run, load or frame nothing."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from demo_sink.store import Message, Store

STATIC = Path(__file__).parent / "static"
SHOWN_AT_ONCE = 100

# Links in a mail open a new, ordinary tab; the mail itself has no scripts, no forms, no remote pictures.
PAGE_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAIL_CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def careful(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page of somebody else cannot order faults or empty the inbox through the reader's browser."""
    origin = request.headers.get("Origin", "")
    if request.method not in {"GET", "HEAD"} and origin not in {"", f"http://{request.host}"}:
        raise web.HTTPForbidden(text="from another page")
    response = await handler(request)
    for name, value in ({"Content-Security-Policy": PAGE_CSP} | ALWAYS).items():
        response.headers.setdefault(name, value)
    return response


class Pages:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.templates = Environment(
            loader=PackageLoader("demo_sink"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self.templates.filters["clock"] = lambda at: at.strftime("%H:%M:%S UTC")

    async def inbox(self, request: web.Request) -> web.Response:
        to = request.query.get("to", "").strip()
        found = list(self.store.newest_first(to))
        opened = next((m.id for m in found if m.html), 0)
        text = self.templates.get_template("inbox.html").render(
            messages=found[:SHOWN_AT_ONCE],
            total=len(found),
            opened=opened,
            to=to,
            recipients=self.store.recipients(),
        )
        return web.Response(text=text, content_type="text/html")

    async def clear(self, _: web.Request) -> web.Response:
        self.store.clear()
        raise web.HTTPSeeOther("/")

    async def mail_html(self, request: web.Request) -> web.Response:
        return web.Response(
            text=links_in_new_tabs(self._message(request).html),
            content_type="text/html",
            headers={"Content-Security-Policy": MAIL_CSP},
        )

    async def attachment(self, request: web.Request) -> web.Response:
        attachments = self._message(request).attachments
        number = int(request.match_info["number"])
        if number >= len(attachments):
            raise web.HTTPNotFound
        found = attachments[number]
        named = {"Content-Disposition": f'attachment; filename="{found.name}"'}
        return web.Response(body=found.content, content_type=found.type, headers=named)

    def _message(self, request: web.Request) -> Message:
        message = self.store.get(int(request.match_info["id"]))
        if message is None:
            raise web.HTTPNotFound
        return message


def links_in_new_tabs(html: str) -> str:
    base = '<base target="_blank">'
    with_head, changed = re.subn(r"(<head[^>]*>)", rf"\1{base}", html, count=1, flags=re.IGNORECASE)
    return with_head if changed else base + html


def add_pages(app: web.Application, store: Store) -> None:
    pages = Pages(store)
    app.middlewares.append(careful)
    app.router.add_get("/", pages.inbox)
    app.router.add_post("/clear", pages.clear)
    app.router.add_get(r"/messages/{id:\d{1,9}}/html", pages.mail_html)
    app.router.add_get(r"/messages/{id:\d{1,9}}/attachments/{number:\d{1,3}}", pages.attachment)
    app.router.add_static("/static/", STATIC)
