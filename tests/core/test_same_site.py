"""Whose form it is: what a browser says of where a form came from, which no page can change."""

from __future__ import annotations

from typing import Any, cast

import pytest

from kikao.core.web import Req, same_site

BASE = "https://rooms.example"


class Sent:
    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace("_", "-"): value for name, value in {"host": "rooms.example", **headers}.items()}


@pytest.mark.parametrize(
    ("sent", "ours"),
    [
        (Sent(sec_fetch_site="same-origin"), True),
        (Sent(sec_fetch_site="none"), True),
        (Sent(sec_fetch_site="same-site"), False),
        (Sent(sec_fetch_site="cross-site"), False),
        (Sent(sec_fetch_site="cross-site", origin=BASE), False),
        (Sent(origin=BASE), True),
        (Sent(origin="https://elsewhere.example"), False),
        (Sent(origin="null"), False),
        (Sent(), True),
    ],
)
def test_a_form_is_ours_when_the_browser_says_so(sent: Any, ours: bool) -> None:
    assert same_site(cast(Req, sent), BASE) is ours
