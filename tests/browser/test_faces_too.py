"""The rest of the faces, in a file of its own: a file is the work of one process, and these take the longest."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from .test_faces import HALVES, look_at_all

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.mark.parametrize("half", HALVES[1::2])
async def test_every_face_of_these(browser: Browser, half: str) -> None:
    await look_at_all(browser, half)
