"""Every face of every list and form, at 360 and 1280 px, light and dark, in every language.

KIKAO_PICTURES=yes keeps one picture of each in build/pictures/faces; KIKAO_FACES="GET /me" looks at those alone whose
name it fits."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

import pytest
from playwright.async_api import Browser

from kikao.accounts.actions import ensure_consent_texts
from kikao.core import db as database
from kikao.core.clock import utc_now
from kikao.core.crypto import Vault
from kikao.core.db import Database
from kikao.core.i18n import LANGUAGES
from kikao.core.settings import read as machine
from kikao.wiring import wire
from support import app, server
from support import house as houses
from support.cast import Cast, seed_cast

from . import sheets
from .conftest import SIZES, Screen, open_screen
from .faces import FACES, FILLS, Face, Stage, load
from .swahili import strange_in_swahili, typed_by_people

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
VIEWS = (("360", "light"), ("360", "dark"), ("1280", "dark"), ("1280", "light"))  # one change from each to the next
HALVES = load()
Seen = dict[str, dict[str, bytes]]


class Town:
    """A practice of one language, and a window for everybody."""

    def __init__(self, browser: Browser, language: str, url: str, vault: Vault, db: Database, cast: Cast) -> None:
        self.browser, self.language, self.url, self.vault, self.db, self.cast = browser, language, url, vault, db, cast
        self.windows: dict[str | None, Screen] = {}
        self.facts: dict[str, Any] = {"typed": []}
        self.typed: tuple[str, ...] = ()
        self.wrong: dict[str, list[str]] = {}
        self.seen: Seen = {}

    async def stage(self, who: str | None) -> Stage:
        if who not in self.windows:
            screen = await open_screen(self.browser, "1280", locale=f"{self.language}-KE")
            self.windows[who] = screen
            if who is not None:
                stage = await self.stage(who)
                await stage.sign_in(stage.member(who))
        return Stage(self.windows[who], self.url, self.db, self.cast, self.vault, self.facts)

    async def bring(self, face: Face) -> None:
        stage, began = await self.stage(face.who), perf_counter()
        try:
            await face.bring(stage)
            brought = perf_counter()
            await self.look(stage, str(face))
            if face.pressed:
                await stage.press_and_wait(face.action)
                name = f"{face.route} loading{f' ({face.note})' if face.note else ''}"
                await self.look(stage, name, pressed=True)
        except Exception as error:  # noqa: BLE001  the others are to be looked at all the same
            self.wrong[f"{self.language} {face}"] = [f"{type(error).__name__}: {str(error)[:600]}"]
        else:
            looked = perf_counter() - brought
            print(f"{brought - began:4.1f} s to bring, {looked:4.1f} s to look: {self.language} {face}")
        if face.which == "expired" and face.who is not None:
            await stage.end_sign_ins(stage.member(face.who))
            await stage.sign_in(stage.member(face.who))

    async def look(self, stage: Stage, name: str, *, pressed: bool = False) -> None:
        """`pressed`: the page was looked at already, and only waits now."""
        page = stage.page
        for size, light in VIEWS:
            if (size, light) == VIEWS[0] or page.viewport_size != SIZES[size]:
                await page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
                await page.evaluate("scrollTo(0, 0)")  # nothing lies below the bar of *leave now*, which stays in sight
            if stage.screen.light != light:
                await page.emulate_media(color_scheme=light)  # type: ignore[arg-type]
                stage.screen.light = light
            wrong = await stage.screen.problems(only_looks=pressed or (size, light) != VIEWS[0])
            if self.language != "en" and light == "dark":
                self.typed = self.typed or await typed_by_people(self.db)
                wrong += await strange_in_swahili(page, [*self.typed, *self.facts["typed"]])
            stage.screen.complaints.clear()
            if wrong:
                self.wrong[f"{self.language} {name} {size} {light}"] = wrong
            if os.environ.get("KIKAO_PICTURES"):
                picture = await page.screenshot(full_page=True, animations="disabled")
                self.seen.setdefault(name, {})[f"{self.language} {size} {light}"] = picture


@asynccontextmanager
async def town(browser: Browser, language: str) -> AsyncIterator[Town]:
    name = server.current().clone()
    url = server.current().url(name)
    db = await database.connect(url)
    async with db.connection() as conn:
        cast = await seed_cast(conn, utc_now())
    async with db.transaction() as conn:
        await ensure_consent_texts(conn, utc_now())
        await conn.execute("update accounts.person set language = $1", language)
    await app.hire(db, app.MAKENA, utc_now())
    await db.pool.execute("update accounts.person set language = $1", language)
    async with houses.running(url, worker=False) as house:
        made = Town(browser, language, house.url, Vault(machine(house.env).keys), db, cast)
        yield made
        for screen in made.windows.values():
            await screen.context.close()
    db.pool.terminate()
    server.current().drop(name)


async def visit(browser: Browser, language: str, half: str) -> Town:
    """Empty faces first, then the practice fills, then the rest as their file has them."""
    wanted = [one for one in FACES if one.half == half and re.search(os.environ.get("KIKAO_FACES", ""), str(one))]
    async with town(browser, language) as made:
        for one in wanted:
            if one.which == "empty":
                await made.bring(one)
        for whose, fill in FILLS:
            if whose == half:
                await fill(await made.stage(None))
        for one in wanted:
            if one.which != "empty":
                await made.bring(one)
    return made


async def look_at_all(browser: Browser, half: str) -> None:
    wire()
    towns = await asyncio.gather(*(visit(browser, language, half) for language, _name in LANGUAGES))
    pictures: Seen = {}
    for one in towns:
        for name, shown in one.seen.items():
            pictures.setdefault(name, {}).update(shown)
    for name, shown in pictures.items():
        await sheets.keep(browser, name, shown)
    assert {name: wrong for one in towns for name, wrong in one.wrong.items()} == {}


@pytest.mark.parametrize("half", HALVES[::2])
async def test_every_face(browser: Browser, half: str) -> None:
    await look_at_all(browser, half)
