"""Print docs/verbs.md: the table of verbs as the rules have it.

.venv/bin/python tools/print_verbs.py > docs/verbs.md
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from kikao.sessions import rules

SESSIONS = Path(rules.__file__).parent

HEAD = """\
# The verbs of a session

Printed by `tools/print_verbs.py` from `sessions/rules.py`; a test refuses any difference. A line says from which status
a verb leads, to which, and who may do it. *Built* means that a function of `src/kikao/sessions` does it and notes it in
the journal; the other lines stand in the table, with the statuses and constraints that they need, and have no door yet.

A session begins by *request* (a client, or who acts for them; built), which leads to `Pending Approval`, and to
`Approved` where the psychologist takes this client at once; or by *book* (its psychologist; desk and admin where the
psychologist allows it; built), which leads to `Approved`. When nothing is owed both lead to `Confirmed`. Neither comes
from a status, so neither is a line here.

| verb | from | to | who | reason | condition | built |
|---|---|---|---|---|---|---|"""


def recorded(source: str) -> Iterator[str]:
    """The verbs about a session that a program notes in the journal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record" and len(node.args) > 3:
            verb, noun = node.args[2:4]
            if isinstance(noun, ast.Constant) and noun.value == "session":
                yield from (n.value for n in ast.walk(verb) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def built() -> frozenset[str]:
    return frozenset(verb for path in SESSIONS.glob("*.py") for verb in recorded(path.read_text()))


def _row(verb: str, step: rules.Step, done: bool) -> str:
    cells = (
        verb, _listed(step.come_from, rules.STATUSES), step.to, _listed(step.by, rules.PARTIES),
        "yes" if step.reason else "", step.condition, "yes" if done else "",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _listed(words: Collection[str], order: Collection[str]) -> str:
    return ", ".join(word for word in order if word in words)


def text() -> str:
    done = built()
    rows = [_row(verb, step, verb in done) for verb, steps in rules.STEPS.items() for step in steps]
    sets = (
        ("Wait, with an hour at which that ends (`hold_until`)", rules.WAITING),
        ("Keep the time", rules.HOLDING),
        ("Are possible only when nothing is left to pay", rules.MUST_BE_SETTLED),
        ("Are ends", rules.ENDED),
    )
    lines = [f"- {what}: {_listed(which, rules.STATUSES)}." for what, which in sets]
    return "\n".join([HEAD, *rows, "", *lines, ""])


if __name__ == "__main__":
    sys.stdout.write(text())
