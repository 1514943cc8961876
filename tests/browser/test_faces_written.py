"""Every page route and every form has its line in faces.tsv, and its faces are those that are registered.

A cell is `yes`, or the name of a reason that stands at the top of the table.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kikao.wiring import page_handlers

from .faces import WHICH, load, registered

TABLE = Path(__file__).with_name("faces.tsv")
load()
Table = dict[str, dict[str, str]]


def routes() -> set[str]:
    return {
        f"{method} " + re.sub(r"{(\w+):\w+}", r"{\1}", path)
        for handler in page_handlers() for path in handler.paths for method in handler.http_methods - {"HEAD"}
    }


def written() -> tuple[Table, dict[str, str]]:
    """By route, which faces; and the reasons by name."""
    table: Table = {}
    reasons: dict[str, str] = {}
    for line in TABLE.read_text().splitlines():
        if line.startswith("# "):
            name, sentence = line.removeprefix("# ").split(maxsplit=1)
            reasons[name.removesuffix(":")] = sentence
        elif line:
            method, path, *cells = line.split("\t")
            table[f"{method} {path}"] = dict(zip(WHICH, cells, strict=True))
    return table, reasons


def wrong(table: Table, reasons: dict[str, str], known: set[str], made: set[tuple[str, str]]) -> list[str]:
    """What the table says and is not so, and what is so and it does not say."""
    found = [f"{route}: no line" for route in known - set(table)]
    found += [f"{route}: no such route" for route in set(table) - known]
    for route, cells in table.items():
        for which, cell in cells.items():
            if cell == "yes" and (route, which) not in made:
                found.append(f"{route} {which}: nobody brings it up")
            if cell != "yes" and (route, which) in made:
                found.append(f"{route} {which}: is brought up, and the table says {cell}")
            if cell != "yes" and cell not in reasons:
                found.append(f"{route} {which}: {cell} is no reason")
    found += [f"{route}: no such route, and a face of it" for route, _which in made if route not in known]
    return sorted(found)


def test_every_list_and_form_has_its_faces_or_a_reason() -> None:
    table, reasons = written()
    assert wrong(table, reasons, routes(), registered()) == []
    unused = set(reasons) - {cell for cells in table.values() for cell in cells.values()}
    assert unused == set(), "reasons that nothing gives"


@pytest.mark.parametrize("what, changed", [
    ("GET /team: no line", lambda table, made: table.pop("GET /team")),
    ("GET /teams: no such route", lambda table, made: table.update({"GET /teams": {}})),
    ("GET /me full: nobody brings it up", lambda table, made: made.discard(("GET /me", "full"))),
    ("POST /leave error: is brought up, and the table says", lambda table, made: made.add(("POST /leave", "error"))),
    ("POST /leave error: so is no reason", lambda table, made: table["POST /leave"].update(error="so")),
    ("GET /it: no such route, and a face of it", lambda table, made: made.add(("GET /it", "full"))),
])
def test_what_was_forgotten_is_noticed(what: str, changed: object) -> None:
    table, reasons = written()
    made = registered()
    assert callable(changed)
    changed(table, made)
    assert any(one.startswith(what) for one in wrong(table, reasons, routes(), made))
