"""The papers of the repository: what they name, and whether the tree has it."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kikao.core import settings
from support.tree import KIKAO, ROOMS, ROOT, files, python_files, shown

PAPERS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
RUNNING = ROOT / "docs" / "running.md"
# Read by `make demo` and by the tests; no settings of a program.
NOT_OF_PROGRAMS = {"KIKAO_DATA", "KIKAO_PICTURES", "KIKAO_PROOF", "KIKAO_TEST_PG_BIN"}
# `a/…` in a paper may stand for any of these.
ROOTS = (ROOT, ROOT / "src", KIKAO, ROOT / "tests")

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|sql|md|html|txt|toml|lock|in|css|js|png|json)")
_DOTTED = re.compile(rf"((?:{'|'.join((*ROOMS, 'wiring_work', 'wiring', 'web', 'worker', 'cli'))})(?:\.\w+)+)(?:\(\))?")
_RELATION = re.compile(r"create (?:or replace )?(?:table|view|function) ([a-z_.]+)")


def papers() -> list[Path]:
    return [path for path in files() if path.suffix == ".md" and (shown(path) in PAPERS or shown(path)[:5] == "docs/")]


# links --------------------------------------------------------------------------------------------


def broken_links(paper: Path, text: str) -> list[str]:
    """Links of ours that lead to no file, or to no heading of it."""
    wrong = []
    for link in _LINK.findall(_FENCE.sub("", text)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, heading = link.partition("#")
        target = (paper.parent / name).resolve() if name else paper
        if not target.exists() or (heading and heading not in _headings(target.read_text())):
            wrong.append(link)
    return wrong


def _headings(text: str) -> set[str]:
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


# names --------------------------------------------------------------------------------------------


def unknown_names(text: str) -> list[str]:
    """Files, tests, functions, tables, targets of make and commands that the tree has not."""
    return [word for word in _CODE.findall(_FENCE.sub("", text)) if not _known(word)]


def _known(word: str) -> bool:
    if _FILE.fullmatch(word):
        return any((root / word).exists() for root in ROOTS)
    if re.fullmatch(r"\w+\.(?:py|sql)", word):
        return any(path.name == word for path in files())
    if re.fullmatch(r"test_\w+", word):
        return word in tests()
    if made := re.match(r"make ([a-z0-9]+)", word):
        return made[1] in targets()
    if said := re.match(r"kikao ([a-z]+)", word):
        return said[1] in commands()
    if dotted := _DOTTED.fullmatch(word):
        return _there(dotted[1])
    return True


def _there(dotted: str) -> bool:
    """`sessions.actions.approve` in the programs, or `sessions.busy` in the schema."""
    if dotted in relations() or dotted.rpartition(".")[0] in relations():
        return True
    found: Any = importlib.import_module("kikao")
    for depth, part in enumerate(parts := dotted.split(".")):
        if not hasattr(found, part):
            try:
                found = importlib.import_module(".".join(["kikao", *parts[: depth + 1]]))
            except ImportError:
                return False
        else:
            found = getattr(found, part)
    return True


@cache
def tests() -> frozenset[str]:
    found = (ast.walk(ast.parse(path.read_text())) for path in python_files("tests"))
    return frozenset(
        node.name for nodes in found for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ) | {path.stem for path in python_files("tests")}


@cache
def targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@cache
def commands() -> frozenset[str]:
    from kikao import cli

    found = (action.choices for action in cli._parser()._actions if isinstance(action.choices, dict))
    return frozenset(name for choices in found for name in choices)


@cache
def relations() -> frozenset[str]:
    text = "\n".join(path.read_text() for path in KIKAO.glob("*/schema.sql"))
    return frozenset(_RELATION.findall(text))


# settings -----------------------------------------------------------------------------------------


class Asked(Mapping[str, str]):
    """An environment that remembers what was asked for."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given, self.names = given, set[str]()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return self.given.get(key, default)

    def __getitem__(self, key: str) -> str:
        return self.given[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


def asked_for() -> tuple[set[str], set[str]]:
    """Every name that the programs read, and those without which they do not start."""
    env = Asked({})
    try:
        settings.read(env)
    except settings.BadSettings as wrong:
        return env.names, {found[0] for one in wrong.problems if (found := re.match(r"KIKAO_\w+", one))}
    raise AssertionError("nothing is required")


def described() -> dict[str, str]:
    """Each name of the table of docs/running.md, with its default; empty: none, and none is needed."""
    rows = re.findall(r"^\| `(KIKAO_\w+)` \| ([^|]*) \|", RUNNING.read_text(), re.MULTILINE)
    return {name: default.strip().strip("`") for name, default in rows}
