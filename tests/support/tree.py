"""The source tree, as house tests read it."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
KIKAO = SRC / "kikao"

# From the top of the staircase to its foot.
ROOMS = ("admin", "sessions", "directory", "availability", "payments", "accounts", "notifications", "journal", "core")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or would be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    return tuple(path for name in sorted(listed) if name and (path := ROOT / name).is_file())


def python_files(*folders: str) -> Iterator[Path]:
    """Of these folders of the tree; of all without any."""
    for path in files():
        inside = path.relative_to(ROOT).parts[0]
        if path.suffix == ".py" and (not folders or inside in folders):
            yield path


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Name and lines, from `def` to the end, of each function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def strings(tree: ast.AST) -> Iterator[str]:
    """Each text of a program as it stands; what an f-string puts in is left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
