"""The import contracts of pyproject.toml are kept, and each of them notices when it is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.tree import ROOT, SRC

pytestmark = pytest.mark.house

# File, what is planted in it, and the contracts that must notice.
BREAKS = {
    "staircase": ("core/money.py", "import kikao.journal.sql"),
    "inside": ("directory/queries.py", "import kikao.directory.api"),
    "pure": ("directory/rules.py", "import kikao.core.clock"),
    "sockets": ("admin/actions.py", "def f() -> None:\n    import aiohttp"),
    "outgoing": ("journal/queries.py", "import kikao.core.outgoing"),
    "no-socket-in-a-verb": ("notifications/actions.py", "import kikao.notifications.channels.sms"),
    "strangers-know-no-verbs": ("notifications/channels/sms.py", "import kikao.notifications.actions"),
    "quick-start": ("directory/pages.py", "import kikao.notifications.calendar_file"),
    "settings": ("sessions/rules.py", "from kikao.core import settings"),
    "strangers": ("core/phone.py", "import daraja_sim.numbers"),
}


def outcome(src: Path) -> dict[str, bool]:
    """Whether each contract, by name, is kept by the packages in `src`."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=src, env={**os.environ, "PYTHONPATH": str(src), "COLUMNS": "200"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.findall(r"^(.+) (KEPT|BROKEN)(?: .*)?$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {name: word == "KEPT" for name, word in found}


def names() -> dict[str, str]:
    text = (ROOT / "pyproject.toml").read_text()
    return dict(re.findall(r'^id = "(.+)"\nname = "(.+)"$', text, re.MULTILINE))


def test_contracts_are_kept() -> None:
    assert outcome(SRC) == dict.fromkeys(names().values(), True)


def test_every_contract_notices_a_break(tmp_path: Path) -> None:
    shutil.copytree(SRC, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "static"))
    for file, line in BREAKS.values():
        path = tmp_path / "kikao" / file
        path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")
    assert outcome(tmp_path) == dict.fromkeys(names().values(), False)


def test_a_new_room_must_take_its_step(tmp_path: Path) -> None:
    shutil.copytree(SRC, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "static"))
    (tmp_path / "kikao" / "somewhere.py").write_text("")
    assert not outcome(tmp_path)[names()["staircase"]]


def test_every_contract_has_its_break() -> None:
    assert set(BREAKS) == set(names())
