"""Nothing of a practice's year that a stranger's eye can meet tells what it is about, with whom, or where.

Titles and addresses stay in the history of a shared phone, file names and calendar entries lie in its folders, and
messages light up a locked screen. Pages themselves are for whoever opened them.
"""

from __future__ import annotations

import pytest

from kikao.core.i18n import LANGUAGES
from kikao.notifications import kinds
from path.year import ROLES, seeded
from support.routes import all_routes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
STARTS = [path for method, path, _ in all_routes() if method == "GET" and "{" not in path and "/api" not in path]
# Of what is not in the seeded year; tests/notifications/test_every_message.py has every kind there is.
ELSEWHERE = {"payment failed"}
LOOKED_AT = {"title": 500, "address": 9_000, "location": 20, "file name": 10, "calendar entry": 10, "message": 2_000}


async def test_a_year_tells_nothing_to_a_stranger(url: str) -> None:
    async with seeded(url) as year:
        for spoken, _ in LANGUAGES:
            await year.speak(spoken)
            for who in year.visitors:
                await year.walk(who, STARTS)
            await year.calendars()
            told = await year.messages(spoken)
            assert {kind.name for kind in kinds.KINDS.values() if not kind.code} - told <= ELSEWHERE, spoken
        assert year.found == {}
        assert all(year.seen[where] > least for where, least in LOOKED_AT.items()), year.seen


async def test_a_name_that_tells_is_found_everywhere(url: str) -> None:
    """The negative control: the practice's own name, which stands in all of these, tells."""
    async with seeded(url, TRADING_NAME="Calm Minds Therapy") as year:
        await year.walk(ROLES[1].name, ["/", "/me/calendar"])
        await year.calendars()
        await year.messages("en")
        assert set(year.found) >= {"title", "calendar entry", "message"}
