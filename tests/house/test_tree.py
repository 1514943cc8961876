"""The measures of the house, and that no folder hides from the contracts."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterable
from pathlib import Path

import pytest

from support.tree import KIKAO, ROOMS, SRC, functions, python_files, shown

pytestmark = pytest.mark.house

LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def too_long(named: Iterable[tuple[str, int]], limit: int) -> list[str]:
    return [f"{name}: {lines}" for name, lines in named if lines >= limit]


def without_init(packages: Path, paths: Iterable[Path]) -> list[Path]:
    """Folders below `packages` that hold programs and no __init__.py: import-linter does not see them."""
    folders = {path.parent for path in paths if path.is_relative_to(packages)} - {packages}
    return sorted(folder for folder in folders if not (folder / "__init__.py").exists())


def every_function() -> list[tuple[str, int]]:
    return [
        (f"{shown(path)} {name}", lines)
        for path in python_files()
        for name, lines in functions(ast.parse(path.read_text()))
    ]


def test_every_folder_with_programs_is_a_package() -> None:
    assert without_init(SRC, python_files("src")) == []


def test_a_folder_without_init_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    assert without_init(tmp_path, [tmp_path / "room" / "rules.py"]) == [tmp_path / "room"]


def test_files_are_short() -> None:
    programs = [*python_files(), *KIKAO.glob("*/schema.sql")]
    assert too_long(((shown(path), len(path.read_text().splitlines())) for path in programs), LONGEST_FILE) == []


def test_functions_are_short() -> None:
    assert too_long(every_function(), LONGEST_FUNCTION) == []


def test_a_long_function_is_noticed() -> None:
    body = "\n".join("    pass" for _ in range(LONGEST_FUNCTION))
    assert too_long(functions(ast.parse(f"async def long():\n{body}")), LONGEST_FUNCTION) == ["long: 61"]


def test_most_functions_are_very_short(capsys: pytest.CaptureFixture[str]) -> None:
    lengths = sorted(lines for name, lines in every_function() if name.startswith("src/"))
    median, most = statistics.median(lengths), lengths[int(len(lengths) * 0.9)]
    with capsys.disabled():
        shown_now = f"median {median} lines, 90 % have {most} or fewer, the longest {lengths[-1]}"
        print(f"\n  {len(lengths)} functions: {shown_now}")
    assert median <= 10
    assert most <= 30


def test_every_room_stands_on_the_staircase() -> None:
    assert {path.parent.name for path in KIKAO.glob("*/__init__.py")} == {*ROOMS, "demo"}
