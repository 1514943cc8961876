"""Nothing of anybody's machine, and nobody's real phone number, stands in a file of this repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.tree import ROOT, files, shown

pytestmark = pytest.mark.house

# Written so that this file does not find itself.
PATHS = re.compile(r"(?<![\w.>}])/(?:wo[r]k|ro[o]t|ho[m]e|Us[e]rs)/[\w.]")
REGISTRIES = re.compile(
    r"(?:pypi[.]org|pytho[n]hosted|npm[j]s\b|registr[y][.]yarn|arti[f]actory|/simp[l]e/"
    r"|--(?:extra-)?inde[x]-url|--find-lin[k]s|--trusted-hos[t]|(?:PIP|UV)_(?:EXTRA_)?INDE[X])",
    re.IGNORECASE,
)
PHONES = re.compile(r"(?<![\w.])(?:\+?254|0)[ -]?([17](?:[ -]?\d){8})(?!\d)")
# 0700 0000 xx and, for the simulator's other range, 0110 0000 xx: nobody's.
INVENTED = re.compile(r"7000000\d\d|1100000\d\d")

LOCK_LINE = re.compile(
    r"([a-z0-9._-]+(\[[a-z0-9,_-]+\])?==\S+( ; .*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?)"
)  # fmt: skip
# Letters that Safaricom or a gateway printed as an example, and one line of an alphabet.
NOT_PHONES = {"0123456789"}


def leaks(text: str) -> list[str]:
    numbers = [
        found.group()
        for found in PHONES.finditer(text)
        if not INVENTED.fullmatch(re.sub(r"[ -]", "", found[1])) and found.group() not in NOT_PHONES
    ]
    places = [found.group() for pattern in (PATHS, REGISTRIES) for found in pattern.finditer(text)]
    return numbers + places


def strange_lines(lock: str) -> list[str]:
    return [line for line in lock.splitlines() if not LOCK_LINE.fullmatch(line)]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def test_no_file_leaks() -> None:
    found = {shown(path): leaks(_text(path)) for path in files() if path.suffix != ".lock"}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "text",
    [
        "/ro" + "ot/kikao", "see /ho" + "me/amina", "cd /wo" + "rk/x",
        "https://py" + "pi.org/simple", "--index" + "-url x", "PIP_IN" + "DEX_URL=",
        "call 0722" + "123456", "+254 711" + " 123 456", "254701" + "234567", "0110" + "234567",
    ],
)  # fmt: skip
def test_a_leak_is_noticed(text: str) -> None:
    assert leaks(text) != []


@pytest.mark.parametrize("text", ["+254700000011", "0700 000 012", "254110000013", "src/home/x", "1722123456"])
def test_what_is_nobodys_may_stay(text: str) -> None:
    assert leaks(text) == []


@pytest.mark.parametrize("name", ["run", "dev"])
def test_locks_hold_names_versions_and_hashes_only(name: str) -> None:
    assert strange_lines((ROOT / "requirements" / f"{name}.lock").read_text()) == []


def test_a_strange_line_in_a_lock_is_noticed() -> None:
    strange = ["--inde" + "x-url https://mirror.example/", "httpx @ git+https://example.test/x", "# made by x"]
    assert strange_lines("httpx==1.0 \\\n" + "\n".join(strange)) == strange


def test_what_runs_is_a_part_of_what_is_developed_with() -> None:
    run, dev = ({line for line in _lock(name) if "==" in line} for name in ("run", "dev"))
    assert run <= dev


def _lock(name: str) -> list[str]:
    return (ROOT / "requirements" / f"{name}.lock").read_text().splitlines()
