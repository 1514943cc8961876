"""The papers say what the tree has: settings, files, links, names of tests and functions, targets, verbs."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from tools import print_verbs

from kikao.core import settings
from kikao.core.crypto import new_key
from support import papers
from support.sizes import SIZES
from support.tree import ROOT, files, shown

pytestmark = pytest.mark.house

LARGEST_PICTURE = 150_000
ALL = papers.papers()


def test_every_setting_stands_in_running_and_no_other() -> None:
    names, _required = papers.asked_for()
    assert set(papers.described()) == names


def test_running_says_which_settings_are_required() -> None:
    _names, required = papers.asked_for()
    assert {name for name, default in papers.described().items() if default == "required"} == required


def test_the_defaults_of_running_are_the_programs() -> None:
    told = papers.described()
    needed = dict.fromkeys((name for name, default in told.items() if default == "required"), "https://x.example")
    needed["KIKAO_KEYS"] = new_key()
    needed |= {"KIKAO_PRACTICE_PHONE": "+254700000099", "KIKAO_MPESA_SHORTCODE": "600999"}
    spelt = {name: default for name, default in told.items() if default not in ("required", "")}
    silent, spoken = settings.read(needed), settings.read({**needed, **spelt})
    assert msgspec.structs.asdict(silent) == msgspec.structs.asdict(spoken)


@pytest.mark.parametrize("paper", ALL, ids=shown)
def test_a_paper_names_no_setting_that_is_not_there(paper: Path) -> None:
    names, _required = papers.asked_for()
    assert set(re.findall(r"KIKAO_[A-Z0-9_]+\b", paper.read_text())) - {"KIKAO_"} <= names | papers.NOT_OF_PROGRAMS


@pytest.mark.parametrize("paper", ALL, ids=shown)
def test_links_lead_somewhere(paper: Path) -> None:
    assert papers.broken_links(paper, paper.read_text()) == []


@pytest.mark.parametrize("paper", ALL, ids=shown)
def test_what_a_paper_names_is_there(paper: Path) -> None:
    assert papers.unknown_names(paper.read_text()) == []


@pytest.mark.parametrize(
    "word",
    [
        "sessions/nowhere.py", "test_that_nobody_wrote", "make coffee", "kikao fly", "sessions.actions.fly",
        "sessions.nothing", "core.web.nothing",
    ],
)  # fmt: skip
def test_a_name_of_nothing_is_noticed(word: str) -> None:
    assert papers.unknown_names(f"see `{word}`") == [word]


@pytest.mark.parametrize(
    "word",
    [
        "sessions/rules.py", "tests/house/test_papers.py", "test_links_lead_somewhere", "make demo PORT=8100",
        "kikao user create-admin", "sessions.actions.approve", "sessions.busy", "core.web.same_site", "payments.charge",
    ],
)  # fmt: skip
def test_a_name_of_something_is_fine(word: str) -> None:
    assert papers.unknown_names(f"see `{word}`") == []


def test_a_broken_link_is_noticed() -> None:
    text = "[a](nowhere.md) [b](#nothing) [c](https://x.example)"
    assert papers.broken_links(ROOT / "README.md", text) == ["nowhere.md", "#nothing"]


def test_the_table_of_verbs_is_the_rules() -> None:
    kept = (ROOT / "docs" / "verbs.md").read_text()
    assert kept == print_verbs.text(), "run: .venv/bin/python tools/print_verbs.py > docs/verbs.md"


def test_a_verb_that_is_noted_in_the_journal_is_built() -> None:
    assert list(print_verbs.recorded('await record(c, a, "go" if x else "be", "session", i, n)')) == ["go", "be"]
    assert list(print_verbs.recorded('await record(c, a, "go", "charge", i, n)')) == []


def test_the_sizes_of_proof_are_those_of_the_tests() -> None:
    text = (ROOT / "docs" / "proof.md").read_text()
    rows = re.findall(r"^\| ([a-z ]+) \| ([\d,]+) \| ([\d,]+) \|", text, re.MULTILINE)
    assert {what: (int(ci.replace(",", "")), int(full.replace(",", ""))) for what, ci, full in rows} == SIZES


def test_every_decision_says_what_why_and_what_it_costs() -> None:
    pages = [path for path in ALL if re.fullmatch(r"docs/decisions/\d{4}-[a-z-]+\.md", shown(path))]
    assert len(pages) >= 13
    assert sorted(int(path.name[:4]) for path in pages) == list(range(1, len(pages) + 1))
    for path in pages:
        parts = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
        assert parts == ["What", "Why", "What it costs"], shown(path)
        assert f"({path.name})" in (path.parent / "README.md").read_text(), f"{path.name} is not in the list"


def test_pictures_are_small() -> None:
    pictures = [path for path in files() if shown(path).startswith("docs/pictures/")]
    assert {shown(path): path.stat().st_size for path in pictures if path.stat().st_size > LARGEST_PICTURE} == {}


def test_the_readme_is_one_screen() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 60


def test_every_defect_of_the_predecessor_has_its_line() -> None:
    """Each with a test that is there (see above), or with the word that there is no such part."""
    lines = re.findall(r"^\| D(\d+) \| [^|]+ \| ([^|]+) \|$", (ROOT / "docs" / "defects.md").read_text(), re.MULTILINE)
    assert sorted(int(number) for number, _ in lines) == [*range(1, 70), 72]
    without = [number for number, where in lines if not re.search(r"`(tests/|test_)", where)]
    assert all(re.search(r"\b(no|not|nothing)\b", dict(lines)[number]) for number in without)
