"""The faces of every list and form: full, empty, error, expired, loading.

A function brings a page to one of its faces, finding things by names, ids, addresses and types, never by words, so that
it does so in every language. `faces.tsv` says which faces a route has, and why it lacks others; `test_faces.py` looks
at them all at 360 and 1280 px, light and dark, in every language.

    @face("POST /me/people", "error", who="halima")
    async def refused(stage: Stage) -> None:
        await stage.goto("/me/people")
        await stage.fill(birthDate="1990-01-01")
        await stage.press("/me/people")

Who "who" names is signed in already. `empty` is looked at before any `fills` ran: the cast is there, no session is.
A form that was refused is pressed once more while the answer is held back: that is its loading face, where the function
says nothing else (`pressed=False`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from playwright.async_api import Page

from kikao.core.clock import utc_now
from kikao.core.crypto import Vault, hash_token, new_token
from kikao.core.db import Database
from kikao.core.ids import new_id
from support.app import MAKENA
from support.cast import Cast, Member

from .conftest import Screen

WHICH = ("full", "empty", "error", "expired", "loading")
# A form as it is, sent without the browser's own checks: those are no face of ours.
PRESS = """([action, button]) => {
  const fits = new RegExp(`^${action}$`);
  const path = one => new URL(one.getAttribute("action") || "", document.baseURI).pathname;
  const forms = [...document.forms].filter(one => fits.test(path(one)));
  const seen = forms.filter(one => one.offsetParent);
  const form = seen.find(one => one.closest("dialog.is-modal, [open]")) || seen[0] || forms[0];
  if (!form) throw new Error(`no form goes to ${action}`);
  for (let one = form.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
  form.noValidate = true;
  const buttons = [...form.elements].filter(one => one.type === "submit");
  form.requestSubmit(button ? buttons.find(one => one.value === button) : buttons[0]);
}"""

# Heard after the page's own script heard it: the form is marked as sent, the answer never comes.
HOLD = "() => ['submit', 'click'].forEach(what => addEventListener(what, event => event.preventDefault()))"


class Stage:
    """Where a face is brought up: one person's window on a practice of one language."""

    def __init__(
        self, screen: Screen, url: str, db: Database, cast: Cast, vault: Vault, facts: dict[str, Any]
    ) -> None:
        self.screen, self.url, self.db, self.cast, self.vault = screen, url, db, cast, vault
        self.facts = facts  # what the functions of `fills` wrote down: references, links, ids

    @property
    def page(self) -> Page:
        return self.screen.page

    async def goto(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def fill(self, **typed: str) -> None:
        """Into fields by their names, wherever they are folded away."""
        for name, text in typed.items():
            field = self.page.locator(f"main [name={name}]:not([type=hidden])").last
            await field.evaluate("one => { for (let d = one; d = d.parentElement?.closest('details');) d.open = true }")
            await field.fill(text)

    async def press(self, action: str, button: str = "") -> None:
        """Send the form that goes to this path (a regular expression), and wait for what comes."""
        async with self.page.expect_navigation():
            await self.page.evaluate(PRESS, [action, button])

    async def ask(self, verb: str) -> None:
        """Open the question before the form that ends in this verb."""
        form = self.page.locator(f"form[action$='/{verb}']").first
        await form.evaluate("one => { const more = one.closest('.more'); if (more) more.open = true }")
        await self.page.locator(f"details.ask:has(form[action$='/{verb}']) > summary").first.click()
        await self.page.locator("dialog.is-modal").wait_for()

    async def press_and_wait(self, action: str, button: str = "") -> None:
        """Press it and see what one sees until the answer comes: it is sent to the page, but not by it."""
        await self.hold()
        await self.page.evaluate(PRESS, [action, button])
        await self.page.locator(".busy:not(:empty)").wait_for()

    async def hold(self) -> None:
        """From here on this page sends nothing and goes nowhere, and has done all that it does when it does."""
        await self.page.evaluate(HOLD)

    async def sign_in(self, who: Member) -> None:
        token, now = new_token(), utc_now()
        await self.db.pool.execute(
            """
            insert into accounts.sign_in (id, token_hash, account_id, kind, created_at, seen_at, expires_at)
            values ($1, $2, $3, 'page', $4::timestamptz, $4::timestamptz, $4::timestamptz + interval '1 day')
            """,
            new_id(), hash_token(token), who.account_id, now,
        )
        await self.screen.context.add_cookies([{"name": "kikao", "value": token, "url": self.url}])

    async def end_sign_ins(self, who: Member) -> None:
        """As the clock or an admin ends them."""
        await self.db.pool.execute(
            "update accounts.sign_in set ended_at = now() where account_id = $1 and ended_at is null", who.account_id
        )

    async def give_code(self, verification_id: UUID, code: str) -> None:
        """As if this code had been sent."""
        sealed = self.vault.seal(code, "accounts.verification", "sealed_code", verification_id)
        await self.db.pool.execute(
            "update accounts.verification set sealed_code = $2 where id = $1", verification_id, sealed
        )

    def member(self, name: str) -> Member:
        found: Member = MAKENA if name == "makena" else getattr(self.cast, name)
        return found


Bring = Callable[[Stage], Awaitable[None]]


class Face(msgspec.Struct, frozen=True):
    """`half`: which file it stands in, and whose practice it is looked at in."""

    route: str
    which: str
    who: str | None
    note: str
    half: str
    bring: Bring
    pressed: bool = False

    def __str__(self) -> str:
        return f"{self.route} {self.which}{f' ({self.note})' if self.note else ''}"

    @property
    def action(self) -> str:
        """What its form's address looks like."""
        return re.sub(r"{\w+}", "[^/]+", self.route.split(" ", 1)[1])


FACES: list[Face] = []
FILLS: list[tuple[str, Bring]] = []


def face(
    route: str, which: str, *, who: str | None = "amina", note: str = "", pressed: bool | None = None
) -> Callable[[Bring], Bring]:
    """Registers the function for `route`, "GET /me"; `note` tells several of one kind apart. May be used twice."""

    def register(bring: Bring) -> Bring:
        half = bring.__module__.rsplit("faces_", 1)[-1].partition("_")[0]
        again = route.startswith("POST ") and which == "error" if pressed is None else pressed
        FACES.append(Face(route, which, who, note, half, bring, again))
        return bring

    return register


def fills(bring: Bring) -> Bring:
    """Registers what makes the practice full, once a language, after its empty faces were looked at."""
    FILLS.append((bring.__module__.rsplit("faces_", 1)[-1].partition("_")[0], bring))
    return bring


def registered() -> set[tuple[str, str]]:
    """Route and face; a form that is pressed once more has its loading face, too."""
    return {(one.route, one.which) for one in FACES} | {(one.route, "loading") for one in FACES if one.pressed}


def load() -> list[str]:
    """Reads every file of faces beside this one; the halves that they make."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("faces_*.py"))
    for stem in found:
        import_module(f"{__package__}.{stem}")
    return sorted({stem.removeprefix("faces_").partition("_")[0] for stem in found})
